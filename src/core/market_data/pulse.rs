//! What the link's thread notes of one request, for others to look at: that items come, and of which
//! kind. The thread is the only writer, so a beat costs plain stores.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

/// The pulse of one request.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    items: AtomicU64,
    /// When the first and the last came, in nanoseconds since 1970 UTC.
    first: AtomicI64,
    last: AtomicI64,
    is_delayed: AtomicBool,
}

impl Pulse {
    /// Notes an item. To be called by the link's thread alone.
    #[inline]
    pub(super) fn beat(&self, time: i64) {
        let items = self.items.load(Ordering::Relaxed);
        if items == 0 {
            self.first.store(time, Ordering::Relaxed);
        }
        self.last.store(time, Ordering::Relaxed);
        self.items.store(items + 1, Ordering::Release);
    }

    /// Notes which data follow.
    pub(super) fn delayed(&self, is_delayed: bool) {
        self.is_delayed.store(is_delayed, Ordering::Relaxed);
    }

    /// How many items have come, of the ticks of one read one.
    pub(super) fn items(&self) -> u64 {
        self.items.load(Ordering::Acquire)
    }

    /// When the first came; `None` before.
    pub(super) fn first(&self) -> Option<i64> {
        (self.items() > 0).then(|| self.first.load(Ordering::Relaxed))
    }

    /// When the last came; `None` before the first.
    pub(super) fn last(&self) -> Option<i64> {
        (self.items() > 0).then(|| self.last.load(Ordering::Relaxed))
    }

    /// Whether the gateway said that delayed data follow.
    pub(super) fn is_delayed(&self) -> bool {
        self.is_delayed.load(Ordering::Relaxed)
    }
}
