//! Bars of a stream: one by one, or as lists.

use aioibkr_core::market_data::Batch;
use aioibkr_core::model;
use pyo3::prelude::*;
use pyo3::types::PyList;

use super::columns::{Items, Names};
use crate::models::{Bar, Repr};

/// Tells a reader of bars that what came before is not continued.
///
/// The link was lost, or the gateway opened the stream anew.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Gap {
    /// The link that ended.
    #[pyo3(get)]
    generation: u64,
}

#[pymethods]
impl Gap {
    fn __repr__(&self) -> String {
        Repr::of("Gap").field("generation", &self.generation).end()
    }
}

fn gap(batch: &Batch<Vec<model::Bar>>) -> Gap {
    Gap { generation: batch.generation.0 }
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
