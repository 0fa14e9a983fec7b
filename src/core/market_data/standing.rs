//! How the lines of one stream stand: what the gateway advised, which it refused.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use time::OffsetDateTime;

use crate::error::Error;
use crate::lock::lock;
use crate::model::Generation;

/// Shared by a stream's owner and the registry.
#[derive(Debug, Default)]
pub(crate) struct Standing(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Lines that are wanted and not over.
    open: usize,
    /// By contract number.
    advice: BTreeMap<usize, Error>,
    failures: BTreeMap<usize, Failure>,
}

/// Why a line is over.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) error: Error,
    /// The link it ended on.
    pub(super) generation: Generation,
    pub(super) at: OffsetDateTime,
}

impl Standing {
    pub(super) fn opened(&self) {
        self.state().open += 1;
    }

    pub(super) fn advised(&self, slot: usize, advice: Error) {
        self.state().advice.insert(slot, advice);
    }

    /// Notes that a line is over; true if it was the stream's last.
    pub(super) fn failed(&self, slot: usize, failure: Failure) -> bool {
        let mut state = self.state();
        state.open = state.open.saturating_sub(1);
        state.failures.insert(slot, failure);
        state.open == 0
    }

    /// Why lines are over, by contract number.
    pub(crate) fn failures(&self) -> BTreeMap<usize, Error> {
        let state = self.state();
        state.failures.iter().map(|(slot, failure)| (*slot, failure.error.clone())).collect()
    }

    /// Why the line of one contract is over.
    pub(super) fn failure(&self, slot: usize) -> Option<Failure> {
        self.state().failures.get(&slot).cloned()
    }

    /// What the gateway advised last, by contract number.
    pub(crate) fn advice(&self) -> BTreeMap<usize, Error> {
        self.state().advice.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change leaves whole values: a poisoned one can be used.
        lock(&self.0)
    }
}
