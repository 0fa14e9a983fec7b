//! What a fill of one order does to others: children start to work, siblings and members of a
//! one-cancels-all group shrink or leave.

use rust_decimal::Decimal;

use super::event::Event;
use super::ids::OrderKey;
use super::market::Exchange;
use super::matching::is_set_off;
use super::order::{Order, Status, Waits};
use super::ticket::OcaKind;

impl Exchange {
    /// A filled parent lets its children work (O71); a fill shrinks or removes the rivals (O74).
    /// `share` is the part of what remained that was filled.
    pub(super) fn follow_fill(&mut self, key: OrderKey, share: Decimal, now: i64) -> Vec<Event> {
        let Some(order) = self.book.get(key).cloned() else { return Vec::new() };
        let mut events = Vec::new();
        if order.status == Status::Filled {
            for child in self.book.children(key) {
                events.extend(self.release_child(child, now));
            }
        }
        for (rival, kind) in self.rivals(&order) {
            events.extend(match kind {
                OcaKind::Cancel => self.cancel_if_working(rival, now),
                OcaKind::Reduce | OcaKind::ReduceWithBlock => self.reduce(rival, share, now),
            });
        }
        events
    }

    /// Members of the order's group, and the other exits of its bracket, which reduce each other.
    fn rivals(&self, order: &Order) -> Vec<(OrderKey, OcaKind)> {
        let ticket = &order.ticket;
        let in_group = |other: &&Order| {
            !ticket.oca_group.is_empty() && other.ticket.oca_group == ticket.oca_group
        };
        let is_sibling = |other: &&Order| {
            let its = &other.ticket;
            ticket.parent.is_some()
                && its.parent == ticket.parent
                && (its.action, its.con_id) == (ticket.action, ticket.con_id)
        };
        let of_client =
            || self.book.working(Some(order.key.client)).filter(|other| other.key != order.key);
        let mut rivals: Vec<_> =
            of_client().filter(in_group).map(|other| (other.key, ticket.oca_kind)).collect();
        let siblings = of_client().filter(|other| is_sibling(other) && !in_group(other));
        rivals.extend(siblings.map(|other| (other.key, OcaKind::Reduce)));
        rivals
    }

    /// Takes a share of what remains away; an order of whole units keeps whole units.
    fn reduce(&mut self, key: OrderKey, share: Decimal, now: i64) -> Vec<Event> {
        let Some(mut order) = self.book.get(key).cloned() else { return Vec::new() };
        let loss = order.remaining() * share;
        let is_whole = order.ticket.quantity.fract().is_zero();
        let loss = if is_whole { loss.floor() } else { loss };
        if loss >= order.remaining() {
            return self.cancel_if_working(key, now);
        }
        order.ticket.quantity -= loss;
        order.changed_at = now;
        if loss.is_zero() { Vec::new() } else { vec![self.show(order)] }
    }

    /// A stop that is reached while its parent is partly filled, where a fault says that it shows
    /// nothing then: told as openOrder alone (O73).
    pub(super) fn reach_early(&mut self, key: OrderKey, now: i64) -> Vec<Event> {
        let Some(order) = self.book.get(key).filter(|order| self.is_early(order)).cloned() else {
            return Vec::new();
        };
        let order = Order { is_triggered: true, changed_at: now, ..order };
        self.book.put(order.clone());
        vec![Event::Opened(Box::new(order))]
    }

    fn is_early(&self, order: &Order) -> bool {
        let parent = order.ticket.parent.map(|id| OrderKey { order: id, ..order.key });
        let is_begun = |parent: &Order| !parent.filled.is_zero() && parent.status.is_working();
        let market = self.market_of(&order.ticket);
        self.fill_rule.empties_for(order.key.client)
            && order.waits.for_parent
            && order.awaits_trigger()
            && parent.and_then(|parent| self.book.get(parent)).is_some_and(is_begun)
            && market.is_some_and(|quote| is_set_off(&order.ticket, &quote))
    }

    fn release_child(&mut self, key: OrderKey, now: i64) -> Vec<Event> {
        let waiting = self.book.get(key).filter(|child| child.waits.for_parent);
        let Some(waits) = waiting.map(|child| child.waits) else { return Vec::new() };
        self.release(key, Waits { for_parent: false, ..waits }, now)
    }
}
