//! An order as the gateway shows it when it is done.

use crate::wire::pb;
use crate::wire::text::{Layout, Tape, contract, lay};

use super::parts;
use super::{CUSTOMER_ACCOUNT, PEG_OFFSETS, PROFESSIONAL_CUSTOMER, SUBMITTER};

impl Layout for pb::CompletedOrder {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        contract::echoed(tape, &mut self.contract);
        let order = self.order.get_or_insert_default();
        let state = self.order_state.get_or_insert_default();
        terms(tape, order);
        attributes(tape, order);
        parts::volatility(tape, order, false);
        parts::combination(tape, &mut self.contract, order);
        parts::scale(tape, order);
        parts::hedge(tape, order);
        lay!(tape, order => text clearing_account, text clearing_intent, flag not_held);
        contract::delta_neutral(tape, self.contract.get_or_insert_default());
        parts::strategy(tape, order);
        lay!(tape, order => flag solicited);
        lay!(tape, state => text status);
        lay!(tape, order => flag randomize_size, flag randomize_price);
        parts::benchmark(tape, order);
        parts::conditions(tape, order);
        outcome(tape, order);
        lay!(tape, state => text completed_time, text completed_status);
        newer(tape, order);
    }
}

fn terms(tape: &mut Tape<'_>, order: &mut pb::Order) {
    lay!(tape, order =>
        text action, decimal total_quantity, text order_type, maybe_double lmt_price,
        maybe_double aux_price, text tif, text oca_group, text account, text open_close,
        int origin, text order_ref, long perm_id, flag outside_rth, flag hidden,
        double discretionary_amt, text good_after_time);
}

fn attributes(tape: &mut Tape<'_>, order: &mut pb::Order) {
    parts::allocation(tape, order);
    lay!(tape, order =>
        text good_till_date, text rule80_a, maybe_double percent_offset, text settling_firm);
    parts::short_sale(tape, order);
    parts::ranges(tape, order);
    lay!(tape, order =>
        maybe_int display_size, flag sweep_to_fill, flag all_or_none, maybe_int min_qty,
        int oca_type, int trigger_method);
}

/// What became of the order.
fn outcome(tape: &mut Tape<'_>, order: &mut pb::Order) {
    lay!(tape, order =>
        maybe_double trail_stop_price, maybe_double lmt_price_offset, maybe_double cash_qty,
        flag dont_use_auto_price_for_hedge, flag is_oms_container, text auto_cancel_date,
        decimal filled_quantity, maybe_int ref_futures_con_id, flag auto_cancel_parent,
        text shareholder, flag imbalance_only, maybe_int route_marketable_to_bbo,
        maybe_long parent_perm_id);
}

/// What later versions added, in their order.
fn newer(tape: &mut Tape<'_>, order: &mut pb::Order) {
    if tape.since(PEG_OFFSETS) {
        parts::offsets(tape, order);
    }
    if tape.since(CUSTOMER_ACCOUNT) {
        lay!(tape, order => text customer_account);
    }
    if tape.since(PROFESSIONAL_CUSTOMER) {
        lay!(tape, order => flag professional_customer);
    }
    if tape.since(SUBMITTER) {
        lay!(tape, order => text submitter);
    }
}
