//! What waits for the reader of one stream: batches in order, bounded, with an exact count of what
//! was lost. The link's thread puts in, the reader takes out; neither waits for the other.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use super::rows::Rows;
use crate::error::{Error, ErrorKind};
use crate::lock::lock;
use crate::model::{Gap, Generation, Overflow};

/// Most items of one batch: a list of as many objects is made in some 2 ms, so that a reader's loop
/// goes on soon.
const LONGEST_BATCH: usize = 8 * 1024;

/// Called when a reader may find something new, or a writer may go on; from any thread.
pub type Notify = Arc<dyn Fn() + Send + Sync>;

/// Items of one link, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch<R> {
    /// The link they came from.
    pub generation: Generation,
    /// True on an empty batch that tells of a gap: what came before is no longer current.
    pub is_gap: bool,
    /// On a gap among bars: what could not be had later.
    pub gap: Option<Gap>,
    /// The items.
    pub rows: R,
}

/// What a reader finds.
#[derive(Debug)]
pub enum Next<T> {
    /// Something.
    Item(T),
    /// Nothing yet.
    Nothing,
    /// The stream was closed; everything before was taken.
    Closed,
    /// The stream failed; everything before was taken.
    Failed(Error),
}

/// How a stream is over.
#[derive(Debug, Clone)]
pub(crate) enum End {
    /// Its owner closed it.
    Closed,
    /// It cannot go on.
    Failed(Error),
}

impl<T> From<&End> for Next<T> {
    fn from(end: &End) -> Self {
        match end {
            End::Closed => Self::Closed,
            End::Failed(error) => Self::Failed(error.clone()),
        }
    }
}

/// Size and options of a queue.
#[derive(Clone)]
pub(crate) struct QueueOptions {
    /// Most items kept.
    pub(crate) capacity: usize,
    /// What happens beyond that.
    pub(crate) overflow: Overflow,
    /// Told when there is news for the reader.
    pub(crate) notify: Notify,
    /// Told when a full queue has room again.
    pub(crate) resume: Notify,
    /// Told when items were dropped.
    pub(crate) lagging: Notify,
}

/// Batches on their way to one reader.
pub struct BatchQueue<R> {
    state: Mutex<State<R>>,
    rules: QueueOptions,
    /// Most items of one batch.
    longest: usize,
}

struct State<R> {
    batches: VecDeque<Batch<R>>,
    count: usize,
    /// Whether nothing has come since the last gap, which may have been taken already.
    is_after_gap: bool,
    lost: u64,
    /// The reader was too slow for a queue that fails: all that follows is lost.
    is_lagging: bool,
    end: Option<End>,
}

impl<R: Rows> BatchQueue<R> {
    pub(crate) fn new(rules: QueueOptions) -> Self {
        let longest = match rules.overflow {
            // A share of the capacity, so that dropping one leaves the rest.
            Overflow::Conflate => (rules.capacity / 4).clamp(1, LONGEST_BATCH),
            Overflow::Block | Overflow::Fail => LONGEST_BATCH,
        };
        let batches = VecDeque::new();
        let state =
            State { batches, count: 0, is_after_gap: false, lost: 0, is_lagging: false, end: None };
        Self { state: Mutex::new(state), rules, longest }
    }

    /// Puts in what one read brought; `rows` is empty afterwards and keeps its room.
    pub(crate) fn push(&self, generation: Generation, rows: &mut R) {
        let count = rows.count();
        if count == 0 {
            return;
        }
        let rows = rows.take();
        let mut state = self.state();
        if state.is_lagging {
            state.lost += count as u64;
            return;
        }
        if state.end.is_some() {
            return;
        }
        let lost = state.lost;
        self.admit(&mut state, generation, rows);
        let has_lost = state.lost > lost;
        drop(state);
        (self.rules.notify)();
        if has_lost {
            (self.rules.lagging)();
        }
    }

    /// Keeps new items as the policy has it.
    fn admit(&self, state: &mut State<R>, generation: Generation, mut rows: R) {
        let (count, capacity) = (rows.count(), self.rules.capacity);
        match self.rules.overflow {
            Overflow::Block => state.store(generation, rows, self.longest),
            Overflow::Fail if state.count + count <= capacity => {
                state.store(generation, rows, self.longest);
            }
            Overflow::Fail => {
                state.lost += count as u64;
                state.is_lagging = true;
            }
            Overflow::Conflate => {
                let surplus = count.saturating_sub(capacity);
                let newest = rows.split_off(surplus);
                state.store(generation, newest, self.longest);
                state.drop_oldest(capacity);
                state.lost += surplus as u64;
            }
        }
    }

    /// Tells the reader that what came before is no longer current.
    pub(crate) fn gap(&self, generation: Generation) {
        self.gap_of(generation, None);
    }

    /// As [`gap`](Self::gap), naming what could not be had. A gap that waits already tells it too.
    pub(crate) fn gap_of(&self, generation: Generation, gap: Option<Gap>) {
        let mut state = self.state();
        let is_told = state.is_over() || state.is_after_gap && gap.is_none();
        match state.batches.back_mut().filter(|batch| batch.is_gap) {
            Some(waiting) => waiting.gap = joined(waiting.gap.take(), gap),
            None if is_told => {}
            None => {
                state.is_after_gap = true;
                let gap = Batch { generation, is_gap: true, gap, rows: R::default() };
                state.batches.push_back(gap);
            }
        }
        drop(state);
        (self.rules.notify)();
    }

    /// Ends the stream, once; what is queued can still be taken.
    pub(crate) fn end(&self, end: End) {
        self.state().end.get_or_insert(end);
        (self.rules.notify)();
    }

    /// The oldest batch.
    pub(crate) fn take(&self) -> Next<Batch<R>> {
        let mut state = self.state();
        let was_full = state.count >= self.rules.capacity;
        let Some(batch) = state.batches.pop_front() else {
            return state.ended(self.rules.capacity);
        };
        state.count -= batch.rows.count();
        drop(state);
        if was_full && self.rules.overflow == Overflow::Block {
            (self.rules.resume)();
        }
        Next::Item(batch)
    }

    /// Whether `take` would find anything but nothing.
    pub(crate) fn has_news(&self) -> bool {
        let state = self.state();
        !state.batches.is_empty() || state.is_over()
    }

    /// Whether the writer must wait.
    pub(crate) fn is_full(&self) -> bool {
        let state = self.state();
        self.rules.overflow == Overflow::Block
            && state.count >= self.rules.capacity
            && state.end.is_none()
    }

    /// Whether a full queue makes the writer wait.
    pub(crate) fn blocks(&self) -> bool {
        self.rules.overflow == Overflow::Block
    }

    /// How many items wait for the reader.
    pub(crate) fn waiting(&self) -> usize {
        self.state().count
    }

    /// How many items were not kept because nobody came for them. A queue that failed goes on
    /// counting.
    pub(crate) fn lost(&self) -> u64 {
        self.state().lost
    }

    fn state(&self) -> MutexGuard<'_, State<R>> {
        // Holders only move values: a poisoned one is still whole.
        lock(&self.state)
    }
}

impl<R: Rows> State<R> {
    /// Whether nothing more is kept.
    fn is_over(&self) -> bool {
        self.is_lagging || self.end.is_some()
    }

    /// What a reader finds who has taken everything.
    fn ended(&self, capacity: usize) -> Next<Batch<R>> {
        if self.is_lagging {
            return Next::Failed(lagged(capacity, self.lost));
        }
        self.end.as_ref().map_or(Next::Nothing, Next::from)
    }

    /// Adds to the newest batch while it stays short enough, else begins another.
    fn store(&mut self, generation: Generation, mut rows: R, longest: usize) {
        self.count += rows.count();
        self.is_after_gap = false;
        while rows.count() > 0 {
            let rest = rows.split_off(rows.count().min(longest));
            match self.batches.back_mut() {
                Some(last)
                    if last.generation == generation
                        && !last.is_gap
                        && last.rows.count() + rows.count() <= longest =>
                {
                    last.rows.append(&mut rows);
                }
                _ => self.batches.push_back(Batch { generation, is_gap: false, gap: None, rows }),
            }
            rows = rest;
        }
    }

    /// Drops whole batches, the oldest first, until the rest fits. Gaps are kept, next to each
    /// other as one.
    fn drop_oldest(&mut self, capacity: usize) {
        while self.count > capacity {
            let Some(at) = self.batches.iter().position(|batch| !batch.is_gap) else { return };
            let Some(dropped) = self.batches.remove(at) else { return };
            self.count -= dropped.rows.count();
            self.lost += dropped.rows.count() as u64;
            if at > 0 && self.batches.get(at).is_some_and(|batch| batch.is_gap) {
                let gap = self.batches.remove(at).and_then(|later| later.gap);
                let earlier = &mut self.batches[at - 1];
                earlier.gap = joined(earlier.gap.take(), gap);
            }
        }
    }
}

/// Two gaps as one.
fn joined(earlier: Option<Gap>, later: Option<Gap>) -> Option<Gap> {
    match (earlier, later) {
        (Some(earlier), Some(later)) => Some(Gap { until: later.until, ..earlier }),
        (earlier, later) => earlier.or(later),
    }
}

fn lagged(capacity: usize, lost: u64) -> Error {
    let text = format!(
        "the reader was too slow: {lost} items beyond {capacity} were not kept; read faster, or \
         choose another capacity or policy"
    );
    Error::new(ErrorKind::StreamLagged, text).with_detail("lost", lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(capacity: usize, overflow: Overflow) -> BatchQueue<Vec<u32>> {
        let nobody: Notify = Arc::new(|| {});
        BatchQueue::new(QueueOptions {
            capacity,
            overflow,
            notify: nobody.clone(),
            resume: nobody.clone(),
            lagging: nobody,
        })
    }

    fn drain(queue: &BatchQueue<Vec<u32>>) -> (Vec<u32>, usize) {
        let (mut items, mut gaps) = (Vec::new(), 0);
        while let Next::Item(batch) = queue.take() {
            gaps += usize::from(batch.is_gap);
            items.extend(batch.rows);
        }
        (items, gaps)
    }

    #[test]
    fn whatever_the_pieces_nothing_is_lost_or_moved() {
        for piece in [1, 2, 3, 7, 100] {
            let queue = queue(1000, Overflow::Block);
            for first in (0..100).step_by(piece) {
                let mut rows: Vec<u32> =
                    (first..100.min(first + piece)).map(|item| item as u32).collect();
                queue.push(Generation(1), &mut rows);
            }

            assert_eq!(drain(&queue), ((0..100).collect(), 0), "pieces of {piece}");
            assert_eq!(queue.lost(), 0);
        }
    }

    #[test]
    fn the_oldest_are_dropped_and_counted_exactly() {
        for piece in [1, 3, 50, 400] {
            let queue = queue(40, Overflow::Conflate);
            for first in (0..400).step_by(piece) {
                let mut rows: Vec<u32> =
                    (first..400.min(first + piece)).map(|item| item as u32).collect();
                queue.push(Generation(1), &mut rows);
            }
            let lost = queue.lost();
            let (kept, _) = drain(&queue);

            assert!(kept.len() <= 40 && kept.len() >= 30, "pieces of {piece}: {}", kept.len());
            assert_eq!(kept.len() as u64 + lost, 400);
            assert_eq!(kept, (400 - kept.len() as u32..400).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_gap_outlives_what_was_dropped_around_it() {
        let queue = queue(4, Overflow::Conflate);
        for generation in 1..=5 {
            queue.push(Generation(generation), &mut vec![1, 2, 3]);
            queue.gap(Generation(generation));
        }

        assert_eq!(drain(&queue), (vec![3, 1, 2, 3], 3));
        assert_eq!(queue.lost(), 11);
    }

    /// The lines of a stream end one after the other, and its reader may be quicker.
    #[test]
    fn a_gap_is_told_once_even_if_the_first_was_taken() {
        let queue = queue(4, Overflow::Conflate);
        let mut told = Vec::new();
        for _ in 0..2 {
            queue.gap(Generation(1));
            told.push(drain(&queue).1);
        }
        queue.push(Generation(2), &mut vec![1]);
        queue.gap(Generation(2));

        assert_eq!(told, [1, 0]);
        assert_eq!(drain(&queue), (vec![1], 1));
    }

    #[test]
    fn a_failing_queue_hands_over_what_it_kept_and_says_what_it_did_not() {
        let queue = queue(4, Overflow::Fail);
        queue.push(Generation(1), &mut vec![1, 2, 3]);
        queue.push(Generation(1), &mut vec![4, 5]);
        queue.push(Generation(1), &mut vec![6]);

        assert_eq!(drain(&queue).0, [1, 2, 3]);
        let Next::Failed(error) = queue.take() else { panic!("it failed") };
        assert_eq!((error.kind(), queue.lost()), (ErrorKind::StreamLagged, 3));
        assert_eq!(error.details()["lost"], "3", "what came after it failed is lost too");
    }

    /// One row at a time it would take minutes.
    #[test]
    fn a_burst_of_any_size_costs_no_more_than_its_rows() {
        const BURST: u32 = 2_000_000;
        for overflow in [Overflow::Conflate, Overflow::Block] {
            let queue = queue(1, overflow);
            queue.push(Generation(1), &mut (0..BURST).collect());

            let (kept, lost) = (drain(&queue).0, queue.lost());

            assert_eq!(kept.len() as u64 + lost, u64::from(BURST));
            assert_eq!(kept.last(), Some(&(BURST - 1)));
        }
    }
}
