//! Groups of accounts an advisor trades for: one order, shared out among the group as it fills. The
//! order's own account tells the whole and keeps no books of it (A20).

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::event::{Event, Execution};
use super::market::Exchange;
use super::order::Order;
use super::refusal::Refusal;
use super::ticket::Ticket;

/// The groups of a login: their accounts, each with its share relative to the others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Groups(BTreeMap<String, Vec<(String, Decimal)>>);

impl Groups {
    /// Puts a group in place; without accounts it is gone.
    pub(crate) fn set(&mut self, name: &str, shares: Vec<(String, Decimal)>) {
        match shares.is_empty() {
            true => drop(self.0.remove(name)),
            false => drop(self.0.insert(name.to_owned(), shares)),
        }
    }

    fn get(&self, name: &str) -> Option<&[(String, Decimal)]> {
        self.0.get(name).map(Vec::as_slice)
    }
}

/// Divides a quantity by shares. Whole quantities give whole parts; what does not divide goes to the
/// first accounts, one unit each.
fn divide(quantity: Decimal, shares: &[(String, Decimal)]) -> Vec<(String, Decimal)> {
    let total: Decimal = shares.iter().map(|(_, share)| *share).sum();
    let part = |share: Decimal| quantity * share / total;
    if !quantity.fract().is_zero() {
        return shares.iter().map(|(name, share)| (name.clone(), part(*share))).collect();
    }
    let mut parts: Vec<_> =
        shares.iter().map(|(name, share)| (name.clone(), part(*share).floor())).collect();
    let mut left = quantity - parts.iter().map(|(_, part)| *part).sum::<Decimal>();
    for (_, part) in &mut parts {
        let more = left.min(Decimal::ONE);
        *part += more;
        left -= more;
    }
    parts
}

impl Exchange {
    /// An order for a group needs one that is there.
    pub(super) fn check_group(&self, ticket: &Ticket) -> Result<(), Refusal> {
        let is_known = ticket.fa_group.is_empty() || self.groups.get(&ticket.fa_group).is_some();
        let cause = "Invalid FA group";
        let text = format!("Error validating request.-'bO' : cause - {cause}");
        if is_known { Ok(()) } else { Err(Refusal::new(321, text)) }
    }

    /// The tickets of a fill, one for each account of the group.
    fn allocations(&self, ticket: &Ticket) -> Vec<Ticket> {
        let shares = self.groups.get(&ticket.fa_group).unwrap_or_default();
        let parts = divide(ticket.quantity, shares).into_iter();
        let of_account =
            |(account, quantity): (String, Decimal)| Ticket { account, quantity, ..ticket.clone() };
        parts.filter(|(_, part)| !part.is_zero()).map(of_account).collect()
    }

    /// Shares a fill out: the whole with all commissions first, then a pair for each account.
    pub(super) fn fill_group(
        &mut self,
        order: &mut Order,
        whole: Execution,
        now: i64,
    ) -> Vec<Event> {
        let part = Ticket { quantity: whole.quantity, ..order.ticket.clone() };
        let parts = self.allocations(&part);
        let commissions: Vec<_> =
            parts.iter().map(|part| self.commission(part.con_id, part.quantity)).collect();
        let commission = commissions.iter().sum();
        order.commission += commission;
        let whole = Execution { commission, ..whole };
        self.executions.push(whole.clone());
        let mut later = vec![Event::Charged(Box::new(whole.clone()))];
        for (part, commission) in parts.into_iter().zip(commissions) {
            let realized = self.book_trade(&part, whole.price, commission);
            let quantity = part.quantity;
            let blank = self.execution_of(order, quantity, whole.price, now);
            let execution =
                Execution { account: part.account.clone(), commission, realized, ..blank };
            self.executions.push(execution.clone());
            later.push(Event::Allocated(Box::new(execution.clone())));
            later.push(Event::Moved { account: part.account, con_id: part.con_id });
            later.push(Event::Charged(Box::new(execution)));
        }
        later.insert(0, Event::Executed(Box::new(whole)));
        later
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_quantities_divide_without_losing_a_unit() {
        let shares = |of: &[i64]| -> Vec<(String, Decimal)> {
            of.iter().map(|share| (share.to_string(), Decimal::from(*share))).collect()
        };
        let cases: [(i64, &[i64], &[i64]); 3] =
            [(10, &[1, 1], &[5, 5]), (10, &[1, 1, 1], &[4, 3, 3]), (100, &[3, 1], &[75, 25])];

        for (quantity, of, expected) in cases {
            let parts = divide(Decimal::from(quantity), &shares(of));
            let parts: Vec<_> = parts.into_iter().map(|(_, part)| part).collect();
            let expected: Vec<_> = expected.iter().copied().map(Decimal::from).collect();
            assert_eq!(parts, expected, "{quantity} by {of:?}");
        }
    }
}
