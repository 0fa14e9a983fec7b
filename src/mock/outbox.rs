//! Bytes waiting for one client's socket. Any thread pushes, one task writes: frames pushed together
//! leave together. Promises a bound: a client that leaves more bytes unread than the settings allow is
//! disconnected, as there is no other honest way to keep both its stream whole and memory finite.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

use crate::flood::Flood;

/// The queue of one client.
pub(crate) struct Outbox {
    /// Most bytes that may wait.
    limit: usize,
    queue: Mutex<Queue>,
    changed: Notify,
}

#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    floods: Vec<Flood>,
    is_cut: bool,
}

enum Work {
    Bytes(Vec<u8>),
    Flood(Flood),
    Cut,
}

impl Outbox {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, queue: Mutex::default(), changed: Notify::new() }
    }

    /// Lets `write` append to the queue, then wakes the writer.
    pub(crate) fn push(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut queue = self.lock();
        if queue.is_cut {
            return;
        }
        write(&mut queue.bytes);
        if queue.bytes.len() > self.limit {
            log::warn!("a client leaves more than {} bytes unread and is disconnected", self.limit);
            queue.is_cut = true;
            queue.bytes = Vec::new();
        }
        drop(queue);
        self.changed.notify_one();
    }

    /// Queues a flood behind the bytes queued so far.
    pub(crate) fn push_flood(&self, flood: Flood) {
        self.lock().floods.push(flood);
        self.changed.notify_one();
    }

    /// Writes until the queue is over its limit or the socket fails.
    pub(crate) async fn write_to<W>(&self, socket: &mut W) -> std::io::Result<()>
    where
        W: AsyncWrite + Unpin,
    {
        let mut spare = Vec::new();
        loop {
            match self.next(spare).await {
                Work::Cut => return Ok(()),
                Work::Bytes(bytes) => spare = self.write_bytes(bytes, socket).await?,
                Work::Flood(flood) => {
                    self.write_flood(flood, socket).await?;
                    spare = Vec::new();
                }
            }
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

    /// Writes one round, so that other frames get their turn between rounds.
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
        if !queue.bytes.is_empty() {
            return Ok(Work::Bytes(std::mem::replace(&mut queue.bytes, spare)));
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
    async fn test_a_queue_over_the_limit_ends_the_connection() {
        let outbox = Outbox::new(8);
        outbox.push(|bytes| bytes.resize(9, 0));
        let mut written = Vec::new();

        outbox.write_to(&mut written).await.unwrap();

        assert!(written.is_empty());
    }
}
