//! Account summary (62, 63): rows by tag (A1), one End after the first set, later only what changed
//! and no End (A2, A3).

use crate::client::{NO_REQUEST, Outlet, Summary};
use crate::exchange::account::Rows;
use crate::faults::Quirk;
use crate::wire::pb;
use crate::world::World;

pub(super) fn subscribe(world: &mut World, to: &Outlet, request: &pb::AccountSummaryRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    if let Some((code, text)) = refusal(world, to, request) {
        return to.error(id, code, text);
    }
    let tags: Vec<_> = request.tags().split(',').map(|tag| tag.trim().to_owned()).collect();
    let accounts = match request.group() {
        "" | "All" => world.settings.accounts.clone(),
        one => vec![one.to_owned()],
    };
    let mut summary = Summary { tags, accounts, seen: Default::default() };
    for account in summary.accounts.clone() {
        let rows = rows(world, &account);
        send_changes(to, id, &mut summary, &account, rows);
    }
    to.send(&pb::AccountSummaryEnd { req_id: Some(id) });
    if let Some(client) = world.client(to) {
        client.cancelled_summaries.remove(&id);
        client.summaries.insert(id, summary);
    }
}

fn refusal(
    world: &mut World,
    to: &Outlet,
    request: &pb::AccountSummaryRequest,
) -> Option<(i32, String)> {
    let group = request.group().to_owned();
    if !matches!(group.as_str(), "" | "All") && !world.exchange.has_account(&group) {
        return Some((321, format!("Error validating request. Invalid account group '{group}'")));
    }
    let live = world.client(to).map_or(0, |client| client.summaries.len());
    // (A4)
    let is_full = world.settings.limits.account_summaries.is_some_and(|most| live >= most);
    is_full.then(|| {
        (
            322,
            "Error processing request. Maximum number of account summary requests exceeded".into(),
        )
    })
}

pub(super) fn cancel(world: &mut World, to: &Outlet, request: &pb::CancelAccountSummary) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let Some(client) = world.client(to) else { return };
    client.summaries.remove(&id);
    let is_second = !client.cancelled_summaries.insert(id);
    if is_second && world.faults.has(to.client, Quirk::PoisonedCancel) {
        poison(world, to);
    }
}

/// How many requests a gateway misreads before it gives the connection up (B4).
const MISREADS: u32 = 2;

fn poison(world: &mut World, to: &Outlet) {
    if let Some(client) = world.client(to) {
        client.misreads = MISREADS;
    }
}

/// Sends the rows that changed to everyone who follows the account.
pub(super) fn tell(world: &mut World, account: &str) {
    if world.clients.values().all(|client| client.summaries.is_empty()) {
        return;
    }
    let rows = rows(world, account);
    for client in world.clients.values_mut() {
        for (id, summary) in &mut client.summaries {
            if summary.accounts.iter().any(|followed| followed == account) {
                send_changes(&client.outlet, *id, summary, account, rows.clone());
            }
        }
    }
}

/// The flag that asks for the cash rows: alone in the base currency, else after a colon in one
/// currency or in `ALL`.
const LEDGER: &str = "$LEDGER";
/// The rows it asks for.
pub(super) const LEDGER_TAGS: [&str; 10] = [
    "AccruedCash",
    "CashBalance",
    "Currency",
    "ExchangeRate",
    "FuturesPNL",
    "NetLiquidationByCurrency",
    "RealizedPnL",
    "StockMarketValue",
    "TotalCashBalance",
    "UnrealizedPnL",
];

/// Everything a summary can show of an account: the summary itself and the cash rows.
fn rows(world: &World, account: &str) -> Rows {
    let mut rows = world.exchange.updates(account);
    rows.retain(|(tag, _), _| LEDGER_TAGS.contains(&tag.as_str()));
    rows.extend(world.exchange.summary(account));
    rows
}

/// Whether a summary with these tags shows a row.
fn shows(tags: &[String], tag: &str, currency: &str) -> bool {
    tags.iter().any(|asked| match asked.strip_prefix(LEDGER) {
        None => asked == tag && !(currency == "BASE" && LEDGER_TAGS.contains(&tag)),
        Some(_) if !LEDGER_TAGS.contains(&tag) => false,
        Some("") => currency == "BASE",
        Some(":ALL") => true,
        Some(one) => one.strip_prefix(':') == Some(currency),
    })
}

fn send_changes(to: &Outlet, id: i32, summary: &mut Summary, account: &str, rows: Rows) {
    let seen = summary.seen.entry(account.to_owned()).or_default();
    for ((tag, currency), value) in &rows {
        let key = (tag.clone(), currency.clone());
        if shows(&summary.tags, tag, currency) && seen.get(&key) != Some(value) {
            to.send(&pb::AccountSummary {
                req_id: Some(id),
                account: Some(account.to_owned()),
                tag: Some(tag.clone()),
                value: Some(value.clone()),
                currency: Some(currency.clone()),
            });
        }
    }
    *seen = rows;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_the_ledger_flag_asks_for_cash_rows_by_currency() {
        let cases = [
            ("$LEDGER", "CashBalance", "BASE", true),
            ("$LEDGER", "CashBalance", "USD", false),
            ("$LEDGER:USD", "CashBalance", "USD", true),
            ("$LEDGER:ALL", "CashBalance", "USD", true),
            ("$LEDGER:ALL", "NetLiquidation", "USD", false),
            ("NetLiquidation", "NetLiquidation", "USD", true),
            ("NetLiquidation", "CashBalance", "USD", false),
            ("AccruedCash", "AccruedCash", "USD", true),
            ("AccruedCash", "AccruedCash", "BASE", false),
        ];

        for (asked, tag, currency, expected) in cases {
            let tags = [asked.to_owned()];
            assert_eq!(shows(&tags, tag, currency), expected, "{asked} {tag} {currency}");
        }
    }
}
