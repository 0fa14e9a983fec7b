//! Orders: placing and changing (3), cancelling (4, 58), orders entered by hand.

use std::time::Duration;

use crate::client::{NO_REQUEST, Outlet};
use crate::exchange::refusal::Refusal;
use crate::exchange::trading::not_found;
use crate::exchange::{ClientId, Event, Order, OrderId, OrderKey, PermId, Status, Ticket};
use crate::faults::OrderFault;
use crate::wire::{UNSET_DOUBLE, UNSET_INT, pb};
use crate::world::{Wording, World};

use super::order_notes;
use super::order_words;
use super::previews;

pub(super) fn place(world: &mut World, to: &Outlet, request: pb::PlaceOrderRequest) {
    let id = request.order_id.unwrap_or(NO_REQUEST);
    let key = key_of(world, to, id);
    let wording = Wording {
        contract: request.contract.unwrap_or_default(),
        order: request.order.unwrap_or_default(),
    };
    let ticket = match order_words::ticket(world, &wording) {
        Ok(ticket) => ticket,
        Err(refusal) => {
            world.exchange.book.use_id(key);
            return to.error(id, refusal.code, refusal.text);
        }
    };
    if wording.order.what_if() {
        return previews::send(world, to, id, (&ticket, &wording));
    }
    if let Some(refusal) = refused_change(world, to, key, &wording) {
        return to.error(id, refusal.code, refusal.text);
    }
    let attached = request.attached_orders.filter(has_children);
    match attached.filter(|_| words_taken(world, key) == 0) {
        Some(attached) => without_preset(world, to, key, (ticket, wording, attached)),
        None => accept(world, to, key, (ticket, wording)),
    }
}

fn accept(world: &mut World, to: &Outlet, key: OrderKey, (ticket, wording): (Ticket, Wording)) {
    let refused = world.faults.order_refusal(to.client);
    let refused = refused.map(|(code, text)| Refusal::new(code, text));
    let refused = refused.or_else(|| without_permission(world, &ticket));
    let refused = refused.or_else(|| refused_by_broker(&wording));
    let refused = refused.or_else(|| one_too_many(world, key, &ticket));
    let now = world.now();
    let words_before = words_taken(world, key);
    let notes = order_notes::of(world, &ticket, &wording);
    let events = world.exchange.place(key, ticket, refused, now);
    if words_taken(world, key) != words_before {
        notes.into_iter().for_each(|note| to.error(key.order.0, note.code, note.text));
        keep_wording(world, key, wording);
    }
    super::tell(world, events);
}

/// A stop that adjusts to a trail in percent is refused in that unit: 0 and 100 are accepted (O29).
fn refused_by_broker(wording: &Wording) -> Option<Refusal> {
    let is_refused = wording.order.adjustable_trailing_unit == Some(1);
    is_refused
        .then(|| Refusal::new(201, "Order rejected - reason:Invalid adjustable trailing unit"))
}

/// Details are shown without permission, orders are refused (K11, O24).
fn without_permission(world: &World, ticket: &Ticket) -> Option<Refusal> {
    let is_refused = world.not_permitted.contains(&ticket.con_id)
        || ticket.legs.iter().any(|leg| world.not_permitted.contains(&leg.con_id));
    is_refused.then(|| Refusal::new(460, "No trading permissions."))
}

/// More working orders on one side of a contract than an account may have (L8).
fn one_too_many(world: &World, key: OrderKey, ticket: &Ticket) -> Option<Refusal> {
    let most = world.settings.limits.active_orders?;
    let is_alike = |order: &&Order| {
        let its = &order.ticket;
        (&its.account, its.con_id, its.action) == (&ticket.account, ticket.con_id, ticket.action)
    };
    let is_new = world.exchange.book.get(key).is_none();
    let active = world.exchange.book.working(None).filter(is_alike).count();
    let text =
        format!("Order rejected - reason:Only {most} active orders per side per contract allowed.");
    (is_new && active >= most).then(|| Refusal::new(201, text))
}

/// Whether orders are attached at all: the official client writes the message with every order.
fn has_children(attached: &pb::AttachedOrders) -> bool {
    let ids = [attached.sl_order_id, attached.pt_order_id];
    let types = [&attached.sl_order_type, &attached.pt_order_type];
    ids.into_iter().flatten().any(|id| id != UNSET_INT)
        || types.into_iter().flatten().any(|name| !name.is_empty())
}

/// Orders attached from a preset need one, and this gateway has none: the order goes with them (O28).
fn without_preset(
    world: &mut World,
    to: &Outlet,
    key: OrderKey,
    (ticket, wording, attached): (Ticket, Wording, pb::AttachedOrders),
) {
    let types = [&attached.sl_order_type, &attached.pt_order_type];
    if types.into_iter().flatten().any(|name| name != "PRESET") {
        return to.error(key.order.0, 320, "Error reading request. Invalid attached order type");
    }
    let now = world.now();
    to.error(key.order.0, 10355, "No preset is defined for the attached order");
    let events = world.exchange.discard(key, ticket, now);
    keep_wording(world, key, wording);
    super::tell(world, events);
}

/// Why faults refuse a change: it comes right behind the placement (O63), or it carries the volatility
/// the gateway itself filled in (O65).
fn refused_change(world: &World, to: &Outlet, key: OrderKey, wording: &Wording) -> Option<Refusal> {
    let order = world.exchange.book.get(key).filter(|order| order.status.is_working())?;
    let age = u64::try_from(world.now() - order.active_at).unwrap_or_default();
    let span = world.faults.change_refusal(to.client);
    if span.is_some_and(|span| Duration::from_secs(age) < span) {
        return Some(Refusal::new(103, "Duplicate order id"));
    }
    let is_echo = wording.order.volatility.is_some_and(|value| value != UNSET_DOUBLE)
        && order.ticket.kind.code() != "VOL"
        && strikes(world, to, &OrderFault::EchoedVolatility);
    is_echo.then(|| order_words::invalid("Volatility is not allowed for this order type"))
}

fn words_taken(world: &World, key: OrderKey) -> u32 {
    world.exchange.book.get(key).map_or(0, |order| order.wordings)
}

fn keep_wording(world: &mut World, key: OrderKey, wording: Wording) {
    if let Some(perm_id) = world.exchange.book.get(key).map(|order| order.perm_id) {
        world.wordings.insert(perm_id, wording);
    }
}

/// The order an id means to a client: its own, or to client 0 one entered by hand that it bound.
fn key_of(world: &World, to: &Outlet, id: i32) -> OrderKey {
    let manual = OrderKey::by_hand(id.saturating_neg());
    let is_bound = world.exchange.book.get(manual).is_some_and(|order| order.is_bound);
    match to.client == ClientId(0) && id < 0 && is_bound {
        true => manual,
        false => OrderKey { client: to.client, order: OrderId(id) },
    }
}

pub(super) fn cancel(world: &mut World, to: &Outlet, request: &pb::CancelOrderRequest) {
    let id = request.order_id.unwrap_or(NO_REQUEST);
    let key = key_of(world, to, id);
    if world.exchange.book.get(key).is_none() {
        return cancel_foreign(world, to, id);
    }
    let now = world.now();
    let events = match world.exchange.book.get(key).map(|order| order.status) {
        Some(Status::Inactive) if strikes(world, to, &OrderFault::SilentCancel) => return,
        Some(status) if status.is_working() && strikes(world, to, &OrderFault::FillOnCancel) => {
            world.exchange.fill_on_cancel(key, now)
        }
        _ => None,
    };
    let events = events.unwrap_or_else(|| world.exchange.cancel(key, now));
    super::tell(world, events);
}

fn strikes(world: &World, to: &Outlet, fault: &OrderFault) -> bool {
    world.faults.strikes_order(to.client, fault)
}

/// An id of another client is unknown, unless the rules let every client cancel; then the one who
/// cancels is told Cancelled and 202 (N3). What the owner is told is not known; here it is the new
/// state alone.
fn cancel_foreign(world: &mut World, to: &Outlet, id: i32) {
    let is_allowed = world.exchange.rules.cancels_across_clients;
    let named = world.exchange.book.working(None).find(|order| order.key.order.0 == id);
    let Some(key) = named.filter(|_| is_allowed).map(|order| order.key) else {
        let key = OrderKey { client: to.client, order: OrderId(id) };
        let refusal = not_found(key);
        return to.error(id, refusal.code, refusal.text);
    };
    let now = world.now();
    let (coded, states): (Vec<_>, Vec<_>) = world
        .exchange
        .cancel(key, now)
        .into_iter()
        .partition(|event| matches!(event, Event::Coded { .. }));
    super::order_reports::send_states(world, to, &states);
    super::tell(world, states);
    for event in coded {
        if let Event::Coded { to: key, code, text } = event {
            to.error(key.order.0, code, text);
        }
    }
}

pub(super) fn cancel_all(world: &mut World) {
    let now = world.now();
    let events = world.exchange.cancel_all(now);
    super::tell(world, events);
}

/// Places an order as if a person had entered it in the gateway's own window (I8).
pub(crate) fn place_by_hand(world: &mut World, wording: Wording) -> Result<PermId, Refusal> {
    let ticket = order_words::ticket(world, &wording)?;
    let number = i32::try_from(world.next_number()).unwrap_or(i32::MAX);
    let key = OrderKey::by_hand(number);
    let now = world.now();
    let events = world.exchange.place(key, ticket, None, now);
    let placed = world.exchange.book.get(key).map(|order| order.perm_id);
    let Some(perm_id) = placed else { return Err(first_refusal(events)) };
    keep_wording(world, key, wording);
    let is_auto_bound = world.clients.values().any(|client| client.binds_orders);
    if is_auto_bound {
        super::order_reports::bind_all(world);
    }
    super::tell(world, events);
    Ok(perm_id)
}

fn first_refusal(events: Vec<Event>) -> Refusal {
    let coded = events.into_iter().find_map(|event| match event {
        Event::Coded { code, text, .. } => Some(Refusal::new(code, text)),
        _ => None,
    });
    coded.unwrap_or_else(|| order_words::invalid("The order was not accepted"))
}
