//! How a subscription stands, as Python sees it.

use aioibkr_core::model;
use pyo3::prelude::*;
use time::UtcDateTime;

use super::Contract;
use super::text::Repr;
use crate::convert;

/// One subscription of a client, at the moment it was asked.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Subscription(pub(crate) model::Subscription);

#[pymethods]
impl Subscription {
    /// What is subscribed.
    ///
    /// ``market data``, ``tick-by-tick``, ``depth``, ``real-time bars``, ``bars``,
    /// ``account values``, ``positions`` or ``pnl``.
    #[getter]
    fn kind(&self) -> &'static str {
        self.0.kind.as_str()
    }

    /// The contract it is about; None for those of accounts.
    #[getter]
    fn contract(&self) -> Option<Contract> {
        self.0.contract.as_ref().map(|contract| Contract((**contract).clone()))
    }

    /// The account it is about; None for market data and for positions, which are of all.
    #[getter]
    fn account(&self) -> Option<&str> {
        self.0.account.as_ref().map(|account| account.0.as_str())
    }

    /// One of opening live delayed restoring failed.
    #[getter]
    fn state(&self) -> &'static str {
        self.0.state.as_str()
    }

    /// Number of the link this is about.
    #[getter]
    fn generation(&self) -> u64 {
        self.0.generation.0
    }

    /// Since when it stands so, UTC.
    #[getter]
    fn since(&self) -> UtcDateTime {
        convert::utc(self.0.since)
    }

    /// Why it failed, or why it is not live yet, where that is known.
    #[getter]
    fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    fn __repr__(&self) -> String {
        let symbol = self.0.contract.as_ref().map(|contract| contract.symbol.as_str());
        Repr::of("Subscription")
            .field("kind", self.kind())
            .some("symbol", symbol)
            .some("account", self.account())
            .field("state", self.state())
            .field("generation", &self.0.generation.0)
            .some("reason", self.reason())
            .end()
    }
}
