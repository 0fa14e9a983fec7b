//! Orders: placing and changing (3), cancelling (4, 58), previews (what-if).

use crate::client::{NO_REQUEST, Outlet};
use crate::clock;
use crate::exchange::number::decimal;
use crate::exchange::refusal::Refusal;
use crate::exchange::{Action, OrderId, OrderKey, OrderKind, Ticket};
use crate::wire::{UNSET_DOUBLE, pb};
use crate::world::{Wording, World};

use super::positions::account_of;
use super::{contract, order_reports};

pub(super) fn place(world: &mut World, to: &Outlet, request: pb::PlaceOrderRequest) {
    let id = request.order_id.unwrap_or(NO_REQUEST);
    let key = OrderKey { client: to.client, order: OrderId(id) };
    let wording = Wording {
        contract: request.contract.unwrap_or_default(),
        order: request.order.unwrap_or_default(),
    };
    let ticket = match ticket(world, &wording) {
        Ok(ticket) => ticket,
        Err(refusal) => {
            world.exchange.book.use_id(key);
            return to.error(id, refusal.code, refusal.text);
        }
    };
    if wording.order.what_if() {
        return order_reports::send_preview(world, to, id, (&ticket, &wording));
    }
    let refused =
        world.faults.order_refusal(to.client).map(|(code, text)| Refusal::new(code, text));
    let events = world.exchange.place(key, ticket.clone(), refused, clock::seconds());
    let taken = world.exchange.book.get(key).filter(|order| order.ticket == ticket);
    if let Some(perm_id) = taken.map(|order| order.perm_id) {
        world.wordings.insert(perm_id, wording);
    }
    super::tell(world, events);
}

pub(super) fn cancel(world: &mut World, to: &Outlet, request: &pb::CancelOrderRequest) {
    let id = request.order_id.unwrap_or(NO_REQUEST);
    let key = OrderKey { client: to.client, order: OrderId(id) };
    let events = world.exchange.cancel(key, clock::seconds());
    super::tell(world, events);
}

pub(super) fn cancel_all(world: &mut World) {
    let events = world.exchange.cancel_all(clock::seconds());
    super::tell(world, events);
}

/// What the request asks for, once contract, account and numbers are understood (O20, O24).
fn ticket(world: &World, wording: &Wording) -> Result<Ticket, Refusal> {
    let order = &wording.order;
    let quantity = order.total_quantity().parse().map_err(|_| invalid("Invalid quantity"))?;
    let kind = kind(order.order_type())?;
    let (limit, stop) = (
        price(order.lmt_price, "Invalid limit price")?,
        price(order.aux_price, "Invalid stop price")?,
    );
    Ok(Ticket {
        con_id: contract::resolve(world, Some(&wording.contract))?,
        account: account_of(world, order.account())?,
        action: action(order.action())?,
        quantity,
        limit: limit.filter(|_| kind.takes_limit()),
        stop: stop.filter(|_| kind.takes_stop()),
        kind,
        tif: order.tif().to_owned(),
        transmit: order.transmit.unwrap_or(false),
        parent: order.parent_id.filter(|id| *id != 0).map(OrderId),
        oca_group: order.oca_group().to_owned(),
        order_ref: order.order_ref().to_owned(),
    })
}

fn invalid(cause: &str) -> Refusal {
    Refusal::new(321, format!("Error validating request.-'bO' : cause - {cause}"))
}

fn action(text: &str) -> Result<Action, Refusal> {
    match text {
        "BUY" => Ok(Action::Buy),
        "SELL" | "SSHORT" => Ok(Action::Sell),
        _ => Err(invalid("Invalid action")),
    }
}

/// Types that are accepted and rest in the market without ever trading here.
const RESTING: [&str; 17] = [
    "TRAIL",
    "TRAIL LIMIT",
    "MOC",
    "LOC",
    "MIT",
    "LIT",
    "MTL",
    "MIDPRICE",
    "REL",
    "STP PRT",
    "MKT PRT",
    "PEG MKT",
    "PEG MID",
    "PEG STK",
    "PEG BEST",
    "PEG BENCH",
    "VOL",
];

fn kind(text: &str) -> Result<OrderKind, Refusal> {
    match text {
        "MKT" => Ok(OrderKind::Market),
        "LMT" => Ok(OrderKind::Limit),
        "STP" => Ok(OrderKind::Stop),
        "STP LMT" => Ok(OrderKind::StopLimit),
        other if RESTING.contains(&other) => Ok(OrderKind::Resting(other.to_owned())),
        _ => Err(invalid("Invalid order type was entered")),
    }
}

fn price(field: Option<f64>, cause: &str) -> Result<Option<rust_decimal::Decimal>, Refusal> {
    match field.filter(|price| *price != UNSET_DOUBLE) {
        None => Ok(None),
        Some(price) => decimal(price).map(Some).ok_or_else(|| invalid(cause)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_order_words_are_read_or_refused() {
        assert_eq!(action("SSHORT"), Ok(Action::Sell));
        assert_eq!(action("HOLD").unwrap_err().code, 321);
        assert_eq!(kind("STP LMT"), Ok(OrderKind::StopLimit));
        assert_eq!(kind("TRAIL"), Ok(OrderKind::Resting("TRAIL".into())));
        assert_eq!(kind("NOPE").unwrap_err().code, 321);
        assert_eq!(price(Some(UNSET_DOUBLE), ""), Ok(None));
        assert_eq!(price(Some(f64::NAN), "").unwrap_err().code, 321);
    }
}
