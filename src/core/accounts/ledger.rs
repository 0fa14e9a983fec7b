//! What is known of one account: its values, its portfolio, its profit and loss.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use time::OffsetDateTime;
use tokio::time::Instant;

use crate::model::{AccountId, AccountSnapshot, AccountValue, ContractId, Pnl, Position};

/// The rows of one account, as the gateway told them on one link.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    /// By tag, currency, and whether it is a ledger's.
    values: BTreeMap<(String, String, bool), AccountValue>,
    portfolio: BTreeMap<ContractId, Position>,
    pnl: Option<Pnl>,
    values_at: Option<OffsetDateTime>,
    pnl_at: Option<OffsetDateTime>,
    /// When the values were first complete, on the steady clock.
    settles_from: Option<Instant>,
    /// When the portfolio was last downloaded whole.
    portfolio_at: Option<Instant>,
    updated_at: Option<OffsetDateTime>,
    /// Made when first asked for after a change.
    snapshot: OnceLock<Arc<AccountSnapshot>>,
}

impl Ledger {
    /// A value came.
    pub(super) fn value(&mut self, row: AccountValue, now: OffsetDateTime) {
        self.touch(now);
        self.values.insert((row.tag.clone(), row.currency.clone(), row.is_ledger), row);
    }

    /// A row of the portfolio came.
    pub(super) fn portfolio(&mut self, row: Position, now: OffsetDateTime) {
        self.touch(now);
        if let Some(id) = row.contract.contract_id {
            self.portfolio.insert(id, row);
        }
    }

    /// The first download of the values is complete.
    pub(super) fn values_complete(&mut self, now: OffsetDateTime) {
        self.touch(now);
        self.values_at.get_or_insert(now);
        self.settles_from.get_or_insert_with(Instant::now);
    }

    /// A download of values and portfolio is complete.
    pub(super) fn download_complete(&mut self, now: OffsetDateTime) {
        self.values_complete(now);
        self.portfolio_at = Some(Instant::now());
    }

    /// Profit and loss came.
    pub(super) fn pnl_came(&mut self, pnl: Pnl, now: OffsetDateTime) {
        self.touch(now);
        self.pnl = Some(pnl);
        self.pnl_at.get_or_insert(now);
    }

    /// Forgets values and portfolio, because their stream lost rows.
    pub(super) fn restart(&mut self) {
        *self = Self { pnl: self.pnl, pnl_at: self.pnl_at, ..Self::default() };
    }

    /// Forgets that the portfolio was downloaded: it speaks of what is no longer held.
    pub(super) fn expire_portfolio(&mut self) {
        self.portfolio_at = None;
    }

    fn touch(&mut self, now: OffsetDateTime) {
        self.updated_at = Some(now);
        self.snapshot.take();
    }

    /// Since when the values are complete.
    pub(super) fn values_at(&self) -> Option<OffsetDateTime> {
        self.values_at
    }

    /// Since when profit and loss is told.
    pub(super) fn pnl_at(&self) -> Option<OffsetDateTime> {
        self.pnl_at
    }

    /// When the values were first complete, on the steady clock.
    pub(super) fn settles_from(&self) -> Option<Instant> {
        self.settles_from
    }

    /// When the portfolio was last downloaded whole.
    pub(super) fn portfolio_at(&self) -> Option<Instant> {
        self.portfolio_at
    }

    /// Profit and loss, once sent.
    pub(super) fn pnl(&self) -> Option<Pnl> {
        self.pnl
    }

    /// The row that prices a contract.
    pub(super) fn row(&self, id: ContractId) -> Option<&Position> {
        self.portfolio.get(&id)
    }

    /// Everything known, once the values are complete; made once per change.
    pub(super) fn snapshot(&self, account: &AccountId) -> Option<Arc<AccountSnapshot>> {
        self.values_at?;
        let updated_at = self.updated_at?;
        let snapshot = self.snapshot.get_or_init(|| Arc::new(self.made(account, updated_at)));
        Some(Arc::clone(snapshot))
    }

    fn made(&self, account: &AccountId, updated_at: OffsetDateTime) -> AccountSnapshot {
        AccountSnapshot {
            account: account.clone(),
            currency: self.base_currency(),
            values: self.values.values().cloned().collect(),
            pnl: self.pnl.unwrap_or_default(),
            updated_at,
        }
    }

    /// The currency whose exchange rate is 1, else that of the net liquidation.
    fn base_currency(&self) -> String {
        let is_base = |row: &&AccountValue| {
            row.tag == "ExchangeRate"
                && row.currency != "BASE"
                && row.value.parse::<f64>().is_ok_and(|rate| (rate - 1.0).abs() < f64::EPSILON)
        };
        let net = |row: &&AccountValue| row.tag == "NetLiquidation" && row.currency != "BASE";
        let values = || self.values.values();
        let row = values().find(is_base).or_else(|| values().find(net));
        row.map(|row| row.currency.clone()).unwrap_or_default()
    }
}
