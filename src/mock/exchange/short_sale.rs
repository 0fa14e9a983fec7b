//! Short sales of shares, which wait until shares are located where a fault says so.

use super::event::Event;
use super::instrument::SecurityKind;
use super::market::Exchange;
use super::order::{Action, Order, Waits};
use super::refusal::Refusal;
use super::trading::coded;

impl Exchange {
    /// Whether an order sells more shares than its account has, and shares have to be searched.
    pub(super) fn lacks_shares(&self, order: &Order) -> bool {
        let ticket = &order.ticket;
        let held = self.accounts.get(&ticket.account);
        let held = held.map(|account| account.ledger.quantity(ticket.con_id)).unwrap_or_default();
        self.fill_rule.locates_for(order.key.client)
            && ticket.action == Action::Sell
            && self.kind_of(ticket) == Some(SecurityKind::Stock)
            && order.remaining() > held
    }

    /// Lets the short sales work that nothing holds back any more.
    pub(crate) fn locate_shares(&mut self, now: i64) -> Vec<Event> {
        let is_free = |order: &&Order| {
            order.waits.for_shares && !self.fill_rule.locates_for(order.key.client)
        };
        let free = self.book.working(None).filter(is_free);
        let free: Vec<_> = free.map(|order| (order.key, order.waits)).collect();
        let released = free
            .into_iter()
            .flat_map(|(key, waits)| self.release(key, Waits { for_shares: false, ..waits }, now));
        released.collect()
    }
}

/// The order is accepted and held (O25).
pub(super) fn locate_note(order: &Order) -> Option<Event> {
    const HELD: &str = "Order held while securities are located.";
    order.waits.for_shares.then(|| coded(order.key, Refusal::new(404, HELD)))
}
