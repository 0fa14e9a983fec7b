//! Replies about orders, all but the two that show a whole order.

use crate::wire::pb;
use crate::wire::text::{Layout, Tape, contract, lay, layouts};

layouts! {
    OrderStatus [] int order_id, text status, decimal filled, decimal remaining,
        double avg_fill_price, long perm_id, int parent_id, double last_fill_price, int client_id,
        text why_held, double mkt_cap_price;
    OpenOrdersEnd [1];
    CompletedOrdersEnd [];
    ExecutionDetailsEnd [1] int req_id;
    OrderBound [] long perm_id, int client_id, int order_id;
    CommissionAndFeesReport [1] text exec_id, double commission_and_fees, text currency,
        double_or_unset realized_pnl, double_or_unset bond_yield, text yield_redemption_date;
}

const PRICE_REVISION: i32 = 178;
const SUBMITTER: i32 = 198;

impl Layout for pb::ExecutionDetails {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int_or_minus_one req_id);
        let execution = self.execution.get_or_insert_default();
        lay!(tape, execution => int order_id);
        contract::shown(tape, &mut self.contract);
        lay!(tape, execution =>
            text exec_id, text time, text acct_number, text exchange, text side, decimal shares,
            double price, long perm_id, int client_id, flag is_liquidation, decimal cum_qty,
            double avg_price, text order_ref, text ev_rule, maybe_double ev_multiplier,
            text model_code, int last_liquidity);
        if tape.since(PRICE_REVISION) {
            lay!(tape, execution => flag is_price_revision_pending);
        }
        if tape.since(SUBMITTER) {
            lay!(tape, execution => text submitter);
        }
    }
}
