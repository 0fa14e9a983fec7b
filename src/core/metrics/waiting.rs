//! What waits at one moment, and what streams have lost: gauges, read where the things are.

/// What waits to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueDepths {
    /// Commands that the order desk has not taken yet.
    pub commands: usize,
    /// Messages of all clients of this process that wait for their turn at the gateway.
    pub pacing: usize,
    /// Requests of this client's feed link that wait for their turn.
    pub feed_requests: usize,
    /// Items that wait for the readers of this client's streams.
    pub streams: usize,
}

/// What a stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamKind {
    /// Latest quotes.
    Quotes,
    /// Every tick of market data.
    Ticks,
    /// Ticks one by one.
    TickByTick,
    /// Latest books.
    Depth,
    /// Bars.
    Bars,
}

impl StreamKind {
    /// Every kind, in the order of their numbers, with its name.
    pub(crate) const NAMES: [(Self, &'static str); 5] = [
        (Self::Quotes, "quotes"),
        (Self::Ticks, "ticks"),
        (Self::TickByTick, "tick_by_tick"),
        (Self::Depth, "depth"),
        (Self::Bars, "bars"),
    ];

    /// The name, as in Python.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::NAMES[self as usize].1
    }
}

/// All streams of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamMetrics {
    /// The kind.
    pub kind: StreamKind,
    /// Streams that somebody holds.
    pub open: usize,
    /// Items that wait for their readers.
    pub waiting: usize,
    /// Items no reader got, of streams that are gone too: dropped for lack of room, or, of quotes
    /// and books, replaced by newer ones.
    pub lost: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_stand_at_the_numbers_of_their_kinds() {
        for (number, (kind, name)) in StreamKind::NAMES.iter().enumerate() {
            assert_eq!((*kind as usize, kind.as_str()), (number, *name));
        }
    }
}
