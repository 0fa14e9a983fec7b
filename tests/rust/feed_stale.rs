//! Streams that fall silent with a farm (C6, H18): they are asked for again, and no others.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use std::time::Duration;

use aioibkr_core::model::{
    BarSize, BarsRequest, LineKind, SessionState, SubscriptionKind, SubscriptionState, WhatToShow,
};
use aioibkr_core::{Client, Config};
use aioibkr_mock_gateway::{FaultHandle, Injection, MockGateway, Quirk};

use crate::core_gateway::{MILLI, config, connected_with, eventually, gateway};
use crate::feed_reader::{FEED, asked, bars, is_last, quotes, set_last, set_market};

/// A client that takes 300 ms of silence for staleness.
async fn watchful(gateway: &MockGateway) -> Client {
    connected_with(Config { stale_after: 300 * MILLI, ..config(gateway) }).await
}

fn market() -> MockGateway {
    let gateway = gateway();
    set_market(&gateway, "AAPL", 190.0);
    gateway
}

/// From now on streams fall silent with their farm.
fn silent_streams(gateway: &MockGateway) -> FaultHandle {
    gateway.inject(Injection::from(Quirk::SilentStreams).for_client(FEED)).unwrap()
}

fn five_seconds() -> LineKind {
    LineKind::Bars(BarsRequest {
        duration: "60 S".into(),
        bar_size: BarSize::from_name("5 secs").unwrap(),
        what_to_show: WhatToShow::Trades,
        use_rth: false,
        end: None,
    })
}

fn is_live(client: &Client, kind: SubscriptionKind) -> bool {
    let rows = client.subscriptions();
    rows.iter().any(|row| row.kind == kind && row.state == SubscriptionState::Live)
}

/// Waits well beyond the time a line on trial has.
async fn trial() {
    tokio::time::sleep(Duration::from_millis(700)).await;
}

#[tokio::test]
async fn feed_a_stream_that_falls_silent_with_its_farm_is_asked_for_again() {
    let gateway = market();
    let client = watchful(&gateway).await;
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;
    let _quirk = silent_streams(&gateway);

    gateway.notice(2103);
    gateway.notice(2104);
    set_last(&gateway, "AAPL", 191.0);
    quotes.find(|quote| quote.is_gap).await;
    quotes.find(is_last(191.0)).await;

    assert_eq!((asked(&gateway, "req_mkt_data"), asked(&gateway, "cancel_mkt_data")), (2, 1));
    let advice = &quotes.stream.advice()[&0];
    assert!(advice.message().contains("asked for again"), "{advice}");
    trial().await;
    assert_eq!(asked(&gateway, "req_mkt_data"), 2, "once for each outage");
}

#[tokio::test]
async fn feed_a_stream_that_goes_on_after_an_outage_is_left_alone() {
    let gateway = market();
    let client = watchful(&gateway).await;
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;

    gateway.notice(2103);
    gateway.notice(2104);
    set_last(&gateway, "AAPL", 191.0);
    quotes.find(is_last(191.0)).await;
    // Told after the farm was back, so it is a sign of life whenever that was noticed.
    for step in 1..=12 {
        set_last(&gateway, "AAPL", 191.0 + f64::from(step));
        tokio::time::sleep(50 * MILLI).await;
    }

    assert_eq!(asked(&gateway, "req_mkt_data"), 1);
}

#[tokio::test]
async fn feed_a_silent_farm_of_history_reopens_bars_and_nothing_else() {
    let gateway = market();
    let client = watchful(&gateway).await;
    let quotes = quotes(&client, &["AAPL"]).await;
    let bars = bars(&client, "AAPL", five_seconds()).await;
    quotes.find(is_last(190.0)).await;
    bars.next().await.unwrap();
    let _quirk = silent_streams(&gateway);

    gateway.notice(2105);
    gateway.notice(2106);
    bars.find(|batch| batch.is_gap).await;
    eventually("the question", || asked(&gateway, "req_historical_data") == 2).await;
    trial().await;

    assert_eq!(
        (asked(&gateway, "req_mkt_data"), asked(&gateway, "cancel_historical_data")),
        (1, 1)
    );
}

/// (C6) An outage may last; what is silent while it lasts is not stale.
#[tokio::test]
async fn feed_nothing_is_asked_for_while_the_farm_is_broken() {
    let gateway = market();
    let client = watchful(&gateway).await;
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;
    let _quirk = silent_streams(&gateway);

    gateway.notice(2103);
    trial().await;

    assert_eq!(asked(&gateway, "req_mkt_data"), 1);
}

/// (H18) Nothing was said to be lost, and yet it is.
#[tokio::test]
async fn feed_bars_that_fall_silent_with_ib_s_servers_are_asked_for_again() {
    let gateway = market();
    let client = watchful(&gateway).await;
    let bars = bars(&client, "AAPL", five_seconds()).await;
    bars.next().await.unwrap();
    let _quirk = silent_streams(&gateway);

    gateway.notice(1100);
    let feed = || client.health().feed.unwrap().state;
    eventually("the outage", || feed() == SessionState::Degraded).await;
    gateway.notice(1102);
    bars.find(|batch| batch.is_gap).await;
    // The gap is told before the question is sent: a trade before its answer is in no bar.
    eventually("an answer on the new line", || is_live(&client, SubscriptionKind::Bars)).await;
    gateway.trade("AAPL", 222.0, 3.0).unwrap();

    bars.find(|batch| batch.rows.iter().any(|bar| bar.close == 222.0)).await;
    assert_eq!(asked(&gateway, "req_historical_data"), 2);
}
