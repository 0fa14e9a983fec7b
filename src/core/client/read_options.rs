//! How patient a client's reads are: whether they wait for what is not known yet, and whether they
//! outlive the link they were asked on. Decided here for every read; orders have no such choice,
//! because nothing that changes one is ever sent twice.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout_at;

use super::Client;
use super::access_log::Asked;
use crate::clock::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Generation;

/// How patient reads are, always within their deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadOptions {
    /// Reads of what is kept (accounts, positions, P&L, orders, executions) wait until it is known
    /// for the present link; else they are `StateUnknown` at once, naming what is missing.
    pub wait: bool,
    /// A read whose link is lost waits for the next one and asks there once more; else it is
    /// `ConnectionLost` at once.
    pub retry: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { wait: true, retry: false }
    }
}

impl Client {
    /// The same client, its reads as patient as that.
    #[must_use]
    pub fn with_read_options(&self, options: ReadOptions) -> Self {
        Self(Arc::clone(&self.0), options)
    }

    /// Runs a read and counts it. Where its caller wants that, it is asked once on every link that
    /// follows, within the deadline; the last loss is the answer when none does.
    pub(super) async fn read<T, F>(
        &self,
        asked: impl Into<Asked>,
        deadline: Deadline,
        ask: impl Fn() -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        self.counted(asked, async {
            loop {
                let asked_on = self.generation();
                match ask().await {
                    Err(error) if self.1.retry && is_of_link(&error) => {
                        self.await_link_after(asked_on, error, deadline).await?;
                    }
                    answer => return answer,
                }
            }
        })
        .await
    }

    /// By when what is kept must be known: at once, for a caller who does not wait.
    pub(super) fn kept_by(&self, deadline: Deadline) -> Deadline {
        if self.1.wait { deadline } else { deadline.at_most(Duration::ZERO) }
    }

    /// Resolves when there is a link that answers, newer than the one that was lost.
    async fn await_link_after(
        &self,
        lost: Generation,
        error: Error,
        deadline: Deadline,
    ) -> Result<()> {
        let mut status = self.0.session.watch();
        let next = status
            .wait_for(|status| status.is_at_rest() || status.is_live() && status.generation > lost);
        match timeout_at(deadline.at(), next).await {
            Ok(Ok(status)) if status.is_live() => Ok(()),
            Ok(_) | Err(_) => Err(error),
        }
    }
}

/// Whether the next link may answer what this one did not.
fn is_of_link(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionLost | ErrorKind::CircuitOpen)
}
