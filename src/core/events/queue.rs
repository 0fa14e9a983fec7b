//! What waits for one listener: bounded, in order, with an exact count of what was dropped.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::lock::lock;
use crate::model::{Event, Topic};

/// Called when a listener may find something new; from any thread.
pub type Notify = Arc<dyn Fn() + Send + Sync>;

/// What a listener finds.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// Something happened.
    Event(Arc<Event>),
    /// Nothing yet.
    Nothing,
    /// Nothing more will: the client was closed, or the listener stopped.
    Over,
}

/// Events of one topic on their way to one listener.
///
/// Beyond its capacity the oldest are dropped and counted. What happens to orders is never dropped:
/// of that there is no more than what the trades of the session, which are kept anyway, went through.
pub(super) struct Queue {
    topic: Topic,
    capacity: usize,
    notify: Notify,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    events: VecDeque<Arc<Event>>,
    lost: u64,
    is_over: bool,
}

impl Queue {
    pub(super) fn new(topic: Topic, capacity: usize, notify: Notify) -> Self {
        Self { topic, capacity: capacity.max(1), notify, state: Mutex::default() }
    }

    /// Whether events of that kind belong here.
    pub(super) fn covers(&self, event: &Event) -> bool {
        self.topic.covers(event)
    }

    /// Puts an event in; true if the listener is to be told.
    pub(super) fn push(&self, event: &Arc<Event>) -> bool {
        let mut state = self.state();
        if state.is_over || is_told_already(&state.events, event) {
            return false;
        }
        if state.events.len() >= self.capacity && !self.topic.is_lossless() {
            state.events.pop_front();
            state.lost += 1;
        }
        state.events.push_back(Arc::clone(event));
        true
    }

    /// Ends it; what waits can still be taken.
    pub(super) fn end(&self) {
        self.state().is_over = true;
        self.tell();
    }

    /// Tells the listener.
    pub(super) fn tell(&self) {
        (self.notify)();
    }

    pub(super) fn take(&self) -> Heard {
        let mut state = self.state();
        match state.events.pop_front() {
            Some(event) => Heard::Event(event),
            None if state.is_over => Heard::Over,
            None => Heard::Nothing,
        }
    }

    pub(super) fn has_news(&self) -> bool {
        let state = self.state();
        state.is_over || !state.events.is_empty()
    }

    pub(super) fn lost(&self) -> u64 {
        self.state().lost
    }

    pub(super) fn waiting(&self) -> usize {
        self.state().events.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Holders only move values: a poisoned one is still whole.
        lock(&self.state)
    }
}

/// An update carries no value: one that waits tells all that a second would.
fn is_told_already(waiting: &VecDeque<Arc<Event>>, event: &Event) -> bool {
    matches!(event, Event::Update(_)) && waiting.iter().any(|known| **known == *event)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use time::OffsetDateTime;

    use super::*;
    use crate::model::{Alert, AlertKind, Commission, ExecutionId, Kept};

    fn queue(topic: Topic, capacity: usize) -> Queue {
        Queue::new(topic, capacity, Arc::new(|| {}))
    }

    fn alert(number: usize) -> Arc<Event> {
        Arc::new(Event::Alert(Alert {
            kind: AlertKind::Lagged,
            subject: number.to_string(),
            message: String::new(),
            context: BTreeMap::new(),
            suppressed: 0,
            time: OffsetDateTime::UNIX_EPOCH,
        }))
    }

    fn drain(queue: &Queue) -> Vec<Arc<Event>> {
        let next = || match queue.take() {
            Heard::Event(event) => Some(event),
            Heard::Nothing | Heard::Over => None,
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn whoever_is_slow_keeps_the_newest_and_is_told_how_many_it_lost() {
        for count in [0, 1, 4, 5, 100] {
            let queue = queue(Topic::Alert, 4);
            let told: Vec<_> = (0..count).map(alert).collect();
            let is_told = told.iter().all(|event| queue.push(event));

            let kept = drain(&queue);

            assert!(is_told);
            assert_eq!(kept, told[count.saturating_sub(4)..], "of {count}");
            assert_eq!(kept.len() as u64 + queue.lost(), count as u64);
        }
    }

    #[test]
    fn updates_that_say_the_same_come_as_one_and_none_is_lost() {
        let queue = queue(Topic::Update, 4);

        for _ in 0..10 {
            for kept in [Kept::Orders, Kept::Quotes] {
                queue.push(&Arc::new(Event::Update(kept)));
            }
        }

        let expected = [Kept::Orders, Kept::Quotes].map(|kept| Arc::new(Event::Update(kept)));
        assert_eq!((drain(&queue), queue.lost()), (expected.to_vec(), 0));
    }

    #[test]
    fn what_happens_to_orders_is_never_dropped() {
        let queue = queue(Topic::Commission, 1);

        for number in 0..100 {
            queue.push(&Arc::new(Event::Commission(Box::new(fill(number)))));
        }

        assert_eq!((queue.waiting(), queue.lost()), (100, 0));
    }

    #[test]
    fn what_waits_can_still_be_taken_after_the_end() {
        let queue = queue(Topic::Alert, 4);
        queue.push(&alert(1));

        queue.end();

        assert!(!queue.push(&alert(2)) && queue.has_news());
        assert_eq!((queue.take(), queue.take()), (Heard::Event(alert(1)), Heard::Over));
    }

    fn fill(number: i32) -> crate::model::Fill {
        use crate::model::{Execution, Fill};

        let execution_id = ExecutionId(number.to_string());
        let execution = Execution::of_test(&execution_id.0, 1, 1.0);
        let commission = Commission {
            execution_id,
            amount: None,
            currency: String::new(),
            realized_pnl: None,
            bond_yield: None,
            yield_redemption_date: String::new(),
        };
        Fill { execution, commission: Some(commission) }
    }
}
