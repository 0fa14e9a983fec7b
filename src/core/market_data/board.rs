//! The latest value of each contract of a stream: what a reader has not seen is replaced by what
//! is newer, a gap excepted.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use super::queue::{End, Next, Notify};

use crate::lock::lock;

/// Latest values on their way to one reader.
pub struct Board<T> {
    state: Mutex<State<T>>,
    notify: Notify,
}

struct State<T> {
    slots: Vec<Slot<T>>,
    /// Slots the reader has not seen, the longest waiting first; each at most once.
    changed: VecDeque<usize>,
    replaced: u64,
    end: Option<End>,
}

struct Slot<T> {
    latest: Option<Arc<T>>,
    /// A gap that was not taken yet.
    gap: Option<Arc<T>>,
    /// Whether `latest` was not taken yet.
    is_new: bool,
}

impl<T> Board<T> {
    /// A board of `slots` contracts.
    pub(crate) fn new(slots: usize, notify: Notify) -> Self {
        let empty = || Slot { latest: None, gap: None, is_new: false };
        let slots = std::iter::repeat_with(empty).take(slots).collect();
        let state = State { slots, changed: VecDeque::new(), replaced: 0, end: None };
        Self { state: Mutex::new(state), notify }
    }

    /// Puts a new value in.
    pub(crate) fn publish(&self, slot: usize, value: Arc<T>) {
        self.change(slot, |slot| {
            slot.latest = Some(value);
            u64::from(std::mem::replace(&mut slot.is_new, true))
        });
    }

    /// Puts a gap in: it is handed over before anything newer, and nothing older is any more.
    pub(crate) fn publish_gap(&self, slot: usize, gap: Arc<T>) {
        self.change(slot, |slot| {
            slot.latest = Some(Arc::clone(&gap));
            slot.gap = Some(gap);
            u64::from(std::mem::replace(&mut slot.is_new, false))
        });
    }

    /// Applies a change that returns how many unseen values it replaced, and tells the reader.
    fn change(&self, number: usize, change: impl FnOnce(&mut Slot<T>) -> u64) {
        let is_first = self.state().change(number, change);
        if is_first {
            (self.notify)();
        }
    }

    /// Ends the stream, once; what waits can still be taken.
    pub(crate) fn end(&self, end: End) {
        self.state().end.get_or_insert(end);
        (self.notify)();
    }

    /// The value that has waited longest.
    pub(crate) fn take(&self) -> Next<Arc<T>> {
        let mut state = self.state();
        let state = &mut *state;
        let Some(number) = state.changed.pop_front() else {
            return state.end.as_ref().map_or(Next::Nothing, Next::from);
        };
        // Numbers in `changed` are those of slots.
        let Some(slot) = state.slots.get_mut(number) else { return Next::Nothing };
        let value = match slot.gap.take() {
            Some(gap) => Some(gap),
            None => {
                slot.is_new = false;
                slot.latest.clone()
            }
        };
        if slot.is_waiting() {
            state.changed.push_front(number);
        }
        value.map_or(Next::Nothing, Next::Item)
    }

    /// The latest value, seen or not.
    pub(crate) fn latest(&self, slot: usize) -> Option<Arc<T>> {
        self.state().slots.get(slot)?.latest.clone()
    }

    /// Whether `take` would find anything but nothing.
    pub(crate) fn has_news(&self) -> bool {
        let state = self.state();
        !state.changed.is_empty() || state.end.is_some()
    }

    /// How many contracts have something the reader has not seen.
    pub(crate) fn waiting(&self) -> usize {
        self.state().changed.len()
    }

    /// How many values were replaced before the reader saw them.
    pub(crate) fn replaced(&self) -> u64 {
        self.state().replaced
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Holders only move values: a poisoned one is still whole.
        lock(&self.state)
    }
}

impl<T> State<T> {
    /// Returns whether something waits now that did not before, of all slots.
    fn change(&mut self, number: usize, change: impl FnOnce(&mut Slot<T>) -> u64) -> bool {
        let Some(slot) = self.slots.get_mut(number).filter(|_| self.end.is_none()) else {
            return false;
        };
        let was_waiting = slot.is_waiting();
        self.replaced += change(slot);
        if !was_waiting {
            self.changed.push_back(number);
        }
        !was_waiting && self.changed.len() == 1
    }
}

impl<T> Slot<T> {
    fn is_waiting(&self) -> bool {
        self.is_new || self.gap.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take_all(board: &Board<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| match board.take() {
            Next::Item(value) => Some(*value),
            Next::Nothing | Next::Closed | Next::Failed(_) => None,
        })
        .collect()
    }

    #[test]
    fn newer_values_replace_unseen_ones_in_their_turn() {
        let board = Board::new(2, Arc::new(|| {}));
        for (slot, value) in [(0, "a1"), (1, "b1"), (0, "a2")] {
            board.publish(slot, Arc::new(value));
        }

        assert_eq!(take_all(&board), ["a2", "b1"]);
        assert_eq!((board.replaced(), board.has_news()), (1, false));
        assert_eq!(board.latest(0).as_deref(), Some(&"a2"));
    }

    #[test]
    fn a_gap_comes_before_what_is_newer_and_hides_what_is_older() {
        let board = Board::new(1, Arc::new(|| {}));
        board.publish(0, Arc::new("old"));
        board.publish_gap(0, Arc::new("gap"));
        board.publish(0, Arc::new("new"));

        assert_eq!(take_all(&board), ["gap", "new"]);
        assert_eq!(board.replaced(), 1);
    }

    #[test]
    fn what_waits_can_be_taken_after_the_end() {
        let board = Board::new(1, Arc::new(|| {}));
        board.publish(0, Arc::new("last"));
        board.end(End::Closed);
        board.publish(0, Arc::new("late"));

        assert_eq!(take_all(&board), ["last"]);
        assert!(matches!(board.take(), Next::Closed));
    }
}
