//! What a test brings about on the exchange without the market: fills, and orders no longer known.

use rust_decimal::Decimal;

use super::event::Event;
use super::ids::{ConId, OrderKey};
use super::market::Exchange;
use super::matching::opposite;
use super::order::{Order, Status};

impl Exchange {
    /// Fills working orders on a contract, oldest first, until a quantity is used up, all at one price.
    pub(crate) fn fill_by_hand(
        &mut self,
        con_id: ConId,
        (mut quantity, price): (Decimal, Decimal),
        now: i64,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        for key in self.book.working_on(con_id) {
            // A fill before may have taken this one out of the market.
            let working = self.book.get(key).filter(|order| order.status.is_working());
            let Some(order) = working.cloned() else { continue };
            let part = order.remaining().min(quantity);
            if part > Decimal::ZERO {
                quantity -= part;
                events.extend(self.fill(order, part, price, now));
            }
        }
        events
    }

    /// A fill meets the cancel of an order on its way: PendingCancel, then the fill (O42). `None` if
    /// there is no price to fill at.
    pub(crate) fn fill_on_cancel(&mut self, key: OrderKey, now: i64) -> Option<Vec<Event>> {
        let order = self.book.get(key).filter(|order| order.status.is_working())?.clone();
        let ticket = &order.ticket;
        let price = ticket.limit.filter(|limit| !limit.is_zero());
        let market = self.market_of(ticket);
        let price = price.or_else(|| opposite(ticket.action, &*market?))?;
        let quantity = order.remaining();
        let order = Order { status: Status::PendingCancel, ..order };
        let mut events = vec![self.show(order.clone())];
        events.extend(self.fill(order, quantity, price, now));
        Some(self.settle(events, now))
    }

    /// Finished orders are no longer known, whatever day they ended on.
    pub(crate) fn forget_completed(&mut self) {
        self.book.forget_complete();
    }
}
