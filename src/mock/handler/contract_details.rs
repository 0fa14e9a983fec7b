//! Contract details (9): one row per instrument that fits, then the End (K1, K2). Bonds have a message
//! of their own (K4); a combo gets no answer of any kind (K5).

use crate::client::{NO_REQUEST, Outlet};
use crate::exchange::instrument::BondTerms;
use crate::exchange::listing::CONTINUOUS;
use crate::exchange::number::{double, text};
use crate::exchange::{Instrument, SecurityKind};
use crate::wire::{ReplyKind, pb};
use crate::world::World;

use super::contract;

pub(super) fn answer(world: &World, to: &Outlet, request: &pb::ContractDataRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let query = request.contract.as_ref().map(contract::query).unwrap_or_default();
    if query.security_type == "BAG" && !query.symbol.is_empty() {
        return;
    }
    // A combo without a symbol is as blank as anything else (K14).
    if query.is_blank() {
        let refusal = contract::blank();
        return to.error(id, refusal.code, refusal.text);
    }
    let found = world.exchange.listing.find(&query);
    if found.is_empty() {
        let refusal = contract::unknown();
        return to.error(id, refusal.code, refusal.text);
    }
    for instrument in found {
        let mut row = row(world, id, instrument, &query.exchange);
        if query.is_continuous() {
            row.contract.get_or_insert_default().sec_type = Some(CONTINUOUS.to_owned());
        }
        match instrument.bond() {
            Some(_) => to.send_as(ReplyKind::BondContractData, &row),
            None => to.send(&row),
        }
    }
    to.send(&pb::ContractDataEnd { req_id: Some(id) });
}

/// The row names the exchange that was asked for, else the usual one.
fn row(world: &World, id: i32, instrument: &Instrument, exchange: &str) -> pb::ContractData {
    let mut contract = contract::full(instrument);
    if !exchange.is_empty() {
        contract.exchange = Some(exchange.to_owned());
    }
    pb::ContractData {
        req_id: Some(id),
        contract: Some(contract),
        contract_details: Some(of_kind(world, instrument, details(instrument))),
    }
}

fn details(instrument: &Instrument) -> pb::ContractDetails {
    let (least, usual) = sizes(instrument.kind);
    pb::ContractDetails {
        market_name: Some(instrument.trading_class.clone()),
        min_tick: Some(text(instrument.tick)),
        order_types: Some(ORDER_TYPES.to_owned()),
        valid_exchanges: Some(instrument.valid_exchanges.clone()),
        price_magnifier: Some(1),
        under_con_id: Some(0),
        long_name: Some(instrument.long_name.clone()),
        contract_month: instrument.expiry.get(..6).map(str::to_owned),
        industry: Some(instrument.industry.clone()),
        time_zone_id: Some("US/Eastern".to_owned()),
        trading_hours: Some(HOURS.to_owned()),
        liquid_hours: Some(HOURS.to_owned()),
        agg_group: Some(1),
        market_rule_ids: Some(rule_ids(instrument)),
        min_size: Some(least.to_owned()),
        size_increment: Some(least.to_owned()),
        suggested_size_increment: Some(usual.to_owned()),
        ..Default::default()
    }
}

/// What only this kind of security has.
fn of_kind(
    world: &World,
    instrument: &Instrument,
    details: pb::ContractDetails,
) -> pb::ContractDetails {
    let expiry = || Some(instrument.expiry.clone());
    match instrument.kind {
        SecurityKind::Stock => {
            pb::ContractDetails { stock_type: Some("COMMON".to_owned()), ..details }
        }
        SecurityKind::Option | SecurityKind::FutureOption | SecurityKind::Warrant => {
            with_underlying(world, instrument, details)
        }
        SecurityKind::Fund => with_fund(details),
        SecurityKind::Future => pb::ContractDetails {
            real_expiration_date: expiry(),
            under_symbol: Some(instrument.symbol.clone()),
            under_sec_type: Some(SecurityKind::Index.code().to_owned()),
            ..details
        },
        SecurityKind::Bond => match instrument.bond() {
            Some(terms) => with_bond(terms, details),
            None => details,
        },
        SecurityKind::Cash | SecurityKind::Index | SecurityKind::Crypto | SecurityKind::Cfd => {
            details
        }
    }
}

fn with_underlying(
    world: &World,
    instrument: &Instrument,
    details: pb::ContractDetails,
) -> pb::ContractDetails {
    let terms = instrument.option();
    let underlying = terms.and_then(|terms| world.exchange.listing.get(terms.underlying));
    pb::ContractDetails {
        real_expiration_date: Some(instrument.expiry.clone()),
        under_con_id: underlying.map(|found| found.con_id.0),
        under_symbol: underlying.map(|found| found.symbol.clone()),
        under_sec_type: underlying.map(|found| found.kind.code().to_owned()),
        ..details
    }
}

fn with_fund(details: pb::ContractDetails) -> pb::ContractDetails {
    pb::ContractDetails {
        fund_name: details.long_name.clone(),
        fund_family: Some("MOCK FUNDS".to_owned()),
        fund_type: Some("Equity".to_owned()),
        fund_management_fee: Some("0.04".to_owned()),
        fund_closed: Some(false),
        fund_closed_for_new_investors: Some(false),
        fund_closed_for_new_money: Some(false),
        fund_minimum_initial_purchase: Some("3000".to_owned()),
        fund_minimum_subsequent_purchase: Some("1".to_owned()),
        ..details
    }
}

fn with_bond(terms: &BondTerms, details: pb::ContractDetails) -> pb::ContractDetails {
    pb::ContractDetails {
        cusip: Some(terms.cusip.clone()),
        coupon: Some(double(terms.coupon)),
        issue_date: Some(terms.issued.clone()),
        ratings: Some(terms.ratings.clone()),
        bond_type: Some("CORP".to_owned()),
        coupon_type: Some("FIXED".to_owned()),
        convertible: Some(false),
        callable: Some(false),
        puttable: Some(false),
        desc_append: Some(details.long_name().to_owned()),
        ..details
    }
}

/// One rule per exchange, in the order of the exchanges.
fn rule_ids(instrument: &Instrument) -> String {
    let rule = instrument.rule.0.to_string();
    instrument.valid_exchanges.split(',').map(|_| rule.as_str()).collect::<Vec<_>>().join(",")
}

/// Least and usual order size.
const fn sizes(kind: SecurityKind) -> (&'static str, &'static str) {
    match kind {
        SecurityKind::Stock => ("1", "100"),
        SecurityKind::Fund => ("0.001", "1"),
        SecurityKind::Crypto => ("0.00000001", "0.00000001"),
        SecurityKind::Cash
        | SecurityKind::Future
        | SecurityKind::Option
        | SecurityKind::Index
        | SecurityKind::Bond
        | SecurityKind::FutureOption
        | SecurityKind::Cfd
        | SecurityKind::Warrant => ("1", "1"),
    }
}

const ORDER_TYPES: &str =
    "ACTIVETIM,ADJUST,ALERT,ALGO,AON,COND,DAY,GTC,GTD,IOC,LMT,MKT,OCA,STP,STPLMT,WHATIF";

/// The market of the mock gateway is always open.
const HOURS: &str = "20200101:0000-20991231:2359";
