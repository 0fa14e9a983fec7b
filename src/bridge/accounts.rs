//! Accounts, positions, profit and loss: what a client reads of them.

use std::sync::Arc;

use pyo3::prelude::*;
use time::UtcDateTime;

use crate::awaitable::Awaitable;
use crate::client::{Client, future_into_py, names};
use crate::models::{self, AccountSnapshot, Pnl};
use crate::text::Text;
use crate::{convert, request};

/// Values, P&L, positions and when they were last right.
type KeptParts = (AccountSnapshot, Option<Pnl>, Py<PyAny>, UtcDateTime);

#[pymethods]
impl Client {
    #[pyo3(signature = (*, timeout=None, retry=false))]
    fn managed_accounts<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<f64>,
        retry: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let client = self.reading(true, retry);
        future_into_py(py, async move { client.managed_accounts(timeout).await.map(names) })
    }

    #[pyo3(signature = (account=None, *, timeout=None, wait=true, retry=false))]
    fn account_snapshot(
        &self,
        py: Python<'_>,
        account: Option<Text>,
        timeout: Option<f64>,
        wait: bool,
        retry: bool,
    ) -> PyResult<Awaitable> {
        let account = convert::account(account);
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let client = self.reading(wait, retry);
        let answer = async move { client.account_snapshot(account, timeout).await };
        request::kept(py, answer, |py, snapshot| models::object(py, AccountSnapshot(snapshot)))
    }

    /// What is kept of an account, as (snapshot, P&L or None, positions, as of), or None.
    #[pyo3(signature = (account=None, *, stale_ok))]
    fn kept_account(
        &self,
        py: Python<'_>,
        account: Option<Text>,
        stale_ok: f64,
    ) -> PyResult<Option<KeptParts>> {
        let account = convert::account(account);
        let most = convert::seconds(py, "stale_ok", Some(stale_ok))?.unwrap_or_default();
        let Some(kept) = self.core.kept_account(account.as_ref(), most) else { return Ok(None) };
        let positions = self.told.list(py, kept.positions)?;
        let as_of = convert::utc(kept.as_of);
        Ok(Some((AccountSnapshot(kept.snapshot), kept.pnl.map(Pnl), positions, as_of)))
    }

    /// Values and P&L as the live link tells them, or None.
    #[pyo3(signature = (account=None))]
    fn account_now(&self, account: Option<Text>) -> Option<(AccountSnapshot, Pnl)> {
        let told = self.core.account_now(convert::account(account).as_ref());
        told.map(|(snapshot, pnl)| (AccountSnapshot(snapshot), Pnl(pnl)))
    }

    /// When the orders of this session were last right, UTC, or None.
    #[pyo3(signature = (*, stale_ok))]
    fn kept_orders_as_of(&self, py: Python<'_>, stale_ok: f64) -> PyResult<Option<UtcDateTime>> {
        let most = convert::seconds(py, "stale_ok", Some(stale_ok))?.unwrap_or_default();
        Ok(self.core.kept_orders_as_of(most).map(convert::utc))
    }

    #[pyo3(signature = (account=None, *, timeout=None, wait=true, retry=false))]
    fn pnl(
        &self,
        py: Python<'_>,
        account: Option<Text>,
        timeout: Option<f64>,
        wait: bool,
        retry: bool,
    ) -> PyResult<Awaitable> {
        let account = convert::account(account);
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let client = self.reading(wait, retry);
        let answer = async move { client.pnl(account, timeout).await };
        request::kept(py, answer, |py, pnl| models::object(py, Pnl(pnl)))
    }

    #[pyo3(signature = (account=None, *, priced=true, timeout=None, wait=true, retry=false))]
    fn positions(
        &self,
        py: Python<'_>,
        account: Option<Text>,
        priced: bool,
        timeout: Option<f64>,
        wait: bool,
        retry: bool,
    ) -> PyResult<Awaitable> {
        let account = convert::account(account);
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let (client, told) = (self.reading(wait, retry), Arc::clone(&self.told));
        let answer = async move {
            match priced {
                true => client.positions(account, timeout).await,
                false => client.holdings(account, timeout).await,
            }
        };
        request::kept(py, answer, move |py, rows| told.list(py, rows))
    }
}
