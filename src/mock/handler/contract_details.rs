//! Contract details (9): one row per instrument that fits, then the End (K1, K2).

use crate::client::{NO_REQUEST, Outlet};
use crate::exchange::{Instrument, SecurityKind};
use crate::wire::pb;
use crate::world::World;

use super::contract;

pub(super) fn answer(world: &World, to: &Outlet, request: &pb::ContractDataRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let query = request.contract.as_ref().map(contract::query).unwrap_or_default();
    if query.security_type == "BAG" {
        // A combo is never answered, neither with rows nor with an error (K5).
        return;
    }
    let found = world.exchange.listing.find(&query);
    if query.is_blank() || found.is_empty() {
        let refusal = if query.is_blank() { contract::blank() } else { contract::unknown() };
        return to.error(id, refusal.code, refusal.text);
    }
    for instrument in found {
        to.send(&row(id, instrument));
    }
    to.send(&pb::ContractDataEnd { req_id: Some(id) });
}

fn row(id: i32, instrument: &Instrument) -> pb::ContractData {
    pb::ContractData {
        req_id: Some(id),
        contract: Some(contract::full(instrument)),
        contract_details: Some(details(instrument)),
    }
}

fn details(instrument: &Instrument) -> pb::ContractDetails {
    let text = |text: &str| Some(text.to_owned());
    let hours = hours(instrument.kind);
    pb::ContractDetails {
        market_name: Some(instrument.trading_class.clone()),
        min_tick: Some(instrument.tick.to_string()),
        order_types: text(ORDER_TYPES),
        valid_exchanges: text(instrument.valid_exchanges),
        price_magnifier: Some(1),
        under_con_id: Some(0),
        long_name: Some(instrument.long_name.clone()),
        contract_month: instrument.expiry.get(..6).map(str::to_owned),
        industry: text(instrument.industry),
        time_zone_id: text("US/Eastern"),
        trading_hours: text(hours),
        liquid_hours: text(hours),
        agg_group: Some(1),
        market_rule_ids: text("26"),
        real_expiration_date: (!instrument.expiry.is_empty()).then(|| instrument.expiry.clone()),
        stock_type: (instrument.kind == SecurityKind::Stock).then(|| "COMMON".to_owned()),
        min_size: text("1"),
        size_increment: text("1"),
        suggested_size_increment: text("100"),
        ..Default::default()
    }
}

const ORDER_TYPES: &str =
    "ACTIVETIM,ADJUST,ALERT,ALGO,AON,COND,DAY,GTC,GTD,IOC,LMT,MKT,OCA,STP,STPLMT,WHATIF";

/// The market of the mock gateway is always open.
fn hours(_kind: SecurityKind) -> &'static str {
    "20200101:0000-20991231:2359"
}
