//! Contracts in messages: the two common orders of their fields, legs, the delta-neutral part.

use super::{Tape, lay};
use crate::wire::pb;

/// As requests describe a contract: twelve fields.
pub(super) fn described(tape: &mut Tape<'_>, contract: &mut Option<pb::Contract>) {
    let contract = contract.get_or_insert_default();
    lay!(tape, contract =>
        int con_id, text symbol, text sec_type, text last_trade_date_or_contract_month,
        strike strike, text right, maybe_double multiplier, text exchange, text primary_exch,
        text currency, text local_symbol, text trading_class);
}

/// As replies show a contract: eleven fields, without the primary exchange.
pub(super) fn shown(tape: &mut Tape<'_>, contract: &mut Option<pb::Contract>) {
    let contract = contract.get_or_insert_default();
    lay!(tape, contract =>
        int con_id, text symbol, text sec_type, text last_trade_date_or_contract_month,
        strike strike, text right, maybe_double multiplier, text exchange, text currency,
        text local_symbol, text trading_class);
}

/// As orders echo a contract: as [`shown`], but with a question mark for no right.
pub(super) fn echoed(tape: &mut Tape<'_>, contract: &mut Option<pb::Contract>) {
    let contract = contract.get_or_insert_default();
    lay!(tape, contract =>
        int con_id, text symbol, text sec_type, text last_trade_date_or_contract_month,
        strike strike, right_or_unknown right, maybe_double multiplier, text exchange,
        text currency, text local_symbol, text trading_class);
}

/// Whether a contract is a combination, whose legs then follow.
pub(super) fn is_combination(contract: &Option<pb::Contract>) -> bool {
    contract.as_ref().is_some_and(|contract| contract.sec_type() == "BAG")
}

/// A combination's legs as data requests list them.
pub(super) fn legs(tape: &mut Tape<'_>, contract: &mut Option<pb::Contract>) {
    if is_combination(contract) {
        let contract = contract.get_or_insert_default();
        tape.list("combo_legs", &mut contract.combo_legs, leg);
    }
}

fn leg(tape: &mut Tape<'_>, leg: &mut pb::ComboLeg) {
    lay!(tape, leg => int con_id, int ratio, text action, text exchange);
}

/// A combination's legs as orders list them, then the price of each if any has one.
pub(super) fn priced_legs(tape: &mut Tape<'_>, contract: &mut pb::Contract) {
    tape.list("combo_legs", &mut contract.combo_legs, |tape, item| {
        leg(tape, item);
        lay!(tape, item =>
            int open_close, int short_sales_slot, text designated_location,
            int_or_minus_one exempt_code);
    });
    leg_prices(tape, &mut contract.combo_legs);
}

fn leg_prices(tape: &mut Tape<'_>, legs: &mut [pb::ComboLeg]) {
    let is_priced = legs.iter().any(|leg| leg.per_leg_price.is_some());
    let mut prices: Vec<_> = match is_priced {
        true => legs.iter().map(|leg| leg.per_leg_price).collect(),
        false => Vec::new(),
    };
    tape.list("per_leg_price", &mut prices, |tape, price| {
        tape.maybe_double("per_leg_price", price)
    });
    for (leg, price) in legs.iter_mut().zip(prices) {
        leg.per_leg_price = price;
    }
}

/// A flag and, if it is set, the contract an order hedges with.
pub(super) fn delta_neutral(tape: &mut Tape<'_>, contract: &mut pb::Contract) {
    let mut is_present = Some(contract.delta_neutral_contract.is_some());
    tape.flag("delta_neutral_contract", &mut is_present);
    if is_present == Some(true) {
        let hedge = contract.delta_neutral_contract.get_or_insert_default();
        lay!(tape, hedge => int con_id, double delta, double price);
    }
}
