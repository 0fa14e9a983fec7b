//! What the session tells the rest of the program.

use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;

/// The oldest gateway server version this package speaks.
pub const MINIMUM_SERVER_VERSION: i32 = 213;

/// Where the session stands. The states a supervisor needs so far; see `session::state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionState {
    /// No link and nobody asked for one.
    Idle,
    /// Opening a socket.
    Connecting,
    /// Socket open, gateway not ready yet.
    Handshaking,
    /// The link is up.
    Live,
    /// Between two tries.
    Waiting,
    /// Closed by the caller, for good.
    Closed,
}

impl SessionState {
    /// Whether the caller has closed for good.
    #[must_use]
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Closed)
    }

    /// The state's name as users see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Handshaking => "handshaking",
            Self::Live => "live",
            Self::Waiting => "waiting",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Pauses between tries after a link was lost: `first`, then twice as long each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reconnect {
    /// Before the first try.
    pub first: Duration,
    /// Never longer than this.
    pub longest: Duration,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), longest: Duration::from_secs(30) }
    }
}

/// A coded message of the gateway that is not the failure of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// IB's code.
    pub code: i32,
    /// IB's text.
    pub message: String,
    /// When it arrived.
    pub time: OffsetDateTime,
}
