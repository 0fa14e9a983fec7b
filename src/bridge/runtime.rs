//! The one tokio runtime of the process, on a thread of its own.
//!
//! Started on first use, never at import. A forked child has no such thread, so every use there is
//! refused, and what it finds of its parent's is left as it is: locks that a thread held while it was
//! forked are never released there. At interpreter exit the thread is parked and nothing more is polled: the runtime is
//! never dropped, because tasks dropped that late could touch an interpreter that is gone.
//!
//! `AIOIBKR_RUNTIME=worker` selects one worker thread instead of the default `current_thread`
//! scheduler, so that the bench can compare the two.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;

use aioibkr_core::{Error, ErrorKind, lease};
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::logging;
use crate::mailbox::lock;

static RUNTIME: OnceLock<Runtime> = OnceLock::new();
static EXIT: OnceLock<Notify> = OnceLock::new();
static THREAD: Mutex<Option<JoinHandle<()>>> = Mutex::new(None);
static FORKED: AtomicBool = AtomicBool::new(false);
static IN_FLIGHT: AtomicUsize = AtomicUsize::new(0);

/// Registers the hooks for fork and exit. Starts nothing.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let options = pyo3::types::PyDict::new(py);
    options.set_item("before", wrap_pyfunction!(_before_fork, module)?)?;
    options.set_item("after_in_parent", wrap_pyfunction!(_after_fork_in_parent, module)?)?;
    options.set_item("after_in_child", wrap_pyfunction!(_after_fork, module)?)?;
    if let Ok(register) = py.import("os")?.getattr("register_at_fork") {
        register.call((), Some(&options))?;
    }
    py.import("atexit")?.call_method1("register", (wrap_pyfunction!(_at_exit, module)?,))?;
    Ok(())
}

#[pyfunction]
fn _before_fork(py: Python<'_>) {
    py.detach(|| {
        logging::before_fork();
        lease::before_fork();
    });
}

#[pyfunction]
fn _after_fork_in_parent() {
    lease::after_fork_in_parent();
    logging::after_fork_in_parent();
}

#[pyfunction]
fn _after_fork() {
    lease::after_fork_in_child();
    logging::after_fork_in_child();
    if RUNTIME.get().is_some() {
        FORKED.store(true, Ordering::Relaxed);
    }
}

/// Parks the runtime while the interpreter is still whole, so that no thread of ours can meet one
/// that is going down.
#[pyfunction]
fn _at_exit(py: Python<'_>) {
    if is_forked() {
        return py.detach(logging::stop);
    }
    let thread = lock(&THREAD).take();
    py.detach(|| {
        if let (Some(exit), Some(thread)) = (EXIT.get(), thread) {
            exit.notify_one();
            // A panic was reported by the panic hook; the thread is gone either way.
            let _ = thread.join();
        }
        logging::stop();
    });
}

/// Whether the runtime was started by a process that this one was forked from.
pub(crate) fn is_forked() -> bool {
    FORKED.load(Ordering::Relaxed)
}

/// Keeps a value of the parent's from being dropped in a forked child, where that might wait for a
/// lock or a thread for ever: a share of it is never given up.
pub(crate) fn outlive_fork<T: Clone>(value: &T) {
    if is_forked() {
        std::mem::forget(value.clone());
    }
}

/// The runtime, started if this is the first use.
///
/// # Errors
/// In a child forked after the start, and when the operating system refuses a thread.
pub(crate) fn get() -> Result<&'static Runtime, Error> {
    if is_forked() {
        return Err(Error::new(
            ErrorKind::NotConnected,
            format!(
                "process {} was forked after aioibkr had started in its parent: \
                 create the client after the fork, or use the 'spawn' start method",
                std::process::id()
            ),
        ));
    }
    match RUNTIME.get() {
        Some(runtime) => Ok(runtime),
        None => start(),
    }
}

fn start() -> Result<&'static Runtime, Error> {
    let runtime = build().map_err(|error| {
        Error::new(ErrorKind::NotConnected, "cannot start the runtime").with_source(error)
    })?;
    let is_first = RUNTIME.set(runtime).is_ok();
    // The set above, ours or a racing thread's, has filled the cell.
    let runtime = RUNTIME
        .get()
        .ok_or_else(|| Error::new(ErrorKind::NotConnected, "the runtime did not start"))?;
    if is_first {
        // Only fails where it was done already.
        let _ = pyo3_async_runtimes::tokio::init_with_runtime(runtime);
        drive(runtime);
    }
    Ok(runtime)
}

fn build() -> std::io::Result<Runtime> {
    let on_worker = std::env::var("AIOIBKR_RUNTIME").is_ok_and(|kind| kind == "worker");
    let mut builder =
        if on_worker { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    if on_worker {
        builder.worker_threads(1).thread_name("aioibkr");
    }
    builder.enable_all().build()
}

/// Polls the runtime until the interpreter exits.
fn drive(runtime: &'static Runtime) {
    let exit = EXIT.get_or_init(Notify::new);
    let thread = std::thread::Builder::new()
        .name("aioibkr".into())
        .spawn(move || runtime.block_on(exit.notified()));
    match thread {
        Ok(thread) => *lock(&THREAD) = Some(thread),
        Err(error) => {
            log::error!(target: "aioibkr::runtime", "cannot start the runtime thread: {error}");
        }
    }
}

/// A handle for code of the core that spawns its own tasks.
pub(crate) fn handle() -> Result<Handle, Error> {
    get().map(|runtime| runtime.handle().clone())
}

/// Runs a future on the runtime; dropping the handle does not stop it.
///
/// When little is in flight the future is polled once here, on the caller's thread, so that its
/// first write leaves without a hop to the runtime's thread.
pub(crate) fn spawn<F>(future: F) -> Result<Option<AbortHandle>, Error>
where
    F: Future<Output = ()> + Send + 'static,
{
    const FEW: usize = 2;
    let runtime = get()?;
    let mut future = Box::pin(InFlight::track(future));
    if IN_FLIGHT.load(Ordering::Relaxed) <= FEW && poll_once(future.as_mut())?.is_ready() {
        return Ok(None);
    }
    Ok(Some(runtime.spawn(future).abort_handle()))
}

/// Looks once whether a future is ready, on the caller's thread. One that is not has to be spawned.
pub(crate) fn poll_once<F: Future>(future: Pin<&mut F>) -> Result<Poll<F::Output>, Error> {
    let _context = get()?.enter();
    Ok(future.poll(&mut Context::from_waker(Waker::noop())))
}

/// Counts the futures that are being run.
struct InFlight;

impl InFlight {
    fn track<F: Future<Output = ()>>(future: F) -> impl Future<Output = ()> {
        IN_FLIGHT.fetch_add(1, Ordering::Relaxed);
        let counted = Self;
        async move {
            let _counted = counted;
            future.await;
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        IN_FLIGHT.fetch_sub(1, Ordering::Relaxed);
    }
}
