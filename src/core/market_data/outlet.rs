//! Where the messages of a line go: one outlet per stream that listens to it.

use std::sync::Arc;

use super::bar_fold::Delivery;
use super::board::Board;
use super::columns::{TickByTickColumns, TickColumns};
use super::queue::{BatchQueue, End};
use crate::metrics::StreamKind;
use crate::model::{Bar, DepthBook, Generation, Quote, TextTable};

/// Identity of a stream of this client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StreamId(pub(crate) u64);

/// One stream's place at one line.
#[derive(Clone)]
pub(crate) struct Outlet {
    /// The stream.
    pub(crate) stream: StreamId,
    /// Which of the stream's contracts the line is about.
    pub(crate) slot: usize,
    /// What takes the items.
    pub(crate) port: Port,
}

/// What takes the items of a stream.
#[derive(Clone)]
pub(crate) enum Port {
    /// Latest quotes.
    Quotes(Arc<Board<Quote>>),
    /// Every tick.
    Ticks(Arc<BatchQueue<TickColumns>>),
    /// Tick-by-tick data.
    TickByTick(Arc<BatchQueue<TickByTickColumns>>, Arc<TextTable>),
    /// Latest books.
    Depth(Arc<Board<DepthBook>>),
    /// Bars.
    Bars(Arc<BatchQueue<Vec<Bar>>>),
}

impl Port {
    /// Whether it takes quotes.
    pub(super) fn is_quotes(&self) -> bool {
        matches!(self, Self::Quotes(_))
    }
}

impl Outlet {
    /// Takes a quote, if the stream wants quotes.
    pub(super) fn quote(&self, quote: &Arc<Quote>) {
        if let Port::Quotes(board) = &self.port {
            board.publish(self.slot, Arc::clone(quote));
        }
    }

    /// Takes a book, if the stream wants books.
    pub(super) fn book(&self, book: &Arc<DepthBook>) {
        if let Port::Depth(board) = &self.port {
            board.publish(self.slot, Arc::clone(book));
        }
    }

    /// Tells a stream of quotes or ticks of a gap.
    pub(super) fn quote_gap(&self, gap: &Arc<Quote>) {
        match &self.port {
            Port::Quotes(board) => board.publish_gap(self.slot, Arc::clone(gap)),
            Port::Ticks(queue) => queue.gap(gap.generation),
            Port::TickByTick(..) | Port::Depth(_) | Port::Bars(_) => {}
        }
    }

    /// Tells a stream of books of a gap.
    pub(super) fn book_gap(&self, gap: &Arc<DepthBook>) {
        if let Port::Depth(board) = &self.port {
            board.publish_gap(self.slot, Arc::clone(gap));
        }
    }

    /// Takes bars, behind what could not be had of those before them.
    pub(super) fn bars(&self, generation: Generation, delivery: &Delivery) {
        let Port::Bars(queue) = &self.port else { return };
        if delivery.gap.is_some() {
            queue.gap_of(generation, delivery.gap.clone());
        }
        queue.push(generation, &mut delivery.bars.clone());
    }

    /// Tells a stream of single items of a gap.
    pub(super) fn item_gap(&self, generation: Generation) {
        match &self.port {
            Port::TickByTick(queue, _) => queue.gap(generation),
            Port::Bars(queue) => queue.gap(generation),
            Port::Quotes(_) | Port::Ticks(_) | Port::Depth(_) => {}
        }
    }
}

impl Port {
    /// What the stream carries.
    pub(super) fn kind(&self) -> StreamKind {
        match self {
            Self::Quotes(_) => StreamKind::Quotes,
            Self::Ticks(_) => StreamKind::Ticks,
            Self::TickByTick(..) => StreamKind::TickByTick,
            Self::Depth(_) => StreamKind::Depth,
            Self::Bars(_) => StreamKind::Bars,
        }
    }

    /// How many items wait for the reader.
    pub(super) fn waiting(&self) -> usize {
        match self {
            Self::Quotes(board) => board.waiting(),
            Self::Ticks(queue) => queue.waiting(),
            Self::TickByTick(queue, _) => queue.waiting(),
            Self::Depth(board) => board.waiting(),
            Self::Bars(queue) => queue.waiting(),
        }
    }

    /// How many items no reader got.
    pub(super) fn lost(&self) -> u64 {
        match self {
            Self::Quotes(board) => board.replaced(),
            Self::Ticks(queue) => queue.lost(),
            Self::TickByTick(queue, _) => queue.lost(),
            Self::Depth(board) => board.replaced(),
            Self::Bars(queue) => queue.lost(),
        }
    }

    /// Ends the stream.
    pub(super) fn end(&self, end: End) {
        match self {
            Self::Quotes(board) => board.end(end),
            Self::Ticks(queue) => queue.end(end),
            Self::TickByTick(queue, _) => queue.end(end),
            Self::Depth(board) => board.end(end),
            Self::Bars(queue) => queue.end(end),
        }
    }
}
