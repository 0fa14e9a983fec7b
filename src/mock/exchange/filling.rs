//! How orders trade: at the prices of the moment or in an auction, and what each fill writes into
//! the books.

use rust_decimal::Decimal;

use super::event::{Event, Execution};
use super::ids::{ConId, OrderKey};
use super::ledger::Fill;
use super::market::Exchange;
use super::matching::{Decision, auctioned, decide};
use super::order::{Order, Status};
use super::order_kind::OrderKind;
use super::ticket::{Ticket, Tif};
use super::trading::End;

impl Exchange {
    /// Lets every order on a contract trade that now can.
    pub(super) fn match_orders_on(&mut self, con_id: ConId, now: i64) -> Vec<Event> {
        let keys = self.book.working_on(con_id);
        keys.into_iter().flat_map(|key| self.match_order(key, now)).collect()
    }

    /// As [`Self::match_orders_on`], for every contract.
    pub(crate) fn match_all(&mut self, now: i64) -> Vec<Event> {
        let keys: Vec<_> = self.book.working(None).map(|order| order.key).collect();
        let events = keys.into_iter().flat_map(|key| self.match_order(key, now)).collect();
        self.settle(events, now)
    }

    pub(super) fn match_order(&mut self, key: OrderKey, now: i64) -> Vec<Event> {
        let mut events = self.trail(key, now);
        events.extend(self.reach_early(key, now));
        while let Some(order) = self.book.get(key).filter(|order| order.status.is_working()) {
            if order.ticket.kind.is_worked_out() {
                let moved = self.work_out(key, now);
                if !moved.is_empty() {
                    events.extend(moved);
                    continue;
                }
            }
            let Some(order) = self.book.get(key) else { break };
            let decision = match self.market_of(&order.ticket) {
                Some(quote) if self.may_trade(order, now) => decide(order, &quote),
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

    fn may_trade(&self, order: &Order, now: i64) -> bool {
        !order.waits.any() && self.is_open(&order.ticket, now)
    }

    /// A trailing stop moves: told as openOrder alone (O10).
    fn trail(&mut self, key: OrderKey, now: i64) -> Vec<Event> {
        let working = self.book.get(key).filter(|order| order.status.is_working());
        let Some(order) = working else { return Vec::new() };
        let Some(ticket) = self.trail_to(order).filter(|_| !order.waits.any()) else {
            return Vec::new();
        };
        let order = Order { ticket, changed_at: now, ..order.clone() };
        self.book.put(order.clone());
        vec![Event::Opened(Box::new(order))]
    }

    /// What does not fill at once leaves, if it was not to wait: IOC by way of PendingCancel, FOK as
    /// Inactive (O31).
    fn end_immediate(&mut self, key: OrderKey, now: i64) -> Vec<Event> {
        let working = self.book.get(key).filter(|order| order.status.is_working());
        let Some(mut order) = working.filter(|order| !order.waits.any()).cloned() else {
            return Vec::new();
        };
        order.changed_at = now;
        match order.ticket.tif {
            Tif::Ioc => [Status::PendingCancel, Status::Cancelled]
                .map(|status| self.show(Order { status, ..order.clone() }))
                .into(),
            Tif::Fok => vec![self.show(Order { status: Status::Inactive, ..order })],
            Tif::Day | Tif::Gtc | Tif::Gtd | Tif::Opg => Vec::new(),
        }
    }

    /// A reached stop goes to the market (O9).
    fn trigger(&mut self, mut order: Order, now: i64) -> Event {
        order.is_triggered = true;
        order.status = Status::Submitted;
        order.changed_at = now;
        self.show(order)
    }

    /// What the fill rule and the shown size leave of what remains, if that is enough for the order.
    fn fillable(&self, order: &Order) -> Decimal {
        let most = self.fill_rule.most(order.key.client) - order.filled;
        let ticket = &order.ticket;
        let shown = self.market_of(ticket).map(|quote| quote.untaken(ticket.action));
        let most = match shown.filter(|_| self.rules.fills_by_size) {
            Some(shown) => most.min(shown),
            None => most,
        };
        let quantity = order.remaining().min(most).max(Decimal::ZERO);
        let is_first_too_small = order.filled.is_zero() && quantity < ticket.min_quantity;
        let is_killed = self.rules.kills_immediate && matches!(ticket.tif, Tif::Ioc | Tif::Fok);
        let is_part = quantity < order.remaining();
        let is_refused = is_killed || is_first_too_small || (is_part && ticket.is_indivisible());
        if is_refused { Decimal::ZERO } else { quantity }
    }

    /// Trades in an auction at its price; what finds no trade there leaves (O26).
    pub(super) fn trade_in_auction(&mut self, key: OrderKey, now: i64) -> Vec<Event> {
        let Some(order) = self.book.get(key).cloned() else { return Vec::new() };
        let market = self.market_of(&order.ticket);
        let price = market.and_then(|quote| auctioned(&order.ticket, &quote));
        let quantity = self.fillable(&order);
        let mut events = Vec::new();
        if let Some(price) = price.filter(|_| !quantity.is_zero() && !order.waits.any()) {
            events.extend(self.fill(order, quantity, price, now));
        }
        if let Some(rest) = self.book.get(key).filter(|order| order.status.is_working()).cloned() {
            events.extend(self.end(rest, &End::Expired("Not traded in the auction"), now));
        }
        events
    }

    /// Execution, order pair, position, commission: in this order (O50, A13). An order made a market
    /// order by a change shows its pair first (O52).
    pub(super) fn fill(
        &mut self,
        mut order: Order,
        quantity: Decimal,
        price: Decimal,
        now: i64,
    ) -> Vec<Event> {
        let share = quantity / order.remaining();
        order.filled += quantity;
        order.turnover += quantity * price;
        order.last_fill_price = price;
        order.changed_at = now;
        if order.ticket.kind == OrderKind::MarketToLimit {
            order.ticket.limit = Some(price);
        }
        if order.remaining().is_zero() {
            order.status = Status::Filled;
        }
        self.take_size(&order, quantity);
        let told = self.book_fill(&mut order, quantity, price, now);
        let (key, is_status_first) = (order.key, order.is_made_market);
        let shown = self.show(order);
        let (mut events, rest): (Vec<_>, Vec<_>) =
            told.into_iter().partition(|event| matches!(event, Event::Executed(_)));
        events.insert(if is_status_first { 0 } else { events.len() }, shown);
        events.extend(rest);
        events.extend(self.follow_fill(key, share, now));
        events
    }

    fn take_size(&mut self, order: &Order, quantity: Decimal) {
        let part = Ticket { quantity, ..order.ticket.clone() };
        for taken in self.parts(&part) {
            if let Some(quote) = self.quote_mut(taken.con_id) {
                quote.take(taken.action, taken.quantity);
            }
        }
    }

    /// Books a fill of one instrument; what it tells is told around the order's new state.
    fn book_fill(
        &mut self,
        order: &mut Order,
        quantity: Decimal,
        price: Decimal,
        now: i64,
    ) -> Vec<Event> {
        let whole = self.execution_of(order, quantity, price, now);
        if !order.ticket.legs.is_empty() {
            self.executions.push(whole.clone());
            return self.fill_legs(order, whole, now);
        }
        if !order.ticket.fa_group.is_empty() {
            return self.fill_group(order, whole, now);
        }
        let commission = self.commission(order.ticket.con_id, order.filled) - order.commission;
        order.commission += commission;
        let part = Ticket { quantity, ..order.ticket.clone() };
        let realized = self.book_trade(&part, price, commission);
        let execution = Execution { commission, realized, ..whole };
        self.executions.push(execution.clone());
        vec![
            Event::Executed(Box::new(execution.clone())),
            Event::Moved { account: part.account, con_id: part.con_id },
            Event::Charged(Box::new(execution)),
        ]
    }

    /// Writes a trade into its account; returns what it realized.
    pub(super) fn book_trade(
        &mut self,
        ticket: &Ticket,
        price: Decimal,
        commission: Decimal,
    ) -> Option<Decimal> {
        let fill = Fill { quantity: ticket.signed_quantity(), price, commission };
        let account = self.accounts.get_mut(&ticket.account);
        let (account, instrument) = account.zip(self.listing.get(ticket.con_id))?;
        account.ledger.book(instrument, fill)
    }

    /// The next execution of an order, not charged yet.
    pub(super) fn execution_of(
        &self,
        order: &Order,
        quantity: Decimal,
        price: Decimal,
        now: i64,
    ) -> Execution {
        let ticket = &order.ticket;
        let number = self.executions.len() + 1;
        Execution {
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
            commission: Decimal::ZERO,
            realized: None,
            is_replaced: false,
            time: now,
        }
    }
}

#[cfg(test)]
#[path = "books_tests.rs"]
mod books_tests;
