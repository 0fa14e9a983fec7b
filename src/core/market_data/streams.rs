//! Streams as their owners hold them. Dropping one releases its lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::board::Board;
use super::columns::{TickByTickColumns, TickColumns};
use super::feed::Lease;
use super::queue::{Batch, BatchQueue, Next};
use super::rows::Rows;
use crate::error::Error;
use crate::model::{Bar, Contract, DepthBook, Quote, TextTable};

/// What every stream has.
pub struct Stream<S> {
    contracts: Arc<[Arc<Contract>]>,
    items: Arc<S>,
    lease: Lease,
}

/// The latest quote of each contract.
pub type QuoteStream = Stream<Board<Quote>>;
/// The book of a contract.
pub type DepthStream = Stream<Board<DepthBook>>;
/// Every change of market data.
pub type TickStream = Stream<BatchQueue<TickColumns>>;
/// Bars of a contract.
pub type BarStream = Stream<BatchQueue<Vec<Bar>>>;

/// Tick-by-tick data, with the texts its columns name.
pub struct TickByTickStream {
    /// The stream.
    pub stream: Stream<BatchQueue<TickByTickColumns>>,
    /// Names of exchanges and special conditions.
    pub texts: Arc<TextTable>,
}

impl<S> Stream<S> {
    pub(crate) fn new(contracts: Arc<[Arc<Contract>]>, items: Arc<S>, lease: Lease) -> Self {
        Self { contracts, items, lease }
    }

    /// The contracts, in the order they were named; their numbers are the places here.
    #[must_use]
    pub fn contracts(&self) -> &Arc<[Arc<Contract>]> {
        &self.contracts
    }

    /// Why contracts bring no data any more, by number.
    #[must_use]
    pub fn failures(&self) -> BTreeMap<usize, Error> {
        self.lease.standing().failures()
    }

    /// What the gateway advised last about contracts whose line lives, by number.
    #[must_use]
    pub fn advice(&self) -> BTreeMap<usize, Error> {
        self.lease.standing().advice()
    }

    /// Releases the lines; what is queued can still be taken. Idempotent.
    pub fn close(&self) {
        self.lease.release();
    }
}

impl<T> Stream<Board<T>> {
    /// The value that has waited longest.
    #[must_use]
    pub fn take(&self) -> Next<Arc<T>> {
        self.items.take()
    }

    /// Whether [`take`](Self::take) would find anything but nothing.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.items.has_news()
    }

    /// The latest value of a contract, seen or not.
    #[must_use]
    pub fn latest(&self, number: usize) -> Option<Arc<T>> {
        self.items.latest(number)
    }

    /// How many values were replaced before they were taken.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.items.replaced()
    }
}

impl<R: Rows> Stream<BatchQueue<R>> {
    /// The oldest batch.
    #[must_use]
    pub fn take(&self) -> Next<Batch<R>> {
        self.items.take()
    }

    /// Whether [`take`](Self::take) would find anything but nothing.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.items.has_news()
    }

    /// How many items were dropped because nobody came for them.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.items.lost()
    }
}
