//! How lines are opened, and which market data type each link was told last.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::model::{Generation, MarketDataType};

/// How lines are opened.
pub(crate) struct LineOptions {
    /// Data asked for first.
    pub(crate) kind: MarketDataType,
    /// Ask for delayed data where live data is not entitled.
    pub(crate) delayed_fallback: bool,
    /// Time allowed for writing a subscription.
    pub(crate) write_within: Duration,
    /// Where lines run.
    pub(crate) runtime: Handle,
    /// The generation whose market data type has been chosen last.
    pub(crate) chosen: AtomicU64,
}

impl LineOptions {
    pub(super) fn is_chosen(&self, generation: Generation) -> bool {
        self.chosen.load(Ordering::Acquire) >= generation.0
    }

    pub(super) fn mark_chosen(&self, generation: Generation) {
        self.chosen.fetch_max(generation.0, Ordering::AcqRel);
    }
}
