//! Profit and loss of an account (92, 93) and of one position (94, 95): at once, then on each change.

use crate::client::{NO_REQUEST, Outlet};
use crate::exchange::ConId;
use crate::exchange::number::{double, text};
use crate::wire::pb;
use crate::world::World;

use super::account_updates::double_or_unset;
use super::positions::account_of;

/// Cancelling what is not there.
const NOT_FOUND: (i32, &str) = (10185, "Failed to cancel PNL (not subscribed)");

pub(super) fn subscribe(world: &mut World, to: &Outlet, request: &pb::PnLRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    match account_of(world, request.account()) {
        Err(refusal) => to.error(id, refusal.code, refusal.text),
        Ok(account) => {
            send(world, to, id, &account);
            if let Some(client) = world.client(to) {
                client.pnl.insert(id, account);
            }
        }
    }
}

pub(super) fn cancel(world: &mut World, to: &Outlet, request: &pb::CancelPnL) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let known = world.client(to).and_then(|client| client.pnl.remove(&id));
    if known.is_none() {
        to.error(id, NOT_FOUND.0, NOT_FOUND.1);
    }
}

pub(super) fn subscribe_single(world: &mut World, to: &Outlet, request: &pb::PnLSingleRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let con_id = ConId(request.con_id());
    match account_of(world, request.account()) {
        Err(refusal) => to.error(id, refusal.code, refusal.text),
        Ok(account) => {
            send_single(world, to, id, (&account, con_id));
            if let Some(client) = world.client(to) {
                client.pnl_single.insert(id, (account, con_id));
            }
        }
    }
}

pub(super) fn cancel_single(world: &mut World, to: &Outlet, request: &pb::CancelPnLSingle) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let known = world.client(to).and_then(|client| client.pnl_single.remove(&id));
    if known.is_none() {
        to.error(id, NOT_FOUND.0, NOT_FOUND.1);
    }
}

/// Sends the present figures to everyone who follows the account.
pub(super) fn tell(world: &World, account: &str) {
    for client in world.clients.values() {
        for (id, followed) in &client.pnl {
            if followed == account {
                send(world, &client.outlet, *id, account);
            }
        }
        for (id, (followed, con_id)) in &client.pnl_single {
            if followed == account {
                send_single(world, &client.outlet, *id, (account, *con_id));
            }
        }
    }
}

fn send(world: &World, to: &Outlet, id: i32, account: &str) {
    let Some(pnl) = world.exchange.pnl(account) else { return };
    to.send(&pb::PnL {
        req_id: Some(id),
        daily_pnl: Some(double(pnl.daily)),
        unrealized_pnl: Some(double(pnl.unrealized)),
        realized_pnl: Some(double(pnl.realized)),
    });
}

/// What was never held has only unset figures; what was not closed today has no realized one (A16).
fn send_single(world: &World, to: &Outlet, id: i32, (account, con_id): (&str, ConId)) {
    let valued = world.exchange.valued_one(account, con_id);
    let valued = valued.as_ref();
    let quantity = valued.map(|valued| valued.holding.quantity).unwrap_or_default();
    let realized = valued.and_then(|valued| valued.holding.realized);
    to.send(&pb::PnLSingle {
        req_id: Some(id),
        position: Some(text(quantity)),
        daily_pnl: Some(double_or_unset(
            valued.map(|valued| valued.daily() + realized.unwrap_or_default()),
        )),
        unrealized_pnl: Some(double_or_unset(valued.map(|valued| valued.unrealized()))),
        realized_pnl: Some(double_or_unset(realized)),
        value: Some(double_or_unset(valued.map(|valued| valued.value()))),
    });
}
