//! Permanent ids: positive, of 31 bits, consecutive, and never given twice, as IB's are (I7).
//!
//! A gateway begins where the clock stands in milliseconds and above everything its process has
//! given. So an id comes again neither after a reset nor in the next process, as long as a gateway
//! takes less than a thousand orders a second on average; after twelve days the clock's part begins
//! anew. One that is told where to begin does so after each reset too, which no gateway of IB's does.

use std::sync::atomic::{AtomicI64, Ordering};

use super::ids::PermId;

/// The lowest id of a gateway that was not told where to begin.
const LOWEST: i64 = 1 << 30;
const HIGHEST: i64 = i32::MAX as i64;

/// The last id given by the gateways of this process that were not told where to begin.
static GIVEN: AtomicI64 = AtomicI64::new(LOWEST - 1);

/// Where the next permanent id comes from.
#[derive(Debug)]
pub(crate) enum PermIds {
    /// Unique over everything this process does.
    Unique,
    /// The one after this.
    After(i64),
}

impl PermIds {
    /// Ids for a gateway that starts at this time, in epoch milliseconds.
    pub(crate) fn unique(millis: i64) -> Self {
        GIVEN.fetch_max(of_time(millis), Ordering::Relaxed);
        Self::Unique
    }

    /// Ids that begin with this one.
    pub(crate) fn from(first: i64) -> Self {
        Self::After(first - 1)
    }

    pub(crate) fn next(&mut self) -> PermId {
        let given = match self {
            Self::Unique => {
                let given = GIVEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |given| {
                    Some(following(given))
                });
                following(given.unwrap_or_else(|given| given))
            }
            Self::After(given) => {
                *given = following(*given);
                *given
            }
        };
        PermId(given)
    }
}

impl Default for PermIds {
    fn default() -> Self {
        Self::from(LOWEST)
    }
}

fn of_time(millis: i64) -> i64 {
    LOWEST + millis.rem_euclid(HIGHEST - LOWEST)
}

fn following(given: i64) -> i64 {
    if given < HIGHEST { given + 1 } else { LOWEST }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(ids: &mut PermIds) -> Vec<i64> {
        (0..3).map(|_| ids.next().0).collect()
    }

    #[test]
    fn test_ids_do_not_come_again_whatever_the_clock_says() {
        let first = some(&mut PermIds::unique(1_800_000_000_000));
        let turned_back = some(&mut PermIds::unique(1_700_000_000_000));
        let later = some(&mut PermIds::unique(1_800_000_000_500));

        let all = [first, turned_back, later].concat();
        assert!(all.is_sorted_by(|one, next| one < next), "{all:?}");
        assert!(all.iter().all(|id| (LOWEST..=HIGHEST).contains(id)), "{all:?}");
    }

    #[test]
    fn test_a_process_that_starts_later_begins_higher() {
        assert!(of_time(1_800_000_001_000) - of_time(1_800_000_000_000) >= 1_000);
    }

    #[test]
    fn test_ids_that_are_told_where_to_begin_stay_in_range() {
        assert_eq!(some(&mut PermIds::from(7)), [7, 8, 9]);
        assert_eq!(some(&mut PermIds::from(HIGHEST)), [HIGHEST, LOWEST, LOWEST + 1]);
    }
}
