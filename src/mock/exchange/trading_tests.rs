//! Orders through the exchange: the events of each step, and books that follow the executions.

use rust_decimal::Decimal;
use time::macros::date;

use crate::exchange::order_kind::OrderKind;
use crate::exchange::refusal::Refusal;
use crate::exchange::ticket::Tif;
use crate::exchange::{
    Action, ClientId, ConId, Event, Exchange, OrderId, OrderKey, QuoteChange, Ticket,
};

const ACCOUNT: &str = "DU1";
const AAPL: ConId = ConId(265_598);

fn exchange() -> Exchange {
    let mut exchange = Exchange::new(&[ACCOUNT.to_owned()], 1, date!(2026 - 11 - 21), 0);
    set(&mut exchange, 99, 101);
    exchange
}

fn set(exchange: &mut Exchange, bid: i64, ask: i64) -> Vec<Event> {
    let price = |value: i64| Some(Decimal::from(value));
    let change =
        QuoteChange { bid: price(bid), ask: price(ask), last: price(bid), ..Default::default() };
    exchange.set_quote(AAPL, &change, 0)
}

fn key(order: i32) -> OrderKey {
    OrderKey { client: ClientId(1), order: OrderId(order) }
}

fn ticket(action: Action, kind: OrderKind, quantity: i64, price: i64) -> Ticket {
    Ticket {
        account: ACCOUNT.into(),
        con_id: AAPL,
        action,
        kind,
        quantity: Decimal::from(quantity),
        limit: Some(Decimal::from(price)),
        stop: Some(Decimal::from(price)),
        transmit: true,
        ..Ticket::default()
    }
}

fn place(exchange: &mut Exchange, order: i32, ticket: Ticket) -> Vec<String> {
    names(exchange.place(key(order), ticket, None, 0))
}

fn names(events: Vec<Event>) -> Vec<String> {
    let name = |event: Event| match event {
        Event::Coded { code, .. } => code.to_string(),
        Event::Shown { order, .. } => order.status.name().to_owned(),
        Event::Opened(order) => format!("open {}", order.status.name()),
        Event::Stated(order) => format!("status {}", order.status.name()),
        Event::Executed(_) => "executed".into(),
        Event::Moved { .. } => "moved".into(),
        Event::Charged(_) => "charged".into(),
    };
    events.into_iter().map(name).collect()
}

#[test]
fn test_tickets_are_answered_by_what_they_ask() {
    let limit = |price: i64| ticket(Action::Buy, OrderKind::Limit, 10, price);
    let held = Ticket { transmit: false, ..limit(50) };
    let at_once = |tif: Tif| Ticket { tif, ..limit(50) };
    let cases: [(Ticket, &[&str]); 8] = [
        (limit(50), &["Submitted"]),
        (limit(101), &["Submitted", "executed", "Filled", "moved", "charged"]),
        (held, &[]),
        (at_once(Tif::Ioc), &["Submitted", "PendingCancel", "Cancelled"]),
        (at_once(Tif::Fok), &["Submitted", "Inactive"]),
        (Ticket { quantity: Decimal::ZERO, ..limit(50) }, &["321"]),
        (Ticket { parent: Some(OrderId(9)), ..limit(50) }, &["10006"]),
        (Ticket { quantity: Decimal::from(1_000_000), ..limit(50) }, &["201", "Inactive"]),
    ];

    for (ticket, expected) in cases {
        assert_eq!(place(&mut exchange(), 1, ticket.clone()), expected, "{ticket:?}");
    }
}

#[test]
fn test_ids_never_go_back() {
    let mut exchange = exchange();
    let order = ticket(Action::Buy, OrderKind::Limit, 10, 50);
    place(&mut exchange, 5, Ticket { quantity: Decimal::ZERO, ..order.clone() });

    assert_eq!(place(&mut exchange, 5, order.clone()), ["103"]);
    assert_eq!(place(&mut exchange, 4, order.clone()), ["103"]);
    assert_eq!(place(&mut exchange, 0, order.clone()), ["10149"]);
    assert_eq!(place(&mut exchange, 6, order), ["Submitted"]);
}

#[test]
fn test_finished_orders_cannot_be_changed_or_cancelled() {
    let mut exchange = exchange();
    let market = ticket(Action::Buy, OrderKind::Market, 10, 50);
    let limit = ticket(Action::Buy, OrderKind::Limit, 10, 50);
    place(&mut exchange, 1, market.clone());
    place(&mut exchange, 2, limit.clone());
    exchange.cancel(key(2), 0);

    assert_eq!(place(&mut exchange, 1, market), ["104"]);
    assert_eq!(place(&mut exchange, 2, limit), ["103"]);
    assert_eq!(names(exchange.cancel(key(1), 0)), ["10148"]);
    assert_eq!(names(exchange.cancel(key(2), 0)), ["10148"]);
    assert_eq!(names(exchange.cancel(key(3), 0)), ["10147"]);
}

#[test]
fn test_a_broker_refusal_shows_the_order_and_others_do_not() {
    let order = ticket(Action::Buy, OrderKind::Market, 10, 50);
    let cases: [(i32, &[&str]); 2] = [(201, &["201", "Inactive"]), (460, &["460"])];

    for (code, expected) in cases {
        let refusal = Some(Refusal::new(code, "no"));
        let events = exchange().place(key(1), order.clone(), refusal, 0);
        assert_eq!(names(events), expected);
    }
}

#[test]
fn test_a_cancelled_parent_takes_its_children_along() {
    let mut exchange = exchange();
    let parent = ticket(Action::Buy, OrderKind::Limit, 10, 50);
    let child =
        Ticket { parent: Some(OrderId(1)), ..ticket(Action::Sell, OrderKind::Limit, 10, 200) };
    place(&mut exchange, 1, parent);
    assert_eq!(place(&mut exchange, 2, child), ["PreSubmitted"]);

    assert_eq!(names(exchange.cancel(key(1), 0)), ["Cancelled", "202", "Cancelled", "202"]);
}
