//! Requests of the feed link that wait for their turn, in the order they were made.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::session::{Pace, Urgency};

/// The requests of one link, each a whole frame. Their number is bounded by the lines of the
/// account and how often they are opened while they wait.
pub(super) struct Requests {
    pace: Pace,
    waiting: VecDeque<Vec<u8>>,
    bell: Arc<Notify>,
}

/// Turns for requests that wait.
pub(super) struct Turns {
    pace: Pace,
    bell: Arc<Notify>,
}

impl Requests {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, waiting: VecDeque::new(), bell: Arc::default() }
    }

    pub(super) fn push(&mut self, request: Vec<u8>) {
        self.waiting.push_back(request);
    }

    /// Takes what may be written at once; the rest waits for [`turns`](Self::turns).
    pub(super) fn take_sendable(&mut self) -> Vec<u8> {
        let mut sendable = Vec::new();
        while !self.waiting.is_empty() && self.pace.send_now(Urgency::Ordinary) {
            sendable.extend(self.waiting.pop_front().unwrap_or_default());
        }
        if !self.waiting.is_empty() {
            self.bell.notify_one();
        }
        sendable
    }

    /// Takes the request that has waited longest.
    pub(super) fn pop(&mut self) -> Option<Vec<u8>> {
        self.waiting.pop_front()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many wait.
    pub(super) fn count(&self) -> usize {
        self.waiting.len()
    }

    /// Forgets what was meant for a link that is gone.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    pub(super) fn turns(&self) -> Turns {
        Turns { pace: self.pace.clone(), bell: Arc::clone(&self.bell) }
    }
}

impl Turns {
    /// Resolves when requests may be waiting.
    pub(super) async fn wanted(&self) {
        self.bell.notified().await;
    }

    /// Resolves when the next request may be written.
    pub(super) async fn next(&self) {
        self.pace.turn(Urgency::Ordinary).await;
    }
}
