//! Prepared, numbered ticks written as fast as a socket takes them.
//!
//! Tick `n` (from 1) is a last-price tick with price `100 + (n % 10000) * 0.01` and size `n`, the size
//! zero-padded so that all frames of a flood have one length. A round of 10,000 ticks is prepared
//! once; between rounds only the leading digits of the sizes change.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::wire::{Reply, frame, pb};

const ROUND: u64 = 10_000;
const ROUND_DIGITS: usize = 4;
const LAST_PRICE: i32 = 4;

/// The ticks one client has yet to receive under one request id.
pub(crate) struct Flood {
    round: Vec<u8>,
    frame_length: usize,
    size_offset: usize,
    high_digits: usize,
    sent: u64,
    count: u64,
    share: Share,
}

impl Flood {
    /// Prepares ticks `1..=count` for a request id.
    pub(crate) fn new(req_id: i32, count: u64, progress: &Arc<Progress>) -> Self {
        let width = count.to_string().len().max(ROUND_DIGITS + 1);
        let mut round = Vec::new();
        for n in 1..=ROUND {
            push_tick(&mut round, req_id, n, width);
        }
        let frame_length = round.len() / usize::try_from(ROUND).unwrap_or(1);
        let size = format!("{:0width$}", 1);
        let size_offset = find(&round[..frame_length], size.as_bytes());
        let share = Share(Arc::clone(progress));
        progress.add_share();
        let high_digits = width - ROUND_DIGITS;
        Self { round, frame_length, size_offset, high_digits, sent: 0, count, share }
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
        let bytes = usize::try_from(ticks).unwrap_or(0) * self.frame_length;
        socket.write_all(&self.round[..bytes]).await?;
        self.sent += ticks;
        self.share.0.add_written(ticks);
        Ok(self.sent < self.count)
    }

    /// The low digits of a slot never change; the last slot carries into the high ones.
    fn number_round(&mut self) {
        let width = self.high_digits;
        let high = self.sent / ROUND;
        let (digits, carried) = (format!("{high:0width$}"), format!("{:0width$}", high + 1));
        let frames = self.round.chunks_exact_mut(self.frame_length);
        let last = frames.len() - 1;
        for (index, frame) in frames.enumerate() {
            let value = if index == last { &carried } else { &digits };
            let end = self.size_offset + width;
            frame[self.size_offset..end].copy_from_slice(&value.as_bytes()[..width]);
        }
    }
}

fn push_tick(into: &mut Vec<u8>, req_id: i32, n: u64, width: usize) {
    #[expect(clippy::cast_precision_loss, reason = "the remainder is below 10,000")]
    let step = (n % ROUND) as f64;
    let tick = pb::TickPrice {
        req_id: Some(req_id),
        tick_type: Some(LAST_PRICE),
        price: Some(100.0 + step * 0.01),
        size: Some(format!("{n:0width$}")),
        attr_mask: Some(0),
    };
    frame::push_protobuf(into, pb::TickPrice::KIND.id(), &tick);
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
    use prost::Message;

    #[tokio::test]
    async fn test_every_tick_of_a_flood_carries_its_number() {
        let progress = Arc::new(Progress::default());
        let mut flood = Flood::new(1_500_000_003, 25_000, &progress);
        let mut written = Vec::new();

        while flood.write_round(&mut written).await.unwrap() {}

        for (index, bytes) in written.chunks_exact(flood.frame_length).enumerate() {
            let tick = pb::TickPrice::decode(&bytes[8..]).unwrap();
            let size: usize = tick.size.unwrap().parse().unwrap();
            assert_eq!(size, index + 1);
            assert_eq!(tick.price, Some(100.0 + (size % 10_000) as f64 * 0.01));
        }
        assert_eq!(written.len(), 25_000 * flood.frame_length);
    }

    #[test]
    fn test_a_flood_whose_clients_left_is_over() {
        let handle = FloodHandle { progress: Arc::new(Progress::default()) };
        drop(Flood::new(1, 10, &handle.progress));

        assert_eq!(handle.wait(), 0);
    }
}
