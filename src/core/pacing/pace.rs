//! A caller's handle of its gateway's bucket. A caller without pacing waits for nothing and counts
//! for nothing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::bucket::Bucket;
use super::history::HistoryQuery;
use super::history_turn::{HistoryPass, HistoryTurn};
use super::schedule::{Caller, Urgency};
use crate::clock::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Pacing, PacingUsage};

/// Who sends, and under which limit. Clones are the same caller.
#[derive(Clone, Default)]
pub(crate) struct Pace(Option<(Arc<Bucket>, Caller)>);

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pace").field(&self.0.as_ref().map(|(_, caller)| caller)).finish()
    }
}

impl Pace {
    /// A new caller of the gateway at `address`; without pacing one that never waits.
    pub(crate) fn new(address: &str, pacing: Option<Pacing>) -> Self {
        Self(pacing.map(|pacing| {
            let bucket = Bucket::of(address, pacing.messages_per_second);
            let caller = bucket.caller();
            (bucket, caller)
        }))
    }

    /// Whether a message may be written at once, which has to follow.
    pub(crate) fn send_now(&self, urgency: Urgency) -> bool {
        self.0.as_ref().is_none_or(|(bucket, _)| bucket.send_now(urgency))
    }

    /// Counts a message that is written whatever the limit says.
    pub(crate) fn spend(&self) {
        if let Some((bucket, _)) = &self.0 {
            bucket.spend();
        }
    }

    /// Resolves when a message may be written, which has to follow at once.
    pub(crate) async fn turn(&self, urgency: Urgency) {
        if let Some((bucket, caller)) = &self.0 {
            bucket.turn(urgency, *caller).await;
        }
    }

    /// As [`turn`](Self::turn), for a request that has a deadline.
    ///
    /// # Errors
    /// `PacingViolation` when the deadline comes first; nothing was sent then.
    pub(crate) async fn turn_by(
        &self,
        request: &str,
        urgency: Urgency,
        deadline: Deadline,
    ) -> Result<()> {
        if self.send_now(urgency) {
            return Ok(());
        }
        let expected = self.expected_wait(urgency);
        log::debug!(target: "aioibkr::session", "{request} waits some {expected:.1?} for its turn");
        let turn = tokio::time::timeout_at(deadline.at(), self.turn(urgency)).await;
        turn.map_err(|_| no_turn(request, deadline, expected))
    }

    /// Waits until a historical query may be sent, or has its answer without.
    ///
    /// # Errors
    /// `PacingViolation` when it may not before the deadline; nothing was sent then.
    pub(crate) async fn history_turn(
        &self,
        query: &HistoryQuery,
        deadline: Deadline,
    ) -> Result<HistoryTurn> {
        match &self.0 {
            Some((bucket, _)) => bucket.history().turn(query, deadline).await,
            None => Ok(HistoryTurn::Send(HistoryPass::free())),
        }
    }

    /// How long a message would wait, were it asked for now.
    pub(crate) fn expected_wait(&self, urgency: Urgency) -> Duration {
        let wait = self.0.as_ref().map(|(bucket, _)| bucket.expected_wait(urgency));
        wait.unwrap_or_default()
    }

    /// How the bucket stands; `None` without pacing.
    pub(crate) fn usage(&self) -> Option<PacingUsage> {
        self.0.as_ref().map(|(bucket, _)| bucket.usage())
    }
}

fn no_turn(request: &str, deadline: Deadline, expected: Duration) -> Error {
    let (allowed, expected) = (deadline.within().as_secs_f64(), expected.as_secs_f64());
    let text = format!(
        "{request}: nothing was sent: its turn was expected after {expected:.1} s and did not come \
         within {allowed} s"
    );
    let error = Error::new(ErrorKind::PacingViolation, text).with_detail("request", request);
    error.with_detail("timeout", allowed).with_detail("expected_wait", format!("{expected:.3}"))
}
