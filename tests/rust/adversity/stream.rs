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

/// An open stream.
pub(super) struct Watched {
    pub(super) name: &'static str,
    take: Box<dyn Fn() -> Found + Send + Sync>,
    explains: Box<dyn Fn() -> bool + Send + Sync>,
    pub(super) items: usize,
    pub(super) gaps: usize,
    is_over: bool,
}

/// Whether a stream tells why a contract brings nothing.
fn explains<S>(stream: &Stream<S>) -> bool {
    !stream.failures().is_empty() || !stream.advice().is_empty()
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
        Self::new(name, Box::new(take), Box::new(move || explains(&standing)))
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
        Self::new(name, Box::new(take), Box::new(move || explains(&standing)))
    }

    fn new(
        name: &'static str,
        take: Box<dyn Fn() -> Found + Send + Sync>,
        explains: Box<dyn Fn() -> bool + Send + Sync>,
    ) -> Self {
        Self { name, take, explains, items: 0, gaps: 0, is_over: false }
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

    /// How it stands, if it had brought so many items before the market moved.
    pub(super) fn standing(&mut self, before: usize) -> Standing {
        self.drain();
        if self.items > before {
            return Standing::Delivers;
        }
        if self.is_over || (self.explains)() { Standing::SaysWhy } else { Standing::Silent }
    }
}
