//! Holding a write: it is out, or it certainly is not, or nobody can tell.

use std::time::Duration;

use crate::clock::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::session::Link;

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

/// Holds `write` until it is done, the link ends or the deadline passes. A write dropped before its
/// first byte sends nothing; one dropped later breaks the link, which shows.
pub(super) async fn hold(
    link: Link,
    deadline: Deadline,
    write: impl Future<Output = Result<()>>,
) -> Written {
    if !link.is_up() {
        return Written::NotSent(not_sent(ErrorKind::ConnectionLost, "the link was lost"));
    }
    if deadline.remaining().is_zero() {
        return Written::NotSent(refused("its time was over"));
    }
    match held(&link, deadline, write).await {
        Some(Ok(())) => Written::Sent,
        Some(Err(error)) if error.kind() != ErrorKind::ConnectionLost => Written::NotSent(error),
        Some(Err(_)) => Written::Doubtful,
        None if has_broken(&link).await => Written::Doubtful,
        None => Written::NotSent(refused("the gateway takes no bytes and its time was over")),
    }
}

/// The write's result; `None` when it was dropped.
async fn held(
    link: &Link,
    deadline: Deadline,
    write: impl Future<Output = Result<()>>,
) -> Option<Result<()>> {
    tokio::select! {
        biased;
        written = write => Some(written),
        () = link.ended() => None,
        () = tokio::time::sleep_until(deadline.at()) => None,
    }
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
