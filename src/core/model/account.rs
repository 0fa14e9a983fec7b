//! Accounts: values, positions, profit and loss.

use std::sync::Arc;

use rust_decimal::Decimal;
use time::OffsetDateTime;

use super::{AccountId, Contract};

/// What newer gateways put before the key of a currency's own figure.
const LEDGER: &str = "$LEDGER-";

/// One row of an account's values, exactly as IB names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountValue {
    /// The account the row belongs to.
    pub account: AccountId,
    /// IB's name of the value, such as `NetLiquidation`.
    pub tag: String,
    /// The value as IB wrote it; not every value is a number.
    pub value: String,
    /// The row's currency, `BASE`, or empty.
    pub currency: String,
    /// Whether the gateway tells it as one of a currency's own ledger (`$LEDGER-`, of gateways from 10.47)
    /// and not of the account as a whole. Older gateways do not tell the two apart.
    pub is_ledger: bool,
}

/// One position. A price, value or P&L that is not known is `None`, never 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Position {
    /// The account that holds it.
    pub account: AccountId,
    /// What is held.
    pub contract: Contract,
    /// Units held, negative when short.
    pub quantity: Decimal,
    /// Average cost per unit, multiplier and commission included (IB's `avgCost`).
    pub average_cost: f64,
    /// Last market price IB sent with the portfolio.
    pub market_price: Option<f64>,
    /// Signed market value.
    pub market_value: Option<f64>,
    /// Unrealized P&L in the contract's currency.
    pub unrealized_pnl: Option<f64>,
    /// Realized P&L of the day.
    pub realized_pnl: Option<f64>,
}

/// Profit and loss of an account (`reqPnL`); a figure IB has not computed is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pnl {
    /// Since the previous close.
    pub daily: Option<f64>,
    /// Of open positions.
    pub unrealized: Option<f64>,
    /// Of positions closed today.
    pub realized: Option<f64>,
}

/// Everything known about one account at one moment, for one base currency.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountSnapshot {
    /// The account.
    pub account: AccountId,
    /// Base currency: the one whose exchange rate is 1, else that of `NetLiquidation`.
    pub currency: String,
    /// All rows of this account, all currencies.
    pub values: Vec<AccountValue>,
    /// Profit and loss; unknown parts are `None`.
    pub pnl: Pnl,
    /// When the last row arrived.
    pub updated_at: OffsetDateTime,
}

/// What is kept of an account while no live link tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptAccount {
    /// Its values.
    pub snapshot: Arc<AccountSnapshot>,
    /// Profit and loss, if it was told.
    pub pnl: Option<Pnl>,
    /// What it holds, with the prices that were known.
    pub positions: Vec<Arc<Position>>,
    /// When all that was last known to be right.
    pub as_of: OffsetDateTime,
}

/// The money of an account, in its base currency; a figure IB has not told is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Balance {
    /// The account.
    pub account: AccountId,
    /// Base currency of the figures.
    pub currency: String,
    /// What the account is worth (`NetLiquidation`).
    pub net_liquidation: Option<f64>,
    /// What may be put into new positions (`AvailableFunds`).
    pub available_funds: Option<f64>,
    /// Cash, all currencies together (`TotalCashValue`).
    pub cash: Option<f64>,
}

impl AccountValue {
    /// A row by IB's key, in either dialect: a key of a currency's ledger may have a prefix.
    #[must_use]
    pub fn new(account: AccountId, key: &str, value: String, currency: String) -> Self {
        let ledger = key.strip_prefix(LEDGER);
        let tag = ledger.unwrap_or(key).to_owned();
        Self { account, tag, value, currency, is_ledger: ledger.is_some() }
    }
}

impl AccountSnapshot {
    /// The money of the account.
    #[must_use]
    pub fn balance(&self) -> Balance {
        Balance {
            account: self.account.clone(),
            currency: self.currency.clone(),
            net_liquidation: self.number("NetLiquidation"),
            available_funds: self.number("AvailableFunds"),
            cash: self.number("TotalCashValue"),
        }
    }

    /// The number under `tag` in the account's base currency (rows without a currency count as
    /// base); rows of `BASE` or other currencies are never mixed in, and what is told of the account as a
    /// whole goes before what is told of its base currency alone. `None` when absent or not a finite
    /// number.
    #[must_use]
    pub fn number(&self, tag: &str) -> Option<f64> {
        let in_base =
            |row: &&AccountValue| row.currency == self.currency || row.currency.is_empty();
        let rows = || self.values.iter().filter(|row| row.tag == tag).filter(in_base);
        let row = rows().find(|row| !row.is_ledger).or_else(|| rows().next())?;
        row.value.parse().ok().filter(|value: &f64| value.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_s_own_figure_goes_before_its_base_currency_s() {
        let account = || AccountId("DU1".into());
        let row = |key, value: &str| AccountValue::new(account(), key, value.into(), "USD".into());
        let table = [
            (vec![row("AccruedCash", "3"), row("$LEDGER-AccruedCash", "5")], Some(3.0)),
            (vec![row("$LEDGER-AccruedCash", "5"), row("AccruedCash", "3")], Some(3.0)),
            (vec![row("$LEDGER-AccruedCash", "5")], Some(5.0)),
            (vec![], None),
        ];

        for (values, expected) in table {
            let (currency, updated_at) = ("USD".into(), OffsetDateTime::UNIX_EPOCH);
            let pnl = Pnl::default();
            let snapshot =
                AccountSnapshot { account: account(), currency, values, pnl, updated_at };
            assert_eq!(snapshot.number("AccruedCash"), expected);
        }
    }
}
