//! How many tries make one failure, how far apart and how long each, by how often connecting has
//! failed in a row: pure. Without a table each caller's own rules hold.
//!
//! A row holds once there were `after` failures; the one with the highest such number does. A round
//! after a loss has as many tries as it takes: each time a row's tries are used up is a failure.

use crate::model::ConnectTries;

/// The tries of one session.
#[derive(Debug, Clone)]
pub(super) struct Tries {
    table: Vec<ConnectTries>,
    /// Failures since there was a link.
    failures: u32,
    /// Tries that failed since the last failure, or since the round began.
    tried: u32,
}

impl Tries {
    pub(super) fn new(table: Vec<ConnectTries>) -> Self {
        Self { table, failures: 0, tried: 0 }
    }

    /// The row that holds now.
    pub(super) fn row(&self) -> Option<ConnectTries> {
        let holding = self.table.iter().filter(|row| row.after <= self.failures);
        holding.max_by_key(|row| row.after).copied()
    }

    /// Whether the row that holds has no try left.
    pub(super) fn are_used_up(&self) -> bool {
        self.row().is_none_or(|row| self.tried >= row.count)
    }

    /// A round begins.
    pub(super) fn begin(&mut self) {
        self.tried = 0;
    }

    /// A try failed.
    pub(super) fn failed(&mut self) {
        self.tried = self.tried.saturating_add(1);
    }

    /// The tries so far are one failure.
    pub(super) fn counted(&mut self) {
        self.failures = self.failures.saturating_add(1);
        self.tried = 0;
    }

    /// There is a link.
    pub(super) fn succeeded(&mut self) {
        (self.failures, self.tried) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn row(after: u32, count: u32) -> ConnectTries {
        let time = Duration::from_secs(u64::from(count));
        ConnectTries { after, count, pause: time, timeout: time }
    }

    #[test]
    fn the_row_is_chosen_by_failures_in_a_row() {
        let mut tries = Tries::new(vec![row(5, 1), row(0, 3), row(2, 2)]);

        let counts: Vec<_> = (0..8)
            .map(|_| {
                let count = tries.row().unwrap().count;
                tries.counted();
                count
            })
            .collect();
        tries.succeeded();

        assert_eq!(counts, [3, 3, 2, 2, 2, 1, 1, 1]);
        assert_eq!(tries.row().unwrap().count, 3, "a link forgets failures");
    }

    #[test]
    fn tries_are_used_up_once_and_again_after_a_failure() {
        let mut tries = Tries::new(vec![row(0, 2)]);

        let used_up: Vec<_> = (0..6)
            .map(|_| {
                tries.failed();
                let used_up = tries.are_used_up();
                if used_up {
                    tries.counted();
                }
                used_up
            })
            .collect();

        assert_eq!(used_up, [false, true, false, true, false, true]);
    }

    #[test]
    fn before_the_first_row_and_without_a_table_each_try_is_all() {
        let table = [Tries::new(Vec::new()), Tries::new(vec![row(1, 3)])];
        for tries in table {
            assert!(tries.row().is_none() && tries.are_used_up());
        }
    }
}
