//! How long to wait between tries after a loss: `first`, then twice as long each time, never longer
//! than `longest`; a share of each pause is random, so that many clients of one gateway do not come
//! back in step. The same seed gives the same pauses.

use std::time::Duration;

use crate::model::Reconnect;

/// The pauses of one session.
#[derive(Debug, Clone)]
pub struct Backoff {
    rules: Reconnect,
    random: u64,
}

impl Backoff {
    /// Pauses by these rules.
    #[must_use]
    pub fn new(rules: Reconnect, seed: u64) -> Self {
        Self { rules, random: seed }
    }

    /// The pause after so many failed tries; `None` once that were all.
    pub fn pause(&mut self, failures: usize) -> Option<Duration> {
        if self.rules.attempts.is_some_and(|most| failures >= most) {
            return None;
        }
        Some(self.unlimited_pause(failures))
    }

    /// The pause after so many failed tries, however many they may be.
    pub fn unlimited_pause(&mut self, failures: usize) -> Duration {
        let doublings = u32::try_from(failures).unwrap_or(u32::MAX).min(16);
        let whole = self.rules.first.saturating_mul(1 << doublings).min(self.rules.longest);
        whole.saturating_sub(self.share(whole))
    }

    /// A random part of the pause, at most `jitter_percent` of it.
    fn share(&mut self, whole: Duration) -> Duration {
        const STEPS: u32 = 1000;
        let most = whole / 100 * u32::from(self.rules.jitter_percent.min(100));
        let steps = u32::try_from(self.next_random() % u64::from(STEPS + 1)).unwrap_or(0);
        most / STEPS * steps
    }

    /// `SplitMix64`: any seed will do.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn rules() -> Reconnect {
        Reconnect { first: SECOND, longest: 30 * SECOND, jitter_percent: 0, attempts: None }
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut backoff = Backoff::new(rules(), 1);

        let pauses: Vec<_> = (0..7).filter_map(|failures| backoff.pause(failures)).collect();

        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30].map(Duration::from_secs));
        assert_eq!(backoff.pause(1_000_000), Some(30 * SECOND));
    }

    #[test]
    fn attempts_are_counted() {
        let mut backoff = Backoff::new(Reconnect { attempts: Some(2), ..rules() }, 1);

        let pauses: Vec<_> = (0..4).map(|failures| backoff.pause(failures).is_some()).collect();

        assert_eq!(pauses, [true, true, false, false]);
    }

    #[test]
    fn a_share_of_each_pause_is_random_and_the_seed_decides_it() {
        let rules = Reconnect { jitter_percent: 25, ..rules() };
        let pauses = |seed| {
            let mut backoff = Backoff::new(rules, seed);
            (0..200).map(|_| backoff.pause(0).unwrap()).collect::<Vec<_>>()
        };

        let (one, again, other) = (pauses(7), pauses(7), pauses(8));

        assert!(one.iter().all(|pause| (SECOND * 3 / 4..=SECOND).contains(pause)), "{one:?}");
        assert!(one.iter().any(|pause| *pause < SECOND * 4 / 5));
        assert!(one.iter().any(|pause| *pause > SECOND * 19 / 20));
        assert_eq!(one, again);
        assert_ne!(one, other);
    }
}
