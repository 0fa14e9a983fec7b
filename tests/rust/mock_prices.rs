//! Prices from files: what a series of them does to a gateway, and what it is refused for.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use std::path::PathBuf;
use std::time::Duration;

use aioibkr_mock_gateway::{
    MockGateway, PriceSeries, Recorder, RecorderSettings, Scenario, Settings,
};
use ibapi::contracts::tick_types::TickType;
use ibapi::orders::order_builder::limit_order;
use ibapi::prelude::*;

use crate::mock_fixture::{aapl, connect, gateway, gateway_with_client, market};
use crate::mock_market_data::price_of;
use crate::mock_raw::until;

/// A file in the system's folder for such, gone at the end of the test.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("aioibkr-{}-{name}", std::process::id())))
    }

    fn holding(name: &str, text: &str) -> Self {
        let file = Self::new(name);
        std::fs::write(&file.0, text).expect("a folder for temporary files");
        file
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // A test that wrote nothing leaves nothing.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn series(text: &str) -> PriceSeries {
    PriceSeries::parse(text.as_bytes()).unwrap()
}

/// The bid and the ask a client is shown when it subscribes.
async fn sides(gateway: &MockGateway) -> (f64, f64) {
    let (client, contract) = (connect(gateway, 99).await, aapl());
    let mut ticks = client.market_data(&contract).subscribe().await.unwrap().filter_data();
    (price_of(&mut ticks, TickType::Bid).await, price_of(&mut ticks, TickType::Ask).await)
}

fn playing(text: &str) -> MockGateway {
    let prices = Some(series(text));
    MockGateway::start(Settings { prices, ..Settings::default() }).unwrap()
}

#[tokio::test]
async fn test_prices_are_played_in_the_time_of_the_market() {
    let gateway = gateway();
    let rows = "time,symbol,bid,ask\n0,AAPL,10,11\n60,AAPL,,12\n3600,AAPL,20,21\n";

    gateway.play_prices(&series(rows)).unwrap();
    let first = sides(&gateway).await;
    gateway.advance(Duration::from_secs(60));
    let second = sides(&gateway).await;
    gateway.advance(Duration::from_secs(3_540));

    assert_eq!((first, second), ((10.0, 11.0), (10.0, 12.0)));
    assert_eq!(sides(&gateway).await, (20.0, 21.0));
}

#[tokio::test]
async fn test_orders_fill_at_the_time_of_the_price_that_fills_them() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(100.0, 101.0, 100.5)).unwrap();
    client.submit_order(1, &aapl(), &limit_order(Action::Buy, 10.0, 50.0)).await.unwrap();
    until(|| gateway.orders().len() == 1);
    let start = gateway.market_time();

    gateway.play_prices(&series("time,symbol,ask\n30,AAPL,49.5\n50,AAPL,60\n")).unwrap();
    gateway.advance(Duration::from_secs(600));

    let fill = &gateway.executions()[0];
    assert_eq!(fill.price, 49.5);
    assert!((29..=31).contains(&(fill.time - start)), "{} s later", fill.time - start);
}

#[tokio::test]
async fn test_prices_pass_in_real_time_at_the_speed_of_the_market() {
    let prices = Some(series("time,symbol,last\n0,AAPL,5\n600,AAPL,7\n"));
    let settings = Settings { prices, speed: 10_000.0, ..Settings::default() };
    let gateway = MockGateway::start(settings).unwrap();
    let (client, contract) = (connect(&gateway, 7).await, aapl());

    let mut ticks = client.market_data(&contract).subscribe().await.unwrap().filter_data();

    while price_of(&mut ticks, TickType::Last).await != 7.0 {}
}

#[tokio::test]
async fn test_a_gateway_that_is_reset_plays_its_prices_again() {
    let gateway = playing("time,symbol,bid,ask\n0,AAPL,10,11\n5,AAPL,20,21\n");
    gateway.advance(Duration::from_secs(5));
    let before = sides(&gateway).await;

    gateway.reset().unwrap();

    assert_eq!((before, sides(&gateway).await), ((20.0, 21.0), (10.0, 11.0)));
}

#[tokio::test]
async fn test_a_price_that_is_held_plays_no_further() {
    let gateway = playing("time,symbol,bid,ask\n0,AAPL,10,11\n5,AAPL,20,21\n");

    gateway.set_price_process("AAPL", None).unwrap();
    gateway.advance(Duration::from_secs(5));

    assert_eq!(sides(&gateway).await, (10.0, 11.0));
}

#[tokio::test]
async fn test_a_file_with_an_unknown_instrument_plays_nothing_and_says_where() {
    let gateway = gateway();
    gateway.set_price("AAPL", market(1.0, 2.0, 1.5)).unwrap();
    let file = File::holding("unknown.csv", "time,symbol,bid\n0,AAPL,10\n0,NOPE,1\n");

    let error = gateway.play_prices(&PriceSeries::load(&file.0).unwrap()).unwrap_err().to_string();

    assert!(
        error.contains("unknown.csv: line 3: no instrument has the symbol \"NOPE\""),
        "{error}"
    );
    assert!(error.contains("add_instrument"), "{error}");
    assert_eq!(sides(&gateway).await, (1.0, 2.0));
}

#[test]
fn test_a_gateway_does_not_start_with_prices_it_cannot_play() {
    let prices = Some(series("time,symbol,bid\n0,NOPE,1\n"));

    let error = MockGateway::start(Settings { prices, ..Settings::default() }).err().unwrap();

    assert!(error.to_string().contains("line 2"), "{error}");
}

#[tokio::test]
async fn test_a_scenario_plays_a_file_next_to_it() {
    let prices = File::holding("scenario.csv", "time,symbol,bid,ask\n0,AAPL,10,11\n");
    let name = prices.0.file_name().unwrap().to_str().unwrap().to_owned();
    let text = format!("version = 1\n[[event]]\nat = 0\nplay_prices = \"{name}\"\n");
    let scenario = File::holding("scenario.toml", &text);

    let scenario = Some(Scenario::load(&scenario.0).unwrap());
    let gateway = MockGateway::start(Settings { scenario, ..Settings::default() }).unwrap();

    while sides(&gateway).await != (10.0, 11.0) {}
}

#[test]
fn test_a_scenario_says_which_line_names_a_file_that_is_wrong() {
    let text = "version = 1\n[[event]]\nat = 0\nplay_prices = \"no-such.csv\"\n";

    let error = Scenario::parse(text).unwrap_err().to_string();

    assert!(error.contains("line 4: play_prices is refused: prices no-such.csv"), "{error}");
}

/// Records a client that follows a price as it moves.
async fn record(tape: &File) {
    let gateway = gateway();
    gateway.set_price("AAPL", market(30.0, 31.0, 30.5)).unwrap();
    let recorder = Recorder::start(RecorderSettings {
        listen: ([127, 0, 0, 1], 0).into(),
        upstream: gateway.address(),
        out: tape.0.clone(),
        is_masked: false,
        masks: Vec::new(),
        allow_non_loopback: false,
    });
    let recorder = recorder.unwrap();
    let client = Client::connect(&recorder.address().to_string(), 7).await.unwrap();
    let contract = aapl();
    let mut ticks = client.market_data(&contract).subscribe().await.unwrap().filter_data();
    price_of(&mut ticks, TickType::Open).await;
    gateway.set_price("AAPL", market(40.0, 41.0, 40.5)).unwrap();
    while price_of(&mut ticks, TickType::Last).await != 40.5 {}
}

#[tokio::test]
async fn test_prices_of_a_recording_are_those_its_client_was_told() {
    let tape = File::new("prices.recording");
    record(&tape).await;
    let gateway = gateway();

    gateway.play_prices(&PriceSeries::load(&tape.0).unwrap()).unwrap();
    gateway.advance(Duration::from_secs(60));

    assert_eq!(sides(&gateway).await, (40.0, 41.0));
}

#[test]
fn test_a_recording_without_ticks_says_what_to_record() {
    let tape = File::holding("empty.recording", "aioibkr-recording 1\n1 0 open\n");

    let error = PriceSeries::load(&tape.0).unwrap_err().to_string();

    assert!(error.contains("empty.recording: holds no tick"), "{error}");
}
