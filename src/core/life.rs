//! When a link last gave a sign of life: stamped wherever something arrives, read by whoever judges
//! the link. Stamping takes no lock, so it may be done for every read of a socket.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// The signs of life of one link. It is born alive.
#[derive(Debug)]
pub(crate) struct Life {
    born: Instant,
    /// Nanoseconds from birth to the last sign.
    last: AtomicU64,
    /// Nanoseconds from birth to the question whose answer is awaited; 0 for none.
    asked: AtomicU64,
    /// Nanoseconds the last answer took; 0 when there is none, or it was taken.
    round_trip: AtomicU64,
    /// Nobody reads: silence is our own.
    is_held: AtomicBool,
    /// Somebody waits for the next sign.
    is_awaited: AtomicBool,
    notifier: Notify,
}

impl Life {
    /// A life that begins now.
    pub(crate) fn new() -> Self {
        Self {
            born: Instant::now(),
            last: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            round_trip: AtomicU64::new(0),
            is_held: AtomicBool::new(false),
            is_awaited: AtomicBool::new(false),
            notifier: Notify::new(),
        }
    }

    /// Something arrived.
    pub(crate) fn note(&self) {
        let since = self.age();
        self.last.fetch_max(since, Ordering::AcqRel);
        if self.asked.load(Ordering::Relaxed) != 0 {
            self.answered(since);
        }
        if self.is_awaited.load(Ordering::Acquire) {
            self.notifier.notify_one();
        }
    }

    /// A question is about to be sent: the next sign is its answer.
    pub(crate) fn ask(&self) {
        self.asked.store(self.age().max(1), Ordering::Relaxed);
    }

    fn answered(&self, since: u64) {
        let asked = self.asked.swap(0, Ordering::Relaxed);
        if asked != 0 {
            self.round_trip.store(since.saturating_sub(asked).max(1), Ordering::Relaxed);
        }
    }

    /// Takes how long the last answer took.
    pub(crate) fn take_round_trip(&self) -> Option<Duration> {
        let nanos = self.round_trip.swap(0, Ordering::Relaxed);
        (nanos != 0).then(|| Duration::from_nanos(nanos))
    }

    /// Nanoseconds since birth.
    fn age(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// While held, nothing is read, so that silence says nothing of the peer.
    pub(crate) fn hold(&self, is_held: bool) {
        if self.is_held.swap(is_held, Ordering::AcqRel) {
            self.note();
        }
    }

    /// When something last arrived.
    pub(crate) fn last(&self) -> Instant {
        if self.is_held.load(Ordering::Acquire) {
            return Instant::now();
        }
        self.born + Duration::from_nanos(self.last.load(Ordering::Acquire))
    }

    /// Resolves with the next sign of life after `seen`, one that came meanwhile included.
    pub(crate) async fn after(&self, seen: Instant) {
        self.is_awaited.store(true, Ordering::Release);
        while self.last() <= seen {
            self.notifier.notified().await;
        }
        self.is_awaited.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arrives_is_the_last_sign() {
        let life = Life::new();
        let before = life.last();

        std::thread::sleep(Duration::from_millis(1));
        life.note();

        assert!(life.last() > before);
    }

    #[test]
    fn the_sign_after_a_question_is_its_answer_and_is_taken_once() {
        let life = Life::new();
        life.note();
        assert_eq!(life.take_round_trip(), None, "nothing was asked");

        life.ask();
        std::thread::sleep(Duration::from_millis(2));
        life.note();
        life.note();

        let took = life.take_round_trip();
        assert!(took.is_some_and(|took| took >= Duration::from_millis(2)), "{took:?}");
        assert_eq!(life.take_round_trip(), None);
    }

    #[test]
    fn nobody_is_silent_while_nobody_reads() {
        let life = Life::new();
        life.hold(true);
        let (first, then) = (life.last(), Instant::now());

        life.hold(false);

        assert!(first <= then && life.last() >= then);
    }

    #[tokio::test]
    async fn whoever_waits_is_told_of_the_next_sign() {
        let life = Life::new();
        let seen = life.last();

        let (told, ()) =
            tokio::join!(tokio::time::timeout(Duration::from_secs(5), life.after(seen)), async {
                tokio::task::yield_now().await;
                life.note();
            });

        assert!(told.is_ok());
    }
}
