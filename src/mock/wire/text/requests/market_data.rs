//! Live data: ticks, depth, tick by tick, five-second bars.

use crate::wire::pb;
use crate::wire::text::{Layout, Tape, contract, lay, layouts};

layouts! {
    MarketDataTypeRequest [1] int market_data_type;
    CancelMarketData [2] int req_id;
    CancelMarketDepth [1] int req_id, flag is_smart_depth;
    CancelTickByTick [] int req_id;
    CancelRealTimeBars [1] int req_id;
}

impl Layout for pb::MarketDataRequest {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        tape.version_field(11);
        lay!(tape, self => int req_id);
        contract::described(tape, &mut self.contract);
        contract::legs(tape, &mut self.contract);
        contract::delta_neutral(tape, self.contract.get_or_insert_default());
        lay!(tape, self =>
            text generic_tick_list, flag snapshot, flag regulatory_snapshot,
            tags market_data_options);
    }
}

impl Layout for pb::MarketDepthRequest {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        tape.version_field(5);
        lay!(tape, self => int req_id);
        contract::described(tape, &mut self.contract);
        lay!(tape, self => int num_rows, flag is_smart_depth, tags market_depth_options);
    }
}

impl Layout for pb::TickByTickRequest {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int req_id);
        contract::described(tape, &mut self.contract);
        lay!(tape, self => text tick_type, int number_of_ticks, flag ignore_size);
    }
}

impl Layout for pb::RealTimeBarsRequest {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        tape.version_field(3);
        lay!(tape, self => int req_id);
        contract::described(tape, &mut self.contract);
        lay!(tape, self => int bar_size, text what_to_show, flag use_rth, tags real_time_bars_options);
    }
}
