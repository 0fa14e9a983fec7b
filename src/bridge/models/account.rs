//! Accounts, positions, profit and loss as Python sees them.

use std::sync::{Arc, Mutex};

use aioibkr_core::model;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyTuple};
use rust_decimal::Decimal;
use time::UtcDateTime;

use super::contract::Contract;
use super::hash_of;
use super::text::{Repr, Verbatim};
use crate::convert;
use crate::mailbox::lock;
use crate::text::Word;

/// One row of an account's values, exactly as IB names it.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct AccountValue(pub(crate) model::AccountValue);

#[pymethods]
impl AccountValue {
    /// The account the row belongs to.
    #[getter]
    fn account(&self) -> &str {
        &self.0.account.0
    }

    /// IB's name of the value, such as NetLiquidation.
    #[getter]
    fn tag(&self) -> &str {
        &self.0.tag
    }

    /// The value as IB wrote it; not every value is a number.
    #[getter]
    fn value(&self) -> &str {
        &self.0.value
    }

    /// The row's currency, BASE, or empty.
    #[getter]
    fn currency(&self) -> &str {
        &self.0.currency
    }

    /// Whether it is told as one of a currency's own ledger ($LEDGER-).
    ///
    /// Gateways before 10.47 tell the account's and a currency's alike: it is false for both.
    #[getter]
    fn is_ledger(&self) -> bool {
        self.0.is_ledger
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        hash_of((&self.0.account, &self.0.tag, &self.0.value, &self.0.currency, self.0.is_ledger))
    }

    fn __repr__(&self) -> String {
        Repr::of("AccountValue")
            .field("account", self.account())
            .field("tag", self.tag())
            .field("value", self.value())
            .field("currency", self.currency())
            .some("is_ledger", self.0.is_ledger.then_some(&true))
            .end()
    }
}

/// Everything known about one account at one moment.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct AccountSnapshot(pub(crate) Arc<model::AccountSnapshot>);

#[pymethods]
impl AccountSnapshot {
    /// The account.
    #[getter]
    fn account(&self) -> &str {
        &self.0.account.0
    }

    /// Its base currency.
    #[getter]
    fn currency(&self) -> &str {
        &self.0.currency
    }

    /// All rows, all currencies.
    #[getter]
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let rows = self.0.values.iter().map(|row| Py::new(py, AccountValue(row.clone())));
        PyTuple::new(py, rows.collect::<PyResult<Vec<_>>>()?)
    }

    /// Profit and loss.
    #[getter]
    fn pnl(&self) -> Pnl {
        Pnl(self.0.pnl)
    }

    /// When the last row arrived, UTC.
    #[getter]
    fn updated_at(&self) -> UtcDateTime {
        convert::utc(self.0.updated_at)
    }

    /// Find the number under a tag in base currency; None where there is none.
    ///
    /// Rows of BASE or of other currencies are never mixed in.
    fn number(&self, tag: Word) -> Option<f64> {
        self.0.number(&tag)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let is_equal = |other: &Arc<_>| Arc::ptr_eq(other, &self.0) || *other == self.0;
        other.cast::<Self>().is_ok_and(|other| is_equal(&other.get().0))
    }

    fn __hash__(&self) -> u64 {
        hash_of((&self.0.account, self.0.updated_at))
    }

    fn __repr__(&self) -> String {
        Repr::of("AccountSnapshot")
            .field("account", self.account())
            .field("currency", self.currency())
            .field("values", &Verbatim(format!("<{} rows>", self.0.values.len())))
            .field("updated_at", &self.0.updated_at)
            .end()
    }
}

/// Profit and loss of an account, base currency; None where IB has not computed it.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Pnl(pub(crate) model::Pnl);

#[pymethods]
impl Pnl {
    /// Since the previous close.
    #[getter]
    fn daily(&self) -> Option<f64> {
        self.0.daily
    }

    /// Of open positions.
    #[getter]
    fn unrealized(&self) -> Option<f64> {
        self.0.unrealized
    }

    /// Of positions closed today.
    #[getter]
    fn realized(&self) -> Option<f64> {
        self.0.realized
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        // Adding 0.0 makes -0.0 the 0.0 that it equals.
        let bits = |amount: Option<f64>| amount.map(|amount| (amount + 0.0).to_bits());
        hash_of((bits(self.0.daily), bits(self.0.unrealized), bits(self.0.realized)))
    }

    fn __repr__(&self) -> String {
        Repr::of("Pnl")
            .field("daily", &self.0.daily)
            .field("unrealized", &self.0.unrealized)
            .field("realized", &self.0.realized)
            .end()
    }
}

/// One position. What is not known is None, never 0.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Position {
    row: Arc<model::Position>,
    contract: PyOnceLock<Py<Contract>>,
}

/// The positions told last, so that a row that did not change is the same object.
#[derive(Default)]
pub(crate) struct Told(Mutex<Vec<Py<Position>>>);

impl Told {
    /// A Python list of rows.
    pub(crate) fn list(
        &self,
        py: Python<'_>,
        rows: Vec<Arc<model::Position>>,
    ) -> PyResult<Py<PyAny>> {
        let before = std::mem::take(&mut *lock(&self.0));
        let object = |(place, row): (usize, Arc<model::Position>)| match before.get(place) {
            Some(known) if Arc::ptr_eq(&known.get().row, &row) => Ok(known.clone_ref(py)),
            Some(_) | None => Py::new(py, Position { row, contract: PyOnceLock::new() }),
        };
        let told = rows.into_iter().enumerate().map(object).collect::<PyResult<Vec<_>>>()?;
        let list = PyList::new(py, &told)?.into_any().unbind();
        *lock(&self.0) = told;
        Ok(list)
    }
}

#[pymethods]
impl Position {
    /// The account that holds it.
    #[getter]
    fn account(&self) -> &str {
        &self.row.account.0
    }

    /// What is held.
    #[getter]
    fn contract(&self, py: Python<'_>) -> PyResult<Py<Contract>> {
        let made = || Py::new(py, Contract(self.row.contract.clone()));
        self.contract.get_or_try_init(py, made).map(|contract| contract.clone_ref(py))
    }

    /// Units held, negative when short.
    #[getter]
    fn quantity(&self) -> Decimal {
        self.row.quantity
    }

    /// Average cost per unit, multiplier and commission included.
    #[getter]
    fn average_cost(&self) -> f64 {
        self.row.average_cost
    }

    /// Last market price IB sent with the portfolio.
    #[getter]
    fn market_price(&self) -> Option<f64> {
        self.row.market_price
    }

    /// Signed market value.
    #[getter]
    fn market_value(&self) -> Option<f64> {
        self.row.market_value
    }

    /// Unrealized P&L in the contract's currency.
    #[getter]
    fn unrealized_pnl(&self) -> Option<f64> {
        self.row.unrealized_pnl
    }

    /// Realized P&L of the day.
    #[getter]
    fn realized_pnl(&self) -> Option<f64> {
        self.row.realized_pnl
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().row == self.row)
    }

    fn __hash__(&self) -> u64 {
        hash_of((&self.row.account, Contract(self.row.contract.clone()).__hash__()))
    }

    fn __repr__(&self) -> String {
        Repr::of("Position")
            .field("account", self.account())
            .field("contract", &Verbatim(Contract(self.row.contract.clone()).__repr__()))
            .field("quantity", &self.row.quantity)
            .field("average_cost", &self.row.average_cost)
            .field("market_price", &self.row.market_price)
            .end()
    }
}

/// The money of an account, in its base currency; a figure IB has not told is None.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Balance(pub(crate) model::Balance);

#[pymethods]
impl Balance {
    /// The account.
    #[getter]
    fn account(&self) -> &str {
        &self.0.account.0
    }

    /// Base currency of the figures.
    #[getter]
    fn currency(&self) -> &str {
        &self.0.currency
    }

    /// What the account is worth (NetLiquidation).
    #[getter]
    fn net_liquidation(&self) -> Option<f64> {
        self.0.net_liquidation
    }

    /// What may be put into new positions (AvailableFunds).
    #[getter]
    fn available_funds(&self) -> Option<f64> {
        self.0.available_funds
    }

    /// Cash, all currencies together (TotalCashValue).
    #[getter]
    fn cash(&self) -> Option<f64> {
        self.0.cash
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        hash_of((&self.0.account, &self.0.currency))
    }

    fn __repr__(&self) -> String {
        Repr::of("Balance")
            .field("account", self.account())
            .field("currency", self.currency())
            .some("net_liquidation", self.0.net_liquidation.as_ref())
            .some("available_funds", self.0.available_funds.as_ref())
            .some("cash", self.0.cash.as_ref())
            .end()
    }
}
