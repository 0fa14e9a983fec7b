//! A thread that whoever started it ends and waits for. A forked child has the handle and not the
//! thread: there is nothing to end there, and waiting would never be over.

use std::thread::{Builder, JoinHandle};

/// A running thread of the process that started it.
pub(crate) struct OwnThread {
    name: &'static str,
    handle: JoinHandle<()>,
    process: u32,
}

impl OwnThread {
    /// Starts it.
    pub(crate) fn start(
        name: &'static str,
        body: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<Self> {
        let handle = Builder::new().name(name.to_owned()).spawn(body)?;
        Ok(Self { name, handle, process: std::process::id() })
    }

    /// Whether it runs in this process.
    pub(crate) fn is_here(&self) -> bool {
        self.process == std::process::id()
    }

    /// Waits for its end, which it was told of.
    pub(crate) fn join(self) {
        if !self.is_here() {
            return std::mem::forget(self);
        }
        if self.handle.join().is_err() {
            log::error!("the thread {} panicked", self.name);
        }
    }
}
