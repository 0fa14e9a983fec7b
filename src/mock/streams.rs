//! The subscriptions of one connection that are not quotes or accounts. All of it dies with the
//! connection (S18).

use std::collections::BTreeMap;

use crate::client::RequestId;
use crate::exchange::ConId;
use crate::exchange::bars::{BarSize, Show};
use crate::exchange::depth::Depth;
use crate::exchange::forming_bar::FormingBar;

/// What one client follows, by request id.
#[derive(Default)]
pub(crate) struct Streams {
    /// Display groups, by number.
    pub(crate) groups: BTreeMap<RequestId, i32>,
    /// News, as part of market data.
    pub(crate) news: BTreeMap<RequestId, NewsStream>,
    /// Scan codes.
    pub(crate) scans: BTreeMap<RequestId, Scan>,
    pub(crate) has_bulletins: bool,
    pub(crate) tick_by_tick: BTreeMap<RequestId, TickByTick>,
    pub(crate) real_time_bars: BTreeMap<RequestId, RealTimeBars>,
    pub(crate) live_bars: BTreeMap<RequestId, LiveBars>,
    pub(crate) depth: BTreeMap<RequestId, DepthStream>,
}

/// A depth request and the rows its client has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DepthStream {
    pub(crate) con_id: ConId,
    pub(crate) is_smart: bool,
    pub(crate) has_makers: bool,
    /// The exchange that was asked for.
    pub(crate) maker: String,
    pub(crate) rows: usize,
    pub(crate) shown: Depth,
}

/// Every print or every quote of an instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TickByTick {
    pub(crate) con_id: ConId,
    pub(crate) kind: TickByTickKind,
    /// Quotes that differ in nothing but sizes are left out.
    pub(crate) ignores_size: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TickByTickKind {
    Last,
    AllLast,
    BidAsk,
    MidPoint,
}

impl TickByTickKind {
    /// Names are case sensitive (T2).
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "Last" => Self::Last,
            "AllLast" => Self::AllLast,
            "BidAsk" => Self::BidAsk,
            "MidPoint" => Self::MidPoint,
            _ => return None,
        })
    }

    /// Its number on the wire.
    pub(crate) const fn number(self) -> i32 {
        match self {
            Self::Last => 1,
            Self::AllLast => 2,
            Self::BidAsk => 3,
            Self::MidPoint => 4,
        }
    }
}

/// Bars of five seconds, sent when they are over.
#[derive(Clone, Debug)]
pub(crate) struct RealTimeBars {
    pub(crate) con_id: ConId,
    pub(crate) show: Show,
    pub(crate) bar: FormingBar,
    /// Number its next bar was planned under.
    pub(crate) number: u64,
}

/// A history request that keeps up to date: the bar that is not over.
#[derive(Clone, Debug)]
pub(crate) struct LiveBars {
    pub(crate) con_id: ConId,
    pub(crate) show: Show,
    pub(crate) size: BarSize,
    pub(crate) is_epoch: bool,
    pub(crate) bar: FormingBar,
    /// Number its next bar was planned under.
    pub(crate) number: u64,
}

/// Which headlines a market data request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewsStream {
    /// Headlines about this instrument; `None` is about anything.
    pub(crate) con_id: Option<ConId>,
    /// Codes of providers; empty is every provider.
    pub(crate) providers: Vec<String>,
}

/// A live scan and the bounds its rows keep to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scan {
    pub(crate) code: String,
    pub(crate) instrument: String,
    pub(crate) rows: usize,
    pub(crate) above_price: Option<f64>,
    pub(crate) below_price: Option<f64>,
    pub(crate) above_volume: Option<i64>,
}
