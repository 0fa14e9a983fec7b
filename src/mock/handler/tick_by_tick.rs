//! Tick by tick (97, 98): every print, or every quote, as it happens; past ones first if asked for.

use crate::client::{NO_REQUEST, Outlet};
use crate::exchange::SecurityKind;
use crate::exchange::number::{double, text};
use crate::exchange::refusal::Refusal;
use crate::exchange::tape::{Print, Sides};
use crate::streams::{TickByTick, TickByTickKind};
use crate::wire::pb;
use crate::world::World;

use super::contract;
use super::historical_ticks;

pub(super) fn subscribe(world: &mut World, to: &Outlet, request: &pb::TickByTickRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let stream = match stream(world, request) {
        Ok(stream) => stream,
        Err(refusal) => return to.error(id, refusal.code, refusal.text),
    };
    let Some(client) = world.client(to) else { return };
    if client.streams.tick_by_tick.contains_key(&id) {
        return to.error(id, 102, "Duplicate ticker ID.");
    }
    client.streams.tick_by_tick.insert(id, stream.clone());
    historical_ticks::send_latest(world, to, id, &stream, request.number_of_ticks());
}

fn stream(world: &World, request: &pb::TickByTickRequest) -> Result<TickByTick, Refusal> {
    let con_id = contract::resolve(world, request.contract.as_ref())?;
    let kind = TickByTickKind::parse(request.tick_type())
        .ok_or_else(|| Refusal::new(321, "Error validating request. Unknown tick-by-tick type"))?;
    let refused =
        |cause: &str| Refusal::new(10_189, format!("Failed to request tick-by-tick data. {cause}"));
    let instrument = world.exchange.listing.get(con_id).ok_or_else(contract::unknown)?;
    // Options have no live ticks (T2).
    if instrument.kind == SecurityKind::Option {
        return Err(refused("Tick-by-tick data is not available for this security type."));
    }
    if world.not_entitled.contains(&con_id) {
        return Err(refused("No market data permissions."));
    }
    Ok(TickByTick { con_id, kind, ignores_size: request.ignore_size() })
}

/// A good cancel is silent; one for another kind of stream is a 300 (D4).
pub(super) fn cancel(world: &mut World, to: &Outlet, request: &pb::CancelTickByTick) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let known = world.client(to).and_then(|client| client.streams.tick_by_tick.remove(&id));
    if known.is_none() {
        to.error(id, 300, format!("Can't find EId with tickerId:{id}"));
    }
}

/// Tells a stream of a print.
pub(super) fn tell_print(to: &Outlet, id: i32, stream: &TickByTick, print: &Print) {
    match stream.kind {
        TickByTickKind::Last | TickByTickKind::AllLast => to.send(&pb::TickByTickData {
            historical_tick_last: Some(last(print)),
            ..head(id, stream)
        }),
        TickByTickKind::BidAsk | TickByTickKind::MidPoint => {}
    }
}

/// Tells a stream of a quote that changed from `before`.
pub(super) fn tell_quote(to: &Outlet, id: i32, stream: &TickByTick, before: &Sides, now: &Sides) {
    match stream.kind {
        TickByTickKind::Last | TickByTickKind::AllLast => {}
        TickByTickKind::BidAsk => {
            if !(stream.ignores_size && now.has_prices_of(before)) {
                let tick = Some(bid_ask(now));
                to.send(&pb::TickByTickData { historical_tick_bid_ask: tick, ..head(id, stream) });
            }
        }
        TickByTickKind::MidPoint => {
            if let Some(tick) = mid_point(now).filter(|_| before.middle() != now.middle()) {
                let tick = Some(tick);
                to.send(&pb::TickByTickData {
                    historical_tick_mid_point: tick,
                    ..head(id, stream)
                });
            }
        }
    }
}

fn head(id: i32, stream: &TickByTick) -> pb::TickByTickData {
    pb::TickByTickData {
        req_id: Some(id),
        tick_type: Some(stream.kind.number()),
        ..Default::default()
    }
}

pub(super) fn last(print: &Print) -> pb::HistoricalTickLast {
    let plain = pb::TickAttribLast { past_limit: Some(false), unreported: Some(false) };
    pb::HistoricalTickLast {
        time: Some(print.time),
        tick_attrib_last: Some(plain),
        price: Some(double(print.price)),
        size: Some(text(print.size)),
        exchange: Some(print.exchange.clone()),
        special_conditions: Some(String::new()),
    }
}

pub(super) fn bid_ask(sides: &Sides) -> pb::HistoricalTickBidAsk {
    let plain = pb::TickAttribBidAsk { bid_past_low: Some(false), ask_past_high: Some(false) };
    let price = |side: Option<_>| Some(side.map_or(-1.0, double));
    pb::HistoricalTickBidAsk {
        time: Some(sides.time),
        tick_attrib_bid_ask: Some(plain),
        price_bid: price(sides.bid),
        price_ask: price(sides.ask),
        size_bid: Some(text(sides.bid_size)),
        size_ask: Some(text(sides.ask_size)),
    }
}

pub(super) fn mid_point(sides: &Sides) -> Option<pb::HistoricalTick> {
    Some(pb::HistoricalTick {
        time: Some(sides.time),
        price: Some(double(sides.middle()?)),
        size: Some("0".to_owned()),
    })
}
