//! Decides what an order does at given prices. Pure: the same order and quote decide the same.

use rust_decimal::Decimal;

use super::order::{Action, Order};
use super::order_kind::OrderKind;
use super::quote::Quote;
use super::ticket::{Ticket, Tif};

/// What an order does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Rest,
    /// Its trigger price is reached: it goes to the market.
    Trigger,
    /// It trades at this price.
    Fill(Decimal),
}

/// An order trades against the other side of the book at that side's price, or at the middle if it
/// is pegged there.
pub(crate) fn decide(order: &Order, quote: &Quote) -> Decision {
    let ticket = &order.ticket;
    if ticket.tif == Tif::Opg {
        return Decision::Rest;
    }
    if order.awaits_trigger() {
        return if is_set_off(ticket, quote) { Decision::Trigger } else { Decision::Rest };
    }
    let price = tradable(order, quote);
    price.map_or(Decision::Rest, Decision::Fill)
}

/// The price it may trade at now.
fn tradable(order: &Order, quote: &Quote) -> Option<Decimal> {
    let ticket = &order.ticket;
    let price = opposite(ticket.action, quote);
    match ticket.kind {
        OrderKind::Market | OrderKind::Stop | OrderKind::Trail | OrderKind::MarketIfTouched => {
            price
        }
        OrderKind::Limit
        | OrderKind::StopLimit
        | OrderKind::TrailLimit
        | OrderKind::LimitIfTouched => price.filter(|price| accepts(ticket, *price)),
        // The rest of a market-to-limit order has the price of its first fill as its limit.
        OrderKind::MarketToLimit => {
            price.filter(|price| order.filled.is_zero() || accepts(ticket, *price))
        }
        OrderKind::Midprice | OrderKind::PegMid => {
            pegged(ticket, quote.middle()).filter(|price| accepts_any(ticket, *price))
        }
        OrderKind::Relative
        | OrderKind::PegMarket
        | OrderKind::PegBest
        | OrderKind::PegStock
        | OrderKind::PegBenchmark
        | OrderKind::Volatility
        | OrderKind::MarketProtected
        | OrderKind::StopProtected => {
            let working = order.working_price?;
            price.filter(|price| is_within(ticket.action, *price, working))
        }
        OrderKind::MarketOnClose | OrderKind::LimitOnClose => None,
    }
}

/// The price of an auction, if the order accepts it.
pub(crate) fn auctioned(ticket: &Ticket, quote: &Quote) -> Option<Decimal> {
    let price = quote.last.or_else(|| quote.mark())?;
    let has_limit = ticket.kind.needs_limit();
    (!has_limit || accepts(ticket, price)).then_some(price)
}

/// A stop is set off by a price as bad as its own, an if-touched order by one as good.
pub(super) fn is_set_off(ticket: &Ticket, quote: &Quote) -> bool {
    let Some(stop) = ticket.stop else { return false };
    let rises = (ticket.action == Action::Buy) != ticket.kind.is_touched_by_better_prices();
    let reached = |price: Decimal| if rises { price >= stop } else { price <= stop };
    watched(ticket, quote).into_iter().flatten().any(reached)
}

/// The prices that move or set off an order, by its trigger method. Trailing orders follow the last
/// price unless told otherwise, so that a wide market does not set them off by itself.
pub(crate) fn watched(ticket: &Ticket, quote: &Quote) -> [Option<Decimal>; 2] {
    const BID_ASK: [i32; 2] = [1, 4];
    const LAST: [i32; 2] = [2, 3];
    const MIDDLE: i32 = 8;
    let side = opposite(ticket.action, quote);
    match ticket.trigger_method {
        method if BID_ASK.contains(&method) => [side, None],
        method if LAST.contains(&method) => [quote.last, None],
        MIDDLE => [quote.middle(), None],
        0 if ticket.kind.trails() => [quote.last.or(side), None],
        _ => [quote.last, side],
    }
}

/// What the order would pay or get at once.
pub(crate) fn opposite(action: Action, quote: &Quote) -> Option<Decimal> {
    match action {
        Action::Buy => quote.ask,
        Action::Sell => quote.bid,
    }
}

pub(super) fn own_side(action: Action, quote: &Quote) -> Option<Decimal> {
    opposite(action.opposite(), quote)
}

/// A midpoint peg stays away from the market by its offset.
fn pegged(ticket: &Ticket, reference: Option<Decimal>) -> Option<Decimal> {
    let offset = ticket.offset.unwrap_or_default() * ticket.action.sign();
    Some(reference? - offset)
}

fn accepts(ticket: &Ticket, price: Decimal) -> bool {
    ticket.limit.is_some_and(|limit| is_within(ticket.action, price, limit))
}

/// As [`accepts`], for orders whose limit is optional; zero is none.
fn accepts_any(ticket: &Ticket, price: Decimal) -> bool {
    ticket.limit.is_none_or(|limit| limit.is_zero() || is_within(ticket.action, price, limit))
}

pub(super) fn is_within(action: Action, price: Decimal, limit: Decimal) -> bool {
    match action {
        Action::Buy => price <= limit,
        Action::Sell => price >= limit,
    }
}

#[cfg(test)]
#[path = "matching_tests.rs"]
mod tests;
