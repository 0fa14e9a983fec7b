//! Readers of streams, as a test uses them: told of news by the stream, never patient for ever.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up fails its test")]

use std::sync::Arc;

use aioibkr_core::client::StreamOptions;
use aioibkr_core::market_data::{
    BarStream, Batch, BatchQueue, Board, DepthStream, Next, QuoteStream, Rows, Stream,
    TickByTickColumns, TickByTickStream, TickStream,
};
use aioibkr_core::model::{Contract, Generation, LineKind, Overflow, Quote, TickByTickKind};
use aioibkr_core::{Client, Config, Error};
use aioibkr_mock_gateway::{Fault, Injection, MockGateway, Prices};
use tokio::sync::Notify;

use crate::core_gateway::{SECOND, config, connected, eventually, gateway};

/// The control link's and the feed link's client id.
pub(crate) const CONTROL: i32 = 7;
pub(crate) const FEED: i32 = 1007;

/// Room for everything a test that is not about room sends.
const AMPLE: usize = 1 << 20;

/// What a stream hands over piece by piece.
pub(crate) trait Source {
    type Piece;

    fn take_next(&self) -> Next<Self::Piece>;
}

impl<T> Source for Stream<Board<T>> {
    type Piece = Arc<T>;

    fn take_next(&self) -> Next<Arc<T>> {
        self.take()
    }
}

impl<R: Rows> Source for Stream<BatchQueue<R>> {
    type Piece = Batch<R>;

    fn take_next(&self) -> Next<Batch<R>> {
        self.take()
    }
}

impl Source for TickByTickStream {
    type Piece = Batch<TickByTickColumns>;

    fn take_next(&self) -> Next<Self::Piece> {
        self.stream.take()
    }
}

/// A stream and what rings when it has news.
pub(crate) struct Reader<S> {
    pub(crate) stream: S,
    notifier: Arc<Notify>,
}

impl<S: Source> Reader<S> {
    /// The next piece, or how the stream ended: `None` is closed.
    pub(crate) async fn next(&self) -> Result<S::Piece, Option<Error>> {
        let waiting = async {
            loop {
                match self.stream.take_next() {
                    Next::Item(piece) => return Ok(piece),
                    Next::Closed => return Err(None),
                    Next::Failed(error) => return Err(Some(error)),
                    Next::Nothing => self.notifier.notified().await,
                }
            }
        };
        tokio::time::timeout(10 * SECOND, waiting).await.expect("news within ten seconds")
    }

    /// The first piece of which the claim holds; earlier ones are passed over. A stream that goes on
    /// without it fails the test as a silent one does.
    pub(crate) async fn find(&self, mut claim: impl FnMut(&S::Piece) -> bool) -> S::Piece {
        let finding = async {
            loop {
                let piece = self.next().await.expect("an open stream");
                if claim(&piece) {
                    return piece;
                }
            }
        };
        tokio::time::timeout(20 * SECOND, finding).await.expect("the piece within twenty seconds")
    }

    /// How the stream ends, whatever is queued before.
    pub(crate) async fn end(&self) -> Option<Error> {
        loop {
            if let Err(end) = self.next().await {
                return end;
            }
        }
    }
}

/// Options, and what rings when a stream that has them has news.
pub(crate) fn options(capacity: usize, overflow: Overflow) -> (StreamOptions, Arc<Notify>) {
    let notifier = Arc::<Notify>::default();
    let rope = notifier.clone();
    let notify = Arc::new(move || rope.notify_one());
    (StreamOptions { capacity, overflow, notify, timeout: None }, notifier)
}

pub(crate) fn ample() -> (StreamOptions, Arc<Notify>) {
    options(AMPLE, Overflow::Conflate)
}

fn stocks(symbols: &[&str]) -> Vec<Contract> {
    symbols.iter().copied().map(Contract::stock).collect()
}

pub(crate) async fn quotes(client: &Client, symbols: &[&str]) -> Reader<QuoteStream> {
    quotes_of(client, stocks(symbols), "").await
}

pub(crate) async fn quotes_of(
    client: &Client,
    contracts: Vec<Contract>,
    generic_ticks: &str,
) -> Reader<QuoteStream> {
    let (options, notifier) = ample();
    let stream = client.quotes(contracts, generic_ticks.into(), options).await.unwrap();
    Reader { stream, notifier }
}

pub(crate) async fn ticks(client: &Client, symbols: &[&str]) -> Reader<TickStream> {
    ticks_with(client, symbols, AMPLE, Overflow::Conflate).await
}

pub(crate) async fn ticks_with(
    client: &Client,
    symbols: &[&str],
    capacity: usize,
    overflow: Overflow,
) -> Reader<TickStream> {
    let (options, notifier) = options(capacity, overflow);
    let stream = client.ticks(stocks(symbols), String::new(), options).await.unwrap();
    Reader { stream, notifier }
}

pub(crate) async fn tick_by_tick(
    client: &Client,
    symbols: &[&str],
    kind: TickByTickKind,
) -> Reader<TickByTickStream> {
    let (options, notifier) = ample();
    let stream = client.tick_by_tick(stocks(symbols), kind, options).await.unwrap();
    Reader { stream, notifier }
}

pub(crate) async fn depth(client: &Client, symbol: &str, rows: i32) -> Reader<DepthStream> {
    let (options, notifier) = ample();
    let contract = Contract::stock(symbol);
    let stream = client.depth(contract, rows, true, options).await.unwrap();
    Reader { stream, notifier }
}

pub(crate) async fn bars(client: &Client, symbol: &str, kind: LineKind) -> Reader<BarStream> {
    let (options, notifier) = ample();
    let stream = client.bar_stream(Contract::stock(symbol), kind, options).await.unwrap();
    Reader { stream, notifier }
}

/// A gateway, and a client that is connected to it.
pub(crate) async fn market() -> (MockGateway, Client) {
    let gateway = gateway();
    set_market(&gateway, "AAPL", 190.0);
    let client = connected(&gateway).await;
    (gateway, client)
}

/// Settings of a client that makes up its mind quickly.
pub(crate) fn brisk(gateway: &MockGateway) -> Config {
    Config { connect_pauses: Vec::new(), ..config(gateway) }
}

/// Bid and ask a tenth around the last price.
pub(crate) fn set_market(gateway: &MockGateway, symbol: &str, last: f64) {
    let prices = Prices {
        bid: Some(last - 0.1),
        ask: Some(last + 0.1),
        last: Some(last),
        ..Prices::default()
    };
    gateway.set_price(symbol, prices).unwrap();
}

pub(crate) fn set_last(gateway: &MockGateway, symbol: &str, last: f64) {
    gateway.set_price(symbol, Prices { last: Some(last), ..Prices::default() }).unwrap();
}

/// The number of requests of a kind the gateway has received on feed links.
pub(crate) fn asked(gateway: &MockGateway, kind: &str) -> usize {
    let requests = gateway.requests(Some(kind)).unwrap();
    requests.iter().filter(|request| request.client_id >= FEED).count()
}

/// Ends one client's link from the gateway's side, at its next message.
pub(crate) fn strike_once(gateway: &MockGateway, client: i32, fault: Fault) {
    // The fault outlives its handle and is used up by its first blow.
    drop(gateway.inject(Injection::from(fault).for_client(client).times(1)).unwrap());
}

/// A quote of this last price.
pub(crate) fn is_last(last: f64) -> impl Fn(&Arc<Quote>) -> bool {
    move |quote| quote.last == Some(last)
}

pub(crate) fn feed_generation(client: &Client) -> Generation {
    client.health().feed.unwrap().generation
}

/// Waits until the feed has its link number `generation`.
pub(crate) async fn feed_link(client: &Client, generation: u64) {
    let claim = || {
        let feed = client.health().feed.unwrap();
        feed.client_id.is_some() && feed.generation == Generation(generation)
    };
    eventually("the next feed link", claim).await;
}
