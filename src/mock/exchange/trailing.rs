//! Where the stop of a trailing order is: it follows the price at a distance and never goes back.

use rust_decimal::Decimal;

use super::matching::watched;
use super::order::{Action, Order};
use super::quote::Quote;
use super::ticket::Ticket;

/// The ticket with its stop, and the limit tied to it, where these prices take them. `None` if they
/// stay.
pub(crate) fn follow(order: &Order, quote: &Quote, tick: Decimal) -> Option<Ticket> {
    let ticket = &order.ticket;
    if !ticket.kind.trails() || order.is_triggered {
        return None;
    }
    let stop = candidate(ticket, quote, tick)?;
    let is_better = ticket.stop.is_none_or(|old| match ticket.action {
        Action::Buy => stop < old,
        Action::Sell => stop > old,
    });
    is_better.then(|| moved(ticket, stop))
}

fn candidate(ticket: &Ticket, quote: &Quote, tick: Decimal) -> Option<Decimal> {
    let prices = watched(ticket, quote).into_iter().flatten();
    let reference = match ticket.action {
        Action::Buy => prices.min()?,
        Action::Sell => prices.max()?,
    };
    let share = ticket.percent.map(|percent| reference * percent / Decimal::ONE_HUNDRED);
    let distance = ticket.offset.filter(|offset| !offset.is_zero()).or(share)?;
    let stop = reference + distance * ticket.action.sign();
    Some((stop / tick).round() * tick)
}

fn moved(ticket: &Ticket, stop: Decimal) -> Ticket {
    let limit = ticket.limit_offset.map(|offset| stop + offset * ticket.action.sign());
    Ticket { stop: Some(stop), limit: limit.or(ticket.limit), ..ticket.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{ClientId, OrderId, OrderKey, PermId, order_kind::OrderKind};

    fn order(action: Action, percent: Option<i64>, stop: Option<i64>) -> Order {
        let ticket = Ticket {
            action,
            kind: OrderKind::TrailLimit,
            stop: stop.map(Decimal::from),
            offset: percent.is_none().then_some(Decimal::TWO),
            percent: percent.map(Decimal::from),
            limit_offset: Some(Decimal::ONE),
            ..Ticket::default()
        };
        let key = OrderKey { client: ClientId(1), order: OrderId(1) };
        Order::new(key, PermId(1), ticket, 0)
    }

    fn at(last: i64) -> Quote {
        Quote { last: Some(Decimal::from(last)), ..Quote::default() }
    }

    #[test]
    fn test_a_stop_follows_good_prices_and_stays_for_bad_ones() {
        let cases = [
            (order(Action::Sell, None, Some(97)), 100, Some((98, 97))),
            (order(Action::Sell, None, Some(98)), 99, None),
            (order(Action::Buy, None, Some(103)), 100, Some((102, 103))),
            (order(Action::Buy, None, Some(102)), 101, None),
            (order(Action::Sell, Some(10), None), 200, Some((180, 179))),
        ];

        for (order, last, expected) in cases {
            let ticket = follow(&order, &at(last), Decimal::new(1, 2));
            let prices = ticket.map(|ticket| (ticket.stop.unwrap(), ticket.limit.unwrap()));
            let expected =
                expected.map(|(stop, limit)| (Decimal::from(stop), Decimal::from(limit)));
            assert_eq!(prices, expected, "{:?} at {last}", order.ticket);
        }
    }
}
