//! How often each of IB's codes came: a fixed number of distinct codes, so that no gateway can make
//! it grow; what does not fit is counted together. No lock.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

/// Distinct codes kept; IB documents some two hundred, of which a client meets a few.
const PLACES: usize = 64;

/// A place that no code has; codes are 32 bits wide.
const FREE: i64 = i64::MIN;

/// How often each code came, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CodeCounts {
    /// By code.
    pub by_code: BTreeMap<i32, u64>,
    /// Codes beyond the first 64 distinct ones.
    pub others: u64,
}

/// Where codes are counted.
#[derive(Debug)]
pub(crate) struct CodeCounters {
    places: [(AtomicI64, AtomicU64); PLACES],
    others: AtomicU64,
}

impl Default for CodeCounters {
    fn default() -> Self {
        let free = |_| (AtomicI64::new(FREE), AtomicU64::new(0));
        Self { places: std::array::from_fn(free), others: AtomicU64::new(0) }
    }
}

impl CodeCounters {
    pub(crate) fn came(&self, code: i32) {
        let place = self.places.iter().find(|(holder, _)| holds(holder, i64::from(code)));
        place.map_or(&self.others, |(_, count)| count).fetch_add(1, Relaxed);
    }

    pub(crate) fn snapshot(&self) -> CodeCounts {
        let taken = self.places.iter().map(|(code, count)| (code.load(Relaxed), count));
        let codes = taken.filter_map(|(code, count)| {
            // `FREE` is no 32-bit number.
            i32::try_from(code).ok().map(|code| (code, count.load(Relaxed)))
        });
        CodeCounts { by_code: codes.collect(), others: self.others.load(Relaxed) }
    }
}

/// Whether a place is the code's, taking it if it is free.
fn holds(holder: &AtomicI64, code: i64) -> bool {
    match holder.load(Relaxed) {
        FREE => match holder.compare_exchange(FREE, code, Relaxed, Relaxed) {
            Ok(_) => true,
            Err(taken) => taken == code,
        },
        taken => taken == code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_counted_apart_and_only_so_many() {
        let counters = CodeCounters::default();

        for code in (0..100).chain([-1, 5, 5]) {
            counters.came(code);
        }

        let counts = counters.snapshot();
        assert_eq!((counts.by_code.len(), counts.others), (PLACES, 37));
        assert_eq!((counts.by_code[&5], counts.by_code[&63]), (3, 1));
    }

    #[test]
    fn a_code_that_comes_from_everywhere_at_once_has_one_place() {
        let counters = CodeCounters::default();

        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|turn| counters.came(2100 + turn % 8)));
            }
        });

        let counts = counters.snapshot();
        assert_eq!((counts.by_code.len(), counts.others), (8, 0));
        assert!(counts.by_code.values().all(|count| *count == 500), "{counts:?}");
    }
}
