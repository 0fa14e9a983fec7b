//! The streaming messages of a gateway as values, borrowed from the frame where they hold text.

use super::Tick;

/// One message of the feed link.
#[derive(Debug, Clone, PartialEq)]
pub enum Message<'a> {
    /// `tickPrice`, `tickSize` or `tickGeneric`.
    Tick(Tick),
    /// `tickString`.
    TickText(TickText<'a>),
    /// `tickOptionComputation`.
    OptionTick(OptionTick),
    /// `tickReqParams`.
    TickParameters(TickParameters<'a>),
    /// `marketDataType`: IB's number.
    MarketDataType {
        /// The request the gateway named.
        request_id: i32,
        /// 1 live, 2 frozen, 3 delayed, 4 delayed and frozen.
        kind: i32,
    },
    /// `tickByTick`.
    TickByTick(TickByTick<'a>),
    /// `updateMktDepth` or `updateMktDepthL2`.
    Depth(DepthUpdate<'a>),
    /// `realtimeBar`.
    RealTimeBar(FeedBar<'a>),
    /// `historicalData`: all bars of one answer.
    Bars {
        /// The request the gateway named.
        request_id: i32,
        /// Oldest first.
        bars: Vec<FeedBar<'a>>,
    },
    /// `historicalDataEnd`.
    BarsEnd {
        /// The request the gateway named.
        request_id: i32,
    },
    /// `historicalDataUpdate`: a bar kept up to date.
    BarUpdate(FeedBar<'a>),
    /// `tickSnapshotEnd`.
    SnapshotEnd {
        /// The request the gateway named.
        request_id: i32,
    },
    /// `error`: an error of a request, or a notice.
    Error(GatewayError<'a>),
    /// `currentTime` or `currentTimeInMillis`: an answer to a probe.
    ServerTime,
    /// Whole, and of no interest on this link: IB's message number.
    Other(u32),
}

/// A text field of a market (exchanges, times, ratios, RTVolume).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TickText<'a> {
    /// The request the gateway named.
    pub request_id: i32,
    /// IB's tick type.
    pub tick_type: i32,
    /// The text.
    pub value: &'a str,
}

/// Greeks of an option; `None` where IB says "not computed".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OptionTick {
    /// The request the gateway named.
    pub request_id: i32,
    /// IB's tick type: 10 bid, 11 ask, 12 last, 13 model, 53 custom; 80 to 83 delayed.
    pub tick_type: i32,
    /// Implied volatility as a fraction per year; IB's -1 is `None`.
    pub implied_volatility: Option<f64>,
    /// Delta; IB's -2 is `None`.
    pub delta: Option<f64>,
    /// Price of the option; IB's -1 is `None`.
    pub option_price: Option<f64>,
    /// Present value of the dividends; IB's -1 is `None`.
    pub pv_dividend: Option<f64>,
    /// Gamma; IB's -2 is `None`.
    pub gamma: Option<f64>,
    /// Vega; IB's -2 is `None`.
    pub vega: Option<f64>,
    /// Theta; IB's -2 is `None`.
    pub theta: Option<f64>,
    /// Price of the underlying; IB's -1 is `None`.
    pub underlying_price: Option<f64>,
}

/// What holds for all ticks of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TickParameters<'a> {
    /// The request the gateway named.
    pub request_id: i32,
    /// Smallest price step.
    pub min_tick: Option<f64>,
    /// Key for `smart_components`.
    pub bbo_exchange: &'a str,
    /// IB's `snapshotPermissions`.
    pub snapshot_permissions: Option<i32>,
}

/// One tick of a tick-by-tick request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TickByTick<'a> {
    /// The request the gateway named.
    pub request_id: i32,
    /// The exchange's time, seconds since 1970 UTC.
    pub time: i64,
    /// What happened.
    pub event: TickByTickEvent<'a>,
}

/// What a tick-by-tick message tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TickByTickEvent<'a> {
    /// A trade (`Last`, or `AllLast` with unreported ones).
    Trade {
        /// Price; `None` where IB sends none.
        price: Option<f64>,
        /// Units traded.
        size: Option<f64>,
        /// Where it traded.
        exchange: &'a str,
        /// IB's special conditions.
        conditions: &'a str,
        /// Beyond the limit-up or limit-down price.
        past_limit: bool,
        /// Not reported to the tape.
        unreported: bool,
    },
    /// A change of bid or ask (`BidAsk`).
    BidAsk {
        /// Best bid; `None` where there is none.
        bid: Option<f64>,
        /// Best ask; `None` where there is none.
        ask: Option<f64>,
        /// Size at the bid.
        bid_size: Option<f64>,
        /// Size at the ask.
        ask_size: Option<f64>,
        /// Bid below the low of the day.
        bid_past_low: bool,
        /// Ask above the high of the day.
        ask_past_high: bool,
    },
    /// A change of the middle (`MidPoint`).
    MidPoint {
        /// Middle of bid and ask; `None` where there is none.
        price: Option<f64>,
    },
}

/// One change of one row of a book.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DepthUpdate<'a> {
    /// The request the gateway named.
    pub request_id: i32,
    /// Row, 0 is the best.
    pub position: i32,
    /// What happens to the row.
    pub operation: DepthOperation,
    /// Whether it is a row of the bids; else of the asks.
    pub is_bid: bool,
    /// Price of the row.
    pub price: f64,
    /// Size of the row.
    pub size: f64,
    /// Market maker or exchange (L2 and SMART), else empty.
    pub market_maker: &'a str,
}

/// What a depth message does to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DepthOperation {
    /// 0: a new row; those below move down.
    Insert,
    /// 1: the row changes.
    Update,
    /// 2: the row goes; those below move up.
    Delete,
}

/// One bar of a bar stream. Volume, average and count are `None` where IB sends -1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FeedBar<'a> {
    /// The request the gateway named.
    pub request_id: i32,
    /// Start of the bar.
    pub time: FeedBarTime<'a>,
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
}

/// When a bar begins, as the gateway writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedBarTime<'a> {
    /// Seconds since 1970 UTC.
    Epoch(i64),
    /// A day bar: `YYYYMMDD`.
    Date(&'a str),
}

/// An error of a request, or a notice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GatewayError<'a> {
    /// The request the gateway named; `None` where it names none (-1).
    pub request_id: Option<i32>,
    /// IB's code; 0 where it sends none (rate warnings).
    pub code: i32,
    /// IB's text.
    pub text: &'a str,
}
