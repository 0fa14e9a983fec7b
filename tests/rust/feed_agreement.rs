//! The feed's decoder beside the `ibapi` crate: both read the same recorded bytes, and every value
//! has to be the same. A recorder between the gateway and the crate's client keeps the bytes.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use std::cell::Cell;
use std::time::Duration;

use aioibkr_core::feed::{FrameBuffer, Message, decode};
use aioibkr_mock_gateway::{DepthRow, MockGateway, Prices, Recorder, Settings};
use futures_util::{Stream, StreamExt};
use ibapi::market_data::MarketDataType;
use ibapi::prelude::*;

use crate::feed_rows::{
    bar_row, book_row, history_row, middle_row, quote_row, row, tick_row, trade_row,
};
use crate::mock_fixture::{aapl, gateway, market, next};
use crate::mock_raw::until;
use crate::mock_replay::{Tape, settings};

/// A foreign client and the bytes it was sent.
struct Recorded {
    client: Client,
    tape: Tape,
    rounds: Cell<usize>,
    _recorder: Recorder,
}

impl Recorded {
    async fn connect(gateway: &MockGateway, test: &str) -> Self {
        let tape = Tape::new(test);
        let recorder = Recorder::start(settings(gateway.address(), &tape.0)).expect("a recorder");
        let client = Client::connect(&recorder.address().to_string(), 7).await;
        let client = client.expect("the mock gateway accepts");
        Self { client, tape, rounds: Cell::new(0), _recorder: recorder }
    }

    /// What the feed reads of a request, from all bytes up to now.
    async fn rows(&self, request_id: i32) -> Vec<String> {
        self.client.server_time().await.expect("a round trip");
        self.rounds.set(self.rounds.get() + 1);
        let is_time = |body: &Vec<u8>| decode(body) == Ok(Message::ServerTime);
        let rounds = || bodies(&self.tape).iter().filter(|body| is_time(body)).count();
        until(|| rounds() == self.rounds.get());
        let bodies = bodies(&self.tape);
        let last = bodies.iter().rposition(is_time).expect("the round trip");
        let rows =
            bodies[..last].iter().filter_map(|body| row(&decode(body).expect("a sound frame")));
        rows.filter(|(id, _)| *id == request_id).map(|(_, row)| row).collect()
    }
}

/// The frames a client was sent, without the handshake's.
fn bodies(tape: &Tape) -> Vec<Vec<u8>> {
    let text = tape.text();
    let entries = text.lines().filter_map(|line| line.split_once(" < "));
    let hex: String = entries.map(|(_, hex)| hex).collect();
    let byte = |index: usize| u8::from_str_radix(&hex[index..index + 2], 16).expect("a byte");
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
    let (mut frames, mut rest, mut bodies) = (FrameBuffer::default(), &bytes[..], Vec::new());
    while frames.fill(&mut rest).expect("bytes in memory") > 0 {
        while let Some(body) = frames.next_frame().expect("sound frames") {
            bodies.push(body.to_vec());
        }
    }
    bodies.split_off(1)
}

/// Everything that was sent for a subscription is the same in both; returns it.
async fn agreed<T>(
    recorded: &Recorded,
    (id, stream): (Option<i32>, impl Stream<Item = Result<T, Error>> + Unpin),
    row: impl Fn(T) -> String,
) -> Vec<String> {
    let feed = recorded.rows(id.expect("a request with an id")).await;
    let mut theirs = Vec::new();
    let mut stream = stream;
    while theirs.len() < feed.len() {
        theirs.push(row(next(&mut stream).await.expect("an item without an error")));
    }
    assert_eq!(feed, theirs);
    feed
}

/// Some row begins with each of these.
fn assert_told(rows: &[String], starts: &[&str]) {
    for start in starts {
        assert!(rows.iter().any(|row| row.starts_with(start)), "no {start} in {rows:#?}");
    }
}

#[tokio::test]
async fn feed_agrees_with_ibapi_on_market_data() {
    let gateway = gateway();
    let recorded = Recorded::connect(&gateway, "agreed-market").await;
    gateway.set_statistic("AAPL", "implied_volatility", "0.4321").unwrap();
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).unwrap();
    let contract = aapl();
    let generic = ["106", "233", "236", "456"];
    let ticks = recorded.client.market_data(&contract).generic_ticks(&generic).subscribe();
    let ticks = ticks.await.unwrap();

    gateway.trade("AAPL", 190.5, 7.0).unwrap();
    gateway.set_statistic("AAPL", "dividends", "0.9,1.0,20261201,0.25").unwrap();
    gateway.set_price("AAPL", Prices { bid_size: Some(9.5), ..Prices::default() }).unwrap();
    let rows = agreed(&recorded, (ticks.request_id(), ticks.filter_data()), tick_row).await;

    assert!(rows.len() > 15, "{rows:#?}");
    assert_told(&rows, &["parameters ", "tick 1 ", "tick 24 ", "text 48 ", "text 59 "]);
}

#[tokio::test]
async fn feed_agrees_with_ibapi_on_delayed_snapshots() {
    let gateway = gateway();
    let recorded = Recorded::connect(&gateway, "agreed-snapshot").await;
    gateway.set_entitlement("AAPL", false).unwrap();
    recorded.client.switch_market_data_type(MarketDataType::Delayed).await.unwrap();
    let contract = aapl();

    let ticks = recorded.client.market_data(&contract).subscribe().await.unwrap();
    let rows = agreed(&recorded, (ticks.request_id(), ticks.filter_data()), tick_row).await;

    assert_told(&rows, &["type 3", "tick 66 "]);
}

#[tokio::test]
async fn feed_agrees_with_ibapi_on_greeks() {
    let gateway = gateway();
    let recorded = Recorded::connect(&gateway, "agreed-greeks").await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).unwrap();
    let described = Contract {
        symbol: "AAPL".into(),
        security_type: SecurityType::Option,
        strike: 190.0,
        right: Some(OptionRight::Call),
        ..Contract::default()
    };
    let option = recorded.client.contract_details(&described).await.unwrap().remove(3).contract;

    let ticks = recorded.client.market_data(&option).subscribe().await.unwrap();
    gateway.set_price(&option.local_symbol, market(19.9, 20.1, 20.0)).unwrap();
    gateway.set_price("AAPL", market(194.9, 195.1, 195.0)).unwrap();
    let rows = agreed(&recorded, (ticks.request_id(), ticks.filter_data()), tick_row).await;

    assert_told(&rows, &["option 10 ", "option 11 ", "option 12 ", "option 13 "]);
}

#[tokio::test]
async fn feed_agrees_with_ibapi_on_every_kind_of_tick_by_tick() {
    let gateway = gateway();
    let recorded = Recorded::connect(&gateway, "agreed-ticks").await;
    let contract = aapl();
    let ticks = || recorded.client.tick_by_tick(&contract, 0);
    let last = ticks().last().await.unwrap();
    let trades = ticks().all_last().await.unwrap();
    let quotes = ticks().bid_ask(IgnoreSize::No).await.unwrap();
    let middles = ticks().mid_point().await.unwrap();
    recorded.rows(0).await;

    for step in 0..20 {
        let price = 190.0 + 0.01 * f64::from(step);
        gateway.trade("AAPL", price, f64::from(step) + 0.5).unwrap();
        gateway.set_price("AAPL", market(price - 0.05, price + 0.05, price)).unwrap();
    }

    let last = agreed(&recorded, (last.request_id(), last.filter_data()), trade_row).await;
    let trades = agreed(&recorded, (trades.request_id(), trades.filter_data()), trade_row).await;
    let quotes = agreed(&recorded, (quotes.request_id(), quotes.filter_data()), quote_row).await;
    let middles = (middles.request_id(), middles.filter_data());
    let middles = agreed(&recorded, middles, middle_row).await;
    let counts = [last.len(), trades.len(), quotes.len(), middles.len()];
    assert!(counts.iter().all(|count| *count >= 20), "{counts:?}");
}

#[tokio::test]
async fn feed_agrees_with_ibapi_on_depth() {
    let gateway = gateway();
    let recorded = Recorded::connect(&gateway, "agreed-depth").await;
    let row = |price: f64, maker: &str| DepthRow { price, size: 1.5, maker: maker.to_owned() };
    let bids = [row(9.0, "ARCA"), row(8.5, "NASDAQ")];
    gateway.set_depth("AAPL", &bids, &[row(11.0, "NASDAQ")]).unwrap();
    gateway.set_depth("ES", &[row(5_600.25, "")], &[row(5_600.5, "")]).unwrap();
    let listed = Contract {
        symbol: "ES".into(),
        security_type: SecurityType::Future,
        exchange: "CME".into(),
        ..Contract::default()
    };
    let future = recorded.client.contract_details(&listed).await.unwrap().remove(0).contract;
    let contract = aapl();
    let smart = recorded.client.market_depth(&contract, 5).smart_depth(SmartDepth::Yes);
    let (smart, plain) =
        (smart.subscribe().await.unwrap(), recorded.client.market_depth(&future, 5));
    let plain = plain.subscribe().await.unwrap();
    recorded.rows(0).await;

    gateway.set_depth("AAPL", &bids[1..], &[row(10.5, "ARCA"), row(11.0, "NASDAQ")]).unwrap();
    gateway.reset_depth("ES").unwrap();
    gateway.set_depth("ES", &[], &[row(5_600.75, "")]).unwrap();

    let smart = agreed(&recorded, (smart.request_id(), smart.filter_data()), book_row).await;
    let plain = agreed(&recorded, (plain.request_id(), plain.filter_data()), book_row).await;
    assert_told(&smart, &["depth 0 Insert", "depth 0 Update", "depth 1 Delete"]);
    assert_told(&plain, &["depth 0 Insert", "reset", "depth 0 Delete"]);
}

#[tokio::test]
async fn feed_agrees_with_ibapi_on_real_time_bars() {
    let settings = Settings { real_time_bar: Duration::from_millis(50), ..Settings::default() };
    let gateway = MockGateway::start(settings).expect("a free port on loopback");
    let recorded = Recorded::connect(&gateway, "agreed-bars").await;
    let contract = aapl();
    let kinds = [RealtimeWhatToShow::Trades, RealtimeWhatToShow::MidPoint];

    for kind in kinds {
        let bars = recorded.client.realtime_bars(&contract).what_to_show(kind).subscribe();
        let bars = bars.await.unwrap();
        let id = bars.request_id();
        let mut bars = bars.filter_data();
        gateway.trade("AAPL", 190.25, 10.0).unwrap();
        let first = bar_row(next(&mut bars).await.unwrap());
        let rest = std::pin::pin!(bars);
        let rows = futures_util::stream::iter([Ok(first)]).chain(rest.map(|bar| bar.map(bar_row)));

        let rows = agreed(&recorded, (id, rows), |row| row).await;

        assert_told(&rows, &["bar "]);
    }
}

#[tokio::test]
async fn feed_agrees_with_ibapi_on_bars_kept_up_to_date() {
    let gateway = gateway();
    let recorded = Recorded::connect(&gateway, "agreed-history").await;
    let contract = aapl();
    let days =
        recorded.client.historical_data(&contract, HistoricalBarSize::Day).duration(5.days());
    let days = days.stream().await.unwrap();
    let minutes = recorded.client.historical_data(&contract, HistoricalBarSize::Min);
    let minutes = minutes.duration(1.days()).what_to_show(HistoricalWhatToShow::MidPoint);
    let minutes = minutes.stream().await.unwrap();
    recorded.rows(0).await;

    for price in [1_000.0, 1_000.5, 999.75] {
        gateway.trade("AAPL", price, 5.0).unwrap();
        gateway.set_price("AAPL", market(price - 0.25, price + 0.25, price)).unwrap();
    }

    let days = agreed(&recorded, (days.request_id(), days.filter_data()), history_row).await;
    let minutes = (minutes.request_id(), minutes.filter_data());
    let minutes = agreed(&recorded, minutes, history_row).await;
    assert_told(&days, &["bars [(\"20", "end", "update (\"20"]);
    assert_told(&minutes, &["bars [(\"1", "end"]);
}
