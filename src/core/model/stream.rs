//! What a caller may choose about a stream, and what a line counts against.

use time::OffsetDateTime;

use super::{BarsRequest, LineUsage, TickByTickKind, WhatToShow};

/// What happens when a reader is slower than its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// The newest items are kept; the oldest are dropped and counted.
    Conflate,
    /// The link is read no further until there is room: nothing is lost, all streams wait.
    Block,
    /// The stream ends with an error that says how many items were not kept.
    Fail,
}

impl Overflow {
    const NAMES: [(Self, &'static str); 3] =
        [(Self::Conflate, "conflate"), (Self::Block, "block"), (Self::Fail, "fail")];

    /// Reads a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// The names that are understood, for messages.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        Self::NAMES.iter().map(|(_, name)| *name).collect()
    }
}

/// Bars that a stream missed and could not have later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Start of the last bar before it, which may have gone on.
    pub since: OffsetDateTime,
    /// Start of the first bar after it, where it was known by then.
    pub until: Option<OffsetDateTime>,
    /// Why.
    pub reason: String,
}

/// What one line of the feed carries.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LineKind {
    /// `reqMktData`, with IB's list of generic ticks.
    Market {
        /// IB's numbers, separated by commas; empty for none.
        generic_ticks: String,
    },
    /// `reqTickByTickData`.
    TickByTick(TickByTickKind),
    /// `reqMktDepth`.
    Depth {
        /// Rows of each side.
        rows: i32,
        /// Aggregate over exchanges.
        is_smart: bool,
    },
    /// `reqRealTimeBars`: bars of five seconds.
    RealTimeBars {
        /// What they are made of.
        what_to_show: WhatToShow,
        /// Regular trading hours only.
        use_rth: bool,
    },
    /// `reqHistoricalData` kept up to date.
    Bars(BarsRequest),
}

/// How many lines of each kind the account may have open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineBudget {
    /// Market data and five-second bars.
    pub market_data: usize,
    /// Books.
    pub depth: usize,
    /// Tick-by-tick data.
    pub tick_by_tick: usize,
}

impl Default for LineBudget {
    /// What an account without extra quote packs has.
    fn default() -> Self {
        Self { market_data: 100, depth: 3, tick_by_tick: 3 }
    }
}

impl LineBudget {
    /// Every limit, with no line in use.
    #[must_use]
    pub fn unused(&self) -> Vec<LineUsage> {
        let limits = [
            ("market data", self.market_data),
            ("depth", self.depth),
            ("tick-by-tick", self.tick_by_tick),
        ];
        limits.map(|(name, limit)| LineUsage { name, used: 0, limit }).into()
    }

    /// The limit of a kind and its name; `None` for kinds that are not counted as lines.
    #[must_use]
    pub fn limit(&self, kind: &LineKind) -> Option<(&'static str, usize)> {
        match kind {
            LineKind::Market { .. } | LineKind::RealTimeBars { .. } => {
                Some(("market data", self.market_data))
            }
            LineKind::Depth { .. } => Some(("depth", self.depth)),
            LineKind::TickByTick(_) => Some(("tick-by-tick", self.tick_by_tick)),
            LineKind::Bars(_) => None,
        }
    }
}
