//! History: bars, ticks, head timestamps, histograms.

use crate::wire::pb;
use crate::wire::text::{Layout, Tape, contract, lay, layouts};

layouts! {
    CancelHistoricalData [1] int req_id;
    CancelHeadTimestamp [] int req_id;
    CancelHistogramData [] int req_id;
}

/// A contract that may have expired.
fn past_contract(tape: &mut Tape<'_>, contract: &mut Option<pb::Contract>) {
    contract::described(tape, contract);
    let contract = contract.get_or_insert_default();
    lay!(tape, contract => flag include_expired);
}

impl Layout for pb::HistoricalDataRequest {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int req_id);
        past_contract(tape, &mut self.contract);
        lay!(tape, self =>
            text end_date_time, text bar_size_setting, text duration, flag use_rth,
            text what_to_show, int format_date);
        contract::legs(tape, &mut self.contract);
        lay!(tape, self => flag keep_up_to_date, tags chart_options);
    }
}

impl Layout for pb::HistoricalTicksRequest {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int req_id);
        past_contract(tape, &mut self.contract);
        lay!(tape, self =>
            text start_date_time, text end_date_time, int number_of_ticks, text what_to_show,
            flag use_rth, flag ignore_size, tags misc_options);
    }
}

impl Layout for pb::HeadTimestampRequest {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int req_id);
        past_contract(tape, &mut self.contract);
        lay!(tape, self => flag use_rth, text what_to_show, int format_date);
    }
}

impl Layout for pb::HistogramDataRequest {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int req_id);
        past_contract(tape, &mut self.contract);
        lay!(tape, self => flag use_rth, text time_period);
    }
}
