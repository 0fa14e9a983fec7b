//! The gateway's clock. Whoever asks while a fresh question is out shares its answer: callers and
//! the session's probes ask the same thing, and the answers name no request. Two questions are
//! `spacing` apart: whoever asks sooner is told the last answer and the time that went by since.
//!
//! | last question | a caller |
//! |---|---|
//! | out, and fresh | shares its answer |
//! | answered, less than `spacing` ago | is told that answer, and the time since |
//! | failed or forgotten, less than `spacing` ago | waits until `spacing` is over |
//! | none, or older | asks |

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, Shared, WeakShared};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::codes;
use super::link::Link;
use crate::clock::Deadline;
use crate::error::Result;
use crate::lock::lock;

const REQUEST: &str = "server_time";

/// A question older than this is asked anew: the gateway may have lost it.
const FRESH: Duration = Duration::from_secs(2);

type Answer = BoxFuture<'static, Result<OffsetDateTime>>;

/// The question that was last asked on a link.
pub(super) struct ClockQuestion {
    /// Least time between two questions.
    spacing: Duration,
    last: Mutex<Option<Asked>>,
}

struct Asked {
    at: Instant,
    /// Gone when nobody waits for the answer any more.
    answer: WeakShared<Answer>,
    told: Option<Told>,
}

/// What the gateway said, and when.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Told {
    time: OffsetDateTime,
    at: Instant,
}

/// What whoever wants to know the time does next.
enum Step {
    Told(OffsetDateTime),
    Share(Shared<Answer>),
    Wait(Instant),
    Ask,
}

/// What the last question allows.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Choice {
    Share,
    Tell(OffsetDateTime),
    Wait(Instant),
    Ask,
}

/// Chooses by the last question: when it was asked, whether it is out, and what was told.
fn choose(
    (asked, is_out, told): (Instant, bool, Option<Told>),
    spacing: Duration,
    now: Instant,
) -> Choice {
    let age = now.saturating_duration_since(asked);
    match told {
        None if is_out && age < FRESH.max(spacing) => Choice::Share,
        _ if age >= spacing => Choice::Ask,
        Some(told) => Choice::Tell(told.time + now.saturating_duration_since(told.at)),
        None => Choice::Wait(asked + spacing),
    }
}

impl Asked {
    /// The answer, while it is out.
    fn awaited(&self) -> Option<Shared<Answer>> {
        self.answer.upgrade().filter(|answer| answer.peek().is_none())
    }

    fn next(&self, spacing: Duration, now: Instant) -> Step {
        let awaited = self.awaited();
        match (choose((self.at, awaited.is_some(), self.told), spacing, now), awaited) {
            (Choice::Share, Some(answer)) => Step::Share(answer),
            (Choice::Tell(time), _) => Step::Told(time),
            (Choice::Wait(until), _) => Step::Wait(until),
            (Choice::Ask | Choice::Share, _) => Step::Ask,
        }
    }
}

impl ClockQuestion {
    /// Nothing was asked yet.
    pub(super) fn new(spacing: Duration) -> Self {
        Self { spacing, last: Mutex::default() }
    }

    fn last(&self) -> MutexGuard<'_, Option<Asked>> {
        // Holders leave whole values; nothing is awaited while the lock is held.
        lock(&self.last)
    }

    /// What to do now; asks if that is it and `ask` is there.
    fn next(&self, ask: Option<impl FnOnce() -> Answer>) -> Step {
        let (mut last, now) = (self.last(), Instant::now());
        let step = last.as_ref().map_or(Step::Ask, |asked| asked.next(self.spacing, now));
        let (Step::Ask, Some(ask)) = (&step, ask) else { return step };
        let answer = ask().shared();
        *last = answer.downgrade().map(|answer| Asked { at: now, answer, told: None });
        Step::Share(answer)
    }

    fn told(&self, time: OffsetDateTime) {
        if let Some(asked) = self.last().as_mut() {
            asked.told = Some(Told { time, at: Instant::now() });
        }
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
        self.learn_time(deadline, false).await
    }

    /// As [`server_time`](Self::server_time), in a turn the caller has taken.
    pub(crate) async fn ask_time(&self, deadline: Deadline) -> Result<OffsetDateTime> {
        self.learn_time(deadline, true).await
    }

    async fn learn_time(&self, deadline: Deadline, mut has_turn: bool) -> Result<OffsetDateTime> {
        loop {
            if !self.is_up() {
                return Err(codes::link_ended(REQUEST));
            }
            let link = self.clone();
            let ask = has_turn.then_some(|| link.await_time().boxed());
            match self.clock_question().next(ask) {
                Step::Told(time) => return Ok(time),
                Step::Share(answer) => return deadline.bound(REQUEST, answer).await,
                Step::Wait(until) => {
                    let pause = tokio::time::timeout_at(until, self.ended()).map(Ok);
                    // Whether the time or the link is over shows next.
                    let _ = deadline.bound(REQUEST, pause).await?;
                }
                Step::Ask => {
                    self.turn_by(REQUEST, deadline).await?;
                    has_turn = true;
                }
            }
        }
    }

    /// Whoever waits has a deadline of his own.
    async fn await_time(self) -> Result<OffsetDateTime> {
        let deadline = Deadline::after(Duration::MAX);
        let time = self.ask_shared(REQUEST, deadline, || self.client().server_time()).await?;
        self.clock_question().told(time);
        Ok(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// What somebody does `age` after the last question was asked, at a spacing of `spacing`.
    fn chosen(
        age: Duration,
        is_out: bool,
        told_after: Option<Duration>,
        spacing: Duration,
    ) -> Choice {
        let asked = Instant::now();
        let told =
            told_after.map(|after| Told { time: OffsetDateTime::UNIX_EPOCH, at: asked + after });
        choose((asked, is_out, told), spacing, asked + age)
    }

    fn at(since: Duration) -> Choice {
        Choice::Tell(OffsetDateTime::UNIX_EPOCH + since)
    }

    #[test]
    fn the_last_question_decides() {
        let table = [
            // age, out, told after, expected
            (SECOND, true, None, Choice::Share),
            (2 * SECOND, true, None, Choice::Ask),
            (SECOND, false, Some(SECOND / 4), at(SECOND * 3 / 4)),
            (SECOND * 19 / 10, false, Some(SECOND), at(SECOND * 9 / 10)),
            (2 * SECOND, false, Some(SECOND), Choice::Ask),
            (3 * SECOND, false, None, Choice::Ask),
        ];
        for (age, is_out, told, choice) in table {
            assert_eq!(chosen(age, is_out, told, 2 * SECOND), choice, "{age:?} {is_out} {told:?}");
        }
    }

    #[test]
    fn a_question_without_answer_keeps_its_spacing() {
        assert!(matches!(chosen(SECOND, false, None, 2 * SECOND), Choice::Wait(_)));
        assert_eq!(chosen(3 * SECOND, true, None, 5 * SECOND), Choice::Share, "still out");
    }

    #[test]
    fn without_spacing_only_questions_that_are_out_are_shared() {
        let none = Duration::ZERO;
        assert_eq!(chosen(SECOND, true, None, none), Choice::Share);
        assert_eq!(chosen(none, false, Some(none), none), Choice::Ask);
        assert_eq!(chosen(none, false, None, none), Choice::Ask);
    }
}
