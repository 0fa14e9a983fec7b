//! Combinations: several instruments traded as one. Their market follows from that of their legs; a
//! fill is one execution of the combination and one for each leg, which alone enter the books (O56).

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::event::{Event, Execution};
use super::ids::ConId;
use super::instrument::SecurityKind;
use super::market::Exchange;
use super::order::{Action, Order};
use super::quote::Quote;
use super::refusal::Refusal;
use super::ticket::{Leg, Ticket};

/// The contract id all combinations are shown under.
pub(crate) const COMBO: ConId = ConId(28_812_380);

impl Leg {
    /// What one does with it when the combination is bought or sold.
    fn action_in(&self, of_combo: Action) -> Action {
        match of_combo {
            Action::Buy => self.action,
            Action::Sell => self.action.opposite(),
        }
    }

    /// The leg as a ticket of its own.
    fn ticket(&self, combo: &Ticket) -> Ticket {
        Ticket {
            account: combo.account.clone(),
            con_id: self.con_id,
            action: self.action_in(combo.action),
            quantity: combo.quantity * self.ratio,
            ..Ticket::default()
        }
    }
}

impl Exchange {
    /// The market a ticket is for.
    pub(super) fn market_of(&self, ticket: &Ticket) -> Option<Cow<'_, Quote>> {
        match ticket.legs.is_empty() {
            true => self.quote(ticket.con_id).map(Cow::Borrowed),
            false => self.combined(&ticket.legs).map(Cow::Owned),
        }
    }

    /// What buying or selling every leg comes to; there is a price where all legs have one.
    fn combined(&self, legs: &[Leg]) -> Option<Quote> {
        let quotes: Option<Vec<_>> =
            legs.iter().map(|leg| Some((leg, self.quote(leg.con_id)?))).collect();
        let quotes = quotes?;
        let sum = |of: fn(&Quote, Action) -> Option<Decimal>, way: Action| {
            quotes
                .iter()
                .map(|(leg, quote)| {
                    let action = leg.action_in(way);
                    Some(of(quote, action)? * leg.ratio * leg.action.sign())
                })
                .sum::<Option<Decimal>>()
        };
        let side = |quote: &Quote, action| super::matching::opposite(action, quote);
        let sizes = |way: Action| {
            let fits = |(leg, quote): &(&Leg, &Quote)| {
                (quote.untaken(leg.action_in(way)) / leg.ratio).floor()
            };
            quotes.iter().map(fits).min().unwrap_or_default()
        };
        Some(Quote {
            bid: sum(side, Action::Sell),
            ask: sum(side, Action::Buy),
            last: sum(|quote, _| quote.mark(), Action::Buy),
            bid_size: sizes(Action::Sell),
            ask_size: sizes(Action::Buy),
            ..Quote::default()
        })
    }

    /// Legs must be known, and different from each other.
    pub(super) fn check_legs(&self, ticket: &Ticket) -> Result<(), Refusal> {
        let legs = &ticket.legs;
        let is_known =
            |leg: &Leg| self.listing.get(leg.con_id).is_some() && leg.ratio > Decimal::ZERO;
        let is_twice =
            |leg: &Leg| legs.iter().filter(|other| other.con_id == leg.con_id).count() > 1;
        if legs.iter().all(is_known) && !legs.iter().any(is_twice) && legs.len() > 1 {
            return Ok(());
        }
        Err(Refusal::new(312, "The combo details are invalid."))
    }

    /// The instrument whose sessions and grid an order keeps to: a combination's first leg.
    pub(super) fn guide(&self, ticket: &Ticket) -> ConId {
        ticket.legs.first().map_or(ticket.con_id, |leg| leg.con_id)
    }

    pub(super) fn kind_of(&self, ticket: &Ticket) -> Option<SecurityKind> {
        self.listing.get(self.guide(ticket)).map(|instrument| instrument.kind)
    }

    /// The tickets a ticket comes to: itself, or one for each leg.
    pub(super) fn parts(&self, ticket: &Ticket) -> Vec<Ticket> {
        match ticket.legs.is_empty() {
            true => vec![ticket.clone()],
            false => ticket.legs.iter().map(|leg| leg.ticket(ticket)).collect(),
        }
    }

    /// Books a fill of a combination: the execution of the whole, then one for each leg at the price
    /// its market has.
    pub(super) fn fill_legs(
        &mut self,
        order: &mut Order,
        whole: Execution,
        now: i64,
    ) -> Vec<Event> {
        let mut told = vec![Event::Executed(Box::new(whole.clone()))];
        let mut later = Vec::new();
        let part = Ticket { quantity: whole.quantity, ..order.ticket.clone() };
        for leg in self.parts(&part) {
            let market = self.quote(leg.con_id);
            let price = market.and_then(|quote| super::matching::opposite(leg.action, quote));
            let Some(price) = price.or_else(|| market.and_then(Quote::mark)) else { continue };
            let execution = self.fill_leg(order, &leg, price, now);
            later.push(Event::Moved { account: leg.account, con_id: leg.con_id });
            later.push(Event::Charged(Box::new(execution.clone())));
            told.push(Event::Executed(Box::new(execution)));
        }
        told.extend(later);
        told
    }

    fn fill_leg(&mut self, order: &mut Order, leg: &Ticket, price: Decimal, now: i64) -> Execution {
        let before: Vec<_> = self
            .executions
            .iter()
            .filter(|one| one.key == order.key && one.con_id == leg.con_id && !one.is_replaced)
            .map(|one| (one.quantity, one.price * one.quantity))
            .collect();
        let cumulative =
            before.iter().map(|(quantity, _)| *quantity).sum::<Decimal>() + leg.quantity;
        let turnover: Decimal =
            before.iter().map(|(_, amount)| *amount).sum::<Decimal>() + price * leg.quantity;
        let commission = self.commission(leg.con_id, leg.quantity);
        order.commission += commission;
        let realized = self.book_trade(leg, price, commission);
        let execution = Execution {
            con_id: leg.con_id,
            action: leg.action,
            quantity: leg.quantity,
            price,
            cumulative,
            average_price: turnover / cumulative,
            commission,
            realized,
            ..self.execution_of(order, leg.quantity, price, now)
        };
        self.executions.push(execution.clone());
        execution
    }
}
