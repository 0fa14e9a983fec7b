//! The book of one market at one moment.

use std::sync::Arc;

use time::OffsetDateTime;

use super::{Contract, Generation};

/// One row of one side of a book.
#[derive(Debug, Clone, PartialEq)]
pub struct DepthLevel {
    /// Price of the row.
    pub price: f64,
    /// Size of the row.
    pub size: f64,
    /// Market maker or exchange behind it, where the gateway names one.
    pub market_maker: Option<Arc<str>>,
}

/// The book of one market at one moment, as the gateway tells it row by row.
///
/// In the middle of a burst of updates a side may be out of order for a moment, or the book
/// crossed; the book of many exchanges (SMART) is crossed at times for longer.
#[derive(Debug, Clone, PartialEq)]
pub struct DepthBook {
    /// The qualified contract.
    pub contract: Arc<Contract>,
    /// Rows of the bids, best first.
    pub bids: Arc<[DepthLevel]>,
    /// Rows of the asks, best first.
    pub asks: Arc<[DepthLevel]>,
    /// When the newest row arrived; of a gap, when the newest one before it did.
    pub received_at: OffsetDateTime,
    /// The link it came from.
    pub generation: Generation,
    /// Whether this book tells that what was known before is known no longer, because the link was
    /// lost or the gateway began the book anew. It has no rows.
    pub is_gap: bool,
    /// Updates since the subscription began that did not fit the book and were ignored.
    pub anomalies: u64,
}

impl DepthBook {
    /// Whether the best bid is above the best ask.
    #[must_use]
    pub fn is_crossed(&self) -> bool {
        let best = self.bids.first().zip(self.asks.first());
        best.is_some_and(|(bid, ask)| bid.price > ask.price)
    }
}
