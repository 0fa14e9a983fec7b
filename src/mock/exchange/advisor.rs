//! Groups of accounts an advisor trades for: one order, shared out among the group as it fills. The
//! order's own account tells the whole and keeps no books of it (A20).

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::event::{Event, Execution};
use super::market::Exchange;
use super::order::Order;
use super::refusal::Refusal;
use super::ticket::Ticket;

/// Accounts and how orders are shared out among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Group {
    /// As IB names it: `NetLiq` and `AvailableEquity` share by those figures, `Equal` and
    /// `EqualQuantity` equally, all others by the shares.
    pub(crate) method: String,
    /// Each account with its share relative to the others.
    pub(crate) shares: Vec<(String, Decimal)>,
}

impl Group {
    /// Whether its accounts are there and their shares above zero.
    pub(crate) fn is_sound(&self, is_account: impl Fn(&str) -> bool) -> bool {
        self.shares.iter().all(|(name, share)| is_account(name) && *share > Decimal::ZERO)
    }
}

/// The groups of a login by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Groups(BTreeMap<String, Group>);

impl Groups {
    /// Puts a group in place that is shared out by ratio; without accounts it is gone.
    pub(crate) fn set(&mut self, name: &str, shares: Vec<(String, Decimal)>) {
        let group = Group { method: "Ratio".to_owned(), shares };
        match group.shares.is_empty() {
            true => drop(self.0.remove(name)),
            false => drop(self.0.insert(name.to_owned(), group)),
        }
    }

    /// Puts these groups in place of all there are.
    pub(crate) fn replace(&mut self, groups: Vec<(String, Group)>) {
        self.0 = groups.into_iter().collect();
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&String, &Group)> {
        self.0.iter()
    }

    fn get(&self, name: &str) -> Option<&Group> {
        self.0.get(name)
    }
}

/// Divides a quantity by shares. Whole quantities give whole parts; what does not divide goes to the
/// first accounts, one unit each.
fn divide(quantity: Decimal, shares: &[(String, Decimal)]) -> Vec<(String, Decimal)> {
    let total: Decimal = shares.iter().map(|(_, share)| *share).sum();
    let part = |share: Decimal| (quantity * share).checked_div(total).unwrap_or_default();
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
        let shares = self.groups.get(&ticket.fa_group).map(|group| self.shares_of(group));
        let parts = divide(ticket.quantity, &shares.unwrap_or_default()).into_iter();
        let of_account =
            |(account, quantity): (String, Decimal)| Ticket { account, quantity, ..ticket.clone() };
        parts.filter(|(_, part)| !part.is_zero()).map(of_account).collect()
    }

    /// What each account of a group gets of a fill, relative to the others.
    fn shares_of(&self, group: &Group) -> Vec<(String, Decimal)> {
        let share = |(account, share): &(String, Decimal)| {
            let figures = self.figures(account);
            let share = match group.method.as_str() {
                "Equal" | "EqualQuantity" => Decimal::ONE,
                "NetLiq" => figures.map(|figures| figures.net_liquidation()).unwrap_or_default(),
                "AvailableEquity" => {
                    figures.map(|figures| figures.available_funds()).unwrap_or_default()
                }
                _ => *share,
            };
            (account.clone(), share.max(Decimal::ZERO))
        };
        group.shares.iter().map(share).collect()
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
