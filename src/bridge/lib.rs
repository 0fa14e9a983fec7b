//! The Python extension module `aioibkr._native`: converts and delegates.
//!
//! | module | owns |
//! |---|---|
//! | `runtime` | the one tokio runtime of the process and its thread |
//! | `mailbox` | one coalesced wake-up per batch and per event loop |
//! | `awaitable` | what a Python task awaits, and who is woken when it is ready |
//! | `request` | one answer of the core as an awaitable |
//! | `stream` | ticks by column, as async iterator and as buffers |
//! | `mock` | the mock gateway's control API |
//! | `errors` | core errors as Python exceptions |
//! | `logging` | Rust logs as Python logging |
//!
//! Nothing here decides anything about trading: such a branch belongs in the core.

mod awaitable;
mod errors;
mod logging;
mod mailbox;
mod mock;
mod request;
mod runtime;
mod stream;

use pyo3::prelude::*;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    logging::install();
    runtime::register(module)?;
    module.add_class::<awaitable::Awaitable>()?;
    module.add_class::<mock::MockGateway>()?;
    module.add_class::<mock::FaultHandle>()?;
    module.add_function(wrap_pyfunction!(mock::run_mock_gateway, module)?)?;
    module.add_class::<stream::_TickReader>()?;
    module.add_class::<stream::TickBatch>()?;
    module.add_class::<stream::Column>()?;
    Ok(())
}
