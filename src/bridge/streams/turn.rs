//! A reader's turn on its event loop: how long it may go on before the loop's other callbacks run.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::mailbox::lock;

const LONGEST: Duration = Duration::from_millis(2);

/// One reader's turn. It begins with the first look at the clock after the reader waited.
pub(super) struct Turn {
    items_per_look: u32,
    /// Items until the next look. Tasks that share a reader may race here: the look comes late by
    /// an item.
    items: AtomicU32,
    began: Mutex<Option<Instant>>,
}

impl Turn {
    /// A turn that looks at the clock once in so many items, because a look costs as much as an
    /// item.
    pub(super) fn new(items_per_look: u32) -> Self {
        Self { items_per_look, items: AtomicU32::new(0), began: Mutex::default() }
    }

    /// To be asked before each item. Whether the loop is to go on first; the next item begins
    /// another turn.
    pub(super) fn is_over(&self) -> bool {
        let items = self.items.load(Ordering::Relaxed);
        if items > 0 {
            self.items.store(items - 1, Ordering::Relaxed);
            return false;
        }
        self.items.store(self.items_per_look.saturating_sub(1), Ordering::Relaxed);
        let now = Instant::now();
        let mut began = lock(&self.began);
        let is_over = now.duration_since(*began.get_or_insert(now)) >= LONGEST;
        if is_over {
            *began = None;
        }
        is_over
    }

    /// The reader waits, so the loop goes on.
    pub(super) fn end(&self) {
        *lock(&self.began) = None;
        self.items.store(0, Ordering::Relaxed);
    }
}
