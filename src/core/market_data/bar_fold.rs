//! The bars of one line, across its requests: a reader has each bar once and in order. What a lost link
//! did not bring comes after the gap and before anything new, marked as backfill; what could not be
//! had is named.
//!
//! Bars that keep up to date bring their history first, which is the backfill. Bars of five seconds wait
//! until theirs has been fetched.

use std::sync::{Arc, Mutex, MutexGuard};

use crate::lock::lock;
use crate::model::{Bar, Gap, LineKind};

/// The newest bar a line has handed over, whatever request brought it.
#[derive(Debug, Default)]
pub(super) struct BarMark(Mutex<Option<Bar>>);

/// What a line of bars has handed over before a request, and whether the history of the request
/// reaches back to that.
#[derive(Debug, Clone, Default)]
pub(super) struct Past {
    pub(super) mark: Arc<BarMark>,
    pub(super) is_all: bool,
}

/// What is to be handed over, the gap before the bars.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Delivery {
    pub(super) gap: Option<Gap>,
    pub(super) bars: Vec<Bar>,
}

/// What was found of what a line missed, oldest first.
pub(super) struct Found {
    pub(super) bars: Vec<Bar>,
    /// Whether all of it was asked for: then nothing more was there.
    pub(super) is_all: bool,
}

/// The bars of one request.
pub(super) struct BarFold {
    mark: Arc<BarMark>,
    /// Whether the last bar is told again when it moves; one of five seconds is told when it is over.
    is_kept: bool,
    stage: Stage,
}

enum Stage {
    /// Bars are handed over as they come.
    Open,
    /// The history that comes first is the backfill.
    Filling { is_all: bool },
    /// Bars wait for the backfill.
    Held(Vec<Bar>),
}

impl BarMark {
    /// The newest bar.
    pub(super) fn last(&self) -> Option<Bar> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Bar>> {
        // Holders replace whole values.
        lock(&self.0)
    }
}

impl BarFold {
    /// The bars of a request for `kind`.
    pub(super) fn new(kind: &LineKind, Past { mark, is_all }: Past) -> Self {
        let stage = match (kind, mark.last()) {
            (LineKind::Bars(_), Some(_)) => Stage::Filling { is_all },
            (LineKind::RealTimeBars { .. }, Some(_)) => Stage::Held(Vec::new()),
            (_, Some(_) | None) => Stage::Open,
        };
        Self { mark, is_kept: matches!(kind, LineKind::Bars(_)), stage }
    }

    /// Takes the bars of a whole answer.
    pub(super) fn history(&mut self, bars: Vec<Bar>) -> Delivery {
        match self.stage {
            Stage::Filling { is_all } => self.fill(Ok(Found { bars, is_all }), Vec::new()),
            Stage::Open | Stage::Held(_) => self.hand_over(None, bars),
        }
    }

    /// Takes one bar.
    pub(super) fn bar(&mut self, bar: Bar) -> Delivery {
        match &mut self.stage {
            Stage::Held(waiting) => {
                waiting.push(bar);
                Delivery::default()
            }
            Stage::Open | Stage::Filling { .. } => self.hand_over(None, vec![bar]),
        }
    }

    /// Takes what was fetched, or why nothing could be; bars that waited for it follow.
    pub(super) fn backfill(&mut self, found: Result<Found, String>) -> Delivery {
        match std::mem::replace(&mut self.stage, Stage::Open) {
            Stage::Held(waiting) => self.fill(found, waiting),
            other @ (Stage::Open | Stage::Filling { .. }) => {
                self.stage = other;
                Delivery::default()
            }
        }
    }

    fn fill(&mut self, found: Result<Found, String>, waiting: Vec<Bar>) -> Delivery {
        self.stage = Stage::Open;
        let Some(last) = self.mark.last() else { return self.hand_over(None, waiting) };
        let gap = gap(&last, &found, waiting.first());
        let older = |bar: &Bar| waiting.first().is_none_or(|first| bar.time < first.time);
        let found = found.map_or_else(|_| Vec::new(), |found| found.bars);
        let is_missed = |bar: &Bar| bar.time > last.time || self.is_kept && follows(bar, &last);
        let found = found.into_iter().filter(|bar| older(bar) && is_missed(bar));
        let found = found.map(|bar| Bar { is_backfill: true, ..bar });
        let bars = found.chain(waiting.iter().cloned()).collect();
        self.hand_over(gap, bars)
    }

    /// Leaves out what was handed over before.
    fn hand_over(&self, gap: Option<Gap>, bars: Vec<Bar>) -> Delivery {
        let mut last = self.mark.lock();
        let mut is_news = |bar: &Bar| {
            let is_news = last.as_ref().is_none_or(|last| match self.is_kept {
                true => follows(bar, last),
                false => bar.time >= last.time,
            });
            if is_news {
                *last = Some(bar.clone());
            }
            is_news
        };
        Delivery { gap, bars: bars.into_iter().filter(|bar| is_news(bar)).collect() }
    }
}

/// Whether a bar is later than the last one, or the same that has moved on.
fn follows(bar: &Bar, last: &Bar) -> bool {
    let moved = || Bar { is_backfill: last.is_backfill, ..bar.clone() } != *last;
    bar.time > last.time || bar.time == last.time && moved()
}

/// What is missing behind the last bar, if anything is.
fn gap(last: &Bar, found: &Result<Found, String>, next: Option<&Bar>) -> Option<Gap> {
    let next = next.map(|bar| bar.time);
    let (until, reason) = match found {
        Err(reason) => (next, reason.clone()),
        Ok(Found { is_all: true, .. }) => return None,
        Ok(Found { bars, .. }) => match bars.first() {
            Some(first) if first.time <= last.time => return None,
            Some(first) => (Some(first.time), "IB's history reaches no further back".to_owned()),
            None => (next, "IB has no history of that time".to_owned()),
        },
    };
    Some(Gap { since: last.time, until, reason })
}

#[cfg(test)]
#[path = "bar_fold_tests.rs"]
mod tests;
