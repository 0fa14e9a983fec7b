//! Holding a write: it is out, or it certainly is not, or nobody can tell.

use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::model::SessionState;
use crate::session::{Link, Status, Urgency};

/// How long a link that a cut-off write has broken takes to be noticed.
const BREAK_SHOWS: Duration = Duration::from_millis(100);

/// What became of a write.
#[derive(Debug)]
pub(super) enum Written {
    /// Every byte was handed to the kernel.
    Sent,
    /// Not one byte left.
    NotSent(Error),
    /// Some bytes may have left.
    Doubtful,
}

/// For how long a write is held.
pub(super) struct Hold {
    /// The link it is for.
    pub(super) link: Link,
    /// When it is dropped at the latest.
    pub(super) deadline: Deadline,
    /// Where the session stands: the write is dropped once the link is no longer live. `None` for
    /// what is sent to a link in any state.
    pub(super) gate: Option<watch::Receiver<Status>>,
}

/// Holds `write` until it is its turn, then until it is done, the link ends or leaves Live, or the
/// deadline passes. A write dropped before its first byte sends nothing; one dropped later breaks
/// the link, which shows.
pub(super) async fn hold(
    hold: Hold,
    urgency: Urgency,
    write: impl Future<Output = Result<()>>,
) -> Written {
    let Hold { link, deadline, mut gate } = hold;
    if let Err(error) = passable(&link, gate.as_ref()) {
        return Written::NotSent(error);
    }
    if deadline.remaining().is_zero() {
        return Written::NotSent(refused("its time was over"));
    }
    let turn = held(&link, deadline, link.turn(urgency), shut(&mut gate)).await;
    // A turn comes at once when the link ends; whatever else happened while it was waited for shows.
    if let Err(error) = passable(&link, gate.as_ref()) {
        return Written::NotSent(error);
    }
    if turn.is_none() {
        return Written::NotSent(refused("its time was over before its turn came"));
    }
    match held(&link, deadline, write, shut(&mut gate)).await {
        Some(Ok(())) => Written::Sent,
        Some(Err(error)) if error.kind() != ErrorKind::ConnectionLost => Written::NotSent(error),
        Some(Err(_)) => Written::Doubtful,
        None if has_broken(&link).await => Written::Doubtful,
        None => Written::NotSent(refused(why_held(gate.as_ref()))),
    }
}

/// Why a write may not begin now.
fn passable(link: &Link, gate: Option<&watch::Receiver<Status>>) -> Result<()> {
    if !link.is_up() {
        return Err(not_sent(ErrorKind::ConnectionLost, "the link was lost"));
    }
    let hindrance = gate.and_then(|gate| gate.borrow().state.hindrance());
    hindrance.map_or(Ok(()), |why| Err(refused(why)))
}

/// What a write or its turn comes to; `None` when it was dropped.
async fn held<T>(
    link: &Link,
    deadline: Deadline,
    awaited: impl Future<Output = T>,
    shut: impl Future<Output = ()>,
) -> Option<T> {
    tokio::select! {
        biased;
        outcome = awaited => Some(outcome),
        () = link.ended() => None,
        () = shut => None,
        () = tokio::time::sleep_until(deadline.at()) => None,
    }
}

/// Resolves once the link takes no orders.
async fn shut(gate: &mut Option<watch::Receiver<Status>>) {
    let Some(gate) = gate else { return std::future::pending().await };
    if gate.wait_for(|status| status.state != SessionState::Live).await.is_err() {
        // The client is closed: its link ends as well.
        std::future::pending().await
    }
}

fn why_held(gate: Option<&watch::Receiver<Status>>) -> &'static str {
    let hindrance = gate.and_then(|gate| gate.borrow().state.hindrance());
    hindrance.unwrap_or("the gateway takes no bytes and its time was over")
}

async fn has_broken(link: &Link) -> bool {
    tokio::time::timeout(BREAK_SHOWS, link.ended()).await.is_ok() || !link.is_up()
}

/// The refusal of an order whose write never began.
pub(super) fn refused(why: &str) -> Error {
    Error::refused("not_sent", format!("nothing was sent: {why}"))
}

fn not_sent(kind: ErrorKind, why: &str) -> Error {
    Error::new(kind, format!("nothing was sent: {why}")).with_detail("rule", "not_sent")
}
