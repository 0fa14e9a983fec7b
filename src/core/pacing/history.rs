//! IB's limits on historical queries (L4, L5), as a pure schedule. For bars of 30 seconds and below: 60
//! in ten minutes, fewer than six in two seconds for one contract, exchange and type, and an identical
//! one within 15 seconds gets the answer of the first; BID_ASK counts twice. For all: 50 open at once.
//! Longer bars count too, but wait for none of the rates, which IB applies to them softly.
//!
//! A query counts from the moment its write begins; one that has not begun counts until it does.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

/// Longer than IB counts, by what may bunch up on the way.
const SLACK: Duration = Duration::from_millis(200);
const TEN_MINUTES: Duration = Duration::from_secs(600);
const TWO_SECONDS: Duration = Duration::from_secs(2);
const IDENTICAL: Duration = Duration::from_secs(15);
const PER_TEN_MINUTES: usize = 60;
/// Six are a violation.
const PER_SERIES: usize = 5;
const OPEN: usize = 50;

/// What the limits look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistoryQuery {
    /// Contract, exchange and type of data.
    pub(crate) series: String,
    /// Everything that was asked for.
    pub(crate) identity: String,
    /// Counts twice (BID_ASK).
    pub(crate) is_double: bool,
    /// Bars of 30 seconds or below.
    pub(crate) is_small: bool,
}

/// What becomes of a query.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Decision<T> {
    /// It may be sent.
    Send(QueryNo),
    /// Not before this moment.
    NotBefore(Instant),
    /// Not before another query begins or ends.
    AfterAnother,
    /// An identical one was answered a moment ago.
    Known(T),
}

/// One admitted query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct QueryNo(u64);

/// The queries of one gateway.
#[derive(Debug)]
pub(super) struct HistorySchedule<T> {
    open: HashMap<QueryNo, (HistoryQuery, bool)>,
    all: Window,
    series: HashMap<String, Window>,
    identical: HashMap<String, Identical<T>>,
    last: u64,
}

/// A query others may be identical to.
#[derive(Debug)]
struct Identical<T> {
    /// `None` before its write begins.
    sent: Option<Instant>,
    is_open: bool,
    answer: Option<T>,
}

impl<T: Clone> HistorySchedule<T> {
    pub(super) fn new() -> Self {
        Self {
            open: HashMap::new(),
            all: Window::default(),
            series: HashMap::new(),
            identical: HashMap::new(),
            last: 0,
        }
    }

    /// Decides about a query; one that may be sent counts from here on.
    pub(super) fn ask(&mut self, query: &HistoryQuery, now: Instant) -> Decision<T> {
        self.forget(now);
        if query.is_small
            && let Some(decision) = self.like_another(query).or_else(|| self.paced(query, now))
        {
            return decision;
        }
        if self.open.len() >= OPEN {
            return Decision::AfterAnother;
        }
        Decision::Send(self.admit(query))
    }

    fn admit(&mut self, query: &HistoryQuery) -> QueryNo {
        self.last += 1;
        let no = QueryNo(self.last);
        if query.is_small {
            let first = Identical { sent: None, is_open: true, answer: None };
            self.identical.insert(query.identity.clone(), first);
        }
        self.open.insert(no, (query.clone(), false));
        no
    }

    /// The write of an admitted query begins.
    pub(super) fn begin(&mut self, no: QueryNo, now: Instant) {
        let Some((query, has_begun)) = self.open.get_mut(&no) else { return };
        *has_begun = true;
        let weight = query.weight();
        self.all.add(now, weight);
        if query.is_small {
            self.series.entry(query.series.clone()).or_default().add(now, weight);
            if let Some(first) = self.identical.get_mut(&query.identity) {
                first.sent = Some(now);
            }
        }
    }

    /// An admitted query is over, with an answer or without.
    pub(super) fn end(&mut self, no: QueryNo, answer: Option<T>) {
        let Some((query, has_begun)) = self.open.remove(&no) else { return };
        if !query.is_small {
            return;
        }
        if !has_begun {
            self.identical.remove(&query.identity);
        } else if let Some(first) = self.identical.get_mut(&query.identity) {
            first.is_open = false;
            first.answer = answer;
        }
    }

    /// How many more queries for small bars may begin now.
    pub(super) fn left(&mut self, now: Instant) -> usize {
        self.forget(now);
        PER_TEN_MINUTES.saturating_sub(self.all.weight + self.unsent(|_| true))
    }

    /// How long one more query for small bars of another contract would wait.
    pub(super) fn expected_wait(&mut self, now: Instant) -> Duration {
        self.forget(now);
        let free = self.all.room(PER_TEN_MINUTES.saturating_sub(self.unsent(|_| true)), 1);
        free.map_or(Duration::ZERO, |sent| {
            (sent + TEN_MINUTES + SLACK).saturating_duration_since(now)
        })
    }

    /// Whether nothing counts any more.
    pub(super) fn is_idle(&mut self, now: Instant) -> bool {
        self.forget(now);
        self.open.is_empty() && self.all.weight == 0 && self.identical.is_empty()
    }

    fn like_another(&self, query: &HistoryQuery) -> Option<Decision<T>> {
        let first = self.identical.get(&query.identity)?;
        Some(match (&first.answer, first.sent) {
            (Some(answer), _) => Decision::Known(answer.clone()),
            (None, Some(sent)) if !first.is_open => Decision::NotBefore(sent + IDENTICAL + SLACK),
            (None, _) => Decision::AfterAnother,
        })
    }

    /// Why a query for small bars has to wait for a rate.
    fn paced(&self, query: &HistoryQuery, now: Instant) -> Option<Decision<T>> {
        let weight = query.weight();
        let in_series = self.unsent(|other| other.is_small && other.series == query.series);
        let series = self.series.get(&query.series).filter(|window| window.weight > 0);
        let series_full =
            in_series + series.map_or(0, |window| window.weight) + weight > PER_SERIES;
        let all_full = self.all.weight + self.unsent(|_| true) + weight > PER_TEN_MINUTES;
        let series_free = || {
            let sent = series?.room(PER_SERIES.saturating_sub(in_series), weight)?;
            Some(sent + TWO_SECONDS + SLACK)
        };
        let all_free = || {
            let most = PER_TEN_MINUTES.saturating_sub(self.unsent(|_| true));
            Some(self.all.room(most, weight)? + TEN_MINUTES + SLACK)
        };
        let free_at = match (series_full, all_full) {
            (false, false) => return None,
            (true, false) => series_free(),
            (_, true) => all_free().max(series_free()),
        };
        Some(free_at.filter(|at| *at > now).map_or(Decision::AfterAnother, Decision::NotBefore))
    }

    /// The weight of admitted queries whose write has not begun.
    fn unsent(&self, is_meant: impl Fn(&HistoryQuery) -> bool) -> usize {
        let waiting = self.open.values().filter(|(query, begun)| !begun && is_meant(query));
        waiting.map(|(query, _)| query.weight()).sum()
    }

    fn forget(&mut self, now: Instant) {
        self.all.forget(now, TEN_MINUTES + SLACK);
        self.series.retain(|_, window| {
            window.forget(now, TWO_SECONDS + SLACK);
            window.weight > 0
        });
        let is_recent = |sent: Instant| now.saturating_duration_since(sent) < IDENTICAL + SLACK;
        self.identical.retain(|_, first| first.is_open || first.sent.is_some_and(is_recent));
    }
}

impl HistoryQuery {
    fn weight(&self) -> usize {
        if self.is_double { 2 } else { 1 }
    }
}

/// What began in the recent past, with its weight, the oldest first.
#[derive(Debug, Default)]
struct Window {
    begun: VecDeque<(Instant, usize)>,
    weight: usize,
}

impl Window {
    fn add(&mut self, now: Instant, weight: usize) {
        self.begun.push_back((now, weight));
        self.weight += weight;
    }

    fn forget(&mut self, now: Instant, span: Duration) {
        while let Some((moment, weight)) = self.begun.front().copied() {
            if now.saturating_duration_since(moment) < span {
                return;
            }
            self.begun.pop_front();
            self.weight -= weight;
        }
    }

    /// The beginning that has to be forgotten before `weight` more fit into `most`; `None` if they
    /// fit, or never will by forgetting.
    fn room(&self, most: usize, weight: usize) -> Option<Instant> {
        let mut excess = (self.weight + weight).checked_sub(most).filter(|excess| *excess > 0)?;
        for (moment, weight) in &self.begun {
            excess = excess.saturating_sub(*weight);
            if excess == 0 {
                return Some(*moment);
            }
        }
        None
    }
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
