//! One file per family of requests, each turning requests into steps of the exchange and into
//! replies. Handlers run under the lock of the world and never wait.

mod absent;
mod account_updates;
mod advisor;
mod advisor_xml;
mod bulletins;
mod competition;
mod contract;
mod contract_details;
mod depth;
mod display_groups;
mod entitlement;
mod executions;
mod exercise;
mod farms;
mod generic_ticks;
mod head_timestamp;
mod historical_ticks;
mod history;
mod lapses;
mod live_bars;
mod login;
mod market_data;
mod news;
mod option_chains;
mod option_models;
mod option_ticks;
mod order_faults;
mod order_notes;
mod order_reports;
mod order_words;
mod orders;
mod peg_words;
mod played_prices;
mod pnl;
mod positions;
mod previews;
mod prints;
mod read_only;
mod real_time_bars;
mod sampling;
mod scanner;
mod schedule;
mod session;
mod summary;
mod symbol_search;
mod tick_by_tick;
mod ticks;
mod time_passing;
mod venues;

pub(crate) use bulletins::post as post_bulletin;
pub(crate) use depth::{halt as halt_depth, reset as reset_depth, set as set_depth};
pub(crate) use entitlement::CODES as ENTITLEMENT_CODES;
pub(crate) use farms::{notify, welcome_late};
pub(crate) use generic_ticks::set as set_statistic;
pub(crate) use live_bars::roll as roll_live_bar;
pub(crate) use market_data::{clear_price, correct_last, end_snapshot, flood, set_price};
pub(crate) use news::publish;
pub(crate) use orders::place_by_hand;
pub(crate) use played_prices::{check as check_prices, play};
pub(crate) use real_time_bars::{bust as bust_bars, end_bar as end_real_time_bar};
pub(crate) use sampling::send as send_sample;
pub(crate) use scanner::set_rows as set_scanner_rows;
pub(crate) use session::welcome;
pub(crate) use ticks::Parts;
pub(crate) use time_passing::{advance_to, wake, walk};

use std::collections::BTreeSet;

use crate::client::Outlet;
use crate::exchange::market::FillRule;
use crate::exchange::number::decimal;
use crate::exchange::{ConId, Event};
use crate::wire::Request;
use crate::world::World;

/// Answers a request.
#[expect(clippy::too_many_lines, reason = "a table of one line per kind of request")]
pub(crate) fn serve(world: &mut World, to: &Outlet, request: Request) {
    let is_kept_from = lapses::loses(world, to, &request)
        || read_only::refuses(world, to, &request)
        || competition::refuses(world, to, &request)
        || entitlement::refuses(world, to, &request);
    if is_kept_from {
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
        Request::CancelHistoricalData(r) => history::cancel(world, to, &r),
        Request::PlaceOrder(r) => orders::place(world, to, *r),
        Request::CancelOrder(r) => orders::cancel(world, to, &r),
        Request::ReqGlobalCancel(_) => orders::cancel_all(world),
        Request::ReqOpenOrders(_) => order_reports::send_own(world, to),
        Request::ReqAllOpenOrders(_) => order_reports::send_all(world, to),
        Request::ReqAutoOpenOrders(r) => order_reports::bind(world, to, &r),
        Request::ReqCompletedOrders(r) => order_reports::send_completed(world, to, &r),
        Request::ReqExecutions(r) => executions::answer(world, to, &r),
        Request::ExerciseOptions(r) => exercise::answer(world, to, &r),
        Request::ReqMktDepth(r) => depth::subscribe(world, to, &r),
        Request::CancelMktDepth(r) => depth::cancel(world, to, &r),
        Request::ReqTickByTickData(r) => tick_by_tick::subscribe(world, to, &r),
        Request::CancelTickByTickData(r) => tick_by_tick::cancel(world, to, &r),
        Request::ReqHistoricalTicks(r) => historical_ticks::answer(world, to, &r),
        Request::ReqHeadTimestamp(r) => head_timestamp::answer(world, to, &r),
        Request::ReqHistogramData(r) => head_timestamp::histogram(world, to, &r),
        // Answered at once, so there is nothing left to cancel (M21).
        Request::CancelHistoricalTicks(_)
        | Request::CancelHeadTimestamp(_)
        | Request::CancelHistogramData(_) => {}
        Request::ReqRealTimeBars(r) => real_time_bars::subscribe(world, to, &r),
        Request::CancelRealTimeBars(r) => real_time_bars::cancel(world, to, &r),
        Request::ReqSecDefOptParams(r) => option_chains::answer(world, to, &r),
        Request::ReqMatchingSymbols(r) => symbol_search::answer(world, to, &r),
        Request::ReqMarketRule(r) => venues::market_rule(to, &r),
        Request::ReqSmartComponents(r) => venues::smart_components(to, &r),
        Request::ReqMktDepthExchanges(_) => venues::depth_exchanges(to),
        Request::ReqFamilyCodes(_) => login::family_codes(world, to),
        Request::ReqUserInfo(r) => login::user_info(world, to, &r),
        Request::ReqSoftDollarTiers(r) => login::soft_dollar_tiers(to, &r),
        Request::ReqFa(r) => advisor::send(world, to, &r),
        Request::ReplaceFa(r) => advisor::replace(world, to, &r),
        Request::ReqCalcOptionPrice(r) => option_models::price(world, to, &r),
        Request::ReqCalcImpliedVolat(r) => option_models::implied_volatility(world, to, &r),
        // There is nothing left to cancel once a calculation is answered (M21).
        Request::CancelCalcOptionPrice(_) | Request::CancelCalcImpliedVolat(_) => {}
        Request::ReqNewsProviders(_) => news::providers(world, to),
        Request::ReqNewsArticle(r) => news::article(world, to, &r),
        Request::ReqHistoricalNews(r) => news::history(world, to, &r),
        Request::ReqNewsBulletins(r) => bulletins::subscribe(world, to, &r),
        Request::CancelNewsBulletins(_) => bulletins::cancel(world, to),
        Request::ReqScannerParameters(_) => scanner::parameters(to),
        Request::ReqScannerSubscription(r) => scanner::subscribe(world, to, &r),
        Request::CancelScannerSubscription(r) => scanner::cancel(world, to, &r),
        Request::QueryDisplayGroups(r) => display_groups::list(to, &r),
        Request::SubscribeToGroupEvents(r) => display_groups::subscribe(world, to, &r),
        Request::UpdateDisplayGroup(r) => display_groups::update(world, to, &r),
        Request::UnsubscribeFromGroupEvents(r) => display_groups::unsubscribe(world, to, &r),
        Request::ReqWshMetaData(r) => absent::event_calendar(to, r.req_id),
        Request::ReqWshEventData(r) => absent::event_calendar(to, r.req_id),
        Request::CancelWshMetaData(_) | Request::CancelWshEventData(_) => {}
        Request::ReqFundamentalData(r) => absent::fundamentals(to, &r),
        Request::CancelFundamentalData(_) => {}
        Request::VerifyRequest(_) | Request::VerifyMessage(_) => absent::verification(to),
        Request::ReqConfig(r) => absent::configuration(to, r.req_id),
        Request::UpdateConfig(r) => absent::configuration(to, r.req_id),
    }
}

/// Tells clients of what happened on the exchange, then of the account figures that changed by it.
pub(crate) fn tell(world: &mut World, events: Vec<Event>) {
    let is_quiet = events.is_empty();
    let mut moved = BTreeSet::new();
    let events = order_faults::distorted(world, events);
    let mut events = events.into_iter().peekable();
    while let Some(event) = events.next() {
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
            // A position that only grew comes at the bare price, and after the commission again (A12).
            Event::Moved { account, con_id } => match events.next_if(is_charge_for_growth) {
                Some(Event::Charged(execution)) => {
                    positions::tell_without(world, &account, con_id, execution.commission);
                    executions::tell_commission(world, &execution);
                    positions::tell(world, &account, con_id);
                    moved.insert((account, con_id));
                }
                _ => {
                    positions::tell(world, &account, con_id);
                    moved.insert((account, con_id));
                }
            },
        }
    }
    for (account, con_id) in moved {
        tell_figures(world, &account, Some(con_id));
    }
    if !is_quiet {
        time_passing::plan(world);
    }
}

fn is_charge_for_growth(event: &Event) -> bool {
    matches!(event, Event::Charged(execution) if execution.realized.is_none())
}

/// Tells subscribers of an account's present figures: the row of what moved, or every portfolio row,
/// then account values, summary and P&L.
pub(crate) fn tell_figures(world: &mut World, account: &str, moved: Option<ConId>) {
    account_updates::tell(world, account, moved);
    summary::tell(world, account);
    pnl::tell(world, account);
}

/// As [`tell_figures`] when a price alone moved. Where updates are paced only profit and loss follows
/// at once (A16), the rest with the next push (A15).
fn tell_marks(world: &mut World, account: &str, con_id: ConId) {
    if world.settings.profile.paces_account_updates {
        pnl::tell(world, account);
        time_passing::plan_push(world);
    } else {
        tell_figures(world, account, Some(con_id));
    }
}

/// Lets matching and market data follow the faults that are on now.
pub(crate) fn follow_faults(world: &mut World) {
    competition::follow(world);
    let limits = world.faults.fill_limits();
    let limits = limits.into_iter().filter_map(|(client, most)| Some((client, decimal(most)?)));
    let (locates, empties) = (world.faults.locates(), world.faults.empty_children());
    world.exchange.fill_rule = FillRule { limits: limits.collect(), locates, empties };
    let now = world.now();
    let mut events = world.exchange.locate_shares(now);
    events.extend(world.exchange.match_all(now));
    tell(world, events);
}
