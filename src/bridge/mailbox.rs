//! One mailbox per event loop: what became ready queues here, and one wake-up per batch tells the
//! loop to come and fetch it.
//!
//! On Linux the wake-up is an eventfd the loop watches with `add_reader`, so the runtime's thread
//! never needs the interpreter. Elsewhere, and on loops without `add_reader`, it is
//! `call_soon_threadsafe`, called on a thread that holds nothing: whoever posts may hold a lock
//! that the thread with the interpreter waits for. A drain hands over for at most two milliseconds, then lets the loop go
//! on and is called again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};

use crate::runtime;

const SLICE: Duration = Duration::from_millis(2);

/// Takes a lock whose holders never panic half-way: a poisoned value is still whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a loop is to run when it comes to its mailbox.
pub(crate) trait Wakeup: Send + Sync {
    /// Runs it, on the loop's thread.
    fn deliver(self: Arc<Self>, py: Python<'_>) -> PyResult<()>;
}

/// What one event loop is to run next.
pub(crate) struct Mailbox {
    state: Mutex<State>,
    wake_up: WakeUp,
}

#[derive(Default)]
struct State {
    ready: VecDeque<Arc<dyn Wakeup>>,
    /// Whether the loop has been told and has not come yet.
    told: bool,
}

impl Mailbox {
    /// Queues a wakeup and tells the loop, unless it has been told already. Any thread.
    pub(crate) fn post(&self, wakeup: Arc<dyn Wakeup>) {
        let tell = {
            let mut state = lock(&self.state);
            state.ready.push_back(wakeup);
            !std::mem::replace(&mut state.told, true)
        };
        if tell {
            self.wake_up.tell();
        }
    }

    /// Opens what is queued, on the loop's thread. An exception is handed to the loop; what is left
    /// is fetched in the next turn.
    fn drain(&self, py: Python<'_>) -> PyResult<()> {
        self.wake_up.heard();
        lock(&self.state).told = false;
        let until = Instant::now() + SLICE;
        while let Some(wakeup) = self.next() {
            if let Err(error) = wakeup.deliver(py) {
                self.resume_later();
                return Err(error);
            }
            if Instant::now() >= until {
                self.resume_later();
                break;
            }
        }
        Ok(())
    }

    fn next(&self) -> Option<Arc<dyn Wakeup>> {
        lock(&self.state).ready.pop_front()
    }

    fn resume_later(&self) {
        let tell = {
            let mut state = lock(&self.state);
            !state.ready.is_empty() && !std::mem::replace(&mut state.told, true)
        };
        if tell {
            self.wake_up.tell();
        }
    }
}

/// How a loop is told that its mailbox is not empty.
enum WakeUp {
    #[cfg(target_os = "linux")]
    EventFd(rustix::fd::OwnedFd),
    CallSoon(Arc<LoopCall>),
}

/// The call that tells a loop.
struct LoopCall {
    event_loop: Py<PyWeakrefReference>,
    drain: PyOnceLock<Py<Drain>>,
}

impl WakeUp {
    fn tell(&self) {
        match self {
            #[cfg(target_os = "linux")]
            Self::EventFd(fd) => {
                // The counter can only be full if it was never read, and then it is readable.
                let _ = rustix::io::write(fd, &1u64.to_ne_bytes());
            }
            Self::CallSoon(call) => {
                let call = Arc::clone(call);
                match runtime::handle() {
                    Ok(handle) => drop(handle.spawn_blocking(move || call.tell())),
                    Err(error) => {
                        log::debug!(target: "aioibkr::mailbox", "nobody is told: {error}")
                    }
                }
            }
        }
    }

    fn heard(&self) {
        match self {
            #[cfg(target_os = "linux")]
            Self::EventFd(fd) => {
                let mut counter = [0u8; 8];
                let _ = rustix::io::read(fd, &mut counter);
            }
            Self::CallSoon(_) => {}
        }
    }
}

impl LoopCall {
    fn tell(&self) {
        // None once the interpreter is going down: nobody is left to be told.
        Python::try_attach(|py| {
            let Some(event_loop) = self.event_loop.bind(py).upgrade() else { return };
            let Some(drain) = self.drain.get(py) else { return };
            if let Err(error) = event_loop.call_method1("call_soon_threadsafe", (drain,)) {
                log::debug!(target: "aioibkr::mailbox", "event loop is closed: {error}");
            }
        });
    }
}

/// The callable a loop runs to empty its mailbox.
#[pyclass(frozen, module = "aioibkr._native")]
struct Drain(Arc<Mailbox>);

#[pymethods]
impl Drain {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        self.0.drain(py)
    }
}

struct Entry {
    event_loop: Py<PyWeakrefReference>,
    mailbox: Arc<Mailbox>,
}

/// Mailboxes by the address of their loop; the weak reference tells a reused address apart.
static MAILBOXES: Mutex<Option<HashMap<usize, Entry>>> = Mutex::new(None);

/// The mailbox of a running loop, opened on its first use there.
pub(crate) fn of(event_loop: &Bound<'_, PyAny>) -> PyResult<Arc<Mailbox>> {
    let address = event_loop.as_ptr() as usize;
    match find(event_loop, address) {
        Some(mailbox) => Ok(mailbox),
        None => open(event_loop, address),
    }
}

fn find(event_loop: &Bound<'_, PyAny>, address: usize) -> Option<Arc<Mailbox>> {
    let mailboxes = lock(&MAILBOXES);
    let entry = mailboxes.as_ref()?.get(&address)?;
    let known = entry.event_loop.bind(event_loop.py()).upgrade()?;
    known.is(event_loop).then(|| Arc::clone(&entry.mailbox))
}

fn open(event_loop: &Bound<'_, PyAny>, address: usize) -> PyResult<Arc<Mailbox>> {
    let py = event_loop.py();
    let reference = PyWeakrefReference::new(event_loop)?;
    let mailbox = match watch_event_fd(event_loop)? {
        Some(mailbox) => mailbox,
        None => call_soon_mailbox(py, &reference)?,
    };
    let entry = Entry { event_loop: reference.unbind(), mailbox: Arc::clone(&mailbox) };
    // Removed entries are dropped after the lock is released: dropping may run Python code.
    let _removed: Vec<Entry> = {
        let mut guard = lock(&MAILBOXES);
        let mailboxes = guard.get_or_insert_default();
        let gone = |entry: &Entry| entry.event_loop.bind(py).upgrade().is_none();
        let dead: Vec<usize> =
            mailboxes.iter().filter(|(_, entry)| gone(entry)).map(|(key, _)| *key).collect();
        let old = dead.into_iter().filter_map(|key| mailboxes.remove(&key)).collect::<Vec<_>>();
        old.into_iter().chain(mailboxes.insert(address, entry)).collect()
    };
    Ok(mailbox)
}

fn new_mailbox(wake_up: WakeUp) -> Arc<Mailbox> {
    Arc::new(Mailbox { state: Mutex::default(), wake_up })
}

/// A mailbox whose loop watches an eventfd; `None` where loop or system cannot.
#[cfg(target_os = "linux")]
fn watch_event_fd(event_loop: &Bound<'_, PyAny>) -> PyResult<Option<Arc<Mailbox>>> {
    use std::os::fd::AsRawFd;

    use rustix::event::{EventfdFlags, eventfd};

    let Ok(fd) = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK) else {
        return Ok(None);
    };
    let number = fd.as_raw_fd();
    let mailbox = new_mailbox(WakeUp::EventFd(fd));
    let drain = Py::new(event_loop.py(), Drain(Arc::clone(&mailbox)))?;
    match event_loop.call_method1("add_reader", (number, drain)) {
        Ok(_) => Ok(Some(mailbox)),
        Err(error)
            if error.is_instance_of::<pyo3::exceptions::PyNotImplementedError>(event_loop.py()) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(not(target_os = "linux"))]
fn watch_event_fd(_event_loop: &Bound<'_, PyAny>) -> PyResult<Option<Arc<Mailbox>>> {
    Ok(None)
}

fn call_soon_mailbox(
    py: Python<'_>,
    event_loop: &Bound<'_, PyWeakrefReference>,
) -> PyResult<Arc<Mailbox>> {
    let event_loop = event_loop.clone().unbind();
    let call = Arc::new(LoopCall { event_loop, drain: PyOnceLock::new() });
    let mailbox = new_mailbox(WakeUp::CallSoon(Arc::clone(&call)));
    // A fresh cell is empty, so this set cannot fail.
    let _ = call.drain.set(py, Py::new(py, Drain(Arc::clone(&mailbox)))?);
    Ok(mailbox)
}
