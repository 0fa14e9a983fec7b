//! The gateway's clock. Whoever asks while a fresh question is out shares its answer: callers and
//! the session's probes ask the same thing, and the answers name no request.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, Shared, WeakShared};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::link::Link;
use crate::clock::Deadline;
use crate::error::Result;

const REQUEST: &str = "server_time";

/// A question older than this is asked anew: the gateway may have lost it.
const FRESH: Duration = Duration::from_secs(2);

type Answer = BoxFuture<'static, Result<OffsetDateTime>>;

/// The question that was last asked on a link.
#[derive(Default)]
pub(super) struct ClockQuestion(Mutex<Option<Asked>>);

struct Asked {
    at: Instant,
    /// Gone when nobody waits for the answer any more.
    answer: WeakShared<Answer>,
}

impl Asked {
    /// The answer, while it is out and fresh.
    fn awaited(&self) -> Option<Shared<Answer>> {
        let fresh = self.at.elapsed() < FRESH;
        let answer = self.answer.upgrade().filter(|answer| answer.peek().is_none());
        answer.filter(|_| fresh)
    }
}

impl ClockQuestion {
    fn last(&self) -> MutexGuard<'_, Option<Asked>> {
        // Holders leave whole values; nothing is awaited while the lock is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a question is out whose answer may be shared.
    fn is_out(&self) -> bool {
        self.last().as_ref().and_then(Asked::awaited).is_some()
    }

    /// The answer that is being waited for, or the one that `ask` will bring.
    fn join(&self, ask: impl FnOnce() -> Answer) -> Shared<Answer> {
        let mut last = self.last();
        if let Some(answer) = last.as_ref().and_then(Asked::awaited) {
            return answer;
        }
        let answer = ask().shared();
        *last = answer.downgrade().map(|answer| Asked { at: Instant::now(), answer });
        answer
    }
}

impl Link {
    /// Whether nobody asked for the time within `spacing`.
    pub(crate) fn may_ask_time(&self, spacing: Duration) -> bool {
        let last = self.clock_question().last();
        last.as_ref().is_none_or(|asked| asked.at.elapsed() >= spacing)
    }

    /// The gateway's clock.
    pub(crate) async fn server_time(&self, deadline: Deadline) -> Result<OffsetDateTime> {
        if !self.clock_question().is_out() {
            self.turn_by(REQUEST, deadline).await?;
        }
        self.ask_time(deadline).await
    }

    /// As [`server_time`](Self::server_time), in a turn the caller has taken.
    pub(crate) async fn ask_time(&self, deadline: Deadline) -> Result<OffsetDateTime> {
        let link = self.clone();
        let answer = self.clock_question().join(|| link.await_time().boxed());
        deadline.bound(REQUEST, answer).await
    }

    /// Whoever waits has a deadline of his own.
    async fn await_time(self) -> Result<OffsetDateTime> {
        let deadline = Deadline::after(Duration::MAX);
        self.ask_shared(REQUEST, deadline, || self.client().server_time()).await
    }
}
