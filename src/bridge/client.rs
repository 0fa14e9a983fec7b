//! The client as a Python object: its settings, its session and its state. What it reads and does
//! is bound in `accounts`, `contracts`, `market_data` and `orders`.
//!
//! Arguments are checked before anything is begun. Every method but the properties returns an
//! [`Awaitable`]; `aioibkr._client` makes coroutines of them.

use std::collections::HashMap;
use std::time::Duration;

use aioibkr_core::broker::Patience;
use aioibkr_core::config::{Config, Deadlines};
use aioibkr_core::model::{AccountId, ClientId, LineBudget};
use pyo3::prelude::*;
use time::UtcDateTime;

use crate::awaitable::Awaitable;
use crate::models::{self, Health, Metrics, RiskLimits, Subscription};
use crate::supervision::Supervision;
use crate::{convert, errors, logging, request, runtime};

/// What `aioibkr.Client` stands on: checked arguments in, awaitables out.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Client {
    pub(crate) core: aioibkr_core::Client,
    pub(crate) client_id: ClientId,
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (*, host, port, client_id, account=None, timeout=None, wait=false,
        allow_live=false, read_only=false, market_data_type="live", delayed_fallback=true,
        risk=None, deadlines=None, feed=true, feed_client_id=None, lines=None, supervision=None))]
    #[expect(clippy::too_many_arguments, reason = "one keyword per setting")]
    fn new(
        py: Python<'_>,
        host: String,
        port: i64,
        client_id: i64,
        account: Option<String>,
        timeout: Option<f64>,
        wait: bool,
        allow_live: bool,
        read_only: bool,
        market_data_type: &str,
        delayed_fallback: bool,
        risk: Option<Bound<'_, RiskLimits>>,
        deadlines: Option<HashMap<String, f64>>,
        feed: bool,
        feed_client_id: Option<i64>,
        lines: Option<HashMap<String, i64>>,
        supervision: Option<Supervision>,
    ) -> PyResult<Self> {
        let default = Config::default();
        let client_id = ClientId(convert::integer(py, "client_id", client_id)?);
        let config = Config {
            host,
            port: convert::integer(py, "port", port)?,
            client_id,
            account: convert::account(py, account)?,
            connect_timeout: convert::seconds(py, "timeout", timeout)?
                .unwrap_or(default.connect_timeout),
            wait,
            deadlines: read_deadlines(py, &deadlines.unwrap_or_default())?,
            allow_live,
            read_only,
            market_data_type: convert::market_data_type(py, market_data_type)?,
            delayed_fallback,
            risk: risk.map(|limits| limits.get().0.clone()),
            feed,
            feed_client_id: feed_client_id
                .map(|id| convert::integer(py, "feed_client_id", id).map(ClientId))
                .transpose()?,
            lines: read_lines(py, &lines.unwrap_or_default())?,
            ..default
        };
        let config = match supervision {
            Some(supervision) => supervision.of(py, config)?,
            None => config,
        };
        logging::refresh_levels(py)?;
        let core = runtime::handle().and_then(|handle| aioibkr_core::Client::new(config, handle));
        Ok(Self { core: core.map_err(|error| errors::to_py(py, &error))?, client_id })
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
        self.client_id.0
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
        self.core.with_patience(Patience { wait, retry })
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
    F: Future<Output = Result<T, aioibkr_core::Error>> + Send + 'static,
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

fn read_deadlines(py: Python<'_>, given: &HashMap<String, f64>) -> PyResult<Deadlines> {
    let mut deadlines = Deadlines::default();
    for (name, &value) in given {
        let place: &mut Duration = match name.as_str() {
            "account" => &mut deadlines.account,
            "order" => &mut deadlines.order,
            "positions" => &mut deadlines.positions,
            "market_data" => &mut deadlines.market_data,
            "history" => &mut deadlines.history,
            "read" => &mut deadlines.read,
            "download" => &mut deadlines.download,
            "close" => &mut deadlines.close,
            unknown => {
                return Err(convert::invalid(
                    py,
                    format!("no kind of request has the deadline {unknown:?}"),
                ));
            }
        };
        *place = convert::seconds(py, &format!("{name} timeout"), Some(value))?.unwrap_or(*place);
    }
    Ok(deadlines)
}

fn read_lines(py: Python<'_>, given: &HashMap<String, i64>) -> PyResult<LineBudget> {
    let mut budget = LineBudget::default();
    for (name, &value) in given {
        let place = match name.as_str() {
            "market_data" => &mut budget.market_data,
            "depth" => &mut budget.depth,
            "tick_by_tick" => &mut budget.tick_by_tick,
            unknown => {
                return Err(convert::invalid(py, format!("no kind of line is {unknown:?}")));
            }
        };
        *place = convert::integer(py, &format!("{name} lines"), value)?;
    }
    Ok(budget)
}

/// Adds the client to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    models::register(module)?;
    module.add_class::<Client>()?;
    module.add_function(wrap_pyfunction!(_server_time_via_future_into_py, module)?)
}
