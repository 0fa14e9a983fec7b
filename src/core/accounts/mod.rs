//! Accounts: values, positions and P&L, kept by subscription and known per generation.

mod book;
mod follow;
mod roll;

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::clock::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{AccountId, AccountSnapshot, Balance, Generation, Pnl, Position, Subscription};
use crate::session::Session;

use book::AccountBook;
pub(crate) use follow::{Follower, Following};
use roll::Present;

/// A handle of the account book: reads are answered from what is kept.
#[derive(Clone)]
pub(crate) struct Accounts {
    session: Session,
    book: Arc<watch::Sender<AccountBook>>,
    demands: mpsc::Sender<AccountId>,
}

impl Accounts {
    /// The handle, and the follower whose `run` keeps the book.
    pub(crate) fn new(session: Session, terms: Following) -> (Self, Follower) {
        let book = Arc::new(watch::Sender::new(AccountBook::default()));
        let (demands, inbox) = mpsc::channel(64);
        let follower = Follower::new(session.clone(), book.clone(), terms, inbox);
        (Self { session, book, demands }, follower)
    }

    /// Names of what is not known of a link.
    pub(crate) fn missing(&self, link: Generation) -> Vec<&'static str> {
        self.book.borrow().missing(link)
    }

    /// Why a part of the client's account is missing, where the gateway said so.
    pub(crate) fn why_missing(&self, part: &str) -> Option<String> {
        let book = self.book.borrow();
        let main = book.main()?;
        book.why_missing(part, main)
    }

    /// The money of an account, if it is known for that link; asks and waits for nothing.
    pub(crate) fn balance(&self, account: &AccountId, link: Generation) -> Option<Balance> {
        let book = self.book.borrow();
        let snapshot = if book.is_of(link) { book.snapshot(account) } else { None };
        snapshot.map(|snapshot| snapshot.balance())
    }

    /// Resolves when the book may have changed since `seen`.
    pub(crate) fn watch(&self) -> watch::Receiver<AccountBook> {
        self.book.subscribe()
    }

    /// The subscriptions accounts are kept by, and how each stands.
    pub(crate) fn subscriptions(&self) -> Vec<Subscription> {
        let status = self.session.status();
        let lost = match &status.reason {
            Some(reason) => reason.message().to_owned(),
            None => format!("the link is {}", status.state),
        };
        let present = match &status.link {
            Some(link) if link.is_up() => Present::Link(link.generation()),
            Some(_) | None => Present::Lost(status.generation, &lost),
        };
        roll::roll(&self.book.borrow(), &present)
    }

    /// Everything known about an account, once its first download is complete.
    pub(crate) async fn snapshot(
        &self,
        account: &AccountId,
        deadline: Deadline,
    ) -> Result<Arc<AccountSnapshot>> {
        let wish = Wish { request: "account_snapshot", part: "account values", account, deadline };
        self.demand(&wish).await?;
        self.read(&wish, |book| book.snapshot(account)).await.map(Arc::new)
    }

    /// P&L of an account, once the gateway has sent it.
    pub(crate) async fn pnl(&self, account: &AccountId, deadline: Deadline) -> Result<Pnl> {
        let wish = Wish { request: "pnl", part: "pnl", account, deadline };
        self.demand(&wish).await?;
        self.read(&wish, |book| book.pnl(account)).await
    }

    /// Positions of one account or of all, once the first download is complete.
    pub(crate) async fn positions(
        &self,
        account: Option<&AccountId>,
        deadline: Deadline,
    ) -> Result<Vec<Position>> {
        let name = AccountId(account.map_or("all accounts", |account| &account.0).to_owned());
        let wish = Wish { request: "positions", part: "positions", account: &name, deadline };
        self.read(&wish, |book| book.positions(account)).await
    }

    /// Sees to it that the account is followed.
    async fn demand(&self, wish: &Wish<'_>) -> Result<()> {
        self.session.kept(wish.request, wish.deadline).await?;
        let is_followed = self.book.borrow().follows(wish.account);
        if !is_followed && self.demands.try_send(wish.account.clone()).is_err() {
            log::warn!(target: "aioibkr::accounts", "too many accounts asked for at once");
        }
        Ok(())
    }

    /// Reads the book of the present link once `find` finds something in it.
    async fn read<T>(
        &self,
        wish: &Wish<'_>,
        find: impl Fn(&AccountBook) -> Option<T>,
    ) -> Result<T> {
        let link = self.session.kept(wish.request, wish.deadline).await?;
        let mut book = self.book.subscribe();
        let found = book.wait_for(|book| book.is_of(link.generation()) && find(book).is_some());
        tokio::select! {
            biased;
            book = found => {
                let found = book.ok().and_then(|book| find(&book));
                found.ok_or_else(|| self.session.no_link(wish.request))
            }
            () = link.ended() => Err(self.session.no_link(wish.request)),
            () = tokio::time::sleep_until(wish.deadline.at()) => {
                let why = self.book.borrow().why_missing(wish.part, wish.account);
                Err(wish.unknown(why.as_deref()))
            }
        }
    }
}

/// What somebody asks of the book.
struct Wish<'a> {
    request: &'static str,
    /// What has to be known for it.
    part: &'static str,
    account: &'a AccountId,
    deadline: Deadline,
}

impl Wish<'_> {
    fn unknown(&self, why: Option<&str>) -> Error {
        let (request, account) = (self.request, self.account);
        let why = why.unwrap_or("the gateway has not sent it yet");
        let message = format!("{request} of {account}: {why}");
        Error::new(ErrorKind::StateUnknown, message)
            .with_detail("request", request)
            .with_detail("account", account)
            .with_detail("missing", self.part)
            .with_detail("timeout", self.deadline.within().as_secs_f64())
    }
}
