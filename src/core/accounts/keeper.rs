//! Keeps one subscription in the book for as long as its link lives. The gateway streams the
//! portfolio of one account at a time: the main account's, which gives way for as long as another
//! account's takes to be downloaded.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::watch;

use super::book::AccountBook;
use crate::clock::{self, Deadline};
use crate::error::{Error, Result};
use crate::events::Events;
use crate::model::{AccountId, Kept, SubscriptionKind};
use crate::session::{AccountEvent, Items, Link};

/// Time allowed for writing a subscription.
const WRITE: Duration = Duration::from_secs(10);

/// Pause before a subscription that failed on a live link is made again.
const RETRY: Duration = Duration::from_secs(1);

/// Longest such pause: a gateway that refuses is asked more and more rarely.
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// Longest pause of a portfolio's download that the main account's stream makes room for.
const TURN: Duration = Duration::from_secs(2);

/// Rows taken in one go before readers are told.
const BATCH: usize = 256;

/// The writing end of the book, and who is told of changes.
#[derive(Clone)]
pub(super) struct Keeper {
    book: Arc<watch::Sender<AccountBook>>,
    download: Duration,
    events: Events,
    /// Accounts whose portfolio is asked for.
    turns: Arc<watch::Sender<BTreeSet<AccountId>>>,
}

/// What is subscribed of an account, or of all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// Values and portfolio of the main account.
    Main,
    /// Values and portfolio of another one, until they are downloaded.
    Turn,
    /// Values of another one.
    Other,
    Positions,
    Pnl,
}

/// Why a subscription is over.
enum End {
    /// It is another's turn.
    Turn,
    /// It ended, for that reason if one is known.
    Lost(Option<Error>),
}

impl Keeper {
    pub(super) fn new(
        book: Arc<watch::Sender<AccountBook>>,
        download: Duration,
        events: Events,
    ) -> Self {
        Self { book, download, events, turns: Arc::default() }
    }

    /// The book it keeps.
    pub(super) fn book(&self) -> Arc<watch::Sender<AccountBook>> {
        Arc::clone(&self.book)
    }

    /// Changes the book, and wakes its readers.
    pub(super) fn change(&self, change: impl FnOnce(&mut AccountBook)) {
        self.book.send_modify(change);
    }

    /// Has the portfolio of an account downloaded, in its turn.
    pub(super) fn ask_portfolio(&self, account: AccountId) {
        self.turns.send_if_modified(|turns| turns.insert(account));
    }

    /// Keeps one subscription for as long as the link lives.
    pub(super) async fn keep(&self, link: &Link, account: &AccountId, subject: Subject) {
        let mut refusals = 0;
        loop {
            let end = self.once(link, account, subject).await;
            if !link.is_up() {
                return;
            }
            let error = match end {
                End::Turn => {
                    self.take_turns(link).await;
                    continue;
                }
                End::Lost(error) => error,
            };
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
        self.change(|book| book.trouble(subject.kind(), account, why));
    }

    /// Downloads the portfolios that are asked for, one after the other. One that does not come is
    /// dropped: whoever still waits for it asks again.
    async fn take_turns(&self, link: &Link) {
        while let Some(account) = self.next_turn() {
            if let End::Lost(why) = self.once(link, &account, Subject::Turn).await
                && link.is_up()
            {
                let why = why.map(|error| error.to_string()).unwrap_or_default();
                log::warn!(target: "aioibkr::accounts", "no portfolio of {account}: {why}");
            }
            self.turns.send_modify(|turns| {
                turns.remove(&account);
            });
        }
    }

    fn next_turn(&self) -> Option<AccountId> {
        self.turns.borrow().first().cloned()
    }

    async fn once(&self, link: &Link, account: &AccountId, subject: Subject) -> End {
        match subscribe(link, account, subject).await {
            Ok(events) => self.fold(account, subject, events).await,
            Err(error) => End::Lost(Some(error)),
        }
    }

    /// Applies events until the stream ends, gives way, or its download comes no further.
    async fn fold(
        &self,
        account: &AccountId,
        subject: Subject,
        events: Items<AccountEvent>,
    ) -> End {
        let mut batches = events.ready_chunks(BATCH);
        // P&L has no end: it comes when there is some.
        let mut is_complete = subject == Subject::Pnl;
        loop {
            let within = subject.pause(self.download);
            let pause = Deadline::after(if is_complete { Duration::MAX } else { within });
            tokio::select! {
                biased;
                batch = batches.next() => {
                    let Some(batch) = batch else { return End::Lost(None) };
                    is_complete |= batch.iter().flatten().any(|event| subject.is_ended_by(event));
                    if let Some(error) = self.apply(account, batch) {
                        return End::Lost(Some(error));
                    }
                }
                () = self.gives_way(subject), if is_complete => return End::Turn,
                () = tokio::time::sleep_until(pause.at()), if !is_complete => {
                    return End::Lost(Some(pause.missed(subject.kind().as_str())));
                }
            }
        }
    }

    /// Resolves when the stream has to make room for another portfolio.
    async fn gives_way(&self, subject: Subject) {
        match subject {
            Subject::Turn => {}
            Subject::Main => {
                // The sender lives in `self`, so the wait ends only with a demand.
                let _ = self.turns.subscribe().wait_for(|turns| !turns.is_empty()).await;
            }
            Subject::Other | Subject::Positions | Subject::Pnl => std::future::pending().await,
        }
    }

    /// Applies what came until an error, which it returns.
    fn apply(&self, account: &AccountId, batch: Vec<Result<AccountEvent>>) -> Option<Error> {
        let (mut error, now) = (None, clock::now());
        let positions = batch.iter().flatten().any(AccountEvent::is_position);
        let accounts = batch.iter().flatten().any(AccountEvent::is_value);
        self.change(|book| {
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
        self.change(|book| match subject {
            Subject::Main | Subject::Other => book.restart_values(account),
            Subject::Positions => book.restart_positions(),
            Subject::Turn | Subject::Pnl => {}
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
            Self::Main | Self::Turn | Self::Other => SubscriptionKind::AccountValues,
            Self::Positions => SubscriptionKind::Positions,
            Self::Pnl => SubscriptionKind::Pnl,
        }
    }

    /// How long a download may pause. One that others wait behind is given up sooner.
    fn pause(self, download: Duration) -> Duration {
        match self {
            Self::Turn => download.min(TURN),
            Self::Main | Self::Other | Self::Positions | Self::Pnl => download,
        }
    }

    /// Whether an event says that the first download is complete.
    fn is_ended_by(self, event: &AccountEvent) -> bool {
        match event {
            AccountEvent::DownloadComplete => self == Self::Main || self == Self::Turn,
            AccountEvent::ValuesComplete => self == Self::Other,
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
        Subject::Main | Subject::Turn => link.account_updates(account, deadline).await,
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
