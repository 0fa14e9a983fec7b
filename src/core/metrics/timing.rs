//! How long things took, as a histogram: three atomic additions per observation, no lock.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds of the buckets, in microseconds; the last bucket has none.
const BOUNDS: [u64; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000,
];

/// Durations by size, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Histogram {
    /// How many fell into each bucket: above the bound before, up to its own; the last has none.
    counts: [u64; BOUNDS.len() + 1],
    sum_micros: u64,
    max_micros: u64,
}

impl Histogram {
    /// Upper bounds of the buckets in seconds with how many durations were at most as long, the
    /// last of which is infinite: what a Prometheus histogram has.
    #[must_use]
    pub fn buckets(&self) -> Vec<(f64, u64)> {
        let bounds = BOUNDS.iter().map(|micros| seconds(*micros)).chain([f64::INFINITY]);
        let up_to = self.counts.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        });
        bounds.zip(up_to).collect()
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All of them together.
    #[must_use]
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_micros)
    }

    /// The longest.
    #[must_use]
    pub fn max(&self) -> Duration {
        Duration::from_micros(self.max_micros)
    }
}

/// Where durations are counted.
#[derive(Debug, Default)]
pub(crate) struct Timings {
    counts: [AtomicU64; BOUNDS.len() + 1],
    sum_micros: AtomicU64,
    max_micros: AtomicU64,
}

impl Timings {
    pub(crate) fn took(&self, duration: Duration) {
        let micros = micros(duration);
        // `partition_point` is at most the number of bounds, the last bucket's place.
        let bucket = BOUNDS.partition_point(|bound| *bound < micros);
        self.counts[bucket].fetch_add(1, Relaxed);
        self.sum_micros.fetch_add(micros, Relaxed);
        self.max_micros.fetch_max(micros, Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Histogram {
        Histogram {
            counts: std::array::from_fn(|bucket| self.counts[bucket].load(Relaxed)),
            sum_micros: self.sum_micros.load(Relaxed),
            max_micros: self.max_micros.load(Relaxed),
        }
    }
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_counts_up_to_its_bound_and_in_all_that_follow() {
        let table = [(0, 0), (500, 0), (501, 1), (1_000, 1), (9_999_999, 13), (10_000_001, 14)];
        for (micros, first) in table {
            let timings = Timings::default();

            timings.took(Duration::from_micros(micros));

            let counts: Vec<u64> =
                timings.snapshot().buckets().iter().map(|(_, count)| *count).collect();
            let expected: Vec<u64> = (0..15).map(|bucket| u64::from(bucket >= first)).collect();
            assert_eq!(counts, expected, "{micros} µs");
        }
    }

    #[test]
    fn sum_and_longest_are_kept_beside_the_buckets() {
        let timings = Timings::default();

        for millis in [3, 40, 7] {
            timings.took(Duration::from_millis(millis));
        }

        let found = timings.snapshot();
        assert_eq!(found.count(), 3);
        assert_eq!(
            (found.sum(), found.max()),
            (Duration::from_millis(50), Duration::from_millis(40))
        );
        assert_eq!(found.buckets().last(), Some(&(f64::INFINITY, 3)));
    }
}
