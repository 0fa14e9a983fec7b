//! What the link's thread collects for streams of columns while it decodes one read: handed over
//! at its end, so that readers are told once per read and no lock is taken per tick.

use std::sync::Arc;

use super::columns::{TickByTickColumns, TickColumns};
use super::outlet::{Outlet, Port, StreamId};
use super::queue::BatchQueue;
use super::rows::Rows;
use crate::model::Generation;

/// The taps of all streams of columns.
#[derive(Default)]
pub(super) struct AllTaps {
    pub(super) ticks: Taps<TickColumns>,
    pub(super) tick_by_tick: Taps<TickByTickColumns>,
}

impl AllTaps {
    /// The tap of a stream of columns, for one more line.
    pub(super) fn open(&mut self, outlet: &Outlet) -> Option<usize> {
        match &outlet.port {
            Port::Ticks(queue) => Some(self.ticks.open(outlet.stream, queue)),
            Port::TickByTick(queue, _) => Some(self.tick_by_tick.open(outlet.stream, queue)),
            Port::Quotes(_) | Port::Depth(_) | Port::Bars(_) => None,
        }
    }

    /// One line less for the tap of a stream of columns.
    pub(super) fn close(&mut self, outlet: &Outlet, tap: Option<usize>, generation: Generation) {
        match (&outlet.port, tap) {
            (Port::Ticks(_), Some(tap)) => self.ticks.close(tap, generation),
            (Port::TickByTick(..), Some(tap)) => self.tick_by_tick.close(tap, generation),
            _ => {}
        }
    }

    /// Hands over what was collected.
    pub(super) fn hand_over(&mut self, generation: Generation) {
        self.ticks.hand_over(generation);
        self.tick_by_tick.hand_over(generation);
    }

    /// Whether a stream wants nothing more to be read now.
    pub(super) fn are_blocked(&self) -> bool {
        self.ticks.is_blocked() || self.tick_by_tick.is_blocked()
    }
}

/// All streams of one sort of columns.
pub(super) struct Taps<C> {
    taps: Vec<Option<Tap<C>>>,
    /// Taps that hold something.
    filled: Vec<usize>,
}

struct Tap<C> {
    stream: StreamId,
    /// How many lines feed the tap.
    lines: usize,
    rows: C,
    queue: Arc<BatchQueue<C>>,
}

impl<C> Default for Taps<C> {
    fn default() -> Self {
        Self { taps: Vec::new(), filled: Vec::new() }
    }
}

impl<C: Rows> Taps<C> {
    /// The number of a stream's tap, for one more line.
    fn open(&mut self, stream: StreamId, queue: &Arc<BatchQueue<C>>) -> usize {
        let of_stream = |tap: &Option<Tap<C>>| tap.as_ref().is_some_and(|tap| tap.stream == stream);
        if let Some(number) = self.taps.iter().position(of_stream) {
            if let Some(tap) = &mut self.taps[number] {
                tap.lines += 1;
            }
            return number;
        }
        let tap = Tap { stream, lines: 1, rows: C::default(), queue: Arc::clone(queue) };
        if let Some(number) = self.taps.iter().position(Option::is_none) {
            self.taps[number] = Some(tap);
            return number;
        }
        self.taps.push(Some(tap));
        self.taps.len() - 1
    }

    /// One line less; the tap goes with its last.
    fn close(&mut self, number: usize, generation: Generation) {
        self.hand_over(generation);
        let Some(slot) = self.taps.get_mut(number) else { return };
        if let Some(tap) = slot {
            tap.lines -= 1;
            if tap.lines == 0 {
                *slot = None;
            }
        }
    }

    /// The rows a tap collects.
    #[inline]
    pub(super) fn rows(&mut self, number: usize) -> Option<&mut C> {
        let tap = self.taps.get_mut(number)?.as_mut()?;
        if tap.rows.count() == 0 {
            self.filled.push(number);
        }
        Some(&mut tap.rows)
    }

    fn hand_over(&mut self, generation: Generation) {
        for number in self.filled.drain(..) {
            if let Some(Some(tap)) = self.taps.get_mut(number) {
                tap.queue.push(generation, &mut tap.rows);
            }
        }
    }

    fn is_blocked(&self) -> bool {
        self.taps.iter().flatten().any(|tap| tap.queue.blocks() && tap.queue.is_full())
    }
}
