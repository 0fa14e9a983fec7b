//! What a Python task awaits.
//!
//! [`Awaitable`] speaks the part of asyncio's future protocol that a task needs, so a task waits on
//! it without an `asyncio.Future` between: if the source has a value, it is returned without
//! suspending; else the task's own wake-up is stored in a [`Waiter`] and called straight from the
//! mailbox's drain. It is not a future: public methods wrap it in a coroutine.
//!
//! Cancelling the task drops the read: the source forgets the waiter. A value that was not handed
//! over stays in its source, so a cancelled wait for a stream item loses nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::mailbox::{self, Mailbox, Wakeup, lock};

/// Something that has a value now or later.
pub(crate) trait Source: Send + Sync {
    /// Hands over the value, if it is there. Called with the interpreter attached.
    fn take(&self, py: Python<'_>) -> Option<PyResult<Py<PyAny>>>;
    /// Remembers whom to wake; false if a value is there already and nobody will be woken.
    fn watch(&self, waiter: Arc<Waiter>) -> bool;
    /// The waiter gave up.
    fn forget(&self);
}

/// A task that waits, and the loop it waits on.
pub(crate) struct Waiter {
    mailbox: Arc<Mailbox>,
    event_loop: Py<PyAny>,
    source: Arc<dyn Source>,
    callbacks: Mutex<Vec<Callback>>,
    cancelled: AtomicBool,
}

struct Callback {
    function: Py<PyAny>,
    context: Option<Py<PyAny>>,
}

impl Waiter {
    /// Queues the waiter for its loop. Any thread, no interpreter needed.
    pub(crate) fn wake(self: Arc<Self>) {
        let mailbox = Arc::clone(&self.mailbox);
        mailbox.post(self);
    }

    /// Drops the read and schedules the callbacks, as a cancelled future does.
    fn cancel(self: &Arc<Self>, py: Python<'_>) -> PyResult<bool> {
        let callbacks = self.take_callbacks();
        if callbacks.is_empty() {
            return Ok(false);
        }
        self.cancelled.store(true, Ordering::Relaxed);
        self.source.forget();
        for callback in callbacks {
            let options = pyo3::types::PyDict::new(py);
            options.set_item("context", callback.context)?;
            let awaitable = Awaitable::waiting(Arc::clone(self));
            self.event_loop.call_method(
                py,
                "call_soon",
                (callback.function, awaitable),
                Some(&options),
            )?;
        }
        Ok(true)
    }

    fn take_callbacks(&self) -> Vec<Callback> {
        std::mem::take(&mut *lock(&self.callbacks))
    }
}

impl Wakeup for Waiter {
    /// Calls what waits. A waiter that was cancelled has nothing to call.
    fn deliver(self: Arc<Self>, py: Python<'_>) -> PyResult<()> {
        for callback in self.take_callbacks() {
            let awaitable = Awaitable::waiting(Arc::clone(&self));
            match callback.context {
                Some(context) => {
                    context.call_method1(py, "run", (callback.function, awaitable))?;
                }
                None => {
                    callback.function.call1(py, (awaitable,))?;
                }
            }
        }
        Ok(())
    }
}

/// One awaitable answer. Await it in the task that made it; a second await is an error.
#[pyclass(frozen, module = "aioibkr._native", name = "Awaitable")]
pub(crate) struct Awaitable {
    source: Arc<dyn Source>,
    waiter: Mutex<Option<Arc<Waiter>>>,
    /// asyncio's mark of a future that was just yielded to a task.
    blocking: AtomicBool,
}

impl Awaitable {
    pub(crate) fn new(source: Arc<dyn Source>) -> Self {
        Self { source, waiter: Mutex::default(), blocking: AtomicBool::new(false) }
    }

    fn waiting(waiter: Arc<Waiter>) -> Self {
        let awaitable = Self::new(Arc::clone(&waiter.source));
        *lock(&awaitable.waiter) = Some(waiter);
        awaitable
    }

    /// Whether the running task has to wait for the source; if so, yield this to it.
    pub(crate) fn is_waiting(slf: &Bound<'_, Self>) -> PyResult<bool> {
        let this = slf.get();
        let waits = this.wait(slf.py())?;
        this.blocking.store(waits, Ordering::Relaxed);
        Ok(waits)
    }

    fn waiter(&self) -> Option<Arc<Waiter>> {
        lock(&self.waiter).clone()
    }

    /// Registers with the running loop; false if the value came in the meantime.
    fn wait(&self, py: Python<'_>) -> PyResult<bool> {
        let event_loop = running_loop(py)?;
        let waiter = Arc::new(Waiter {
            mailbox: mailbox::of(&event_loop)?,
            event_loop: event_loop.unbind(),
            source: Arc::clone(&self.source),
            callbacks: Mutex::default(),
            cancelled: AtomicBool::new(false),
        });
        *lock(&self.waiter) = Some(Arc::clone(&waiter));
        Ok(self.source.watch(waiter))
    }
}

#[pymethods]
impl Awaitable {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(slf: &Bound<'_, Self>) -> PyResult<Py<Self>> {
        let py = slf.py();
        let this = slf.get();
        loop {
            if let Some(outcome) = this.source.take(py) {
                // A tuple, because StopIteration would unpack a value that is one itself.
                return Err(PyStopIteration::new_err((outcome?,)));
            }
            if this.wait(py)? {
                this.blocking.store(true, Ordering::Relaxed);
                return Ok(slf.clone().unbind());
            }
        }
    }

    #[getter(_asyncio_future_blocking)]
    fn blocking(&self) -> bool {
        self.blocking.load(Ordering::Relaxed)
    }

    #[setter(_asyncio_future_blocking)]
    fn set_blocking(&self, blocking: bool) {
        self.blocking.store(blocking, Ordering::Relaxed);
    }

    fn get_loop(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self.waiter() {
            Some(waiter) => Ok(waiter.event_loop.clone_ref(py)),
            None => running_loop(py).map(Bound::unbind),
        }
    }

    #[pyo3(signature = (function, *, context=None))]
    fn add_done_callback(
        slf: &Bound<'_, Self>,
        function: Py<PyAny>,
        context: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let Some(waiter) = slf.get().waiter() else {
            return Err(PyRuntimeError::new_err(
                "this awaitable is not a future: await it, or wrap it in a coroutine",
            ));
        };
        lock(&waiter.callbacks).push(Callback { function, context });
        Ok(())
    }

    /// Drops the read. True if a task was still waiting.
    #[pyo3(signature = (msg=None))]
    fn cancel(&self, py: Python<'_>, msg: Option<Py<PyAny>>) -> PyResult<bool> {
        let _ = msg; // The task keeps the message itself.
        match self.waiter() {
            Some(waiter) => waiter.cancel(py),
            None => Ok(false),
        }
    }

    /// What a woken task asks first: raises if the wait was cancelled, else says nothing.
    fn result(&self, py: Python<'_>) -> PyResult<()> {
        let cancelled =
            self.waiter().is_some_and(|waiter| waiter.cancelled.load(Ordering::Relaxed));
        if cancelled { Err(cancelled_error(py)?) } else { Ok(()) }
    }
}

fn running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static GET_RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    GET_RUNNING_LOOP.import(py, "asyncio", "get_running_loop")?.call0()
}

fn cancelled_error(py: Python<'_>) -> PyResult<PyErr> {
    static CANCELLED_ERROR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    CANCELLED_ERROR.import(py, "asyncio", "CancelledError")?.call0().map(PyErr::from_value)
}
