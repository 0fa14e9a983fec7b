//! One line: a subscription of one contract's top of book, folded into its latest quote, opened
//! again on every link. Dropping the line cancels the subscription.

use std::sync::Arc;

use futures_util::StreamExt;
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::policy::LinePolicy;
use crate::clock::{self, Deadline};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Contract, Generation, MarketDataType, Quote, QuoteField};
use crate::session::Session;
use crate::session::{Items, Link, Tick, TickKind};

/// What is known of a line.
#[derive(Debug, Clone)]
pub(super) struct LineState {
    /// The latest quote of the present link.
    pub(super) quote: Quote,
    /// Whether a price has arrived on this link, and when the first did.
    pub(super) priced_at: Option<tokio::time::Instant>,
    /// Why data is missing, if the gateway said so.
    pub(super) advice: Option<Error>,
    /// Why the line ended, if it did.
    pub(super) failure: Option<Error>,
}

/// A running line.
pub(super) struct Line {
    state: watch::Receiver<LineState>,
    task: AbortHandle,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Line {
    /// Starts a line; it lives as long as this value.
    pub(super) fn start(contract: Contract, session: Session, policy: Arc<LinePolicy>) -> Self {
        let empty = LineState::new(contract.clone(), Generation(0), clock::now());
        let (sender, state) = watch::channel(empty);
        let runtime = policy.runtime.clone();
        let runner = Runner { contract, session, policy, state: sender };
        Self { state, task: runtime.spawn(runner.run()).abort_handle() }
    }

    /// The latest state.
    pub(super) fn state(&self) -> LineState {
        self.state.borrow().clone()
    }

    /// A receiver of every later state.
    pub(super) fn watch(&self) -> watch::Receiver<LineState> {
        self.state.clone()
    }

    /// Whether the line still brings data.
    pub(super) fn is_running(&self) -> bool {
        self.state.borrow().failure.is_none() && !self.task.is_finished()
    }
}

impl LineState {
    fn new(contract: Contract, generation: Generation, now: OffsetDateTime) -> Self {
        let quote = Quote::empty(Arc::new(contract), now, generation);
        Self { quote, priced_at: None, advice: None, failure: None }
    }

    /// Folds one tick.
    fn apply(&mut self, tick: Tick, now: OffsetDateTime) {
        match tick {
            Tick::Type(kind) => self.quote.market_data_type = kind,
            Tick::Advice(error) => self.advice = Some(error),
            Tick::Field(kind, value) => {
                set(&mut self.quote, kind, value, now);
                if self.priced_at.is_none() && self.quote.market_price().is_some() {
                    self.priced_at = Some(tokio::time::Instant::now());
                }
            }
        }
    }
}

/// Sets one field and when it was told.
fn set(quote: &mut Quote, kind: TickKind, value: Option<f64>, now: OffsetDateTime) {
    let (field, place) = match kind {
        TickKind::Bid => (QuoteField::Bid, &mut quote.bid),
        TickKind::Ask => (QuoteField::Ask, &mut quote.ask),
        TickKind::Last => (QuoteField::Last, &mut quote.last),
        TickKind::BidSize => (QuoteField::BidSize, &mut quote.bid_size),
        TickKind::AskSize => (QuoteField::AskSize, &mut quote.ask_size),
        TickKind::LastSize => (QuoteField::LastSize, &mut quote.last_size),
        TickKind::Volume => (QuoteField::Volume, &mut quote.volume),
        TickKind::Open => (QuoteField::Open, &mut quote.open),
        TickKind::High => (QuoteField::High, &mut quote.high),
        TickKind::Low => (QuoteField::Low, &mut quote.low),
        TickKind::Close => (QuoteField::Close, &mut quote.close),
    };
    *place = value;
    quote.received_at = now;
    // Beyond the years 1677 to 2262 no clock of ours runs.
    quote.mark_told(field, i64::try_from(now.unix_timestamp_nanos()).unwrap_or(i64::MAX));
}

/// Why one subscription of a line is over.
enum Ending {
    LinkLost,
    NotEntitled(Error),
    Failed(Error),
}

struct Runner {
    contract: Contract,
    session: Session,
    policy: Arc<LinePolicy>,
    state: watch::Sender<LineState>,
}

impl Runner {
    /// Serves the line link after link, until it fails for a reason another link will not cure.
    async fn run(self) {
        let mut status = self.session.watch();
        let mut served = Generation(0);
        loop {
            let next = status.wait_for(|status| {
                status.link.as_ref().is_some_and(|link| link.generation() > served)
            });
            let Ok(link) = next.await.map(|status| status.link.clone()) else { return };
            let Some(link) = link else { continue };
            served = link.generation();
            if let Err(error) = self.serve(&link).await {
                self.state.send_modify(|state| state.failure = Some(error));
                return;
            }
        }
    }

    /// Serves one link; live data that is not entitled is asked for once more as delayed data.
    async fn serve(&self, link: &Link) -> Result<()> {
        let mut fallback = self.policy.delayed_fallback && !self.policy.kind.is_delayed();
        self.policy.choose(link).await?;
        loop {
            match self.subscribe(link, fallback).await {
                Ending::LinkLost => return Ok(()),
                Ending::NotEntitled(_) if fallback => {
                    fallback = false;
                    self.policy.fall_back(link).await?;
                }
                Ending::NotEntitled(error) | Ending::Failed(error) => {
                    return if link.is_up() { Err(self.about(error)) } else { Ok(()) };
                }
            }
        }
    }

    async fn subscribe(&self, link: &Link, fallback: bool) -> Ending {
        let state = LineState::new(self.contract.clone(), link.generation(), clock::now());
        self.state.send_replace(state);
        let deadline = Deadline::after(self.policy.write_within);
        match link.market_data(&self.contract, deadline).await {
            Ok(ticks) => self.fold(link, ticks, fallback).await,
            Err(error) => ending(link, error),
        }
    }

    async fn fold(&self, link: &Link, mut ticks: Items<Vec<Tick>>, fallback: bool) -> Ending {
        while let Some(batch) = ticks.next().await {
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) if error.kind() == ErrorKind::StreamLagged => continue,
                Err(error) => return ending(link, error),
            };
            let now = clock::now();
            self.state.send_modify(|state| {
                batch.into_iter().for_each(|tick| state.apply(tick, now));
            });
            if let Some(error) = self.silent_refusal().filter(|_| fallback) {
                return Ending::NotEntitled(error);
            }
        }
        Ending::LinkLost
    }

    /// Advice instead of data: the gateway says that live data is missing and has sent none, nor
    /// said that delayed data follows.
    fn silent_refusal(&self) -> Option<Error> {
        let state = self.state.borrow();
        let is_silent = state.priced_at.is_none() && !state.quote.is_delayed();
        state.advice.clone().filter(|_| is_silent)
    }

    fn about(&self, error: Error) -> Error {
        error.with_detail("symbol", &self.contract.symbol).with_detail("contract", &self.contract)
    }
}

fn ending(link: &Link, error: Error) -> Ending {
    match error.kind() {
        ErrorKind::ConnectionLost => Ending::LinkLost,
        _ if !link.is_up() => Ending::LinkLost,
        ErrorKind::NotEntitled => Ending::NotEntitled(error),
        _ => Ending::Failed(error),
    }
}

impl LinePolicy {
    /// Asks for the configured kind of data, unless it is the gateway's default or delayed data
    /// is in force already.
    async fn choose(&self, link: &Link) -> Result<()> {
        if self.kind == MarketDataType::Live || self.is_chosen(link.generation()) {
            return Ok(());
        }
        self.switch(link, self.kind).await
    }

    /// Asks for delayed data from here on. Instruments with a live entitlement stay live: the
    /// gateway sends delayed data only where it has no live data to send.
    async fn fall_back(&self, link: &Link) -> Result<()> {
        log::warn!(target: "aioibkr::market_data", "live data is not entitled: asking for delayed data");
        self.switch(link, MarketDataType::Delayed).await
    }

    async fn switch(&self, link: &Link, kind: MarketDataType) -> Result<()> {
        link.choose_market_data(kind, Deadline::after(self.write_within)).await?;
        self.mark_chosen(link.generation());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_withdrawn_price_is_none_again() {
        let mut state = LineState::new(Contract::stock("AAPL"), Generation(1), clock::now());

        state.apply(Tick::Field(TickKind::Bid, Some(1.0)), clock::now());
        state.apply(Tick::Field(TickKind::Bid, None), clock::now());

        assert_eq!(state.quote.bid, None);
        assert_eq!(state.quote.market_price(), None);
    }

    #[test]
    fn each_field_knows_when_it_was_told() {
        let (early, late) = (clock::now(), clock::now() + time::Duration::SECOND);
        let mut state = LineState::new(Contract::stock("AAPL"), Generation(1), early);

        state.apply(Tick::Field(TickKind::Bid, Some(1.0)), early);
        state.apply(Tick::Field(TickKind::Ask, None), late);

        assert_eq!(state.quote.time_of(QuoteField::Bid), Some(early));
        assert_eq!(state.quote.time_of(QuoteField::Ask), Some(late), "told to be missing");
        assert_eq!(state.quote.time_of(QuoteField::Last), None);
    }

    #[test]
    fn sizes_alone_are_no_price() {
        let mut state = LineState::new(Contract::stock("AAPL"), Generation(1), clock::now());

        state.apply(Tick::Field(TickKind::BidSize, Some(1.0)), clock::now());
        assert!(state.priced_at.is_none());

        state.apply(Tick::Field(TickKind::Close, Some(1.0)), clock::now());
        assert!(state.priced_at.is_some());
    }
}
