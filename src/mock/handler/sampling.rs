//! Quotes as IB samples them: changes gather until the next sample, which shows the newest values (M13).

use std::time::Duration;

use crate::client::{ConnectionId, Due, RequestId};
use crate::exchange::{ConId, SecurityKind};
use crate::world::World;

use super::ticks::{self, Parts};

/// How far samples are apart.
const fn interval(kind: SecurityKind) -> Duration {
    match kind {
        SecurityKind::Cash => Duration::from_millis(5),
        SecurityKind::Option | SecurityKind::FutureOption => Duration::from_millis(100),
        SecurityKind::Stock
        | SecurityKind::Future
        | SecurityKind::Index
        | SecurityKind::Bond
        | SecurityKind::Crypto
        | SecurityKind::Fund
        | SecurityKind::Cfd
        | SecurityKind::Warrant => Duration::from_millis(250),
    }
}

/// Keeps changes for the next sample of every ticker of an instrument.
pub(super) fn hold(world: &mut World, con_id: ConId, parts: Parts) {
    let Some(kind) = world.exchange.listing.get(con_id).map(|instrument| instrument.kind) else {
        return;
    };
    for (connection, client) in &mut world.clients {
        for (id, ticker) in client.tickers.iter_mut().filter(|(_, one)| one.con_id == con_id) {
            if ticker.held.is_none() {
                world.schedule.plan(interval(kind), Due::Sample(*connection, *id));
            }
            ticker.held = Some(ticker.held.map_or(parts, |held| held.and(parts)));
        }
    }
}

/// Sends what gathered, as it is now; nothing if the ticker is gone.
pub(crate) fn send(world: &mut World, connection: ConnectionId, id: RequestId) {
    let Some(client) = world.clients.get_mut(&connection) else { return };
    let Some(ticker) = client.tickers.get_mut(&id) else { return };
    let Some(parts) = ticker.held.take().filter(|_| !ticker.mode.is_frozen()) else { return };
    if let Some(quote) = world.exchange.quote(ticker.con_id) {
        ticks::send(&client.outlet, id, &mut ticks::ticks(quote, parts, ticker.mode.is_delayed()));
    }
}
