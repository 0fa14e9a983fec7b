//! Account updates (6) and their multi form (76, 77): a full set of values and portfolio rows with
//! one End, later what changed.

use time::OffsetDateTime;

use crate::client::{Client, NO_REQUEST, Outlet};
use crate::exchange::ConId;
use crate::exchange::account::{Rows, Valued};
use crate::exchange::number::{double, text};
use crate::faults::{Faults, Quirk};
use crate::notices;
use crate::wire::{UNSET_DOUBLE, pb};
use crate::world::World;

use super::contract;
use super::positions::account_of;
use super::summary::LEDGER_TAGS;

pub(super) fn subscribe(world: &mut World, to: &Outlet, request: &pb::AccountDataRequest) {
    if !request.subscribe() {
        if let Some(client) = world.client(to) {
            client.updates = None;
        }
        return;
    }
    match account_of(world, request.acct_code()) {
        Err(refusal) => to.error(NO_REQUEST, refusal.code, refusal.text),
        Ok(account) => start(world, to, account),
    }
}

/// One account is followed at a time; another one takes its place (A5).
fn start(world: &mut World, to: &Outlet, account: String) {
    const REPLACED: i32 = 2100;
    let rows = rows_of(world, &account);
    let Some(client) = world.client(to) else { return };
    let followed = client.updates.replace((account.clone(), rows.clone()));
    if followed.is_some_and(|(other, _)| other != account) {
        to.error(NO_REQUEST, REPLACED, notices::text(REPLACED));
    }
    send_values(to, &account, &Rows::new(), &rows);
    for valued in world.exchange.valued(&account) {
        to.send(&portfolio_row(&world.faults, to, (&account, &valued)));
    }
    to.send(&time_of_day(world.now()));
    to.send(&pb::AccountDataEnd { account_name: Some(account) });
}

pub(super) fn subscribe_multi(
    world: &mut World,
    to: &Outlet,
    request: &pb::AccountUpdatesMultiRequest,
) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let account = match account_of(world, request.account()) {
        Ok(account) => account,
        Err(refusal) => return to.error(id, refusal.code, refusal.text),
    };
    let rows = rows_of(world, &account);
    send_multi(to, id, &account, &Rows::new(), &rows);
    to.send(&pb::AccountUpdateMultiEnd { req_id: Some(id) });
    if let Some(client) = world.client(to) {
        client.updates_multi.insert(id, (account, rows));
    }
}

pub(super) fn cancel_multi(
    world: &mut World,
    to: &Outlet,
    request: &pb::CancelAccountUpdatesMulti,
) {
    if let Some(client) = world.client(to) {
        client.updates_multi.remove(&request.req_id.unwrap_or(NO_REQUEST));
    }
}

/// Sends what changed to everyone who follows the account: the row of the position that moved, or
/// every row when only prices moved, then the values (A6, A13).
pub(super) fn tell(world: &mut World, account: &str, moved: Option<ConId>) {
    if !world.clients.values().any(|client| follows(client, account)) {
        return;
    }
    let now = world.now();
    let rows = rows_of(world, account);
    let of_interest = |valued: &Valued<'_>| moved.is_none_or(|id| id == valued.instrument.con_id);
    let portfolio: Vec<_> = world.exchange.valued(account).filter(of_interest).collect();
    for client in world.clients.values_mut() {
        let to = &client.outlet;
        if let Some((_, seen)) = client.updates.as_mut().filter(|(name, _)| name == account) {
            for valued in &portfolio {
                to.send(&portfolio_row(&world.faults, to, (account, valued)));
            }
            send_values(to, account, seen, &rows);
            seen.clone_from(&rows);
            to.send(&time_of_day(now));
        }
        for (id, (_, seen)) in client.updates_multi.iter_mut().filter(|(_, (n, _))| n == account) {
            send_multi(to, *id, account, seen, &rows);
            seen.clone_from(&rows);
        }
    }
}

/// The rows of an account as the profile's gateway names them. With the prefix the accrued cash of
/// the account as a whole and that of its base currency stand beside each other.
fn rows_of(world: &World, account: &str) -> Rows {
    let rows = world.exchange.updates(account);
    if !world.settings.profile.prefixes_ledger {
        return rows;
    }
    let named = |((tag, currency), value): ((String, String), String)| {
        let is_ledger = LEDGER_TAGS.contains(&tag.as_str());
        let tag = if is_ledger { format!("$LEDGER-{tag}") } else { tag };
        ((tag, currency), value)
    };
    let mut named: Rows = rows.into_iter().map(named).collect();
    let of_account =
        |(tag, _): &(String, String)| tag == "AccruedCash" || !LEDGER_TAGS.contains(&tag.as_str());
    named.extend(world.exchange.summary(account).into_iter().filter(|(key, _)| of_account(key)));
    named
}

fn follows(client: &Client, account: &str) -> bool {
    client.updates.iter().chain(client.updates_multi.values()).any(|(name, _)| name == account)
}

fn send_values(to: &Outlet, account: &str, seen: &Rows, rows: &Rows) {
    for ((key, currency), value) in changed(seen, rows) {
        to.send(&pb::AccountValue {
            key: Some(key.clone()),
            value: Some(value.clone()),
            currency: Some(currency.clone()),
            account_name: Some(account.to_owned()),
        });
    }
}

fn send_multi(to: &Outlet, id: i32, account: &str, seen: &Rows, rows: &Rows) {
    for ((key, currency), value) in changed(seen, rows) {
        to.send(&pb::AccountUpdateMulti {
            req_id: Some(id),
            account: Some(account.to_owned()),
            model_code: Some(String::new()),
            key: Some(key.clone()),
            value: Some(value.clone()),
            currency: Some(currency.clone()),
        });
    }
}

fn changed<'a>(
    seen: &'a Rows,
    rows: &'a Rows,
) -> impl Iterator<Item = (&'a (String, String), &'a String)> {
    rows.iter().filter(|(key, value)| seen.get(*key) != Some(*value))
}

/// Without the data there is no price, value and cost (A17).
fn portfolio_row(
    faults: &Faults,
    to: &Outlet,
    (account, valued): (&str, &Valued<'_>),
) -> pb::PortfolioValue {
    let row = row(account, valued);
    if !faults.is_on(to.client, Quirk::MissingMarks) {
        return row;
    }
    let unset = Some(UNSET_DOUBLE);
    pb::PortfolioValue { market_price: unset, market_value: unset, average_cost: unset, ..row }
}

fn row(account: &str, valued: &Valued<'_>) -> pb::PortfolioValue {
    let holding = valued.holding;
    pb::PortfolioValue {
        contract: Some(contract::in_portfolio(valued.instrument)),
        position: Some(text(holding.quantity)),
        market_price: Some(double(valued.mark)),
        market_value: Some(double(valued.value())),
        average_cost: Some(double(holding.average_cost())),
        unrealized_pnl: Some(double(valued.unrealized())),
        realized_pnl: Some(double(holding.realized.unwrap_or_default())),
        account_name: Some(account.to_owned()),
    }
}

/// The time of day in UTC of an epoch second on the market's clock.
fn time_of_day(now: i64) -> pb::AccountUpdateTime {
    let now = OffsetDateTime::from_unix_timestamp(now).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    pb::AccountUpdateTime { time_stamp: Some(format!("{:02}:{:02}", now.hour(), now.minute())) }
}

/// Shared by P&L messages: unset where there is no figure.
pub(super) fn double_or_unset(value: Option<rust_decimal::Decimal>) -> f64 {
    value.map_or(UNSET_DOUBLE, double)
}
