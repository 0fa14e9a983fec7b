//! An order as the gateway shows it while it works, or as a preview.

use crate::wire::pb;
use crate::wire::text::{Layout, Tape, contract, lay};

use super::parts;
use super::{CUSTOMER_ACCOUNT, PEG_OFFSETS, PROFESSIONAL_CUSTOMER, SUBMITTER};

const DURATION: i32 = 158;
const POST_TO_ATS: i32 = 160;
const CANCEL_WITH_PARENT: i32 = 162;
const ACCRUED_INTEREST: i32 = 185;
const OVERNIGHT: i32 = 189;
const TAGGING: i32 = 193;
const FULL_PREVIEW: i32 = 195;
const IMBALANCE: i32 = 199;

impl Layout for pb::OpenOrder {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int order_id);
        contract::echoed(tape, &mut self.contract);
        let order = self.order.get_or_insert_default();
        order.order_id = self.order_id;
        terms(tape, order);
        attributes(tape, order);
        parts::volatility(tape, order, true);
        tape.fixed("basis_points", "");
        tape.fixed("basis_points_type", "");
        parts::combination(tape, &mut self.contract, order);
        parts::scale(tape, order);
        parts::hedge(tape, order);
        lay!(tape, order =>
            flag opt_out_smart_routing, text clearing_account, text clearing_intent, flag not_held);
        contract::delta_neutral(tape, self.contract.get_or_insert_default());
        parts::strategy(tape, order);
        lay!(tape, order => flag solicited, flag what_if);
        state(tape, self.order_state.get_or_insert_default());
        lay!(tape, order => flag randomize_size, flag randomize_price);
        parts::benchmark(tape, order);
        parts::conditions(tape, order);
        lay!(tape, order =>
            text adjusted_order_type, maybe_double trigger_price, maybe_double trail_stop_price,
            maybe_double lmt_price_offset);
        parts::adjusted_stop(tape, order);
        parts::tier(tape, order, true);
        lay!(tape, order =>
            maybe_double cash_qty, flag dont_use_auto_price_for_hedge, flag is_oms_container,
            flag discretionary_up_to_limit_price, maybe_int use_price_mgmt_algo);
        newer(tape, order);
    }
}

fn terms(tape: &mut Tape<'_>, order: &mut pb::Order) {
    lay!(tape, order =>
        text action, decimal total_quantity, text order_type, maybe_double lmt_price,
        maybe_double aux_price, text tif, text oca_group, text account, text open_close,
        int origin, text order_ref, int client_id, long perm_id, flag outside_rth, flag hidden,
        double discretionary_amt, text good_after_time);
    tape.fixed("shares_allocation", "");
}

/// The fixed fields belong to features that are gone.
fn attributes(tape: &mut Tape<'_>, order: &mut pb::Order) {
    parts::allocation(tape, order);
    lay!(tape, order =>
        text good_till_date, text rule80_a, maybe_double percent_offset, text settling_firm);
    parts::short_sale(tape, order);
    tape.fixed("auction_strategy", "0");
    parts::ranges(tape, order);
    lay!(tape, order =>
        maybe_int display_size, flag block_order, flag sweep_to_fill, flag all_or_none,
        maybe_int min_qty, int oca_type);
    tape.fixed("e_trade_only", "0");
    tape.fixed("firm_quote_only", "0");
    tape.fixed("nbbo_price_cap", "");
    lay!(tape, order => int parent_id, int trigger_method);
}

/// Status, margins and commissions. Margins are numbers even when there is nothing to tell.
fn state(tape: &mut Tape<'_>, state: &mut pb::OrderState) {
    lay!(tape, state =>
        text status,
        double_or_unset init_margin_before, double_or_unset maint_margin_before,
        double_or_unset equity_with_loan_before, double_or_unset init_margin_change,
        double_or_unset maint_margin_change, double_or_unset equity_with_loan_change,
        double_or_unset init_margin_after, double_or_unset maint_margin_after,
        double_or_unset equity_with_loan_after, maybe_double commission_and_fees,
        maybe_double min_commission_and_fees, maybe_double max_commission_and_fees,
        text commission_and_fees_currency);
    if tape.since(FULL_PREVIEW) {
        preview(tape, state);
    }
    lay!(tape, state => text warning_text);
}

fn preview(tape: &mut Tape<'_>, state: &mut pb::OrderState) {
    lay!(tape, state =>
        text margin_currency,
        maybe_double init_margin_before_outside_rth, maybe_double maint_margin_before_outside_rth,
        maybe_double equity_with_loan_before_outside_rth,
        maybe_double init_margin_change_outside_rth, maybe_double maint_margin_change_outside_rth,
        maybe_double equity_with_loan_change_outside_rth,
        maybe_double init_margin_after_outside_rth, maybe_double maint_margin_after_outside_rth,
        maybe_double equity_with_loan_after_outside_rth,
        maybe_decimal suggested_size, text reject_reason);
    tape.list("order_allocations", &mut state.order_allocations, |tape, row| {
        lay!(tape, row =>
            text account, decimal position, decimal position_desired, decimal position_after,
            decimal desired_alloc_qty, decimal allowed_alloc_qty, flag is_monetary);
    });
}

/// What later versions added, in their order.
fn newer(tape: &mut Tape<'_>, order: &mut pb::Order) {
    if tape.since(DURATION) {
        lay!(tape, order => maybe_int duration);
    }
    if tape.since(POST_TO_ATS) {
        lay!(tape, order => maybe_int post_to_ats);
    }
    if tape.since(CANCEL_WITH_PARENT) {
        lay!(tape, order => flag auto_cancel_parent);
    }
    if tape.since(PEG_OFFSETS) {
        parts::offsets(tape, order);
    }
    if tape.since(CUSTOMER_ACCOUNT) {
        lay!(tape, order => text customer_account);
    }
    if tape.since(PROFESSIONAL_CUSTOMER) {
        lay!(tape, order => flag professional_customer);
    }
    if tape.since(ACCRUED_INTEREST) {
        lay!(tape, order => text bond_accrued_interest);
    }
    if tape.since(OVERNIGHT) {
        lay!(tape, order => flag include_overnight);
    }
    if tape.since(TAGGING) {
        lay!(tape, order => text ext_operator, maybe_int manual_order_indicator);
    }
    if tape.since(SUBMITTER) {
        lay!(tape, order => text submitter);
    }
    if tape.since(IMBALANCE) {
        lay!(tape, order => flag imbalance_only);
    }
}
