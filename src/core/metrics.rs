//! Counters of one client: written where things happen, read as one [`Metrics`] value.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

/// What a client has counted since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Metrics {
    /// Links opened.
    pub connections: u64,
    /// Links opened after the first.
    pub reconnections: u64,
    /// Tries that opened no link.
    pub failures: u64,
    /// Orders whose write was completed.
    pub orders_placed: u64,
    /// Orders the gateway acknowledged.
    pub orders_successful: u64,
    /// Mean time to open a link, in milliseconds.
    pub avg_connect_time_ms: f64,
    /// When the last link was opened.
    pub last_connect_time: Option<OffsetDateTime>,
    /// Requests made of this client.
    pub total_requests: u64,
    /// Requests that ended with an error.
    pub requests_failed: u64,
    /// Mean time to answer a request, in milliseconds.
    pub avg_latency_ms: f64,
    /// Times the circuit breaker opened.
    pub circuit_breaker_trips: u64,
    /// Tries to open a link after the first link was lost.
    pub reconnection_attempts: u64,
    /// Why control links ended.
    pub losses: Losses,
}

/// How often a control link ended for which reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Losses {
    /// It answered no question and was dropped.
    pub probe: u64,
    /// The gateway announced that it drops it (1300).
    pub refused: u64,
    /// The caller closed it.
    pub requested: u64,
    /// The gateway closed it, or sent what cannot be read.
    pub ended: u64,
}

/// Why a link ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    Probe,
    Refused,
    Requested,
    Ended,
}

/// The counters themselves; shared by reference, never blocking.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    connections: AtomicU64,
    failures: AtomicU64,
    connect_micros: AtomicU64,
    reconnection_attempts: AtomicU64,
    trips: AtomicU64,
    /// By [`Loss`], in its order.
    losses: [AtomicU64; 4],
    requests: AtomicU64,
    requests_failed: AtomicU64,
    request_micros: AtomicU64,
    orders_placed: AtomicU64,
    orders_successful: AtomicU64,
    last_connect: Mutex<Option<OffsetDateTime>>,
}

impl Counters {
    pub(crate) fn connected(&self, took: Duration, at: OffsetDateTime) {
        self.connections.fetch_add(1, Relaxed);
        self.connect_micros.fetch_add(micros(took), Relaxed);
        *self.last_connect.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    pub(crate) fn connect_failed(&self) {
        self.failures.fetch_add(1, Relaxed);
    }

    pub(crate) fn lost(&self, loss: Loss) {
        self.losses[loss as usize].fetch_add(1, Relaxed);
    }

    fn losses(&self) -> Losses {
        let count = |loss: Loss| self.losses[loss as usize].load(Relaxed);
        Losses {
            probe: count(Loss::Probe),
            refused: count(Loss::Refused),
            requested: count(Loss::Requested),
            ended: count(Loss::Ended),
        }
    }

    /// How often the breaker has opened so far.
    pub(crate) fn tripped(&self, times: u64) {
        self.trips.fetch_max(times, Relaxed);
    }

    pub(crate) fn reconnecting(&self) {
        self.reconnection_attempts.fetch_add(1, Relaxed);
    }

    pub(crate) fn request(&self, took: Duration, succeeded: bool) {
        self.requests.fetch_add(1, Relaxed);
        self.request_micros.fetch_add(micros(took), Relaxed);
        self.requests_failed.fetch_add(u64::from(!succeeded), Relaxed);
    }

    pub(crate) fn order_placed(&self) {
        self.orders_placed.fetch_add(1, Relaxed);
    }

    pub(crate) fn order_acknowledged(&self) {
        self.orders_successful.fetch_add(1, Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Metrics {
        let connections = self.connections.load(Relaxed);
        let requests = self.requests.load(Relaxed);
        Metrics {
            connections,
            reconnections: connections.saturating_sub(1),
            failures: self.failures.load(Relaxed),
            orders_placed: self.orders_placed.load(Relaxed),
            orders_successful: self.orders_successful.load(Relaxed),
            avg_connect_time_ms: mean_ms(self.connect_micros.load(Relaxed), connections),
            last_connect_time: *self.last_connect.lock().unwrap_or_else(PoisonError::into_inner),
            total_requests: requests,
            requests_failed: self.requests_failed.load(Relaxed),
            avg_latency_ms: mean_ms(self.request_micros.load(Relaxed), requests),
            circuit_breaker_trips: self.trips.load(Relaxed),
            reconnection_attempts: self.reconnection_attempts.load(Relaxed),
            losses: self.losses(),
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Mean in milliseconds; counts stay far below the 2^53 that f64 holds exactly.
#[allow(clippy::cast_precision_loss)]
fn mean_ms(total_micros: u64, count: u64) -> f64 {
    if count == 0 { 0.0 } else { total_micros as f64 / count as f64 / 1000.0 }
}
