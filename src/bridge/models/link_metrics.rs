//! What was counted of one kind of link, as Python sees it.

use std::collections::BTreeMap;

use aioibkr_core::metrics;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::histogram::Histogram;
use super::text::Repr;

/// What was counted of the control links, or of the feed links, of one client.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct LinkMetrics(pub(super) metrics::LinkMetrics);

#[pymethods]
impl LinkMetrics {
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

    /// Tries to open a link after the first was lost.
    #[getter]
    fn reconnection_attempts(&self) -> u64 {
        self.0.reconnection_attempts
    }

    /// Times the circuit breaker opened.
    #[getter]
    fn circuit_breaker_trips(&self) -> u64 {
        self.0.circuit_breaker_trips
    }

    /// Links that ended, by reason: probe deadline refused requested ended.
    #[getter]
    fn losses(&self) -> BTreeMap<&'static str, u64> {
        self.0.losses.by_reason().into()
    }

    /// Links opened after one that ended, by the reason it ended for.
    #[getter]
    fn reconnects(&self) -> BTreeMap<&'static str, u64> {
        self.0.reconnects.by_reason().into()
    }

    /// Seconds since the present link was opened; 0 without one.
    #[getter]
    fn uptime(&self) -> f64 {
        self.0.uptime.as_secs_f64()
    }

    /// Seconds in state ``live``, over all links.
    #[getter]
    fn live_time(&self) -> f64 {
        self.0.live_time.as_secs_f64()
    }

    /// Questions asked of a silent link.
    #[getter]
    fn probes(&self) -> u64 {
        self.0.probes
    }

    /// From such a question to the next thing that arrived.
    #[getter]
    fn round_trips(&self) -> Histogram {
        Histogram(self.0.round_trips)
    }

    /// The gateway's notices, by code; those beyond 64 distinct codes are left out.
    #[getter]
    fn notices(&self) -> BTreeMap<i32, u64> {
        self.0.notices.by_code.clone()
    }

    /// The same as a dictionary of plain values.
    pub(super) fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("connections", self.0.connections)?;
        dict.set_item("reconnections", self.0.reconnections)?;
        dict.set_item("failures", self.0.failures)?;
        dict.set_item("reconnection_attempts", self.0.reconnection_attempts)?;
        dict.set_item("circuit_breaker_trips", self.0.circuit_breaker_trips)?;
        dict.set_item("losses", self.losses())?;
        dict.set_item("reconnects", self.reconnects())?;
        dict.set_item("uptime", self.uptime())?;
        dict.set_item("live_time", self.live_time())?;
        dict.set_item("probes", self.0.probes)?;
        dict.set_item("round_trips", self.round_trips().to_dict(py)?)?;
        dict.set_item("notices", self.notices())?;
        Ok(dict)
    }

    pub(super) fn __repr__(&self) -> String {
        let repr = Repr::of("LinkMetrics").field("connections", &self.0.connections);
        repr.field("failures", &self.0.failures).field("uptime", &self.uptime()).end()
    }
}
