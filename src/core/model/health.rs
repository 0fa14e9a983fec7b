//! How a client stands, at one moment.

use std::time::Duration;

use time::OffsetDateTime;

use super::{Balance, Breaker, ClientId, Farm, Generation, PacingUsage, SessionState};

/// How a client stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// The control link.
    pub control: LinkHealth,
    /// The feed link; `None` for a client without one.
    pub feed: Option<LinkHealth>,
    /// How the circuit breaker of the control link stands.
    pub circuit: CircuitHealth,
    /// Whether accounts, positions, open and completed orders and executions are known.
    pub is_ready: bool,
    /// Names of what is not: `link`, or `account values`, `positions`, `open orders`,
    /// `completed orders`, `executions`.
    pub missing: Vec<&'static str>,
    /// The end of the restart window in which the present outage goes on; `None` without an outage,
    /// and where none is expected.
    pub expected_outage_until: Option<OffsetDateTime>,
    /// Lines of the feed, by the limit they count against.
    pub lines: Vec<LineUsage>,
    /// What is left of the message rate, which all clients of this process share; `None` for a
    /// client without pacing.
    pub pacing: Option<PacingUsage>,
    /// Whether the client's account is a paper account; `None` until an account is known.
    pub is_paper: Option<bool>,
    /// Money of the client's account, as last told on the present link; `None` while unknown.
    pub balance: Option<Balance>,
    /// Working orders of all clients of the login; `None` while not known for the present link.
    pub working_orders: Option<usize>,
    /// Age of the present control link; `None` without one.
    pub uptime: Option<Duration>,
}

/// How one link stands.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkHealth {
    /// Where its session stands.
    pub state: SessionState,
    /// Since when.
    pub since: OffsetDateTime,
    /// Number of the present or last link; 0 before the first.
    pub generation: Generation,
    /// The client id it has, while it is up.
    pub client_id: Option<ClientId>,
    /// Server version negotiated, while it is up.
    pub server_version: Option<i32>,
    /// Why the last try or link ended.
    pub reason: Option<String>,
    /// IB's data farms, as its gateway told of them on the present or last link.
    pub farms: Vec<Farm>,
}

/// How a circuit breaker stands.
#[derive(Debug, Clone, PartialEq)]
pub struct CircuitHealth {
    /// Whether the gateway is tried.
    pub state: CircuitState,
    /// Failures in a row.
    pub failures: u32,
    /// When the gateway is left alone; `None` never does.
    pub rules: Option<Breaker>,
    /// Time until it may be tried again, while it is left alone.
    pub retry_after: Option<Duration>,
}

/// Whether a gateway that failed again and again is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CircuitState {
    /// It is.
    Closed,
    /// It is left alone.
    Open,
    /// The next try, or the present one, decides.
    HalfOpen,
}

impl CircuitState {
    /// Its name for users.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// How many lines count against one limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineUsage {
    /// `market data`, `depth` or `tick-by-tick`.
    pub name: &'static str,
    /// Lines in use.
    pub used: usize,
    /// Lines allowed.
    pub limit: usize,
}

impl LineUsage {
    /// Lines that may still be opened.
    #[must_use]
    pub fn left(&self) -> usize {
        self.limit.saturating_sub(self.used)
    }
}
