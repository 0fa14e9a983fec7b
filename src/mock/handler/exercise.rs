//! Exercising options (21).

use rust_decimal::Decimal;

use crate::client::{NO_REQUEST, Outlet};
use crate::exchange::Event;
use crate::exchange::exercise::Exercise;
use crate::exchange::refusal::Refusal;
use crate::wire::pb;
use crate::world::World;

use super::{contract, positions};

pub(super) fn answer(world: &mut World, to: &Outlet, request: &pb::ExerciseOptionsRequest) {
    match exercise(world, request) {
        Ok(events) => super::tell(world, events),
        Err(refusal) => {
            to.error(request.order_id.unwrap_or(NO_REQUEST), refusal.code, refusal.text);
        }
    }
}

fn exercise(
    world: &mut World,
    request: &pb::ExerciseOptionsRequest,
) -> Result<Vec<Event>, Refusal> {
    let con_id = contract::resolve(world, request.contract.as_ref())?;
    let account = positions::account_of(world, request.account())?;
    let what = match request.exercise_action() {
        1 => Exercise::Exercise,
        2 => Exercise::Lapse,
        _ => return Err(Refusal::new(321, "Error validating request. Invalid exercise action")),
    };
    let terms = world.exchange.listing.get(con_id).and_then(|found| found.option());
    let is_worthless = terms.is_some_and(|terms| !world.exchange.is_in_the_money(terms));
    if what == Exercise::Exercise && is_worthless && !request.r#override() {
        return Err(Refusal::new(
            322,
            "Error processing request. Exercise ignored because option is not in-the-money.",
        ));
    }
    world.exchange.exercise(&account, con_id, Decimal::from(request.exercise_quantity()), what)
}
