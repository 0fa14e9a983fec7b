//! What the streams of a client hold, and what those that are gone have lost. Streams count for
//! themselves; they are asked only when somebody wants to know.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use super::outlet::Port;
use crate::lock::lock;
use crate::metrics::{StreamKind, StreamMetrics};

/// The streams of a client.
#[derive(Clone, Default)]
pub(crate) struct Tally(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    last: u64,
    open: HashMap<u64, Port>,
    /// Lost by streams that are gone, by kind.
    lost: [u64; StreamKind::NAMES.len()],
}

/// A stream's entry, from its opening until nobody holds it.
pub(crate) struct Entry {
    tally: Tally,
    number: u64,
}

impl Tally {
    /// Enters a stream.
    pub(crate) fn enter(&self, port: Port) -> Entry {
        let mut entries = self.entries();
        entries.last += 1;
        let number = entries.last;
        entries.open.insert(number, port);
        Entry { tally: self.clone(), number }
    }

    /// How the streams stand, by kind.
    pub(crate) fn streams(&self) -> Vec<StreamMetrics> {
        let entries = self.entries();
        let mut streams = StreamKind::NAMES.map(|(kind, _)| {
            let lost = entries.lost[kind as usize];
            StreamMetrics { kind, open: 0, waiting: 0, lost }
        });
        for port in entries.open.values() {
            let of_kind = &mut streams[port.kind() as usize];
            of_kind.open += 1;
            of_kind.waiting += port.waiting();
            of_kind.lost += port.lost();
        }
        streams.into()
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // Every change leaves whole entries; nothing is awaited while the lock is held.
        lock(&self.0)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut entries = self.tally.entries();
        let Some(port) = entries.open.remove(&self.number) else { return };
        entries.lost[port.kind() as usize] += port.lost();
        drop(entries);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market_data::board::Board;
    use crate::market_data::queue::{BatchQueue, Notify, QueueOptions};
    use crate::model::{Bar, Generation, Overflow};
    use time::OffsetDateTime;

    fn bars() -> Arc<BatchQueue<Vec<Bar>>> {
        let nobody: Notify = Arc::new(|| {});
        let (notify, resume, lagging) = (nobody.clone(), nobody.clone(), nobody);
        let overflow = Overflow::Conflate;
        Arc::new(BatchQueue::new(QueueOptions { capacity: 2, overflow, notify, resume, lagging }))
    }

    fn bar() -> Bar {
        Bar {
            time: OffsetDateTime::UNIX_EPOCH,
            open: 1.0,
            high: 1.0,
            low: 1.0,
            close: 1.0,
            volume: None,
            average: None,
            count: None,
            is_backfill: false,
        }
    }

    fn of(tally: &Tally, kind: StreamKind) -> (usize, usize, u64) {
        let streams = tally.streams();
        let found = streams[kind as usize];
        assert_eq!(found.kind, kind);
        (found.open, found.waiting, found.lost)
    }

    #[test]
    fn what_a_stream_lost_is_counted_when_it_is_gone_too() {
        let (tally, queue) = (Tally::default(), bars());
        let entry = tally.enter(Port::Bars(queue.clone()));

        queue.push(Generation(1), &mut vec![bar(), bar(), bar(), bar(), bar()]);
        assert_eq!(of(&tally, StreamKind::Bars), (1, 2, 3));
        drop(entry);

        assert_eq!(of(&tally, StreamKind::Bars), (0, 0, 3));
    }

    #[test]
    fn kinds_are_counted_apart() {
        let tally = Tally::default();
        let _quotes = tally.enter(Port::Quotes(Arc::new(Board::new(1, Arc::new(|| {})))));
        let _bars = [tally.enter(Port::Bars(bars())), tally.enter(Port::Bars(bars()))];

        assert_eq!(of(&tally, StreamKind::Quotes), (1, 0, 0));
        assert_eq!(of(&tally, StreamKind::Bars), (2, 0, 0));
        assert_eq!(of(&tally, StreamKind::Depth), (0, 0, 0));
    }
}
