//! One answer of the core as an awaitable.
//!
//! The answer waits in Rust until the task comes for it, and is converted there, on the loop's
//! thread. A forgotten read is aborted; a forgotten effect runs on, because cancelling an await
//! never cancels a side effect.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use aioibkr_core::Error;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::task::AbortHandle;

use crate::awaitable::{Awaitable, Source, Waiter};
use crate::mailbox::lock;
use crate::{errors, runtime};

type Convert = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

enum Answer {
    Pending(Option<Arc<Waiter>>),
    Ready(Convert),
    Taken,
    Forgotten,
}

struct Request {
    answer: Mutex<Answer>,
    /// Stops the read; empty for effects.
    abort: Mutex<Option<AbortHandle>>,
}

impl Request {
    fn complete(&self, convert: Convert) {
        let waiter = {
            let mut answer = lock(&self.answer);
            match &mut *answer {
                Answer::Pending(waiter) => {
                    let waiter = waiter.take();
                    *answer = Answer::Ready(convert);
                    waiter
                }
                Answer::Ready(_) | Answer::Taken | Answer::Forgotten => None,
            }
        };
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

impl Source for Request {
    fn take(&self, py: Python<'_>) -> Option<PyResult<Py<PyAny>>> {
        let taken = {
            let mut answer = lock(&self.answer);
            if let Answer::Pending(_) = &*answer {
                return None;
            }
            std::mem::replace(&mut *answer, Answer::Taken)
        };
        match taken {
            Answer::Ready(convert) => Some(convert(py)),
            Answer::Pending(_) => None,
            Answer::Taken | Answer::Forgotten => {
                Some(Err(PyRuntimeError::new_err("this answer was awaited or cancelled already")))
            }
        }
    }

    fn watch(&self, waiter: Arc<Waiter>) -> bool {
        match &mut *lock(&self.answer) {
            Answer::Pending(slot) => {
                *slot = Some(waiter);
                true
            }
            Answer::Ready(_) | Answer::Taken | Answer::Forgotten => false,
        }
    }

    fn forget(&self) {
        let dropped = std::mem::replace(&mut *lock(&self.answer), Answer::Forgotten);
        drop(dropped);
        if let Some(abort) = lock(&self.abort).take() {
            abort.abort();
        }
    }
}

/// Forgets the request when the awaitable is dropped without having been awaited to its end.
struct Owner(Arc<Request>);

impl Source for Owner {
    fn take(&self, py: Python<'_>) -> Option<PyResult<Py<PyAny>>> {
        self.0.take(py)
    }

    fn watch(&self, waiter: Arc<Waiter>) -> bool {
        self.0.watch(waiter)
    }

    fn forget(&self) {
        self.0.forget();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if runtime::is_forked() {
            return runtime::outlive_fork(&self.0);
        }
        self.0.forget();
    }
}

/// A read: dropped with the await that wants it.
pub(crate) fn read<F, T>(
    py: Python<'_>,
    future: F,
    convert: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
) -> PyResult<Awaitable>
where
    F: Future<Output = Result<T, Error>> + Send + 'static,
    T: Send + 'static,
{
    let (request, abort) = start(py, future, convert)?;
    *lock(&request.abort) = abort;
    Ok(Awaitable::new(Arc::new(Owner(request))))
}

/// A read of what is kept: what is there is taken on the caller's thread, however much is in flight.
pub(crate) fn kept<F, T>(
    py: Python<'_>,
    future: F,
    convert: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
) -> PyResult<Awaitable>
where
    F: Future<Output = Result<T, Error>> + Send + 'static,
    T: Send + 'static,
{
    let mut future = Box::pin(future);
    let first = runtime::poll_once(future.as_mut()).map_err(|error| errors::to_py(py, &error))?;
    match first {
        Poll::Ready(outcome) => {
            let convert: Convert = match outcome {
                Ok(value) => Box::new(move |py| convert(py, value)),
                Err(error) => Box::new(move |py| Err(errors::to_py(py, &error))),
            };
            let answer = Mutex::new(Answer::Ready(convert));
            Ok(Awaitable::new(Arc::new(Request { answer, abort: Mutex::default() })))
        }
        Poll::Pending => read(py, future, convert),
    }
}

/// An effect: begun at once and carried through, whatever becomes of the await.
pub(crate) fn effect<F, T>(
    py: Python<'_>,
    future: F,
    convert: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
) -> PyResult<Awaitable>
where
    F: Future<Output = Result<T, Error>> + Send + 'static,
    T: Send + 'static,
{
    let (request, _) = start(py, future, convert)?;
    Ok(Awaitable::new(request))
}

fn start<F, T>(
    py: Python<'_>,
    future: F,
    convert: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
) -> PyResult<(Arc<Request>, Option<AbortHandle>)>
where
    F: Future<Output = Result<T, Error>> + Send + 'static,
    T: Send + 'static,
{
    let request =
        Arc::new(Request { answer: Mutex::new(Answer::Pending(None)), abort: Mutex::default() });
    let answered = Arc::clone(&request);
    let task = async move {
        let outcome = future.await;
        answered.complete(Box::new(move |py| match outcome {
            Ok(value) => convert(py, value),
            Err(error) => Err(errors::to_py(py, &error)),
        }));
    };
    let abort = runtime::spawn(task).map_err(|error| errors::to_py(py, &error))?;
    Ok((request, abort))
}
