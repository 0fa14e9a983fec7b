//! Streams of ticks by column: the fast path into Python.
//!
//! A reader takes whole batches. What arrived is handed over without suspending; else the reader
//! is woken once, however many ticks came. A batch's columns are exported through the buffer
//! protocol, so nothing is made per tick.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aioibkr_core::feed::{FeedConfig, FeedLink, TickColumns};
use aioibkr_core::model::{ClientId, Contract};
use pyo3::exceptions::PyStopAsyncIteration;
use pyo3::prelude::*;
use pyo3::types::PyMemoryView;

use crate::awaitable::{Awaitable, Source, Waiter};
use crate::mailbox::lock;
use crate::{buffer, convert, errors};

/// How long connect and handshake may take each, unless told.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Private: ticks of one feed link by column, for the bench and the tests of the tick path.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct _TickReader {
    source: Arc<TickSource>,
}

struct TickSource {
    link: FeedLink,
    reader: Arc<Mutex<Option<Arc<Waiter>>>>,
}

#[pymethods]
impl _TickReader {
    /// Connects and subscribes; blocks for at most twice `timeout` seconds.
    #[new]
    #[pyo3(signature = (host, port, client_id, symbols, *, timeout=None, capacity=1 << 20))]
    fn new(
        py: Python<'_>,
        host: String,
        port: u16,
        client_id: i32,
        symbols: Vec<String>,
        timeout: Option<f64>,
        capacity: usize,
    ) -> PyResult<Self> {
        let client_id = ClientId(client_id);
        let timeout = convert::seconds(py, "timeout", timeout)?.unwrap_or(TIMEOUT);
        let config = FeedConfig { host, port, client_id, timeout, capacity };
        let contracts: Vec<Contract> = symbols.into_iter().map(Contract::stock).collect();
        let reader = Arc::new(Mutex::new(None::<Arc<Waiter>>));
        let woken = Arc::clone(&reader);
        let notify = move || {
            let waiter = lock(&woken).take();
            if let Some(waiter) = waiter {
                waiter.wake();
            }
        };
        let link = py
            .detach(|| FeedLink::open(&config, &contracts, notify))
            .map_err(|error| errors::to_py(py, &error))?;
        Ok(Self { source: Arc::new(TickSource { link, reader }) })
    }

    fn __aiter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// The next batch. Cancelling the wait loses nothing.
    fn __anext__(&self) -> Awaitable {
        Awaitable::new(Arc::clone(&self.source) as Arc<dyn Source>)
    }

    /// How many ticks were dropped because nobody came for them.
    #[getter]
    fn lost(&self) -> u64 {
        self.source.link.lost()
    }

    /// Closes the link; a waiting reader ends.
    fn close(&self) {
        self.source.link.close();
    }
}

impl Source for TickSource {
    fn take(&self, py: Python<'_>) -> Option<PyResult<Py<PyAny>>> {
        if !self.link.has_news() {
            return None;
        }
        Some(match self.link.take() {
            Ok(columns) => Py::new(py, TickBatch(Arc::new(columns))).map(Py::into_any),
            Err(_end) => Err(PyStopAsyncIteration::new_err(())),
        })
    }

    fn watch(&self, waiter: Arc<Waiter>) -> bool {
        *lock(&self.reader) = Some(waiter);
        // News that came between the look and the registration would otherwise wait for the next.
        if self.link.has_news() {
            lock(&self.reader).take();
            return false;
        }
        true
    }

    fn forget(&self) {
        lock(&self.reader).take();
    }
}

/// Ticks by column; each column is a read-only `memoryview` of the memory Rust filled.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct TickBatch(Arc<TickColumns>);

type View<'py> = PyResult<Bound<'py, PyMemoryView>>;

#[pymethods]
impl TickBatch {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// Receive times, nanoseconds since 1970 UTC (`q`).
    #[getter]
    fn time<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.0, |ticks| &ticks.time)
    }

    /// Request ids as the gateway named them (`i`).
    #[getter]
    fn request_id<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.0, |ticks| &ticks.request_id)
    }

    /// IB's tick types (`i`).
    #[getter]
    fn tick_type<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.0, |ticks| &ticks.tick_type)
    }

    /// Prices; NaN where there is none (`d`).
    #[getter]
    fn price<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.0, |ticks| &ticks.price)
    }

    /// Sizes; NaN where there is none (`d`).
    #[getter]
    fn size<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.0, |ticks| &ticks.size)
    }

    /// Attribute bits of price ticks (`B`).
    #[getter]
    fn attributes<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.0, |ticks| &ticks.attributes)
    }
}
