//! What a client has subscribed to, and how each subscription stands.

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use super::{AccountId, Contract, Generation, LineKind};

/// One subscription at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// What is subscribed.
    pub kind: SubscriptionKind,
    /// The contract it is about; `None` for those of accounts.
    pub contract: Option<Arc<Contract>>,
    /// The account it is about; `None` for market data, and for positions, which are of all.
    pub account: Option<AccountId>,
    /// How it stands.
    pub state: SubscriptionState,
    /// Number of the link this is about: the present or last one of its kind, or the one on which
    /// the subscription failed.
    pub generation: Generation,
    /// Since when it stands so.
    pub since: OffsetDateTime,
    /// Why it failed, or why it is not live yet, where that is known.
    pub reason: Option<String>,
}

/// What is subscribed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubscriptionKind {
    /// Quotes or ticks.
    MarketData,
    /// Tick by tick.
    TickByTick,
    /// A book.
    Depth,
    /// Bars of five seconds.
    RealTimeBars,
    /// Bars kept up to date.
    Bars,
    /// Values of an account.
    AccountValues,
    /// Positions of every account.
    Positions,
    /// P&L of an account.
    Pnl,
}

impl SubscriptionKind {
    /// The kind of a line.
    #[must_use]
    pub fn of_line(line: &LineKind) -> Self {
        match line {
            LineKind::Market { .. } => Self::MarketData,
            LineKind::TickByTick(_) => Self::TickByTick,
            LineKind::Depth { .. } => Self::Depth,
            LineKind::RealTimeBars { .. } => Self::RealTimeBars,
            LineKind::Bars(_) => Self::Bars,
        }
    }

    /// The kind's name as users see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MarketData => "market data",
            Self::TickByTick => "tick-by-tick",
            Self::Depth => "depth",
            Self::RealTimeBars => "real-time bars",
            Self::Bars => "bars",
            Self::AccountValues => "account values",
            Self::Positions => "positions",
            Self::Pnl => "pnl",
        }
    }
}

/// How a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubscriptionState {
    /// Asked for the first time; nothing has come yet.
    Opening,
    /// It brings what was asked for.
    Live,
    /// It brings delayed data.
    Delayed,
    /// It has brought data before; on this link nothing has come yet, or there is no link.
    Restoring,
    /// The gateway ended it: it is not asked for again.
    Failed,
}

impl SubscriptionState {
    /// The state's name as users see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Live => "live",
            Self::Delayed => "delayed",
            Self::Restoring => "restoring",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for SubscriptionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
