//! What a session needs of a kind of link. The control link and the feed link differ in nothing
//! else: one machine and one supervisor serve either.

use std::future::Future;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::feed::{FeedLink, FeedTarget};
use crate::gateway::{Failure, Link, Opening, Outlook, Target};
use crate::model::{AccountId, Generation, Notice};

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

/// A link in use, as its supervisor sees it.
pub(crate) trait Served: Clone + Send + Sync + 'static {
    /// Number of this link.
    fn generation(&self) -> Generation;

    /// Accounts told in the handshake.
    fn accounts(&self) -> &[AccountId];

    /// Hands notices to `notice` until the link ends. To be called once.
    fn serve(&self, notice: impl FnMut(Notice) + Send) -> impl Future<Output = ()> + Send;

    /// Closes the socket, after everything written has left.
    fn close(&self) -> impl Future<Output = ()> + Send;

    /// Why the link ended, where it knows.
    fn reason(&self) -> Option<Error> {
        None
    }
}

impl Dial for Target {
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

    async fn serve(&self, notice: impl FnMut(Notice) + Send) {
        Self::serve(self, notice).await;
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}

impl Dial for FeedTarget {
    type Opening = crate::feed::Opening;
    type Link = FeedLink;
    const NAME: &'static str = "feed link";

    fn address(&self) -> &str {
        Self::address(self)
    }

    async fn open(&self, within: Duration) -> Result<Self::Opening, Failure> {
        let opened = Self::open(self, within).await;
        opened.map_err(|error| Failure { outlook: outlook(error.kind()), error })
    }

    async fn prepare(
        &self,
        opening: Self::Opening,
        generation: Generation,
    ) -> Result<FeedLink, Failure> {
        let started = opening.start(generation, self.sink());
        started.map_err(|error| Failure { outlook: outlook(error.kind()), error })
    }
}

impl Served for FeedLink {
    fn generation(&self) -> Generation {
        Self::generation(self)
    }

    fn accounts(&self) -> &[AccountId] {
        Self::accounts(self)
    }

    async fn serve(&self, notice: impl FnMut(Notice) + Send) {
        Self::serve(self, notice).await;
    }

    async fn close(&self) {
        Self::close(self).await;
    }

    fn reason(&self) -> Option<Error> {
        Self::reason(self)
    }
}

/// Whether another try to open a feed link may help.
fn outlook(kind: ErrorKind) -> Outlook {
    match kind {
        ErrorKind::GatewayTooOld => Outlook::Final,
        ErrorKind::ClientIdInUse => Outlook::Lasting,
        _ => Outlook::MayPass,
    }
}
