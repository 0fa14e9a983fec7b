//! The async iterator over a stream. It is its own awaitable: what is there is handed over without
//! suspending and without an object per wait; else the task waits for the stream's notifier.
//!
//! An item leaves the stream only when it is handed over, so a cancelled wait loses nothing.
//! Several tasks may read one stream; each item goes to one of them. A reader that always finds
//! something lets its loop go on with other work every two milliseconds.

use std::sync::{Arc, Mutex, Weak};

use aioibkr_core::market_data::Next;
use pyo3::exceptions::{PyStopAsyncIteration, PyStopIteration};
use pyo3::prelude::*;

use super::notifier::Notifier;
use super::turn::Turn;
use crate::awaitable::{Awaitable, Source, Waiter};
use crate::errors;
use crate::mailbox::lock;
use crate::runtime;

/// What a look at a stream finds.
pub(super) enum Found {
    /// An item.
    Item(Py<PyAny>),
    /// Nothing yet.
    Nothing,
    /// The stream is over.
    Closed,
    /// The stream failed.
    Failed(PyErr),
}

impl Found {
    /// What a core stream has, its items made into objects.
    pub(super) fn of<T>(
        py: Python<'_>,
        next: Next<T>,
        object: impl FnOnce(T) -> PyResult<Py<PyAny>>,
    ) -> PyResult<Self> {
        Ok(match next {
            Next::Item(item) => Self::Item(object(item)?),
            Next::Nothing => Self::Nothing,
            Next::Closed => Self::Closed,
            Next::Failed(error) => Self::Failed(errors::to_py(py, &error)),
        })
    }
}

/// One way to read a stream.
pub(super) trait Reading: Send + Sync {
    /// Takes the next item.
    fn next(&self, py: Python<'_>) -> PyResult<Found>;

    /// Whether `next` would find anything but nothing.
    fn has_news(&self) -> bool;

    /// The stream's notifier.
    fn notifier(&self) -> &Arc<Notifier>;

    /// How many items a reader is surely done with within a millisecond.
    fn items_per_look(&self) -> u32;
}

/// An async iterator over a stream's items, or over its batches.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct _Reader {
    reading: Arc<dyn Reading>,
    turn: Turn,
}

impl Drop for _Reader {
    fn drop(&mut self) {
        runtime::outlive_fork(&self.reading);
    }
}

impl _Reader {
    pub(super) fn new(reading: impl Reading + 'static) -> Self {
        Self::of(Arc::new(reading))
    }

    /// A reader of what somebody else reads too.
    pub(super) fn of(reading: Arc<dyn Reading>) -> Self {
        let turn = Turn::new(reading.items_per_look());
        Self { reading, turn }
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

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if self.turn.is_over() {
            // What a task takes for "go on in the loop's next round".
            return Ok(py.None());
        }
        loop {
            match self.reading.next(py)? {
                Found::Item(item) => return Err(handed_over(py, item)),
                Found::Closed => return Err(PyStopAsyncIteration::new_err(())),
                Found::Failed(error) => return Err(error),
                Found::Nothing => {}
            }
            let news = News::of(Arc::clone(&self.reading));
            let wait = Bound::new(py, Awaitable::new(Arc::new(news)))?;
            if Awaitable::is_waiting(&wait)? {
                self.turn.end();
                return Ok(wait.unbind().into_any());
            }
        }
    }
}

/// What ends an await with a value. Made here and now: an error that PyO3 makes when it is raised is
/// boxed first and taken apart again, which costs a tenth of a tick.
fn handed_over(py: Python<'_>, item: Py<PyAny>) -> PyErr {
    match py.get_type::<PyStopIteration>().call1((item,)) {
        Ok(stop) => PyErr::from_value(stop),
        Err(error) => error,
    }
}

/// News of a stream, as something to wait for; the news itself is taken by the reader.
pub(super) struct News {
    reading: Arc<dyn Reading>,
    /// The notifier and the task hold it, and it holds this.
    waiter: Mutex<Weak<Waiter>>,
}

impl News {
    pub(super) fn of(reading: Arc<dyn Reading>) -> Self {
        Self { reading, waiter: Mutex::default() }
    }
}

impl Source for News {
    fn take(&self, py: Python<'_>) -> Option<PyResult<Py<PyAny>>> {
        self.reading.has_news().then(|| Ok(py.None()))
    }

    fn watch(&self, waiter: Arc<Waiter>) -> bool {
        *lock(&self.waiter) = Arc::downgrade(&waiter);
        self.reading.notifier().add(waiter);
        // News that came between the look and the registration would otherwise wait for the next.
        if self.reading.has_news() {
            self.forget();
            return false;
        }
        true
    }

    fn forget(&self) {
        let waiter = std::mem::take(&mut *lock(&self.waiter));
        if let Some(waiter) = waiter.upgrade() {
            self.reading.notifier().forget(&waiter);
        }
    }
}
