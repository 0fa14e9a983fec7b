//! Frames that show orders: openOrder and orderStatus pairs, open orders (5, 15, 16), completed
//! orders (99), previews. An order is echoed in its client's words with what the gateway adds (O11).

use rust_decimal::Decimal;

use crate::client::{NO_REQUEST, Outlet};
use crate::clock;
use crate::exchange::calendar::{ZONE, eastern};
use crate::exchange::number::{double, text};
use crate::exchange::{ClientId, Order, Status, Ticket};
use crate::wire::{UNSET_INT, pb};
use crate::world::{Wording, World};

use super::contract;

/// Sends an order's state to the client that placed it, if it is connected (O1, S16).
pub(super) fn tell(world: &World, order: &Order, passing_limit: Option<Decimal>) {
    if let Some(to) = world.outlet_of(order.key.client) {
        send_pair(world, &to, order, passing_limit);
    }
}

fn send_pair(world: &World, to: &Outlet, order: &Order, passing_limit: Option<Decimal>) {
    to.send(&open_order(world, order, passing_limit));
    to.send(&status(order));
}

/// Every working order of a client, or of all, then the End (N1, I10).
pub(super) fn send_open(world: &World, to: &Outlet, client: Option<ClientId>) {
    for order in world.exchange.book.working(client) {
        send_pair(world, to, order, None);
    }
    to.send(&pb::OpenOrdersEnd {});
}

/// Only client 0 may bind orders entered by hand, of which there are none here (N2).
pub(super) fn bind(to: &Outlet, request: &pb::AutoOpenOrdersRequest) {
    if request.auto_bind() && to.client != ClientId(0) {
        to.error(NO_REQUEST, 327, "Only the default client (i.e 0) can auto bind orders.");
    }
}

pub(super) fn send_completed(world: &World, to: &Outlet) {
    for order in world.exchange.book.all().filter(|order| order.status.is_complete()) {
        to.send(&completed(world, order));
    }
    to.send(&pb::CompletedOrdersEnd {});
}

/// Quantities are explicit in every state, "0" included (O6).
fn status(order: &Order) -> pb::OrderStatus {
    pb::OrderStatus {
        order_id: Some(order.key.order.0),
        status: Some(order.status.name().to_owned()),
        filled: Some(text(order.filled)),
        remaining: Some(text(order.remaining())),
        avg_fill_price: Some(double(order.average_price())),
        perm_id: Some(order.perm_id.0),
        parent_id: Some(order.ticket.parent.map_or(0, |parent| parent.0)),
        last_fill_price: Some(double(order.last_fill_price)),
        client_id: Some(order.key.client.0),
        why_held: Some(order.why_held().to_owned()),
        mkt_cap_price: Some(0.0),
    }
}

fn open_order(world: &World, order: &Order, passing_limit: Option<Decimal>) -> pb::OpenOrder {
    let wording = world.wordings.get(&order.perm_id).cloned().unwrap_or_default();
    let state =
        pb::OrderState { status: Some(order.status.name().to_owned()), ..Default::default() };
    pb::OpenOrder {
        order_id: Some(order.key.order.0),
        contract: Some(shown_contract(world, &order.ticket, &wording)),
        order: Some(pb::Order {
            order_id: Some(order.key.order.0),
            client_id: Some(order.key.client.0),
            perm_id: Some(order.perm_id.0),
            ..echo(wording.order, &order.ticket, passing_limit)
        }),
        order_state: Some(state),
    }
}

fn shown_contract(world: &World, ticket: &Ticket, wording: &Wording) -> pb::Contract {
    match world.exchange.listing.get(ticket.con_id) {
        None => wording.contract.clone(),
        Some(instrument) => {
            let asked = wording.contract.exchange.as_deref().filter(|name| !name.is_empty());
            contract::ordered(instrument, asked.unwrap_or(instrument.route()))
        }
    }
}

/// The client's words plus what a gateway fills in (O11); filledQuantity stays unset (O12).
fn echo(order: pb::Order, ticket: &Ticket, passing_limit: Option<Decimal>) -> pb::Order {
    let limit = passing_limit.or(ticket.limit).unwrap_or_default();
    let or = |field: Option<String>, default: &str| {
        field.filter(|text| !text.is_empty()).or_else(|| Some(default.to_owned()))
    };
    pb::Order {
        account: Some(ticket.account.clone()),
        total_quantity: Some(text(ticket.quantity)),
        lmt_price: Some(double(limit)),
        aux_price: Some(double(ticket.stop.unwrap_or_default())),
        tif: or(order.tif, "DAY"),
        oca_type: order.oca_type.filter(|kind| *kind != 0).or(Some(3)),
        exempt_code: Some(order.exempt_code.unwrap_or(-1)),
        display_size: Some(order.display_size.unwrap_or(UNSET_INT)),
        clearing_intent: or(order.clearing_intent, "IB"),
        delta_neutral_order_type: or(order.delta_neutral_order_type, "None"),
        open_close: or(order.open_close, ""),
        origin: Some(order.origin.unwrap_or(0)),
        dont_use_auto_price_for_hedge: Some(true),
        transmit: None,
        ..order
    }
}

/// The unfilled rest stands in the quantity (P1); the permanent id is the only one (P2).
fn completed(world: &World, order: &Order) -> pb::CompletedOrder {
    let wording = world.wordings.get(&order.perm_id).cloned().unwrap_or_default();
    let (state, note) = match order.status {
        Status::Filled => (Status::Filled, format!("Filled Size: {}", text(order.filled))),
        // An order last seen Inactive is shown as cancelled (P5).
        _ => (Status::Cancelled, "Cancelled by Trader".to_owned()),
    };
    pb::CompletedOrder {
        contract: Some(shown_contract(world, &order.ticket, &wording)),
        order: Some(pb::Order {
            perm_id: Some(order.perm_id.0),
            order_id: None,
            client_id: None,
            total_quantity: Some(text(order.remaining())),
            filled_quantity: Some(text(order.filled)),
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

/// A what-if is answered by an openOrder with margins; nothing is placed (O75).
pub(super) fn send_preview(
    world: &World,
    to: &Outlet,
    id: i32,
    (ticket, wording): (&Ticket, &Wording),
) {
    if let Err(refusal) =
        world.exchange.check(ticket).and_then(|()| world.exchange.check_funds(ticket))
    {
        return to.error(id, refusal.code, refusal.text);
    }
    to.send(&pb::OpenOrder {
        order_id: Some(id),
        contract: Some(shown_contract(world, ticket, wording)),
        order: Some(pb::Order {
            order_id: Some(id),
            client_id: Some(to.client.0),
            perm_id: Some(0),
            ..echo(wording.order.clone(), ticket, None)
        }),
        order_state: preview(world, ticket),
    });
}

fn preview(world: &World, ticket: &Ticket) -> Option<pb::OrderState> {
    let figures = world.exchange.figures(&ticket.account)?;
    let change = double(world.exchange.margin_change(ticket));
    let (margin, equity) = (double(figures.margin), double(figures.net_liquidation()));
    let commission = -double(world.exchange.commission_of(ticket));
    Some(pb::OrderState {
        status: Some(Status::PreSubmitted.name().to_owned()),
        init_margin_before: Some(margin),
        maint_margin_before: Some(margin),
        equity_with_loan_before: Some(equity),
        init_margin_change: Some(change),
        maint_margin_change: Some(change),
        equity_with_loan_change: Some(commission),
        init_margin_after: Some(margin + change),
        maint_margin_after: Some(margin + change),
        equity_with_loan_after: Some(equity + commission),
        commission_and_fees: Some(-commission),
        commission_and_fees_currency: Some("USD".to_owned()),
        margin_currency: Some("USD".to_owned()),
        ..Default::default()
    })
}
