//! Streams of latest values: quotes and books.

use std::collections::BTreeMap;
use std::sync::Arc;

use aioibkr_core::Error;
use aioibkr_core::market_data::{Board, Next, Stream};
use aioibkr_core::model;
use pyo3::prelude::*;
use pyo3::types::PyList;

use super::contracts::Contracts;
use super::notifier::Notifier;
use super::opened::Opened;
use super::reader::{_Reader, Found, Reading};
use crate::errors;
use crate::models::{DepthBook, Quote};

/// A value that Python sees.
pub(super) trait Value: Send + Sync + Sized + 'static {
    fn object(py: Python<'_>, value: Arc<Self>) -> PyResult<Py<PyAny>>;
}

impl Value for model::Quote {
    fn object(py: Python<'_>, value: Arc<Self>) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, Quote(value))?.into_any())
    }
}

impl Value for model::DepthBook {
    fn object(py: Python<'_>, value: Arc<Self>) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, DepthBook(value))?.into_any())
    }
}

/// A stream of latest values and its notifier.
pub(super) struct Conflated<T> {
    stream: Stream<Board<T>>,
    contracts: Arc<Contracts>,
    notifier: Arc<Notifier>,
}

impl<T: Value> Conflated<T> {
    pub(super) fn new(
        py: Python<'_>,
        stream: Stream<Board<T>>,
        notifier: Arc<Notifier>,
    ) -> PyResult<Arc<Self>> {
        let contracts = Contracts::of(py, stream.contracts())?;
        Ok(Arc::new(Self { stream, contracts, notifier }))
    }
}

/// One by one.
struct Single<T>(Arc<Conflated<T>>);

impl<T: Value> Reading for Single<T> {
    fn next(&self, py: Python<'_>) -> PyResult<Found> {
        Found::of(py, self.0.stream.take(), |value| T::object(py, value))
    }

    fn has_news(&self) -> bool {
        self.0.stream.has_news()
    }

    fn notifier(&self) -> &Arc<Notifier> {
        &self.0.notifier
    }

    fn items_per_look(&self) -> u32 {
        16
    }
}

/// Everything that changed, as a list.
struct Whole<T>(Arc<Conflated<T>>);

impl<T: Value> Reading for Whole<T> {
    fn next(&self, py: Python<'_>) -> PyResult<Found> {
        let list = PyList::empty(py);
        // Bounded, because the feed goes on while the list is made.
        for _ in 0..2 * self.0.contracts.len() {
            match self.0.stream.take() {
                Next::Item(value) => list.append(T::object(py, value)?)?,
                Next::Nothing => break,
                Next::Closed if list.is_empty() => return Ok(Found::Closed),
                Next::Failed(error) if list.is_empty() => {
                    return Ok(Found::Failed(errors::to_py(py, &error)));
                }
                Next::Closed | Next::Failed(_) => break,
            }
        }
        if list.is_empty() {
            return Ok(Found::Nothing);
        }
        Ok(Found::Item(list.into_any().unbind()))
    }

    fn has_news(&self) -> bool {
        self.0.stream.has_news()
    }

    fn notifier(&self) -> &Arc<Notifier> {
        &self.0.notifier
    }

    fn items_per_look(&self) -> u32 {
        1
    }
}

/// A stream of latest values as Python holds it.
pub(super) struct OpenBoard<T>(pub(super) Arc<Conflated<T>>);

impl<T: Value> Opened for OpenBoard<T> {
    fn items(&self) -> _Reader {
        _Reader::new(Single(Arc::clone(&self.0)))
    }

    fn batches(&self) -> _Reader {
        _Reader::new(Whole(Arc::clone(&self.0)))
    }

    fn latest(&self, py: Python<'_>, number: usize) -> PyResult<Option<Py<PyAny>>> {
        self.0.stream.latest(number).map(|value| T::object(py, value)).transpose()
    }

    fn lost(&self) -> u64 {
        self.0.stream.lost()
    }

    fn failures(&self) -> BTreeMap<usize, Error> {
        self.0.stream.failures()
    }

    fn advice(&self) -> BTreeMap<usize, Error> {
        self.0.stream.advice()
    }

    fn close(&self) {
        self.0.stream.close();
    }

    fn notifier(&self) -> &Notifier {
        &self.0.notifier
    }

    fn contracts(&self) -> &Contracts {
        &self.0.contracts
    }
}
