//! What a gateway remarks on an order it accepts; the order stays live (O25). Most gateways say these
//! things only with certain settings of their own, so each has a rule that switches it on.

use crate::exchange::refusal::Refusal;
use crate::exchange::{SecurityKind, Ticket};
use crate::wire::pb;
use crate::world::{Wording, World};

/// The remarks on an order, in the order they are sent.
pub(super) fn of(world: &World, ticket: &Ticket, wording: &Wording) -> Vec<Refusal> {
    let rules = world.exchange.rules;
    let order = &wording.order;
    let is_direct = is_stock(world, ticket) && !matches!(wording.contract.exchange(), "" | "SMART");
    let notes = [
        (
            rules.notes_default_tif && order.tif().is_empty(),
            10349,
            "Order TIF was set to DAY based on order preset.",
        ),
        (
            rules.notes_missing_zone && lacks_zone(order),
            2174,
            "Warning: You submitted request with date-time attributes without explicit time zone.",
        ),
        (
            rules.notes_direct_routing && is_direct,
            10311,
            "This order will be directly routed to the exchange named.",
        ),
        (
            order.outside_rth() && is_stock_combo(world, ticket),
            2109,
            "Order Event Warning:Attribute 'Outside Regular Trading Hours' is ignored based on the \
             order type and destination.",
        ),
    ];
    let said = notes.into_iter().filter(|(is_said, ..)| *is_said);
    said.map(|(_, code, text)| Refusal::new(code, text)).collect()
}

fn is_stock(world: &World, ticket: &Ticket) -> bool {
    let found = world.exchange.listing.get(ticket.con_id);
    found.is_some_and(|instrument| instrument.kind == SecurityKind::Stock)
}

/// Trading outside of regular hours is ignored for combinations of stocks, and taken for those of
/// options (O34).
fn is_stock_combo(world: &World, ticket: &Ticket) -> bool {
    let kinds = ticket.legs.iter().map(|leg| world.exchange.listing.get(leg.con_id));
    !ticket.legs.is_empty()
        && kinds.flatten().all(|instrument| instrument.kind == SecurityKind::Stock)
}

/// Whether a date of the order says neither its zone nor, by a dash, that it is in UTC.
fn lacks_zone(order: &pb::Order) -> bool {
    let is_bare =
        |text: &str| !text.is_empty() && !text.contains('-') && text.split_whitespace().count() < 3;
    is_bare(order.good_till_date()) || is_bare(order.good_after_time())
}
