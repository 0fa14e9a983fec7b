//! Alerts: what a person should look at, and when two of them are the same.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;

use super::RestartWindow;

/// How much an alert matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertLevel {
    /// It may pass by itself.
    Warning,
    /// Something does not work.
    Error,
    /// Money may be at stake.
    Critical,
}

impl AlertLevel {
    /// The name as users see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertKind {
    /// A link was lost.
    LinkLost,
    /// A link answers no question.
    Suspect,
    /// The gateway has lost IB's servers.
    Degraded,
    /// The gateway failed so often that it is left alone for a while.
    Tripped,
    /// There has been no live control link for too long.
    Blind,
    /// The reader of a stream was too slow: items are lost.
    Lagged,
    /// The fate of an order is unknown.
    OrderUnknown,
    /// Ids of an order contradict what is known: a permId or a key names two orders.
    OrderIdentity,
}

impl AlertKind {
    /// The name as users see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LinkLost => "link_lost",
            Self::Suspect => "suspect",
            Self::Degraded => "degraded",
            Self::Tripped => "tripped",
            Self::Blind => "blind",
            Self::Lagged => "lagged",
            Self::OrderUnknown => "order_unknown",
            Self::OrderIdentity => "order_identity",
        }
    }

    /// How much it matters.
    #[must_use]
    pub fn level(self) -> AlertLevel {
        match self {
            Self::Suspect | Self::Degraded | Self::Lagged => AlertLevel::Warning,
            Self::LinkLost | Self::Tripped | Self::OrderIdentity => AlertLevel::Error,
            Self::Blind | Self::OrderUnknown => AlertLevel::Critical,
        }
    }
}

impl fmt::Display for AlertKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a person should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// What it is about.
    pub kind: AlertKind,
    /// What of that kind: a link, an order's key, a stream's contracts.
    pub subject: String,
    /// What happened, for a person.
    pub message: String,
    /// Values a program may act on, by name.
    pub context: BTreeMap<&'static str, String>,
    /// Alerts of this kind and subject that were held back since the last one.
    pub suppressed: u64,
    /// When.
    pub time: OffsetDateTime,
}

/// When alerts are raised and when they are held back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRules {
    /// Outage of the control link after which the client is blind.
    pub blind_after: Duration,
    /// Time during which the same alert is not raised again.
    pub repeat_after: Duration,
    /// When outages are expected.
    pub windows: Vec<RestartWindow>,
}

impl Default for AlertRules {
    fn default() -> Self {
        Self {
            blind_after: Duration::from_secs(60),
            repeat_after: Duration::from_secs(300),
            windows: Vec::new(),
        }
    }
}
