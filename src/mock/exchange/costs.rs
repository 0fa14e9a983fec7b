//! What an order costs: the margin it ties up and the commission it pays.

use rust_decimal::Decimal;

use super::account::margin_rate;
use super::ids::ConId;
use super::instrument::SecurityKind;
use super::market::Exchange;
use super::refusal::Refusal;
use super::ticket::Ticket;

impl Exchange {
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
        self.parts(ticket).iter().map(|part| self.margin_change_of(part)).sum()
    }

    fn margin_change_of(&self, ticket: &Ticket) -> Decimal {
        let Some(instrument) = self.listing.get(ticket.con_id) else { return Decimal::ZERO };
        let Some(account) = self.accounts.get(&ticket.account) else { return Decimal::ZERO };
        let quote = self.frozen_quote(ticket.con_id);
        let price = ticket.limit.or(ticket.stop).or(quote.and_then(|quote| quote.mark()));
        let held = account.ledger.quantity(ticket.con_id);
        let after = held + ticket.signed_quantity();
        let unit =
            price.unwrap_or_default() * instrument.multiplier * self.rate(&instrument.currency);
        let held_margin = held.abs() * unit * margin_rate(instrument.kind);
        let margin = after.abs().saturating_mul(unit).saturating_mul(margin_rate(instrument.kind));
        margin - held_margin
    }

    /// The commission of a ticket if it fills whole.
    pub(crate) fn commission_of(&self, ticket: &Ticket) -> Decimal {
        let parts = self.parts(ticket);
        parts.iter().map(|part| self.commission(part.con_id, part.quantity)).sum()
    }

    /// The commission of one order for a filled quantity: at least 1.00 for shares (E8).
    pub(super) fn commission(&self, con_id: ConId, filled: Decimal) -> Decimal {
        if let Some(fee) = self.fees.get(&con_id) {
            return filled * fee;
        }
        match self.listing.get(con_id).map(|instrument| instrument.kind) {
            Some(SecurityKind::Future | SecurityKind::FutureOption) => {
                filled * Decimal::new(225, 2)
            }
            Some(SecurityKind::Fund) => Decimal::new(1495, 2),
            Some(SecurityKind::Cash | SecurityKind::Crypto) => Decimal::TWO,
            Some(SecurityKind::Option) => (filled * Decimal::new(65, 2)).max(Decimal::ONE),
            Some(SecurityKind::Bond) => filled.max(Decimal::ONE),
            Some(
                SecurityKind::Stock
                | SecurityKind::Index
                | SecurityKind::Cfd
                | SecurityKind::Warrant,
            )
            | None => (filled * Decimal::new(5, 3)).max(Decimal::ONE),
        }
    }
}
