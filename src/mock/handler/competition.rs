//! Market data that a session nobody sees has taken (B13): tickers stop with 10197 and go on when it is
//! gone.

use crate::client::{NO_REQUEST, Outlet};
use crate::faults::Quirk;
use crate::wire::Request;
use crate::world::World;

use super::{entitlement, market_data};

const OUTDONE: i32 = 10_197;

/// Stops the tickers of every client the fault concerns now, and lets those of the others go on.
pub(super) fn follow(world: &mut World) {
    for to in world.outlets() {
        let is_outdone = world.faults.is_on(to.client, Quirk::CompetingSession);
        if is_outdone { stop(world, &to) } else { resume(world, &to) }
    }
}

fn stop(world: &mut World, to: &Outlet) {
    let Some(client) = world.client(to) else { return };
    for (id, ticker) in std::mem::take(&mut client.tickers) {
        to.error(id, OUTDONE, entitlement::text(OUTDONE));
        // A snapshot that is refused is over.
        if ticker.snapshot.is_some() {
            to.usage.end(to.connection, id);
        } else {
            client.outdone.insert(id, ticker);
        }
    }
}

fn resume(world: &mut World, to: &Outlet) {
    let Some(client) = world.client(to) else { return };
    let outdone = std::mem::take(&mut client.outdone);
    if !outdone.is_empty() {
        market_data::resume(world, to, outdone);
    }
}

/// Refuses a request for data of a client that is outdone; `true` if it did.
pub(super) fn refuses(world: &World, to: &Outlet, request: &Request) -> bool {
    let is_refused = entitlement::wanted(request).is_some()
        && world.faults.is_on(to.client, Quirk::CompetingSession);
    if is_refused {
        to.error(request.id().unwrap_or(NO_REQUEST), OUTDONE, entitlement::text(OUTDONE));
    }
    is_refused
}
