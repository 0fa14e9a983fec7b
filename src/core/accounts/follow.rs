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
use crate::clock::{self, Deadline};
use crate::error::{Error, Result};
use crate::events::Events;
use crate::model::{AccountId, Kept, SubscriptionKind};
use crate::session::Session;
use crate::session::{AccountEvent, Items, Link};

/// Time allowed for writing a subscription.
const WRITE: Duration = Duration::from_secs(10);

/// Pause before a subscription that failed on a live link is made again.
const RETRY: Duration = Duration::from_secs(1);

/// Longest such pause: a gateway that refuses is asked more and more rarely.
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// Time for the cancels of streams that were dropped.
const SETTLE: Duration = Duration::from_millis(100);

/// Rows taken in one go before readers are told.
const BATCH: usize = 256;

/// What is followed, and how patiently.
pub(crate) struct Following {
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
    demands: mpsc::Receiver<AccountId>,
    others: BTreeSet<AccountId>,
}

/// The writing end of the book, and who is told of changes.
#[derive(Clone)]
struct Keeper {
    book: Arc<watch::Sender<AccountBook>>,
    download: Duration,
    events: Events,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    Main,
    Other,
    Positions,
    Pnl,
}

impl Follower {
    pub(super) fn new(
        session: Session,
        book: Arc<watch::Sender<AccountBook>>,
        terms: Following,
        demands: mpsc::Receiver<AccountId>,
    ) -> Self {
        let Following { account, download, events } = terms;
        let keeper = Keeper { book, download, events };
        Self { session, keeper, account, demands, others: BTreeSet::new() }
    }

    /// Follows link after link until the session is closed.
    pub(crate) async fn run(mut self) {
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
            self.keeper.book.send_modify(|book| book.begin(link.generation(), main));
            tokio::time::sleep(SETTLE).await;
        }
    }

    async fn serve(&mut self, link: &Link) {
        let main = self.account.clone().or_else(|| link.accounts().first().cloned());
        self.keeper.book.send_modify(|book| book.begin(link.generation(), main.clone()));
        let mut streams = FuturesUnordered::new();
        streams.push(self.follow(link, AccountId(String::new()), Subject::Positions));
        if let Some(main) = &main {
            self.keeper.book.send_modify(|book| book.follow(main.clone()));
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
                Some(account) = self.demands.recv() => {
                    if Some(&account) != main.as_ref() && self.others.insert(account.clone()) {
                        self.follow_other(link, account, &streams);
                    }
                }
            }
        }
    }

    fn follow_other(
        &self,
        link: &Link,
        account: AccountId,
        streams: &FuturesUnordered<BoxFuture<'static, ()>>,
    ) {
        self.keeper.book.send_modify(|book| book.follow(account.clone()));
        streams.push(self.follow(link, account.clone(), Subject::Other));
        streams.push(self.follow(link, account, Subject::Pnl));
    }

    fn follow(&self, link: &Link, account: AccountId, subject: Subject) -> BoxFuture<'static, ()> {
        let (keeper, link) = (self.keeper.clone(), link.clone());
        Box::pin(async move { keeper.keep(&link, &account, subject).await })
    }
}

impl Keeper {
    /// Keeps one subscription for as long as the link lives.
    async fn keep(&self, link: &Link, account: &AccountId, subject: Subject) {
        let mut refusals = 0;
        loop {
            let error = match subscribe(link, account, subject).await {
                Ok(events) => self.fold(account, subject, events).await,
                Err(error) => Some(error),
            };
            if !link.is_up() {
                return;
            }
            let is_refused = error.as_ref().is_some_and(|error| error.code().is_some());
            let pause = pause_after(&mut refusals, is_refused);
            if let Some(error) = error {
                self.trouble(account, subject, &error, pause);
            }
            self.restart(account, subject);
            tokio::time::sleep(pause).await;
        }
    }

    fn trouble(&self, account: &AccountId, subject: Subject, error: &Error, pause: Duration) {
        let seconds = pause.as_secs();
        log::warn!(target: "aioibkr::accounts", "subscribing again in {seconds} s: {error}");
        let why = error.message().to_owned();
        self.book.send_modify(|book| book.trouble(subject.kind(), account, why));
    }

    /// Applies events until the stream ends, or its first download comes no further; returns why
    /// it is over, if it is known.
    async fn fold(
        &self,
        account: &AccountId,
        subject: Subject,
        events: Items<AccountEvent>,
    ) -> Option<Error> {
        let mut batches = events.ready_chunks(BATCH);
        // P&L has no end: it comes when there is some.
        let mut is_complete = subject == Subject::Pnl;
        loop {
            let pause = Deadline::after(if is_complete { Duration::MAX } else { self.download });
            match tokio::time::timeout_at(pause.at(), batches.next()).await {
                Ok(Some(batch)) => {
                    is_complete |= batch.iter().flatten().any(|event| subject.is_ended_by(event));
                    if let Some(error) = self.apply(account, batch) {
                        return Some(error);
                    }
                }
                Ok(None) => return None,
                Err(_) if is_complete => {}
                Err(_) => return Some(pause.missed(subject.kind().as_str())),
            }
        }
    }

    /// Applies what came until an error, which it returns.
    fn apply(&self, account: &AccountId, batch: Vec<Result<AccountEvent>>) -> Option<Error> {
        let (mut error, now) = (None, clock::now());
        let positions = batch.iter().flatten().any(AccountEvent::is_position);
        let accounts = batch.iter().flatten().any(|event| !event.is_position());
        self.book.send_modify(|book| {
            for event in batch {
                match event {
                    Ok(event) => book.apply(account, event, now),
                    Err(reason) => error = Some(reason),
                }
            }
        });
        self.tell(accounts, positions);
        error
    }

    fn tell(&self, accounts: bool, positions: bool) {
        if accounts {
            self.events.updated(Kept::Accounts);
        }
        if positions {
            self.events.updated(Kept::Positions);
        }
    }

    fn restart(&self, account: &AccountId, subject: Subject) {
        self.book.send_modify(|book| match subject {
            Subject::Main | Subject::Other => book.restart_values(account),
            Subject::Positions => book.restart_positions(),
            Subject::Pnl => {}
        });
    }
}

/// The pause before the next subscription: twice as long after each refusal in a row.
fn pause_after(refusals: &mut u32, is_refused: bool) -> Duration {
    if !is_refused {
        *refusals = 0;
        return RETRY;
    }
    let doubled = RETRY.saturating_mul(2_u32.saturating_pow(*refusals));
    *refusals = refusals.saturating_add(1);
    doubled.min(LONGEST_RETRY)
}

impl Subject {
    /// What is subscribed.
    fn kind(self) -> SubscriptionKind {
        match self {
            Self::Main | Self::Other => SubscriptionKind::AccountValues,
            Self::Positions => SubscriptionKind::Positions,
            Self::Pnl => SubscriptionKind::Pnl,
        }
    }

    /// Whether an event says that the first download is complete.
    fn is_ended_by(self, event: &AccountEvent) -> bool {
        match event {
            AccountEvent::ValuesComplete => self == Self::Main || self == Self::Other,
            AccountEvent::PositionsComplete => self == Self::Positions,
            AccountEvent::Value(_)
            | AccountEvent::Portfolio(_)
            | AccountEvent::Position(_)
            | AccountEvent::Pnl(_) => false,
        }
    }
}

async fn subscribe(
    link: &Link,
    account: &AccountId,
    subject: Subject,
) -> Result<Items<AccountEvent>> {
    let deadline = Deadline::after(WRITE);
    match subject {
        Subject::Main => link.account_updates(account, deadline).await,
        Subject::Other => link.account_values(account, deadline).await,
        Subject::Positions => link.positions(deadline).await,
        Subject::Pnl => link.pnl(account, deadline).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_in_a_row_are_asked_about_more_and_more_rarely() {
        let mut refusals = 0;
        let mut pause = |is_refused| pause_after(&mut refusals, is_refused).as_secs();

        let refused: Vec<_> = (0..8).map(|_| pause(true)).collect();
        let (silent, again) = (pause(false), pause(true));

        assert_eq!(refused, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!((silent, again), (1, 1));
    }
}
