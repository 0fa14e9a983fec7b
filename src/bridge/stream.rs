//! Streams of ticks by column: the fast path into Python.
//!
//! A reader takes whole batches. What arrived is handed over without suspending; else the reader
//! is woken once, however many ticks came. A batch's columns are exported through the buffer
//! protocol, so nothing is made per tick.

use std::ffi::{CStr, c_int, c_void};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aioibkr_core::feed::{FeedConfig, FeedLink, TickColumns};
use aioibkr_core::model::{ClientId, Contract};
use pyo3::exceptions::{PyBufferError, PyStopAsyncIteration};
use pyo3::ffi;
use pyo3::prelude::*;

use crate::awaitable::{Awaitable, Source, Waiter};
use crate::errors;
use crate::mailbox::lock;

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
    #[pyo3(signature = (host, port, client_id, symbols, *, timeout=5.0, capacity=1 << 20))]
    fn new(
        py: Python<'_>,
        host: String,
        port: u16,
        client_id: i32,
        symbols: Vec<String>,
        timeout: f64,
        capacity: usize,
    ) -> PyResult<Self> {
        let client_id = ClientId(client_id);
        let timeout = Duration::from_secs_f64(timeout.clamp(0.001, 3600.0));
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
            Ok(columns) => TickBatch::export(py, columns),
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

/// Ticks by column. Columns support the buffer protocol: `memoryview(batch.price)`.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct TickBatch {
    columns: Arc<TickColumns>,
}

impl TickBatch {
    fn export(py: Python<'_>, columns: TickColumns) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, Self { columns: Arc::new(columns) })?.into_any())
    }

    fn column(&self, field: Field) -> Column {
        Column { columns: Arc::clone(&self.columns), field }
    }
}

#[pymethods]
impl TickBatch {
    fn __len__(&self) -> usize {
        self.columns.len()
    }

    /// Receive times, nanoseconds since 1970 UTC (`q`).
    #[getter]
    fn time(&self) -> Column {
        self.column(Field::Time)
    }

    /// Request ids as the gateway named them (`i`).
    #[getter]
    fn request_id(&self) -> Column {
        self.column(Field::RequestId)
    }

    /// IB's tick types (`i`).
    #[getter]
    fn tick_type(&self) -> Column {
        self.column(Field::TickType)
    }

    /// Prices; NaN where there is none (`d`).
    #[getter]
    fn price(&self) -> Column {
        self.column(Field::Price)
    }

    /// Sizes; NaN where there is none (`d`).
    #[getter]
    fn size(&self) -> Column {
        self.column(Field::Size)
    }

    /// Attribute bits of price ticks (`B`).
    #[getter]
    fn attributes(&self) -> Column {
        self.column(Field::Attributes)
    }
}

#[derive(Clone, Copy)]
enum Field {
    Time,
    RequestId,
    TickType,
    Price,
    Size,
    Attributes,
}

/// What a buffer consumer is told about a column's memory.
struct Layout {
    start: *const c_void,
    item_size: usize,
    format: &'static CStr,
}

/// One column of a batch: read-only memory that lives as long as any view of it.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Column {
    columns: Arc<TickColumns>,
    field: Field,
}

impl Column {
    fn layout(&self) -> Layout {
        fn of<T>(values: &[T], format: &'static CStr) -> Layout {
            Layout { start: values.as_ptr().cast(), item_size: size_of::<T>(), format }
        }
        match self.field {
            Field::Time => of(&self.columns.time, c"q"),
            Field::RequestId => of(&self.columns.request_id, c"i"),
            Field::TickType => of(&self.columns.tick_type, c"i"),
            Field::Price => of(&self.columns.price, c"d"),
            Field::Size => of(&self.columns.size, c"d"),
            Field::Attributes => of(&self.columns.attributes, c"B"),
        }
    }
}

#[pymethods]
impl Column {
    fn __len__(&self) -> usize {
        self.columns.len()
    }

    /// # Safety
    /// Called by the interpreter with a valid `view`, as the buffer protocol demands.
    #[expect(unsafe_code, reason = "the buffer protocol is a C interface; the proof is inside")]
    unsafe fn __getbuffer__(
        slf: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        if view.is_null() || flags & ffi::PyBUF_WRITABLE == ffi::PyBUF_WRITABLE {
            return Err(PyBufferError::new_err("a column is read-only"));
        }
        let layout = slf.get().layout();
        let length = slf.get().columns.len() as ffi::Py_ssize_t;
        let item_size = layout.item_size as ffi::Py_ssize_t;
        let wants = |flag: c_int| flags & flag == flag;
        // One allocation holds shape and strides; `__releasebuffer__` frees it.
        let geometry = Box::into_raw(Box::new([length, item_size]));
        // SAFETY: `view` is valid for writes (caller's contract). `start` points into vectors owned
        // by the `Arc` inside `slf`, which `view.obj` keeps alive and nobody changes. `geometry`
        // stays allocated until the release of this very view, which happens once.
        unsafe {
            (*view).buf = layout.start.cast_mut();
            (*view).len = length * item_size;
            (*view).itemsize = item_size;
            (*view).readonly = 1;
            (*view).ndim = 1;
            (*view).format = match wants(ffi::PyBUF_FORMAT) {
                true => layout.format.as_ptr().cast_mut(),
                false => std::ptr::null_mut(),
            };
            (*view).shape = match wants(ffi::PyBUF_ND) {
                true => geometry.cast(),
                false => std::ptr::null_mut(),
            };
            (*view).strides = match wants(ffi::PyBUF_STRIDES) {
                true => geometry.cast::<ffi::Py_ssize_t>().add(1),
                false => std::ptr::null_mut(),
            };
            (*view).suboffsets = std::ptr::null_mut();
            (*view).internal = geometry.cast();
            (*view).obj = slf.into_any().into_ptr();
        }
        Ok(())
    }

    /// # Safety
    /// Called by the interpreter once per successful `__getbuffer__`, with the same `view`.
    #[expect(unsafe_code, reason = "the buffer protocol is a C interface; the proof is inside")]
    unsafe fn __releasebuffer__(&self, view: *mut ffi::Py_buffer) {
        // SAFETY: `internal` is the box that `__getbuffer__` leaked for this view, freed only here.
        drop(unsafe { Box::from_raw((*view).internal.cast::<[ffi::Py_ssize_t; 2]>()) });
    }
}
