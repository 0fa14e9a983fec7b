//! Accounts: values, positions and P&L, kept by subscription and known per generation.

mod book;
mod doubt;
mod follow;
mod keeper;
mod ledger;
mod pricing;
mod reading;
mod subscriptions;

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::model::{AccountId, Balance, Generation, Subscription};
use crate::session::Session;

use book::AccountBook;
use follow::Demand;
pub(crate) use follow::{AccountOptions, Follower};
use subscriptions::Present;

/// A handle of the account book: reads are answered from what is kept.
#[derive(Clone)]
pub(crate) struct Accounts {
    session: Session,
    book: Arc<watch::Sender<AccountBook>>,
    demands: mpsc::Sender<Demand>,
}

impl Accounts {
    /// The handle, and the follower whose `run` keeps the book.
    pub(crate) fn new(session: Session, options: AccountOptions) -> (Self, Follower) {
        let book = Arc::new(watch::Sender::new(AccountBook::default()));
        let (demands, inbox) = mpsc::channel(64);
        let follower = Follower::new(session.clone(), book.clone(), options, inbox);
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
        subscriptions::list(&self.book.borrow(), &present)
    }
}
