//! Kinds of market data, and historical bars. A missing value is `None`, never NaN or -1.

use time::OffsetDateTime;

/// Which market data a line carries (IB's `marketDataType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MarketDataType {
    /// 1: real time.
    Live,
    /// 2: last of the session.
    Frozen,
    /// 3: 15 to 20 minutes old.
    Delayed,
    /// 4: delayed, last of the session.
    DelayedFrozen,
}

impl MarketDataType {
    /// IB's number.
    #[must_use]
    pub fn number(self) -> i32 {
        match self {
            Self::Live => 1,
            Self::Frozen => 2,
            Self::Delayed => 3,
            Self::DelayedFrozen => 4,
        }
    }

    /// Reads IB's number.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        [Self::Live, Self::Frozen, Self::Delayed, Self::DelayedFrozen]
            .into_iter()
            .find(|kind| kind.number() == number)
    }

    /// Whether prices are late.
    #[must_use]
    pub fn is_delayed(self) -> bool {
        matches!(self, Self::Delayed | Self::DelayedFrozen)
    }
}

/// One historical bar. Volume, average and count are `None` where IB sends -1 (midpoint, bid, ask).
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Start of the bar, UTC; day bars at midnight UTC of their date.
    pub time: OffsetDateTime,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Units traded.
    pub volume: Option<f64>,
    /// Volume-weighted average price.
    pub average: Option<f64>,
    /// Number of trades.
    pub count: Option<i32>,
    /// Whether a stream missed it and had it from history after that.
    pub is_backfill: bool,
}

/// What a historical bar is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WhatToShow {
    /// `TRADES`
    Trades,
    /// `MIDPOINT`
    Midpoint,
    /// `BID`
    Bid,
    /// `ASK`
    Ask,
    /// `BID_ASK`
    BidAsk,
    /// `ADJUSTED_LAST`
    AdjustedLast,
    /// `HISTORICAL_VOLATILITY`
    HistoricalVolatility,
    /// `OPTION_IMPLIED_VOLATILITY`
    OptionImpliedVolatility,
    /// `AGGTRADES`: trades of a coin, which has no `TRADES`.
    AggTrades,
    /// `FEE_RATE`: what borrowing the stock costs.
    FeeRate,
}

impl WhatToShow {
    const NAMES: [(Self, &'static str); 10] = [
        (Self::Trades, "TRADES"),
        (Self::Midpoint, "MIDPOINT"),
        (Self::Bid, "BID"),
        (Self::Ask, "ASK"),
        (Self::BidAsk, "BID_ASK"),
        (Self::AdjustedLast, "ADJUSTED_LAST"),
        (Self::HistoricalVolatility, "HISTORICAL_VOLATILITY"),
        (Self::OptionImpliedVolatility, "OPTION_IMPLIED_VOLATILITY"),
        (Self::AggTrades, "AGGTRADES"),
        (Self::FeeRate, "FEE_RATE"),
    ];

    /// Reads IB's name, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, wire)| wire.eq_ignore_ascii_case(name)).map(|(kind, _)| *kind)
    }

    /// IB's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, _)| *kind == self).map_or("TRADES", |(_, name)| name)
    }

    /// The names that are understood, for messages.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        Self::NAMES.iter().map(|(_, name)| *name).collect()
    }
}

/// Size of a historical bar, one of IB's fixed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BarSize(&'static str);

impl BarSize {
    /// Every size IB serves, as it writes them.
    pub const NAMES: [&'static str; 21] = [
        "1 secs", "5 secs", "10 secs", "15 secs", "30 secs", "1 min", "2 mins", "3 mins", "5 mins",
        "10 mins", "15 mins", "20 mins", "30 mins", "1 hour", "2 hours", "3 hours", "4 hours",
        "8 hours", "1 day", "1 week", "1 month",
    ];

    /// Reads a size; also accepts singular and plural spellings (`1 sec`, `5 min`, `1 hours`).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let stem = |text: &str| text.trim().trim_end_matches('s').to_ascii_lowercase();
        Self::NAMES.into_iter().find(|known| stem(known) == stem(name)).map(Self)
    }

    /// The size of real-time bars.
    pub const FIVE_SECONDS: Self = Self("5 secs");

    /// IB's spelling.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

/// A request for historical bars.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BarsRequest {
    /// IB's duration string: `N S`, `N D`, `N W`, `N M`, `N Y`.
    pub duration: String,
    /// Size of each bar.
    pub bar_size: BarSize,
    /// What the bars are made of.
    pub what_to_show: WhatToShow,
    /// Regular trading hours only.
    pub use_rth: bool,
    /// End of the window; `None` is now.
    pub end: Option<OffsetDateTime>,
}
