//! How the lines of one stream stand: what the gateway advised, which it refused.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Error;

/// Shared by a stream's owner and the registry.
#[derive(Debug, Default)]
pub(crate) struct Standing(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Lines that are wanted and not over.
    open: usize,
    /// By contract number.
    advice: BTreeMap<usize, Error>,
    failures: BTreeMap<usize, Error>,
}

impl Standing {
    pub(super) fn opened(&self) {
        self.state().open += 1;
    }

    pub(super) fn advised(&self, slot: usize, advice: Error) {
        self.state().advice.insert(slot, advice);
    }

    /// Notes that a line is over; true if it was the stream's last.
    pub(super) fn failed(&self, slot: usize, error: Error) -> bool {
        let mut state = self.state();
        state.open = state.open.saturating_sub(1);
        state.failures.insert(slot, error);
        state.open == 0
    }

    /// Why lines are over, by contract number.
    pub(crate) fn failures(&self) -> BTreeMap<usize, Error> {
        self.state().failures.clone()
    }

    /// What the gateway advised last, by contract number.
    pub(crate) fn advice(&self) -> BTreeMap<usize, Error> {
        self.state().advice.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change leaves whole values: a poisoned one can be used.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
