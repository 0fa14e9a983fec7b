//! A series of prices on its way: which of its rows come next, and to which instruments they go.

use std::sync::Arc;

use super::{PriceSeries, Row};
use crate::exchange::{ConId, QuoteChange};

/// A series that is being played.
#[derive(Clone, Debug)]
pub(crate) struct Play {
    rows: Arc<[Row]>,
    /// The instruments of each subject.
    con_ids: Vec<Vec<ConId>>,
    /// Epoch milliseconds of its beginning, on the clock of the exchange.
    start: i64,
    next: usize,
}

impl Play {
    pub(crate) fn new(series: &PriceSeries, con_ids: Vec<Vec<ConId>>, start: i64) -> Self {
        Self { rows: Arc::clone(&series.rows), con_ids, start, next: 0 }
    }

    /// When the next row is due, in epoch milliseconds; `None` when all are played.
    pub(crate) fn due(&self) -> Option<i64> {
        Some(self.start.saturating_add(self.rows.get(self.next)?.at))
    }

    /// Takes the next row: what changes, and of which instruments.
    pub(crate) fn take(&mut self) -> Option<(Vec<ConId>, QuoteChange)> {
        let row = self.rows.get(self.next)?;
        self.next += 1;
        Some((self.con_ids.get(row.subject)?.clone(), row.change.clone()))
    }

    /// Leaves an instrument alone from now on.
    pub(crate) fn hold(&mut self, con_id: ConId) {
        self.con_ids.iter_mut().for_each(|con_ids| con_ids.retain(|known| *known != con_id));
    }
}
