//! An order as a client places it.

use std::ops::Range;

use crate::wire::pb;
use crate::wire::text::{Layout, Tape, contract, lay};

use super::parts;
use super::{CUSTOMER_ACCOUNT, PEG_OFFSETS, PROFESSIONAL_CUSTOMER};

const DURATION: i32 = 158;
const POST_TO_ATS: i32 = 160;
const CANCEL_WITH_PARENT: i32 = 162;
const ERROR_OVERRIDE: i32 = 166;
const MANUAL_TIME: i32 = 169;
/// Fields that came and went.
const QUOTE_REQUESTS: Range<i32> = 187..190;
const OVERNIGHT: i32 = 189;
const TAGGING: i32 = 192;
const IMBALANCE: i32 = 199;

impl Layout for pb::PlaceOrderRequest {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int order_id);
        contract::described(tape, &mut self.contract);
        let contract = self.contract.get_or_insert_default();
        let order = self.order.get_or_insert_default();
        lay!(tape, contract => text sec_id_type, text sec_id);
        terms(tape, order);
        if contract.sec_type() == "BAG" {
            contract::priced_legs(tape, contract);
            lay!(tape, order => pairs smart_combo_routing_params);
        }
        attributes(tape, order);
        parts::volatility(tape, order, true);
        parts::scale(tape, order);
        lay!(tape, order => text scale_table, text active_start_time, text active_stop_time);
        parts::hedge(tape, order);
        lay!(tape, order =>
            flag opt_out_smart_routing, text clearing_account, text clearing_intent, flag not_held);
        contract::delta_neutral(tape, contract);
        parts::strategy(tape, order);
        lay!(tape, order =>
            text algo_id, flag what_if, tags order_misc_options, flag solicited,
            flag randomize_size, flag randomize_price);
        parts::benchmark(tape, order);
        parts::conditions(tape, order);
        adjustment(tape, order);
        regulation(tape, order);
        newer(tape, contract.exchange(), order);
    }
}

/// What the order is: side, size, type, prices, how long, for whom.
fn terms(tape: &mut Tape<'_>, order: &mut pb::Order) {
    lay!(tape, order =>
        text action, decimal total_quantity, text order_type, maybe_double lmt_price,
        maybe_double aux_price, text tif, text oca_group, text account, text open_close,
        int origin, text order_ref, flag transmit, int parent_id, flag block_order,
        flag sweep_to_fill, maybe_int display_size, int trigger_method, flag outside_rth,
        flag hidden);
}

/// How it is to be worked. The four fixed fields belong to features that are gone.
fn attributes(tape: &mut Tape<'_>, order: &mut pb::Order) {
    tape.fixed("shares_allocation", "");
    lay!(tape, order => double discretionary_amt, text good_after_time, text good_till_date);
    parts::allocation(tape, order);
    parts::short_sale(tape, order);
    lay!(tape, order =>
        int oca_type, text rule80_a, text settling_firm, flag all_or_none, maybe_int min_qty,
        maybe_double percent_offset);
    tape.fixed("e_trade_only", "0");
    tape.fixed("firm_quote_only", "0");
    tape.fixed("nbbo_price_cap", "");
    tape.fixed("auction_strategy", "0");
    parts::ranges(tape, order);
    lay!(tape, order => flag override_percentage_constraints);
}

/// What it turns into when triggered.
fn adjustment(tape: &mut Tape<'_>, order: &mut pb::Order) {
    lay!(tape, order =>
        text adjusted_order_type, maybe_double trigger_price, maybe_double lmt_price_offset);
    parts::adjusted_stop(tape, order);
}

/// Who decided and who executes, then flags up to version 157.
fn regulation(tape: &mut Tape<'_>, order: &mut pb::Order) {
    lay!(tape, order => text ext_operator);
    parts::tier(tape, order, false);
    lay!(tape, order =>
        maybe_double cash_qty, text mifid2_decision_maker, text mifid2_decision_algo,
        text mifid2_execution_trader, text mifid2_execution_algo,
        flag dont_use_auto_price_for_hedge, flag is_oms_container,
        flag discretionary_up_to_limit_price, maybe_int use_price_mgmt_algo);
}

/// What later versions added, in their order.
fn newer(tape: &mut Tape<'_>, exchange: &str, order: &mut pb::Order) {
    if tape.since(DURATION) {
        lay!(tape, order => maybe_int duration);
    }
    if tape.since(POST_TO_ATS) {
        lay!(tape, order => maybe_int post_to_ats);
    }
    if tape.since(CANCEL_WITH_PARENT) {
        lay!(tape, order => flag auto_cancel_parent);
    }
    if tape.since(ERROR_OVERRIDE) {
        lay!(tape, order => text advanced_error_override);
    }
    if tape.since(MANUAL_TIME) {
        lay!(tape, order => text manual_order_time);
    }
    if tape.since(PEG_OFFSETS) {
        pegs(tape, exchange, order);
    }
    customer(tape, order);
}

fn customer(tape: &mut Tape<'_>, order: &mut pb::Order) {
    if tape.since(CUSTOMER_ACCOUNT) {
        lay!(tape, order => text customer_account);
    }
    if tape.since(PROFESSIONAL_CUSTOMER) {
        lay!(tape, order => flag professional_customer);
    }
    if tape.within(QUOTE_REQUESTS) {
        tape.fixed("quote_request", "");
        tape.fixed("quote_request", "2147483647");
    }
    if tape.since(OVERNIGHT) {
        lay!(tape, order => flag include_overnight);
    }
    if tape.since(TAGGING) {
        lay!(tape, order => maybe_int manual_order_indicator);
    }
    if tape.since(IMBALANCE) {
        lay!(tape, order => flag imbalance_only);
    }
}

/// Only the offsets the order's type and exchange ask for are sent.
fn pegs(tape: &mut Tape<'_>, exchange: &str, order: &mut pb::Order) {
    if exchange == "IBKRATS" {
        lay!(tape, order => maybe_int min_trade_qty);
    }
    let has_middle = match order.order_type() {
        "PEG BEST" | "PEGBEST" => {
            lay!(tape, order =>
                maybe_int min_compete_size, maybe_double compete_against_best_offset);
            order.compete_against_best_offset == Some(f64::INFINITY)
        }
        "PEG MID" | "PEGMID" => true,
        _ => false,
    };
    if has_middle {
        lay!(tape, order => maybe_double mid_offset_at_whole, maybe_double mid_offset_at_half);
    }
}
