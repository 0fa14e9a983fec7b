//! Bars of a stream: one by one, or as lists.

use aioibkr_core::market_data::Batch;
use aioibkr_core::model;
use pyo3::prelude::*;
use pyo3::types::PyList;
use time::UtcDateTime;

use super::columns::{Items, Names};
use crate::convert;
use crate::models::{Bar, Repr};

/// Tells a reader of bars that what came before is not continued.
///
/// The link was lost, or the gateway opened the stream anew. What was missed meanwhile follows,
/// as far as IB has it.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Gap {
    /// The link that ended.
    #[pyo3(get)]
    generation: u64,
    gap: Option<model::Gap>,
}

#[pymethods]
impl Gap {
    /// Start of the last bar before those that could not be had later; None if none are.
    #[getter]
    fn missing_since(&self) -> Option<UtcDateTime> {
        self.gap.as_ref().map(|gap| convert::utc(gap.since))
    }

    /// Start of the first bar after them; None if it is not known.
    #[getter]
    fn missing_until(&self) -> Option<UtcDateTime> {
        self.gap.as_ref().and_then(|gap| gap.until).map(convert::utc)
    }

    /// Why they could not be had.
    #[getter]
    fn reason(&self) -> Option<&str> {
        self.gap.as_ref().map(|gap| gap.reason.as_str())
    }

    fn __repr__(&self) -> String {
        let since = self.gap.as_ref().map(|gap| gap.since);
        Repr::of("Gap")
            .field("generation", &self.generation)
            .some("missing_since", since.as_ref())
            .some("reason", self.reason())
            .end()
    }
}

fn gap(batch: &Batch<Vec<model::Bar>>) -> Gap {
    Gap { generation: batch.generation.0, gap: batch.gap.clone() }
}

impl Items for Vec<model::Bar> {
    fn item(py: Python<'_>, batch: &Batch<Self>, row: usize, _: &Names) -> PyResult<Py<PyAny>> {
        match batch.rows.get(row) {
            Some(bar) => Ok(Py::new(py, Bar(bar.clone()))?.into_any()),
            None => Ok(Py::new(py, gap(batch))?.into_any()),
        }
    }

    fn batch(py: Python<'_>, batch: Batch<Self>, _: &Names) -> PyResult<Py<PyAny>> {
        let list = PyList::empty(py);
        if batch.is_gap {
            list.append(gap(&batch))?;
        }
        for bar in batch.rows {
            list.append(Bar(bar))?;
        }
        Ok(list.into_any().unbind())
    }
}
