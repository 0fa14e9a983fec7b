//! Keeps the account book: on every link it subscribes values, positions and P&L again, and other
//! accounts once somebody asked for them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};

use super::book::AccountBook;
use super::doubt;
use super::keeper::{Keeper, Subject};
use crate::events::Events;
use crate::model::AccountId;
use crate::session::{Link, Session};

/// Time for the cancels of streams that were dropped.
const SETTLE: Duration = Duration::from_millis(100);

/// What is followed, and how patiently.
pub(crate) struct AccountOptions {
    /// The account the client acts for; the first managed one without.
    pub(crate) account: Option<AccountId>,
    /// How long a first download may pause before it is asked for again.
    pub(crate) download: Duration,
    /// Who is told of changes.
    pub(crate) events: Events,
}

/// The task that keeps the book.
pub(crate) struct Follower {
    session: Session,
    keeper: Keeper,
    account: Option<AccountId>,
    demands: mpsc::Receiver<Demand>,
    others: BTreeSet<AccountId>,
}

/// What readers ask to be known that is not followed from the start.
#[derive(Debug)]
pub(super) enum Demand {
    /// Values and P&L of an account, from now on.
    Values(AccountId),
    /// The portfolio of an account, once.
    Portfolio(AccountId),
}

impl Follower {
    pub(super) fn new(
        session: Session,
        book: Arc<watch::Sender<AccountBook>>,
        options: AccountOptions,
        demands: mpsc::Receiver<Demand>,
    ) -> Self {
        let AccountOptions { account, download, events } = options;
        let keeper = Keeper::new(book, download, events);
        Self { session, keeper, account, demands, others: BTreeSet::new() }
    }

    /// Keeps the book until the session is closed.
    pub(crate) async fn run(self) {
        let (session, book) = (self.session.clone(), self.keeper.book());
        tokio::join!(self.follow_links(), doubt::note(session, &book));
    }

    /// Follows link after link.
    async fn follow_links(mut self) {
        let mut status = self.session.watch();
        loop {
            let (link, lost) = match status.wait_for(|status| status.link.is_some()).await {
                Ok(status) => (status.link.clone(), status.restored.data_lost),
                Err(_) => return,
            };
            let Some(link) = link else { continue };
            // The link's end is published a moment after it is felt here.
            let ended = link.generation();
            let over = |status: &crate::session::Status| {
                status.link.as_ref().is_none_or(|link| link.generation() != ended)
                    || status.restored.data_lost != lost
            };
            let mut present = status.clone();
            tokio::select! {
                () = self.serve(&link) => {}
                _ = present.wait_for(over) => {}
            }
            if status.wait_for(over).await.is_err() {
                return;
            }
            self.renew(&link).await;
        }
    }

    /// Nothing is known of a link that lives on without its streams. They are asked for again once
    /// the cancels of the old ones, which name no request, are out.
    async fn renew(&self, link: &Link) {
        if link.is_up() {
            log::warn!(target: "aioibkr::accounts", "subscribing again: the gateway lost its streams");
            let main = self.account.clone().or_else(|| link.accounts().first().cloned());
            self.keeper.change(|book| book.begin(link.generation(), main));
            tokio::time::sleep(SETTLE).await;
        }
    }

    async fn serve(&mut self, link: &Link) {
        let main = self.account.clone().or_else(|| link.accounts().first().cloned());
        self.keeper.change(|book| book.begin(link.generation(), main.clone()));
        let mut streams = FuturesUnordered::new();
        streams.push(self.follow(link, AccountId(String::new()), Subject::Positions));
        if let Some(main) = &main {
            self.keeper.change(|book| book.follow(main.clone()));
            streams.push(self.follow(link, main.clone(), Subject::Main));
            streams.push(self.follow(link, main.clone(), Subject::Pnl));
        }
        for other in self.others.clone() {
            self.follow_other(link, other, &streams);
        }
        loop {
            tokio::select! {
                () = link.ended() => return,
                Some(()) = streams.next() => {}
                Some(demand) = self.demands.recv() => {
                    if let Some(other) = self.take(demand, main.as_ref()) {
                        self.follow_other(link, other, &streams);
                    }
                }
            }
        }
    }

    /// The account to follow from now on, if the demand is for one that is not.
    fn take(&mut self, demand: Demand, main: Option<&AccountId>) -> Option<AccountId> {
        match demand {
            Demand::Values(account) => {
                let is_new = Some(&account) != main && self.others.insert(account.clone());
                is_new.then_some(account)
            }
            Demand::Portfolio(account) => {
                // The main account's is streamed all the time.
                if Some(&account) != main {
                    self.keeper.ask_portfolio(account);
                }
                None
            }
        }
    }

    fn follow_other(
        &self,
        link: &Link,
        account: AccountId,
        streams: &FuturesUnordered<BoxFuture<'static, ()>>,
    ) {
        self.keeper.change(|book| book.follow(account.clone()));
        streams.push(self.follow(link, account.clone(), Subject::Other));
        streams.push(self.follow(link, account, Subject::Pnl));
    }

    fn follow(&self, link: &Link, account: AccountId, subject: Subject) -> BoxFuture<'static, ()> {
        let (keeper, link) = (self.keeper.clone(), link.clone());
        Box::pin(async move { keeper.keep(&link, &account, subject).await })
    }
}
