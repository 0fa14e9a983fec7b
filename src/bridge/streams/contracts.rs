//! A stream's contracts as Python objects, made once.

use std::sync::Arc;

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::models::Contract;

/// A stream's contracts as Python objects, made once.
pub(super) struct Contracts(Vec<Py<Contract>>);

impl Contracts {
    pub(super) fn of(
        py: Python<'_>,
        contracts: &[Arc<aioibkr_core::model::Contract>],
    ) -> PyResult<Arc<Self>> {
        let made = contracts.iter().map(|contract| Py::new(py, Contract((**contract).clone())));
        Ok(Arc::new(Self(made.collect::<PyResult<_>>()?)))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Their symbols, in the order of their numbers.
    pub(super) fn symbols(&self) -> Vec<&str> {
        self.0.iter().map(|contract| contract.get().0.symbol.as_str()).collect()
    }

    pub(super) fn list<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.0.iter().map(|contract| contract.clone_ref(py)))
    }

    /// A contract by number; numbers in columns are those of the stream's contracts.
    pub(super) fn get(&self, py: Python<'_>, number: i32) -> PyResult<Py<Contract>> {
        let contract = usize::try_from(number).ok().and_then(|number| self.0.get(number));
        let found = contract.map(|contract| contract.clone_ref(py));
        found.ok_or_else(|| PyIndexError::new_err(format!("no contract {number}")))
    }
}
