//! What a client has counted, as Python sees it.

use std::collections::BTreeMap;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;

use super::link_metrics::LinkMetrics;
use super::text::Repr;
use super::work_metrics::{QueueDepths, RequestMetrics, StreamMetrics};
use crate::convert;

/// What a client has counted since it was made.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Metrics(pub(crate) aioibkr_core::Metrics);

#[pymethods]
impl Metrics {
    /// Links opened.
    #[getter]
    fn connections(&self) -> u64 {
        self.0.connections
    }

    /// Links opened after the first.
    #[getter]
    fn reconnections(&self) -> u64 {
        self.0.reconnections
    }

    /// Tries that opened no link.
    #[getter]
    fn failures(&self) -> u64 {
        self.0.failures
    }

    /// Orders whose write was completed.
    #[getter]
    fn orders_placed(&self) -> u64 {
        self.0.orders_placed
    }

    /// Orders the gateway acknowledged.
    #[getter]
    fn orders_successful(&self) -> u64 {
        self.0.orders_successful
    }

    /// Mean time to open a link, milliseconds.
    #[getter]
    fn avg_connect_time_ms(&self) -> f64 {
        self.0.avg_connect_time_ms
    }

    /// When the last link was opened, UTC.
    #[getter]
    fn last_connect_time(&self) -> Option<UtcDateTime> {
        self.0.last_connect_time.map(convert::utc)
    }

    /// Requests made of this client that were answered or failed.
    #[getter]
    fn total_requests(&self) -> u64 {
        self.0.total_requests
    }

    /// Requests that ended with an error.
    #[getter]
    fn requests_failed(&self) -> u64 {
        self.0.requests_failed
    }

    /// Mean time to answer a request, milliseconds.
    #[getter]
    fn avg_latency_ms(&self) -> f64 {
        self.0.avg_latency_ms
    }

    /// Times the circuit breaker opened.
    #[getter]
    fn circuit_breaker_trips(&self) -> u64 {
        self.0.circuit_breaker_trips
    }

    /// Tries to open a link after the first was lost.
    #[getter]
    fn reconnection_attempts(&self) -> u64 {
        self.0.reconnection_attempts
    }

    /// The control link, whose numbers those above are.
    #[getter]
    fn control(&self) -> LinkMetrics {
        LinkMetrics(self.0.control.clone())
    }

    /// The feed link; None for a client without one.
    #[getter]
    fn feed(&self) -> Option<LinkMetrics> {
        self.0.feed.clone().map(LinkMetrics)
    }

    /// Requests, by the names of the methods that were called.
    #[getter]
    fn requests(&self) -> BTreeMap<&'static str, RequestMetrics> {
        let requests = self.0.requests.iter();
        requests.map(|counted| (counted.kind.as_str(), RequestMetrics(*counted))).collect()
    }

    /// IB's codes with which requests failed, or that came for the line of a stream.
    #[getter]
    fn errors(&self) -> BTreeMap<i32, u64> {
        self.0.errors.by_code.clone()
    }

    /// Errors with codes beyond the first 64 distinct ones.
    #[getter]
    fn errors_with_other_codes(&self) -> u64 {
        self.0.errors.others
    }

    /// What waits to be done.
    #[getter]
    fn queues(&self) -> QueueDepths {
        QueueDepths(self.0.queues)
    }

    /// Streams, by kind: quotes ticks tick_by_tick depth bars.
    #[getter]
    fn streams(&self) -> BTreeMap<&'static str, StreamMetrics> {
        let streams = self.0.streams.iter();
        streams.map(|counted| (counted.kind.as_str(), StreamMetrics(*counted))).collect()
    }

    /// All of it as a dictionary of plain values, for JSON and logs.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = self.totals(py)?;
        dict.set_item("control", self.control().to_dict(py)?)?;
        dict.set_item("feed", self.feed().map(|feed| feed.to_dict(py)).transpose()?)?;
        let (requests, streams) = (PyDict::new(py), PyDict::new(py));
        for (name, counted) in self.requests() {
            requests.set_item(name, counted.to_dict(py)?)?;
        }
        for (name, counted) in self.streams() {
            streams.set_item(name, counted.to_dict(py)?)?;
        }
        dict.set_item("requests", requests)?;
        dict.set_item("errors", self.errors())?;
        dict.set_item("errors_with_other_codes", self.0.errors.others)?;
        dict.set_item("queues", self.queues().to_dict(py)?)?;
        dict.set_item("streams", streams)?;
        Ok(dict)
    }

    fn __repr__(&self) -> String {
        let counted = &self.0;
        Repr::of("Metrics")
            .field("connections", &counted.connections)
            .field("reconnections", &counted.reconnections)
            .field("failures", &counted.failures)
            .field("orders_placed", &counted.orders_placed)
            .field("orders_successful", &counted.orders_successful)
            .field("total_requests", &counted.total_requests)
            .field("requests_failed", &counted.requests_failed)
            .field("avg_latency_ms", &counted.avg_latency_ms)
            .end()
    }
}

impl Metrics {
    /// The numbers of the client as a whole.
    fn totals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (counted, dict) = (&self.0, PyDict::new(py));
        let last = counted.last_connect_time.map(|at| at.format(&Rfc3339).unwrap_or_default());
        dict.set_item("connections", counted.connections)?;
        dict.set_item("reconnections", counted.reconnections)?;
        dict.set_item("failures", counted.failures)?;
        dict.set_item("orders_placed", counted.orders_placed)?;
        dict.set_item("orders_successful", counted.orders_successful)?;
        dict.set_item("avg_connect_time_ms", counted.avg_connect_time_ms)?;
        dict.set_item("last_connect_time", last)?;
        dict.set_item("total_requests", counted.total_requests)?;
        dict.set_item("requests_failed", counted.requests_failed)?;
        dict.set_item("avg_latency_ms", counted.avg_latency_ms)?;
        dict.set_item("circuit_breaker_trips", counted.circuit_breaker_trips)?;
        dict.set_item("reconnection_attempts", counted.reconnection_attempts)?;
        Ok(dict)
    }
}
