//! Options exercised or let go: the option leaves the books for nothing and its underlying changes hands
//! at the strike, at once and without commission. What a gateway sends besides the new positions was
//! observed by nobody.

use rust_decimal::Decimal;

use super::event::Event;
use super::ids::ConId;
use super::instrument::{OptionTerms, Right};
use super::ledger::Fill;
use super::market::Exchange;
use super::refusal::Refusal;

/// What to do with an option that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exercise {
    Exercise,
    Lapse,
}

impl Exchange {
    /// Exercises options an account holds, or lets them lapse.
    pub(crate) fn exercise(
        &mut self,
        account: &str,
        con_id: ConId,
        quantity: Decimal,
        what: Exercise,
    ) -> Result<Vec<Event>, Refusal> {
        let option = self.listing.get(con_id).cloned();
        let option = option.ok_or_else(|| refused("the contract is unknown"))?;
        let terms = option.option().ok_or_else(|| refused("the contract is not an option"))?;
        let underlying = self.listing.get(terms.underlying).cloned();
        let underlying = underlying.ok_or_else(|| refused("the underlying is unknown"))?;
        let entry = self.accounts.get_mut(account).ok_or_else(|| refused("account is unknown"))?;
        if quantity <= Decimal::ZERO || entry.ledger.quantity(con_id) < quantity {
            return Err(refused(&format!(
                "No unlapsed position exists in this option in account {account}"
            )));
        }
        let moved = |con_id| Event::Moved { account: account.to_owned(), con_id };
        entry.ledger.book(&option, fill(-quantity, Decimal::ZERO));
        let mut events = vec![moved(con_id)];
        if what == Exercise::Exercise {
            let shares = shares(terms, quantity * option.multiplier);
            entry.ledger.book(&underlying, fill(shares, terms.strike));
            events.push(moved(terms.underlying));
        }
        Ok(events)
    }

    /// Whether an option is worth exercising at the price of its underlying.
    pub(crate) fn is_in_the_money(&self, terms: OptionTerms) -> bool {
        let mark = self.frozen_quote(terms.underlying).and_then(|quote| quote.mark());
        mark.is_some_and(|mark| match terms.right {
            Right::Call => mark > terms.strike,
            Right::Put => mark < terms.strike,
        })
    }
}

const fn fill(quantity: Decimal, price: Decimal) -> Fill {
    Fill { quantity, price, commission: Decimal::ZERO }
}

/// A call buys its underlying, a put sells it.
fn shares(terms: OptionTerms, units: Decimal) -> Decimal {
    match terms.right {
        Right::Call => units,
        Right::Put => -units,
    }
}

fn refused(cause: &str) -> Refusal {
    Refusal::new(322, format!("Error processing request.-'bZ' : cause - {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_an_exercised_call_becomes_shares_at_the_strike() {
        let mut exchange =
            Exchange::new(&["A".to_owned()], 1, time::macros::date!(2026 - 11 - 21), 0);
        let option = exchange.listing.called("AAPL  261218C00190000")[0];
        let stock = exchange.listing.called("AAPL")[0];
        exchange.set_position("A", option, Decimal::TWO, Decimal::from(500));
        let cash = |exchange: &Exchange| exchange.figures("A").unwrap().cash;
        let before = cash(&exchange);

        let done = exchange.exercise("A", option, Decimal::ONE, Exercise::Exercise).unwrap();

        let held = |con_id| exchange.valued_one("A", con_id).unwrap().holding.clone();
        assert_eq!(done.len(), 2);
        assert_eq!(
            (held(option).quantity, held(stock).quantity),
            (Decimal::ONE, Decimal::from(100))
        );
        assert_eq!(held(stock).average_cost(), Decimal::from(190));
        assert_eq!(before - cash(&exchange), Decimal::from(19_000));
        assert!(exchange.exercise("A", option, Decimal::TWO, Exercise::Lapse).is_err());
    }
}
