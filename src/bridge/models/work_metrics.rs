//! What was counted of requests and streams, and what waits, as Python sees it.

use aioibkr_core::metrics;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::histogram::Histogram;
use super::text::Repr;

/// What was counted of one kind of request.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct RequestMetrics(pub(super) metrics::RequestMetrics);

#[pymethods]
impl RequestMetrics {
    /// Requests that were answered or failed.
    #[getter]
    fn count(&self) -> u64 {
        self.0.latency.count()
    }

    /// Requests that ended with an error.
    #[getter]
    fn failed(&self) -> u64 {
        self.0.failed
    }

    /// Requests whose caller gave up; they are in no other number.
    #[getter]
    fn cancelled(&self) -> u64 {
        self.0.cancelled
    }

    /// How long the others took.
    #[getter]
    fn latency(&self) -> Histogram {
        Histogram(self.0.latency)
    }

    /// The same as a dictionary of plain values.
    pub(super) fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("count", self.count())?;
        dict.set_item("failed", self.0.failed)?;
        dict.set_item("cancelled", self.0.cancelled)?;
        dict.set_item("latency", self.latency().to_dict(py)?)?;
        Ok(dict)
    }

    fn __repr__(&self) -> String {
        let repr = Repr::of("RequestMetrics").field("count", &self.count());
        repr.field("failed", &self.0.failed).field("cancelled", &self.0.cancelled).end()
    }
}

/// All streams of one kind.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct StreamMetrics(pub(super) metrics::StreamMetrics);

#[pymethods]
impl StreamMetrics {
    /// Streams that somebody holds.
    #[getter]
    fn open(&self) -> usize {
        self.0.open
    }

    /// Items that wait for their readers.
    #[getter]
    fn waiting(&self) -> usize {
        self.0.waiting
    }

    /// Items no reader got, of streams that are gone too.
    ///
    /// They were dropped for lack of room or, of quotes and books, replaced by newer ones.
    #[getter]
    fn lost(&self) -> u64 {
        self.0.lost
    }

    /// The same as a dictionary of plain values.
    pub(super) fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("open", self.0.open)?;
        dict.set_item("waiting", self.0.waiting)?;
        dict.set_item("lost", self.0.lost)?;
        Ok(dict)
    }

    fn __repr__(&self) -> String {
        let repr = Repr::of("StreamMetrics").field("open", &self.0.open);
        repr.field("waiting", &self.0.waiting).field("lost", &self.0.lost).end()
    }
}

/// What waits to be done, at one moment.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct QueueDepths(pub(super) metrics::QueueDepths);

#[pymethods]
impl QueueDepths {
    /// Commands that the order desk has not taken yet.
    #[getter]
    fn commands(&self) -> usize {
        self.0.commands
    }

    /// Messages of all clients of this process that wait for their turn at the gateway.
    #[getter]
    fn pacing(&self) -> usize {
        self.0.pacing
    }

    /// Requests of this client's feed link that wait for their turn.
    #[getter]
    fn feed_requests(&self) -> usize {
        self.0.feed_requests
    }

    /// Items that wait for the readers of this client's streams.
    #[getter]
    fn streams(&self) -> usize {
        self.0.streams
    }

    /// The same as a dictionary of plain values.
    pub(super) fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("commands", self.0.commands)?;
        dict.set_item("pacing", self.0.pacing)?;
        dict.set_item("feed_requests", self.0.feed_requests)?;
        dict.set_item("streams", self.0.streams)?;
        Ok(dict)
    }

    fn __repr__(&self) -> String {
        let queues = &self.0;
        let repr = Repr::of("QueueDepths").field("commands", &queues.commands);
        let repr = repr.field("pacing", &queues.pacing);
        repr.field("feed_requests", &queues.feed_requests).field("streams", &queues.streams).end()
    }
}
