//! An open stream as Python holds it, whatever its kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use aioibkr_core::Error;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::contracts::Contracts;
use super::notifier::Notifier;
use super::reader::_Reader;
use crate::{convert, errors, runtime};

/// What every kind of stream offers.
pub(super) trait Opened: Send + Sync {
    /// A reader of single items.
    fn items(&self) -> _Reader;

    /// A reader of batches.
    fn batches(&self) -> _Reader;

    /// The latest value of a contract, for streams that keep one.
    fn latest(&self, py: Python<'_>, number: usize) -> PyResult<Option<Py<PyAny>>>;

    /// Items nobody will ever see.
    fn lost(&self) -> u64;

    /// Why contracts bring no data any more, by number.
    fn failures(&self) -> BTreeMap<usize, Error>;

    /// What the gateway advised last, by number.
    fn advice(&self) -> BTreeMap<usize, Error>;

    /// Releases the lines.
    fn close(&self);

    /// Who waits.
    fn notifier(&self) -> &Notifier;

    /// The contracts, by number.
    fn contracts(&self) -> &Contracts;
}

/// What the streams of `aioibkr` stand on.
//
// Dropping it releases the lines.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct _Stream(Arc<dyn Opened>);

impl Drop for _Stream {
    fn drop(&mut self) {
        runtime::outlive_fork(&self.0);
    }
}

impl _Stream {
    pub(super) fn object(py: Python<'_>, opened: impl Opened + 'static) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, Self(Arc::new(opened)))?.into_any())
    }
}

#[pymethods]
impl _Stream {
    fn items(&self) -> _Reader {
        self.0.items()
    }

    #[pyo3(signature = (*, linger=None))]
    fn batches(&self, py: Python<'_>, linger: Option<f64>) -> PyResult<_Reader> {
        let linger = convert::seconds(py, "linger", linger)?;
        self.0.notifier().linger(linger.unwrap_or_default());
        Ok(self.0.batches())
    }

    fn latest(&self, py: Python<'_>, number: usize) -> PyResult<Option<Py<PyAny>>> {
        self.0.latest(py, number)
    }

    #[getter]
    fn contracts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.0.contracts().list(py)
    }

    #[getter]
    fn lost(&self) -> u64 {
        self.0.lost()
    }

    fn failures<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        by_number(py, self.0.failures())
    }

    fn advice<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        by_number(py, self.0.advice())
    }

    fn close(&self) {
        self.0.close();
    }
}

/// Errors by contract number, as exceptions.
fn by_number(py: Python<'_>, errors: BTreeMap<usize, Error>) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    for (number, error) in errors {
        dict.set_item(number, errors::to_py(py, &error).into_value(py))?;
    }
    Ok(dict)
}
