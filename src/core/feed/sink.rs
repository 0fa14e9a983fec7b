//! Where a feed link puts what it decodes: one owner of all routes, called on the link's thread.

use super::{Message, Tick};

/// Takes the messages of one feed link. Every method is called on the link's own thread, so an
/// implementation owns its state without locks; it must never block.
pub trait Sink: Send {
    /// A price, size or generic tick: the hot path.
    fn tick(&mut self, time: i64, tick: &Tick);

    /// Any other message. `time` is the receive time in nanoseconds since 1970 UTC.
    fn message(&mut self, time: i64, message: Message<'_>);

    /// Everything that one read of the socket brought has been told.
    fn read_done(&mut self);

    /// Somebody woke the link: take what was queued for this sink.
    fn woken(&mut self);

    /// The link has ended; nothing follows.
    fn ended(&mut self);

    /// Whether more may be read now. After a no, the link waits to be woken.
    fn can_take(&self) -> bool;
}
