//! Executions that turn out otherwise: corrected in price, or taken back (B17). Books follow as if a
//! trade at the old price had been undone.

use rust_decimal::Decimal;

use super::event::{Event, Execution};
use super::ledger::Fill;
use super::market::Exchange;

impl Exchange {
    /// Gives an execution another price: a new execution with the last group of its id raised takes
    /// its place. `None` if there is no such execution.
    pub(crate) fn correct_execution(
        &mut self,
        exec_id: &str,
        price: Decimal,
    ) -> Option<Vec<Event>> {
        let old = self.take_out(exec_id)?;
        let signed = old.quantity * old.action.sign();
        let undone = Fill { quantity: -signed, price: old.price, commission: -old.commission };
        let redone = Fill { quantity: signed, price, commission: old.commission };
        let change = self.rebook(&old, undone) + self.rebook(&old, redone);
        let new = self.corrected(&old, price, change);
        self.executions.push(new.clone());
        Some(vec![
            Event::Executed(Box::new(new.clone())),
            moved(&old),
            Event::Charged(Box::new(new)),
        ])
    }

    /// Takes an execution back with its commission. Which frames a gateway sends then is not known:
    /// here positions and account figures follow, the execution itself is no longer listed.
    pub(crate) fn bust_execution(&mut self, exec_id: &str) -> Option<Vec<Event>> {
        let old = self.take_out(exec_id)?;
        let quantity = -old.quantity * old.action.sign();
        self.rebook(&old, Fill { quantity, price: old.price, commission: -old.commission });
        Some(vec![moved(&old)])
    }

    fn take_out(&mut self, exec_id: &str) -> Option<Execution> {
        let valid =
            |execution: &&mut Execution| execution.exec_id == exec_id && !execution.is_replaced;
        let execution = self.executions.iter_mut().find(valid)?;
        execution.is_replaced = true;
        Some(execution.clone())
    }

    fn rebook(&mut self, of: &Execution, fill: Fill) -> Decimal {
        let account = self.accounts.get_mut(&of.account);
        let booked = account.zip(self.listing.get(of.con_id));
        let gained = booked.and_then(|(account, instrument)| account.ledger.book(instrument, fill));
        gained.unwrap_or_default()
    }

    /// The new execution; the average of its order follows.
    fn corrected(&mut self, old: &Execution, price: Decimal, gained: Decimal) -> Execution {
        let mut average_price = price;
        if let Some(mut order) = self.book.get(old.key).cloned() {
            order.turnover += old.quantity * (price - old.price);
            average_price = order.average_price();
            self.book.put(order);
        }
        Execution {
            exec_id: raised(&old.exec_id),
            price,
            average_price,
            realized: match old.realized {
                None if gained.is_zero() => None,
                before => Some(before.unwrap_or_default() + gained),
            },
            is_replaced: false,
            ..old.clone()
        }
    }
}

fn moved(of: &Execution) -> Event {
    Event::Moved { account: of.account.clone(), con_id: of.con_id }
}

/// The id of a correction: the last group is one higher (E5).
fn raised(exec_id: &str) -> String {
    let (stem, last) = exec_id.rsplit_once('.').unwrap_or((exec_id, "01"));
    let number = last.parse().unwrap_or(0_u32);
    format!("{stem}.{:02}", number + 1)
}
