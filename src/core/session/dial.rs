//! What a session needs of a kind of link. The control link and the feed link differ in nothing
//! else: one machine and one supervisor serve either.

use std::future::Future;
use std::io;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt};

use super::keepalive::Probe;
use crate::clock::Deadline;
use crate::error::{Error, ErrorKind};
use crate::feed::request;
use crate::feed::{FeedLink, FeedLinkOptions};
use crate::gateway::{Failure, Link, LinkOptions, Opening};
use crate::life::Life;
use crate::metrics::Loss;
use crate::model::{AccountId, Generation, Keepalive, Notice, Retry};

const PROBE: &str = "probe";

/// Opens links of one kind.
pub(crate) trait Dial: Clone + Send + Sync + 'static {
    /// A link whose handshake is complete, before it may be used.
    type Opening: Send;
    /// A link in use.
    type Link: Served;
    /// The glossary's name of the kind.
    const NAME: &'static str;

    /// `host:port`.
    fn address(&self) -> &str;

    /// Opens a socket and shakes hands, within `within`.
    fn open(&self, within: Duration)
    -> impl Future<Output = Result<Self::Opening, Failure>> + Send;

    /// Opens what must exist before the link is used, and numbers it.
    fn prepare(
        &self,
        opening: Self::Opening,
        generation: Generation,
    ) -> impl Future<Output = Result<Self::Link, Failure>> + Send;
}

/// What became of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A question was sent.
    Sent,
    /// None was: another is out.
    Shared,
    /// Its turn did not come in time: the gateway was asked nothing.
    NotSent,
}

/// A link in use, as its supervisor sees it.
pub(crate) trait Served: Clone + Send + Sync + 'static {
    /// Number of this link.
    fn generation(&self) -> Generation;

    /// Accounts told in the handshake.
    fn accounts(&self) -> &[AccountId];

    /// The link's notices; their end is the link's. To be called once.
    fn notices(&self) -> BoxStream<'static, Notice>;

    /// When something last arrived.
    fn life(&self) -> &Life;

    /// Asks something in its turn, whose answer is a sign of life. Two questions about the time are
    /// `spacing` apart; one that would come sooner is not asked, because another is out. Resolves
    /// before `probe_timeout` when the turn does not come, else with the answer or when the link
    /// would be dropped.
    fn probe(&self, probe: Probe, rules: Keepalive)
    -> impl Future<Output = Asked> + Send + 'static;

    /// Ends everything that is awaited on the link, without waiting for its socket.
    fn abandon(&self);

    /// Closes the socket, after everything written has left.
    fn close(&self) -> impl Future<Output = ()> + Send;

    /// Why the link ended, where it knows.
    fn reason(&self) -> Option<Error> {
        None
    }

    /// What kind of end that was: the peer's, unless the link knows better.
    fn loss(&self) -> Loss {
        Loss::Ended
    }
}

impl Dial for LinkOptions {
    type Opening = Opening;
    type Link = Link;
    const NAME: &'static str = "link";

    fn address(&self) -> &str {
        &self.address
    }

    async fn open(&self, within: Duration) -> Result<Opening, Failure> {
        Self::open(self, within).await
    }

    async fn prepare(&self, opening: Opening, generation: Generation) -> Result<Link, Failure> {
        opening.prepare(generation, self).await
    }
}

impl Served for Link {
    fn generation(&self) -> Generation {
        Self::generation(self)
    }

    fn accounts(&self) -> &[AccountId] {
        Self::accounts(self)
    }

    fn notices(&self) -> BoxStream<'static, Notice> {
        Self::notices(self)
    }

    fn life(&self) -> &Life {
        Self::life(self)
    }

    fn probe(
        &self,
        probe: Probe,
        rules: Keepalive,
    ) -> impl Future<Output = Asked> + Send + 'static {
        let link = self.clone();
        async move {
            if probe == Probe::Time && !link.may_ask_time(rules.spacing) {
                return Asked::Shared;
            }
            if let Err(error) = link.probe_turn(PROBE, turn(rules)).await {
                return unasked(&error);
            }
            link.life().ask();
            let deadline = Deadline::after(rules.probe_timeout + rules.give_up);
            let answered = match probe {
                Probe::Time => link.ask_time(deadline).await.map(drop),
                Probe::Other => link.ask_accounts(deadline).await.map(drop),
            };
            if let Err(error) = answered {
                log::debug!(target: "aioibkr::session", "{PROBE}: {error}");
            }
            Asked::Sent
        }
    }

    fn abandon(&self) {
        Self::abandon(self);
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}

impl Dial for FeedLinkOptions {
    type Opening = crate::feed::Opening;
    type Link = FeedLink;
    const NAME: &'static str = "feed link";

    fn address(&self) -> &str {
        Self::address(self)
    }

    async fn open(&self, within: Duration) -> Result<Self::Opening, Failure> {
        let opened = Self::open(self, within).await;
        opened.map_err(|error| Failure { retry: retry(error.kind()), error })
    }

    async fn prepare(
        &self,
        opening: Self::Opening,
        generation: Generation,
    ) -> Result<FeedLink, Failure> {
        let started = opening.start(generation, self.sink());
        started.map_err(|error| Failure { retry: retry(error.kind()), error })
    }
}

impl Served for FeedLink {
    fn generation(&self) -> Generation {
        Self::generation(self)
    }

    fn accounts(&self) -> &[AccountId] {
        Self::accounts(self)
    }

    fn notices(&self) -> BoxStream<'static, Notice> {
        let notices = stream::unfold(Self::notices(self), |notices| async {
            let mut notices = notices?;
            notices.recv().await.map(|notice| (notice, Some(notices)))
        });
        notices.boxed()
    }

    fn life(&self) -> &Life {
        Self::life(self)
    }

    fn probe(
        &self,
        probe: Probe,
        rules: Keepalive,
    ) -> impl Future<Output = Asked> + Send + 'static {
        let link = self.clone();
        async move {
            if let Err(error) = link.probe_turn(PROBE, turn(rules)).await {
                return unasked(&error);
            }
            // Nobody else asks for the time on this link, and every frame that comes is life.
            link.life().ask();
            link.send(&request::server_time(probe == Probe::Other));
            Asked::Sent
        }
    }

    fn abandon(&self) {
        self.shut();
    }

    async fn close(&self) {
        Self::close(self).await;
    }

    fn reason(&self) -> Option<Error> {
        Self::reason(self)
    }

    fn loss(&self) -> Loss {
        Self::reason(self).as_ref().map_or(Loss::Ended, loss_of)
    }
}

/// By when a probe has its turn: early enough for the judge to learn of one that has none before it
/// looks again.
fn turn(rules: Keepalive) -> Deadline {
    Deadline::after(rules.probe_timeout / 2)
}

/// What became of a probe without a turn: the end of a link tells of itself.
fn unasked(error: &Error) -> Asked {
    log::debug!(target: "aioibkr::session", "{error}");
    if error.kind() == ErrorKind::PacingViolation { Asked::NotSent } else { Asked::Shared }
}

/// What kind of end a reason tells of: the kernel gives a socket up whose peer acknowledges nothing.
fn loss_of(reason: &Error) -> Loss {
    let cause =
        std::error::Error::source(reason).and_then(|cause| cause.downcast_ref::<io::Error>());
    match cause {
        Some(cause) if cause.kind() == io::ErrorKind::TimedOut => Loss::Deadline,
        _ => Loss::Ended,
    }
}

/// Whether another try to open a feed link may help.
fn retry(kind: ErrorKind) -> Retry {
    match kind {
        ErrorKind::GatewayTooOld => Retry::Never,
        ErrorKind::ClientIdInUse => Retry::Lasting,
        _ => Retry::MayPass,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_the_kernel_gave_up_is_lost_for_a_deadline() {
        let table = [
            (Some(io::ErrorKind::TimedOut), Loss::Deadline),
            (Some(io::ErrorKind::ConnectionReset), Loss::Ended),
            (None, Loss::Ended),
        ];
        for (cause, loss) in table {
            let reason = Error::new(ErrorKind::ConnectionLost, "lost");
            let reason = match cause {
                Some(cause) => reason.with_source(io::Error::from(cause)),
                None => reason,
            };

            assert_eq!(loss_of(&reason), loss, "{cause:?}");
        }
    }
}
