//! The async iterator over a stream. It is its own awaitable: what is there is handed over without
//! suspending and without an object per wait; else the task waits for the stream's bell. A task
//! that always finds something suspends all the same every two milliseconds, so that its loop can
//! serve others.
//!
//! An item leaves the stream only when it is handed over, so a cancelled wait loses nothing.
//! Several tasks may read one stream; each item goes to one of them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyStopAsyncIteration, PyStopIteration};
use pyo3::prelude::*;

use super::bell::Bell;
use crate::awaitable::{Awaitable, Source, Waiter};
use crate::mailbox::lock;

/// Longest time that items are handed over without a turn for the rest of the loop.
const SLICE: Duration = Duration::from_millis(2);

/// What a look at a stream finds.
pub(super) enum Found {
    /// An item; neither a tuple nor an exception.
    Item(Py<PyAny>),
    /// Nothing yet.
    Nothing,
    /// The stream is over.
    Closed,
    /// The stream failed.
    Failed(PyErr),
}

/// One way to read a stream.
pub(super) trait Reading: Send + Sync {
    /// Takes the next item.
    fn next(&self, py: Python<'_>) -> PyResult<Found>;

    /// Whether `next` would find anything but nothing.
    fn has_news(&self) -> bool;

    /// The stream's bell.
    fn bell(&self) -> &Arc<Bell>;
}

/// An async iterator over a stream's items, or over its batches.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct _Reader {
    reading: Arc<dyn Reading>,
    /// Since when items are handed over without a turn for the loop.
    busy_since: Mutex<Option<Instant>>,
}

impl _Reader {
    pub(super) fn new(reading: impl Reading + 'static) -> Self {
        Self { reading: Arc::new(reading), busy_since: Mutex::default() }
    }

    /// Whether it is the rest of the loop's turn; the next slice begins after it.
    fn is_others_turn(&self) -> bool {
        let now = Instant::now();
        let mut busy_since = lock(&self.busy_since);
        let is_over = now.duration_since(*busy_since.get_or_insert(now)) >= SLICE;
        if is_over {
            *busy_since = None;
        }
        is_over
    }
}

#[pymethods]
impl _Reader {
    fn __aiter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// The next item. Cancelling the wait loses nothing.
    fn __anext__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// None, yielded to a task, lets the loop serve others first.
    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if self.is_others_turn() {
            return Ok(py.None());
        }
        loop {
            match self.reading.next(py)? {
                Found::Item(item) => return Err(PyStopIteration::new_err(item)),
                Found::Closed => return Err(PyStopAsyncIteration::new_err(())),
                Found::Failed(error) => return Err(error),
                Found::Nothing => {}
            }
            let news = News { reading: Arc::clone(&self.reading), waiter: Mutex::default() };
            let wait = Bound::new(py, Awaitable::new(Arc::new(news)))?;
            if Awaitable::is_waiting(&wait)? {
                *lock(&self.busy_since) = None;
                return Ok(wait.into_any().unbind());
            }
        }
    }
}

/// News of a stream, as something to wait for; the news itself is taken by the reader.
struct News {
    reading: Arc<dyn Reading>,
    waiter: Mutex<Option<Arc<Waiter>>>,
}

impl Source for News {
    fn take(&self, py: Python<'_>) -> Option<PyResult<Py<PyAny>>> {
        self.reading.has_news().then(|| Ok(py.None()))
    }

    fn watch(&self, waiter: Arc<Waiter>) -> bool {
        *lock(&self.waiter) = Some(Arc::clone(&waiter));
        self.reading.bell().add(waiter);
        // News that came between the look and the registration would otherwise wait for the next.
        if self.reading.has_news() {
            self.forget();
            return false;
        }
        true
    }

    fn forget(&self) {
        if let Some(waiter) = lock(&self.waiter).take() {
            self.reading.bell().forget(&waiter);
        }
    }
}
