//! Requests about orders, all but the placing of one.

use crate::wire::pb;
use crate::wire::text::{Layout, Tape, contract, lay, layouts};

layouts! {
    OpenOrdersRequest [1];
    AllOpenOrdersRequest [1];
    AutoOpenOrdersRequest [1] flag auto_bind;
    CompletedOrdersRequest [] flag api_only;
}

const MANUAL_CANCEL_TIME: i32 = 169;
/// Fields that came and went.
const QUOTE_REQUESTS: std::ops::Range<i32> = 187..190;
const TAGGING: i32 = 192;
const DAYS_OF_EXECUTIONS: i32 = 200;
const MANUAL_EXERCISE_TIME: i32 = 180;
const CUSTOMER_ACCOUNT: i32 = 183;
const PROFESSIONAL_CUSTOMER: i32 = 184;

impl Layout for pb::CancelOrderRequest {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        if !tape.since(TAGGING) {
            tape.version_field(1);
        }
        lay!(tape, self => int order_id);
        let cancel = self.order_cancel.get_or_insert_default();
        if tape.since(MANUAL_CANCEL_TIME) {
            lay!(tape, cancel => text manual_order_cancel_time);
        }
        if tape.within(QUOTE_REQUESTS) {
            tape.fixed("quote_request", "");
            tape.fixed("quote_request", "");
            tape.fixed("quote_request", "2147483647");
        }
        tagging(tape, cancel);
    }
}

impl Layout for pb::GlobalCancelRequest {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        if !tape.since(TAGGING) {
            tape.version_field(1);
        }
        tagging(tape, self.order_cancel.get_or_insert_default());
    }
}

fn tagging(tape: &mut Tape<'_>, cancel: &mut pb::OrderCancel) {
    if tape.since(TAGGING) {
        lay!(tape, cancel => text ext_operator, maybe_int manual_order_indicator);
    }
}

impl Layout for pb::ExecutionRequest {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        tape.version_field(3);
        lay!(tape, self => int req_id);
        let filter = self.execution_filter.get_or_insert_default();
        lay!(tape, filter =>
            int client_id, text acct_code, text time, text symbol, text sec_type, text exchange,
            text side);
        if tape.since(DAYS_OF_EXECUTIONS) {
            days(tape, filter);
        }
    }
}

/// Both fields must be there, whatever they hold (S19).
fn days(tape: &mut Tape<'_>, filter: &mut pb::ExecutionFilter) {
    lay!(tape, filter => maybe_int last_n_days);
    let mut dates: Vec<_> = filter.specific_dates.iter().copied().map(Some).collect();
    tape.list("specific_dates", &mut dates, |tape, date| tape.int("specific_dates", date));
    filter.specific_dates = dates.into_iter().flatten().collect();
}

impl Layout for pb::ExerciseOptionsRequest {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        tape.version_field(2);
        lay!(tape, self => int order_id);
        contract::shown(tape, &mut self.contract);
        lay!(tape, self =>
            int exercise_action, int exercise_quantity, text account, flag r#override);
        if tape.since(MANUAL_EXERCISE_TIME) {
            lay!(tape, self => text manual_order_time);
        }
        if tape.since(CUSTOMER_ACCOUNT) {
            lay!(tape, self => text customer_account);
        }
        if tape.since(PROFESSIONAL_CUSTOMER) {
            lay!(tape, self => flag professional_customer);
        }
    }
}
