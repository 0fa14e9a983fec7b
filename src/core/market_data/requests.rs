//! Requests of the feed link that wait for their turn, in the order they were made.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::session::{Pace, Urgency};

/// One request, with its whole frame.
pub(super) enum Request {
    /// Asks for a line by its number.
    Open(i32, Vec<u8>),
    /// Cancels that line.
    Cancel(i32, Vec<u8>),
    /// Chooses the data of what is asked for later.
    Choice(Vec<u8>),
}

/// The requests of one link. Their number is bounded by the lines of the account: what is cancelled
/// before it was sent is not sent.
pub(super) struct Requests {
    pace: Pace,
    waiting: VecDeque<Request>,
    notifier: Arc<Notify>,
}

/// Turns for requests that wait.
pub(super) struct Turns {
    pace: Pace,
    notifier: Arc<Notify>,
}

impl Request {
    /// What is written.
    pub(super) fn into_frame(self) -> Vec<u8> {
        match self {
            Self::Open(_, frame) | Self::Cancel(_, frame) | Self::Choice(frame) => frame,
        }
    }
}

impl Requests {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, waiting: VecDeque::new(), notifier: Arc::default() }
    }

    pub(super) fn push(&mut self, request: Request) {
        if let Request::Cancel(line, _) = &request {
            let opens = |waiting: &Request| matches!(waiting, Request::Open(no, _) if no == line);
            if let Some(place) = self.waiting.iter().position(opens) {
                self.waiting.remove(place);
                return;
            }
        }
        self.waiting.push_back(request);
    }

    /// Takes what may be written at once; the rest waits for [`turns`](Self::turns).
    pub(super) fn take_sendable(&mut self) -> Vec<u8> {
        let mut sendable = Vec::new();
        while !self.waiting.is_empty() && self.pace.send_now(Urgency::Ordinary) {
            sendable.extend(self.pop().unwrap_or_default());
        }
        if !self.waiting.is_empty() {
            self.notifier.notify_one();
        }
        sendable
    }

    /// Takes the request that has waited longest.
    pub(super) fn pop(&mut self) -> Option<Vec<u8>> {
        self.waiting.pop_front().map(Request::into_frame)
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
        Turns { pace: self.pace.clone(), notifier: Arc::clone(&self.notifier) }
    }
}

impl Turns {
    /// Resolves when requests may be waiting.
    pub(super) async fn wanted(&self) {
        self.notifier.notified().await;
    }

    /// Resolves when the next request may be written.
    pub(super) async fn next(&self) {
        self.pace.turn(Urgency::Ordinary).await;
    }
}
