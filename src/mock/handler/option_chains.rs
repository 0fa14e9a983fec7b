//! Option parameters (78): which expiries and strikes an underlying has, per exchange (K7).

use std::collections::BTreeSet;

use crate::client::{NO_REQUEST, Outlet};
use crate::exchange::number::{double, text};
use crate::exchange::{ConId, Instrument};
use crate::wire::pb;
use crate::world::World;

/// Only an empty exchange gets rows, one per exchange that lists the options; a contract id is needed.
pub(super) fn answer(world: &World, to: &Outlet, request: &pb::SecDefOptParamsRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let underlying = ConId(request.underlying_con_id());
    if underlying == ConId(0) {
        return to.error(id, 321, "Error validating request. Invalid contract id");
    }
    let options: Vec<_> = world.exchange.listing.options_on(underlying).collect();
    if let Some(first) = options.first().filter(|_| request.fut_fop_exchange().is_empty()) {
        for exchange in first.valid_exchanges.split(',') {
            to.send(&row(id, underlying, exchange, &options));
        }
    }
    to.send(&pb::SecDefOptParameterEnd { req_id: Some(id) });
}

fn row(
    id: i32,
    underlying: ConId,
    exchange: &str,
    options: &[&Instrument],
) -> pb::SecDefOptParameter {
    let expirations: BTreeSet<_> = options.iter().map(|option| option.expiry.clone()).collect();
    let strikes: BTreeSet<_> =
        options.iter().filter_map(|option| option.option()).map(|o| o.strike).collect();
    let first = options.first();
    pb::SecDefOptParameter {
        req_id: Some(id),
        exchange: Some(exchange.to_owned()),
        underlying_con_id: Some(underlying.0),
        trading_class: first.map(|option| option.trading_class.clone()),
        multiplier: first.map(|option| text(option.multiplier)),
        expirations: expirations.into_iter().collect(),
        strikes: strikes.into_iter().map(double).collect(),
    }
}
