//! Parts that the layouts of an order share, each with the fields that depend on another field.

use crate::wire::pb;
use crate::wire::text::{Tape, contract, lay};

use super::NO_ADVISOR_PROFILE;

/// Advisor's allocation, then the model.
pub(super) fn allocation(tape: &mut Tape<'_>, order: &mut pb::Order) {
    lay!(tape, order => text fa_group, text fa_method, text fa_percentage);
    if !tape.since(NO_ADVISOR_PROFILE) {
        tape.fixed("fa_profile", "");
    }
    lay!(tape, order => text model_code);
}

/// Where a short sale borrows.
pub(super) fn short_sale(tape: &mut Tape<'_>, order: &mut pb::Order) {
    lay!(tape, order => int short_sale_slot, text designated_location, int_or_minus_one exempt_code);
}

/// Starting price, reference and range.
pub(super) fn ranges(tape: &mut Tape<'_>, order: &mut pb::Order) {
    lay!(tape, order =>
        maybe_double starting_price, maybe_double stock_ref_price, maybe_double delta,
        maybe_double stock_range_lower, maybe_double stock_range_upper);
}

/// What a delta-neutral order is, given that it has a type; a completed order shows half of it.
pub(super) fn hedge_order(tape: &mut Tape<'_>, order: &mut pb::Order, is_full: bool) {
    lay!(tape, order => text delta_neutral_order_type, maybe_double delta_neutral_aux_price);
    if order.delta_neutral_order_type.is_none() {
        return;
    }
    lay!(tape, order => int delta_neutral_con_id);
    if is_full {
        lay!(tape, order =>
            text delta_neutral_settling_firm, text delta_neutral_clearing_account,
            text delta_neutral_clearing_intent, text delta_neutral_open_close);
    }
    lay!(tape, order =>
        flag delta_neutral_short_sale, int delta_neutral_short_sale_slot,
        text delta_neutral_designated_location);
}

/// Volatility, the hedge, then how trailing prices follow.
pub(super) fn volatility(tape: &mut Tape<'_>, order: &mut pb::Order, is_full: bool) {
    lay!(tape, order => maybe_double volatility, maybe_int volatility_type);
    hedge_order(tape, order, is_full);
    lay!(tape, order =>
        flag continuous_update, maybe_int reference_price_type, maybe_double trail_stop_price,
        maybe_double trailing_percent);
}

/// Scale sizes, and more given a price increment.
pub(super) fn scale(tape: &mut Tape<'_>, order: &mut pb::Order) {
    lay!(tape, order =>
        maybe_int scale_init_level_size, maybe_int scale_subs_level_size,
        maybe_double scale_price_increment);
    if order.scale_price_increment.is_some_and(|step| step > 0.0) {
        lay!(tape, order =>
            maybe_double scale_price_adjust_value, maybe_int scale_price_adjust_interval,
            maybe_double scale_profit_offset, flag scale_auto_reset,
            maybe_int scale_init_position, maybe_int scale_init_fill_qty,
            flag scale_random_percent);
    }
}

/// A hedge type and, given one, its parameter.
pub(super) fn hedge(tape: &mut Tape<'_>, order: &mut pb::Order) {
    lay!(tape, order => text hedge_type);
    if order.hedge_type.is_some() {
        lay!(tape, order => text hedge_param);
    }
}

/// A strategy and, given one, its parameters.
pub(super) fn strategy(tape: &mut Tape<'_>, order: &mut pb::Order) {
    lay!(tape, order => text algo_strategy);
    if order.algo_strategy.is_some() {
        lay!(tape, order => pairs algo_params);
    }
}

/// What a combination shows when it is echoed: description, legs, routing.
pub(super) fn combination(
    tape: &mut Tape<'_>,
    contract: &mut Option<pb::Contract>,
    order: &mut pb::Order,
) {
    let contract = contract.get_or_insert_default();
    lay!(tape, contract => text combo_legs_descrip);
    contract::priced_legs(tape, contract);
    lay!(tape, order => pairs smart_combo_routing_params);
}

/// The benchmark of an order pegged to one.
pub(super) fn benchmark(tape: &mut Tape<'_>, order: &mut pb::Order) {
    if matches!(order.order_type(), "PEG BENCH" | "PEGBENCH") {
        lay!(tape, order =>
            int reference_contract_id, flag is_pegged_change_amount_decrease,
            double pegged_change_amount, double reference_change_amount,
            text reference_exchange_id);
    }
}

/// Conditions and, given some, what they mean for the order.
pub(super) fn conditions(tape: &mut Tape<'_>, order: &mut pb::Order) {
    tape.list("conditions", &mut order.conditions, condition);
    if !order.conditions.is_empty() {
        lay!(tape, order => flag conditions_ignore_rth, flag conditions_cancel_order);
    }
}

fn condition(tape: &mut Tape<'_>, condition: &mut pb::OrderCondition) {
    const EXECUTION: i32 = 5;
    lay!(tape, condition => int r#type);
    conjunction(tape, condition);
    if condition.r#type() == EXECUTION {
        lay!(tape, condition => text sec_type, text exchange, text symbol);
        return;
    }
    lay!(tape, condition => flag is_more);
    threshold(tape, condition);
}

fn threshold(tape: &mut Tape<'_>, condition: &mut pb::OrderCondition) {
    const PRICE: i32 = 1;
    const TIME: i32 = 3;
    const MARGIN: i32 = 4;
    const VOLUME: i32 = 6;
    match condition.r#type() {
        PRICE => {
            lay!(tape, condition => double price, int con_id, text exchange, int trigger_method);
        }
        TIME => lay!(tape, condition => text time),
        MARGIN => lay!(tape, condition => int percent),
        VOLUME => lay!(tape, condition => int volume, int con_id, text exchange),
        _ => lay!(tape, condition => double change_percent, int con_id, text exchange),
    }
}

/// `a` joins a condition to the next with "and", `o` with "or".
fn conjunction(tape: &mut Tape<'_>, condition: &mut pb::OrderCondition) {
    let is_and = condition.is_conjunction_connection == Some(true);
    let mut field = Some(if is_and { "a" } else { "o" }.to_owned());
    tape.text("is_conjunction_connection", &mut field);
    condition.is_conjunction_connection = (field.as_deref() == Some("a")).then_some(true);
}

/// What a stop order turns into when it is triggered.
pub(super) fn adjusted_stop(tape: &mut Tape<'_>, order: &mut pb::Order) {
    lay!(tape, order =>
        maybe_double adjusted_stop_price, maybe_double adjusted_stop_limit_price,
        maybe_double adjusted_trailing_amount, int adjustable_trailing_unit);
}

/// The name and value of a tier; without both there is none.
pub(super) fn tier(tape: &mut Tape<'_>, order: &mut pb::Order, is_shown: bool) {
    let tier = order.soft_dollar_tier.get_or_insert_default();
    lay!(tape, tier => text name, text value);
    if is_shown {
        lay!(tape, tier => text display_name);
    }
    order.soft_dollar_tier =
        order.soft_dollar_tier.take().filter(|tier| *tier != Default::default());
}

/// Offsets of orders pegged to the best price or the middle, all of them.
pub(super) fn offsets(tape: &mut Tape<'_>, order: &mut pb::Order) {
    lay!(tape, order =>
        maybe_int min_trade_qty, maybe_int min_compete_size,
        maybe_double compete_against_best_offset, maybe_double mid_offset_at_whole,
        maybe_double mid_offset_at_half);
}
