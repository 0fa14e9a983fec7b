//! Bars of five seconds (50, 51), each sent when it is over.

use std::time::Duration;

use crate::client::{ConnectionId, Due, NO_REQUEST, Outlet, RequestId};
use crate::clock;
use crate::exchange::bars::{Bar, Show};
use crate::exchange::forming_bar::{FormingBar, shown_price, span_of};
use crate::exchange::refusal::Refusal;
use crate::exchange::{ConId, SecurityKind, bars::BarSize};
use crate::streams::RealTimeBars;
use crate::wire::pb;
use crate::world::World;

use super::contract;

const SIZE: BarSize = BarSize::Seconds(5);
/// When a gateway finds that data is not paid for (H21).
const CHECK: Duration = Duration::from_millis(170);

pub(super) fn subscribe(world: &mut World, to: &Outlet, request: &pb::RealTimeBarsRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let (con_id, show) = match resolve(world, request) {
        Ok(resolved) => resolved,
        Err(refusal) => return to.error(id, refusal.code, refusal.text),
    };
    if world.client(to).is_some_and(|client| client.streams.real_time_bars.contains_key(&id)) {
        return to.error(id, 102, "Duplicate ticker ID.");
    }
    // Accepted in silence; that is the only answer there will be (H21, M6).
    if world.not_entitled.contains(&con_id) {
        let text = "Requested market data requires additional subscription for API.";
        return to.error_after(CHECK, id, 10_089, text);
    }
    let price = world.exchange.frozen_quote(con_id).and_then(|quote| shown_price(quote, show));
    let (start, _) = span_of(world.now(), SIZE);
    let bar = FormingBar::new(start, price.unwrap_or_default(), show == Show::Trades);
    let number = plan(world, to, id);
    if let Some(client) = world.client(to) {
        client.streams.real_time_bars.insert(id, RealTimeBars { con_id, show, bar, number });
    }
}

fn resolve(world: &World, request: &pb::RealTimeBarsRequest) -> Result<(ConId, Show), Refusal> {
    let con_id = contract::resolve(world, request.contract.as_ref())?;
    let invalid = |cause: &str| Refusal::new(321, format!("Error validating request. {cause}"));
    if request.contract.as_ref().is_none_or(|contract| contract.exchange().is_empty()) {
        return Err(invalid("Please enter exchange"));
    }
    let kind = world.exchange.listing.get(con_id).map(|instrument| instrument.kind);
    let show = match request.what_to_show() {
        "TRADES" if kind == Some(SecurityKind::Cash) => {
            return Err(Refusal::new(420, "Invalid Real-time Query:No market data permissions"));
        }
        "TRADES" => Show::Trades,
        "MIDPOINT" => Show::Midpoint,
        "BID" => Show::Bid,
        "ASK" => Show::Ask,
        _ => return Err(invalid("Incorrect 'what to show'")),
    };
    Ok((con_id, show))
}

/// Plans the end of the present bar: on whole multiples of the interval, as every client gets them.
fn plan(world: &mut World, to: &Outlet, id: RequestId) -> u64 {
    let number = world.next_number();
    let every = i128::try_from(world.settings.real_time_bar.as_nanos().max(1)).unwrap_or(i128::MAX);
    let left = every - clock::now().unix_timestamp_nanos().rem_euclid(every);
    let left = u64::try_from(left).unwrap_or(u64::MAX);
    world.schedule.plan(Duration::from_nanos(left), Due::RealTimeBar(to.connection, id, number));
    number
}

/// A good cancel is silent.
pub(super) fn cancel(world: &mut World, to: &Outlet, request: &pb::CancelRealTimeBars) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let known = world.client(to).and_then(|client| client.streams.real_time_bars.remove(&id));
    if known.is_none() {
        to.error(id, 300, format!("Can't find EId with tickerId:{id}"));
    }
}

/// Sends a bar that is over and starts the next, unless the stream is gone.
pub(crate) fn end_bar(world: &mut World, connection: ConnectionId, id: RequestId, number: u64) {
    let now = world.now();
    let Some(client) = world.clients.get_mut(&connection) else { return };
    let Some(stream) = client.streams.real_time_bars.get_mut(&id) else { return };
    if stream.number != number {
        return;
    }
    client.outlet.send(&message(id, stream.bar.bar()));
    stream.bar = stream.bar.next(span_of(now, SIZE).0);
    let to = client.outlet.clone();
    let number = plan(world, &to, id);
    let stream = world.client(&to).and_then(|client| client.streams.real_time_bars.get_mut(&id));
    if let Some(stream) = stream {
        stream.number = number;
    }
}

/// Switches every stream of bars on an instrument off, as after a bust; clients have to ask again (H20).
pub(crate) fn bust(world: &mut World, con_id: ConId) {
    for client in world.clients.values_mut() {
        let to = client.outlet.clone();
        let streams = &mut client.streams;
        let keeps = |id: &RequestId, of: ConId| {
            if of == con_id {
                to.error(*id, 10_225, BUST);
            }
            of != con_id
        };
        streams.real_time_bars.retain(|id, stream| keeps(id, stream.con_id));
        streams.live_bars.retain(|id, live| keeps(id, live.con_id));
    }
}

const BUST: &str = "Bust event occurred, current subscription is deactivated. Please resubscribe                     real-time bars immediately.";

fn message(id: RequestId, bar: Bar) -> pb::RealTimeBarTick {
    let trades = bar.trades;
    let none = || "-1".to_owned();
    pb::RealTimeBarTick {
        req_id: Some(id),
        time: Some(bar.start),
        open: Some(bar.open),
        high: Some(bar.high),
        low: Some(bar.low),
        close: Some(bar.close),
        volume: Some(trades.map_or_else(none, |trades| trades.volume.to_string())),
        wap: Some(trades.map_or_else(none, |trades| trades.wap.to_string())),
        count: Some(trades.map_or(-1, |trades| trades.count)),
    }
}
