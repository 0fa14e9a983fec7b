//! What a gateway says of its way to IB: outages, restorations, farms, a port that changes.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use aioibkr_core::model::{FarmState, Generation, SessionState};
use aioibkr_core::{Client, Config, ErrorKind};
use aioibkr_mock_gateway::{Fault, Injection};

use crate::core_gateway::{MILLI, SECOND, config, connected, connected_with, count, eventually};
use crate::core_orders::{aapl, market, placed, resting};
use crate::feed_reader::{FEED, asked, is_last, quotes, set_last};

async fn state(client: &Client, state: SessionState) {
    eventually(state.as_str(), || client.state() == state).await;
}

fn farm(client: &Client, name: &str) -> Option<FarmState> {
    let farms = client.health().control.farms;
    farms.iter().find(|farm| farm.name == name).map(|farm| farm.state)
}

#[tokio::test]
async fn core_a_degraded_link_takes_cancels_and_refuses_orders_at_once() {
    let gateway = market();
    let client = connected(&gateway).await;
    let trade = placed(&client, resting(10)).await;
    let id = trade.latest().order_id;

    gateway.notice(1100);
    state(&client, SessionState::Degraded).await;
    let place = client.place(aapl(), resting(5), None, None).await.unwrap_err();
    let modify = client.modify(id, resting(7), None).await.unwrap_err();
    let cancelled = client.cancel(id, None).await.unwrap();

    for error in [place, modify] {
        assert_eq!(error.kind(), ErrorKind::OrderRefused, "{error}");
        assert_eq!(error.details()["state"], "degraded");
    }
    assert!(cancelled.is_done() && client.is_connected());
    assert_eq!(count(&gateway, "place_order"), 1);
}

#[tokio::test]
async fn core_a_degraded_link_answers_what_is_kept_and_lets_other_reads_wait() {
    let gateway = market();
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();

    gateway.notice(1100);
    state(&client, SessionState::Degraded).await;
    let snapshot = client.account_snapshot(None, Some(SECOND)).await;
    let positions = client.positions(None, Some(SECOND)).await;
    let late = client.server_time(Some(50 * MILLI)).await.unwrap_err();
    gateway.notice(1102);
    let time = client.server_time(Some(5 * SECOND)).await;

    assert!(snapshot.is_ok() && positions.is_ok() && time.is_ok());
    assert!(late.message().contains("degraded"), "{late}");
}

/// (C8)
#[tokio::test]
async fn core_a_restoration_that_kept_data_lists_orders_anew_and_asks_for_no_stream() {
    let gateway = market();
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;
    let listed = count(&gateway, "req_all_open_orders");

    gateway.notice(1100);
    state(&client, SessionState::Degraded).await;
    gateway.notice(1102);
    state(&client, SessionState::Live).await;
    eventually("the lists", || count(&gateway, "req_all_open_orders") > listed).await;
    set_last(&gateway, "AAPL", 191.0);

    assert!(!quotes.find(is_last(191.0)).await.is_gap);
    assert_eq!((client.generation(), asked(&gateway, "req_mkt_data")), (Generation(1), 1));
    assert_eq!(count(&gateway, "req_positions"), 1);
    client.wait_ready(Some(5 * SECOND)).await.unwrap();
}

/// (C8)
#[tokio::test]
async fn core_a_restoration_that_lost_data_asks_for_every_stream_again() {
    let gateway = market();
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;

    gateway.lose_streams();
    gateway.notice(1101);
    quotes.find(|quote| quote.is_gap).await;
    eventually("the line", || asked(&gateway, "req_mkt_data") == 2).await;
    set_last(&gateway, "AAPL", 191.0);
    quotes.find(is_last(191.0)).await;

    assert_eq!((client.generation(), gateway.connect_count()), (Generation(1), 2));
}

#[tokio::test]
async fn core_a_restoration_that_lost_data_subscribes_accounts_again() {
    let gateway = market();
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();
    assert_eq!(client.positions(None, None).await.unwrap(), []);

    gateway.notice(1101);
    eventually("the question", || count(&gateway, "req_positions") == 2).await;
    gateway.set_position("DU1234567", "AAPL", 7.0, 100.0).unwrap();
    gateway.notice(1101);
    eventually("the next question", || count(&gateway, "req_positions") == 3).await;
    client.wait_ready(Some(5 * SECOND)).await.unwrap();

    assert_eq!(client.positions(None, None).await.unwrap()[0].quantity, 7.into());
    assert_eq!((count(&gateway, "req_acct_data"), client.generation()), (5, Generation(1)));
}

#[tokio::test]
async fn core_an_outage_told_on_the_feed_link_counts_for_that_link_only() {
    let gateway = market();
    let client = connected(&gateway).await;
    let _quotes = quotes(&client, &["AAPL"]).await;

    let storm = Injection::from(Fault::CodeStorm(1100, 5 * MILLI)).for_client(FEED);
    let _storm = gateway.inject(storm).unwrap();
    let feed = || client.health().feed.unwrap().state;
    eventually("the outage", || feed() == SessionState::Degraded).await;

    assert_eq!(client.state(), SessionState::Live);
    assert!(client.server_time(None).await.is_ok());
}

#[tokio::test]
async fn core_a_gateway_that_changes_its_port_is_connected_to_anew() {
    let gateway = market();
    let client = connected_with(Config { reconnect: None, ..config(&gateway) }).await;

    gateway.notice(1300);
    state(&client, SessionState::Idle).await;

    let reason = client.health().control.reason.unwrap();
    assert!(reason.contains("port"), "{reason}");
    assert_eq!(client.metrics().losses.refused, 1);
    client.open().await.unwrap();
    assert_eq!(client.generation(), Generation(2));
}

/// (C10)
#[tokio::test]
async fn core_health_tells_how_each_farm_stands() {
    let gateway = market();
    let client = connected(&gateway).await;
    eventually("the farms", || farm(&client, "usfarm") == Some(FarmState::Ok)).await;

    gateway.notice(2103);
    eventually("the outage", || farm(&client, "usfarm") == Some(FarmState::Broken)).await;
    gateway.notice(2104);
    eventually("its end", || farm(&client, "usfarm") == Some(FarmState::Ok)).await;

    assert_eq!(client.state(), SessionState::Live);
    assert_eq!(farm(&client, "secdefnj"), Some(FarmState::Ok));
}
