//! Depth updates of the feed folded into a book. Pure: no clock, no I/O.
//!
//! | update | row is in the book | row follows the last one | row lies further down, or is negative |
//! |---|---|---|---|
//! | insert | put before it | added | ignored, anomaly |
//! | update | replaced | added | ignored, anomaly |
//! | delete | removed | ignored, anomaly | ignored, anomaly |
//!
//! - Rows beyond the number asked for fall off the bottom. Of a full side, the row that follows the
//!   last one is what fell off, so updates of it are dropped and are no anomaly.
//! - Rows beyond the present book do come with SMART depth (D5). Adding one at the end would show a
//!   wrong best price while the side is still empty; ignored, it returns with its next update, once
//!   those above it are there.
//! - A price that is not finite and a size that is not finite or negative are anomalies; a delete
//!   says nothing by either.
//! - Rows stay in the gateway's order. A side out of order or a crossed book is no anomaly: updates
//!   come one by one, and the exchanges of SMART depth cross each other.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::model::{Contract, DepthBook, DepthLevel, Generation};
use crate::session::feed::{DepthOperation, DepthUpdate};

/// The book of a contract, update by update.
#[derive(Debug, Clone)]
pub(crate) struct DepthFold {
    contract: Arc<Contract>,
    generation: Generation,
    rows: usize,
    bids: Vec<DepthLevel>,
    asks: Vec<DepthLevel>,
    /// When the newest row arrived, nanoseconds since 1970 UTC.
    newest_ns: i64,
    is_gap: bool,
    anomalies: u64,
}

impl DepthFold {
    /// An empty book of at most `rows` rows a side. Until the first row it counts as received in
    /// 1970, so that it passes no test of its age.
    pub(crate) fn new(contract: Arc<Contract>, rows: usize, generation: Generation) -> Self {
        Self {
            contract,
            generation,
            rows,
            bids: Vec::new(),
            asks: Vec::new(),
            newest_ns: 0,
            is_gap: false,
            anomalies: 0,
        }
    }

    /// Applies one update; one that does not fit is counted and otherwise ignored.
    pub(crate) fn apply(&mut self, time_ns: i64, update: &DepthUpdate<'_>) {
        let side = if update.is_bid { &self.bids } else { &self.asks };
        match fit(side.len(), self.rows, update) {
            Fit::Anomaly => self.anomalies += 1,
            Fit::OffTheBottom => {}
            Fit::Change(row, change) => {
                self.change(row, change, update);
                self.newest_ns = time_ns;
                self.is_gap = false;
            }
        }
    }

    /// Empties the book (317): the rows that follow rebuild it (D1). The book is a gap until then,
    /// so it is to be published at once.
    pub(crate) fn reset(&mut self) {
        self.bids.clear();
        self.asks.clear();
        self.is_gap = true;
    }

    /// Empties the book, whose rows come from another link from here on.
    pub(crate) fn gap(&mut self, generation: Generation) {
        self.reset();
        self.generation = generation;
    }

    /// The book as it is now.
    pub(crate) fn book(&self) -> DepthBook {
        // Every i64 of nanoseconds is a moment the type can hold.
        let received_at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.newest_ns));
        DepthBook {
            contract: self.contract.clone(),
            bids: self.bids.as_slice().into(),
            asks: self.asks.as_slice().into(),
            received_at: received_at.unwrap_or(OffsetDateTime::UNIX_EPOCH),
            generation: self.generation,
            is_gap: self.is_gap,
            anomalies: self.anomalies,
        }
    }

    fn change(&mut self, row: usize, change: Change, update: &DepthUpdate<'_>) {
        let level = || DepthLevel {
            price: update.price,
            size: update.size,
            market_maker: self.maker(update.market_maker),
        };
        match change {
            Change::Insert => {
                let level = level();
                let rows = self.rows;
                let side = self.side(update);
                side.insert(row, level);
                side.truncate(rows);
            }
            Change::Replace => {
                let level = level();
                self.side(update)[row] = level;
            }
            Change::Remove => {
                self.side(update).remove(row);
            }
        }
    }

    fn side(&mut self, update: &DepthUpdate<'_>) -> &mut Vec<DepthLevel> {
        if update.is_bid { &mut self.bids } else { &mut self.asks }
    }

    /// The name of a market maker, shared with a row that has the same one.
    fn maker(&self, name: &str) -> Option<Arc<str>> {
        if name.is_empty() {
            return None;
        }
        let known = self.bids.iter().chain(&self.asks).filter_map(|row| row.market_maker.as_ref());
        let shared = known.into_iter().find(|known| &***known == name).cloned();
        Some(shared.unwrap_or_else(|| name.into()))
    }
}

/// What becomes of a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Insert,
    Replace,
    Remove,
}

/// Whether an update fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// It changes this row.
    Change(usize, Change),
    /// It is of the row that fell off the bottom of a full side.
    OffTheBottom,
    /// It does not fit.
    Anomaly,
}

/// Judges an update of a side that has `len` of at most `rows` rows.
fn fit(len: usize, rows: usize, update: &DepthUpdate<'_>) -> Fit {
    let is_delete = update.operation == DepthOperation::Delete;
    let Ok(row) = usize::try_from(update.position) else { return Fit::Anomaly };
    if row > len || !is_delete && !is_sound(update) {
        return Fit::Anomaly;
    }
    match update.operation {
        _ if row == rows => Fit::OffTheBottom,
        DepthOperation::Insert => Fit::Change(row, Change::Insert),
        DepthOperation::Update if row == len => Fit::Change(row, Change::Insert),
        DepthOperation::Update => Fit::Change(row, Change::Replace),
        DepthOperation::Delete if row == len => Fit::Anomaly,
        DepthOperation::Delete => Fit::Change(row, Change::Remove),
    }
}

/// Whether price and size are numbers, and not the largest double, which IB sends for "none".
fn is_sound(update: &DepthUpdate<'_>) -> bool {
    update.price.abs() < f64::MAX && (0.0..f64::MAX).contains(&update.size)
}

#[cfg(test)]
#[path = "depth_tests.rs"]
mod tests;
