//! What a client tells, as an async iterator or handed over one by one to callbacks.

use std::sync::Arc;

use aioibkr_core::events::{Heard, Listener};
use aioibkr_core::model::{FailureCategory, Topic};
use pyo3::prelude::*;

use super::notifier::Notifier;
use super::reader::{_Reader, Found, News, Reading};
use crate::awaitable::Awaitable;
use crate::client::Client;
use crate::convert;
use crate::models::{self, Failure};
use crate::runtime;
use crate::text::Word;

/// A listener and its notifier.
struct Hearing {
    listener: Listener,
    notifier: Arc<Notifier>,
}

impl Reading for Hearing {
    fn next(&self, py: Python<'_>) -> PyResult<Found> {
        Ok(match self.listener.take() {
            Heard::Event(event) => Found::Item(models::event(py, &event)?),
            Heard::Nothing => Found::Nothing,
            Heard::Over => Found::Closed,
        })
    }

    fn has_news(&self) -> bool {
        self.listener.has_news()
    }

    fn notifier(&self) -> &Arc<Notifier> {
        &self.notifier
    }

    fn items_per_look(&self) -> u32 {
        16
    }
}

/// What `aioibkr` hears of a client with.
//
// Dropping it ends the hearing.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct _Events(Arc<Hearing>);

impl Drop for _Events {
    fn drop(&mut self) {
        runtime::outlive_fork(&self.0);
    }
}

#[pymethods]
impl _Events {
    fn items(&self) -> _Reader {
        _Reader::of(self.0.clone())
    }

    /// The event that has waited longest, and whether there will be more.
    fn take(&self, py: Python<'_>) -> PyResult<(Option<Py<PyAny>>, bool)> {
        match self.0.listener.take() {
            Heard::Event(event) => Ok((Some(models::event(py, &event)?), true)),
            Heard::Nothing => Ok((None, true)),
            Heard::Over => Ok((None, false)),
        }
    }

    /// Calls a function on the running loop once there is news; false, and no call, if there is some.
    fn call_on_news(&self, py: Python<'_>, function: Py<PyAny>) -> PyResult<bool> {
        let wait = Bound::new(py, Awaitable::new(Arc::new(News::of(self.0.clone()))))?;
        let waits = Awaitable::is_waiting(&wait)?;
        if waits {
            wait.call_method1("add_done_callback", (function,))?;
        }
        Ok(waits)
    }

    #[getter]
    fn lost(&self) -> u64 {
        self.0.listener.lost()
    }

    #[getter]
    fn waiting(&self) -> usize {
        self.0.listener.waiting()
    }

    fn close(&self) {
        self.0.listener.close();
    }
}

#[pymethods]
impl Client {
    fn hear(&self, py: Python<'_>, topic: Word, capacity: i64) -> PyResult<_Events> {
        let Some(topic) = Topic::from_name(&topic) else {
            let names = Topic::NAMES.map(|(_, name)| name).join(", ");
            return Err(convert::invalid(py, format!("event {:?}: give one of {names}", &*topic)));
        };
        let capacity = match convert::integer(py, "capacity", capacity)? {
            0 => return Err(convert::invalid(py, "capacity 0: give 1 or more")),
            capacity => capacity,
        };
        let notifier = Arc::<Notifier>::default();
        let told = Arc::clone(&notifier);
        let listener = self.core.hear(topic, capacity, Arc::new(move || told.notify()));
        Ok(_Events(Arc::new(Hearing { listener, notifier })))
    }

    fn failures(&self, py: Python<'_>, category: Option<Word>) -> PyResult<Vec<Failure>> {
        let category = match category.as_deref() {
            None | Some("any") => None,
            Some(name) => Some(FailureCategory::from_name(name).ok_or_else(|| {
                let names = FailureCategory::NAMES.map(|(_, name)| name).join(", ");
                convert::invalid(py, format!("category {name:?}: give one of {names}, any"))
            })?),
        };
        Ok(self.core.failures(category).into_iter().map(Failure).collect())
    }
}
