//! What belongs to the connection itself: the welcome, ids, accounts of the login, the time.

use crate::client::{NO_REQUEST, Outlet};
use crate::notices;
use crate::wire::pb;
use crate::world::World;

/// What every client is sent after START_API, in this order (S1).
pub(crate) fn welcome(world: &World, to: &Outlet) {
    managed_accounts(world, to);
    next_valid_id(world, to);
    for code in notices::farms(world.has_idle_history_farm) {
        to.error(NO_REQUEST, code, notices::text(code));
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
