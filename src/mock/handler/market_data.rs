//! Market data (1, 2, 59): which kind of data a ticker gets, its first burst, later ticks, snapshots.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::client::{Client, ConnectionId, DataMode, Due, NO_REQUEST, Outlet, RequestId, Ticker};
use crate::exchange::instrument::Instrument;
use crate::exchange::number::text;
use crate::exchange::refusal::Refusal;
use crate::exchange::{ConId, Quote, QuoteChange};
use crate::faults::Quirk;
use crate::flood::{Flood, Progress};
use crate::wire::pb;
use crate::world::World;

use super::contract;
use super::generic_ticks::{self, Wanted};
use super::news;
use super::option_ticks;
use super::prints;
use super::sampling;
use super::ticks::{self, Parts};
use super::venues;

/// What a request gets, by what the client asked for and what the login may see. Asking for delayed
/// data does not take live data away; the gateway tells which kind it sends (M1 to M3).
fn mode(asked: i32, is_entitled: bool, has_market: bool) -> Option<DataMode> {
    match (is_entitled, asked) {
        (true, 2 | 4) if !has_market => Some(DataMode::Frozen),
        (true, _) => Some(DataMode::Live),
        (false, 4) if !has_market => Some(DataMode::DelayedFrozen),
        (false, 3 | 4) => Some(DataMode::Delayed),
        (false, _) => None,
    }
}

pub(super) fn subscribe(world: &mut World, to: &Outlet, request: &pb::MarketDataRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let Some(client) = world.client(to) else { return };
    if client.tickers.contains_key(&id) || client.streams.news.contains_key(&id) {
        return to.error(id, 322, "Error processing request. Duplicate ticker id");
    }
    if news::is_tape(request.contract.as_ref()) {
        return news::follow_tape(world, to, id, request.contract.as_ref());
    }
    let asked = match asked(world, request) {
        Ok(asked) => asked,
        Err(refusal) => return to.error(id, refusal.code, refusal.text),
    };
    if let Some(providers) = asked.wanted.news.clone() {
        news::follow(world, to, id, Some(asked.con_id), providers);
    }
    if !asked.wanted.is_without_quotes {
        start_asked(world, to, request, asked);
    }
}

/// What a request asks for.
struct Asked {
    con_id: ConId,
    wanted: Wanted,
}

fn asked(world: &World, request: &pb::MarketDataRequest) -> Result<Asked, Refusal> {
    let con_id = contract::resolve(world, request.contract.as_ref())?;
    let instrument = world.exchange.listing.get(con_id).ok_or_else(contract::unknown)?;
    let (kind, list) = (instrument.kind, request.generic_tick_list());
    let wanted = Wanted::parse(list).ok_or_else(|| generic_ticks::illegal(kind, list))?;
    wanted.check(kind, list)?;
    if request.snapshot() && !list.is_empty() {
        return Err(Refusal::new(
            414,
            "Snapshot market data subscription is not applicable to generic ticks",
        ));
    }
    Ok(Asked { con_id, wanted })
}

fn start_asked(
    world: &mut World,
    to: &Outlet,
    request: &pb::MarketDataRequest,
    Asked { con_id, wanted }: Asked,
) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let asked = world.client(to).map_or(1, |client| client.market_data_type);
    let Some(mode) = present_mode(world, con_id, asked) else {
        return to.error(id, 354, "Requested market data is not subscribed.");
    };
    let is_snapshot = request.snapshot() || request.regulatory_snapshot();
    let option = world.exchange.listing.get(con_id).and_then(Instrument::option);
    let is_cut = mode.is_delayed() && wanted.is_partly_delayed();
    let ticker = Ticker {
        con_id,
        mode,
        snapshot: None,
        held: None,
        generics: wanted.generics,
        underlying: option.map(|terms| terms.underlying),
    };
    if is_cut {
        to.error(id, 2187, "Some generic ticks are not available with delayed data.");
    }
    start(world, to, id, ticker, is_snapshot);
}

fn present_mode(world: &World, con_id: ConId, asked: i32) -> Option<DataMode> {
    let has_market = world.exchange.quote(con_id).is_some_and(Quote::has_market);
    mode(asked, world.has_live_data(con_id), has_market)
}

fn start(world: &mut World, to: &Outlet, id: RequestId, mut ticker: Ticker, is_snapshot: bool) {
    send_parameters(world, to, id, ticker.con_id);
    send_mode(to, id, ticker.mode);
    if ticker.mode.is_delayed() {
        to.error(
            id,
            10167,
            "Requested market data is not subscribed. Displaying delayed market data.",
        );
        if ticker.underlying.is_some() {
            to.error(id, 10_091, PARTLY_SUBSCRIBED);
        }
    }
    send_first_burst(world, to, id, &ticker);
    if is_snapshot {
        ticker.snapshot = Some(plan_end(world, to, id, ticker.con_id));
    }
    if let Some(client) = world.client(to) {
        client.tickers.insert(id, ticker);
    }
}

/// Greeks need the data of the underlying too (M4).
const PARTLY_SUBSCRIBED: &str =
    "Part of requested market data requires additional subscription for API.";

fn send_parameters(world: &World, to: &Outlet, id: RequestId, con_id: ConId) {
    let Some(instrument) = world.exchange.listing.get(con_id) else { return };
    to.send(&pb::TickReqParams {
        req_id: Some(id),
        min_tick: Some(text(instrument.tick)),
        bbo_exchange: Some(venues::BBO_EXCHANGE.to_owned()),
        snapshot_permissions: Some(3),
        ..Default::default()
    });
}

fn send_mode(to: &Outlet, id: RequestId, mode: DataMode) {
    to.send(&pb::MarketDataType { req_id: Some(id), market_data_type: Some(mode.number()) });
}

/// The first ticks, with what is wrong with them (M11, M12).
fn send_first_burst(world: &World, to: &Outlet, id: RequestId, ticker: &Ticker) {
    let Some(mut quote) = shown_quote(world, ticker).cloned() else { return };
    let stale = world.faults.quirk(to.client, |quirk| match quirk {
        Quirk::StaleFirstLast(after) => Some(after),
        _ => None,
    });
    if let Some(after) = stale.filter(|_| quote.close.is_some()) {
        quote.last = quote.close;
        world.schedule.plan(after, Due::Last(to.connection, id));
    }
    if world.faults.has(to.client, Quirk::ZeroLastTime) {
        quote.last_time = 0;
    }
    ticks::send(to, id, &mut ticks::ticks(&quote, Parts::ALL, ticker.mode.is_delayed()));
    option_ticks::send(world, to, id, ticker);
    generic_ticks::send(world, to, id, ticker, |_| true);
}

/// Tells a ticker its right last price, unless it is gone (M11).
pub(crate) fn correct_last(world: &mut World, connection: ConnectionId, id: RequestId) {
    let client = world.clients.get(&connection);
    let found = client.and_then(|client| Some((&client.outlet, client.tickers.get(&id)?)));
    let Some((to, ticker)) = found else { return };
    if let Some(quote) = shown_quote(world, ticker) {
        ticks::send(to, id, &mut ticks::ticks(quote, Parts::LAST, ticker.mode.is_delayed()));
    }
}

/// Goes on with tickers that were stopped, from present values and with the kind of data of now.
pub(super) fn resume(world: &mut World, to: &Outlet, stopped: BTreeMap<RequestId, Ticker>) {
    for (id, ticker) in &stopped {
        send_burst(world, to, *id, ticker);
    }
    if let Some(client) = world.client(to) {
        client.tickers.extend(stopped);
    }
    review_modes(world, |_| true);
}

fn send_burst(world: &World, to: &Outlet, id: RequestId, ticker: &Ticker) {
    if let Some(quote) = shown_quote(world, ticker) {
        ticks::send(to, id, &mut ticks::ticks(quote, Parts::ALL, ticker.mode.is_delayed()));
    }
    option_ticks::send(world, to, id, ticker);
    generic_ticks::send(world, to, id, ticker, |_| true);
}

fn shown_quote<'a>(world: &'a World, ticker: &Ticker) -> Option<&'a Quote> {
    match ticker.mode.is_frozen() {
        true => world.exchange.frozen_quote(ticker.con_id),
        false => world.exchange.quote(ticker.con_id),
    }
}

/// A snapshot ends soon when complete, late when ticks are missing (M17).
fn plan_end(world: &mut World, to: &Outlet, id: RequestId, con_id: ConId) -> u64 {
    let quote = world.exchange.quote(con_id);
    let is_complete = quote.is_some_and(|q| q.bid.and(q.ask).and(q.last).is_some());
    let after = match is_complete {
        true => world.settings.snapshot_settle,
        false => world.settings.snapshot_timeout,
    };
    let number = world.next_number();
    world.schedule.plan(after, Due::SnapshotEnd(to.connection, id, number));
    number
}

/// Ends a snapshot, unless it was cancelled or its client left.
pub(crate) fn end_snapshot(
    world: &mut World,
    connection: ConnectionId,
    id: RequestId,
    number: u64,
) {
    let Some(client) = world.clients.get_mut(&connection) else { return };
    if client.tickers.get(&id).is_some_and(|ticker| ticker.snapshot == Some(number)) {
        client.tickers.remove(&id);
        client.outlet.usage.end(connection, id);
        client.outlet.send(&pb::TickSnapshotEnd { req_id: Some(id) });
    }
}

/// A good cancel is silent (M18).
pub(super) fn cancel(world: &mut World, to: &Outlet, request: &pb::CancelMarketData) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let Some(client) = world.client(to) else { return };
    let news = client.streams.news.remove(&id);
    let ticker = client.tickers.remove(&id).or(client.outdone.remove(&id));
    if ticker.is_none() && news.is_none() {
        to.error(id, 300, format!("Can't find EId with tickerId:{id}"));
    }
}

/// Silent for any number (M1); the client's tickers are told if they get another kind of data.
pub(super) fn set_type(world: &mut World, to: &Outlet, request: &pb::MarketDataTypeRequest) {
    if let Some(client) = world.client(to) {
        client.market_data_type = request.market_data_type.unwrap_or(1);
    }
    review_modes(world, |_| true);
}

/// Moves tickers to the kind of data they get now, with a frame and a burst where it changed.
fn review_modes(world: &mut World, concerns: impl Fn(&Ticker) -> bool) {
    let mut changes = Vec::new();
    for client in world.clients.values() {
        for (id, ticker) in client.tickers.iter().filter(|(_, ticker)| concerns(ticker)) {
            let present = present_mode(world, ticker.con_id, client.market_data_type);
            if let Some(mode) = present.filter(|mode| *mode != ticker.mode) {
                changes.push((client.outlet.clone(), *id, mode));
            }
        }
    }
    for (to, id, mode) in changes {
        change_mode(world, &to, id, mode);
    }
}

fn change_mode(world: &mut World, to: &Outlet, id: RequestId, mode: DataMode) {
    let ticker = world.client(to).and_then(|client| client.tickers.get_mut(&id));
    let Some(ticker) = ticker else { return };
    ticker.mode = mode;
    let ticker = ticker.clone();
    send_mode(to, id, mode);
    send_burst(world, to, id, &ticker);
}

/// Changes prices, tells tickers, and lets orders and account figures follow.
pub(crate) fn set_price(world: &mut World, con_id: ConId, change: &QuoteChange) {
    let before = world.exchange.quote(con_id).cloned().unwrap_or_default();
    let now = world.now();
    let events = world.exchange.set_quote(con_id, change, now);
    review_modes(world, |ticker| ticker.con_id == con_id);
    if let Some(after) = world.exchange.quote(con_id) {
        let parts = Parts::of(change, &before, after);
        send_parts(world, con_id, parts);
    }
    repeat_old_last(world, con_id, change, &before);
    prints::follow(world, con_id, change, &before);
    super::tell(world, events);
    tell_holders(world, con_id);
}

/// The last price before a new one, once more (M11).
fn repeat_old_last(world: &World, con_id: ConId, change: &QuoteChange, before: &Quote) {
    if !world.faults.any() || change.last.is_none() || before.last.is_none() {
        return;
    }
    for client in world.clients.values() {
        for (id, ticker) in followers(client, con_id) {
            if world.faults.has(client.outlet.client, Quirk::OldLast) {
                let mut ticks = ticks::ticks(before, Parts::LAST, ticker.mode.is_delayed());
                ticks::send(&client.outlet, *id, &mut ticks);
            }
        }
    }
}

/// Takes the market away: sides go to -1, or the data turns frozen where that was asked for.
pub(crate) fn clear_price(world: &mut World, con_id: ConId) {
    let before = world.exchange.quote(con_id).cloned().unwrap_or_default();
    world.exchange.clear_quote(con_id);
    review_modes(world, |ticker| ticker.con_id == con_id);
    send_parts(world, con_id, Parts::SIDES);
    prints::follow(world, con_id, &QuoteChange::default(), &before);
}

fn send_parts(world: &mut World, con_id: ConId, parts: Parts) {
    if world.settings.profile.samples_quotes {
        return sampling::hold(world, con_id, parts);
    }
    let Some(quote) = world.exchange.quote(con_id) else { return };
    // Written for the first ticker of each kind of data, then sent to all of them.
    let (mut live, mut delayed) = (None, None);
    for client in world.clients.values() {
        for (id, ticker) in followers(client, con_id) {
            if ticker.mode.is_frozen() {
                continue;
            }
            let is_delayed = ticker.mode.is_delayed();
            let written = if is_delayed { &mut delayed } else { &mut live };
            let ticks = written.get_or_insert_with(|| ticks::ticks(quote, parts, is_delayed));
            ticks::send(&client.outlet, *id, ticks);
        }
    }
}

fn followers(client: &Client, con_id: ConId) -> impl Iterator<Item = (&RequestId, &Ticker)> {
    client.tickers.iter().filter(move |(_, ticker)| ticker.con_id == con_id)
}

fn tell_holders(world: &mut World, con_id: ConId) {
    let holds = |account: &&String| world.exchange.valued_one(account, con_id).is_some();
    let holders: Vec<_> = world.settings.accounts.iter().filter(holds).cloned().collect();
    for account in holders {
        super::tell_marks(world, &account, con_id);
    }
}

/// Starts a flood to every ticker of these instruments; the lines of a client take turns.
pub(crate) fn flood(world: &World, con_ids: &[ConId], count: u64, progress: &Arc<Progress>) {
    for client in world.clients.values() {
        let lines = con_ids.iter().flat_map(|con_id| followers(client, *con_id)).map(|(id, _)| *id);
        let lines: Vec<RequestId> = lines.collect();
        if let Some(flood) = Flood::new(&lines, count, client.outlet.version, progress) {
            client.outlet.outbox.push_flood(flood);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_the_kind_of_data_follows_from_entitlement_and_market() {
        let cases = [
            (1, true, true, Some(DataMode::Live)),
            (3, true, true, Some(DataMode::Live)),
            (2, true, false, Some(DataMode::Frozen)),
            (2, true, true, Some(DataMode::Live)),
            (1, false, true, None),
            (2, false, true, None),
            (3, false, true, Some(DataMode::Delayed)),
            (4, false, true, Some(DataMode::Delayed)),
            (4, false, false, Some(DataMode::DelayedFrozen)),
            (99, true, true, Some(DataMode::Live)),
        ];

        for (asked, is_entitled, has_market, expected) in cases {
            assert_eq!(mode(asked, is_entitled, has_market), expected, "{asked}");
        }
    }
}
