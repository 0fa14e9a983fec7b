//! Whether a gateway that failed again and again is left alone for a while: pure, of (outcome, now).
//!
//! | circuit | event | next | |
//! |---|---|---|---|
//! | closed | failure, fewer than `failures` in a row | closed | |
//! | closed | failure number `failures` in a row | open for `pause` | counted as a trip |
//! | open | time over | half-open | one try is allowed |
//! | half-open | failure | open for `pause` | counted as a trip |
//! | closed, half-open | success | closed | failures are forgotten |

use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Breaker, CircuitHealth, CircuitState};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    HalfOpen,
}

/// The circuit to one gateway.
#[derive(Debug, Clone)]
pub struct Circuit {
    rules: Option<Breaker>,
    state: State,
    trips: u64,
}

impl Circuit {
    /// A closed circuit; without rules it stays closed.
    #[must_use]
    pub fn new(rules: Option<Breaker>) -> Self {
        Self { rules, state: State::Closed { failures: 0 }, trips: 0 }
    }

    /// How often it has opened.
    #[must_use]
    pub fn trips(&self) -> u64 {
        self.trips
    }

    /// When the next try is allowed; `None` if it is now.
    #[must_use]
    pub fn open_until(&self, now: Instant) -> Option<Instant> {
        match self.state {
            State::Open { until } if now < until => Some(until),
            State::Open { .. } | State::Closed { .. } | State::HalfOpen => None,
        }
    }

    /// How it stands; once the pause is over, the next try decides.
    #[must_use]
    pub fn health(&self, now: Instant) -> CircuitHealth {
        let rules = self.rules;
        let opened = rules.map_or(0, |rules| rules.failures);
        let (state, failures, retry_after) = match self.state {
            State::Closed { failures } => (CircuitState::Closed, failures, None),
            State::Open { until } if now < until => (CircuitState::Open, opened, Some(until - now)),
            State::Open { .. } | State::HalfOpen => (CircuitState::HalfOpen, opened, None),
        };
        CircuitHealth { state, failures, rules, retry_after }
    }

    /// Whether the present try is the only one.
    #[must_use]
    pub fn is_half_open(&self) -> bool {
        self.state == State::HalfOpen
    }

    /// A try begins.
    pub fn tried(&mut self, now: Instant) {
        if matches!(self.state, State::Open { until } if now >= until) {
            self.state = State::HalfOpen;
        }
    }

    /// What was tried failed. Returns for how long nothing may be tried now, if so.
    pub fn failed(&mut self, now: Instant) -> Option<Duration> {
        let rules = self.rules?;
        let failures = match self.state {
            State::Closed { failures } => failures + 1,
            State::Open { .. } | State::HalfOpen => rules.failures,
        };
        if failures < rules.failures {
            self.state = State::Closed { failures };
            return None;
        }
        self.trips += 1;
        self.state = State::Open { until: now + rules.pause };
        Some(rules.pause)
    }

    /// There is a link.
    pub fn succeeded(&mut self) {
        self.state = State::Closed { failures: 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(30);

    fn circuit() -> Circuit {
        Circuit::new(Some(Breaker { failures: 3, pause: PAUSE }))
    }

    /// A circuit that has just opened.
    fn tripped(now: Instant) -> Circuit {
        let mut circuit = circuit();
        for _ in 0..3 {
            circuit.tried(now);
            circuit.failed(now);
        }
        circuit
    }

    #[test]
    fn it_opens_with_the_third_failure_in_a_row() {
        let (mut circuit, now) = (circuit(), Instant::now());

        let trips: Vec<_> = (0..3).map(|_| circuit.failed(now)).collect();

        assert_eq!(trips, [None, None, Some(PAUSE)]);
        assert_eq!(circuit.open_until(now), Some(now + PAUSE));
    }

    #[test]
    fn a_success_forgets_failures() {
        let (mut circuit, now) = (circuit(), Instant::now());
        circuit.failed(now);
        circuit.failed(now);

        circuit.succeeded();

        assert_eq!(circuit.failed(now), None);
        assert_eq!(circuit.open_until(now), None);
    }

    #[test]
    fn after_its_pause_one_try_decides() {
        let now = Instant::now();
        for succeeds in [true, false] {
            let (mut circuit, later) = (tripped(now), now + PAUSE);
            assert_eq!(circuit.open_until(later), None);

            circuit.tried(later);
            assert!(circuit.is_half_open());
            if succeeds {
                circuit.succeeded();
            } else {
                assert_eq!(circuit.failed(later), Some(PAUSE));
            }

            assert_eq!(circuit.open_until(later).is_some(), !succeeds);
        }
    }

    #[test]
    fn its_health_counts_and_says_when_the_next_try_is() {
        let (mut circuit, now) = (circuit(), Instant::now());
        let told = |circuit: &Circuit, now| {
            let health = circuit.health(now);
            (health.state, health.failures, health.retry_after)
        };

        assert_eq!(told(&circuit, now), (CircuitState::Closed, 0, None));
        circuit.failed(now);
        assert_eq!(told(&circuit, now), (CircuitState::Closed, 1, None));
        circuit.failed(now);
        circuit.failed(now);
        let half = now + PAUSE / 2;
        assert_eq!(told(&circuit, half), (CircuitState::Open, 3, Some(PAUSE / 2)));
        assert_eq!(told(&circuit, now + PAUSE), (CircuitState::HalfOpen, 3, None));
        circuit.tried(now + PAUSE);
        assert_eq!(told(&circuit, now + PAUSE), (CircuitState::HalfOpen, 3, None));
        circuit.succeeded();
        assert_eq!(told(&circuit, now + PAUSE), (CircuitState::Closed, 0, None));
    }

    #[test]
    fn without_rules_it_never_opens() {
        let (mut circuit, now) = (Circuit::new(None), Instant::now());

        assert!((0..100).all(|_| circuit.failed(now).is_none()));
    }
}
