//! History: bars with their window, ticks, head timestamps, histograms, schedules, scans.

use super::market_data::mask;
use crate::wire::pb;
use crate::wire::text::{Layout, Tape, lay, layouts};

layouts! {
    HistoricalDataEnd [] int req_id, text start_date_str, text end_date_str;
    HeadTimestamp [] int req_id, text head_timestamp;
    ScannerParameters [1] text xml;
    FundamentalsData [1] int req_id, text data;
}

const SEPARATE_END: i32 = 196;

/// The bars of a request with the window they cover: one message before version 196, two since.
#[derive(Clone, Default)]
pub(crate) struct BarsWithWindow {
    pub(crate) bars: pb::HistoricalData,
    pub(crate) window: pb::HistoricalDataEnd,
}

impl BarsWithWindow {
    /// Whether the window goes with the bars at this version.
    pub(crate) fn is_one_message(version: crate::wire::ServerVersion) -> bool {
        version.0 < SEPARATE_END
    }
}

impl Layout for BarsWithWindow {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self.bars => int req_id);
        lay!(tape, self.window => text start_date_str, text end_date_str);
        bars(tape, &mut self.bars);
    }
}

impl Layout for pb::HistoricalData {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int req_id);
        if !tape.since(SEPARATE_END) {
            tape.fixed("start_date_str", "");
            tape.fixed("end_date_str", "");
        }
        bars(tape, self);
    }
}

fn bars(tape: &mut Tape<'_>, data: &mut pb::HistoricalData) {
    tape.list("historical_data_bars", &mut data.historical_data_bars, |tape, bar| {
        lay!(tape, bar =>
            text date, double open, double high, double low, double close, decimal volume,
            decimal wap, int bar_count);
    });
}

impl Layout for pb::HistoricalDataUpdate {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int req_id);
        let bar = self.historical_data_bar.get_or_insert_default();
        lay!(tape, bar =>
            int bar_count, text date, double open, double close, double high, double low,
            decimal wap, decimal volume);
    }
}

impl Layout for pb::HistoricalSchedule {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int req_id, text start_date_time, text end_date_time, text time_zone);
        tape.list("historical_sessions", &mut self.historical_sessions, |tape, session| {
            lay!(tape, session => text start_date_time, text end_date_time, text ref_date);
        });
    }
}

impl Layout for pb::HistogramData {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int req_id);
        tape.list("histogram_data_entries", &mut self.histogram_data_entries, |tape, entry| {
            lay!(tape, entry => double price, decimal size);
        });
    }
}

impl Layout for pb::HistoricalTicks {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int req_id);
        tape.list("historical_ticks", &mut self.historical_ticks, |tape, tick| {
            lay!(tape, tick => long time);
            tape.fixed("unused", "0");
            lay!(tape, tick => double price, decimal size);
        });
        lay!(tape, self => flag is_done);
    }
}

/// The bits are in the opposite order of the live ticks (FORMAT section 4).
impl Layout for pb::HistoricalTicksBidAsk {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int req_id);
        tape.list("historical_ticks_bid_ask", &mut self.historical_ticks_bid_ask, |tape, tick| {
            lay!(tape, tick => long time);
            let attributes = tick.tick_attrib_bid_ask.get_or_insert_default();
            mask(tape, [&mut attributes.ask_past_high, &mut attributes.bid_past_low]);
            lay!(tape, tick =>
                double price_bid, double price_ask, decimal size_bid, decimal size_ask);
        });
        lay!(tape, self => flag is_done);
    }
}

impl Layout for pb::HistoricalTicksLast {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int req_id);
        tape.list("historical_ticks_last", &mut self.historical_ticks_last, |tape, tick| {
            lay!(tape, tick => long time);
            let attributes = tick.tick_attrib_last.get_or_insert_default();
            mask(tape, [&mut attributes.past_limit, &mut attributes.unreported]);
            lay!(tape, tick => double price, decimal size, text exchange, text special_conditions);
        });
        lay!(tape, self => flag is_done);
    }
}

impl Layout for pb::ScannerData {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        tape.version_field(3);
        lay!(tape, self => int req_id);
        tape.list("scanner_data_element", &mut self.scanner_data_element, |tape, row| {
            lay!(tape, row => int rank);
            let contract = row.contract.get_or_insert_default();
            lay!(tape, contract =>
                int con_id, text symbol, text sec_type, text last_trade_date_or_contract_month,
                strike strike, text right, text exchange, text currency, text local_symbol);
            lay!(tape, row => text market_name);
            lay!(tape, row.contract.get_or_insert_default() => text trading_class);
            lay!(tape, row => text distance, text benchmark, text projection, text combo_key);
        });
    }
}
