//! Contracts and what belongs to them: details, search, option chains, rules, fundamentals, option
//! calculations.

use crate::wire::pb;
use crate::wire::text::{Layout, Tape, contract, lay, layouts};

layouts! {
    MatchingSymbolsRequest [] int req_id, text pattern;
    SecDefOptParamsRequest [] int req_id, text underlying_symbol, text fut_fop_exchange,
        text underlying_sec_type, int underlying_con_id;
    MarketRuleRequest [] int market_rule_id;
    SmartComponentsRequest [] int req_id, text bbo_exchange;
    MarketDepthExchangesRequest [];
    CancelFundamentalsData [1] int req_id;
    CancelCalculateImpliedVolatility [1] int req_id;
    CancelCalculateOptionPrice [1] int req_id;
}

const ISSUER_ID: i32 = 176;

impl Layout for pb::ContractDataRequest {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        tape.version_field(8);
        lay!(tape, self => int req_id);
        contract::described(tape, &mut self.contract);
        let contract = self.contract.get_or_insert_default();
        lay!(tape, contract => flag include_expired, text sec_id_type, text sec_id);
        if tape.since(ISSUER_ID) {
            lay!(tape, contract => text issuer_id);
        }
    }
}

impl Layout for pb::FundamentalsDataRequest {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        tape.version_field(2);
        lay!(tape, self => int req_id);
        let contract = self.contract.get_or_insert_default();
        lay!(tape, contract =>
            int con_id, text symbol, text sec_type, text exchange, text primary_exch,
            text currency, text local_symbol);
        lay!(tape, self => text report_type, tags fundamentals_data_options);
    }
}

impl Layout for pb::CalculateImpliedVolatilityRequest {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        tape.version_field(3);
        lay!(tape, self => int req_id);
        contract::described(tape, &mut self.contract);
        lay!(tape, self => double option_price, double under_price);
        lay!(tape, self => counted_tags implied_volatility_options);
    }
}

impl Layout for pb::CalculateOptionPriceRequest {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        tape.version_field(3);
        lay!(tape, self => int req_id);
        contract::described(tape, &mut self.contract);
        lay!(tape, self => double volatility, double under_price);
        lay!(tape, self => counted_tags option_price_options);
    }
}
