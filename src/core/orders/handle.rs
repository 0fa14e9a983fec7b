//! What a caller holds of a trade: its latest state, and ways to wait for the next.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Trade;

use super::goals;

/// A trade that goes on after the call that placed it. Cheap to clone; dropping it changes nothing.
#[derive(Debug, Clone)]
pub struct TradeHandle {
    state: watch::Receiver<Arc<Trade>>,
    repeated: bool,
}

impl TradeHandle {
    pub(crate) fn new(state: watch::Receiver<Arc<Trade>>, repeated: bool) -> Self {
        Self { state, repeated }
    }

    /// The trade as it is now.
    #[must_use]
    pub fn latest(&self) -> Arc<Trade> {
        self.state.borrow().clone()
    }

    /// Whether `place` was answered from an earlier trade with the same key.
    #[must_use]
    pub fn is_repeated(&self) -> bool {
        self.repeated
    }

    /// Waits until the order can no longer fill. Without a timeout it waits as long as the client
    /// is open; a lost link does not end the wait.
    ///
    /// # Errors
    /// `RequestTimeout` when the time is over, `NotConnected` when the client was closed first,
    /// `OrderOutcomeUnknown` when the order has ended and nothing tells how.
    pub async fn done(&self, timeout: Option<Duration>) -> Result<Arc<Trade>> {
        let mut state = self.state.clone();
        let settled = async {
            match state.wait_for(|trade| trade.is_done()).await {
                Ok(trade) if trade.is_outcome_unknown() => Err(goals::ended_unseen(&trade)),
                Ok(trade) => Ok(trade.clone()),
                Err(_) => Err(closed()),
            }
        };
        match timeout {
            None => settled.await,
            Some(timeout) => Deadline::after(timeout).bound("trade.done", settled).await,
        }
    }

    /// Waits for the next change and returns the trade after it; changes that happened meanwhile
    /// come as one.
    ///
    /// # Errors
    /// `NotConnected` when the client was closed.
    pub async fn changed(&mut self) -> Result<Arc<Trade>> {
        match self.state.changed().await {
            Ok(()) => Ok(self.state.borrow_and_update().clone()),
            Err(_) => Err(closed()),
        }
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::NotConnected, "the client was closed: its trades change no more")
}
