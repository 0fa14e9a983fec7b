//! Orders as clients give them: accepted, refused, changed, cancelled. Every step returns what
//! happened, in the order a gateway tells it. How they become active is `activation`'s part, how they
//! trade `filling`'s.

use super::event::Event;
use super::ids::OrderKey;
use super::market::Exchange;
use super::order::{Order, Status};
use super::order_kind::OrderKind;
use super::refusal::{Refusal, check_cancel, check_change, check_ticket};
use super::ticket::Ticket;

/// Why an order ends.
pub(super) enum End<'a> {
    /// Its client, its parent or its group took it back; reasons are empty (O40).
    Withdrawn,
    /// The exchange took it out, for this reason (O26).
    Expired(&'a str),
}

impl Exchange {
    /// Takes in a ticket under an id: a new order, or a change of the one that has the id.
    pub(crate) fn place(
        &mut self,
        key: OrderKey,
        ticket: Ticket,
        refused: Option<Refusal>,
        now: i64,
    ) -> Vec<Event> {
        if let Err(refusal) = self.check_id(key) {
            return vec![coded(key, refusal)];
        }
        let events = match self.book.get(key).cloned() {
            Some(order) => self.change(order, ticket, now),
            None => self.take_in(key, ticket, refused, now),
        };
        self.settle(events, now)
    }

    /// Ids start at one and never go back (I4, I5); orders entered by hand have other numbers.
    fn check_id(&self, key: OrderKey) -> Result<(), Refusal> {
        let is_new = self.book.get(key).is_none();
        if key.order.0 <= 0 && !key.is_manual() {
            return Err(Refusal::new(10149, format!("Invalid order id: {}", key.order.0)));
        }
        if is_new && !key.is_manual() && key.order < self.book.next_id(key.client) {
            return Err(Refusal::new(103, "Duplicate order id"));
        }
        Ok(())
    }

    fn take_in(
        &mut self,
        key: OrderKey,
        ticket: Ticket,
        refused: Option<Refusal>,
        now: i64,
    ) -> Vec<Event> {
        self.book.use_id(key);
        let parent = self.check_parent(key, &ticket);
        let checked = match (refused, parent) {
            (Some(refusal), _) | (None, Err(refusal)) => Err(refusal),
            (None, Ok(())) => self.check(&ticket, now).and_then(|()| self.check_funds(&ticket)),
        };
        let perm_id = self.book.next_perm_id();
        let mut order = Order::new(key, perm_id, ticket, now);
        match checked {
            Err(refusal) if !refusal.shows_order() => vec![coded(key, refusal)],
            Err(refusal) => {
                order.status = Status::Inactive;
                vec![coded(key, refusal), self.show(order)]
            }
            Ok(()) => self.transmit(order, now),
        }
    }

    pub(crate) fn check(&self, ticket: &Ticket, now: i64) -> Result<(), Refusal> {
        self.check_opening(ticket, now)?;
        self.check_group(ticket)?;
        if !ticket.legs.is_empty() {
            self.check_legs(ticket)?;
        }
        match self.listing.get(self.guide(ticket)) {
            Some(instrument) => check_ticket(ticket, instrument, now),
            None => Err(Refusal::new(200, "No security definition has been found for the request")),
        }
    }

    /// An order that never comes to be, but is shown as cancelled; its id is used up (O28).
    pub(crate) fn discard(&mut self, key: OrderKey, ticket: Ticket, now: i64) -> Vec<Event> {
        self.book.use_id(key);
        let perm_id = self.book.next_perm_id();
        let status = Status::Cancelled;
        vec![self.show(Order { status, ..Order::new(key, perm_id, ticket, now) })]
    }

    /// A child needs a parent that is not finished (O66).
    fn check_parent(&self, key: OrderKey, ticket: &Ticket) -> Result<(), Refusal> {
        let Some(order) = ticket.parent else { return Ok(()) };
        match self.book.get(OrderKey { order, ..key }) {
            None => Err(Refusal::new(10006, format!("Parent order {} is not found", order.0))),
            Some(parent) if parent.status.is_complete() => {
                Err(Refusal::new(135, format!("Can't find order with id = {}", order.0)))
            }
            Some(_) => Ok(()),
        }
    }

    /// The same id again: new values for a working order, or release of a held one (O60). A refused
    /// change leaves the order as it was (O61).
    fn change(&mut self, order: Order, ticket: Ticket, now: i64) -> Vec<Event> {
        let checked = check_change(&order, &ticket)
            .and_then(|()| self.check_parent(order.key, &ticket))
            .and_then(|()| self.check(&ticket, now));
        if let Err(refusal) = checked {
            return vec![coded(order.key, refusal)];
        }
        let is_trigger_moved = order.ticket.stop != ticket.stop;
        let is_made_market =
            ticket.kind == OrderKind::Market && order.ticket.kind != OrderKind::Market;
        let wordings = order.wordings + 1;
        let mut order = Order {
            ticket,
            changed_at: now,
            wordings,
            is_made_market,
            working_price: None,
            ..order
        };
        if order.status == Status::Held {
            return self.transmit(order, now);
        }
        order.is_triggered &= !is_trigger_moved;
        if order.waits.for_activation != order.ticket.is_deactivated {
            order.waits.for_activation = order.ticket.is_deactivated;
            order.status = self.first_status(&order);
        }
        let order = self.trailed(order);
        let mut events = vec![self.show(order.clone())];
        if order.ticket.kind.is_stop() {
            events.push(self.show(order.clone()));
        }
        events.extend(self.match_order(order.key, now));
        events
    }

    /// Cancels an order for its client: Cancelled as a pair, then 202 (O40).
    pub(crate) fn cancel(&mut self, key: OrderKey, now: i64) -> Vec<Event> {
        let Some(order) = self.book.get(key).cloned() else {
            return vec![coded(key, not_found(key))];
        };
        match check_cancel(&order, now) {
            Err(refusal) => vec![coded(key, refusal)],
            Ok(()) => self.end(order, &End::Withdrawn, now),
        }
    }

    /// Cancels every working order of every client (O46).
    pub(crate) fn cancel_all(&mut self, now: i64) -> Vec<Event> {
        let keys: Vec<_> = self.book.working(None).map(|order| order.key).collect();
        keys.into_iter().flat_map(|key| self.cancel_if_working(key, now)).collect()
    }

    pub(super) fn cancel_if_working(&mut self, key: OrderKey, now: i64) -> Vec<Event> {
        match self.book.get(key).cloned() {
            Some(order) if order.status.is_working() => self.end(order, &End::Withdrawn, now),
            _ => Vec::new(),
        }
    }

    /// An order leaves the market, and its children with it (O72).
    pub(super) fn end(&mut self, mut order: Order, end: &End<'_>, now: i64) -> Vec<Event> {
        let key = order.key;
        order.changed_at = now;
        let mut events = match end {
            End::Withdrawn => self.withdraw(order),
            End::Expired(reason) => self.expire(order, reason),
        };
        for child in self.book.children(key) {
            let child = self.book.get(child).filter(|child| !child.status.is_complete());
            if let Some(child) = child.cloned() {
                events.extend(self.end(child, &End::Withdrawn, now));
            }
        }
        events
    }

    fn withdraw(&mut self, order: Order) -> Vec<Event> {
        let key = order.key;
        let mut events = Vec::new();
        if self.rules.shows_pending_cancel {
            events.push(self.show(Order { status: Status::PendingCancel, ..order.clone() }));
        }
        let status = match order.status {
            Status::Held => Status::ApiCancelled,
            _ => Status::Cancelled,
        };
        let end_note = "Cancelled by Trader".to_owned();
        events.push(self.show(Order { status, end_note, ..order }));
        events.push(coded(key, Refusal::new(202, "Order Canceled - reason:")));
        events
    }

    /// As seen when an exchange cancelled by itself: openOrder alone, orderStatus alone, 202 (O26).
    fn expire(&mut self, order: Order, reason: &str) -> Vec<Event> {
        let key = order.key;
        let pending = Order { status: Status::PendingCancel, ..order };
        // A system cancel's note ends in a newline (P3).
        let end_note = format!("{reason}\n");
        let gone = Order { status: Status::Cancelled, end_note, ..pending.clone() };
        self.book.put(gone.clone());
        vec![
            Event::Opened(Box::new(pending)),
            Event::Stated(Box::new(gone)),
            coded(key, Refusal::new(202, format!("Order Canceled - reason:{reason}"))),
        ]
    }

    /// Stores the order in its new state and tells of it.
    pub(super) fn show(&mut self, order: Order) -> Event {
        self.book.put(order.clone());
        Event::Shown { order: Box::new(order), passing_limit: None }
    }
}

/// A cancel of what is not there (O43).
pub(crate) fn not_found(key: OrderKey) -> Refusal {
    let text = format!("OrderId {} that needs to be cancelled is not found.", key.order.0);
    Refusal::new(10147, text)
}

pub(super) fn coded(to: OrderKey, refusal: Refusal) -> Event {
    Event::Coded { to, code: refusal.code, text: refusal.text }
}

#[cfg(test)]
#[path = "trading_tests.rs"]
mod tests;
