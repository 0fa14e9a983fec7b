//! The Python extension module `aioibkr._native`: converts and delegates.
//!
//! | module | owns |
//! |---|---|
//! | `runtime` | the one tokio runtime of the process and its thread |
//! | `mailbox` | one coalesced wake-up per batch and per event loop |
//! | `awaitable` | what a Python task awaits, and who is woken when it is ready |
//! | `request` | one answer of the core as an awaitable |
//! | `streams` | quotes, ticks, books and bars as async iterators |
//! | `supervision` | how links are watched and reopened |
//! | `config` | what a connection is made with, read and judged |
//! | `client` | the client's session and state |
//! | `accounts` `contracts` `market_data` `orders` | what a client reads and does, by domain |
//! | `models` | the frozen values Python sees |
//! | `convert` | arguments checked and converted; moments and names back |
//! | `coroutine` | an awaitable as a coroutine |
//! | `buffer` `arrow` | columns of numbers through the buffer protocol, and as Arrow |
//! | `frames` | columns as data frames of pandas and polars |
//! | `table` | values by column, as Arrow |
//! | `mock` | the mock gateway's control API |
//! | `recorder` | the proxy that writes down a conversation |
//! | `staging` | what tests stage on it besides prices and books |
//! | `errors` | core errors as Python exceptions |
//! | `logging` | Rust logs as Python logging |
//!
//! Nothing here decides anything about trading: such a branch belongs in the core.

mod accounts;
mod arrow;
mod awaitable;
mod buffer;
mod client;
mod config;
mod contracts;
mod convert;
mod coroutine;
mod errors;
mod frames;
mod logging;
mod mailbox;
mod market_data;
mod mock;
mod models;
mod orders;
mod recorder;
mod request;
mod runtime;
mod staging;
mod streams;
mod supervision;
mod table;
mod text;

use pyo3::prelude::*;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    logging::install();
    runtime::register(module)?;
    module.add_class::<awaitable::Awaitable>()?;
    client::register(module)?;
    module.add_function(wrap_pyfunction!(logging::refresh_levels, module)?)?;
    module.add_class::<mock::MockGateway>()?;
    module.add_class::<mock::FaultHandle>()?;
    module.add_class::<recorder::Recorder>()?;
    module.add_function(wrap_pyfunction!(mock::run_mock_gateway, module)?)?;
    module.add_function(wrap_pyfunction!(mock::run_recorder, module)?)?;
    staging::register(module)?;
    table::register(module)?;
    streams::register(module)
}
