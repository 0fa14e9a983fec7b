//! Rust logs as Python logging, under `aioibkr.*`.
//!
//! Records queue in Rust (bounded; what does not fit is counted and told) and a thread of its own
//! hands them to `logging`, so no Rust thread ever waits for the interpreter to write a log line.
//! The levels are read from the Python loggers `aioibkr` and `aioibkr.access` when a client is made
//! and on [`refresh_levels`]. Nothing is written once the interpreter is going down.
//!
//! Queue and thread belong to one process. A forked child has neither of its parent's: what waits
//! there is the parent's to write, and the child starts its own when it has something to log. A fork
//! waits for the line that is being written: the child would find the file's lock held by a thread it
//! does not have.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, OnceLock, TryLockError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use log::{Level, LevelFilter, Log, Metadata, Record};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::mailbox::lock;

const QUEUE: usize = 4096;

/// Lines written in one go, unless somebody forks.
const BATCH: usize = 64;

/// How long a fork waits for a handler that does not come back.
const FORK_PATIENCE: Duration = Duration::from_secs(2);

/// How often whoever waits for a fork, or for a line before one, looks.
const LOOK: Duration = Duration::from_millis(1);

/// Requests are logged under this name, with a level of their own.
const ACCESS: &str = "aioibkr::access";

static LOGGER: PythonLogger = PythonLogger {
    access: AtomicUsize::new(0),
    others: AtomicUsize::new(0),
    first: Process {
        queue: OnceLock::new(),
        lost: AtomicU64::new(0),
        writing: Mutex::new(()),
        forks: AtomicUsize::new(0),
        child: OnceLock::new(),
    },
};

thread_local! {
    /// Keeps handlers from being called while this thread forks.
    static FORKING: RefCell<Option<MutexGuard<'static, ()>>> = const { RefCell::new(None) };
}

struct PythonLogger {
    /// Most verbose level of the access log, as a number; 0 for none.
    access: AtomicUsize,
    /// The same of everything else.
    others: AtomicUsize,
    /// Of the process that loaded the extension.
    first: Process,
}

/// The logging of one process. Forking takes no lock that another thread may hold just then: a child
/// finds the cells of its ancestors, in whatever state, and adds one of its own.
#[derive(Default)]
struct Process {
    queue: OnceLock<Queue>,
    lost: AtomicU64,
    /// Held while handlers are called. Whoever takes it waits for the interpreter afterwards, never
    /// before.
    writing: Mutex<()>,
    /// Threads that fork or wait to: no further line is begun.
    forks: AtomicUsize,
    /// The child this memory was copied for.
    child: OnceLock<Box<Self>>,
}

struct Queue {
    lines: SyncSender<Line>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Line {
    level: Level,
    logger: String,
    text: String,
}

impl Line {
    /// The line that ends the delivering thread: no record has an empty logger.
    fn is_end(&self) -> bool {
        self.logger.is_empty()
    }
}

impl Process {
    /// The right to call handlers, once nobody forks.
    fn turn(&self) -> MutexGuard<'_, ()> {
        while self.forks.load(Ordering::Acquire) > 0 {
            std::thread::sleep(LOOK);
        }
        lock(&self.writing)
    }
}

impl PythonLogger {
    /// What belongs to this process.
    fn own(&'static self) -> &'static Process {
        let mut process = &self.first;
        while let Some(child) = process.child.get() {
            process = child;
        }
        process
    }

    fn shows(&self, target: &str, level: Level) -> bool {
        let most = if target == ACCESS { &self.access } else { &self.others };
        level as usize <= most.load(Ordering::Relaxed)
    }
}

impl Log for PythonLogger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.shows(metadata.target(), metadata.level())
    }

    fn log(&self, record: &Record<'_>) {
        let level = level_of(record);
        if !self.shows(record.target(), level) {
            return;
        }
        let line =
            Line { level, logger: logger_name(record.target()), text: record.args().to_string() };
        let own = LOGGER.own();
        if own.queue.get().is_none_or(|queue| queue.lines.try_send(line).is_err()) {
            own.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn flush(&self) {}
}

/// The level a record is shown at. ibapi's transport cries at every lost link and at reconnects it
/// is not allowed to make; what that means is the session's to say. Its connection writes down every
/// message byte by byte, accounts and all: that is nobody's reading but who follows bytes.
fn level_of(record: &Record<'_>) -> Level {
    match record.target() {
        target if target.starts_with("ibapi::transport") => record.level().max(Level::Debug),
        target if target.starts_with("ibapi::connection") => Level::Trace,
        _ => record.level(),
    }
}

/// `aioibkr::session` is `aioibkr.session`; records of dependencies go below `aioibkr` too.
fn logger_name(target: &str) -> String {
    let dotted = target.replace("::", ".");
    if dotted == "aioibkr" || dotted.starts_with("aioibkr.") {
        return dotted;
    }
    format!("aioibkr.{dotted}")
}

/// Makes this the process's Rust logger. Starts no thread and logs nothing until a client exists.
pub(crate) fn install() {
    // Another logger can only be there if this module was initialised twice; then that one stays.
    if log::set_logger(&LOGGER).is_ok() {
        log::set_max_level(LevelFilter::Off);
    }
}

/// Takes the levels of the Python loggers and starts the delivering thread if needed.
#[pyfunction(name = "_refresh_log_levels")]
pub(crate) fn refresh_levels(py: Python<'_>) -> PyResult<()> {
    let (others, access) = (filter_by(py, "aioibkr")?, filter_by(py, "aioibkr.access")?);
    LOGGER.others.store(others as usize, Ordering::Relaxed);
    LOGGER.access.store(access as usize, Ordering::Relaxed);
    log::set_max_level(others.max(access));
    if LOGGER.own().queue.get().is_none() {
        LOGGER.own().queue.get_or_init(start);
        end_with_multiprocessing(py)?;
    }
    Ok(())
}

/// A child of `multiprocessing` ends without the hooks of `atexit`: it has its own.
fn end_with_multiprocessing(py: Python<'_>) -> PyResult<()> {
    let modules = py.import("sys")?.getattr("modules")?.cast_into::<PyDict>()?;
    let Some(util) = modules.get_item("multiprocessing.util")? else { return Ok(()) };
    let options = PyDict::new(py);
    options.set_item("exitpriority", 0)?;
    let end = wrap_pyfunction!(_stop_logging, py)?;
    util.call_method("Finalize", (py.None(), end), Some(&options))?;
    Ok(())
}

#[pyfunction]
fn _stop_logging(py: Python<'_>) {
    py.detach(stop);
}

/// Waits for the line that is being written. To be called without the interpreter attached, by the
/// thread that is about to fork.
pub(crate) fn before_fork() {
    let (own, until) = (LOGGER.own(), Instant::now() + FORK_PATIENCE);
    own.forks.fetch_add(1, Ordering::AcqRel);
    loop {
        match own.writing.try_lock() {
            Ok(writing) => return FORKING.set(Some(writing)),
            Err(TryLockError::Poisoned(writing)) => return FORKING.set(Some(writing.into_inner())),
            Err(TryLockError::WouldBlock) if Instant::now() >= until => return,
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOOK),
        }
    }
}

/// To be called by the same thread after it forked.
pub(crate) fn after_fork_in_parent() {
    FORKING.set(None);
    LOGGER.own().forks.fetch_sub(1, Ordering::AcqRel);
}

/// Nothing of the parent's logging is this child's: neither what waits nor who writes it. To be called
/// by the child's only thread.
pub(crate) fn after_fork_in_child() {
    FORKING.set(None);
    // Its own cell is new, so that nothing can be there yet.
    let _ = LOGGER.own().child.set(Box::default());
}

/// What the Python logger of that name lets through.
fn filter_by(py: Python<'_>, name: &str) -> PyResult<LevelFilter> {
    let logger = py.import("logging")?.call_method1("getLogger", (name,))?;
    Ok(filter_of(logger.call_method0("getEffectiveLevel")?.extract()?))
}

/// The most verbose Rust level that a Python threshold lets through.
fn filter_of(threshold: u32) -> LevelFilter {
    match threshold {
        0..=5 => LevelFilter::Trace,
        6..=10 => LevelFilter::Debug,
        11..=20 => LevelFilter::Info,
        21..=30 => LevelFilter::Warn,
        31..=40 => LevelFilter::Error,
        41.. => LevelFilter::Off,
    }
}

fn python_level(level: Level) -> u32 {
    match level {
        Level::Error => 40,
        Level::Warn => 30,
        Level::Info => 20,
        Level::Debug => 10,
        Level::Trace => 5,
    }
}

fn start() -> Queue {
    let (lines, receiver) = sync_channel(QUEUE);
    // Without the thread the queue fills up and lines are counted as lost: logging never fails.
    let thread = std::thread::Builder::new().name("aioibkr-log".into());
    let thread = thread.spawn(move || serve(&receiver)).ok();
    Queue { lines, thread: Mutex::new(thread) }
}

/// Writes what is queued and ends the delivering thread. Call without the interpreter attached.
pub(crate) fn stop() {
    log::set_max_level(LevelFilter::Off);
    let Some(queue) = LOGGER.own().queue.get() else { return };
    let end = Line { level: Level::Trace, logger: String::new(), text: String::new() };
    let thread = lock(&queue.thread).take();
    if let (Ok(()), Some(thread)) = (queue.lines.send(end), thread) {
        // A panic of the thread was reported by the panic hook.
        let _ = thread.join();
    }
}

fn serve(lines: &Receiver<Line>) {
    while let Ok(line) = lines.recv() {
        let own = LOGGER.own();
        let _writing = own.turn();
        let goes_on = Python::try_attach(|py| {
            let lost = own.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                let text = format!("{lost} log lines were lost: the queue was full");
                write(py, "aioibkr", Level::Warn, &text);
            }
            let may_go_on = |_: &()| own.forks.load(Ordering::Acquire) == 0;
            let more = std::iter::repeat_n((), BATCH).take_while(may_go_on);
            let more = more.map_while(|()| lines.try_recv().ok());
            std::iter::once(line).chain(more).all(|line| {
                write(py, &line.logger, line.level, &line.text);
                !line.is_end()
            })
        });
        if goes_on != Some(true) {
            return;
        }
    }
}

fn write(py: Python<'_>, logger: &str, level: Level, text: &str) {
    if logger.is_empty() {
        return;
    }
    let written = py.import("logging").and_then(|logging| {
        let logger = logging.call_method1("getLogger", (logger,))?;
        logger.call_method1("log", (python_level(level), "%s", text))
    });
    // A handler that raises is the program's own; there is nobody left to tell here.
    drop(written);
}
