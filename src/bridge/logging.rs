//! Rust logs as Python logging, under `aioibkr.*`.
//!
//! Records queue in Rust (bounded; what does not fit is counted and told) and a thread of its own
//! hands them to `logging`, so no Rust thread ever waits for the interpreter to write a log line.
//! The levels are read from the Python loggers `aioibkr` and `aioibkr.access` when a client is made
//! and on [`refresh_levels`]. Nothing is written once the interpreter is going down.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, OnceLock};
use std::thread::JoinHandle;

use log::{Level, LevelFilter, Log, Metadata, Record};
use pyo3::prelude::*;

use crate::mailbox::lock;

const QUEUE: usize = 4096;

/// Requests are logged under this name, with a level of their own.
const ACCESS: &str = "aioibkr::access";

static LOGGER: PythonLogger = PythonLogger {
    access: AtomicUsize::new(0),
    others: AtomicUsize::new(0),
    queue: OnceLock::new(),
    lost: AtomicU64::new(0),
};

struct PythonLogger {
    /// Most verbose level of the access log, as a number; 0 for none.
    access: AtomicUsize,
    /// The same of everything else.
    others: AtomicUsize,
    queue: OnceLock<Queue>,
    lost: AtomicU64,
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

impl PythonLogger {
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
        if self.queue.get().is_none_or(|queue| queue.lines.try_send(line).is_err()) {
            self.lost.fetch_add(1, Ordering::Relaxed);
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
    LOGGER.queue.get_or_init(start);
    Ok(())
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
    let Some(queue) = LOGGER.queue.get() else { return };
    let end = Line { level: Level::Trace, logger: String::new(), text: String::new() };
    let thread = lock(&queue.thread).take();
    if let (Ok(()), Some(thread)) = (queue.lines.send(end), thread) {
        // A panic of the thread was reported by the panic hook.
        let _ = thread.join();
    }
}

fn serve(lines: &Receiver<Line>) {
    while let Ok(line) = lines.recv() {
        let goes_on = Python::try_attach(|py| {
            let lost = LOGGER.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                let text = format!("{lost} log lines were lost: the queue was full");
                write(py, "aioibkr", Level::Warn, &text);
            }
            std::iter::once(line).chain(lines.try_iter().take(64)).all(|line| {
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
