//! What each order type does at one market.

use super::*;
use crate::exchange::order_kind::OrderKind;
use crate::exchange::{ClientId, OrderId, OrderKey, PermId};
use Action::{Buy, Sell};
use Decision::{Fill, Rest, Trigger};

fn order(action: Action, kind: OrderKind, limit: i64, stop: i64) -> Order {
    let ticket = Ticket {
        action,
        kind,
        quantity: Decimal::ONE,
        limit: Some(Decimal::from(limit)),
        stop: Some(Decimal::from(stop)),
        ..Ticket::default()
    };
    let key = OrderKey { client: ClientId(1), order: OrderId(1) };
    Order::new(key, PermId(1), ticket, 0)
}

fn quote() -> Quote {
    let price = |value: i64| Some(Decimal::from(value));
    Quote { bid: price(99), ask: price(101), last: price(100), ..Quote::default() }
}

#[test]
fn test_orders_decide_by_kind_side_and_price() {
    let fill = |value: i64| Fill(Decimal::from(value));
    let kind = |word: &str| OrderKind::parse(word).unwrap();
    let cases = [
        (order(Buy, kind("MKT"), 0, 0), fill(101)),
        (order(Sell, kind("MKT"), 0, 0), fill(99)),
        (order(Buy, kind("LMT"), 101, 0), fill(101)),
        (order(Buy, kind("LMT"), 100, 0), Rest),
        (order(Sell, kind("LMT"), 99, 0), fill(99)),
        (order(Sell, kind("LMT"), 100, 0), Rest),
        (order(Buy, kind("STP"), 0, 101), Trigger),
        (order(Buy, kind("STP"), 0, 102), Rest),
        (order(Sell, kind("STP"), 0, 100), Trigger),
        (order(Sell, kind("STP LMT"), 95, 98), Rest),
        (order(Buy, kind("MIT"), 0, 100), Trigger),
        (order(Buy, kind("MIT"), 0, 98), Rest),
        (order(Sell, kind("LIT"), 105, 100), Trigger),
        (order(Sell, kind("LIT"), 105, 102), Rest),
        (order(Sell, kind("TRAIL"), 0, 100), Trigger),
        (order(Sell, kind("TRAIL"), 0, 99), Rest),
        (order(Buy, kind("TRAIL LIMIT"), 102, 101), Rest),
        (order(Buy, kind("MTL"), 0, 0), fill(101)),
        (order(Buy, kind("MIDPRICE"), 0, 0), fill(100)),
        (order(Buy, kind("MIDPRICE"), 99, 0), Rest),
        (order(Sell, kind("PEG MID"), 100, 0), fill(100)),
        (order(Buy, kind("REL"), 0, 0), Rest),
        (order(Buy, kind("MOC"), 500, 0), Rest),
        (order(Buy, kind("VOL"), 500, 0), Rest),
    ];

    for (order, expected) in cases {
        assert_eq!(decide(&order, &quote()), expected, "{:?}", order.ticket);
    }
}

#[test]
fn test_an_offset_moves_a_peg() {
    let offset = |kind: OrderKind, offset: i64| {
        let mut order = order(Buy, kind, 0, 0);
        order.ticket.offset = Some(Decimal::from(offset));
        decide(&order, &quote())
    };

    assert_eq!(offset(OrderKind::PegMid, 1), Fill(Decimal::from(99)));
}

#[test]
fn test_the_trigger_method_says_which_price_counts() {
    let cases = [(2, Rest), (4, Trigger), (8, Rest), (0, Trigger), (7, Trigger)];

    for (method, expected) in cases {
        let mut order = order(Sell, OrderKind::Stop, 0, 99);
        order.ticket.trigger_method = method;
        assert_eq!(decide(&order, &quote()), expected, "{method}");
    }
}

#[test]
fn test_an_order_for_the_open_trades_only_there() {
    let mut order = order(Buy, OrderKind::Limit, 100, 0);
    order.ticket.tif = Tif::Opg;

    assert_eq!(decide(&order, &quote()), Rest);
    assert_eq!(auctioned(&order.ticket, &quote()), Some(Decimal::from(100)));
    order.ticket.limit = Some(Decimal::from(99));
    assert_eq!(auctioned(&order.ticket, &quote()), None);
}

#[test]
fn test_without_a_market_everything_rests() {
    for word in ["MKT", "LMT", "STP", "STP LMT", "TRAIL", "MIT", "MIDPRICE", "REL"] {
        let order = order(Buy, OrderKind::parse(word).unwrap(), 100, 100);
        assert_eq!(decide(&order, &Quote::default()), Rest, "{word}");
    }
}
