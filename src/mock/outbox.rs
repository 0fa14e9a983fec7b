//! Bytes waiting for one client's socket. Any thread pushes, one task writes: frames pushed together
//! leave together. Promises a bound: a client that leaves more bytes unread than the settings allow is
//! disconnected, as there is no other honest way to keep both its stream whole and memory finite.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

use crate::faults::{Ending, Piece};
use crate::flood::Flood;

/// The queue of one client.
pub(crate) struct Outbox {
    /// Most bytes that may wait.
    limit: usize,
    queue: Mutex<Queue>,
    changed: Notify,
    /// Told when bytes are taken off to be written.
    taken: Condvar,
}

#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    /// What a fault puts between the bytes, by how many of them go before it.
    marks: VecDeque<(usize, Mark)>,
    /// A frame that waits for the next one to overtake it.
    held: Vec<u8>,
    floods: Vec<Flood>,
    is_cut: bool,
    is_ending: bool,
    /// Whoever pushes has more and says when it is all.
    is_corked: bool,
    /// Nothing was taken off while somebody waited for it.
    is_stuck: bool,
}

#[derive(Clone, Copy)]
enum Mark {
    Pause(Duration),
    End(Ending),
}

enum Work {
    Bytes(Vec<u8>),
    Mark(Mark),
    Flood(Flood),
    Cut,
}

/// While it lives, what is pushed to these outboxes waits to leave together.
pub(crate) struct Corked(Vec<Arc<Outbox>>);

impl Corked {
    pub(crate) fn new(outboxes: Vec<Arc<Outbox>>) -> Self {
        outboxes.iter().for_each(|outbox| outbox.lock().is_corked = true);
        Self(outboxes)
    }
}

impl Drop for Corked {
    fn drop(&mut self) {
        for outbox in &self.0 {
            outbox.lock().is_corked = false;
            outbox.changed.notify_one();
        }
    }
}

impl Queue {
    /// Whether the writer has to be woken for what comes now: else it was, or will look by itself.
    fn is_asleep(&self) -> bool {
        self.bytes.is_empty() && self.marks.is_empty() && !self.is_corked
    }

    fn add(&mut self, piece: Piece) {
        let place = self.bytes.len();
        match piece {
            _ if self.is_ending => {}
            Piece::Bytes(bytes) => self.bytes.extend_from_slice(&bytes),
            Piece::Pause(pause) => self.marks.push_back((place, Mark::Pause(pause))),
            Piece::End(ending) => {
                self.marks.push_back((place, Mark::End(ending)));
                self.is_ending = true;
            }
        }
    }

    /// The mark that is next, if no bytes go before it.
    fn due_mark(&mut self) -> Option<Mark> {
        let is_due = self.marks.front().is_some_and(|(place, _)| *place == 0);
        is_due.then(|| self.marks.pop_front()).flatten().map(|(_, mark)| mark)
    }

    /// The bytes up to the next mark; the queue goes on with an emptied buffer.
    fn take_bytes(&mut self, spare: Vec<u8>) -> Vec<u8> {
        let Some(place) = self.marks.front().map(|(place, _)| *place) else {
            return std::mem::replace(&mut self.bytes, spare);
        };
        let rest = self.bytes.split_off(place);
        self.marks.iter_mut().for_each(|mark| mark.0 -= place);
        std::mem::replace(&mut self.bytes, rest)
    }
}

impl Outbox {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, queue: Mutex::default(), changed: Notify::new(), taken: Condvar::new() }
    }

    /// Lets `write` append to the queue, then wakes the writer.
    pub(crate) fn push(&self, write: impl FnOnce(&mut Vec<u8>)) {
        self.add(|queue| write(&mut queue.bytes));
    }

    /// Appends what a fault made of a frame.
    pub(crate) fn push_pieces(&self, pieces: Vec<Piece>) {
        self.add(|queue| pieces.into_iter().for_each(|piece| queue.add(piece)));
    }

    /// Keeps a frame back until the next one is pushed or it is released.
    pub(crate) fn hold(&self, frame: &[u8]) {
        self.lock().held.extend_from_slice(frame);
    }

    pub(crate) fn release_held(&self) {
        self.push(|_| {});
    }

    fn add(&self, write: impl FnOnce(&mut Queue)) {
        let mut queue = self.lock();
        if queue.is_cut || queue.is_ending {
            return;
        }
        let is_asleep = queue.is_asleep();
        write(&mut queue);
        let held = std::mem::take(&mut queue.held);
        queue.add(Piece::Bytes(held));
        if queue.bytes.len() > self.limit {
            log::warn!("a client leaves more than {} bytes unread and is disconnected", self.limit);
            queue.is_cut = true;
            queue.bytes = Vec::new();
        }
        if is_asleep || queue.is_cut || queue.is_ending {
            drop(queue);
            self.changed.notify_one();
        }
    }

    /// Blocks while much waits to be written, so that whoever makes messages does not outrun a client
    /// that reads. One that has not taken anything off for this long is not waited for again before
    /// it does.
    pub(crate) fn wait_for_room(&self, patience: Duration) {
        const MUCH: usize = 1024 * 1024;
        let is_open = |queue: &Queue| !(queue.is_cut || queue.is_ending || queue.is_stuck);
        let is_full = |queue: &mut Queue| queue.bytes.len() > MUCH && is_open(queue);
        let waited = self.taken.wait_timeout_while(self.lock(), patience, is_full);
        let (mut queue, outcome) = waited.unwrap_or_else(PoisonError::into_inner);
        queue.is_stuck |= outcome.timed_out();
    }

    /// Queues a flood behind the bytes queued so far.
    pub(crate) fn push_flood(&self, flood: Flood) {
        self.lock().floods.push(flood);
        self.changed.notify_one();
    }

    /// Whether a fault ends the connection; what comes in from now on is not served.
    pub(crate) fn is_ending(&self) -> bool {
        self.lock().is_ending
    }

    /// Writes until the queue is over its limit (`None`), a fault ends the connection or the socket
    /// fails.
    pub(crate) async fn write_to<W>(&self, socket: &mut W) -> std::io::Result<Option<Ending>>
    where
        W: AsyncWrite + Unpin,
    {
        let mut spare = Vec::new();
        loop {
            match self.next(spare).await {
                Work::Cut => return Ok(None),
                Work::Mark(mark) => {
                    spare = Vec::new();
                    match mark {
                        Mark::End(ending) => return Ok(Some(ending)),
                        Mark::Pause(pause) => self.pause(pause).await,
                    }
                }
                Work::Bytes(bytes) => spare = self.write_bytes(bytes, socket).await?,
                Work::Flood(flood) => {
                    self.write_flood(flood, socket).await?;
                    spare = Vec::new();
                }
            }
        }
    }

    async fn pause(&self, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.cut() => {}
        }
    }

    async fn write_bytes<W>(&self, mut bytes: Vec<u8>, socket: &mut W) -> std::io::Result<Vec<u8>>
    where
        W: AsyncWrite + Unpin,
    {
        tokio::select! {
            written = socket.write_all(&bytes) => written?,
            () = self.cut() => {}
        }
        bytes.clear();
        Ok(bytes)
    }

    /// Writes one round, so that other frames get their turn between rounds, and other clients: a
    /// socket whose reader is fast never makes this task wait.
    async fn write_flood<W>(&self, mut flood: Flood, socket: &mut W) -> std::io::Result<()>
    where
        W: AsyncWrite + Unpin,
    {
        tokio::select! {
            more = flood.write_round(socket) => if more? {
                self.lock().floods.insert(0, flood);
            },
            () = self.cut() => {}
        }
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn next(&self, mut spare: Vec<u8>) -> Work {
        loop {
            match self.take(spare) {
                Ok(work) => return work,
                Err(returned) => spare = returned,
            }
            self.changed.notified().await;
        }
    }

    /// The next piece of work, or the spare buffer back if there is none.
    fn take(&self, spare: Vec<u8>) -> Result<Work, Vec<u8>> {
        let mut queue = self.lock();
        if queue.is_cut {
            return Ok(Work::Cut);
        }
        if let Some(mark) = queue.due_mark() {
            return Ok(Work::Mark(mark));
        }
        if !queue.bytes.is_empty() {
            queue.is_stuck = false;
            self.taken.notify_all();
            return Ok(Work::Bytes(queue.take_bytes(spare)));
        }
        if !queue.floods.is_empty() {
            return Ok(Work::Flood(queue.floods.remove(0)));
        }
        Err(spare)
    }

    /// Resolves when the queue is over its limit, even while a write is stuck.
    async fn cut(&self) {
        while !self.is_cut() {
            self.changed.notified().await;
        }
    }

    fn is_cut(&self) -> bool {
        self.lock().is_cut
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // The queue is whole after any step, so a panic elsewhere leaves nothing to repair.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flood::{FloodHandle, Progress};
    use crate::wire::ServerVersion;
    use std::sync::Arc;
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn test_frames_pushed_together_leave_together() {
        let outbox = Outbox::new(8);
        outbox.push(|bytes| bytes.extend_from_slice(b"one"));
        outbox.push(|bytes| bytes.extend_from_slice(b"two"));
        let (mut socket, mut client) = tokio::io::duplex(64);
        let mut read = [0; 64];

        let count = tokio::select! {
            count = client.read(&mut read) => count.unwrap(),
            _ = outbox.write_to(&mut socket) => 0,
        };

        assert_eq!(&read[..count], b"onetwo");
    }

    #[tokio::test]
    async fn test_a_flood_to_a_fast_reader_lets_others_go_on_between_rounds() {
        let progress = Arc::new(Progress::default());
        let handle = FloodHandle { progress: Arc::clone(&progress) };
        let outbox = Outbox::new(8);
        outbox.push_flood(Flood::new(&[1], 100_000, ServerVersion(226), &progress).unwrap());
        let writer =
            tokio::spawn(async move { outbox.write_to(&mut tokio::io::sink()).await.map(drop) });

        while handle.written() == 0 {
            tokio::task::yield_now().await;
        }

        assert_eq!(handle.written(), 10_000);
        writer.abort();
    }

    #[tokio::test]
    async fn test_a_queue_over_the_limit_ends_the_connection() {
        let outbox = Outbox::new(8);
        outbox.push(|bytes| bytes.resize(9, 0));
        let mut written = Vec::new();

        let ending = outbox.write_to(&mut written).await.unwrap();

        assert_eq!((ending, written.len()), (None, 0));
    }

    #[tokio::test]
    async fn test_an_ending_comes_behind_the_bytes_before_it_and_before_all_others() {
        let outbox = Outbox::new(8);
        outbox.push(|bytes| bytes.extend_from_slice(b"one"));
        outbox.push_pieces(vec![Piece::Bytes(b"two".into()), Piece::End(Ending::Closed)]);
        outbox.push(|bytes| bytes.extend_from_slice(b"three"));
        let mut written = Vec::new();

        let ending = outbox.write_to(&mut written).await.unwrap();

        assert_eq!((written.as_slice(), ending), (&b"onetwo"[..], Some(Ending::Closed)));
    }

    #[tokio::test(start_paused = true)]
    async fn test_a_pause_holds_back_what_is_behind_it() {
        let outbox = Outbox::new(8);
        let pause = Duration::from_secs(1);
        outbox.push_pieces(vec![Piece::Pause(pause), Piece::End(Ending::Closed)]);
        let start = tokio::time::Instant::now();

        outbox.write_to(&mut Vec::new()).await.unwrap();

        assert!(start.elapsed() >= pause);
    }

    #[tokio::test]
    async fn test_frames_pushed_under_a_cork_leave_when_it_is_pulled() {
        let outbox = Arc::new(Outbox::new(8));
        let (mut socket, mut client) = tokio::io::duplex(64);
        let writer = Arc::clone(&outbox);
        let writing = tokio::spawn(async move { writer.write_to(&mut socket).await });
        let mut read = [0; 6];
        tokio::task::yield_now().await;

        let corked = Corked::new(vec![Arc::clone(&outbox)]);
        outbox.push(|bytes| bytes.extend_from_slice(b"one"));
        tokio::task::yield_now().await;
        outbox.push(|bytes| bytes.extend_from_slice(b"two"));
        drop(corked);
        let count = client.read(&mut read).await.unwrap();

        writing.abort();
        assert_eq!(&read[..count], b"onetwo");
    }

    #[test]
    fn test_a_client_that_takes_nothing_off_is_waited_for_once() {
        let outbox = Outbox::new(usize::MAX);
        outbox.push(|bytes| bytes.resize(2 * 1024 * 1024, 0));

        outbox.wait_for_room(Duration::from_millis(1));
        let is_stuck = outbox.lock().is_stuck;
        // Waiting again would hang the test.
        outbox.wait_for_room(Duration::MAX);
        let taken = outbox.take(Vec::new());

        assert!(is_stuck && taken.is_ok());
        assert!(!outbox.lock().is_stuck);
    }

    #[tokio::test]
    async fn test_a_held_frame_comes_behind_the_next_one() {
        let outbox = Outbox::new(8);
        outbox.hold(b"one");
        outbox.push(|bytes| bytes.extend_from_slice(b"two"));
        outbox.push_pieces(vec![Piece::End(Ending::Closed)]);
        let mut written = Vec::new();

        outbox.write_to(&mut written).await.unwrap();

        assert_eq!(written, b"twoone");
    }
}
