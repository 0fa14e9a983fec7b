//! Whether a link that is silent still lives: a pure judge of (last sign of life, now).
//!
//! | stage | after | verdict | next stage |
//! |---|---|---|---|
//! | quiet | `idle` of silence | ask the first probe | first |
//! | first | `probe_timeout` | ask the second, of another kind | second |
//! | second | `probe_timeout` | suspect | suspect |
//! | suspect | `spacing`, again and again | ask either probe in turn | suspect |
//! | suspect | `give_up` | drop | – |
//! | any | a sign of life | alive, if it was suspect | quiet |
//! | any but quiet | a look that comes later than `probe_timeout` after its time | none | the same, from now on |
//! | first, second | a question that did not get its turn | none | the one before |
//!
//! The last row but one is for a process or machine that slept: what the peer sent meanwhile has not been
//! read yet.

use tokio::time::Instant;

use crate::model::Keepalive;

/// Two questions of different kinds, because some gateways never answer one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// The gateway's time.
    Time,
    /// Something the gateway knows by itself.
    Other,
}

/// What a look finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Ask this.
    Ask(Probe),
    /// Both probes are unanswered.
    Suspect,
    /// A suspect has given a sign of life.
    Alive,
    /// The link is dead.
    Drop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Quiet,
    First,
    Second,
    Suspect { asked: Instant, next: Probe },
}

/// The judge of one link.
#[derive(Debug, Clone)]
pub struct Judge {
    rules: Keepalive,
    stage: Stage,
    /// When the stage began.
    since: Instant,
    /// The last sign of life known.
    seen: Instant,
}

impl Judge {
    /// A judge of a link that lives now.
    #[must_use]
    pub fn new(rules: Keepalive, now: Instant) -> Self {
        Self { rules, stage: Stage::Quiet, since: now, seen: now }
    }

    /// The last sign of life this judge knows of.
    #[must_use]
    pub fn seen(&self) -> Instant {
        self.seen
    }

    /// When to look next, unless a suspect gives a sign of life before.
    #[must_use]
    pub fn next_look(&self) -> Instant {
        match self.stage {
            Stage::Quiet => self.seen + self.rules.idle,
            Stage::First | Stage::Second => self.since + self.rules.probe_timeout,
            Stage::Suspect { asked, .. } => {
                (asked + self.rules.spacing).min(self.since + self.rules.give_up)
            }
        }
    }

    /// Whether both probes are unanswered.
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        matches!(self.stage, Stage::Suspect { .. })
    }

    /// Looks at a link that last gave a sign of life at `life`.
    pub fn look(&mut self, now: Instant, life: Instant) -> Option<Verdict> {
        if life > self.seen {
            let was_suspect = self.is_suspect();
            (self.seen, self.stage, self.since) = (life, Stage::Quiet, now);
            if was_suspect {
                return Some(Verdict::Alive);
            }
        }
        let due = self.next_look();
        if now < due {
            return None;
        }
        if self.stage != Stage::Quiet && now > due + self.rules.probe_timeout {
            self.begin_again(now);
            return None;
        }
        Some(self.go_on(now))
    }

    /// A question was never sent: what was silent meanwhile was not asked.
    pub fn unasked(&mut self, now: Instant) {
        match self.stage {
            Stage::First => self.stage = Stage::Quiet,
            Stage::Second => (self.stage, self.since) = (Stage::First, now),
            // A suspect was asked twice in earnest: it is not spared because a third question waits.
            Stage::Quiet | Stage::Suspect { .. } => {}
        }
    }

    fn begin_again(&mut self, now: Instant) {
        self.since = now;
        if let Stage::Suspect { asked, .. } = &mut self.stage {
            *asked = now;
        }
    }

    fn go_on(&mut self, now: Instant) -> Verdict {
        let (stage, verdict) = match self.stage {
            Stage::Quiet => (Stage::First, Verdict::Ask(Probe::Time)),
            Stage::First => (Stage::Second, Verdict::Ask(Probe::Other)),
            Stage::Second => (Stage::Suspect { asked: now, next: Probe::Time }, Verdict::Suspect),
            Stage::Suspect { .. } if now >= self.since + self.rules.give_up => {
                return Verdict::Drop;
            }
            Stage::Suspect { next, .. } => {
                self.stage = Stage::Suspect { asked: now, next: next.other() };
                return Verdict::Ask(next);
            }
        };
        (self.stage, self.since) = (stage, now);
        verdict
    }
}

impl Probe {
    fn other(self) -> Self {
        match self {
            Self::Time => Self::Other,
            Self::Other => Self::Time,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use Probe::{Other, Time};
    use Verdict::{Alive, Ask, Drop, Suspect};

    /// Looks whenever the judge wants to, from silence on; when and what it finds, in milliseconds.
    fn story(rules: Keepalive, life: &[u64], until: u64) -> Vec<(u64, Verdict)> {
        let born = Instant::now();
        let at = |millis: u64| born + Duration::from_millis(millis);
        let (mut judge, mut found, mut now) = (Judge::new(rules, born), Vec::new(), born);
        loop {
            let sign = life.iter().map(|millis| at(*millis)).find(|sign| *sign > judge.seen());
            let next = sign.filter(|_| judge.is_suspect()).unwrap_or_else(|| judge.next_look());
            now = now.max(next.min(judge.next_look()));
            if now > at(until) {
                return found;
            }
            let last = life.iter().map(|millis| at(*millis)).filter(|sign| *sign <= now).max();
            if let Some(verdict) = judge.look(now, last.unwrap_or(born)) {
                let millis = now.duration_since(born).as_millis();
                found.push((u64::try_from(millis).unwrap(), verdict));
                if verdict == Drop {
                    return found;
                }
            }
        }
    }

    #[test]
    fn with_the_defaults_silence_is_suspect_in_five_seconds_and_dropped_in_ten() {
        let found = story(Keepalive::default(), &[], 60_000);

        let expected = [
            (2000, Ask(Time)),
            (3250, Ask(Other)),
            (4500, Suspect),
            (6500, Ask(Time)),
            (8500, Ask(Other)),
            (9000, Drop),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_link_that_talks_is_never_asked() {
        let life: Vec<u64> = (0..100).map(|step| step * 1900).collect();

        assert_eq!(story(Keepalive::default(), &life, 190_000), []);
    }

    #[test]
    fn one_answer_to_either_probe_is_life() {
        let first = story(Keepalive::default(), &[2010], 4000);
        let second = story(Keepalive::default(), &[3300], 5200);

        assert_eq!(first, [(2000, Ask(Time))]);
        assert_eq!(second, [(2000, Ask(Time)), (3250, Ask(Other))]);
    }

    #[test]
    fn a_pause_of_five_seconds_costs_no_link() {
        let found = story(Keepalive::default(), &[5000], 6900);

        let verdicts: Vec<_> = found.into_iter().map(|(_, verdict)| verdict).collect();
        assert_eq!(verdicts, [Ask(Time), Ask(Other), Suspect, Alive]);
    }

    #[test]
    fn questions_about_the_time_are_never_closer_than_their_spacing() {
        for life in [vec![2001, 4002, 6003], vec![3251, 5252], vec![]] {
            let found = story(Keepalive::default(), &life, 20_000);

            let times = found.iter().filter(|(_, verdict)| *verdict == Ask(Time));
            let times: Vec<u64> = times.map(|(at, _)| *at).collect();
            assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 2000), "{times:?}");
        }
    }

    #[test]
    fn a_question_that_was_never_sent_is_asked_again_and_makes_no_suspect_but_saves_none() {
        let rules = Keepalive::default();
        let born = Instant::now();
        let at = |millis: u64| born + Duration::from_millis(millis);
        let mut judge = Judge::new(rules, born);
        for millis in [2000, 2600, 3200] {
            assert_eq!(judge.look(at(millis), born), Some(Ask(Time)));
            judge.unasked(at(millis + 600));
        }
        assert_eq!(judge.look(at(4000), born), Some(Ask(Time)));
        assert_eq!(judge.look(at(5250), born), Some(Ask(Other)));

        judge.unasked(at(5900));

        assert_eq!(judge.look(at(6500), born), None);
        assert_eq!(judge.look(at(7150), born), Some(Ask(Other)));
        assert_eq!(judge.look(at(8400), born), Some(Suspect));
        assert_eq!(judge.look(at(10_400), born), Some(Ask(Time)));
        judge.unasked(at(11_000));
        assert_eq!(judge.look(at(12_400), born), Some(Ask(Other)));
        assert_eq!(judge.look(at(12_900), born), Some(Drop));
    }

    #[test]
    fn whoever_slept_looks_again_before_judging() {
        let rules = Keepalive::default();
        let born = Instant::now();
        let at = |millis: u64| born + Duration::from_millis(millis);
        let mut judge = Judge::new(rules, born);
        for (millis, found) in [(2000, Some(Ask(Time))), (3250, Some(Ask(Other)))] {
            assert_eq!(judge.look(at(millis), born), found);
        }

        let after_sleep = judge.look(at(60_000), born);

        assert_eq!(after_sleep, None);
        assert_eq!(judge.look(at(61_250), born), Some(Suspect));
        assert_eq!(judge.look(at(120_000), born), None);
        assert_eq!(judge.look(at(120_100), at(120_050)), Some(Alive));
    }
}
