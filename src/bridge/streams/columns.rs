//! Streams whose items are queued in batches: read one by one, or batch by batch.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aioibkr_core::Error;
use aioibkr_core::market_data::{Batch, BatchQueue, Next, Rows, Stream};
use aioibkr_core::model::TextTable;
use pyo3::prelude::*;

use super::contracts::Contracts;
use super::notifier::Notifier;
use super::opened::Opened;
use super::reader::{_Reader, Found, Reading};
use crate::errors;
use crate::mailbox::lock;

/// What the numbers in columns stand for.
pub(super) struct Names {
    pub(super) contracts: Arc<Contracts>,
    pub(super) texts: Arc<TextTable>,
}

/// Rows that Python sees as items and as batches.
pub(super) trait Items: Rows + Clone + 'static {
    /// One row; of a gap, what a contract is told.
    fn item(py: Python<'_>, batch: &Batch<Self>, row: usize, names: &Names) -> PyResult<Py<PyAny>>;

    /// All rows.
    fn batch(py: Python<'_>, batch: Batch<Self>, names: &Names) -> PyResult<Py<PyAny>>;
}

/// A value of a column; NaN stands for none.
pub(super) fn known(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

/// A stream and what was taken from it but not handed over.
pub(super) struct Queued<R> {
    stream: Stream<BatchQueue<R>>,
    names: Names,
    notifier: Arc<Notifier>,
    cursor: Mutex<Option<Cursor<R>>>,
}

/// A batch whose rows are handed over one by one.
struct Cursor<R> {
    batch: Batch<R>,
    next: usize,
}

impl<R: Items> Queued<R> {
    pub(super) fn new(
        stream: Stream<BatchQueue<R>>,
        names: Names,
        notifier: Arc<Notifier>,
    ) -> Arc<Self> {
        Arc::new(Self { stream, names, notifier, cursor: Mutex::default() })
    }

    fn has_news(&self) -> bool {
        lock(&self.cursor).is_some() || self.stream.has_news()
    }

    /// The next row of the batch that is being handed over.
    fn step(&self, py: Python<'_>, cursor: &mut Option<Cursor<R>>) -> Option<PyResult<Py<PyAny>>> {
        let place = cursor.as_mut()?;
        let row = place.next;
        if row >= place.length(self.names.contracts.len()) {
            *cursor = None;
            return None;
        }
        place.next += 1;
        Some(R::item(py, &place.batch, row, &self.names))
    }
}

impl<R: Items> Cursor<R> {
    /// Number of items; a gap is told to each contract.
    fn length(&self, contracts: usize) -> usize {
        if self.batch.is_gap { contracts } else { self.batch.rows.count() }
    }

    /// What was not handed over yet.
    fn rest(mut self) -> Option<Batch<R>> {
        if self.batch.is_gap {
            return (self.next == 0).then_some(self.batch);
        }
        let rows = self.batch.rows.split_off(self.next.min(self.batch.rows.count()));
        (rows.count() > 0).then_some(Batch { rows, ..self.batch })
    }
}

/// One by one.
struct Single<R>(Arc<Queued<R>>);

impl<R: Items> Reading for Single<R> {
    fn next(&self, py: Python<'_>) -> PyResult<Found> {
        let mut cursor = lock(&self.0.cursor);
        loop {
            if let Some(item) = self.0.step(py, &mut cursor) {
                return item.map(Found::Item);
            }
            match self.0.stream.take() {
                Next::Item(batch) => *cursor = Some(Cursor { batch, next: 0 }),
                Next::Nothing => return Ok(Found::Nothing),
                Next::Closed => return Ok(Found::Closed),
                Next::Failed(error) => return Ok(Found::Failed(errors::to_py(py, &error))),
            }
        }
    }

    fn has_news(&self) -> bool {
        self.0.has_news()
    }

    fn notifier(&self) -> &Arc<Notifier> {
        &self.0.notifier
    }

    fn items_per_look(&self) -> u32 {
        16
    }
}

/// Batch by batch. What a reader of single items left behind in a batch comes first.
struct Whole<R>(Arc<Queued<R>>);

impl<R: Items> Reading for Whole<R> {
    fn next(&self, py: Python<'_>) -> PyResult<Found> {
        let begun = lock(&self.0.cursor).take().and_then(Cursor::rest);
        let next = begun.map_or_else(|| self.0.stream.take(), Next::Item);
        Found::of(py, next, |batch| R::batch(py, batch, &self.0.names))
    }

    fn has_news(&self) -> bool {
        self.0.has_news()
    }

    fn notifier(&self) -> &Arc<Notifier> {
        &self.0.notifier
    }

    fn items_per_look(&self) -> u32 {
        1
    }
}

/// A queued stream as Python holds it.
pub(super) struct OpenQueue<R>(pub(super) Arc<Queued<R>>);

impl<R: Items> Opened for OpenQueue<R> {
    fn items(&self) -> _Reader {
        _Reader::new(Single(Arc::clone(&self.0)))
    }

    fn batches(&self) -> _Reader {
        _Reader::new(Whole(Arc::clone(&self.0)))
    }

    fn latest(&self, _: Python<'_>, _: usize) -> PyResult<Option<Py<PyAny>>> {
        Ok(None)
    }

    fn lost(&self) -> u64 {
        self.0.stream.lost()
    }

    fn failures(&self) -> BTreeMap<usize, Error> {
        self.0.stream.failures()
    }

    fn advice(&self) -> BTreeMap<usize, Error> {
        self.0.stream.advice()
    }

    fn close(&self) {
        self.0.stream.close();
    }

    fn notifier(&self) -> &Notifier {
        &self.0.notifier
    }

    fn contracts(&self) -> &Contracts {
        &self.0.names.contracts
    }
}
