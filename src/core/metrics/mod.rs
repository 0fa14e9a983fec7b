//! Counters of one client: written where things happen, read as one [`Metrics`] value. Writing
//! waits for nobody; what is only known where it lies (queues, streams) the client adds.
//!
//! | file | counts |
//! |---|---|
//! | `link` | links of one kind: opened, lost and why, probes, notices |
//! | `request` | requests by kind, with their latency |
//! | `codes` | IB's codes, a bounded number of them |
//! | `timing` | durations, as histograms |
//! | `waiting` | gauges of queues and streams |

mod codes;
mod link;
mod request;
mod timing;
mod waiting;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

pub use codes::CodeCounts;
pub use link::{LinkMetrics, Losses};
pub use request::{RequestKind, RequestMetrics};
pub use timing::Histogram;
pub use waiting::{QueueDepths, StreamKind, StreamMetrics};

pub(crate) use codes::CodeCounters;
pub(crate) use link::{LinkCounters, Loss, Standing};
pub(crate) use request::{Outcome, RequestCounters};

/// What a client has counted since it was made.
#[derive(Debug, Clone, PartialEq, Default)]
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
    /// Requests made of this client that were answered or failed.
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
    /// The control link, whose numbers those above are.
    pub control: LinkMetrics,
    /// The feed link; `None` for a client without one.
    pub feed: Option<LinkMetrics>,
    /// Requests, by the kinds that were asked for.
    pub requests: Vec<RequestMetrics>,
    /// Codes with which requests failed, or that came for the line of a stream.
    pub errors: CodeCounts,
    /// What waits.
    pub queues: QueueDepths,
    /// Streams, by kind.
    pub streams: Vec<StreamMetrics>,
}

/// The counters themselves; shared by reference, never blocking.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) control: Arc<LinkCounters>,
    pub(crate) feed: Arc<LinkCounters>,
    pub(crate) requests: RequestCounters,
    pub(crate) errors: Arc<CodeCounters>,
    orders_placed: AtomicU64,
    orders_successful: AtomicU64,
}

impl Counters {
    pub(crate) fn order_placed(&self) {
        self.orders_placed.fetch_add(1, Relaxed);
    }

    pub(crate) fn order_acknowledged(&self) {
        self.orders_successful.fetch_add(1, Relaxed);
    }

    /// Everything that is counted here; queues and streams are empty.
    pub(crate) fn snapshot(&self, now: Instant) -> Metrics {
        let control = self.control.snapshot(now);
        let requests = self.requests.snapshot();
        let total_requests = requests.iter().map(|kind| kind.latency.count()).sum();
        let latency: Duration = requests.iter().map(|kind| kind.latency.sum()).sum();
        Metrics {
            connections: control.connections,
            reconnections: control.reconnections,
            failures: control.failures,
            orders_placed: self.orders_placed.load(Relaxed),
            orders_successful: self.orders_successful.load(Relaxed),
            avg_connect_time_ms: mean_ms(
                Duration::from_micros(control.connect_micros),
                control.connections,
            ),
            last_connect_time: control.last_connect,
            total_requests,
            requests_failed: requests.iter().map(|kind| kind.failed).sum(),
            avg_latency_ms: mean_ms(latency, total_requests),
            circuit_breaker_trips: control.circuit_breaker_trips,
            reconnection_attempts: control.reconnection_attempts,
            losses: control.losses,
            control,
            feed: Some(self.feed.snapshot(now)),
            requests,
            errors: self.errors.snapshot(),
            queues: QueueDepths::default(),
            streams: Vec::new(),
        }
    }
}

/// Mean in milliseconds; counts stay far below the 2^53 that f64 holds exactly.
#[allow(clippy::cast_precision_loss)]
fn mean_ms(total: Duration, count: u64) -> f64 {
    if count == 0 { 0.0 } else { total.as_secs_f64() * 1000.0 / count as f64 }
}
