//! When a client is blind: a pure judge of (whether the control link is live, now, the wall clock).
//!
//! An outage begins when the link is not live any more, or with the first try to open one, and ends
//! when it is live. `blind` is raised once it has lasted `blind_after`, but not inside a restart
//! window; again each `repeat_after`.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use crate::model::{AlertRules, Generation, expected_until};

/// Longest sleep inside a window: the wall clock, unlike ours, may be set.
const LONGEST: Duration = Duration::from_secs(60);

/// The judge of one link.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    began: Option<(Instant, Generation)>,
    raised: Option<Instant>,
}

/// What a look finds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// The client is blind, for that long already.
    pub(crate) blind_for: Option<Duration>,
    /// When to look again, if nothing changes before.
    pub(crate) next: Option<Instant>,
}

impl Outage {
    /// Looks at a link that is out, or is not; `generation` is that of the present or last link.
    pub(crate) fn look(
        &mut self,
        (is_out, generation): (bool, Generation),
        (now, wall): (Instant, OffsetDateTime),
        rules: &AlertRules,
    ) -> Look {
        if !is_out {
            *self = Self::default();
            return Look::default();
        }
        // A newer link was live meanwhile.
        if self.began.is_none_or(|(_, known)| known != generation) {
            *self = Self { began: Some((now, generation)), raised: None };
        }
        let began = self.began.map_or(now, |(at, _)| at);
        let due = match self.raised {
            Some(at) => at + rules.repeat_after,
            None => began + rules.blind_after,
        };
        if let Some(until) = expected_until(&rules.windows, wall) {
            let left = (until - wall).try_into().unwrap_or(Duration::ZERO);
            return Look { blind_for: None, next: Some(due.max(now + left).min(now + LONGEST)) };
        }
        if now < due {
            return Look { blind_for: None, next: Some(due) };
        }
        self.raised = Some(now);
        Look { blind_for: Some(now - began), next: Some(now + rules.repeat_after) }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::model::RestartWindow;

    const FIRST: Generation = Generation(1);

    fn rules(windows: Vec<RestartWindow>) -> AlertRules {
        AlertRules { windows, ..AlertRules::default() }
    }

    /// When an outage that begins at `wall` is told, in seconds from there, looked at whenever the judge
    /// wants to.
    fn told(rules: &AlertRules, wall: OffsetDateTime, until: u64) -> Vec<(u64, u64)> {
        let (mut outage, born) = (Outage::default(), Instant::now());
        let (mut now, mut told) = (born, Vec::new());
        while now <= born + Duration::from_secs(until) {
            let look = outage.look((true, FIRST), (now, wall + (now - born)), rules);
            told.extend(look.blind_for.map(|lasted| ((now - born).as_secs(), lasted.as_secs())));
            now = look.next.unwrap();
        }
        told
    }

    #[test]
    fn a_long_outage_is_told_once_and_again_after_a_while() {
        let found = told(&rules(Vec::new()), datetime!(2026-07-01 12:00 UTC), 700);

        assert_eq!(found, [(60, 60), (360, 360), (660, 660)]);
    }

    #[test]
    fn inside_a_window_nothing_is_told_and_past_its_end_at_once() {
        let window = RestartWindow::new("23:45", "00:45", "America/New_York", None).unwrap();
        let inside = told(&rules(vec![window.clone()]), datetime!(2026-07-02 04:00 UTC), 3000);
        let before = told(&rules(vec![window]), datetime!(2026-07-02 03:40 UTC), 4500);

        assert_eq!(inside, [(2700, 2700), (3000, 3000)]);
        assert_eq!(before, [(60, 60), (3900, 3900), (4200, 4200), (4500, 4500)]);
    }

    #[test]
    fn an_outage_that_passed_begins_anew() {
        let (mut outage, born) = (Outage::default(), Instant::now());
        let (rules, wall) = (rules(Vec::new()), datetime!(2026-07-01 12:00 UTC));
        let mut look = |seconds, is_out, generation| {
            let now = born + Duration::from_secs(seconds);
            outage.look((is_out, Generation(generation)), (now, wall), &rules).blind_for
        };

        let quiet = [look(0, true, 1), look(50, false, 1), look(51, true, 1), look(100, true, 1)];
        let newer = [look(110, true, 2), look(169, true, 2)];

        assert_eq!((quiet, newer), ([None; 4], [None; 2]));
        assert_eq!(look(170, true, 2), Some(Duration::from_secs(60)));
    }
}
