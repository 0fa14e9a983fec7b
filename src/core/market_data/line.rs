//! One line: a subscription of one contract's top of book, folded into its latest quote, opened
//! again on every link. Dropping the line cancels the subscription.

use std::sync::Arc;

use futures_util::StreamExt;
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::fold::QuoteFold;
use super::line_options::LineOptions;
use crate::clock::{self, Deadline};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Contract, Generation, Greeks, MarketDataType, Quote};
use crate::session::Session;
use crate::session::{Items, Link, Tick, feed};

/// What is known of a line.
#[derive(Debug, Clone)]
pub(super) struct LineState {
    fold: QuoteFold,
    /// The latest quote of the present link, as the fold has it.
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
    pub(super) fn start(contract: Contract, session: Session, options: Arc<LineOptions>) -> Self {
        let empty = LineState::new(contract.clone(), Generation(0));
        let (sender, state) = watch::channel(empty);
        let runtime = options.runtime.clone();
        let runner = Runner { contract, session, options, state: sender };
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
    fn new(contract: Contract, generation: Generation) -> Self {
        let fold = QuoteFold::new(Arc::new(contract), generation);
        let quote = fold.quote();
        Self { fold, quote, priced_at: None, advice: None, failure: None }
    }

    /// Folds ticks as streams do, so that a quote never differs from a stream.
    fn apply(&mut self, ticks: impl IntoIterator<Item = Tick>, now: OffsetDateTime) {
        // Beyond the years 1677 to 2262 no clock of ours runs.
        let time = i64::try_from(now.unix_timestamp_nanos()).unwrap_or(i64::MAX);
        ticks.into_iter().for_each(|tick| self.take(time, tick));
        self.quote = self.fold.quote();
        if self.priced_at.is_none() && self.quote.market_price().is_some() {
            self.priced_at = Some(tokio::time::Instant::now());
        }
    }

    fn take(&mut self, time: i64, tick: Tick) {
        match tick {
            Tick::Number { tick_type, price, size } => {
                let (request_id, attributes) = (UNNAMED, 0);
                let tick = feed::Tick { request_id, tick_type, price, size, attributes };
                self.fold.tick(time, &tick);
            }
            Tick::Text { tick_type, value } => {
                let (request_id, value) = (UNNAMED, value.as_str());
                self.fold.text(time, &feed::TickText { request_id, tick_type, value });
            }
            Tick::Greeks(tick_type, greeks) => {
                self.fold.option(time, &computed(tick_type, &greeks))
            }
            Tick::Step(step) => self.fold.step(Some(step)),
            Tick::Type(kind) => self.fold.market_data_type(kind),
            Tick::Advice(error) => self.advice = Some(error),
        }
    }
}

/// Requests are the wire crate's here, which does not tell their ids.
const UNNAMED: i32 = -1;

fn computed(tick_type: i32, greeks: &Greeks) -> feed::OptionTick {
    // Without `..`: a new figure has to be handed on.
    let Greeks {
        implied_volatility,
        delta,
        gamma,
        vega,
        theta,
        option_price,
        pv_dividend,
        underlying_price,
    } = *greeks;
    feed::OptionTick {
        request_id: UNNAMED,
        tick_type,
        implied_volatility,
        delta,
        gamma,
        vega,
        theta,
        option_price,
        pv_dividend,
        underlying_price,
    }
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
    options: Arc<LineOptions>,
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
        let mut fallback = self.options.delayed_fallback && !self.options.kind.is_delayed();
        self.options.choose(link).await?;
        loop {
            match self.subscribe(link, fallback).await {
                Ending::LinkLost => return Ok(()),
                Ending::NotEntitled(_) if fallback => {
                    fallback = false;
                    self.options.fall_back(link).await?;
                }
                Ending::NotEntitled(error) | Ending::Failed(error) => {
                    return if link.is_up() { Err(self.about(error)) } else { Ok(()) };
                }
            }
        }
    }

    async fn subscribe(&self, link: &Link, fallback: bool) -> Ending {
        let state = LineState::new(self.contract.clone(), link.generation());
        self.state.send_replace(state);
        let deadline = Deadline::after(self.options.write_within);
        match link.market_data(&self.contract, deadline).await {
            Ok(ticks) => self.fold(link, ticks, fallback).await,
            Err(error) => ending(link, error),
        }
    }

    async fn fold(&self, link: &Link, mut ticks: Items<Tick>, fallback: bool) -> Ending {
        while let Some(tick) = ticks.next().await {
            let tick = match tick {
                Ok(tick) => tick,
                Err(error) if error.kind() == ErrorKind::StreamLagged => continue,
                Err(error) => return ending(link, error),
            };
            let now = clock::now();
            self.state.send_modify(|state| state.apply([tick], now));
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

impl LineOptions {
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
    use crate::model::QuoteField;

    const BID: i32 = 1;
    const BID_SIZE: i32 = 0;
    const ASK: i32 = 2;
    const CLOSE: i32 = 9;

    fn stock() -> LineState {
        LineState::new(Contract::stock("AAPL"), Generation(1))
    }

    fn price(tick_type: i32, price: f64, size: f64) -> Tick {
        Tick::Number { tick_type, price: Some(price), size: Some(size) }
    }

    #[test]
    fn a_withdrawn_price_is_none_again() {
        let mut state = stock();

        state.apply([price(BID, 1.0, 5.0)], clock::now());
        state.apply([price(BID, -1.0, 0.0)], clock::now());

        assert_eq!(state.quote.bid, None);
        assert_eq!(state.quote.market_price(), None);
    }

    #[test]
    fn each_field_knows_when_it_was_told() {
        let (early, late) = (clock::now(), clock::now() + time::Duration::SECOND);
        let mut state = stock();

        state.apply([price(BID, 1.0, 5.0)], early);
        state.apply([price(ASK, -1.0, 0.0)], late);

        assert_eq!(state.quote.time_of(QuoteField::Bid), Some(early));
        assert_eq!(state.quote.time_of(QuoteField::Ask), Some(late), "told to be missing");
        assert_eq!(state.quote.time_of(QuoteField::Last), None);
    }

    #[test]
    fn sizes_alone_are_no_price() {
        let mut state = stock();

        let size = Tick::Number { tick_type: BID_SIZE, price: None, size: Some(1.0) };
        state.apply([size], clock::now());
        assert!(state.priced_at.is_none());

        state.apply([price(CLOSE, 1.0, 0.0)], clock::now());
        assert!(state.priced_at.is_some());
    }

    #[test]
    fn an_option_brings_what_its_first_ticks_say() {
        let mut state = stock();
        let halted = Tick::Number { tick_type: 49, price: Some(1.0), size: None };
        let model = Tick::Greeks(13, Greeks { delta: Some(0.5), ..Greeks::default() });

        state.apply([Tick::Step(0.05), halted, model], clock::now());

        let greeks = state.quote.model_greeks.as_ref().unwrap();
        assert_eq!((state.quote.min_tick, state.quote.halted), (Some(0.05), Some(true)));
        assert_eq!(greeks.delta, Some(0.5));
    }
}
