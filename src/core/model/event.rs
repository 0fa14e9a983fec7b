//! What the session tells the rest of the program.

use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;

/// The oldest gateway server version this package speaks.
pub const MINIMUM_SERVER_VERSION: i32 = 213;

/// Where the session stands; see `session::state`.
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
    /// The link is up, and silent to every question.
    Suspect,
    /// The link is up, but the gateway has lost IB's servers.
    Degraded,
    /// Between two tries.
    Waiting,
    /// Leaving a gateway alone for a while that failed again and again.
    Tripped,
    /// Closed by the caller, for good.
    Closed,
}

impl SessionState {
    /// Whether the caller has closed for good.
    #[must_use]
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Closed)
    }

    /// Whether there is a link.
    #[must_use]
    pub fn has_link(self) -> bool {
        match self {
            Self::Live | Self::Suspect | Self::Degraded => true,
            Self::Idle
            | Self::Connecting
            | Self::Handshaking
            | Self::Waiting
            | Self::Tripped
            | Self::Closed => false,
        }
    }

    /// Why a link that is there takes no orders; `None` if it does, or if there is none.
    #[must_use]
    pub fn hindrance(self) -> Option<&'static str> {
        match self {
            Self::Suspect => Some("the link is suspect: the gateway answers no question"),
            Self::Degraded => Some("the link is degraded: the gateway has lost IB's servers"),
            Self::Live
            | Self::Idle
            | Self::Connecting
            | Self::Handshaking
            | Self::Waiting
            | Self::Tripped
            | Self::Closed => None,
        }
    }

    /// The state's name as users see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Handshaking => "handshaking",
            Self::Live => "live",
            Self::Suspect => "suspect",
            Self::Degraded => "degraded",
            Self::Waiting => "waiting",
            Self::Tripped => "tripped",
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
    /// How much of each pause is left to chance: it is shorter by up to so many percent.
    pub jitter_percent: u8,
    /// Tries after one loss; `None` for no limit.
    pub attempts: Option<usize>,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(30),
            jitter_percent: 20,
            attempts: None,
        }
    }
}

/// The tries that make one failure, once connecting has failed so often in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectTries {
    /// Failures in a row from which on this holds.
    pub after: u32,
    /// Tries, 1 or more.
    pub count: u32,
    /// Between two tries.
    pub pause: Duration,
    /// Longest that each may take.
    pub timeout: Duration,
}

/// When a gateway that failed again and again is left alone, and for how long. A connect that was given
/// up is one failure, and so is each try after a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// Failures in a row.
    pub failures: u32,
    /// Time without a try; one try then decides.
    pub pause: Duration,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { failures: 3, pause: Duration::from_secs(30) }
    }
}

/// How a link that is silent is judged. With the defaults a link is suspect 4.5 s after its last sign
/// of life and dropped after 9 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keepalive {
    /// Silence after which the gateway is asked for its time.
    pub idle: Duration,
    /// Time for an answer; then something else is asked, then the link is suspect.
    pub probe_timeout: Duration,
    /// Time a suspect link has to give a sign of life before it is dropped.
    pub give_up: Duration,
    /// Time between two questions while the link is suspect, and between two about the time.
    pub spacing: Duration,
}

impl Default for Keepalive {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(2),
            probe_timeout: Duration::from_millis(1250),
            give_up: Duration::from_millis(4500),
            spacing: Duration::from_secs(2),
        }
    }
}

/// The code of a notice of our own: others came faster than they were read, and are gone.
pub const NOTICES_LOST: i32 = -1;

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
