//! Orders on their way: accepted, refused, changed, cancelled, triggered, filled. Every step returns
//! what happened, in the order a gateway tells it.

use rust_decimal::Decimal;

use super::account::margin_rate;
use super::event::{Event, Execution};
use super::ids::{ConId, OrderKey};
use super::instrument::SecurityKind;
use super::ledger::Fill;
use super::market::Exchange;
use super::matching::{Decision, decide};
use super::order::{Action, Order, OrderKind, Status, Ticket};
use super::refusal::{Refusal, check_cancel, check_change, check_ticket};

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
        match self.book.get(key).cloned() {
            Some(order) => self.change(order, ticket, now),
            None => self.take_in(key, ticket, refused, now),
        }
    }

    /// Ids start at one and never go back (I4, I5).
    fn check_id(&self, key: OrderKey) -> Result<(), Refusal> {
        if key.order.0 <= 0 {
            return Err(Refusal::new(10149, format!("Invalid order id: {}", key.order.0)));
        }
        let is_new = self.book.get(key).is_none();
        if is_new && key.order < self.book.next_id(key.client) {
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
            (None, Ok(())) => self.check(&ticket).and_then(|()| self.check_funds(&ticket)),
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

    pub(crate) fn check(&self, ticket: &Ticket) -> Result<(), Refusal> {
        match self.listing.get(ticket.con_id) {
            Some(instrument) => check_ticket(ticket, instrument),
            None => Err(Refusal::new(200, "No security definition has been found for the request")),
        }
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

    /// An order may not tie up more than what is available (O22).
    pub(crate) fn check_funds(&self, ticket: &Ticket) -> Result<(), Refusal> {
        let Some(figures) = self.figures(&ticket.account) else { return Ok(()) };
        let needed = self.margin_change(ticket);
        let available = figures.available_funds();
        if needed <= available || needed <= Decimal::ZERO {
            return Ok(());
        }
        Err(Refusal::new(
            201,
            format!(
                "Order rejected - reason:YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED \
                 POSITION YOUR AVAILABLE FUNDS [{available:.2} USD] MUST EXCEED THE INITIAL MARGIN \
                 [{needed:.2} USD]"
            ),
        ))
    }

    /// By how much the margin of the account would grow if the ticket filled whole.
    pub(crate) fn margin_change(&self, ticket: &Ticket) -> Decimal {
        let Some(instrument) = self.listing.get(ticket.con_id) else { return Decimal::ZERO };
        let Some(account) = self.accounts.get(&ticket.account) else { return Decimal::ZERO };
        let quote = self.frozen_quote(ticket.con_id);
        let price = ticket.limit.or(ticket.stop).or(quote.and_then(|quote| quote.mark()));
        let held = account.ledger.quantity(ticket.con_id);
        let after = held + ticket.quantity * ticket.action.sign();
        let unit = price.unwrap_or_default() * instrument.multiplier;
        let held_margin = held.abs() * unit * margin_rate(instrument.kind);
        let margin = after.abs().saturating_mul(unit).saturating_mul(margin_rate(instrument.kind));
        margin - held_margin
    }

    /// What an untransmitted order waits for happens here: silence (O30), or it and the orders held
    /// for it go to the market (O70).
    fn transmit(&mut self, order: Order, now: i64) -> Vec<Event> {
        let key = order.key;
        let is_held = !order.ticket.transmit;
        let parent = order.ticket.parent.map(|order| OrderKey { order, ..key });
        self.book.put(order);
        if is_held {
            return Vec::new();
        }
        let family = parent.map_or_else(|| vec![key], |parent| self.held_family(parent, key));
        let mut events: Vec<_> = family.iter().flat_map(|key| self.activate(*key, now)).collect();
        for key in family {
            events.extend(self.match_order(key, now));
        }
        events
    }

    /// The order itself and those of its family that are held, parent first.
    fn held_family(&self, parent: OrderKey, key: OrderKey) -> Vec<OrderKey> {
        let mut family = vec![parent];
        family.extend(self.book.children(parent));
        let is_released = |of: &OrderKey| {
            *of == key || self.book.get(*of).is_some_and(|order| order.status == Status::Held)
        };
        family.into_iter().filter(is_released).collect()
    }

    /// First sight of an order: one pair, for a stop two with a passing limit price in the first (O8).
    fn activate(&mut self, key: OrderKey, now: i64) -> Vec<Event> {
        let Some(mut order) = self.book.get(key).cloned() else { return Vec::new() };
        let parent = order.ticket.parent.map(|order| OrderKey { order, ..key });
        order.waits_for_parent = parent.is_some_and(|parent| self.is_unfilled(parent));
        order.status = self.first_status(&order);
        order.changed_at = now;
        let is_stop = order.ticket.kind.waits_for_trigger();
        let passing_limit = order.ticket.limit.or(order.ticket.stop).filter(|_| is_stop);
        let mut events = vec![self.show(order.clone())];
        if is_stop {
            events[0] = Event::Shown { order: Box::new(order.clone()), passing_limit };
            events.push(self.show(order));
        }
        events
    }

    fn is_unfilled(&self, key: OrderKey) -> bool {
        self.book.get(key).is_some_and(|order| order.status != Status::Filled)
    }

    /// PreSubmitted while something holds it; market orders as observed on paper accounts (O5).
    fn first_status(&self, order: &Order) -> Status {
        let ticket = &order.ticket;
        let kind = self.listing.get(ticket.con_id).map(|instrument| instrument.kind);
        let is_stock_sale = ticket.action == Action::Sell && kind == Some(SecurityKind::Stock);
        let is_held = order.waits_for_parent
            || match ticket.kind {
                OrderKind::Market => !is_stock_sale,
                OrderKind::Stop | OrderKind::StopLimit => true,
                OrderKind::Limit | OrderKind::Resting(_) => false,
            };
        if is_held { Status::PreSubmitted } else { Status::Submitted }
    }

    /// The same id again: new values for a working order, or release of a held one (O60).
    fn change(&mut self, order: Order, ticket: Ticket, now: i64) -> Vec<Event> {
        let checked = check_change(&order, &ticket).and_then(|()| self.check(&ticket));
        if let Err(refusal) = checked {
            return vec![coded(order.key, refusal)];
        }
        let is_trigger_moved = order.ticket.stop != ticket.stop;
        let mut order = Order { ticket, changed_at: now, ..order };
        if order.status == Status::Held {
            return self.transmit(order, now);
        }
        order.is_triggered &= !is_trigger_moved;
        let mut events = vec![self.show(order.clone())];
        if order.ticket.kind.waits_for_trigger() {
            events.push(self.show(order.clone()));
        }
        events.extend(self.match_order(order.key, now));
        events
    }

    /// Cancels an order for its client: Cancelled as a pair, then 202 (O40).
    pub(crate) fn cancel(&mut self, key: OrderKey, now: i64) -> Vec<Event> {
        let Some(order) = self.book.get(key).cloned() else {
            let text = format!("OrderId {} that needs to be cancelled is not found.", key.order.0);
            return vec![coded(key, Refusal::new(10147, text))];
        };
        match check_cancel(&order) {
            Err(refusal) => vec![coded(key, refusal)],
            Ok(()) => self.withdraw(order, now),
        }
    }

    /// Cancels every working order of every client (O46).
    pub(crate) fn cancel_all(&mut self, now: i64) -> Vec<Event> {
        let keys: Vec<_> = self.book.working(None).map(|order| order.key).collect();
        keys.into_iter().flat_map(|key| self.cancel_if_working(key, now)).collect()
    }

    fn cancel_if_working(&mut self, key: OrderKey, now: i64) -> Vec<Event> {
        match self.book.get(key).cloned() {
            Some(order) if order.status.is_working() => self.withdraw(order, now),
            _ => Vec::new(),
        }
    }

    /// An order leaves the market, and its children with it (O72).
    fn withdraw(&mut self, mut order: Order, now: i64) -> Vec<Event> {
        let key = order.key;
        order.status = Status::Cancelled;
        order.changed_at = now;
        let mut events = vec![self.show(order)];
        events.push(coded(key, Refusal::new(202, "Order Canceled - reason:")));
        for child in self.book.children(key) {
            events.extend(self.cancel_if_working(child, now));
        }
        events
    }

    /// Lets every order on a contract trade that now can.
    pub(super) fn match_orders_on(&mut self, con_id: ConId, now: i64) -> Vec<Event> {
        let keys = self.book.working_on(con_id);
        keys.into_iter().flat_map(|key| self.match_order(key, now)).collect()
    }

    /// As [`Self::match_orders_on`], for every contract.
    pub(crate) fn match_all(&mut self, now: i64) -> Vec<Event> {
        let keys: Vec<_> = self.book.working(None).map(|order| order.key).collect();
        keys.into_iter().flat_map(|key| self.match_order(key, now)).collect()
    }

    fn match_order(&mut self, key: OrderKey, now: i64) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(order) = self.book.get(key).filter(|order| order.status.is_working()) {
            let decision = match self.quote(order.ticket.con_id) {
                Some(quote) if !order.waits_for_parent => decide(order, quote),
                _ => Decision::Rest,
            };
            let order = order.clone();
            match decision {
                Decision::Rest => break,
                Decision::Trigger => events.push(self.trigger(order, now)),
                Decision::Fill(price) => {
                    let quantity = self.fillable(&order);
                    if quantity.is_zero() {
                        break;
                    }
                    events.extend(self.fill(order, quantity, price, now));
                }
            }
        }
        events.extend(self.end_immediate(key, now));
        events
    }

    /// What does not fill at once leaves, if it was not to wait: IOC by way of PendingCancel, FOK as
    /// Inactive (O31).
    fn end_immediate(&mut self, key: OrderKey, now: i64) -> Vec<Event> {
        let working = self.book.get(key).filter(|order| order.status.is_working());
        let Some(mut order) = working.cloned() else { return Vec::new() };
        order.changed_at = now;
        match order.ticket.tif.as_str() {
            "IOC" => [Status::PendingCancel, Status::Cancelled]
                .map(|status| self.show(Order { status, ..order.clone() }))
                .into(),
            "FOK" => vec![self.show(Order { status: Status::Inactive, ..order })],
            _ => Vec::new(),
        }
    }

    /// A reached stop goes to the market (O9).
    fn trigger(&mut self, mut order: Order, now: i64) -> Event {
        order.is_triggered = true;
        order.status = Status::Submitted;
        order.changed_at = now;
        self.show(order)
    }

    /// What the fill rule leaves of what remains.
    fn fillable(&self, order: &Order) -> Decimal {
        let most = self.fill_rule.most(order.key.client);
        order.remaining().min(most - order.filled).max(Decimal::ZERO)
    }

    /// Execution, order pair, position, commission: in this order (O50, A13).
    pub(super) fn fill(
        &mut self,
        mut order: Order,
        quantity: Decimal,
        price: Decimal,
        now: i64,
    ) -> Vec<Event> {
        order.filled += quantity;
        order.turnover += quantity * price;
        order.last_fill_price = price;
        order.changed_at = now;
        if order.remaining().is_zero() {
            order.status = Status::Filled;
        }
        let execution = self.book_fill(&mut order, quantity, price, now);
        let (account, con_id) = (order.ticket.account.clone(), order.ticket.con_id);
        let key = order.key;
        let mut events = vec![
            Event::Executed(Box::new(execution.clone())),
            self.show(order),
            Event::Moved { account, con_id },
            Event::Charged(Box::new(execution)),
        ];
        events.extend(self.follow_fill(key, now));
        events
    }

    fn book_fill(
        &mut self,
        order: &mut Order,
        quantity: Decimal,
        price: Decimal,
        now: i64,
    ) -> Execution {
        let commission = self.commission(order.ticket.con_id, order.filled) - order.commission;
        order.commission += commission;
        let ticket = &order.ticket;
        let fill = Fill { quantity: quantity * ticket.action.sign(), price, commission };
        let account = self.accounts.get_mut(&ticket.account);
        let realized = match (account, self.listing.get(ticket.con_id)) {
            (Some(account), Some(instrument)) => account.ledger.book(instrument, fill),
            _ => None,
        };
        let number = self.executions.len() + 1;
        let execution = Execution {
            // Two groups of eight hex digits and two of two (E5).
            exec_id: format!("{:08x}.{number:08x}.01.01", order.perm_id.0 & 0xFFFF_FFFF),
            key: order.key,
            perm_id: order.perm_id,
            order_ref: ticket.order_ref.clone(),
            account: ticket.account.clone(),
            con_id: ticket.con_id,
            action: ticket.action,
            quantity,
            price,
            cumulative: order.filled,
            average_price: order.average_price(),
            commission,
            realized,
            time: now,
        };
        self.executions.push(execution.clone());
        execution
    }

    /// The commission of a ticket if it fills whole.
    pub(crate) fn commission_of(&self, ticket: &Ticket) -> Decimal {
        self.commission(ticket.con_id, ticket.quantity)
    }

    /// The commission of one order for a filled quantity: at least 1.00 for shares (E8).
    fn commission(&self, con_id: ConId, filled: Decimal) -> Decimal {
        match self.listing.get(con_id).map(|instrument| instrument.kind) {
            Some(SecurityKind::Future) => filled * Decimal::new(225, 2),
            Some(SecurityKind::Cash | SecurityKind::Crypto) => Decimal::TWO,
            Some(SecurityKind::Option) => (filled * Decimal::new(65, 2)).max(Decimal::ONE),
            Some(SecurityKind::Bond) => filled.max(Decimal::ONE),
            Some(SecurityKind::Stock | SecurityKind::Index) | None => {
                (filled * Decimal::new(5, 3)).max(Decimal::ONE)
            }
        }
    }

    /// A filled parent lets its children work; a filled child takes its siblings out (O71), as does
    /// a filled member of a one-cancels-all group (O74).
    fn follow_fill(&mut self, key: OrderKey, now: i64) -> Vec<Event> {
        let Some(order) = self.book.get(key).filter(|order| order.status == Status::Filled) else {
            return Vec::new();
        };
        let (parent, group) = (order.ticket.parent, order.ticket.oca_group.clone());
        let mut events = Vec::new();
        for child in self.book.children(key) {
            events.extend(self.release_child(child, now));
        }
        let siblings = parent.map(|order| self.book.children(OrderKey { order, ..key }));
        let rivals = self
            .book
            .working(Some(key.client))
            .filter(|other| !group.is_empty() && other.ticket.oca_group == group);
        let mut others: Vec<_> = rivals.map(|other| other.key).collect();
        others.extend(siblings.into_iter().flatten());
        for other in others.into_iter().filter(|other| *other != key) {
            events.extend(self.cancel_if_working(other, now));
        }
        events
    }

    fn release_child(&mut self, key: OrderKey, now: i64) -> Vec<Event> {
        let waiting = self.book.get(key).filter(|child| child.waits_for_parent);
        let Some(mut child) = waiting.cloned() else { return Vec::new() };
        child.waits_for_parent = false;
        child.status = self.first_status(&child);
        child.changed_at = now;
        let mut events = vec![self.show(child)];
        events.extend(self.match_order(key, now));
        events
    }

    /// Stores the order in its new state and tells of it.
    fn show(&mut self, order: Order) -> Event {
        self.book.put(order.clone());
        Event::Shown { order: Box::new(order), passing_limit: None }
    }
}

fn coded(to: OrderKey, refusal: Refusal) -> Event {
    Event::Coded { to, code: refusal.code, text: refusal.text }
}

#[cfg(test)]
#[path = "trading_tests.rs"]
mod tests;
