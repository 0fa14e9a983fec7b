//! Core errors as Python exceptions: one match from kind to class of `aioibkr.errors`.

use aioibkr_core::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyModule};

static ERRORS: PyOnceLock<Py<PyModule>> = PyOnceLock::new();

/// The exception class that stands for a kind.
fn class_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotConnected => "NotConnected",
        ErrorKind::ConnectTimeout => "ConnectTimeout",
        ErrorKind::ConnectionLost => "ConnectionLost",
        ErrorKind::ClientIdInUse => "ClientIdInUse",
        ErrorKind::CircuitOpen => "CircuitOpen",
        ErrorKind::GatewayTooOld => "GatewayTooOld",
        ErrorKind::HandshakeFailed => "HandshakeFailed",
        ErrorKind::RequestTimeout => "RequestTimeout",
        ErrorKind::StateUnknown => "StateUnknown",
        ErrorKind::Request => "RequestError",
        ErrorKind::ContractNotFound => "ContractNotFound",
        ErrorKind::AmbiguousContract => "AmbiguousContract",
        ErrorKind::PacingViolation => "PacingViolation",
        ErrorKind::MarketData => "MarketDataError",
        ErrorKind::NotEntitled => "NotEntitled",
        ErrorKind::StreamLagged => "StreamLagged",
        ErrorKind::LineLimit => "LineLimit",
        ErrorKind::Order => "OrderError",
        ErrorKind::OrderRejected => "OrderRejected",
        ErrorKind::OrderRefused => "OrderRefused",
        ErrorKind::OrderOutcomeUnknown => "OrderOutcomeUnknown",
        ErrorKind::DuplicateOrderKey => "DuplicateOrderKey",
        ErrorKind::LiveTradingDisabled => "LiveTradingDisabled",
        ErrorKind::ReadOnly => "ReadOnly",
        ErrorKind::Config => "ConfigError",
    }
}

/// The Python exception for a core error. If the class cannot be imported, that failure is raised.
pub(crate) fn to_py(py: Python<'_>, error: &Error) -> PyErr {
    build(py, error).unwrap_or_else(|failure| failure)
}

fn build(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let module =
        ERRORS.get_or_try_init(py, || py.import("aioibkr.errors").map(Bound::unbind))?.bind(py);
    let details = PyDict::new(py);
    for (name, value) in error.details() {
        details.set_item(name, value)?;
    }
    let options = PyDict::new(py);
    options.set_item("code", error.code())?;
    options.set_item("request_id", error.request_id())?;
    let class = module.getattr(class_name(error.kind()))?;
    let exception = class.call((error.message(), details), Some(&options))?;
    let exception = PyErr::from_value(exception);
    let cause = std::error::Error::source(error).and_then(|source| source.downcast_ref::<Error>());
    if let Some(cause) = cause {
        exception.set_cause(py, Some(build(py, cause)?));
    }
    Ok(exception)
}
