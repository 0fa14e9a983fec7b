//! What happens to a client, as Python sees it.

use std::collections::BTreeMap;
use std::sync::Arc;

use aioibkr_core::model::{self, Event};
use pyo3::prelude::*;
use time::UtcDateTime;

use super::text::Repr;
use super::{Fill, Trade, object};
use crate::convert;

/// What a listener is handed for an event.
pub(crate) fn event(py: Python<'_>, event: &Event) -> PyResult<Py<PyAny>> {
    match event {
        Event::State(change) => object(py, StateChange(change.clone())),
        Event::Ready(readiness) => object(py, Readiness(readiness.clone())),
        Event::Notice(notice) => object(py, Notice(notice.clone())),
        Event::Failure(failure) => object(py, Failure(failure.clone())),
        Event::Alert(alert) => object(py, Alert(alert.clone())),
        Event::OrderStatus(trade) => object(py, Trade::moment(Arc::clone(trade))),
        Event::Execution(fill) | Event::Commission(fill) => object(py, Fill((**fill).clone())),
        Event::Keepalive(event) => object(py, KeepaliveEvent(event.clone())),
        Event::Update(kept) => object(py, Update(*kept)),
    }
}

/// A link's session went from one state to another.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct StateChange(model::StateChange);

#[pymethods]
impl StateChange {
    /// ``control`` or ``feed``.
    #[getter]
    fn link(&self) -> &'static str {
        self.0.link.as_str()
    }

    /// The state before.
    #[getter]
    fn previous(&self) -> &'static str {
        self.0.from.as_str()
    }

    /// The state from now on; see `Client.state`.
    #[getter]
    fn state(&self) -> &'static str {
        self.0.to.as_str()
    }

    /// Number of the present or last link; 0 before the first.
    #[getter]
    fn generation(&self) -> u64 {
        self.0.generation.0
    }

    /// Why there is no link, or why it takes no orders; None when nothing went wrong.
    #[getter]
    fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// When, UTC.
    #[getter]
    fn time(&self) -> UtcDateTime {
        convert::utc(self.0.time)
    }

    fn __repr__(&self) -> String {
        Repr::of("StateChange")
            .field("link", self.link())
            .field("previous", self.previous())
            .field("state", self.state())
            .field("generation", &self.0.generation.0)
            .some("reason", self.0.reason.as_ref())
            .end()
    }
}

/// Accounts, positions, open orders and executions are known for a link.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Readiness(model::Readiness);

#[pymethods]
impl Readiness {
    /// Number of the link.
    #[getter]
    fn generation(&self) -> u64 {
        self.0.generation.0
    }

    /// When, UTC.
    #[getter]
    fn time(&self) -> UtcDateTime {
        convert::utc(self.0.time)
    }

    fn __repr__(&self) -> String {
        Repr::of("Readiness").field("generation", &self.0.generation.0).end()
    }
}

/// A coded message of the gateway that is not the failure of a request.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Notice(model::LinkNotice);

#[pymethods]
impl Notice {
    /// The link that brought it: ``control`` or ``feed``.
    #[getter]
    fn link(&self) -> &'static str {
        self.0.link.as_str()
    }

    /// Number of that link.
    #[getter]
    fn generation(&self) -> u64 {
        self.0.generation.0
    }

    /// IB's code.
    #[getter]
    fn code(&self) -> i32 {
        self.0.code
    }

    /// IB's text.
    #[getter]
    fn message(&self) -> &str {
        &self.0.message
    }

    /// One of system warning order request connection unknown.
    #[getter]
    fn notice_class(&self) -> &'static str {
        self.0.class.as_str()
    }

    /// What the code means, in our words; empty for a code we do not know.
    #[getter]
    fn meaning(&self) -> &'static str {
        self.0.meaning
    }

    /// The order or request it names; None where it names none.
    #[getter]
    fn request_id(&self) -> Option<i32> {
        self.0.request_id
    }

    /// When it arrived, UTC.
    #[getter]
    fn time(&self) -> UtcDateTime {
        convert::utc(self.0.time)
    }

    fn __repr__(&self) -> String {
        Repr::of("Notice")
            .field("link", self.link())
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .end()
    }
}

/// One failure of a request, an order or a link, or several in a row that say the same.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Failure(pub(crate) model::Failure);

#[pymethods]
impl Failure {
    /// One of connection order market_data historical_data socket … ; see `Client.errors`.
    #[getter]
    fn category(&self) -> &'static str {
        self.0.category.as_str()
    }

    /// IB's code; None where the gateway gave none.
    #[getter]
    fn code(&self) -> Option<i32> {
        self.0.code
    }

    /// What happened, for a person.
    #[getter]
    fn message(&self) -> &str {
        &self.0.message
    }

    /// The link that failed, ``control`` or ``feed``; None for a request.
    #[getter]
    fn link(&self) -> Option<&'static str> {
        self.0.link.map(model::LinkName::as_str)
    }

    /// The order whose fate is unknown, by key or id; None for any other failure.
    #[getter]
    fn order(&self) -> Option<&str> {
        self.0.order.as_deref()
    }

    /// When, the last time, UTC.
    #[getter]
    fn time(&self) -> UtcDateTime {
        convert::utc(self.0.time)
    }

    /// How often in a row.
    #[getter]
    fn count(&self) -> u64 {
        self.0.count
    }

    fn __repr__(&self) -> String {
        Repr::of("Failure")
            .field("category", self.category())
            .some("code", self.0.code.as_ref())
            .field("message", &self.0.message)
            .field("count", &self.0.count)
            .end()
    }
}

/// What a person should look at.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Alert(model::Alert);

#[pymethods]
impl Alert {
    /// One of warning error critical.
    #[getter]
    fn level(&self) -> &'static str {
        self.0.kind.level().as_str()
    }

    /// One of link_lost suspect degraded tripped blind lagged order_unknown order_identity.
    #[getter]
    fn kind(&self) -> &'static str {
        self.0.kind.as_str()
    }

    /// What happened, for a person.
    #[getter]
    fn message(&self) -> &str {
        &self.0.message
    }

    /// Values a program may act on, by name; ``subject`` is always there.
    #[getter]
    fn context(&self) -> BTreeMap<&'static str, String> {
        self.0.context.clone()
    }

    /// Alerts of this kind and subject that were held back since the last one.
    #[getter]
    fn suppressed(&self) -> u64 {
        self.0.suppressed
    }

    /// When, UTC.
    #[getter]
    fn time(&self) -> UtcDateTime {
        convert::utc(self.0.time)
    }

    fn __repr__(&self) -> String {
        Repr::of("Alert")
            .field("level", self.level())
            .field("kind", self.kind())
            .field("message", &self.0.message)
            .end()
    }
}

/// The watch over a link's silence took a step.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct KeepaliveEvent(model::KeepaliveEvent);

#[pymethods]
impl KeepaliveEvent {
    /// ``control`` or ``feed``.
    #[getter]
    fn link(&self) -> &'static str {
        self.0.link.as_str()
    }

    /// One of started stopped soft_timeout hard_timeout.
    #[getter]
    fn step(&self) -> &'static str {
        self.0.step.as_str()
    }

    /// Number of the link.
    #[getter]
    fn generation(&self) -> u64 {
        self.0.generation.0
    }

    /// When, UTC.
    #[getter]
    fn time(&self) -> UtcDateTime {
        convert::utc(self.0.time)
    }

    fn __repr__(&self) -> String {
        Repr::of("KeepaliveEvent")
            .field("link", self.link())
            .field("step", self.step())
            .field("generation", &self.0.generation.0)
            .end()
    }
}

/// Something kept has changed; read it to see how.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Update(model::Kept);

#[pymethods]
impl Update {
    /// One of accounts positions orders quotes.
    #[getter]
    fn what(&self) -> &'static str {
        self.0.as_str()
    }

    fn __repr__(&self) -> String {
        Repr::of("Update").field("what", self.what()).end()
    }
}

/// Adds every class to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<StateChange>()?;
    module.add_class::<Readiness>()?;
    module.add_class::<Notice>()?;
    module.add_class::<Failure>()?;
    module.add_class::<Alert>()?;
    module.add_class::<KeepaliveEvent>()?;
    module.add_class::<Update>()
}
