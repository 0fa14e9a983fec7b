//! Frames that show orders: openOrder and orderStatus pairs, open orders (5, 15, 16), completed
//! orders (99), previews. An order is echoed in its client's words with what the gateway adds (O11).

use rust_decimal::Decimal;

use crate::client::{NO_REQUEST, Outlet};
use crate::clock;
use crate::exchange::calendar::{ZONE, eastern};
use crate::exchange::deadlines::{quarter_end_after, trading_day_of};
use crate::exchange::number::{double, text};
use crate::exchange::option_chain::SEEDED_VOLATILITY;
use crate::exchange::ticket::Tif;
use crate::exchange::{ClientId, Event, Order, OrderKey, Status, Ticket};
use crate::faults::OrderFault;
use crate::wire::{UNSET_DOUBLE, UNSET_INT, pb};
use crate::world::{Wording, World};

use super::contract;

/// Sends an order's state to the client that placed it, if it is connected (O1, S16), and to the
/// master client (N4).
pub(super) fn tell(world: &World, order: &Order, passing_limit: Option<Decimal>) {
    for to in world.audience(order) {
        send_pair(world, &to, order, passing_limit);
        // (O2)
        if world.exchange.rules.repeats_states {
            send_pair(world, &to, order, passing_limit);
        }
    }
}

/// As [`tell`], the openOrder alone (O10, O26).
pub(super) fn tell_open(world: &World, order: &Order) {
    for to in world.audience(order) {
        to.send(&open_order(world, order, None));
    }
}

/// As [`tell`], the orderStatus alone (O26).
pub(super) fn tell_status(world: &World, order: &Order) {
    for to in world.audience(order) {
        to.send(&status(order));
    }
}

/// Sends the states among these events to one client that is not their audience.
pub(super) fn send_states(world: &World, to: &Outlet, events: &[Event]) {
    for event in events {
        match event {
            Event::Shown { order, passing_limit } => send_pair(world, to, order, *passing_limit),
            Event::Opened(order) => to.send(&open_order(world, order, None)),
            Event::Stated(order) => to.send(&status(order)),
            Event::Coded { .. }
            | Event::Allocated(_)
            | Event::Executed(_)
            | Event::Moved { .. }
            | Event::Charged(_) => {}
        }
    }
}

fn send_pair(world: &World, to: &Outlet, order: &Order, passing_limit: Option<Decimal>) {
    to.send(&open_order(world, order, passing_limit));
    to.send(&status(order));
}

/// The working orders of this client, then the End. Client 0 binds those entered by hand (N1, N2).
pub(super) fn send_own(world: &mut World, to: &Outlet) {
    if to.client == ClientId(0) {
        bind_all(world);
    }
    send_working(world, to, |order| {
        order.key.client == to.client || (order.is_bound && to.client == ClientId(0))
    });
}

/// The working orders of every client and those entered by hand, then the End (N1, I10).
pub(super) fn send_all(world: &World, to: &Outlet) {
    send_working(world, to, |_| true);
}

fn send_working(world: &World, to: &Outlet, is_asked: impl Fn(&Order) -> bool) {
    for order in world.exchange.book.working(None).filter(|order| is_asked(order)) {
        send_pair(world, to, order, None);
    }
    to.send(&pb::OpenOrdersEnd {});
}

/// What a client that connects is sent unasked, where the rules say so (S15).
pub(super) fn replay(world: &World, to: &Outlet) {
    if world.exchange.rules.sends_open_orders_on_connect {
        for order in world.exchange.book.working(Some(to.client)) {
            send_pair(world, to, order, None);
        }
    }
}

/// Only client 0 may bind orders entered by hand (N2).
pub(super) fn bind(world: &mut World, to: &Outlet, request: &pb::AutoOpenOrdersRequest) {
    if request.auto_bind() && to.client != ClientId(0) {
        return to.error(NO_REQUEST, 327, "Only the default client (i.e 0) can auto bind orders.");
    }
    if let Some(client) = world.client(to) {
        client.binds_orders = request.auto_bind();
    }
    if request.auto_bind() {
        bind_all(world);
    }
}

/// Gives orders entered by hand their negative ids and tells client 0 of each (I8, N6).
pub(super) fn bind_all(world: &mut World) {
    let to = world.outlet_of(ClientId(0));
    for (perm_id, key) in world.exchange.book.bind_manual() {
        if let Some(to) = &to {
            to.send(&pb::OrderBound {
                perm_id: Some(perm_id.0),
                client_id: Some(0),
                order_id: Some(key.order.0),
            });
        }
    }
}

/// The orders that ended on the present day (P6); on request only those of API clients.
pub(super) fn send_completed(world: &World, to: &Outlet, request: &pb::CompletedOrdersRequest) {
    let today = trading_day_of(world.now());
    let is_asked = |order: &&Order| {
        order.status.is_complete()
            && trading_day_of(order.changed_at) == today
            && !(request.api_only() && order.key.is_manual())
    };
    let asked: Vec<_> = world.exchange.book.all().filter(is_asked).collect();
    asked.iter().for_each(|order| to.send(&completed(world, order)));
    let is_struck = || world.faults.strikes_order(to.client, &OrderFault::EmptyWithoutEnd);
    if !(asked.is_empty() && is_struck()) {
        to.send(&pb::CompletedOrdersEnd {});
    }
}

/// An order entered by hand has id 0 until it is bound (I8).
fn shown_id(order: &Order) -> i32 {
    if order.key.is_manual() && !order.is_bound { 0 } else { order.key.order.0 }
}

/// Orders entered by hand belong to client 0.
pub(super) fn shown_client(key: OrderKey) -> i32 {
    if key.is_manual() { 0 } else { key.client.0 }
}

/// Quantities are explicit in every state, "0" included (O6).
fn status(order: &Order) -> pb::OrderStatus {
    pb::OrderStatus {
        order_id: Some(shown_id(order)),
        status: Some(order.status.name().to_owned()),
        filled: Some(text(order.filled)),
        remaining: Some(text(order.remaining())),
        avg_fill_price: Some(double(order.average_price())),
        perm_id: Some(order.perm_id.0),
        parent_id: Some(order.ticket.parent.map_or(0, |parent| parent.0)),
        last_fill_price: Some(double(order.last_fill_price)),
        client_id: Some(shown_client(order.key)),
        why_held: Some(order.why_held().to_owned()),
        mkt_cap_price: Some(0.0),
    }
}

fn open_order(world: &World, order: &Order, passing_limit: Option<Decimal>) -> pb::OpenOrder {
    let wording = world.wordings.get(&order.perm_id).cloned().unwrap_or_default();
    let state =
        pb::OrderState { status: Some(order.status.name().to_owned()), ..Default::default() };
    pb::OpenOrder {
        order_id: Some(shown_id(order)),
        contract: Some(shown_contract(world, &order.ticket, &wording)),
        order: Some(with_faults(
            world,
            order,
            pb::Order {
                order_id: Some(shown_id(order)),
                client_id: Some(shown_client(order.key)),
                perm_id: Some(order.perm_id.0),
                total_quantity: Some(text(order.shown_quantity())),
                auto_cancel_date: auto_cancel_date(order),
                ..shown_algorithm(world, echo(wording.order, &order.ticket, passing_limit))
            },
        )),
        order_state: Some(state),
    }
}

/// A lasting order is taken out by itself at the end of the next quarter (O81).
fn auto_cancel_date(order: &Order) -> Option<String> {
    let ends = (order.ticket.tif == Tif::Gtc).then(|| quarter_end_after(order.active_at))?;
    Some(local_stamp(ends))
}

/// The echo as faults leave it: with a volatility nobody set (O65), or a winter's zone (O82).
fn with_faults(world: &World, order: &Order, mut shown: pb::Order) -> pb::Order {
    let strikes = |fault| world.faults.strikes_order(order.key.client, &fault);
    if shown.volatility.is_none() && strikes(OrderFault::EchoedVolatility) {
        shown.volatility = Some(SEEDED_VOLATILITY);
    }
    if let Some(date) = shown.good_till_date.take_if(|_| strikes(OrderFault::WinterZone)) {
        shown.good_till_date = Some(date.replace(ZONE, "EST"));
    }
    shown
}

pub(super) fn shown_contract(world: &World, ticket: &Ticket, wording: &Wording) -> pb::Contract {
    match world.exchange.listing.get(ticket.con_id) {
        None => wording.contract.clone(),
        Some(instrument) => {
            let asked = wording.contract.exchange.as_deref().filter(|name| !name.is_empty());
            contract::ordered(instrument, asked.unwrap_or(instrument.route()))
        }
    }
}

/// The order, without its algorithm where the rules hide it (O33).
fn shown_algorithm(world: &World, order: pb::Order) -> pb::Order {
    match world.exchange.rules.hides_algorithms {
        true => pb::Order { algo_strategy: None, algo_params: Default::default(), ..order },
        false => order,
    }
}

/// The trailing amount or peg offset where there is one, else the stop.
fn shown_aux(ticket: &Ticket) -> Decimal {
    let aux = if ticket.kind.takes_offset() { ticket.offset } else { ticket.stop };
    aux.unwrap_or_default()
}

/// The client's words plus what a gateway fills in (O11); filledQuantity stays unset (O12).
pub(super) fn echo(order: pb::Order, ticket: &Ticket, passing_limit: Option<Decimal>) -> pb::Order {
    let limit = passing_limit.or(ticket.limit).unwrap_or_default();
    let or = |field: Option<String>, default: &str| {
        field.filter(|text| !text.is_empty()).or_else(|| Some(default.to_owned()))
    };
    pb::Order {
        account: Some(ticket.account.clone()),
        total_quantity: Some(text(ticket.quantity)),
        lmt_price: Some(double(limit)),
        aux_price: Some(double(shown_aux(ticket))),
        trail_stop_price: ticket.stop.filter(|_| ticket.kind.trails()).map(double),
        tif: or(order.tif, "DAY"),
        good_till_date: ticket.good_till.map(local_stamp).or(order.good_till_date),
        use_price_mgmt_algo: order.use_price_mgmt_algo.or(Some(1)),
        oca_type: order.oca_type.filter(|kind| *kind != 0).or(Some(3)),
        exempt_code: Some(order.exempt_code.unwrap_or(-1)),
        display_size: order.display_size.filter(|size| *size != 0).or(Some(UNSET_INT)),
        clearing_intent: or(order.clearing_intent, "IB"),
        delta_neutral_order_type: or(order.delta_neutral_order_type, "None"),
        open_close: or(order.open_close, ""),
        origin: Some(order.origin.unwrap_or(0)),
        dont_use_auto_price_for_hedge: Some(true),
        transmit: None,
        ..order
    }
}

const NO_INSIDER: &str = "Not an insider or substantial shareholder";

/// The unfilled rest stands in the quantity (P1); the permanent id is the only one (P2).
fn completed(world: &World, order: &Order) -> pb::CompletedOrder {
    let wording = world.wordings.get(&order.perm_id).cloned().unwrap_or_default();
    let (state, note) = match order.status {
        Status::Filled => (Status::Filled, format!("Filled Size: {}", text(order.filled))),
        // An order last seen Inactive is shown as cancelled (P5).
        _ if order.end_note.is_empty() => (Status::Cancelled, "Cancelled by Trader".to_owned()),
        _ => (Status::Cancelled, order.end_note.clone()),
    };
    pb::CompletedOrder {
        contract: Some(shown_contract(world, &order.ticket, &wording)),
        order: Some(pb::Order {
            perm_id: Some(order.perm_id.0),
            order_id: None,
            client_id: None,
            total_quantity: Some(text(order.remaining())),
            filled_quantity: Some(text(order.filled)),
            // Each its own way of saying nothing (P4).
            lmt_price_offset: Some(UNSET_DOUBLE),
            ref_futures_con_id: Some(UNSET_INT),
            rule80_a: Some("0".to_owned()),
            shareholder: Some(NO_INSIDER.to_owned()),
            ..echo(wording.order, &order.ticket, None)
        }),
        order_state: Some(pb::OrderState {
            status: Some(state.name().to_owned()),
            completed_time: Some(local_stamp(order.changed_at)),
            completed_status: Some(note),
            ..Default::default()
        }),
    }
}

/// A time in the zone of the instruments, as completed orders and executions show it (E4, P3).
pub(super) fn local_stamp(epoch: i64) -> String {
    format!("{} {ZONE}", clock::stamp(eastern(epoch)))
}
