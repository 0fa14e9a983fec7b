//! Keeps orders whose price the exchange works out where their market, stock or benchmark takes them.

use super::event::Event;
use super::ids::OrderKey;
use super::market::Exchange;
use super::order::Order;
use super::pegging::{Placing, Surroundings, placing, started};
use super::trading::End;

impl Exchange {
    /// Moves an order to where it works now. Moving is not told; what has left its range is taken out.
    pub(super) fn work_out(&mut self, key: OrderKey, now: i64) -> Vec<Event> {
        let Some(order) = self.book.get(key).filter(|order| is_placed(order)).cloned() else {
            return Vec::new();
        };
        let Some(around) = self.surroundings(&order, now) else { return Vec::new() };
        let ticket = started(order.ticket.clone(), around);
        match placing(&ticket, order.working_price, around) {
            Placing::OutOfRange => {
                self.end(order, &End::Expired("The reference price left its range"), now)
            }
            Placing::Nowhere => Vec::new(),
            Placing::At(price) => {
                self.book.put(Order { ticket, working_price: Some(price), ..order });
                Vec::new()
            }
        }
    }

    fn surroundings(&self, order: &Order, now: i64) -> Option<Surroundings<'_>> {
        let ticket = &order.ticket;
        Some(Surroundings {
            instrument: self.listing.get(ticket.con_id)?,
            quote: self.quote(ticket.con_id)?,
            reference: ticket.peg.reference.and_then(|con_id| self.quote(con_id)),
            now,
        })
    }
}

fn is_placed(order: &Order) -> bool {
    !order.waits.any() && !order.awaits_trigger()
}
