//! Bytes waiting for one client's socket. Any thread pushes, one task writes: frames pushed together
//! leave together. Promises a bound: a client that leaves more than [`LIMIT`] bytes unread is
//! disconnected, as there is no other honest way to keep both its stream whole and memory finite.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

use crate::flood::Flood;

/// Most bytes that may wait for one client: four frames of the longest kind.
pub(crate) const LIMIT: usize = 64 * 1024 * 1024;

/// The queue of one client.
#[derive(Default)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    changed: Notify,
}

#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    floods: Vec<Flood>,
    ending: Option<Ending>,
}

/// How a connection ends from this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// What is queued is written first.
    AfterFlush,
    /// At once; what is queued is lost.
    Now,
}

enum Work {
    Bytes(Vec<u8>),
    Flood(Flood),
    Ended,
}

impl Outbox {
    /// Lets `write` append to the queue, then wakes the writer.
    pub(crate) fn push(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut queue = self.lock();
        if queue.ending.is_some() {
            return;
        }
        write(&mut queue.bytes);
        if queue.bytes.len() > LIMIT {
            log::warn!("a client leaves more than {LIMIT} bytes unread and is disconnected");
            queue.ending = Some(Ending::Now);
        }
        drop(queue);
        self.changed.notify_one();
    }

    /// Queues a flood behind the bytes queued so far.
    pub(crate) fn push_flood(&self, flood: Flood) {
        self.lock().floods.push(flood);
        self.changed.notify_one();
    }

    /// Ends the connection; the first reason stays.
    pub(crate) fn end(&self, ending: Ending) {
        self.lock().ending.get_or_insert(ending);
        self.changed.notify_one();
    }

    /// Writes until the connection is ended from this side or the socket fails.
    pub(crate) async fn write_to<W>(&self, socket: &mut W) -> std::io::Result<()>
    where
        W: AsyncWrite + Unpin,
    {
        let mut spare = Vec::new();
        loop {
            match self.next(spare).await {
                Work::Ended => return socket.flush().await,
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
        if queue.ending == Some(Ending::Now) {
            return Ok(Work::Ended);
        }
        if !queue.bytes.is_empty() {
            return Ok(Work::Bytes(std::mem::replace(&mut queue.bytes, spare)));
        }
        if !queue.floods.is_empty() {
            return Ok(Work::Flood(queue.floods.remove(0)));
        }
        if queue.ending.is_some() { Ok(Work::Ended) } else { Err(spare) }
    }

    /// Resolves when the connection is ended without waiting for the queue.
    async fn cut(&self) {
        while !self.is_cut() {
            self.changed.notified().await;
        }
    }

    fn is_cut(&self) -> bool {
        self.lock().ending == Some(Ending::Now)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // The queue is whole after any step, so a panic elsewhere leaves nothing to repair.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn test_queued_bytes_are_written_before_a_gentle_end() {
        let outbox = Outbox::default();
        outbox.push(|bytes| bytes.extend_from_slice(b"one"));
        outbox.push(|bytes| bytes.extend_from_slice(b"two"));
        outbox.end(Ending::AfterFlush);
        let mut written = Vec::new();

        outbox.write_to(&mut written).await.unwrap();

        assert_eq!(written, b"onetwo");
    }

    #[tokio::test]
    async fn test_a_queue_over_the_limit_ends_the_connection_at_once() {
        let outbox = Outbox::default();
        outbox.push(|bytes| bytes.resize(LIMIT + 1, 0));
        let mut written = Vec::new();

        outbox.write_to(&mut written).await.unwrap();

        assert!(written.is_empty());
    }
}
