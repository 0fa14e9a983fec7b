//! Prepared, numbered ticks written as fast as a socket takes them.
//!
//! Tick `n` (from 1) is a last-price tick with price `100 + (n % 10000) * 0.01` and size `n`, the size
//! zero-padded so that it can be changed in place. A round of 10,000 ticks is prepared once, in the
//! client's encoding; between rounds only the leading digits of the sizes change, between lines only
//! the request id.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::wire::{ReplyKind, ServerVersion, encoding, pb};

const ROUND: u64 = 10_000;
const ROUND_DIGITS: usize = 4;
const LAST_PRICE: i32 = 4;

/// The ticks one client has yet to receive, line after line.
pub(crate) struct Flood {
    round: Vec<u8>,
    slots: Vec<Slot>,
    high_digits: usize,
    version: ServerVersion,
    /// The request id the round is addressed to, and those it goes to after it.
    line: i32,
    lines: VecDeque<i32>,
    /// Ticks of the present line written so far.
    sent: u64,
    /// Ticks of each line.
    count: u64,
    share: Share,
}

/// A tick's place in a round: where its frame starts, where its size starts, where it ends.
struct Slot {
    start: usize,
    size: usize,
    end: usize,
}

impl Flood {
    /// Prepares ticks `1..=count` for each of these request ids; `None` without one.
    pub(crate) fn new(
        lines: impl IntoIterator<Item = i32>,
        count: u64,
        version: ServerVersion,
        progress: &Arc<Progress>,
    ) -> Option<Self> {
        let mut lines: VecDeque<i32> = lines.into_iter().collect();
        let line = lines.pop_front()?;
        let share = Share(Arc::clone(progress));
        progress.add_share();
        let high_digits = count.to_string().len().max(ROUND_DIGITS + 1) - ROUND_DIGITS;
        let (round, slots) = (Vec::new(), Vec::new());
        let mut flood =
            Self { round, slots, high_digits, version, line, lines, sent: 0, count, share };
        flood.prepare();
        Some(flood)
    }

    fn prepare(&mut self) {
        let width = self.high_digits + ROUND_DIGITS;
        self.round.clear();
        self.slots.clear();
        for n in 1..=ROUND.min(self.count) {
            let start = self.round.len();
            let size = format!("{n:0width$}");
            push_tick(&mut self.round, self.version, self.line, (n, &size));
            let size = start + find(&self.round[start..], size.as_bytes());
            self.slots.push(Slot { start, size, end: self.round.len() });
        }
    }

    /// Addresses the round to the next line. `false` if that was the last one.
    fn next_line(&mut self) -> bool {
        let Some(next) = self.lines.pop_front() else { return false };
        self.sent = 0;
        let written = self.first_frame(self.line);
        self.line = next;
        let wanted = self.first_frame(next);
        if written.len() != wanted.len() {
            self.prepare();
            return true;
        }
        // An id stands at the same place of every frame, and only there do the two differ.
        let changed = written.iter().zip(&wanted).enumerate().filter(|(_, (old, new))| old != new);
        for (offset, (_, byte)) in changed {
            for slot in &self.slots {
                self.round[slot.start + offset] = *byte;
            }
        }
        true
    }

    fn first_frame(&self, line: i32) -> Vec<u8> {
        let width = self.high_digits + ROUND_DIGITS;
        let mut frame = Vec::new();
        push_tick(&mut frame, self.version, line, (1, &format!("{:0width$}", 1)));
        frame
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
        let ticks = (self.count - self.sent).min(ROUND);
        let last = usize::try_from(ticks).unwrap_or(0).checked_sub(1);
        let bytes = last.map_or(0, |last| self.slots[last].end);
        socket.write_all(&self.round[..bytes]).await?;
        self.sent += ticks;
        self.share.0.add_written(ticks);
        Ok(self.sent < self.count || self.next_line())
    }

    /// The low digits of a slot never change; the last slot carries into the high ones.
    fn number_round(&mut self) {
        let width = self.high_digits;
        let high = self.sent / ROUND;
        let (digits, carried) = (format!("{high:0width$}"), format!("{:0width$}", high + 1));
        // Only a whole round has the slot whose low digits are zeros.
        let carrying = usize::try_from(ROUND).map_or(0, |ticks| ticks - 1);
        for (index, slot) in self.slots.iter().enumerate() {
            let value = if index == carrying { &carried } else { &digits };
            let place = slot.size..slot.size + width;
            self.round[place].copy_from_slice(&value.as_bytes()[..width]);
        }
    }
}

fn push_tick(into: &mut Vec<u8>, version: ServerVersion, req_id: i32, (n, size): (u64, &str)) {
    #[expect(clippy::cast_precision_loss, reason = "the remainder is below 10,000")]
    let step = (n % ROUND) as f64;
    let tick = pb::TickPrice {
        req_id: Some(req_id),
        tick_type: Some(LAST_PRICE),
        price: Some(100.0 + step * 0.01),
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

    async fn written(version: i32, count: u64) -> Vec<u8> {
        let progress = Arc::new(Progress::default());
        let lines = [9, 1_500_000_003, 1_500_000_004];
        let mut flood = Flood::new(lines, count, ServerVersion(version), &progress).unwrap();
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
                assert_eq!(size, index % 25_000 + 1);
                let lines = [9, 1_500_000_003, 1_500_000_004];
                assert_eq!(tick.req_id, Some(lines[index / 25_000]));
                assert_eq!(tick.price, Some(100.0 + (size % 10_000) as f64 * 0.01));
            }
            assert_eq!(bodies.len(), 3 * 25_000);
        }
    }

    #[test]
    fn test_a_flood_whose_clients_left_is_over() {
        let handle = FloodHandle { progress: Arc::new(Progress::default()) };
        drop(Flood::new([1], 10, ServerVersion(226), &handle.progress));

        assert_eq!(handle.wait(), 0);
    }
}
