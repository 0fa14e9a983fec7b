//! Books as Python sees them.

use std::sync::Arc;

use aioibkr_core::{clock, model};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use time::UtcDateTime;

use super::contract::Contract;
use super::hash_of;
use super::text::{Repr, Verbatim};
use crate::convert;

/// The book of one market at one moment, as the gateway tells it row by row.
///
/// In the middle of a burst a side may be out of order for a moment, or the book crossed; the book
/// of many exchanges (SMART) is crossed at times for longer.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct DepthBook(pub(crate) Arc<model::DepthBook>);

#[pymethods]
impl DepthBook {
    /// The qualified contract.
    #[getter]
    fn contract(&self) -> Contract {
        Contract(model::Contract::clone(&self.0.contract))
    }

    /// Rows of the bids, best first.
    #[getter]
    fn bids<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        rows(py, &self.0.bids)
    }

    /// Rows of the asks, best first.
    #[getter]
    fn asks<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        rows(py, &self.0.asks)
    }

    /// Whether the best bid is above the best ask.
    #[getter]
    fn is_crossed(&self) -> bool {
        self.0.is_crossed()
    }

    /// Updates since the subscription began that did not fit the book and were ignored.
    #[getter]
    fn anomalies(&self) -> u64 {
        self.0.anomalies
    }

    /// When the newest row arrived, UTC; of a gap, when the newest one before it did.
    #[getter]
    fn received_at(&self) -> UtcDateTime {
        convert::utc(self.0.received_at)
    }

    /// Seconds since then, at this moment.
    #[getter]
    fn age(&self) -> f64 {
        (clock::now() - self.0.received_at).as_seconds_f64().max(0.0)
    }

    /// The link it came from.
    #[getter]
    fn generation(&self) -> u64 {
        self.0.generation.0
    }

    /// Whether this tells that what was known before is known no longer; then it has no rows.
    #[getter]
    fn is_gap(&self) -> bool {
        self.0.is_gap
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        hash_of((self.contract().__hash__(), self.0.received_at))
    }

    fn __repr__(&self) -> String {
        let book = &self.0;
        let best = |rows: &[model::DepthLevel]| rows.first().map(|row| row.price);
        Repr::of("DepthBook")
            .field("contract", &Verbatim(self.contract().__repr__()))
            .field("bid", &best(&book.bids))
            .field("ask", &best(&book.asks))
            .field("rows", &Verbatim(format!("({}, {})", book.bids.len(), book.asks.len())))
            .field("received_at", &book.received_at)
            .some("is_gap", book.is_gap.then_some(&true))
            .end()
    }
}

fn rows<'py>(py: Python<'py>, rows: &[model::DepthLevel]) -> PyResult<Bound<'py, PyTuple>> {
    let levels = rows.iter().map(|row| Py::new(py, DepthLevel(row.clone())));
    PyTuple::new(py, levels.collect::<PyResult<Vec<_>>>()?)
}

/// One row of one side of a book.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct DepthLevel(model::DepthLevel);

#[pymethods]
impl DepthLevel {
    /// Price of the row.
    #[getter]
    fn price(&self) -> f64 {
        self.0.price
    }

    /// Size of the row.
    #[getter]
    fn size(&self) -> f64 {
        self.0.size
    }

    /// Market maker or exchange behind it, where the gateway names one.
    #[getter]
    fn market_maker(&self) -> Option<&str> {
        self.0.market_maker.as_deref()
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        // Adding 0.0 makes -0.0 the 0.0 that it equals.
        let bits = |number: f64| (number + 0.0).to_bits();
        hash_of((bits(self.0.price), bits(self.0.size), &self.0.market_maker))
    }

    fn __repr__(&self) -> String {
        Repr::of("DepthLevel")
            .field("price", &self.0.price)
            .field("size", &self.0.size)
            .some("market_maker", self.0.market_maker.as_deref())
            .end()
    }
}
