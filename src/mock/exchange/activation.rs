//! How an order becomes active: held until transmitted, then waiting for its parent, its conditions
//! or the open, then in the market.

use rust_decimal::Decimal;

use super::event::Event;
use super::ids::OrderKey;
use super::instrument::SecurityKind;
use super::market::Exchange;
use super::matching::opposite;
use super::order::{Action, Order, Status, Waits};
use super::order_kind::OrderKind;
use super::short_sale::locate_note;
use super::ticket::{Ticket, Tif};
use super::trailing;

/// How far through the market a limit may be: 20 %.
const PROTECTED: Decimal = Decimal::from_parts(2, 0, 0, false, 1);

impl Exchange {
    /// What an untransmitted order waits for happens here: silence (O30), or it and the orders held
    /// for it go to the market (O70).
    pub(super) fn transmit(&mut self, order: Order, now: i64) -> Vec<Event> {
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
            events.extend(self.protect(key, now));
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
        order.waits = self.waits_of(&order, now);
        order.active_at = now;
        order.reviewed_at = now;
        order.changed_at = now;
        order.trades_before = self.executions.len();
        let mut order = self.trailed(order);
        let mut events = Vec::new();
        if self.rules.shows_pending_submit {
            events.push(self.show(Order { status: Status::PendingSubmit, ..order.clone() }));
        }
        order.status = self.first_status(&order);
        let passing_limit =
            order.ticket.limit.or(order.ticket.stop).filter(|_| order.ticket.kind.is_stop());
        if order.ticket.kind.is_stop() {
            events.push(Event::Shown { order: Box::new(order.clone()), passing_limit });
        }
        events.push(self.show(order.clone()));
        events.extend(self.opening_note(&order, now));
        events.extend(locate_note(&order));
        events
    }

    /// A limit far through the market is taken out, where the rules say so (O32).
    fn protect(&mut self, key: OrderKey, now: i64) -> Vec<Event> {
        let Some(order) = self.book.get(key).filter(|_| self.rules.protects_prices).cloned() else {
            return Vec::new();
        };
        let market = self.market_of(&order.ticket);
        let price = market.and_then(|quote| opposite(order.ticket.action, &quote));
        let through = order
            .ticket
            .limit
            .zip(price)
            .map(|(limit, price)| (limit - price) * order.ticket.action.sign() / price);
        if through.is_none_or(|share| share < PROTECTED) {
            return Vec::new();
        }
        let order = Order { changed_at: now, ..order };
        [Status::PendingCancel, Status::Cancelled]
            .map(|status| self.show(Order { status, ..order.clone() }))
            .into()
    }

    fn waits_of(&self, order: &Order, now: i64) -> Waits {
        let ticket = &order.ticket;
        let parent = ticket.parent.map(|id| OrderKey { order: id, ..order.key });
        let is_early = ticket.good_after.is_some_and(|after| after > now);
        let is_conditional = !ticket.conditions.is_empty() && !ticket.conditions.cancels;
        Waits {
            for_parent: parent.is_some_and(|parent| self.is_unfilled(parent)),
            for_conditions: is_early || is_conditional,
            for_open: !self.is_open(ticket, now) && ticket.tif != Tif::Opg,
            for_activation: ticket.is_deactivated,
            for_shares: self.lacks_shares(order),
        }
    }

    fn is_unfilled(&self, key: OrderKey) -> bool {
        self.book.get(key).is_some_and(|order| order.status != Status::Filled)
    }

    /// PreSubmitted while something holds it; market orders as observed on paper accounts (O5).
    pub(super) fn first_status(&self, order: &Order) -> Status {
        let ticket = &order.ticket;
        let kind = self.kind_of(ticket);
        let is_stock_sale = ticket.action == Action::Sell && kind == Some(SecurityKind::Stock);
        let is_market = matches!(ticket.kind, OrderKind::Market | OrderKind::MarketToLimit);
        let is_held = order.waits.any()
            || order.awaits_trigger()
            || ticket.tif == Tif::Opg
            || (is_market && !is_stock_sale);
        if is_held { Status::PreSubmitted } else { Status::Submitted }
    }

    /// An order that waited for something else goes on without it.
    pub(super) fn release(&mut self, key: OrderKey, waits: Waits, now: i64) -> Vec<Event> {
        let Some(mut order) = self.book.get(key).cloned() else { return Vec::new() };
        order.waits = waits;
        order.changed_at = now;
        order.status = self.first_status(&order);
        let order = self.trailed(order);
        let mut events = vec![self.show(order)];
        events.extend(self.match_order(key, now));
        events
    }

    /// The order with its trailing stop where the present prices take it.
    pub(super) fn trailed(&self, order: Order) -> Order {
        match self.trail_to(&order) {
            Some(ticket) => Order { ticket, ..order },
            None => order,
        }
    }

    pub(super) fn trail_to(&self, order: &Order) -> Option<Ticket> {
        let tick = self.listing.get(self.guide(&order.ticket))?.tick;
        trailing::follow(order, &*self.market_of(&order.ticket)?, tick)
    }
}
