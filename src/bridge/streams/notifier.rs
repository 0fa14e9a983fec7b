//! Who waits for a stream, and when they are woken: at the first news, or a moment later so that
//! more can come along.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::awaitable::Waiter;
use crate::mailbox::lock;
use crate::runtime;

/// Wakes the readers of one stream.
#[derive(Default)]
pub(crate) struct Notifier {
    waiters: Mutex<Vec<Arc<Waiter>>>,
    /// How long news may wait for more, in microseconds.
    linger: AtomicU64,
    is_lingering: AtomicBool,
}

impl Notifier {
    /// Lets news wait this long for more, from now on.
    pub(super) fn linger(&self, linger: Duration) {
        let micros = u64::try_from(linger.as_micros()).unwrap_or(u64::MAX);
        self.linger.store(micros, Ordering::Relaxed);
    }

    /// Remembers a reader.
    pub(super) fn add(&self, waiter: Arc<Waiter>) {
        lock(&self.waiters).push(waiter);
    }

    /// Forgets readers that gave up.
    pub(super) fn forget(&self, waiter: &Arc<Waiter>) {
        lock(&self.waiters).retain(|known| !Arc::ptr_eq(known, waiter));
    }

    /// There is news. Any thread; costs little while nobody waits.
    pub(super) fn notify(self: &Arc<Self>) {
        let linger = self.linger.load(Ordering::Relaxed);
        if linger == 0 {
            self.wake();
        } else if !self.is_lingering.swap(true, Ordering::AcqRel) {
            self.wake_after(Duration::from_micros(linger));
        }
    }

    fn wake_after(self: &Arc<Self>, linger: Duration) {
        let notifier = Arc::clone(self);
        let later = async move {
            tokio::time::sleep(linger).await;
            notifier.is_lingering.store(false, Ordering::Release);
            notifier.wake();
        };
        match runtime::handle() {
            Ok(handle) => drop(handle.spawn(later)),
            Err(_) => self.wake(),
        }
    }

    fn wake(&self) {
        let waiters = std::mem::take(&mut *lock(&self.waiters));
        for waiter in waiters {
            waiter.wake();
        }
    }
}
