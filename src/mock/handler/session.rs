//! What belongs to the connection itself: the welcome, ids, accounts of the login, the time.

use crate::client::{Due, Outlet};
use crate::faults::Quirk;
use crate::wire::pb;
use crate::world::World;

use super::farms;

/// What every client is sent after START_API, in this order (S1).
pub(crate) fn welcome(world: &mut World, to: &Outlet) {
    managed_accounts(world, to);
    next_valid_id(world, to);
    let late = world.faults.quirk(to.client, |quirk| match quirk {
        Quirk::LateFarms(after) => Some(after),
        _ => None,
    });
    match (late, world.client(to)) {
        (Some(after), Some(client)) => {
            client.awaits_farms = true;
            world.schedule.plan(after, Due::Farms(to.connection));
        }
        _ => farms::welcome(world, to),
    }
    super::order_reports::replay(world, to);
}

pub(super) fn managed_accounts(world: &World, to: &Outlet) {
    let list = world.settings.accounts.join(",");
    to.send(&pb::ManagedAccounts { accounts_list: Some(list) });
}

/// The argument of the request is ignored (I3).
pub(super) fn next_valid_id(world: &World, to: &Outlet) {
    let next = world.exchange.book.next_id(to.client).0;
    let told =
        world.faults.id_rollback(to.client).map_or(next, |by| next.saturating_sub(by).max(1));
    to.send(&pb::NextValidId { order_id: Some(told) });
}

/// The time of the market.
pub(super) fn current_time(world: &World, to: &Outlet) {
    to.send(&pb::CurrentTime { current_time: Some(world.now()) });
}

pub(super) fn current_time_in_millis(world: &World, to: &Outlet) {
    to.send(&pb::CurrentTimeInMillis { current_time_in_millis: Some(world.time.millis()) });
}
