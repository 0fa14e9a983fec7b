//! Positions (61, 64) and their multi form (74, 75): all rows and one End, later single rows as they
//! change (A9); a closed position is an explicit zero (A14).

use rust_decimal::Decimal;

use crate::client::{NO_REQUEST, Outlet};
use crate::exchange::ConId;
use crate::exchange::account::Valued;
use crate::exchange::ledger::Holding;
use crate::exchange::number::{double, text};
use crate::exchange::refusal::Refusal;
use crate::faults::OrderFault;
use crate::wire::pb;
use crate::world::World;

use super::contract;

pub(super) fn subscribe(world: &mut World, to: &Outlet) {
    for account in &world.settings.accounts {
        for valued in open(world, account) {
            to.send(&row(account, &valued, shown_cost(world, to, &valued)));
        }
    }
    to.send(&pb::PositionEnd {});
    if let Some(client) = world.client(to) {
        client.has_positions = true;
    }
}

pub(super) fn cancel(world: &mut World, to: &Outlet) {
    if let Some(client) = world.client(to) {
        client.has_positions = false;
    }
}

pub(super) fn subscribe_multi(world: &mut World, to: &Outlet, request: &pb::PositionsMultiRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let account = match account_of(world, request.account()) {
        Ok(account) => account,
        Err(refusal) => return to.error(id, refusal.code, refusal.text),
    };
    for valued in open(world, &account) {
        let cost = shown_cost(world, to, &valued);
        to.send(&multi_row(id, (&account, &valued), cost));
    }
    to.send(&pb::PositionMultiEnd { req_id: Some(id) });
    if let Some(client) = world.client(to) {
        client.positions_multi.insert(id, account);
    }
}

pub(super) fn cancel_multi(world: &mut World, to: &Outlet, request: &pb::CancelPositionsMulti) {
    if let Some(client) = world.client(to) {
        client.positions_multi.remove(&request.req_id.unwrap_or(NO_REQUEST));
    }
}

/// Sends a position that moved to everyone who follows positions.
pub(super) fn tell(world: &World, account: &str, con_id: ConId) {
    tell_without(world, account, con_id, Decimal::ZERO);
}

/// As [`tell`], with a cost that a commission is not in yet (A12).
pub(super) fn tell_without(world: &World, account: &str, con_id: ConId, commission: Decimal) {
    let Some(valued) = world.exchange.valued_one(account, con_id) else { return };
    let holding = Holding { cost: valued.holding.cost - commission, ..valued.holding.clone() };
    let valued = Valued { holding: &holding, ..valued };
    for client in world.clients.values() {
        let cost = shown_cost(world, &client.outlet, &valued);
        if client.has_positions {
            client.outlet.send(&row(account, &valued, cost));
        }
        for (id, _) in client.positions_multi.iter().filter(|(_, followed)| *followed == account) {
            client.outlet.send(&multi_row(*id, (account, &valued), cost));
        }
    }
}

/// The account a request names; a login of one account need not name it (A8).
pub(super) fn account_of(world: &World, name: &str) -> Result<String, Refusal> {
    match (name, world.settings.accounts.as_slice()) {
        ("", [only]) => Ok(only.clone()),
        ("", _) => Err(invalid_account("The account code is required for this operation.")),
        (name, _) if world.exchange.has_account(name) => Ok(name.to_owned()),
        _ => Err(invalid_account(&format!("Invalid account code '{name}'."))),
    }
}

fn invalid_account(cause: &str) -> Refusal {
    Refusal::new(321, format!("Error validating request.-'bW' : cause - {cause}"))
}

fn open<'a>(world: &'a World, account: &str) -> impl Iterator<Item = Valued<'a>> {
    world.exchange.valued(account).filter(|valued| !valued.holding.quantity.is_zero())
}

/// The average cost, or where a fault says so the middle of a quote whose missing side counts as -1
/// (B15).
fn shown_cost(world: &World, to: &Outlet, valued: &Valued<'_>) -> f64 {
    let quote = world.exchange.quote(valued.instrument.con_id);
    let half = quote.and_then(|quote| quote.bid.xor(quote.ask));
    let half = half.filter(|_| world.faults.strikes_order(to.client, &OrderFault::HalfQuoteCost));
    double(half.map_or_else(
        || valued.holding.average_cost(),
        |side| (side - Decimal::ONE) / Decimal::TWO * valued.instrument.multiplier,
    ))
}

fn row(account: &str, valued: &Valued<'_>, cost: f64) -> pb::Position {
    pb::Position {
        account: Some(account.to_owned()),
        contract: Some(contract::held(valued.instrument)),
        position: Some(text(valued.holding.quantity)),
        avg_cost: Some(cost),
    }
}

fn multi_row(id: i32, (account, valued): (&str, &Valued<'_>), cost: f64) -> pb::PositionMulti {
    pb::PositionMulti {
        req_id: Some(id),
        account: Some(account.to_owned()),
        contract: Some(contract::held(valued.instrument)),
        position: Some(text(valued.holding.quantity)),
        avg_cost: Some(cost),
        model_code: Some(String::new()),
    }
}
