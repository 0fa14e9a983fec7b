//! A stream as the suite sees it: what it brought so far, whatever its items are.

use std::sync::Arc;

use aioibkr_core::market_data::{BatchQueue, Board, Next, Rows, Stream};

use super::history::Standing;

/// What one look finds.
enum Found {
    Item { is_gap: bool },
    Nothing,
    Over,
}

/// Something a stream may be asked.
type Question = Box<dyn Fn() -> bool + Send + Sync>;

/// An open stream.
pub(super) struct Watched {
    pub(super) name: &'static str,
    take: Box<dyn Fn() -> Found + Send + Sync>,
    fails: Question,
    is_advised: Question,
    pub(super) items: usize,
    pub(super) gaps: usize,
    is_over: bool,
}

/// Whether an item tells of a gap.
pub(super) trait Gapped {
    fn is_gap(&self) -> bool;
}

impl Gapped for aioibkr_core::model::Quote {
    fn is_gap(&self) -> bool {
        self.is_gap
    }
}

impl Gapped for aioibkr_core::model::DepthBook {
    fn is_gap(&self) -> bool {
        self.is_gap
    }
}

impl Watched {
    /// A stream of latest values.
    pub(super) fn board<T>(name: &'static str, stream: Stream<Board<T>>) -> Self
    where
        T: Gapped + Send + Sync + 'static,
    {
        let stream = Arc::new(stream);
        let standing = stream.clone();
        let take = move || match stream.take() {
            Next::Item(item) => Found::Item { is_gap: item.is_gap() },
            Next::Nothing => Found::Nothing,
            Next::Closed | Next::Failed(_) => Found::Over,
        };
        Self::new(name, Box::new(take), standing)
    }

    /// A stream of every item.
    pub(super) fn queue<R>(name: &'static str, stream: Stream<BatchQueue<R>>) -> Self
    where
        R: Rows + Send + Sync + 'static,
    {
        let stream = Arc::new(stream);
        let standing = stream.clone();
        let take = move || match stream.take() {
            Next::Item(batch) => Found::Item { is_gap: batch.is_gap },
            Next::Nothing => Found::Nothing,
            Next::Closed | Next::Failed(_) => Found::Over,
        };
        Self::new(name, Box::new(take), standing)
    }

    fn new<S: Send + Sync + 'static>(
        name: &'static str,
        take: Box<dyn Fn() -> Found + Send + Sync>,
        stream: Arc<Stream<S>>,
    ) -> Self {
        let advised = stream.clone();
        Self {
            name,
            take,
            fails: Box::new(move || !stream.failures().is_empty()),
            is_advised: Box::new(move || !advised.advice().is_empty()),
            items: 0,
            gaps: 0,
            is_over: false,
        }
    }

    /// Takes everything that waits.
    pub(super) fn drain(&mut self) {
        loop {
            match (self.take)() {
                Found::Item { is_gap } => {
                    self.gaps += usize::from(is_gap);
                    self.items += usize::from(!is_gap);
                }
                Found::Nothing => return,
                Found::Over => {
                    self.is_over = true;
                    return;
                }
            }
        }
    }

    /// How it stands, if it had brought so many items before the market moved. What the gateway
    /// advised explains why it brings nothing only when that `is_late`: data may follow.
    pub(super) fn standing(&mut self, before: usize, is_late: bool) -> Standing {
        self.drain();
        if self.items > before {
            return Standing::Delivers;
        }
        let is_explained = self.is_over || (self.fails)() || is_late && (self.is_advised)();
        if is_explained { Standing::SaysWhy } else { Standing::Silent }
    }
}
