//! The time of the market: the wall clock, or one that starts at another moment, at another speed
//! and moved ahead where a test wants it.

use std::time::Duration;

use crate::clock;
use crate::settings::Settings;

/// A clock that starts with the wall clock, or at a moment of its own.
#[derive(Clone, Debug)]
pub(crate) struct MarketClock {
    speed: f64,
    /// What the wall clock and this one showed when they were last set against each other.
    wall: i64,
    market: i64,
}

impl MarketClock {
    /// A clock that shows the start of the settings, else the present.
    pub(crate) fn new(settings: &Settings) -> Self {
        let wall = clock::millis();
        let market = settings.starts_at.map_or(wall, clock::millis_of);
        Self { speed: settings.speed, wall, market }
    }

    /// Epoch milliseconds.
    pub(crate) fn millis(&self) -> i64 {
        self.at(clock::millis())
    }

    /// What it will show when it is so much further.
    pub(crate) fn after(&self, by: Duration) -> i64 {
        self.millis().saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX))
    }

    /// Moves the clock ahead to an epoch millisecond, unless it is past that.
    pub(crate) fn advance_to(&mut self, millis: i64) {
        let wall = clock::millis();
        (self.market, self.wall) = (self.at(wall).max(millis), wall);
    }

    /// How long to wait until this clock shows an epoch millisecond.
    pub(crate) fn wait_until(&self, millis: i64) -> Duration {
        self.wall_time(millis.saturating_sub(self.millis()))
    }

    /// How long the wall clock takes for milliseconds of this one.
    fn wall_time(&self, millis: i64) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "a wait need not be exact over millennia")]
        let seconds = millis.max(0) as f64 / 1_000.0 / self.speed;
        // A wait too long for a duration is as good as none at all; the longest timer does.
        Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST).min(LONGEST)
    }

    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a product")]
    fn at(&self, wall: i64) -> i64 {
        self.market.saturating_add(((wall - self.wall) as f64 * self.speed) as i64)
    }
}

const LONGEST: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_a_fast_clock_goes_ahead_and_waits_less() {
        let clock = MarketClock { speed: 60.0, wall: 1_000, market: 5_000 };

        assert_eq!(clock.at(2_000), 65_000);
        assert_eq!(clock.wall_time(60_000), Duration::from_secs(1));
        assert_eq!(clock.wall_time(-5), Duration::ZERO);
    }

    #[test]
    fn test_a_clock_may_start_at_a_moment_of_its_own() {
        let start = time::macros::datetime!(2026-11-27 18:30 UTC);
        let clock = MarketClock::new(&Settings { starts_at: Some(start), ..Settings::default() });

        let shown = clock.millis() - start.unix_timestamp() * 1_000;

        assert!((0..5_000).contains(&shown), "{shown}");
    }

    #[test]
    fn test_an_advance_is_kept() {
        let mut clock = MarketClock::new(&Settings::default());
        let end = clock.after(Duration::from_secs(3_600));

        clock.advance_to(end);
        clock.advance_to(0);

        assert!((end..end + 5_000).contains(&clock.millis()));
    }
}
