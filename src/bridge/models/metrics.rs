//! What a client has counted, as Python sees it.

use pyo3::prelude::*;
use time::UtcDateTime;

use super::text::Repr;
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

    /// Requests made of this client.
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
