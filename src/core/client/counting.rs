//! What a client counts: each request however it ends, and what waits at this moment.

use tokio::time::Instant;

use super::Client;
use super::access_log::{Asked, End};
use crate::error::Result;
use crate::metrics::{Metrics, Outcome, QueueDepths};

/// A request on its way. One that is dropped before it landed was given up by its caller.
struct InFlight<'a> {
    client: &'a Client,
    asked: Asked,
    began: Instant,
    end: End,
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

    /// Runs one request, counts it and writes its line of the access log.
    pub(super) async fn counted<T>(
        &self,
        asked: impl Into<Asked>,
        request: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let mut in_flight = InFlight::of(self, asked.into());
        let result = request.await;
        in_flight.end = result.as_ref().err().map_or(End::Answered, End::from);
        result.inspect_err(|error| self.0.events.failed(error))
    }
}

impl<'a> InFlight<'a> {
    fn of(client: &'a Client, asked: Asked) -> Self {
        Self { client, asked, began: Instant::now(), end: End::Cancelled }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let (took, counters) = (self.began.elapsed(), &self.client.0.counters);
        let outcome = match self.end {
            End::Answered => Outcome::Answered,
            End::Failed(_, code) => {
                code.into_iter().for_each(|code| counters.errors.came(code));
                Outcome::Failed
            }
            End::Cancelled => Outcome::Cancelled,
        };
        counters.requests.ended(self.asked.kind, outcome, took);
        self.asked.log(self.end, took, || self.client.generation());
    }
}
