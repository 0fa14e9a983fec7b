//! Counters of requests by kind: what a caller asked for, by the name of its method.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::timing::{Histogram, Timings};

/// What a caller asked for; each is one method of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// `server_time`
    ServerTime,
    /// `managed_accounts`
    ManagedAccounts,
    /// `account_summary` and `account_values`
    AccountSummary,
    /// `pnl`
    Pnl,
    /// `positions`
    Positions,
    /// `contract_details`
    ContractDetails,
    /// `qualify`
    Qualify,
    /// `quote`
    Quote,
    /// `subscribe_quote`
    SubscribeQuote,
    /// `bars`
    Bars,
    /// Opening `quotes`
    Quotes,
    /// Opening `ticks` of market data
    Ticks,
    /// Opening `ticks` one by one
    TickByTick,
    /// Opening `depth`
    Depth,
    /// Opening `bars_stream` or `realtime_bars`
    BarsStream,
    /// `place`
    Place,
    /// `check_order`
    CheckOrder,
    /// `modify`
    Modify,
    /// `cancel`
    Cancel,
    /// `cancel_all`
    CancelAll,
    /// `open_orders`
    OpenOrders,
    /// `completed_orders`
    CompletedOrders,
    /// `executions`
    Executions,
}

impl RequestKind {
    /// Every kind, in the order of their numbers, with its name.
    const NAMES: [(Self, &'static str); 23] = [
        (Self::ServerTime, "server_time"),
        (Self::ManagedAccounts, "managed_accounts"),
        (Self::AccountSummary, "account_summary"),
        (Self::Pnl, "pnl"),
        (Self::Positions, "positions"),
        (Self::ContractDetails, "contract_details"),
        (Self::Qualify, "qualify"),
        (Self::Quote, "quote"),
        (Self::SubscribeQuote, "subscribe_quote"),
        (Self::Bars, "bars"),
        (Self::Quotes, "quotes"),
        (Self::Ticks, "ticks"),
        (Self::TickByTick, "tick_by_tick"),
        (Self::Depth, "depth"),
        (Self::BarsStream, "bars_stream"),
        (Self::Place, "place"),
        (Self::CheckOrder, "check_order"),
        (Self::Modify, "modify"),
        (Self::Cancel, "cancel"),
        (Self::CancelAll, "cancel_all"),
        (Self::OpenOrders, "open_orders"),
        (Self::CompletedOrders, "completed_orders"),
        (Self::Executions, "executions"),
    ];

    /// The name, as in Python.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::NAMES[self as usize].1
    }
}

impl fmt::Display for RequestKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was counted of one kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestMetrics {
    /// The kind.
    pub kind: RequestKind,
    /// Requests that ended with an error.
    pub failed: u64,
    /// Requests whose caller gave up; their time is not counted.
    pub cancelled: u64,
    /// How long requests took that were answered or failed.
    pub latency: Histogram,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered,
    Failed,
    Cancelled,
}

/// Where requests are counted, by kind.
#[derive(Debug, Default)]
pub(crate) struct RequestCounters([OfKind; RequestKind::NAMES.len()]);

#[derive(Debug, Default)]
struct OfKind {
    failed: AtomicU64,
    cancelled: AtomicU64,
    latency: Timings,
}

impl RequestCounters {
    pub(crate) fn ended(&self, kind: RequestKind, outcome: Outcome, took: Duration) {
        let of_kind = &self.0[kind as usize];
        match outcome {
            Outcome::Answered => {}
            Outcome::Failed => drop(of_kind.failed.fetch_add(1, Relaxed)),
            Outcome::Cancelled => {
                of_kind.cancelled.fetch_add(1, Relaxed);
                return;
            }
        }
        of_kind.latency.took(took);
    }

    /// The kinds that were asked for.
    pub(crate) fn snapshot(&self) -> Vec<RequestMetrics> {
        let all =
            RequestKind::NAMES.iter().zip(&self.0).map(|((kind, _), counted)| RequestMetrics {
                kind: *kind,
                failed: counted.failed.load(Relaxed),
                cancelled: counted.cancelled.load(Relaxed),
                latency: counted.latency.snapshot(),
            });
        all.filter(|counted| counted.latency.count() + counted.cancelled > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_stand_at_the_numbers_of_their_kinds() {
        for (number, (kind, name)) in RequestKind::NAMES.iter().enumerate() {
            assert_eq!((*kind as usize, kind.as_str()), (number, *name));
        }
    }

    #[test]
    fn kinds_are_counted_apart_and_who_gave_up_takes_no_time() {
        let (counters, took) = (RequestCounters::default(), Duration::from_millis(2));
        counters.ended(RequestKind::Bars, Outcome::Answered, took);
        counters.ended(RequestKind::Bars, Outcome::Failed, took);
        counters.ended(RequestKind::Bars, Outcome::Cancelled, took);
        counters.ended(RequestKind::Place, Outcome::Answered, took);

        let counted = counters.snapshot();

        let numbers = counted.iter().map(|of_kind| {
            (of_kind.kind.as_str(), of_kind.latency.count(), of_kind.failed, of_kind.cancelled)
        });
        assert_eq!(numbers.collect::<Vec<_>>(), [("bars", 2, 1, 1), ("place", 1, 0, 0)]);
    }
}
