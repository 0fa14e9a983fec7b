//! What faults make of the reports on orders before anybody is told: some are missing, some come in
//! another order. Deciding is pure; whom a fault strikes is asked of `faults`.

use std::collections::BTreeSet;

use crate::exchange::{Event, Order, OrderKey, Status};
use crate::faults::OrderFault;
use crate::world::World;

/// The events as the faults that are on leave them.
pub(super) fn distorted(world: &World, events: Vec<Event>) -> Vec<Event> {
    if !world.faults.any() {
        return events;
    }
    let strikes = |key: OrderKey, fault: &OrderFault| world.faults.strikes_order(key.client, fault);
    let events = status_first(events, |key| strikes(key, &OrderFault::StatusBeforeFill));
    without_status(events, |key| strikes(key, &OrderFault::MissingStatus))
}

/// Moves the state after a fill before its executions.
fn status_first(events: Vec<Event>, strikes: impl Fn(OrderKey) -> bool) -> Vec<Event> {
    let mut told: Vec<Event> = Vec::with_capacity(events.len());
    for event in events {
        let mut place = told.len();
        if let Event::Shown { order, .. } = &event {
            let fills = told.iter().rev().take_while(|before| is_execution_of(before, order.key));
            let count = fills.count();
            if count > 0 && strikes(order.key) {
                place -= count;
            }
        }
        told.insert(place, event);
    }
    told
}

fn is_execution_of(event: &Event, key: OrderKey) -> bool {
    matches!(event, Event::Executed(execution) if execution.key == key)
}

/// Takes the orderStatus of every order away that is both new and filled.
fn without_status(events: Vec<Event>, strikes: impl Fn(OrderKey) -> bool) -> Vec<Event> {
    let orders_that = |is: fn(&Order) -> bool| -> BTreeSet<OrderKey> {
        events.iter().filter_map(shown).filter(|order| is(order)).map(|order| order.key).collect()
    };
    let new = orders_that(|order| order.wordings == 1 && order.filled.is_zero());
    let filled = orders_that(|order| order.status == Status::Filled);
    let struck: BTreeSet<_> = new.intersection(&filled).filter(|key| strikes(**key)).collect();
    let mute = |event| match event {
        Event::Shown { order, .. } if struck.contains(&order.key) => Event::Opened(order),
        other => other,
    };
    events.into_iter().map(mute).collect()
}

fn shown(event: &Event) -> Option<&Order> {
    match event {
        Event::Shown { order, .. } => Some(order),
        _ => None,
    }
}
