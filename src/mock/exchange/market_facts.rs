//! The market as conditions see it.

use rust_decimal::Decimal;

use super::condition::Facts;
use super::ids::ConId;
use super::market::Exchange;
use super::order::Order;
use super::ticket::Ticket;

/// What the conditions of one order are judged by.
struct MarketFacts<'a> {
    exchange: &'a Exchange,
    order: &'a Order,
    now: i64,
}

impl Exchange {
    pub(super) fn conditions_hold(&self, ticket: &Ticket, order: &Order, now: i64) -> bool {
        ticket.conditions.hold(&MarketFacts { exchange: self, order, now })
    }
}

impl Facts for MarketFacts<'_> {
    fn last(&self, con_id: ConId) -> Option<Decimal> {
        self.exchange.quote(con_id)?.last
    }

    fn now(&self) -> i64 {
        self.now
    }

    fn margin_percent(&self) -> Option<Decimal> {
        let figures = self.exchange.figures(&self.order.ticket.account)?;
        Some(figures.cushion() * Decimal::ONE_HUNDRED)
    }

    /// Trades since the order became active.
    fn has_traded(&self, symbol: &str, security_type: &str) -> bool {
        let since = self.exchange.executions.iter().skip(self.order.trades_before);
        since.into_iter().any(|execution| {
            let instrument = self.exchange.listing.get(execution.con_id);
            instrument.is_some_and(|instrument| {
                instrument.symbol == symbol && instrument.kind.code() == security_type
            })
        })
    }

    fn volume(&self, con_id: ConId) -> Option<Decimal> {
        Some(self.exchange.quote(con_id)?.volume)
    }

    fn percent_change(&self, con_id: ConId) -> Option<Decimal> {
        let quote = self.exchange.quote(con_id)?;
        let close = quote.close.filter(|close| !close.is_zero())?;
        Some((quote.last? - close) / close * Decimal::ONE_HUNDRED)
    }
}
