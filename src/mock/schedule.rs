//! What is to happen later: delayed messages and the ends of snapshots. One task waits for the next
//! due entry; whoever plans an earlier one wakes it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Later than this is never, and still a time a clock can show.
pub(crate) const FAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// Entries by due time; equal times keep the order they were planned in.
pub(crate) struct Schedule<T> {
    entries: Mutex<Entries<T>>,
    changed: Notify,
}

struct Entries<T> {
    planned: u64,
    by_time: BTreeMap<(Instant, u64), T>,
}

impl<T> Default for Schedule<T> {
    fn default() -> Self {
        let entries = Entries { planned: 0, by_time: BTreeMap::new() };
        Self { entries: Mutex::new(entries), changed: Notify::new() }
    }
}

impl<T> Schedule<T> {
    pub(crate) fn plan(&self, after: Duration, entry: T) {
        let mut entries = self.lock();
        entries.planned += 1;
        let key = (Instant::now() + after.min(FAR), entries.planned);
        entries.by_time.insert(key, entry);
        drop(entries);
        self.changed.notify_one();
    }

    pub(crate) fn clear(&self) {
        self.lock().by_time.clear();
    }

    /// Waits for the next due entry.
    pub(crate) async fn next(&self) -> T {
        loop {
            let due = {
                let mut entries = self.lock();
                match entries.by_time.first_entry() {
                    Some(first) if first.key().0 <= Instant::now() => return first.remove(),
                    Some(first) => Some(first.key().0),
                    None => None,
                }
            };
            self.wait_until(due).await;
        }
    }

    async fn wait_until(&self, due: Option<Instant>) {
        let Some(due) = due else { return self.changed.notified().await };
        tokio::select! {
            () = tokio::time::sleep_until(due) => {}
            () = self.changed.notified() => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries<T>> {
        // A map of values, valid after any step.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn test_entries_come_in_the_order_of_their_time() {
        let schedule = Schedule::default();
        schedule.plan(Duration::from_millis(20), "second");
        schedule.plan(Duration::from_millis(10), "first");
        schedule.plan(Duration::from_millis(20), "third");

        let order = [schedule.next().await, schedule.next().await, schedule.next().await];

        assert_eq!(order, ["first", "second", "third"]);
    }
}
