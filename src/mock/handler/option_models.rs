//! Option price and implied volatility (54 to 57): one answer each, then nothing (M21).

use crate::client::{NO_REQUEST, Outlet};
use crate::exchange::black_scholes::Greeks;
use crate::exchange::number::decimal;
use crate::exchange::option_chain::Model;
use crate::exchange::refusal::Refusal;
use crate::wire::pb;
use crate::world::World;

use super::contract;

/// The tick type of an answer to a calculation.
const CALCULATED: i32 = 53;

pub(super) fn price(world: &World, to: &Outlet, request: &pb::CalculateOptionPriceRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    match model(world, request.contract.as_ref(), request.under_price()) {
        Err(refusal) => to.error(id, refusal.code, refusal.text),
        Ok(model) => {
            let volatility = request.volatility();
            to.send(&computation(id, CALCULATED, model, Some(volatility), model.value(volatility)));
        }
    }
}

pub(super) fn implied_volatility(
    world: &World,
    to: &Outlet,
    request: &pb::CalculateImpliedVolatilityRequest,
) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    match model(world, request.contract.as_ref(), request.under_price()) {
        Err(refusal) => to.error(id, refusal.code, refusal.text),
        Ok(model) => {
            let volatility = model.implied_volatility(request.option_price());
            let greeks = volatility.and_then(|volatility| model.value(volatility));
            to.send(&computation(id, CALCULATED, model, volatility, greeks));
        }
    }
}

fn model(
    world: &World,
    contract: Option<&pb::Contract>,
    underlying: f64,
) -> Result<Model, Refusal> {
    let con_id = contract::resolve(world, contract)?;
    let option = world.exchange.listing.get(con_id).ok_or_else(contract::unknown)?;
    let invalid = |cause: &str| Refusal::new(321, format!("Error validating request. {cause}"));
    let price = decimal(underlying).ok_or_else(|| invalid("Invalid underlying price"))?;
    Model::new(option, price, world.now()).ok_or_else(|| invalid("Contract is not an option"))
}

/// A computation as a tick; what could not be computed has the values for that (M20).
pub(super) fn computation(
    id: i32,
    kind: i32,
    model: Model,
    volatility: Option<f64>,
    greeks: Option<Greeks>,
) -> pb::TickOptionComputation {
    const NO_PRICE: f64 = -1.0;
    const NO_GREEK: f64 = -2.0;
    let greek = |of: fn(Greeks) -> f64| Some(greeks.map_or(NO_GREEK, of));
    pb::TickOptionComputation {
        req_id: Some(id),
        tick_type: Some(kind),
        tick_attrib: Some(0),
        implied_vol: Some(volatility.filter(|_| greeks.is_some()).unwrap_or(NO_PRICE)),
        opt_price: Some(greeks.map_or(NO_PRICE, |greeks| greeks.price)),
        delta: greek(|greeks| greeks.delta),
        gamma: greek(|greeks| greeks.gamma),
        vega: greek(|greeks| greeks.vega),
        theta: greek(|greeks| greeks.theta),
        pv_dividend: Some(greeks.map_or(NO_PRICE, |_| 0.0)),
        und_price: Some(model.underlying()),
    }
}
