//! The client as a Python object: its session and its state. What it reads and does
//! is bound in `accounts`, `contracts`, `market_data` and `orders`.
//!
//! Arguments are checked before anything is begun. Every method but the properties returns an
//! [`Awaitable`]; `aioibkr._client` makes coroutines of them.

use std::sync::Arc;
use std::time::Duration;

use aioibkr_core::client::ReadOptions;
use aioibkr_core::model::AccountId;
use aioibkr_core::{Error, ErrorKind};
use pyo3::prelude::*;
use time::UtcDateTime;

use crate::awaitable::Awaitable;
use crate::config::Config;
use crate::models::{self, Health, Metrics, Subscription, Told};
use crate::{convert, errors, logging, request, runtime};

/// How long a caller without an event loop waits for what the session does at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// What `aioibkr.Client` stands on: checked arguments in, awaitables out.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Client {
    pub(crate) core: aioibkr_core::Client,
    pub(crate) told: Arc<Told>,
}

impl Drop for Client {
    fn drop(&mut self) {
        runtime::outlive_fork(&self.core);
    }
}

#[pymethods]
impl Client {
    /// A client for a gateway; opens nothing yet.
    #[new]
    fn new(py: Python<'_>, config: &Config) -> PyResult<Self> {
        logging::refresh_levels(py)?;
        let config = config.0.clone();
        let core = runtime::handle().and_then(|handle| aioibkr_core::Client::new(config, handle));
        let core = core.map_err(|error| errors::to_py(py, &error))?;
        Ok(Self { core, told: Arc::default() })
    }

    /// Opens the link.
    fn open(&self, py: Python<'_>) -> PyResult<Awaitable> {
        let client = self.core.clone();
        request::read(py, async move { client.open().await }, nothing)
    }

    /// Closes the link for good; goes on when the await is cancelled.
    fn close(&self, py: Python<'_>) -> PyResult<Awaitable> {
        let client = self.core.clone();
        request::effect(py, async move { client.close().await }, nothing)
    }

    #[pyo3(signature = (*, timeout=None))]
    fn wait_ready(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Awaitable> {
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let client = self.core.clone();
        request::read(py, async move { client.wait_ready(timeout).await }, nothing)
    }

    #[pyo3(signature = (*, timeout=None, retry=false))]
    fn server_time(
        &self,
        py: Python<'_>,
        timeout: Option<f64>,
        retry: bool,
    ) -> PyResult<Awaitable> {
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let client = self.reading(true, retry);
        let answer = async move { client.server_time(timeout).await };
        request::read(py, answer, |py, time| {
            Ok(convert::utc(time).into_pyobject(py)?.into_any().unbind())
        })
    }

    #[getter]
    fn state(&self) -> &'static str {
        self.core.state().as_str()
    }

    #[getter]
    fn generation(&self) -> u64 {
        self.core.generation().0
    }

    #[getter]
    fn is_connected(&self) -> bool {
        self.core.is_connected()
    }

    #[getter]
    fn ready(&self) -> bool {
        self.core.is_ready()
    }

    #[getter]
    fn server_version(&self) -> Option<i32> {
        self.core.server_version()
    }

    #[getter]
    fn connected_at(&self) -> Option<UtcDateTime> {
        self.core.connected_at().map(convert::utc)
    }

    #[getter]
    fn client_id(&self) -> i32 {
        self.core.client_id().0
    }

    #[getter]
    fn accounts(&self) -> Vec<String> {
        names(self.core.accounts())
    }

    #[getter]
    fn account(&self) -> Option<String> {
        self.core.account().map(|account| account.0)
    }

    #[getter]
    fn is_paper(&self) -> Option<bool> {
        self.core.is_paper()
    }

    fn health(&self) -> Health {
        Health(self.core.health())
    }

    /// Counts a failure for the circuit breaker; returns once it is counted.
    fn record_failure(&self, py: Python<'_>) -> PyResult<()> {
        let client = self.core.clone();
        counted(py, async move { client.record_failure().await })
    }

    /// Forgets failures; returns once they are forgotten.
    fn forget_failures(&self, py: Python<'_>) -> PyResult<()> {
        let client = self.core.clone();
        counted(py, async move { client.forget_failures().await })
    }

    fn subscriptions(&self) -> Vec<Subscription> {
        self.core.subscriptions().into_iter().map(Subscription).collect()
    }

    fn metrics(&self) -> Metrics {
        Metrics(self.core.metrics())
    }
}

impl Client {
    /// The core's client, for one read.
    pub(crate) fn reading(&self, wait: bool, retry: bool) -> aioibkr_core::Client {
        self.core.with_read_options(ReadOptions { wait, retry })
    }
}

/// `server_time` over `pyo3-async-runtimes`, so that the bench can compare the two bridges.
#[pyfunction]
pub(crate) fn _server_time_via_future_into_py<'py>(
    py: Python<'py>,
    client: &Bound<'py, Client>,
) -> PyResult<Bound<'py, PyAny>> {
    let client = client.get().core.clone();
    future_into_py(py, async move { client.server_time(None).await.map(convert::utc) })
}

/// A read that happens now and then, as an `asyncio.Future`; cancelled with it.
pub(crate) fn future_into_py<'py, F, T>(py: Python<'py>, read: F) -> PyResult<Bound<'py, PyAny>>
where
    F: Future<Output = Result<T, Error>> + Send + 'static,
    T: for<'any> IntoPyObject<'any> + Send + 'static,
{
    runtime::get().map_err(|error| errors::to_py(py, &error))?;
    pyo3_async_runtimes::tokio::future_into_py(py, async move {
        let answer = read.await;
        answer.map_err(|error| Python::attach(|py| errors::to_py(py, &error)))
    })
}

/// Converts an answer that says only that it is done.
pub(crate) fn nothing(py: Python<'_>, (): ()) -> PyResult<Py<PyAny>> {
    Ok(py.None())
}

pub(crate) fn names(accounts: Vec<AccountId>) -> Vec<String> {
    accounts.into_iter().map(|account| account.0).collect()
}

/// Waits for something that the session does at once, without the interpreter.
fn counted(py: Python<'_>, work: impl Future<Output = ()> + Send + 'static) -> PyResult<()> {
    let (done, told) = std::sync::mpsc::channel();
    let spawned = runtime::spawn(async move {
        work.await;
        // Who gave up waiting does not need to know.
        let _ = done.send(());
    });
    spawned.map_err(|error| errors::to_py(py, &error))?;
    py.detach(move || told.recv_timeout(PATIENCE)).map_err(|_| {
        let text = "the session did not answer in time";
        errors::to_py(py, &Error::new(ErrorKind::RequestTimeout, text))
    })
}

/// Adds the client to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    models::register(module)?;
    module.add_class::<Config>()?;
    module.add_class::<Client>()?;
    module.add_function(wrap_pyfunction!(_server_time_via_future_into_py, module)?)
}
