//! Counters of one kind of link, over all its links: written by its session's supervisor.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::codes::{CodeCounters, CodeCounts};
use super::timing::{Histogram, Timings, micros};

use crate::lock::lock;

/// What was counted of one kind of link.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LinkMetrics {
    /// Links opened.
    pub connections: u64,
    /// Links opened after the first.
    pub reconnections: u64,
    /// Tries that opened no link.
    pub failures: u64,
    /// Tries to open a link after the first link was lost.
    pub reconnection_attempts: u64,
    /// Times the circuit breaker opened.
    pub circuit_breaker_trips: u64,
    /// Why links ended.
    pub losses: Losses,
    /// Links opened after one that ended for this reason.
    pub reconnects: Losses,
    /// Age of the present link; zero without one.
    pub uptime: Duration,
    /// Time spent live, over all links.
    pub live_time: Duration,
    /// Questions asked of a silent link.
    pub probes: u64,
    /// From such a question to the next thing that arrived.
    pub round_trips: Histogram,
    /// The gateway's notices by code.
    pub notices: CodeCounts,
    pub(super) connect_micros: u64,
    pub(super) last_connect: Option<OffsetDateTime>,
}

/// How often a link ended for which reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Losses {
    /// It answered no question and was dropped.
    pub probe: u64,
    /// The kernel gave it up: what was written was not acknowledged in time.
    pub deadline: u64,
    /// The gateway announced that it drops it (1300).
    pub refused: u64,
    /// The caller closed it.
    pub requested: u64,
    /// The gateway closed it, or sent what cannot be read.
    pub ended: u64,
}

impl Losses {
    /// Each reason by its name.
    #[must_use]
    pub fn by_reason(&self) -> [(&'static str, u64); 5] {
        [
            ("probe", self.probe),
            ("deadline", self.deadline),
            ("refused", self.refused),
            ("requested", self.requested),
            ("ended", self.ended),
        ]
    }
}

/// Why a link ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    Probe,
    Deadline,
    Refused,
    Requested,
    Ended,
}

/// Whether there is a link, and of what use it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Standing {
    #[default]
    Down,
    /// There is one that takes no orders.
    Up,
    Live,
}

/// The counters themselves; shared by reference. The locks are held for a few instructions when a
/// link comes, goes or turns.
#[derive(Debug, Default)]
pub(crate) struct LinkCounters {
    connections: AtomicU64,
    failures: AtomicU64,
    connect_micros: AtomicU64,
    reconnection_attempts: AtomicU64,
    trips: AtomicU64,
    losses: LossCounters,
    reconnects: LossCounters,
    /// One more than the place of the loss that no link has followed yet; 0 for none.
    last_loss: AtomicUsize,
    probes: AtomicU64,
    round_trips: Timings,
    notices: CodeCounters,
    last_connect: Mutex<Option<OffsetDateTime>>,
    times: Mutex<Times>,
}

/// By [`Loss`], in its order.
#[derive(Debug, Default)]
struct LossCounters([AtomicU64; 5]);

impl LossCounters {
    fn snapshot(&self) -> Losses {
        let count = |loss: Loss| self.0[loss as usize].load(Relaxed);
        Losses {
            probe: count(Loss::Probe),
            deadline: count(Loss::Deadline),
            refused: count(Loss::Refused),
            requested: count(Loss::Requested),
            ended: count(Loss::Ended),
        }
    }
}

impl LinkCounters {
    pub(crate) fn connected(&self, took: Duration, at: OffsetDateTime) {
        self.connections.fetch_add(1, Relaxed);
        self.connect_micros.fetch_add(micros(took), Relaxed);
        *lock(&self.last_connect) = Some(at);
        if let Some(loss) = self.last_loss.swap(0, Relaxed).checked_sub(1) {
            self.reconnects.0[loss].fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn connect_failed(&self) {
        self.failures.fetch_add(1, Relaxed);
    }

    pub(crate) fn reconnecting(&self) {
        self.reconnection_attempts.fetch_add(1, Relaxed);
    }

    pub(crate) fn lost(&self, loss: Loss) {
        self.losses.0[loss as usize].fetch_add(1, Relaxed);
        self.last_loss.store(loss as usize + 1, Relaxed);
    }

    /// How often the breaker has opened so far.
    pub(crate) fn tripped(&self, times: u64) {
        self.trips.fetch_max(times, Relaxed);
    }

    pub(crate) fn turned(&self, standing: Standing, now: Instant) {
        lock(&self.times).turn(standing, now);
    }

    pub(crate) fn probed(&self) {
        self.probes.fetch_add(1, Relaxed);
    }

    pub(crate) fn answered(&self, took: Duration) {
        self.round_trips.took(took);
    }

    pub(crate) fn noticed(&self, code: i32) {
        self.notices.came(code);
    }

    /// Age of the present link.
    pub(crate) fn uptime(&self, now: Instant) -> Option<Duration> {
        let times = *lock(&self.times);
        times.up_since.map(|_| times.uptime(now))
    }

    pub(crate) fn snapshot(&self, now: Instant) -> LinkMetrics {
        let connections = self.connections.load(Relaxed);
        let times = *lock(&self.times);
        LinkMetrics {
            connections,
            reconnections: connections.saturating_sub(1),
            failures: self.failures.load(Relaxed),
            reconnection_attempts: self.reconnection_attempts.load(Relaxed),
            circuit_breaker_trips: self.trips.load(Relaxed),
            losses: self.losses.snapshot(),
            reconnects: self.reconnects.snapshot(),
            uptime: times.uptime(now),
            live_time: times.live_time(now),
            probes: self.probes.load(Relaxed),
            round_trips: self.round_trips.snapshot(),
            notices: self.notices.snapshot(),
            connect_micros: self.connect_micros.load(Relaxed),
            last_connect: *lock(&self.last_connect),
        }
    }
}

/// How long links were there and of use: pure, of (standing, now).
#[derive(Debug, Clone, Copy, Default)]
struct Times {
    up_since: Option<Instant>,
    live_since: Option<Instant>,
    /// Live time that is over.
    lived: Duration,
}

impl Times {
    fn turn(&mut self, standing: Standing, now: Instant) {
        self.up_since = match standing {
            Standing::Down => None,
            Standing::Up | Standing::Live => self.up_since.or(Some(now)),
        };
        if standing != Standing::Live {
            self.lived = self.live_time(now);
            self.live_since = None;
        } else if self.live_since.is_none() {
            self.live_since = Some(now);
        }
    }

    fn uptime(&self, now: Instant) -> Duration {
        self.up_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    fn live_time(&self, now: Instant) -> Duration {
        let live = self.live_since.map(|since| now.saturating_duration_since(since));
        self.lived + live.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn uptime_is_the_present_links_and_live_time_is_all_links() {
        let born = Instant::now();
        let story = [
            (0, Standing::Live, 0, 0),
            (3, Standing::Up, 3, 3),
            (5, Standing::Live, 5, 3),
            (6, Standing::Live, 6, 4),
            (7, Standing::Down, 0, 5),
            (9, Standing::Live, 0, 5),
            (10, Standing::Live, 1, 6),
        ];
        let mut times = Times::default();

        for (second, standing, up, live) in story {
            let now = born + second * SECOND;
            times.turn(standing, now);

            assert_eq!(times.uptime(now), up * SECOND, "second {second}");
            assert_eq!(times.live_time(now), live * SECOND, "second {second}");
        }
    }

    #[test]
    fn a_link_counts_for_the_reason_its_forerunner_ended() {
        let (counters, at) = (LinkCounters::default(), OffsetDateTime::UNIX_EPOCH);
        counters.connected(SECOND, at);
        for loss in [Loss::Probe, Loss::Deadline, Loss::Probe, Loss::Requested] {
            counters.lost(loss);
            if loss != Loss::Requested {
                counters.connected(SECOND, at);
            }
        }

        let counted = counters.snapshot(Instant::now());

        assert_eq!(
            counted.losses,
            Losses { probe: 2, deadline: 1, requested: 1, ..Losses::default() }
        );
        assert_eq!(counted.reconnects, Losses { probe: 2, deadline: 1, ..Losses::default() });
        assert_eq!((counted.connections, counted.reconnections), (4, 3));
    }
}
