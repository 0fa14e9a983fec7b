//! Decisions about rates. Pure: what happened and when comes in, whether it may pass goes out.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Moments of the recent past, each with a weight.
#[derive(Debug, Default)]
pub(super) struct Window {
    moments: VecDeque<(Instant, usize)>,
    weight: usize,
}

impl Window {
    /// The weight of what happened less than `span` before `now`.
    pub(super) fn weight(&mut self, now: Instant, span: Duration) -> usize {
        while let Some((moment, weight)) = self.moments.front().copied() {
            if now.saturating_duration_since(moment) < span {
                break;
            }
            self.moments.pop_front();
            self.weight -= weight;
        }
        self.weight
    }

    pub(super) fn add(&mut self, now: Instant, weight: usize) {
        self.moments.push_back((now, weight));
        self.weight += weight;
    }
}

/// What a message rate makes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RateStep {
    Pass,
    /// Passes, with a warning that this many of the second's messages are used.
    Warn(usize),
    /// Is refused: it was this many in a second.
    Refuse(usize),
}

/// Messages of the last second.
#[derive(Debug, Default)]
pub(super) struct MessageWindow(Window);

impl MessageWindow {
    /// How long it takes until one more message is within the rate; `None` if it is now.
    pub(super) fn wait(&mut self, now: Instant, most: usize) -> Option<Duration> {
        const SECOND: Duration = Duration::from_secs(1);
        if self.0.weight(now, SECOND) < most {
            return None;
        }
        let (oldest, _) = self.0.moments.front()?;
        Some(SECOND.saturating_sub(now.saturating_duration_since(*oldest)))
    }

    /// A warning comes once on the way up (L1: at 42 of 50).
    pub(super) fn step(&mut self, now: Instant, most: usize) -> RateStep {
        const SECOND: Duration = Duration::from_secs(1);
        let count = self.0.weight(now, SECOND) + 1;
        self.0.add(now, 1);
        match count {
            count if count > most => RateStep::Refuse(count),
            count if count == most - most * 4 / 25 => RateStep::Warn(count),
            _ => RateStep::Pass,
        }
    }
}

/// What two historical queries must share to be paced together or to be identical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) series: String,
    pub(super) whole: String,
    pub(super) weight: usize,
}

/// Historical queries of the last ten minutes (L4).
#[derive(Debug, Default)]
pub(super) struct HistoryPacing {
    all: Window,
    recent: VecDeque<(Instant, Query)>,
}

const TEN_MINUTES: Duration = Duration::from_secs(600);
const PER_TEN_MINUTES: usize = 60;

impl HistoryPacing {
    /// Whether a query may pass; one that may not still counts for nothing.
    pub(super) fn admits(&mut self, now: Instant, query: Query) -> bool {
        const PER_SERIES: usize = 6;
        let is_within = |moment: Instant, seconds| {
            now.saturating_duration_since(moment) < Duration::from_secs(seconds)
        };
        self.recent.retain(|(moment, _)| is_within(*moment, 15));
        let is_repeated = self.recent.iter().any(|(_, known)| known.whole == query.whole);
        let same = self
            .recent
            .iter()
            .filter(|(moment, known)| is_within(*moment, 2) && known.series == query.series);
        let in_series: usize = same.map(|(_, known)| known.weight).sum();
        let in_all = self.all.weight(now, TEN_MINUTES);
        if is_repeated
            || in_series + query.weight > PER_SERIES
            || in_all + query.weight > PER_TEN_MINUTES
        {
            return false;
        }
        self.all.add(now, query.weight);
        self.recent.push_back((now, query));
        true
    }
}

impl HistoryPacing {
    /// Whether a query for longer bars is one too many in ten minutes; it counts either way.
    pub(super) fn slows(&mut self, now: Instant) -> bool {
        let slows = self.all.weight(now, TEN_MINUTES) >= PER_TEN_MINUTES;
        self.all.add(now, 1);
        slows
    }
}

/// New real-time bars of the last ten minutes (L6).
#[derive(Debug, Default)]
pub(super) struct BarsPacing(Window);

impl BarsPacing {
    pub(super) fn admits(&mut self, now: Instant) -> bool {
        let admits = self.0.weight(now, TEN_MINUTES) < PER_TEN_MINUTES;
        if admits {
            self.0.add(now, 1);
        }
        admits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(series: &str, whole: u64, weight: usize) -> Query {
        Query { series: series.into(), whole: whole.to_string(), weight }
    }

    /// (L1)
    #[test]
    fn test_a_message_rate_warns_then_refuses_until_the_second_is_over() {
        let mut window = MessageWindow::default();
        let start = Instant::now();

        let steps: Vec<_> = (0..52).map(|_| window.step(start, 50)).collect();

        assert_eq!(steps[40..43], [RateStep::Pass, RateStep::Warn(42), RateStep::Pass]);
        assert_eq!(steps[49..], [RateStep::Pass, RateStep::Refuse(51), RateStep::Refuse(52)]);
        assert_eq!(window.step(start + Duration::from_secs(1), 50), RateStep::Pass);
    }

    /// (L4)
    #[test]
    fn test_history_is_paced_by_series_by_repetition_and_in_all() {
        let mut pacing = HistoryPacing::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);

        let series: Vec<_> = (0..7).map(|n| pacing.admits(start, query("A", n, 1))).collect();
        let repeated = pacing.admits(at(14), query("A", 0, 1));
        let later = pacing.admits(at(15), query("A", 0, 1));
        let doubled: Vec<_> =
            (0..4).map(|n| pacing.admits(at(20), query("B", 10 + n, 2))).collect();

        assert_eq!(series, [true, true, true, true, true, true, false]);
        assert_eq!((repeated, later), (false, true));
        assert_eq!(doubled, [true, true, true, false]);
    }

    #[test]
    fn test_the_sixty_first_query_in_ten_minutes_waits() {
        let mut pacing = HistoryPacing::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);

        let admitted = (0..61).filter(|n| pacing.admits(at(3 * n), query("A", *n, 1))).count();

        assert_eq!(admitted, 60);
        assert!(pacing.admits(at(600), query("A", 99, 1)));
    }
}
