//! A link that is silent: asked, suspect, dropped; what a caller may do meanwhile.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use std::time::Duration;

use aioibkr_core::metrics::Losses;
use aioibkr_core::model::{ClientId, Generation, Keepalive, Overflow, SessionState};
use aioibkr_core::{Client, Config, ErrorKind};
use aioibkr_mock_gateway::{Fault, FaultHandle, Injection, MockGateway};

use crate::core_gateway::{MILLI, SECOND, config, connected_with, eventually};
use crate::core_orders::{aapl, market, placed, resting};
use crate::feed_reader::{CONTROL, FEED, feed_generation, feed_link, quotes, set_last, ticks_with};

/// A client that asks after 100 ms of silence and doubts after 120 ms more.
async fn watchful(gateway: &MockGateway, give_up: Duration) -> Client {
    let keepalive =
        Keepalive { idle: 100 * MILLI, probe_timeout: 60 * MILLI, give_up, spacing: 50 * MILLI };
    let client = connected_with(Config { keepalive: Some(keepalive), ..config(gateway) }).await;
    client.wait_ready(None).await.unwrap();
    client
}

/// The gateway takes what a client sends and answers nothing.
fn mute(gateway: &MockGateway, kind: &str, client: i32) -> FaultHandle {
    gateway.inject(Injection::from(Fault::Mute(kind.into())).for_client(client)).unwrap()
}

async fn suspect(client: &Client) {
    eventually("suspicion", || client.state() == SessionState::Suspect).await;
}

fn asked(gateway: &MockGateway, kind: &str, client: i32) -> usize {
    let requests = gateway.requests(Some(kind)).unwrap();
    requests.iter().filter(|request| request.client_id == client).count()
}

#[tokio::test]
async fn core_a_silent_link_is_suspect_and_then_dropped_and_replaced() {
    let gateway = market();
    let client = watchful(&gateway, 200 * MILLI).await;

    let silence = mute(&gateway, "all", CONTROL);
    suspect(&client).await;
    assert!(client.is_connected(), "its socket is up");
    eventually("the drop", || !client.is_connected()).await;
    silence.clear();
    eventually("the next link", || client.generation() == Generation(2)).await;

    assert!(client.server_time(None).await.is_ok());
    assert_eq!(gateway.disconnect_count(), 1);
    assert_eq!(client.metrics().losses, Losses { probe: 1, ..Losses::default() });
}

#[tokio::test]
async fn core_health_says_that_a_dropped_link_answered_no_question() {
    let gateway = market();
    let keepalive = Some(Keepalive {
        idle: 20 * MILLI,
        probe_timeout: 20 * MILLI,
        give_up: 20 * MILLI,
        spacing: 20 * MILLI,
    });
    let settings = Config { keepalive, reconnect: None, ..config(&gateway) };
    let client = connected_with(settings).await;

    let _silence = mute(&gateway, "all", CONTROL);
    eventually("rest", || client.state() == SessionState::Idle).await;

    let reason = client.health().control.reason.unwrap();
    assert!(reason.contains("answered no question"), "{reason}");
}

#[tokio::test]
async fn core_a_gateway_that_never_tells_the_time_keeps_its_link() {
    let gateway = market();
    let client = watchful(&gateway, 100 * MILLI).await;

    let _mute = mute(&gateway, "req_current_time", CONTROL);
    eventually("five rounds of questions", || {
        assert_ne!(client.state(), SessionState::Suspect);
        asked(&gateway, "req_managed_accts", CONTROL) >= 5
    })
    .await;

    assert_eq!(client.generation(), Generation(1));
}

#[tokio::test]
async fn core_a_sign_of_life_ends_the_suspicion() {
    let gateway = market();
    let client = watchful(&gateway, 10 * SECOND).await;

    let silence = mute(&gateway, "all", CONTROL);
    suspect(&client).await;
    silence.clear();
    gateway.notice(2106);
    eventually("trust", || client.state() == SessionState::Live).await;

    assert_eq!((client.generation(), gateway.disconnect_count()), (Generation(1), 0));
}

#[tokio::test]
async fn core_a_suspect_link_takes_cancels_and_refuses_orders_at_once() {
    let gateway = market();
    let client = watchful(&gateway, 10 * SECOND).await;
    let trade = placed(&client, resting(10)).await;
    let id = trade.latest().order_id;

    let _silence = mute(&gateway, "all", CONTROL);
    suspect(&client).await;
    let began = tokio::time::Instant::now();
    let place = client.place(aapl(), resting(5), None, None).await.unwrap_err();
    let modify = client.modify(id, resting(7), None).await.unwrap_err();
    let waited = began.elapsed();
    let cancel = client.cancel(id, Some(200 * MILLI)).await.unwrap_err();

    for error in [place, modify] {
        assert_eq!(error.kind(), ErrorKind::OrderRefused, "{error}");
        assert_eq!(error.details()["state"], "suspect");
    }
    assert!(waited < 100 * MILLI, "{waited:?}");
    assert_eq!(cancel.kind(), ErrorKind::OrderOutcomeUnknown, "{cancel}");
    assert_eq!(asked(&gateway, "cancel_order", CONTROL), 1);
    assert_eq!(asked(&gateway, "place_order", CONTROL), 1);
}

#[tokio::test]
async fn core_reads_wait_for_a_suspect_link_within_their_deadline() {
    let gateway = market();
    let client = watchful(&gateway, 10 * SECOND).await;
    let silence = mute(&gateway, "all", CONTROL);
    suspect(&client).await;

    let late = client.contract_details(aapl(), Some(50 * MILLI)).await.unwrap_err();
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.contract_details(aapl(), Some(5 * SECOND)).await }
    });
    silence.clear();
    let details = waiting.await.unwrap();

    assert!(late.message().contains("suspect"), "{late}");
    assert!(!details.unwrap().is_empty());
    assert_eq!(asked(&gateway, "req_contract_data", CONTROL), 1);
}

#[tokio::test]
async fn core_a_silent_feed_link_is_replaced_and_the_control_link_stays() {
    let gateway = market();
    let client = watchful(&gateway, 100 * MILLI).await;
    let quotes = quotes(&client, &["AAPL"]).await;

    let silence = mute(&gateway, "all", FEED);
    eventually("the drop", || gateway.disconnect_count() == 1).await;
    silence.clear();
    feed_link(&client, 2).await;

    quotes.find(|quote| quote.is_gap).await;
    quotes.find(|quote| quote.generation == Generation(2) && quote.last == Some(190.0)).await;
    assert_eq!(client.generation(), Generation(1));
}

#[tokio::test]
async fn core_ticks_are_life_of_a_feed_link_that_answers_nothing() {
    let gateway = market();
    let client = watchful(&gateway, 50 * MILLI).await;
    let _quotes = quotes(&client, &["AAPL"]).await;
    let _time = mute(&gateway, "req_current_time", FEED);
    let _millis = mute(&gateway, "req_current_time_in_millis", FEED);

    let began = tokio::time::Instant::now();
    let mut last = 100.0;
    while began.elapsed() < SECOND {
        last += 1.0;
        set_last(&gateway, "AAPL", last);
        tokio::time::sleep(20 * MILLI).await;
    }

    assert_eq!(feed_generation(&client), Generation(1));
    feed_link(&client, 2).await;
}

#[tokio::test]
async fn core_a_pause_within_a_download_costs_no_link() {
    let gateway = market();
    let client = watchful(&gateway, 2 * SECOND).await;
    let pause = Fault::Stall("contract_data".into(), 500 * MILLI);
    let _pause = gateway.inject(Injection::from(pause).for_client(CONTROL).times(1)).unwrap();

    let download = tokio::spawn({
        let client = client.clone();
        async move { client.contract_details(aapl(), Some(5 * SECOND)).await }
    });
    suspect(&client).await;
    let details = download.await.unwrap().unwrap();

    assert!(!details.is_empty());
    eventually("trust", || client.state() == SessionState::Live).await;
    assert_eq!((client.generation(), gateway.disconnect_count()), (Generation(1), 0));
}

#[tokio::test]
async fn core_a_stream_that_blocks_its_link_does_not_make_it_suspect() {
    let gateway = market();
    let client = watchful(&gateway, 50 * MILLI).await;
    let slow = ticks_with(&client, &["AAPL"], 1, Overflow::Block).await;

    let began = tokio::time::Instant::now();
    while began.elapsed() < 600 * MILLI {
        set_last(&gateway, "AAPL", 100.0 + began.elapsed().as_secs_f64());
        tokio::time::sleep(10 * MILLI).await;
    }
    let feed = client.health().feed.unwrap();

    assert_eq!((feed.state, feed.generation), (SessionState::Live, Generation(1)));
    drop(slow);
}

#[tokio::test]
async fn core_whoever_asks_for_the_time_together_shares_one_answer() {
    let gateway = market();
    let client = connected_with(config(&gateway)).await;
    let delay = Fault::Delay("current_time".into(), 200 * MILLI);
    let _delay = gateway.inject(delay).unwrap();

    let questions = (0..10).map(|_| client.server_time(Some(5 * SECOND)));
    let together = futures_util::future::join_all(questions).await;

    assert!(together.iter().all(Result::is_ok));
    assert_eq!(asked(&gateway, "req_current_time", CONTROL), 1);
}

/// A client whose questions about the time are so far apart, and that asks none itself.
async fn curious(gateway: &MockGateway, spacing: Duration) -> Client {
    let keepalive = Some(Keepalive { idle: 60 * SECOND, spacing, ..Keepalive::default() });
    connected_with(Config { keepalive, ..config(gateway) }).await
}

#[tokio::test]
async fn core_whoever_asks_for_the_time_again_is_told_the_last_answer_and_the_time_since() {
    let gateway = market();
    let client = curious(&gateway, 60 * SECOND).await;
    let first = client.server_time(None).await.unwrap();
    let began = tokio::time::Instant::now();

    tokio::time::sleep(50 * MILLI).await;
    let second = client.server_time(None).await.unwrap();
    let most = began.elapsed() + 50 * MILLI;
    gateway.drop_connections().unwrap();
    eventually("the next link", || client.generation() == Generation(2)).await;
    client.server_time(None).await.unwrap();

    let went_by = second - first;
    assert!(went_by >= 50 * MILLI && went_by <= most, "{went_by}");
    assert_eq!(asked(&gateway, "req_current_time", CONTROL), 2, "once on each link");
}

#[tokio::test]
async fn core_the_time_is_asked_anew_once_the_spacing_is_over_and_always_without_one() {
    let gateway = market();
    let client = curious(&gateway, 50 * MILLI).await;
    let careless = Config { client_id: ClientId(8), keepalive: None, ..config(&gateway) };
    let careless = connected_with(careless).await;

    for _ in 0..3 {
        client.server_time(None).await.unwrap();
        careless.server_time(None).await.unwrap();
        tokio::time::sleep(60 * MILLI).await;
    }
    careless.server_time(None).await.unwrap();

    assert_eq!(asked(&gateway, "req_current_time", CONTROL), 3);
    assert_eq!(asked(&gateway, "req_current_time", 8), 4);
}

#[tokio::test]
async fn core_a_question_nobody_waits_for_any_more_is_asked_anew_in_its_time() {
    let gateway = market();
    let client = curious(&gateway, 300 * MILLI).await;
    let silence = mute(&gateway, "req_current_time", CONTROL);
    let began = tokio::time::Instant::now();

    assert!(client.server_time(Some(50 * MILLI)).await.is_err());
    let sooner = client.server_time(Some(50 * MILLI)).await.unwrap_err();
    silence.clear();

    assert_eq!(sooner.kind(), ErrorKind::RequestTimeout, "{sooner}");
    assert!(client.server_time(Some(5 * SECOND)).await.is_ok());
    assert!(began.elapsed() >= 300 * MILLI);
    assert_eq!(asked(&gateway, "req_current_time", CONTROL), 2);
}

#[tokio::test]
async fn core_whoever_waits_for_his_turn_to_ask_the_time_learns_of_the_end_of_the_link() {
    let gateway = market();
    let client = curious(&gateway, 60 * SECOND).await;
    let _silence = mute(&gateway, "req_current_time", CONTROL);
    assert!(client.server_time(Some(10 * MILLI)).await.is_err());

    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.server_time(Some(30 * SECOND)).await }
    });
    tokio::time::sleep(20 * MILLI).await;
    gateway.drop_connections().unwrap();
    let ended = tokio::time::timeout(5 * SECOND, waiting).await.unwrap().unwrap();

    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionLost);
}
