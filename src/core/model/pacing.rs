//! How fast a client may send, and how much of that is left.

use std::time::Duration;

/// How fast programs may send to one gateway, all clients of this process together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pacing {
    /// Most messages in any second, 1 or more. IB allows 50; its last tenth is kept for orders and
    /// cancels.
    pub messages_per_second: usize,
}

impl Default for Pacing {
    fn default() -> Self {
        Self { messages_per_second: 50 }
    }
}

/// How the messages of this process to one gateway stand, at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PacingUsage {
    /// Most messages in any second.
    pub limit: usize,
    /// Messages that could be sent at once, what is kept for orders and cancels not counted.
    pub left: usize,
    /// Messages that wait for their turn.
    pub waiting: usize,
    /// How long one more would wait.
    pub expected_wait: Duration,
    /// Queries for bars of 30 seconds or below that may still be sent in these ten minutes.
    pub history_left: usize,
    /// How long one more of those would wait.
    pub history_wait: Duration,
}
