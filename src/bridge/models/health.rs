//! How a client stands, as Python sees it.

use std::collections::BTreeMap;

use aioibkr_core::model;
use pyo3::prelude::*;
use time::UtcDateTime;

use super::account::Balance;
use super::text::{Repr, Verbatim};
use crate::convert;

/// How a client stands, at the moment it was asked.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Health(pub(crate) model::Health);

#[pymethods]
impl Health {
    /// The control link: orders, accounts, everything that is not streamed.
    #[getter]
    fn control(&self) -> LinkHealth {
        LinkHealth(self.0.control.clone())
    }

    /// The feed link; None for a client without one.
    #[getter]
    fn feed(&self) -> Option<LinkHealth> {
        self.0.feed.clone().map(LinkHealth)
    }

    /// How the circuit breaker stands.
    #[getter]
    fn circuit(&self) -> CircuitHealth {
        CircuitHealth(self.0.circuit.clone())
    }

    /// Whether accounts, positions, open and completed orders and executions are known.
    #[getter]
    fn ready(&self) -> bool {
        self.0.is_ready
    }

    /// What readiness lacks, by name.
    ///
    /// ``link``, or some of ``account values``, ``positions``, ``open orders``,
    /// ``completed orders``, ``executions``.
    #[getter]
    fn missing(&self) -> Vec<&'static str> {
        self.0.missing.clone()
    }

    /// The end of the restart window the present outage goes on in, UTC.
    ///
    /// None without an outage, and where none is expected.
    #[getter]
    fn expected_outage_until(&self) -> Option<UtcDateTime> {
        self.0.expected_outage_until.map(convert::utc)
    }

    /// Lines of the feed, by the limit they count against.
    #[getter]
    fn lines(&self) -> Vec<LineUsage> {
        self.0.lines.iter().cloned().map(LineUsage).collect()
    }

    /// What is left of the message rate; None for a client without pacing.
    #[getter]
    fn pacing(&self) -> Option<PacingUsage> {
        self.0.pacing.map(PacingUsage)
    }

    /// Whether the client's account is a paper account; None until it is known.
    #[getter]
    fn is_paper(&self) -> Option<bool> {
        self.0.is_paper
    }

    /// Money of the client's account, as last told on the present link; None while unknown.
    #[getter]
    fn balance(&self) -> Option<Balance> {
        self.0.balance.clone().map(Balance)
    }

    /// Working orders of all clients of the login; None while not known for this link.
    #[getter]
    fn working_orders(&self) -> Option<usize> {
        self.0.working_orders
    }

    /// Seconds since the present control link was opened; None without one.
    #[getter]
    fn uptime(&self) -> Option<f64> {
        self.0.uptime.map(|uptime| uptime.as_secs_f64())
    }

    fn __repr__(&self) -> String {
        let feed = self.feed().map_or_else(|| "None".to_owned(), |feed| feed.__repr__());
        Repr::of("Health")
            .field("control", &Verbatim(self.control().__repr__()))
            .field("feed", &Verbatim(feed))
            .field("ready", &self.0.is_ready)
            .end()
    }
}

/// How the circuit breaker of a client stands.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct CircuitHealth(model::CircuitHealth);

#[pymethods]
impl CircuitHealth {
    /// One of closed open half-open; half-open: the next try, or the present one, decides.
    #[getter]
    fn state(&self) -> &'static str {
        self.0.state.as_str()
    }

    /// Failures in a row.
    #[getter]
    fn failures(&self) -> u32 {
        self.0.failures
    }

    /// Failures in a row that open it; None where nothing does.
    #[getter]
    fn threshold(&self) -> Option<u32> {
        self.0.rules.map(|rules| rules.failures)
    }

    /// Seconds for which the gateway is left alone; None where it never is.
    #[getter]
    fn pause(&self) -> Option<f64> {
        self.0.rules.map(|rules| rules.pause.as_secs_f64())
    }

    /// Seconds until the gateway may be tried again; None unless it is open.
    #[getter]
    fn retry_after(&self) -> Option<f64> {
        self.0.retry_after.map(|left| left.as_secs_f64())
    }

    fn __repr__(&self) -> String {
        Repr::of("CircuitHealth")
            .field("state", self.0.state.as_str())
            .field("failures", &u64::from(self.0.failures))
            .end()
    }
}

/// How one link stands.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct LinkHealth(model::LinkHealth);

#[pymethods]
impl LinkHealth {
    /// One of idle connecting handshaking live suspect degraded waiting tripped closed.
    #[getter]
    fn state(&self) -> &'static str {
        self.0.state.as_str()
    }

    /// Since when it is in that state, UTC.
    #[getter]
    fn since(&self) -> UtcDateTime {
        convert::utc(self.0.since)
    }

    /// Number of the present or last link; 0 before the first.
    #[getter]
    fn generation(&self) -> u64 {
        self.0.generation.0
    }

    /// The client id it has; None while it is down.
    #[getter]
    fn client_id(&self) -> Option<i32> {
        self.0.client_id.map(|id| id.0)
    }

    /// Server version negotiated; None while it is down.
    #[getter]
    fn server_version(&self) -> Option<i32> {
        self.0.server_version
    }

    /// Why the last try or link ended; None if none did.
    #[getter]
    fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// IB's data farms by name, as last told: ok broken inactive connecting.
    #[getter]
    fn farms(&self) -> BTreeMap<&str, &'static str> {
        let farms = self.0.farms.iter();
        farms.map(|farm| (farm.name.as_str(), farm.state.as_str())).collect()
    }

    fn __repr__(&self) -> String {
        Repr::of("LinkHealth")
            .field("state", self.state())
            .field("generation", &self.0.generation.0)
            .some("reason", self.0.reason.as_ref())
            .end()
    }
}

/// How many lines count against one of the account's limits.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct LineUsage(model::LineUsage);

#[pymethods]
impl LineUsage {
    /// ``market data``, ``depth`` or ``tick-by-tick``.
    #[getter]
    fn name(&self) -> &'static str {
        self.0.name
    }

    /// Lines in use.
    #[getter]
    fn used(&self) -> usize {
        self.0.used
    }

    /// Lines allowed.
    #[getter]
    fn limit(&self) -> usize {
        self.0.limit
    }

    /// Lines that may still be opened.
    #[getter]
    fn left(&self) -> usize {
        self.0.left()
    }

    fn __repr__(&self) -> String {
        let (used, limit) = (self.0.used, self.0.limit);
        let repr = Repr::of("LineUsage").field("name", self.0.name);
        repr.field("used", &used).field("limit", &limit).end()
    }
}

/// How the messages of all clients of this process to one gateway stand.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct PacingUsage(model::PacingUsage);

#[pymethods]
impl PacingUsage {
    /// Most messages in any second.
    #[getter]
    fn limit(&self) -> usize {
        self.0.limit
    }

    /// Messages that could be sent at once, what is kept for orders and cancels not counted.
    #[getter]
    fn left(&self) -> usize {
        self.0.left
    }

    /// Messages that wait for their turn.
    #[getter]
    fn waiting(&self) -> usize {
        self.0.waiting
    }

    /// Seconds that one more message would wait.
    #[getter]
    fn expected_wait(&self) -> f64 {
        self.0.expected_wait.as_secs_f64()
    }

    /// Queries for bars of 30 seconds or below that may still be sent in these ten minutes.
    #[getter]
    fn history_left(&self) -> usize {
        self.0.history_left
    }

    /// Seconds that one more of those would wait.
    #[getter]
    fn history_wait(&self) -> f64 {
        self.0.history_wait.as_secs_f64()
    }

    fn __repr__(&self) -> String {
        let repr = Repr::of("PacingUsage").field("limit", &self.0.limit);
        let repr = repr.field("left", &self.0.left).field("waiting", &self.0.waiting);
        repr.field("expected_wait", &self.expected_wait()).end()
    }
}
