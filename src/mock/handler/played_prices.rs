//! Prices from a file: finds the instruments they are for and lets them play as time passes.

use crate::error::Error;
use crate::exchange::ConId;
use crate::prices::{Name, Play, PriceSeries, Subject};
use crate::world::World;

use super::contract;
use super::time_passing;

/// Plays a series from now on, if every instrument of it is listed.
pub(crate) fn play(world: &mut World, series: &PriceSeries) -> Result<(), Error> {
    let con_ids = instruments(world, series)?;
    world.plays.push(Play::new(series, con_ids, world.time.millis()));
    time_passing::plan(world);
    Ok(())
}

/// Whether every instrument of a series is listed.
pub(crate) fn check(world: &World, series: &PriceSeries) -> Result<(), Error> {
    instruments(world, series).map(drop)
}

fn instruments(world: &World, series: &PriceSeries) -> Result<Vec<Vec<ConId>>, Error> {
    series.subjects.iter().map(|subject| called(world, subject)).collect()
}

fn called(world: &World, Subject { name, place }: &Subject) -> Result<Vec<ConId>, Error> {
    let missing = |what: &str| {
        let advice = "add it with add_instrument before its prices are played";
        Error::BadPrices(format!("{place}: {what}; {advice}"))
    };
    match name {
        Name::Symbol(symbol) => match world.exchange.listing.called(symbol) {
            found if found.is_empty() => {
                Err(missing(&format!("no instrument has the symbol {symbol:?}")))
            }
            found => Ok(found),
        },
        Name::Contract(of) => match contract::resolve(world, Some(of)) {
            Ok(con_id) => Ok(vec![con_id]),
            Err(refusal) => {
                let (id, kind, symbol) = (of.con_id(), of.sec_type(), of.symbol());
                let what = format!("contract {id} {kind} {symbol}: {}", refusal.text);
                Err(missing(&what))
            }
        },
    }
}
