//! One file per family of requests, each turning requests into steps of the exchange and into
//! replies. Handlers run under the lock of the world and never wait.

mod account_updates;
mod contract;
mod contract_details;
mod entitlement;
mod executions;
mod history;
mod market_data;
mod order_reports;
mod order_words;
mod orders;
mod pnl;
mod positions;
mod previews;
mod session;
mod summary;
mod ticks;
mod time_passing;

pub(crate) use entitlement::CODES as ENTITLEMENT_CODES;
pub(crate) use market_data::{clear_price, end_snapshot, flood, set_price};
pub(crate) use orders::place_by_hand;
pub(crate) use session::welcome;
pub(crate) use time_passing::{advance, wake, walk};

use std::collections::BTreeSet;

use crate::client::{NO_REQUEST, Outlet};
use crate::exchange::market::FillRule;
use crate::exchange::number::decimal;
use crate::exchange::{ConId, Event};
use crate::wire::Request;
use crate::world::World;

/// Answers a request.
pub(crate) fn serve(world: &mut World, to: &Outlet, request: Request) {
    if entitlement::refuses(world, to, &request) {
        return;
    }
    match request {
        Request::ReqCurrentTime(_) => session::current_time(world, to),
        Request::ReqCurrentTimeInMillis(_) => session::current_time_in_millis(world, to),
        Request::ReqManagedAccts(_) => session::managed_accounts(world, to),
        Request::ReqIds(_) => session::next_valid_id(world, to),
        Request::SetServerLoglevel(_) | Request::StartApi(_) => {}
        Request::ReqAccountSummary(r) => summary::subscribe(world, to, &r),
        Request::CancelAccountSummary(r) => summary::cancel(world, to, &r),
        Request::ReqAcctData(r) => account_updates::subscribe(world, to, &r),
        Request::ReqAccountUpdatesMulti(r) => account_updates::subscribe_multi(world, to, &r),
        Request::CancelAccountUpdatesMulti(r) => account_updates::cancel_multi(world, to, &r),
        Request::ReqPositions(_) => positions::subscribe(world, to),
        Request::CancelPositions(_) => positions::cancel(world, to),
        Request::ReqPositionsMulti(r) => positions::subscribe_multi(world, to, &r),
        Request::CancelPositionsMulti(r) => positions::cancel_multi(world, to, &r),
        Request::ReqPnl(r) => pnl::subscribe(world, to, &r),
        Request::CancelPnl(r) => pnl::cancel(world, to, &r),
        Request::ReqPnlSingle(r) => pnl::subscribe_single(world, to, &r),
        Request::CancelPnlSingle(r) => pnl::cancel_single(world, to, &r),
        Request::ReqContractData(r) => contract_details::answer(world, to, &r),
        Request::CancelContractData(_) => {}
        Request::ReqMktData(r) => market_data::subscribe(world, to, &r),
        Request::CancelMktData(r) => market_data::cancel(world, to, &r),
        Request::ReqMarketDataType(r) => market_data::set_type(world, to, &r),
        Request::ReqHistoricalData(r) => history::answer(world, to, &r),
        Request::CancelHistoricalData(r) => history::cancel(to, &r),
        Request::PlaceOrder(r) => orders::place(world, to, *r),
        Request::CancelOrder(r) => orders::cancel(world, to, &r),
        Request::ReqGlobalCancel(_) => orders::cancel_all(world),
        Request::ReqOpenOrders(_) => order_reports::send_own(world, to),
        Request::ReqAllOpenOrders(_) => order_reports::send_all(world, to),
        Request::ReqAutoOpenOrders(r) => order_reports::bind(world, to, &r),
        Request::ReqCompletedOrders(r) => order_reports::send_completed(world, to, &r),
        Request::ReqExecutions(r) => executions::answer(world, to, &r),
        other => refuse_unserved(to, &other),
    }
}

fn refuse_unserved(to: &Outlet, request: &Request) {
    let id = request.id().unwrap_or(NO_REQUEST);
    let kind = request.kind().name();
    to.error(id, 321, format!("Error validating request. This gateway does not serve {kind}."));
}

/// Tells clients of what happened on the exchange, then of the account figures that changed by it.
pub(crate) fn tell(world: &mut World, events: Vec<Event>) {
    let is_quiet = events.is_empty();
    let mut moved = BTreeSet::new();
    for event in events {
        match event {
            Event::Coded { to, code, text } => {
                if let Some(outlet) = world.owner_of(to) {
                    outlet.error(to.order.0, code, text);
                }
            }
            Event::Shown { order, passing_limit } => {
                order_reports::tell(world, &order, passing_limit);
            }
            Event::Opened(order) => order_reports::tell_open(world, &order),
            Event::Stated(order) => order_reports::tell_status(world, &order),
            Event::Executed(execution) | Event::Allocated(execution) => {
                executions::tell(world, &execution)
            }
            Event::Charged(execution) => executions::tell_commission(world, &execution),
            Event::Moved { account, con_id } => {
                positions::tell(world, &account, con_id);
                moved.insert((account, con_id));
            }
        }
    }
    for (account, con_id) in moved {
        tell_figures(world, &account, Some(con_id));
    }
    if !is_quiet {
        time_passing::plan(world);
    }
}

/// Tells subscribers of an account's present figures: the row of what moved, or every portfolio row,
/// then account values, summary and P&L.
pub(crate) fn tell_figures(world: &mut World, account: &str, moved: Option<ConId>) {
    account_updates::tell(world, account, moved);
    summary::tell(world, account);
    pnl::tell(world, account);
}

/// Lets matching follow the faults that are on now.
pub(crate) fn follow_faults(world: &mut World) {
    let limits = world.faults.fill_limits();
    let limits = limits.into_iter().filter_map(|(client, most)| Some((client, decimal(most)?)));
    world.exchange.fill_rule = FillRule { limits: limits.collect() };
    let now = world.now();
    let events = world.exchange.match_all(now);
    tell(world, events);
}
