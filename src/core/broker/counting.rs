//! What a client counts: each request however it ends, and what waits at this moment.

use tokio::time::Instant;

use super::{Client, Inner};
use crate::error::{Error, Result};
use crate::metrics::{Metrics, Outcome, QueueDepths, RequestKind};

/// A request on its way. One that is dropped before it landed was given up by its caller.
struct Flight<'a> {
    client: &'a Inner,
    kind: RequestKind,
    began: Instant,
    outcome: Outcome,
}

impl Client {
    /// What this client has counted. Never waits, in no state.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let mut metrics = self.0.counters.snapshot(Instant::now());
        if !self.0.config.feed {
            metrics.feed = None;
        }
        metrics.streams = self.0.feed.tally().streams();
        metrics.queues = QueueDepths {
            commands: self.0.orders.waiting(),
            pacing: self.0.pace.usage().map_or(0, |usage| usage.waiting),
            feed_requests: self.0.feed.waiting(),
            streams: metrics.streams.iter().map(|kind| kind.waiting).sum(),
        };
        metrics
    }

    /// Runs one request and counts it.
    pub(super) async fn counted<T>(
        &self,
        kind: RequestKind,
        request: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let mut flight = Flight::of(&self.0, kind);
        let result = request.await;
        flight.land(result.as_ref().err());
        result
    }
}

impl<'a> Flight<'a> {
    fn of(client: &'a Inner, kind: RequestKind) -> Self {
        Self { client, kind, began: Instant::now(), outcome: Outcome::Cancelled }
    }

    fn land(&mut self, error: Option<&Error>) {
        self.outcome = if error.is_some() { Outcome::Failed } else { Outcome::Answered };
        if let Some(code) = error.and_then(Error::code) {
            self.client.counters.errors.came(code);
        }
        if let Some(error) = error {
            self.client.events.failed(error);
        }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.client.counters.requests.ended(self.kind, self.outcome, self.began.elapsed());
    }
}
