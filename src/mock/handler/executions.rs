//! Executions and their commissions: as they happen, and for a query (7).

use time::{Date, Duration};

use crate::client::{NO_REQUEST, Outlet};
use crate::exchange::combo::COMBO;
use crate::exchange::deadlines::day_of;
use crate::exchange::ledger::BASE_CURRENCY;
use crate::exchange::number::{double, text};
use crate::exchange::{ClientId, Execution};
use crate::faults::OrderFault;
use crate::wire::{UNSET_DOUBLE, UNSET_INT, pb};
use crate::world::World;

use super::contract;
use super::order_reports::{local_stamp, shown_client};

/// Sends a fill to the client that placed the order, under no request (E1).
pub(super) fn tell(world: &World, execution: &Execution) {
    for to in world.audience_of(execution.key) {
        send_details(world, &to, NO_REQUEST, execution);
    }
}

/// Sends a fill's commission to the client that placed the order and to the master client (E11).
pub(super) fn tell_commission(world: &World, execution: &Execution) {
    for to in world.audience_of(execution.key) {
        let report = commission(world, execution);
        match world.faults.commission_delay(to.client) {
            None => to.send(&report),
            Some(delay) => {
                to.send(&pending(report.clone()));
                to.send_after(delay, &report);
            }
        }
    }
}

/// A commission that is not known yet: -1, and nothing is realized (E9).
fn pending(report: pb::CommissionAndFeesReport) -> pb::CommissionAndFeesReport {
    pb::CommissionAndFeesReport {
        commission_and_fees: Some(-1.0),
        realized_pnl: Some(UNSET_DOUBLE),
        ..report
    }
}

/// The fills that pass the filter with their commissions between them, then the End (E1).
pub(super) fn answer(world: &World, to: &Outlet, request: &pb::ExecutionRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let filter = request.execution_filter.clone().unwrap_or_default();
    let days = Days::of(&filter, day_of(world.now()));
    let mut is_empty = true;
    for execution in &world.exchange.executions {
        let is_recent = days.contains(day_of(execution.time)) && !execution.is_replaced;
        if is_recent && passes(&filter, execution, &contract_of(world, execution)) {
            is_empty = false;
            send_details(world, to, id, execution);
            // Commissions are those of the legs.
            if execution.con_id != COMBO {
                to.send(&commission(world, execution));
            }
        }
    }
    if !(is_empty && world.faults.strikes_order(to.client, &OrderFault::EmptyWithoutEnd)) {
        to.send(&pb::ExecutionDetailsEnd { req_id: Some(id) });
    }
}

/// The days a query covers: today, unless it names more (E3).
struct Days {
    first: Date,
    last: Date,
    /// `YYYYMMDD` numbers; empty if the range decides.
    named: Vec<i32>,
}

impl Days {
    /// No more than a week is kept.
    const MOST: i32 = 7;

    fn of(filter: &pb::ExecutionFilter, today: Date) -> Self {
        let asked = filter.last_n_days.filter(|days| *days != UNSET_INT);
        let back = asked.unwrap_or(0).clamp(0, Self::MOST);
        let first = today.saturating_sub(Duration::days(back.into()));
        Self { first, last: today, named: filter.specific_dates.clone() }
    }

    fn contains(&self, date: Date) -> bool {
        let number = date.year() * 10_000 + i32::from(u8::from(date.month())) * 100;
        match self.named.is_empty() {
            true => self.first <= date && date <= self.last,
            false => self.named.contains(&(number + i32::from(date.day()))),
        }
    }
}

fn passes(filter: &pb::ExecutionFilter, execution: &Execution, shown: &Shown) -> bool {
    let is = |asked: &str, is: &str| asked.is_empty() || asked.eq_ignore_ascii_case(is);
    let side = filter.side();
    let client = ClientId(filter.client_id());
    (client == ClientId(0) || client == execution.key.client)
        && is(filter.acct_code(), &execution.account)
        && is(filter.symbol(), shown.contract.symbol())
        && is(filter.sec_type(), shown.contract.sec_type())
        && (is(filter.exchange(), &shown.venue) || filter.exchange() == "SMART")
        && (is(side, execution.action.side()) || is(side, execution.action.code()))
        && is_since(filter.time(), execution)
}

/// The filter's time is compared as written: both are local stamps of one form.
fn is_since(time: &str, execution: &Execution) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    digits(time) <= digits(&local_stamp(execution.time))
}

/// What an execution is shown to be of, and where it took place.
struct Shown {
    contract: pb::Contract,
    venue: String,
}

/// The execution of a combination is shown with the contract its client described, but without the
/// legs (O56).
fn contract_of(world: &World, execution: &Execution) -> Shown {
    if let Some(instrument) = world.exchange.listing.get(execution.con_id) {
        let contract = contract::ordered(instrument, instrument.route());
        return Shown { contract, venue: instrument.primary_exchange.clone() };
    }
    let wording = world.wordings.get(&execution.perm_id).cloned().unwrap_or_default();
    let contract = pb::Contract { combo_legs: Vec::new(), ..wording.contract };
    Shown { venue: contract.exchange().to_owned(), contract }
}

fn send_details(world: &World, to: &Outlet, id: i32, execution: &Execution) {
    let shown = contract_of(world, execution);
    to.send(&pb::ExecutionDetails {
        req_id: Some(id),
        contract: Some(shown.contract),
        execution: Some(details(execution, shown.venue)),
    });
}

/// The exchange is the venue of the fill, never SMART (E5).
fn details(execution: &Execution, venue: String) -> pb::Execution {
    pb::Execution {
        // Executions of orders entered by hand have no order id (I9).
        order_id: Some(if execution.key.is_manual() { UNSET_INT } else { execution.key.order.0 }),
        exec_id: Some(execution.exec_id.clone()),
        time: Some(local_stamp(execution.time)),
        acct_number: Some(execution.account.clone()),
        exchange: Some(venue),
        side: Some(execution.action.side().to_owned()),
        shares: Some(text(execution.quantity)),
        price: Some(double(execution.price)),
        perm_id: Some(execution.perm_id.0),
        client_id: Some(shown_client(execution.key)),
        is_liquidation: Some(false),
        cum_qty: Some(text(execution.cumulative)),
        avg_price: Some(double(execution.average_price)),
        order_ref: Some(execution.order_ref.clone()),
        last_liquidity: Some(2),
        is_price_revision_pending: Some(false),
        ..Default::default()
    }
}

/// Nothing is realized by a trade that only opens: the unset double (E6).
fn commission(world: &World, execution: &Execution) -> pb::CommissionAndFeesReport {
    let instrument = world.exchange.listing.get(execution.con_id);
    let currency = instrument.map_or(BASE_CURRENCY, |found| &found.currency);
    pb::CommissionAndFeesReport {
        exec_id: Some(execution.exec_id.clone()),
        commission_and_fees: Some(double(execution.commission)),
        currency: Some(currency.to_owned()),
        realized_pnl: Some(execution.realized.map_or(UNSET_DOUBLE, double)),
        bond_yield: Some(UNSET_DOUBLE),
        // Clients read it as a number when present.
        yield_redemption_date: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn test_a_query_covers_today_unless_it_asks_for_more() {
        let filter = |last_n_days: Option<i32>, specific_dates: &[i32]| pb::ExecutionFilter {
            last_n_days,
            specific_dates: specific_dates.to_vec(),
            ..Default::default()
        };
        let (today, yesterday) = (date!(2026 - 11 - 21), date!(2026 - 11 - 20));
        let cases = [
            (filter(None, &[]), today, true),
            (filter(None, &[]), yesterday, false),
            (filter(Some(UNSET_INT), &[]), yesterday, false),
            (filter(Some(1), &[]), yesterday, true),
            (filter(Some(100), &[]), date!(2026 - 11 - 13), false),
            (filter(None, &[20_261_120]), yesterday, true),
            (filter(None, &[20_261_120]), today, false),
        ];

        for (filter, date, expected) in cases {
            assert_eq!(Days::of(&filter, today).contains(date), expected, "{filter:?} {date}");
        }
    }
}
