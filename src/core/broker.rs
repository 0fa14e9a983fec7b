//! The client: the composition root, the only module that imports all others.
//!
//! It owns one session and the tasks that follow it (accounts, lines, the order desk), gathers
//! what the risk rules look at, and gives every call its deadline.

mod reading;
mod trading;

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::runtime::Handle;

use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::metrics::{Counters, Metrics};
use crate::model::{AccountId, Generation, SessionState};

/// A client of one gateway. A cheap handle: clones share everything, every method may be called
/// from any thread inside the runtime the client was made with.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    config: Config,
    counters: Arc<Counters>,
    #[allow(dead_code)]
    runtime: Handle,
}

impl Client {
    /// A client for a gateway; opens nothing yet.
    ///
    /// # Errors
    /// `Config` naming the setting that cannot work.
    pub fn new(config: Config, runtime: Handle) -> Result<Self> {
        config.validate()?;
        Ok(Self(Arc::new(Inner { config, counters: Arc::default(), runtime })))
    }

    /// Opens the link, or waits for the one that is being opened. Returns at once when it is live.
    ///
    /// # Errors
    /// `ConnectTimeout`, `ClientIdInUse`, `GatewayTooOld`, `HandshakeFailed`; `NotConnected` after
    /// [`close`](Self::close).
    pub async fn open(&self) -> Result<()> {
        Err(unfinished())
    }

    /// Closes the link for good, after everything written has left. Idempotent, bounded by the
    /// close deadline.
    ///
    /// # Errors
    /// None at present; reserved.
    pub async fn close(&self) -> Result<()> {
        Ok(())
    }

    /// Where the session stands.
    #[must_use]
    pub fn state(&self) -> SessionState {
        SessionState::Idle
    }

    /// Number of the present or last link, 0 before the first.
    #[must_use]
    pub fn generation(&self) -> Generation {
        Generation(0)
    }

    /// Whether the link is up at this moment.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        false
    }

    /// Whether accounts, positions, open orders and executions are known for the present link.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        false
    }

    /// Waits for readiness; without a timeout as long as a connect may take.
    ///
    /// # Errors
    /// `StateUnknown` naming what is not known yet when the time is over, `NotConnected` when
    /// nothing was opened.
    pub async fn wait_ready(&self, _timeout: Option<Duration>) -> Result<()> {
        Err(unfinished())
    }

    /// Server version negotiated by the present link.
    #[must_use]
    pub fn server_version(&self) -> Option<i32> {
        None
    }

    /// When the present link became live.
    #[must_use]
    pub fn connected_at(&self) -> Option<OffsetDateTime> {
        None
    }

    /// Accounts the login manages, as told by the present or last link.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountId> {
        Vec::new()
    }

    /// The account this client acts for: the configured one, else the first managed one.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        self.0.config.account.clone()
    }

    /// Whether that account is a paper account; `None` until an account is known.
    #[must_use]
    pub fn is_paper(&self) -> Option<bool> {
        self.account().map(|account| account.is_paper())
    }

    /// What this client has counted.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.0.counters.snapshot()
    }
}

fn unfinished() -> Error {
    Error::new(ErrorKind::NotConnected, "not connected: open the client first")
}
