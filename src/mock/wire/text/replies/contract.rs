//! Contract details in their two forms, search, option chains, rules.

use crate::wire::text::{Layout, Tape, lay, layouts};
use crate::wire::{ReplyKind, pb};

layouts! {
    ContractDataEnd [1] int req_id;
    SecDefOptParameterEnd [] int req_id;
}

/// Until this version a version field and a size multiplier were sent.
const SIZE_RULES: i32 = 164;
const SUGGESTED_SIZE_ONLY: i32 = 163;
const ISSUER_ID: i32 = 176;
const FUNDS: i32 = 179;
const LAST_TRADE_DATE: i32 = 182;
const INELIGIBILITY: i32 = 186;
const BOND_HOURS: i32 = 188;

impl Layout for pb::ContractData {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        if !tape.since(SIZE_RULES) {
            tape.version_field(8);
        }
        lay!(tape, self => int req_id);
        let contract = self.contract.get_or_insert_default();
        let details = self.contract_details.get_or_insert_default();
        if tape.id() == ReplyKind::BondContractData.id() {
            bond(tape, contract, details);
        } else {
            listed(tape, contract, details);
        }
    }
}

fn listed(tape: &mut Tape<'_>, contract: &mut pb::Contract, details: &mut pb::ContractDetails) {
    lay!(tape, contract => text symbol, text sec_type, text last_trade_date_or_contract_month);
    if tape.since(LAST_TRADE_DATE) {
        lay!(tape, contract => text last_trade_date);
    }
    lay!(tape, contract =>
        strike strike, text right, text exchange, text currency, text local_symbol);
    lay!(tape, details => text market_name);
    lay!(tape, contract => text trading_class, int con_id);
    lay!(tape, details => decimal min_tick);
    size_multiplier(tape);
    lay!(tape, contract => maybe_double multiplier);
    lay!(tape, details =>
        text order_types, text valid_exchanges, int price_magnifier, int under_con_id,
        text long_name);
    lay!(tape, contract => text primary_exch);
    lay!(tape, details =>
        text contract_month, text industry, text category, text subcategory,
        text time_zone_id, text trading_hours, text liquid_hours,
        text ev_rule, double ev_multiplier, pairs sec_id_list, int agg_group,
        text under_symbol, text under_sec_type, text market_rule_ids,
        text real_expiration_date, text stock_type);
    sizes(tape, details);
    if tape.since(FUNDS) && contract.sec_type() == "FUND" {
        fund(tape, details);
    }
    if tape.since(INELIGIBILITY) {
        tape.list(
            "ineligibility_reason_list",
            &mut details.ineligibility_reason_list,
            |tape, row| {
                lay!(tape, row => text id, text description);
            },
        );
    }
}

fn size_multiplier(tape: &mut Tape<'_>) {
    if !tape.since(SIZE_RULES) {
        tape.fixed("size_multiplier", "1");
    }
}

fn sizes(tape: &mut Tape<'_>, details: &mut pb::ContractDetails) {
    if tape.within(SUGGESTED_SIZE_ONLY..SIZE_RULES) {
        lay!(tape, details => decimal suggested_size_increment);
    }
    if tape.since(SIZE_RULES) {
        lay!(tape, details =>
            decimal min_size, decimal size_increment, decimal suggested_size_increment);
    }
}

fn fund(tape: &mut Tape<'_>, details: &mut pb::ContractDetails) {
    lay!(tape, details =>
        text fund_name, text fund_family, text fund_type, text fund_front_load,
        text fund_back_load, text fund_back_load_time_interval, text fund_management_fee,
        flag fund_closed, flag fund_closed_for_new_investors, flag fund_closed_for_new_money,
        text fund_notify_amount, text fund_minimum_initial_purchase,
        text fund_minimum_subsequent_purchase, text fund_blue_sky_states,
        text fund_blue_sky_territories, text fund_distribution_policy_indicator,
        text fund_asset_type);
}

/// An empty coupon is the form every client accepts (FORMAT section 5.2).
fn bond(tape: &mut Tape<'_>, contract: &mut pb::Contract, details: &mut pb::ContractDetails) {
    lay!(tape, contract => text symbol, text sec_type);
    lay!(tape, details => text cusip, maybe_double coupon);
    lay!(tape, contract => text last_trade_date_or_contract_month);
    lay!(tape, details =>
        text issue_date, text ratings, text bond_type, text coupon_type, flag convertible,
        flag callable, flag puttable, text desc_append);
    lay!(tape, contract => text exchange, text currency);
    lay!(tape, details => text market_name);
    lay!(tape, contract => text trading_class, int con_id);
    lay!(tape, details => decimal min_tick);
    size_multiplier(tape);
    lay!(tape, details =>
        text order_types, text valid_exchanges, text next_option_date, text next_option_type,
        flag next_option_partial, text bond_notes, text long_name);
    if tape.since(BOND_HOURS) {
        lay!(tape, details => text time_zone_id, text trading_hours, text liquid_hours);
    }
    lay!(tape, details =>
        text ev_rule, double ev_multiplier, pairs sec_id_list, int agg_group,
        text market_rule_ids);
    if tape.since(SIZE_RULES) {
        sizes(tape, details);
    }
}

impl Layout for pb::SymbolSamples {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int req_id);
        tape.list("contract_descriptions", &mut self.contract_descriptions, |tape, row| {
            let contract = row.contract.get_or_insert_default();
            lay!(tape, contract =>
                int con_id, text symbol, text sec_type, text primary_exch, text currency);
            texts(tape, "derivative_sec_types", &mut row.derivative_sec_types);
            if tape.since(ISSUER_ID) {
                lay!(tape, contract => text description, text issuer_id);
            }
        });
    }
}

fn texts(tape: &mut Tape<'_>, name: &'static str, list: &mut Vec<String>) {
    let mut fields: Vec<_> = list.drain(..).map(Some).collect();
    tape.list(name, &mut fields, |tape, field| tape.text(name, field));
    list.extend(fields.into_iter().map(Option::unwrap_or_default));
}

impl Layout for pb::SecDefOptParameter {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self =>
            int req_id, text exchange, int underlying_con_id, text trading_class, text multiplier);
        texts(tape, "expirations", &mut self.expirations);
        tape.list("strikes", &mut self.strikes, |tape, strike| {
            let mut field = Some(*strike);
            tape.double("strikes", &mut field);
            *strike = field.unwrap_or_default();
        });
    }
}

impl Layout for pb::MarketRule {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int market_rule_id);
        tape.list("price_increments", &mut self.price_increments, |tape, row| {
            lay!(tape, row => double low_edge, double increment);
        });
    }
}

impl Layout for pb::SmartComponents {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int req_id);
        tape.list("smart_components", &mut self.smart_components, |tape, row| {
            lay!(tape, row => int bit_number, text exchange, text exchange_letter);
        });
    }
}

impl Layout for pb::MarketDepthExchanges {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        tape.list(
            "depth_market_data_descriptions",
            &mut self.depth_market_data_descriptions,
            |tape, row| {
                lay!(tape, row =>
                    text exchange, text sec_type, text listing_exch, text service_data_type,
                    maybe_int agg_group);
            },
        );
    }
}
