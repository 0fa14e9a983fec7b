//! Past ticks (96, 107): trades, quotes or middles, one frame (T4, T5).

use crate::client::{NO_REQUEST, Outlet};
use crate::exchange::ConId;
use crate::exchange::past_ticks::{self, From, TickQuery};
use crate::exchange::refusal::Refusal;
use crate::streams::{TickByTick, TickByTickKind};
use crate::wire::pb;
use crate::world::World;

use super::contract;
use super::history::End;
use super::tick_by_tick;

/// No request may ask for more.
const MOST: i32 = 1_000;

pub(super) fn answer(world: &mut World, to: &Outlet, request: &pb::HistoricalTicksRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    match resolve(world, request) {
        Ok(wanted) => send(world, to, id, &wanted),
        Err(refusal) => to.error(id, refusal.code, refusal.text),
    }
}

/// The last ticks there were, before a stream of new ones starts.
pub(super) fn send_latest(
    world: &mut World,
    to: &Outlet,
    id: i32,
    stream: &TickByTick,
    count: i32,
) {
    if let Some(count) = usize::try_from(count).ok().filter(|count| *count > 0) {
        let now = world.now();
        let query = query(world, From::End(now + 1), count, now);
        send(world, to, id, &Wanted { con_id: stream.con_id, kind: stream.kind, query });
    }
}

/// Which ticks a request is for.
struct Wanted {
    con_id: ConId,
    kind: TickByTickKind,
    query: TickQuery,
}

fn query(world: &World, from: From, count: usize, now: i64) -> TickQuery {
    TickQuery { from, count, is_regular: false, opened: world.exchange.opened, now }
}

fn resolve(world: &World, request: &pb::HistoricalTicksRequest) -> Result<Wanted, Refusal> {
    let con_id = contract::resolve(world, request.contract.as_ref())?;
    let invalid = |cause: &str| Refusal::new(321, format!("Error validating request. {cause}"));
    let kind = match request.what_to_show() {
        "TRADES" => TickByTickKind::Last,
        "BID_ASK" => TickByTickKind::BidAsk,
        "MIDPOINT" => TickByTickKind::MidPoint,
        _ => return Err(invalid("Incorrect 'what to show'")),
    };
    let count = request.number_of_ticks();
    if !(1..=MOST).contains(&count) {
        return Err(invalid("Number of ticks should be between 1 and 1000"));
    }
    let now = world.now();
    let from = from(request.start_date_time(), request.end_date_time(), now)?;
    let count = usize::try_from(count).unwrap_or_default();
    let is_regular = request.use_rth();
    let query = TickQuery { is_regular, ..query(world, from, count, now) };
    Ok(Wanted { con_id, kind, query })
}

/// One end is needed, and one is enough; a start that is still to come has nothing behind it (T5).
fn from(start: &str, end: &str, now: i64) -> Result<From, Refusal> {
    let failed =
        |cause: &str| Refusal::new(10_187, format!("Failed to request historical ticks:{cause}"));
    match (start, end) {
        ("", "") => Err(failed("neither a start nor an end is given")),
        ("", end) => Ok(From::End(End::parse(end)?.moment)),
        (start, _) => match End::parse(start)?.moment {
            start if start > now => Err(failed("the start is in the future")),
            start => Ok(From::Start(start)),
        },
    }
}

fn send(world: &mut World, to: &Outlet, id: i32, wanted: &Wanted) {
    let Wanted { con_id, kind, query } = *wanted;
    let seed = world.exchange.seed;
    let Some(instrument) = world.exchange.listing.get(con_id).cloned() else { return };
    let tape = world.exchange.tape(con_id);
    let (req_id, is_done) = (Some(id), Some(true));
    match kind {
        TickByTickKind::Last | TickByTickKind::AllLast => {
            let found = past_ticks::prints(&instrument, seed, tape, query);
            let ticks = found.iter().map(tick_by_tick::last).collect();
            to.send(&pb::HistoricalTicksLast { req_id, historical_ticks_last: ticks, is_done });
        }
        TickByTickKind::BidAsk => {
            let found = past_ticks::sides(&instrument, seed, tape, query);
            let historical_ticks_bid_ask = found.iter().map(tick_by_tick::bid_ask).collect();
            to.send(&pb::HistoricalTicksBidAsk { req_id, historical_ticks_bid_ask, is_done });
        }
        TickByTickKind::MidPoint => {
            let found = past_ticks::sides(&instrument, seed, tape, query);
            let historical_ticks = found.iter().filter_map(tick_by_tick::mid_point).collect();
            to.send(&pb::HistoricalTicks { req_id, historical_ticks, is_done });
        }
    }
}
