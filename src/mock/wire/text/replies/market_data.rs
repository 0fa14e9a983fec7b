//! Live data: ticks, depth, tick by tick, five-second bars.

use crate::wire::pb;
use crate::wire::text::{Layout, Tape, lay, layouts};

layouts! {
    MarketDataType [1] int req_id, int market_data_type;
    TickReqParams [] int req_id, decimal min_tick, text bbo_exchange, int snapshot_permissions;
    TickPrice [6] int req_id, int tick_type, double price, decimal size, int attr_mask;
    TickSize [6] int req_id, int tick_type, decimal size;
    TickGeneric [6] int req_id, int tick_type, double value;
    TickString [6] int req_id, int tick_type, text value;
    TickSnapshotEnd [1] int req_id;
    RerouteMarketDataRequest [] int req_id, int con_id, text exchange;
    RerouteMarketDepthRequest [] int req_id, int con_id, text exchange;
    RealTimeBarTick [3] int req_id, long time, double open, double high, double low, double close,
        decimal volume, decimal wap, int count;
}

/// What is not computed is written as -2, or -1 for prices (FORMAT section 3).
impl Layout for pb::TickOptionComputation {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        if !tape.is_reading() {
            let greeks = [&mut self.delta, &mut self.gamma, &mut self.vega, &mut self.theta];
            greeks.into_iter().for_each(|greek| *greek = greek.or(Some(-2.0)));
            let prices = [&mut self.opt_price, &mut self.pv_dividend, &mut self.und_price];
            prices.into_iter().for_each(|price| *price = price.or(Some(-1.0)));
            self.implied_vol = self.implied_vol.or(Some(-1.0));
        }
        lay!(tape, self =>
            int req_id, int tick_type, int tick_attrib, double implied_vol, double delta,
            double opt_price, double pv_dividend, double gamma, double vega, double theta,
            double und_price);
    }
}

impl Layout for pb::MarketDepth {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        tape.version_field(1);
        lay!(tape, self => int req_id);
        let row = self.market_depth_data.get_or_insert_default();
        lay!(tape, row => int position, int operation, int side, double price, decimal size);
    }
}

impl Layout for pb::MarketDepthL2 {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        tape.version_field(1);
        lay!(tape, self => int req_id);
        let row = self.market_depth_data.get_or_insert_default();
        lay!(tape, row =>
            int position, text market_maker, int operation, int side, double price, decimal size,
            flag is_smart_depth);
    }
}

impl Layout for pb::TickByTickData {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int req_id, int tick_type);
        match self.tick_type() {
            1 | 2 => trade(tape, self.historical_tick_last.get_or_insert_default()),
            3 => sides(tape, self.historical_tick_bid_ask.get_or_insert_default()),
            _ => {
                let middle = self.historical_tick_mid_point.get_or_insert_default();
                lay!(tape, middle => long time, double price);
            }
        }
    }
}

fn trade(tape: &mut Tape<'_>, tick: &mut pb::HistoricalTickLast) {
    lay!(tape, tick => long time, double price, decimal size);
    let attributes = tick.tick_attrib_last.get_or_insert_default();
    mask(tape, [&mut attributes.past_limit, &mut attributes.unreported]);
    lay!(tape, tick => text exchange, text special_conditions);
}

fn sides(tape: &mut Tape<'_>, tick: &mut pb::HistoricalTickBidAsk) {
    lay!(tape, tick =>
        long time, double price_bid, double price_ask, decimal size_bid, decimal size_ask);
    let attributes = tick.tick_attrib_bid_ask.get_or_insert_default();
    mask(tape, [&mut attributes.bid_past_low, &mut attributes.ask_past_high]);
}

/// Two flags in one field, the first in the lowest bit.
pub(super) fn mask(tape: &mut Tape<'_>, flags: [&mut Option<bool>; 2]) {
    let [low, high] = flags;
    let bits = i32::from(*low == Some(true)) + 2 * i32::from(*high == Some(true));
    let mut field = Some(bits);
    tape.int("mask", &mut field);
    let has = |bit: i32| field.is_some_and(|bits| bits & bit != 0).then_some(true);
    *low = has(1);
    *high = has(2);
}
