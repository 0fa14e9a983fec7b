//! What happens to a client: told where it happens, kept for whoever listens.
//!
//! | file | holds |
//! |---|---|
//! | `queue` | what waits for one listener |
//! | `codes` | what the codes of a gateway mean |
//! | `failures` | their categories, and the newest of them |
//! | `alerts` | what deserves an alert, and which are held back: pure |
//! | `outage` | when a client is blind: pure |
//! | `link` | what a session tells of its links |
//!
//! Listeners of a topic all hear the same, in the same order. Telling takes a lock for a moment and
//! waits for nobody, so it may be done anywhere. Nothing here holds a client.

mod alerts;
pub(crate) mod codes;
mod failures;
mod link;
mod outage;
mod queue;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use tokio::time::Instant;

use crate::clock;
use crate::error::Error;
use crate::lock::lock;
use crate::model::{Alert, Event, Failure, FailureCategory, Kept, LinkName, Topic};

use alerts::Dedupe;
use failures::History;
use queue::Queue;

pub(crate) use alerts::alert;
pub(crate) use link::LinkEvents;
pub(crate) use outage::Outage;
pub use queue::{Heard, Notify};

/// Takes what happens, and hands it to those who listen.
#[derive(Clone)]
pub(crate) struct Events(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Whether somebody ever listened to updates, which come by the thousand.
    are_updates_wanted: AtomicBool,
}

struct State {
    listeners: Vec<Weak<Queue>>,
    history: History,
    dedupe: Dedupe,
    is_over: bool,
}

impl Events {
    /// Nobody listens yet. The same alert is not raised again within `repeat_after`.
    pub(crate) fn new(repeat_after: Duration) -> Self {
        let state = State {
            listeners: Vec::new(),
            history: History::default(),
            dedupe: Dedupe::new(repeat_after),
            is_over: false,
        };
        let are_updates_wanted = AtomicBool::new(false);
        Self(Arc::new(Shared { state: Mutex::new(state), are_updates_wanted }))
    }

    /// Listens to a topic from now on.
    pub(crate) fn listen(&self, topic: Topic, capacity: usize, notify: Notify) -> Listener {
        let queue = Arc::new(Queue::new(topic, capacity, notify));
        let mut state = self.state();
        if state.is_over {
            queue.end();
        } else {
            state.listeners.retain(|listener| listener.strong_count() > 0);
            state.listeners.push(Arc::downgrade(&queue));
        }
        if topic == Topic::Update {
            self.0.are_updates_wanted.store(true, Ordering::Relaxed);
        }
        Listener(queue)
    }

    /// The newest failures, of one category or all, the oldest first.
    pub(crate) fn failures(&self, category: Option<FailureCategory>) -> Vec<Failure> {
        self.state().history.of(category)
    }

    /// What a link's session tells through.
    pub(crate) fn of(&self, link: LinkName) -> LinkEvents {
        LinkEvents::new(self.clone(), link)
    }

    /// Tells what happened, and what follows from it.
    pub(crate) fn tell(&self, event: Event) {
        let mut told = Vec::new();
        self.state().tell(event, &mut told);
        told.iter().for_each(|queue| queue.tell());
    }

    /// A request failed.
    pub(crate) fn failed(&self, error: &Error) {
        self.tell(Event::Failure(failures::failure(error, None, clock::now())));
    }

    /// Something kept has changed.
    pub(crate) fn updated(&self, kept: Kept) {
        if self.0.are_updates_wanted.load(Ordering::Relaxed) {
            self.tell(Event::Update(kept));
        }
    }

    /// Raises an alert, unless it was raised a short time ago.
    pub(crate) fn raise(&self, alert: Alert) {
        let mut told = Vec::new();
        self.state().raise(alert, &mut told);
        told.iter().for_each(|queue| queue.tell());
    }

    /// Nothing more happens: listeners end once they have taken what waits.
    pub(crate) fn end(&self) {
        let listeners = {
            let mut state = self.state();
            state.is_over = true;
            std::mem::take(&mut state.listeners)
        };
        listeners.iter().filter_map(Weak::upgrade).for_each(|queue| queue.end());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Holders leave whole values; nothing is awaited while the lock is held.
        lock(&self.0.state)
    }
}

impl State {
    fn tell(&mut self, event: Event, told: &mut Vec<Arc<Queue>>) {
        if self.is_over {
            return;
        }
        let event = Arc::new(event);
        let heard = self.listeners.iter().filter_map(Weak::upgrade);
        told.extend(heard.filter(|queue| queue.covers(&event) && queue.push(&event)));
        match &*event {
            Event::Failure(failure) => self.history.add(failure),
            Event::Notice(notice) => {
                if let Some(warning) = failures::warning(notice) {
                    self.tell(Event::Failure(warning), told);
                }
            }
            Event::State(_)
            | Event::Ready(_)
            | Event::Alert(_)
            | Event::OrderStatus(_)
            | Event::Execution(_)
            | Event::Commission(_)
            | Event::Keepalive(_)
            | Event::Update(_) => {}
        }
        if let Some(alert) = alerts::of(&event) {
            self.raise(alert, told);
        }
    }

    fn raise(&mut self, alert: Alert, told: &mut Vec<Arc<Queue>>) {
        if let Some(alert) = self.dedupe.admit(alert, Instant::now()) {
            log::warn!(target: "aioibkr::events", "{}: {}", alert.kind, alert.message);
            self.tell(Event::Alert(alert), told);
        }
    }
}

/// Hears what happens, from the moment it was made. Dropping it is the end of it.
pub struct Listener(Arc<Queue>);

impl Listener {
    /// What has waited longest.
    #[must_use]
    pub fn take(&self) -> Heard {
        self.0.take()
    }

    /// Whether [`take`](Self::take) would find anything but nothing.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.0.has_news()
    }

    /// How many events were dropped because nobody came for them.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.0.lost()
    }

    /// How many events wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.waiting()
    }

    /// Hears nothing more; what waits can still be taken. Idempotent.
    pub fn close(&self) {
        self.0.end();
    }
}
