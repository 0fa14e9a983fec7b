//! What sends a cancel when it is dropped: a subscription, or a request nobody waits for any more.
//! The cancel takes its turn like every other message, so the drop may have to wait for it.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::Stream;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::pacing::{Pace, Urgency};

/// Holds a subscription or an answer. Dropped before its end, it lets go when it is the cancel's
/// turn, or when the link is over.
pub(super) struct Withdrawing<W: Send + 'static> {
    /// `None` at its end.
    held: Option<W>,
    pace: Pace,
    over: watch::Receiver<bool>,
}

impl<W: Send + 'static> Withdrawing<W> {
    pub(super) fn new(held: W, pace: Pace, over: watch::Receiver<bool>) -> Self {
        Self { held: Some(held), pace, over }
    }
}

impl<W: Future + Unpin + Send + 'static> Future for Withdrawing<W> {
    type Output = W::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<W::Output> {
        let Some(held) = &mut self.held else { return Poll::Pending };
        let polled = Pin::new(held).poll(context);
        if polled.is_ready() {
            self.held = None;
        }
        polled
    }
}

impl<W: Stream + Unpin + Send + 'static> Stream for Withdrawing<W> {
    type Item = W::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<W::Item>> {
        let Some(held) = &mut self.held else { return Poll::Ready(None) };
        let polled = Pin::new(held).poll_next(context);
        if matches!(polled, Poll::Ready(None)) {
            self.held = None;
        }
        polled
    }
}

// Pinning is not structural: what is held is itself free to move.
impl<W: Send + 'static> Unpin for Withdrawing<W> {}

impl<W: Send + 'static> Drop for Withdrawing<W> {
    fn drop(&mut self) {
        let Some(held) = self.held.take() else { return };
        // On a link that is over, no cancel is sent.
        if *self.over.borrow() || self.pace.send_now(Urgency::Ordinary) {
            return;
        }
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(let_go(held, self.pace.clone(), self.over.clone()))),
            Err(_) => self.pace.spend(),
        }
    }
}

/// Lets go when it is its turn. Ends by itself within the wait for a turn, or with the link.
async fn let_go<W>(held: W, pace: Pace, mut over: watch::Receiver<bool>) {
    tokio::select! {
        () = pace.turn(Urgency::Ordinary) => {}
        // An error means that the link itself is gone.
        _ = over.wait_for(|over| *over) => {}
    }
    drop(held);
}
