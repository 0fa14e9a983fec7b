//! Coded notices of the gateway and what comes with them: the welcome of the farms, companions of an
//! outage, streams that die in silence, the end of the socket.

use crate::client::{Client, ConnectionId, NO_REQUEST, Outlet, RequestId};
use crate::exchange::ClientId;
use crate::faults::{Ending, Piece, Quirk};
use crate::notices;
use crate::world::World;

use super::depth;

const NO_MARKET: i32 = 2103;
const NO_HISTORY: i32 = 2105;
const NO_LINK: i32 = 1100;
const LINK_KEPT: i32 = 1102;
const NEW_PORT: i32 = 1300;

/// Tells a new client of every farm (S2, S5).
pub(super) fn welcome(world: &World, to: &Outlet) {
    for code in notices::farms(world.has_idle_history_farm) {
        to.error(NO_REQUEST, code, notices::text(code));
    }
}

/// The farms a client waited for are up; it is served from now on (S12).
pub(crate) fn welcome_late(world: &mut World, connection: ConnectionId) {
    let Some(client) = world.clients.get_mut(&connection) else { return };
    client.awaits_farms = false;
    let to = client.outlet.clone();
    welcome(world, &to);
}

/// Sends a coded notice to one client or to all, with what comes with it.
pub(crate) fn notify(world: &mut World, code: i32, client: Option<ClientId>) {
    let concerned = |outlet: &Outlet| client.is_none_or(|client| client == outlet.client);
    for to in world.outlets().into_iter().filter(concerned) {
        precede(world, &to, code);
        to.error(NO_REQUEST, code, notices::text(code));
        follow(world, &to, code);
    }
}

fn precede(world: &mut World, to: &Outlet, code: i32) {
    let breaks = matches!(code, NO_MARKET | NO_HISTORY);
    if breaks && world.faults.has(to.client, Quirk::FarmCompanions) {
        accompany(world, to, code);
    }
}

fn follow(world: &mut World, to: &Outlet, code: i32) {
    let has = |quirk| world.faults.has(to.client, quirk);
    match code {
        NO_MARKET | NO_HISTORY | NO_LINK if has(Quirk::SilentStreams) => silence(world, to, code),
        LINK_KEPT if has(Quirk::ForgottenSummary) => forget_summaries(world, to),
        // The socket of a port that is given up goes with it (C10).
        NEW_PORT => to.outbox.push_pieces(vec![Piece::End(Ending::Closed)]),
        _ => {}
    }
}

/// What hangs on a farm is told first (C9).
fn accompany(world: &mut World, to: &Outlet, code: i32) {
    if code == NO_MARKET {
        return depth::reset_of(world, to.connection);
    }
    let Some(client) = world.client(to) else { return };
    for id in std::mem::take(&mut client.streams.live_bars).into_keys() {
        to.error(id, 10_182, DISCONNECTED);
    }
}

const DISCONNECTED: &str = "Failed to request live updates (disconnected).";

/// Account summaries did not survive an outage in practice; their clients ask again (C8).
fn forget_summaries(world: &mut World, to: &Outlet) {
    let Some(client) = world.client(to) else { return };
    for id in std::mem::take(&mut client.summaries).into_keys() {
        to.usage.end(to.connection, id);
    }
}

/// Takes streams away without a word and keeps their ids (C6, H18).
fn silence(world: &mut World, to: &Outlet, code: i32) {
    let Some(client) = world.client(to) else { return };
    let ids = ids_that_stop(client, code);
    for id in &ids {
        to.usage.end(to.connection, *id);
    }
    client.silent.extend(ids);
}

/// Bars that keep up to date stop with any of them, ticks and real-time bars with their own farm.
fn ids_that_stop(client: &mut Client, code: i32) -> Vec<RequestId> {
    let streams = &mut client.streams;
    let mut ids: Vec<_> = std::mem::take(&mut streams.live_bars).into_keys().collect();
    if code == NO_MARKET {
        ids.extend(std::mem::take(&mut streams.real_time_bars).into_keys());
        ids.extend(std::mem::take(&mut streams.tick_by_tick).into_keys());
        ids.extend(std::mem::take(&mut client.tickers).into_keys());
    }
    ids
}
