//! Symbol search (81): what begins with a pattern or has it in its name, in one frame.

use crate::client::{NO_REQUEST, Outlet};
use crate::exchange::{Instrument, SecurityKind};
use crate::wire::pb;
use crate::world::World;

/// A search shows no more than this many.
const MOST: usize = 16;

pub(super) fn answer(world: &World, to: &Outlet, request: &pb::MatchingSymbolsRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let pattern = request.pattern().to_uppercase();
    if pattern.is_empty() {
        return to.error(id, 321, "Error validating request. Please enter a pattern");
    }
    let fitting = world.exchange.listing.all().iter().filter(|one| fits(one, &pattern)).take(MOST);
    let contract_descriptions = fitting.map(|one| description(world, one)).collect();
    to.send(&pb::SymbolSamples { req_id: Some(id), contract_descriptions });
}

/// Options and futures appear as what can be derived, not as rows.
fn fits(instrument: &Instrument, pattern: &str) -> bool {
    let is_derived = matches!(
        instrument.kind,
        SecurityKind::Option | SecurityKind::Future | SecurityKind::FutureOption
    );
    let name = instrument.long_name.to_uppercase();
    !is_derived && (instrument.symbol.starts_with(pattern) || name.contains(pattern))
}

fn description(world: &World, instrument: &Instrument) -> pb::ContractDescription {
    let has_options = world.exchange.listing.options_on(instrument.con_id).next().is_some();
    pb::ContractDescription {
        contract: Some(pb::Contract {
            con_id: Some(instrument.con_id.0),
            symbol: Some(instrument.symbol.clone()),
            sec_type: Some(instrument.kind.code().to_owned()),
            primary_exch: Some(instrument.primary_exchange.clone()),
            currency: Some(instrument.currency.clone()),
            description: Some(instrument.long_name.clone()),
            ..Default::default()
        }),
        derivative_sec_types: has_options
            .then(|| SecurityKind::Option.code().to_owned())
            .into_iter()
            .collect(),
    }
}
