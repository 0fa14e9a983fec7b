//! Contracts in messages: what a request describes, and how an instrument is shown in each place.

use crate::exchange::instrument::Right;
use crate::exchange::listing::Query;
use crate::exchange::number::{decimal, double};
use crate::exchange::refusal::Refusal;
use crate::exchange::{ConId, Instrument, SecurityKind};
use crate::wire::pb;
use crate::world::World;

/// What a contract field of a request describes.
pub(super) fn query(contract: &pb::Contract) -> Query {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    Query {
        con_id: contract.con_id.filter(|id| *id != 0).map(ConId),
        symbol: text(&contract.symbol),
        security_type: text(&contract.sec_type),
        strike: contract.strike.filter(|strike| *strike != 0.0).and_then(decimal),
        right: Right::parse(contract.right()),
        cusip: if contract.sec_id_type() == "CUSIP" {
            text(&contract.sec_id)
        } else {
            String::new()
        },
        expiry: text(&contract.last_trade_date_or_contract_month),
        exchange: text(&contract.exchange),
        primary_exchange: text(&contract.primary_exch),
        currency: text(&contract.currency),
        local_symbol: text(&contract.local_symbol),
        trading_class: text(&contract.trading_class),
    }
}

/// The one instrument a contract names; none or several is a 200 (K1).
pub(super) fn resolve(world: &World, contract: Option<&pb::Contract>) -> Result<ConId, Refusal> {
    let query = contract.map(query).unwrap_or_default();
    if query.is_blank() {
        return Err(blank());
    }
    match world.exchange.listing.find(&query).as_slice() {
        [] => Err(unknown()),
        [one] => Ok(one.con_id),
        _ => Err(Refusal::new(
            200,
            format!("The contract description specified for {} is ambiguous.", query.symbol),
        )),
    }
}

pub(super) fn unknown() -> Refusal {
    Refusal::new(200, "No security definition has been found for the request")
}

pub(super) fn blank() -> Refusal {
    Refusal::new(321, "Error validating request. Please enter a symbol, local symbol or conId")
}

/// As contract details list it, with everything.
pub(super) fn full(instrument: &Instrument) -> pb::Contract {
    pb::Contract {
        exchange: Some(instrument.route().to_owned()),
        primary_exch: Some(instrument.primary_exchange.clone()),
        ..bare(instrument)
    }
}

/// As positions show it (A10).
pub(super) fn held(instrument: &Instrument) -> pb::Contract {
    pb::Contract { exchange: Some(instrument.position_exchange().to_owned()), ..bare(instrument) }
}

/// As portfolio rows show it.
pub(super) fn in_portfolio(instrument: &Instrument) -> pb::Contract {
    pb::Contract { primary_exch: Some(instrument.primary_exchange.clone()), ..bare(instrument) }
}

/// As orders and executions echo it. The question mark for the right of a stock (K12) was seen in text
/// frames only; protobuf clients take it for an unknown right, so here there is none.
pub(super) fn ordered(instrument: &Instrument, exchange: &str) -> pb::Contract {
    pb::Contract { exchange: Some(exchange.to_owned()), ..bare(instrument) }
}

fn bare(instrument: &Instrument) -> pb::Contract {
    let option = instrument.option();
    // Only futures and options carry a date and a multiplier (K12).
    let expires = option.is_some() || instrument.kind == SecurityKind::Future;
    pb::Contract {
        con_id: Some(instrument.con_id.0),
        symbol: Some(instrument.symbol.clone()),
        sec_type: Some(instrument.kind.code().to_owned()),
        last_trade_date_or_contract_month: expires.then(|| instrument.expiry.clone()),
        strike: option.map(|option| double(option.strike)),
        right: option.map(|option| option.right.code().to_owned()),
        multiplier: expires.then(|| double(instrument.multiplier)),
        currency: Some(instrument.currency.clone()),
        local_symbol: Some(instrument.local_symbol.clone()),
        trading_class: Some(instrument.trading_class.clone()),
        ..Default::default()
    }
}
