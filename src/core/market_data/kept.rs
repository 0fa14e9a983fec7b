//! Quotes that are kept up to date until they are released: one stream of the feed per contract.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use tokio::sync::Notify as Notifier;
use tokio::time::Instant;

use super::board::Board;
use super::feed::Feed;
use super::outlet::Port;
use super::queue::Next;
use super::settling::{is_settled, look_again, no_price};
use super::streams::{QuoteStream, Stream};
use crate::clock::Deadline;
use crate::error::{Error, Result};
use crate::events::Events;
use crate::lock::lock;
use crate::model::{Contract, ContractId, Kept as Update, LineKind, Quote};

/// The kept quotes of a client.
pub(crate) struct KeptQuotes {
    feed: Feed,
    events: Events,
    kept: Mutex<HashMap<ContractId, Arc<Kept>>>,
}

/// One kept quote.
struct Kept {
    stream: QuoteStream,
    notifier: Arc<Notifier>,
}

impl KeptQuotes {
    /// None yet.
    pub(crate) fn new(feed: Feed, events: Events) -> Self {
        Self { feed, events, kept: Mutex::default() }
    }

    /// Keeps the quote of a qualified contract; returns the first. What fails is not kept.
    pub(crate) async fn keep(&self, contract: &Contract, deadline: Deadline) -> Result<Quote> {
        let id = contract
            .contract_id
            .ok_or_else(|| Error::config(format!("{contract} is not qualified")))?;
        let (kept, is_new) = self.find_or_open(id, contract, deadline).await?;
        let quote = kept.first(contract, deadline).await;
        if quote.is_err() && (is_new || !kept.stream.failures().is_empty()) {
            self.release(id);
        }
        quote
    }

    /// The latest quote, while it has a price on the present link.
    pub(crate) fn latest(&self, id: ContractId) -> Option<Quote> {
        let quote = self.kept().get(&id)?.stream.latest(0)?;
        (!quote.is_gap && quote.market_price().is_some()).then(|| Quote::clone(&quote))
    }

    /// Releases a quote; one that is not kept changes nothing.
    pub(crate) fn release(&self, id: ContractId) {
        let released = self.kept().remove(&id);
        drop(released);
    }

    /// The kept quote, and whether it was opened just now.
    async fn find_or_open(
        &self,
        id: ContractId,
        contract: &Contract,
        deadline: Deadline,
    ) -> Result<(Arc<Kept>, bool)> {
        let known = self.kept().get(&id).cloned();
        if let Some(kept) = known.filter(|kept| kept.stream.failures().is_empty()) {
            return Ok((kept, false));
        }
        let opened = Arc::new(self.open(contract, deadline).await?);
        // Whoever opened it meanwhile shares its line, so either may stay.
        self.kept().insert(id, Arc::clone(&opened));
        Ok((opened, true))
    }

    async fn open(&self, contract: &Contract, deadline: Deadline) -> Result<Kept> {
        let contracts: Arc<[Arc<Contract>]> = [Arc::new(contract.clone())].into();
        let notifier = Arc::<Notifier>::default();
        let board = self.board(Arc::clone(&notifier));
        let kind = LineKind::Market { generic_ticks: String::new() };
        let port = Port::Quotes(Arc::clone(&board));
        let lease = self.feed.subscribe(&contracts, &kind, port, deadline).await?;
        Ok(Kept { stream: Stream::new(contracts, board, lease), notifier })
    }

    /// A board that notifies and tells of each change. Nobody else takes what changed, without
    /// which the board would tell of nothing more.
    fn board(&self, notifier: Arc<Notifier>) -> Arc<Board<Quote>> {
        let events = self.events.clone();
        Arc::new_cyclic(|board: &Weak<Board<Quote>>| {
            let board = Weak::clone(board);
            let notify = move || {
                if let Some(board) = board.upgrade() {
                    // What is current stays on the board.
                    let _ = board.take();
                }
                events.updated(Update::Quotes);
                notifier.notify_waiters();
            };
            Board::new(1, Arc::new(notify))
        })
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<ContractId, Arc<Kept>>> {
        // Every change leaves a valid map; nothing is awaited while the lock is held.
        lock(&self.kept)
    }
}

impl Kept {
    /// Waits for the first burst, or for the reason why none comes.
    async fn first(&self, contract: &Contract, deadline: Deadline) -> Result<Quote> {
        let mut priced_at = None;
        loop {
            let news = self.notifier.notified();
            tokio::pin!(news);
            // Registered before the look, so that what comes between the two is not missed.
            news.as_mut().enable();
            self.drain()?;
            let now = Instant::now();
            if let Some(quote) = self.stream.latest(0).filter(|quote| !quote.is_gap) {
                priced_at = priced_at.or_else(|| quote.market_price().map(|_| now));
                if is_settled(&quote, priced_at, now) {
                    return Ok(Quote::clone(&quote));
                }
            }
            if now >= deadline.at() {
                return Err(no_price(contract, self.said(), deadline));
            }
            let _ = tokio::time::timeout_at(look_again(priced_at, deadline), news).await;
        }
    }

    /// Takes what is new, so that it notifies of what is newer; fails with the stream.
    fn drain(&self) -> Result<()> {
        loop {
            match self.stream.take() {
                Next::Item(_) => {}
                Next::Nothing => return Ok(()),
                Next::Closed => return Err(crate::session::closed()),
                Next::Failed(error) => return Err(error),
            }
        }
    }

    fn said(&self) -> Option<Error> {
        let failure = self.stream.failures().into_values().next();
        failure.or_else(|| self.stream.advice().into_values().next())
    }
}
