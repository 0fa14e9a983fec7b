//! The requests of a line, as frames.

use std::time::Duration;

use time::OffsetDateTime;

use super::duration::reaching;
use crate::clock;
use crate::model::{BarsRequest, Contract, LineKind, MarketDataType};
use crate::session::feed::request::{self, DepthTerms, RealTimeBarsTerms, TickByTickTerms};

/// Asks for a line.
pub(super) fn ask(request_id: i32, contract: &Contract, kind: &LineKind) -> Vec<u8> {
    match kind {
        LineKind::Market { generic_ticks } => {
            request::market_data(request_id, contract, generic_ticks)
        }
        LineKind::TickByTick(kind) => {
            let terms = TickByTickTerms { kind: *kind, number_of_ticks: 0, ignore_size: false };
            request::tick_by_tick(request_id, contract, terms)
        }
        LineKind::Depth { rows, is_smart } => {
            let terms = DepthTerms { rows: *rows, is_smart: *is_smart };
            request::depth(request_id, contract, terms)
        }
        LineKind::RealTimeBars { what_to_show, use_rth } => {
            let terms = RealTimeBarsTerms { what_to_show: *what_to_show, use_rth: *use_rth };
            request::real_time_bars(request_id, contract, terms)
        }
        LineKind::Bars(wanted) => request::history(request_id, contract, wanted),
    }
}

/// What to ask for so that bars which follow `since` come along, and whether all of them do; a line
/// that has brought none is asked for as it is.
pub(super) fn resuming(kind: &LineKind, since: Option<OffsetDateTime>) -> (LineKind, bool) {
    let (LineKind::Bars(wanted), Some(since)) = (kind, since) else { return (kind.clone(), true) };
    let gap = Duration::try_from(clock::now() - since).unwrap_or_default();
    let (duration, is_all) = reaching(&wanted.duration, wanted.bar_size, gap);
    (LineKind::Bars(BarsRequest { duration, ..wanted.clone() }), is_all)
}

/// Cancels a line.
pub(super) fn withdraw(request_id: i32, kind: &LineKind) -> Vec<u8> {
    match kind {
        LineKind::Market { .. } => request::cancel_market_data(request_id),
        LineKind::TickByTick(_) => request::cancel_tick_by_tick(request_id),
        LineKind::Depth { is_smart, .. } => request::cancel_depth(request_id, *is_smart),
        LineKind::RealTimeBars { .. } => request::cancel_real_time_bars(request_id),
        LineKind::Bars(_) => request::cancel_history(request_id),
    }
}

/// Chooses the data that later requests get.
pub(super) fn choose(kind: MarketDataType) -> Vec<u8> {
    request::market_data_type(kind)
}
