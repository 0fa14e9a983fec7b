//! Prepared, numbered ticks written as fast as a socket takes them.
//!
//! The lines of a client take turns. Tick `n` of a line (from 1) is a last-price tick with size `n`, the
//! size zero-padded so that it can be changed in place. A round of some 10,000 ticks is prepared once,
//! in the client's encoding: as many numbers of every line as a power of ten allows. Between rounds only
//! the leading digits of the sizes change, and the price, `100 + (n % numbers) * 0.01`, repeats.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::wire::{ReplyKind, ServerVersion, encoding, pb};

const ROUND: u64 = 10_000;
/// Numbers of a round that has many lines.
const FEWEST_NUMBERS: u64 = 10;
const LAST_PRICE: i32 = 4;

/// The ticks one client has yet to receive, line by line in turns.
pub(crate) struct Flood {
    round: Vec<u8>,
    slots: Vec<Slot>,
    /// How many ticks of each line a round holds, a power of ten.
    numbers: u64,
    lines: u64,
    high_digits: usize,
    /// Ticks of each line written so far.
    sent: u64,
    /// Ticks of each line.
    count: u64,
    share: Share,
}

/// A tick's place in a round: where its size starts, where the frame ends.
struct Slot {
    size: usize,
    end: usize,
}

impl Flood {
    /// Prepares ticks `1..=count` for each of these request ids; `None` without one.
    pub(crate) fn new(
        lines: &[i32],
        count: u64,
        version: ServerVersion,
        progress: &Arc<Progress>,
    ) -> Option<Self> {
        if lines.is_empty() {
            return None;
        }
        progress.add_share();
        let numbers = numbers_of_round(lines.len() as u64);
        let low_digits = numbers.ilog10() as usize;
        let mut flood = Self {
            round: Vec::new(),
            slots: Vec::new(),
            numbers,
            lines: lines.len() as u64,
            high_digits: count.to_string().len().max(low_digits + 1) - low_digits,
            sent: 0,
            count,
            share: Share(Arc::clone(progress)),
        };
        flood.prepare(lines, version);
        Some(flood)
    }

    fn prepare(&mut self, lines: &[i32], version: ServerVersion) {
        let width = self.high_digits + self.numbers.ilog10() as usize;
        for n in 1..=self.numbers.min(self.count) {
            let size = format!("{n:0width$}");
            for line in lines {
                let start = self.round.len();
                push_tick(&mut self.round, version, *line, (price(n % self.numbers), &size));
                let size = start + find(&self.round[start..], size.as_bytes());
                self.slots.push(Slot { size, end: self.round.len() });
            }
        }
    }

    /// Writes the next round. `false` when that was the last one or the flood is cancelled.
    pub(crate) async fn write_round<W>(&mut self, socket: &mut W) -> std::io::Result<bool>
    where
        W: AsyncWrite + Unpin,
    {
        if self.share.0.cancelled.load(Ordering::Relaxed) {
            return Ok(false);
        }
        self.number_round();
        let numbers = (self.count - self.sent).min(self.numbers);
        let ticks = numbers * self.lines;
        let last = usize::try_from(ticks).unwrap_or(0).checked_sub(1);
        let bytes = last.map_or(0, |last| self.slots[last].end);
        socket.write_all(&self.round[..bytes]).await?;
        self.sent += numbers;
        self.share.0.add_written(ticks);
        Ok(self.sent < self.count)
    }

    /// The low digits of a slot never change; the last number carries into the high ones.
    fn number_round(&mut self) {
        let width = self.high_digits;
        let high = self.sent / self.numbers;
        let (digits, carried) = (format!("{high:0width$}"), format!("{:0width$}", high + 1));
        // Only a whole round has the slots whose low digits are zeros.
        let carrying = usize::try_from((self.numbers - 1) * self.lines).unwrap_or(usize::MAX);
        for (index, slot) in self.slots.iter().enumerate() {
            let value = if index < carrying { &digits } else { &carried };
            let place = slot.size..slot.size + width;
            self.round[place].copy_from_slice(&value.as_bytes()[..width]);
        }
    }
}

/// How many ticks of each of so many lines make a round.
fn numbers_of_round(lines: u64) -> u64 {
    10u64.pow((ROUND / lines).max(FEWEST_NUMBERS).ilog10())
}

fn price(step: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a step is below 10,000")]
    let step = step as f64;
    100.0 + step * 0.01
}

fn push_tick(into: &mut Vec<u8>, version: ServerVersion, req_id: i32, (price, size): (f64, &str)) {
    let tick = pb::TickPrice {
        req_id: Some(req_id),
        tick_type: Some(LAST_PRICE),
        price: Some(price),
        size: Some(size.to_owned()),
        attr_mask: Some(0),
    };
    encoding::push(into, version, ReplyKind::TickPrice, &tick);
}

fn find(frame: &[u8], size: &[u8]) -> usize {
    frame.windows(size.len()).rposition(|window| window == size).unwrap_or(0)
}

/// How far a flood is, over all the clients it goes to.
#[derive(Default)]
pub(crate) struct Progress {
    state: Mutex<State>,
    changed: Condvar,
    cancelled: AtomicBool,
}

#[derive(Default)]
struct State {
    shares: usize,
    written: u64,
}

impl Progress {
    fn add_share(&self) {
        self.lock().shares += 1;
    }

    fn add_written(&self, ticks: u64) {
        self.lock().written += ticks;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Two counters, valid after any step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One client's part in a flood; gone when written, cancelled or the client left.
struct Share(Arc<Progress>);

impl Drop for Share {
    fn drop(&mut self) {
        self.0.lock().shares -= 1;
        self.0.changed.notify_all();
    }
}

/// A running flood. Dropping the handle lets it run on; a client that leaves ends its part of it.
#[must_use = "wait for the flood or cancel it; dropping the handle lets it run on"]
pub struct FloodHandle {
    pub(crate) progress: Arc<Progress>,
}

impl FloodHandle {
    /// Blocks until every tick is written or its client is gone; returns how many were written.
    #[must_use]
    pub fn wait(&self) -> u64 {
        let state = self.progress.lock();
        let ended = self.progress.changed.wait_while(state, |state| state.shares > 0);
        ended.unwrap_or_else(PoisonError::into_inner).written
    }

    /// Stops at the end of the round being written.
    pub fn cancel(&self) {
        self.progress.cancelled.store(true, Ordering::Relaxed);
    }

    /// Ticks written so far, over all clients.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.progress.lock().written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::{self, Body};
    use crate::wire::text::Tape;
    use prost::Message;

    const LINES: [i32; 3] = [9, 1_500_000_003, 1_500_000_004];

    async fn written(version: i32, count: u64) -> Vec<u8> {
        let progress = Arc::new(Progress::default());
        let mut flood = Flood::new(&LINES, count, ServerVersion(version), &progress).unwrap();
        let mut written = Vec::new();
        while flood.write_round(&mut written).await.unwrap() {}
        written
    }

    async fn bodies(written: &[u8]) -> Vec<Vec<u8>> {
        let (mut rest, mut body, mut bodies) = (written, Vec::new(), Vec::new());
        while frame::read(&mut rest, &mut body).await.unwrap() {
            bodies.push(body.clone());
        }
        bodies
    }

    #[tokio::test]
    async fn test_every_tick_of_a_flood_carries_its_number_in_either_encoding() {
        for version in [226, 176] {
            let bodies = bodies(&written(version, 25_000).await).await;

            for (index, body) in bodies.iter().enumerate() {
                let tick = match frame::split(ServerVersion(version), body) {
                    Body::Protobuf(1, fields) => pb::TickPrice::decode(fields).unwrap(),
                    Body::Text(1, fields) => {
                        Tape::reader(ServerVersion(version), 1, fields).message()
                    }
                    other => panic!("{other:?}"),
                };
                let size: usize = tick.size.unwrap().parse().unwrap();
                assert_eq!(size, index / LINES.len() + 1);
                assert_eq!(tick.req_id, Some(LINES[index % LINES.len()]));
                assert_eq!(tick.price, Some(100.0 + (size % 1_000) as f64 * 0.01));
            }
            assert_eq!(bodies.len(), 3 * 25_000);
        }
    }

    #[test]
    fn test_a_round_holds_as_many_numbers_as_ten_thousand_ticks_allow() {
        let table = [(1, 10_000), (3, 1_000), (10, 1_000), (1_000, 10), (5_000, 10)];

        for (lines, numbers) in table {
            assert_eq!(numbers_of_round(lines), numbers, "{lines} lines");
        }
    }

    #[test]
    fn test_a_flood_whose_clients_left_is_over() {
        let handle = FloodHandle { progress: Arc::new(Progress::default()) };
        drop(Flood::new(&[1], 10, ServerVersion(226), &handle.progress));

        assert_eq!(handle.wait(), 0);
    }
}
