//! Decides what an order does at given prices. Pure: the same order and quote decide the same.

use rust_decimal::Decimal;

use super::order::{Action, Order, OrderKind};
use super::quote::Quote;

/// What an order does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Rest,
    /// Its stop price is reached: it goes to the market.
    Trigger,
    /// It trades at this price.
    Fill(Decimal),
}

/// An order trades against the other side of the book, at that side's price.
pub(crate) fn decide(order: &Order, quote: &Quote) -> Decision {
    let ticket = &order.ticket;
    if ticket.kind.waits_for_trigger() && !order.is_triggered {
        return trigger(ticket.action, ticket.stop, quote);
    }
    let Some(price) = opposite(ticket.action, quote) else { return Decision::Rest };
    let accepts = match ticket.kind {
        OrderKind::Market | OrderKind::Stop => true,
        OrderKind::Limit | OrderKind::StopLimit => within(ticket.action, price, ticket.limit),
        OrderKind::Resting(_) => false,
    };
    if accepts { Decision::Fill(price) } else { Decision::Rest }
}

/// A stop is reached when the last price or the side it would trade at has gone through it.
fn trigger(action: Action, stop: Option<Decimal>, quote: &Quote) -> Decision {
    let Some(stop) = stop else { return Decision::Rest };
    let reached = |price: Decimal| match action {
        Action::Buy => price >= stop,
        Action::Sell => price <= stop,
    };
    let prices = [quote.last, opposite(action, quote)];
    if prices.into_iter().flatten().any(reached) { Decision::Trigger } else { Decision::Rest }
}

fn opposite(action: Action, quote: &Quote) -> Option<Decimal> {
    match action {
        Action::Buy => quote.ask,
        Action::Sell => quote.bid,
    }
}

fn within(action: Action, price: Decimal, limit: Option<Decimal>) -> bool {
    limit.is_some_and(|limit| match action {
        Action::Buy => price <= limit,
        Action::Sell => price >= limit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{ClientId, ConId, OrderId, OrderKey, PermId, Ticket};
    use Action::{Buy, Sell};
    use Decision::{Fill, Rest, Trigger};
    use OrderKind::{Limit, Market, Stop, StopLimit};

    fn order(action: Action, kind: OrderKind, limit: i64, stop: i64) -> Order {
        let ticket = Ticket {
            account: "DU1".into(),
            con_id: ConId(1),
            action,
            kind,
            quantity: Decimal::ONE,
            limit: Some(Decimal::from(limit)),
            stop: Some(Decimal::from(stop)),
            tif: "DAY".into(),
            transmit: true,
            parent: None,
            oca_group: String::new(),
            order_ref: String::new(),
        };
        let key = OrderKey { client: ClientId(1), order: OrderId(1) };
        Order::new(key, PermId(1), ticket, 0)
    }

    #[test]
    fn test_orders_decide_by_kind_side_and_price() {
        let price = |value: i64| Some(Decimal::from(value));
        let quote = Quote { bid: price(99), ask: price(101), last: price(100), ..Quote::default() };
        let fill = |value: i64| Fill(Decimal::from(value));
        let cases = [
            (order(Buy, Market, 0, 0), fill(101)),
            (order(Sell, Market, 0, 0), fill(99)),
            (order(Buy, Limit, 101, 0), fill(101)),
            (order(Buy, Limit, 100, 0), Rest),
            (order(Sell, Limit, 99, 0), fill(99)),
            (order(Sell, Limit, 100, 0), Rest),
            (order(Buy, Stop, 0, 101), Trigger),
            (order(Buy, Stop, 0, 102), Rest),
            (order(Sell, Stop, 0, 100), Trigger),
            (order(Sell, StopLimit, 95, 98), Rest),
            (order(Buy, OrderKind::Resting("MOC".into()), 500, 0), Rest),
        ];

        for (order, expected) in cases {
            assert_eq!(decide(&order, &quote), expected, "{:?}", order.ticket);
        }
    }

    #[test]
    fn test_without_a_market_everything_rests() {
        for kind in [Market, Limit, Stop, StopLimit] {
            assert_eq!(decide(&order(Buy, kind, 100, 100), &Quote::default()), Rest);
        }
    }
}
