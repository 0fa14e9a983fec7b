//! Waiting for the limits on history: a query is admitted, or has its answer already.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::history::{Decision, HistoryQuery, HistorySchedule, QueryNo};
use crate::clock::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::lock::lock;
use crate::model::Bar;

/// The historical queries of this process to one gateway.
pub(super) struct History {
    schedule: Mutex<HistorySchedule<Arc<Vec<Bar>>>>,
    /// A query began or ended.
    changed: Notify,
}

/// What becomes of a query that waited.
pub(crate) enum HistoryTurn {
    /// It may be sent.
    Send(HistoryPass),
    /// An identical one was answered a moment ago.
    Known(Arc<Vec<Bar>>),
}

/// An admitted query. Dropped before its end, it counts as failed; before its begin, as never sent.
///
/// Shared by whoever writes the query and whoever awaits its answer; the last to drop it ends it.
pub(crate) struct HistoryPass(Option<(Arc<History>, QueryNo)>);

impl History {
    pub(super) fn new() -> Self {
        Self { schedule: Mutex::new(HistorySchedule::new()), changed: Notify::new() }
    }

    /// Waits until a query may be sent.
    ///
    /// # Errors
    /// `PacingViolation`, at once when the deadline comes before the moment it may.
    pub(super) async fn turn(
        self: &Arc<Self>,
        query: &HistoryQuery,
        deadline: Deadline,
    ) -> Result<HistoryTurn> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            let decision = lock(&self.schedule).ask(query, Instant::now());
            let look_again = match decision {
                Decision::Send(no) => {
                    return Ok(HistoryTurn::Send(HistoryPass(Some((Arc::clone(self), no)))));
                }
                Decision::Known(bars) => return Ok(HistoryTurn::Known(bars)),
                Decision::NotBefore(at) if at > deadline.at() => {
                    return Err(too_late(at, deadline));
                }
                Decision::NotBefore(at) => told(at),
                Decision::AfterAnother => deadline.at(),
            };
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep_until(look_again) => {}
            }
            if deadline.remaining().is_zero() {
                return Err(too_late(deadline.at(), deadline));
            }
        }
    }

    /// Whether nothing counts any more.
    pub(super) fn is_idle(&self) -> bool {
        lock(&self.schedule).is_idle(Instant::now())
    }

    /// How many queries for small bars are left, and how long one more would wait.
    pub(super) fn usage(&self) -> (usize, Duration) {
        let (now, mut schedule) = (Instant::now(), lock(&self.schedule));
        (schedule.left(now), schedule.expected_wait(now))
    }
}

impl HistoryPass {
    /// A pass of a caller without pacing.
    pub(super) fn free() -> Self {
        Self(None)
    }

    /// The write begins now.
    pub(crate) fn begin(&self) {
        if let Some((history, no)) = &self.0 {
            lock(&history.schedule).begin(*no, Instant::now());
            history.changed.notify_waiters();
        }
    }

    /// The answer is there; identical queries get it for a while.
    pub(crate) fn answered(&self, bars: &Arc<Vec<Bar>>) {
        self.end(Some(Arc::clone(bars)));
    }

    /// Ends the query; a second end changes nothing.
    fn end(&self, bars: Option<Arc<Vec<Bar>>>) {
        if let Some((history, no)) = &self.0 {
            lock(&history.schedule).end(*no, bars);
            history.changed.notify_waiters();
        }
    }
}

impl Drop for HistoryPass {
    fn drop(&mut self) {
        self.end(None);
    }
}

fn told(at: Instant) -> Instant {
    let wait = at.saturating_duration_since(Instant::now());
    log::info!(target: "aioibkr::market_data", "bars: waiting {wait:.1?} for IB's limits on history");
    at
}

fn too_late(at: Instant, deadline: Deadline) -> Error {
    let wait = at.saturating_duration_since(Instant::now()).as_secs_f64();
    let allowed = deadline.within().as_secs_f64();
    let text = format!(
        "bars: nothing was sent: IB's limits on history allow it in {wait:.1} s, which is later than \
         its timeout of {allowed} s"
    );
    let error = Error::new(ErrorKind::PacingViolation, text).with_detail("request", "bars");
    error.with_detail("timeout", allowed).with_detail("expected_wait", format!("{wait:.3}"))
}
