//! The session through the client: connecting, losing the link, closing.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use aioibkr_core::metrics::Losses;
use aioibkr_core::model::{Breaker, ClientId, Generation, Reconnect, SessionState};
use aioibkr_core::{Client, Config, ErrorKind};
use aioibkr_mock_gateway::Fault;
use tokio::runtime::Handle;

use crate::core_gateway::{MILLI, SECOND, config, connected, connected_with, eventually, gateway};
use crate::core_orders::{aapl, resting};

#[tokio::test]
async fn core_connects_and_tells_the_time() {
    let gateway = gateway();

    let client = connected(&gateway).await;
    let time = client.server_time(None).await.unwrap();

    assert!(time.year() >= 2024);
    assert!(client.is_connected());
    assert_eq!(client.state(), SessionState::Live);
    assert_eq!(client.generation(), Generation(1));
    assert_eq!(client.accounts()[0].0, "DU1234567");
    assert_eq!(client.is_paper(), Some(true));
    assert!(client.server_version() >= Some(213));
    assert_eq!(client.metrics().connections, 1);
}

#[tokio::test]
async fn core_many_opens_make_one_connection() {
    let gateway = gateway();
    let client = Client::new(config(&gateway), Handle::current()).unwrap();

    let opens = (0..50).map(|_| client.open());
    let opened = futures_util::future::join_all(opens).await;

    assert!(opened.iter().all(Result::is_ok));
    assert_eq!(gateway.connect_count(), 1);
}

#[tokio::test]
async fn core_client_id_zero_means_zero() {
    let gateway = gateway();

    let _client = connected_with(Config { client_id: ClientId(0), ..config(&gateway) }).await;

    assert_eq!(gateway.clients(), vec![0]);
}

#[tokio::test]
async fn core_a_lost_link_is_opened_again() {
    let gateway = gateway();
    let client = connected(&gateway).await;

    gateway.drop_connections().unwrap();
    eventually("the second link", || client.generation() == Generation(2)).await;

    client.open().await.unwrap();
    assert!(client.is_connected());
    assert!(client.server_time(None).await.is_ok());
    assert_eq!(client.metrics().reconnections, 1);
    client.close().await.unwrap();
    assert_eq!(client.metrics().losses, Losses { ended: 1, requested: 1, ..Losses::default() });
}

#[tokio::test]
async fn core_is_connected_is_the_truth_after_a_drop() {
    let gateway = gateway();
    let client = connected(&gateway).await;

    gateway.down().unwrap();
    eventually("the loss is seen", || !client.is_connected()).await;

    gateway.up().unwrap();
    eventually("the link is back", || client.is_connected()).await;
}

#[tokio::test]
async fn core_requests_in_flight_fail_at_once_when_the_link_is_lost() {
    let gateway = gateway();
    let client = connected(&gateway).await;
    let _mute = gateway.inject(Fault::Mute("req_current_time".into())).unwrap();
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.server_time(Some(30 * SECOND)).await }
    });
    eventually("the request arrived", || {
        !gateway.requests(Some("req_current_time")).unwrap().is_empty()
    })
    .await;

    gateway.drop_connections().unwrap();
    let error = waiting.await.unwrap().unwrap_err();

    assert_eq!(error.kind(), ErrorKind::ConnectionLost);
}

#[tokio::test]
async fn core_an_unanswered_request_ends_by_its_deadline() {
    let gateway = gateway();
    let client = connected(&gateway).await;
    let _mute = gateway.inject(Fault::Mute("req_current_time".into())).unwrap();

    let error = client.server_time(Some(100 * MILLI)).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::RequestTimeout);
    assert!(error.message().contains("server_time"), "{error}");
    assert!(error.message().contains("0.1"), "{error}");
}

#[tokio::test]
async fn core_a_closed_client_stays_closed() {
    let gateway = gateway();
    let client = connected(&gateway).await;

    client.close().await.unwrap();
    client.close().await.unwrap();

    assert_eq!(client.state(), SessionState::Closed);
    assert_eq!(client.open().await.unwrap_err().kind(), ErrorKind::NotConnected);
    assert_eq!(client.server_time(None).await.unwrap_err().kind(), ErrorKind::NotConnected);
    eventually("the gateway saw the end", || gateway.clients().is_empty()).await;
}

#[tokio::test]
async fn core_a_client_id_is_free_again_after_close() {
    let gateway = gateway();
    for _ in 0..5 {
        let client = connected(&gateway).await;
        client.close().await.unwrap();
        eventually("the id is free", || gateway.clients().is_empty()).await;
    }
}

#[tokio::test]
async fn core_a_dropped_client_lets_go_of_the_socket() {
    let gateway = gateway();
    let client = connected(&gateway).await;

    drop(client);

    eventually("the socket is closed", || gateway.clients().is_empty()).await;
}

#[tokio::test]
async fn core_nothing_is_asked_before_open() {
    let gateway = gateway();
    let client = Client::new(config(&gateway), Handle::current()).unwrap();

    let error = client.server_time(None).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::NotConnected);
    assert_eq!(gateway.connect_count(), 0);
}

#[tokio::test]
async fn core_without_reconnect_the_next_open_makes_the_next_link() {
    let gateway = gateway();
    let client = connected_with(Config { reconnect: None, ..config(&gateway) }).await;
    gateway.drop_connections().unwrap();
    eventually("rest", || client.state() == SessionState::Idle).await;
    assert_eq!(client.server_time(None).await.unwrap_err().kind(), ErrorKind::NotConnected);

    client.open().await.unwrap();

    assert_eq!(client.generation(), Generation(2));
    client.wait_ready(Some(5 * SECOND)).await.unwrap();
}

#[tokio::test]
async fn core_a_lost_link_is_given_up_after_its_attempts() {
    let gateway = gateway();
    let rules = Reconnect { first: 10 * MILLI, attempts: Some(2), ..Reconnect::default() };
    let client = connected_with(Config { reconnect: Some(rules), ..config(&gateway) }).await;

    gateway.down().unwrap();
    eventually("rest", || client.state() == SessionState::Idle).await;

    assert_eq!(client.metrics().reconnection_attempts, 2);
    let error = client.server_time(None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected, "{error}");
}

#[tokio::test]
async fn core_a_gateway_that_fails_again_and_again_is_left_alone_for_a_while() {
    let gateway = gateway();
    let breaker = Some(Breaker { failures: 2, pause: 600 * MILLI });
    let client = connected_with(Config { breaker, ..config(&gateway) }).await;

    gateway.down().unwrap();
    eventually("the trip", || client.state() == SessionState::Tripped).await;
    let failures = client.metrics().failures;
    let asked = client.server_time(Some(5 * SECOND)).await.unwrap_err();
    let opened = client.open().await.unwrap_err();
    let ordered = client.place(aapl(), resting(1), None, None).await.unwrap_err();
    let tried = client.metrics().failures;
    gateway.up().unwrap();
    eventually("the next link", || client.generation() == Generation(2)).await;

    for error in [asked, opened, ordered] {
        assert_eq!(error.kind(), ErrorKind::CircuitOpen, "{error}");
        let left: f64 = error.details()["retry_after"].parse().unwrap();
        assert!(left > 0.0 && left <= 0.6, "{left}");
    }
    assert_eq!((failures, tried), (2, 2));
    assert!(client.metrics().circuit_breaker_trips >= 1);
}

/// (S7)
#[tokio::test]
async fn core_a_client_id_held_after_a_loss_is_asked_for_again() {
    let gateway = gateway();
    let client = connected(&gateway).await;

    let held = gateway.inject(Fault::ClientIdHeld).unwrap();
    gateway.drop_connections().unwrap();
    eventually("two refusals", || client.metrics().failures >= 2).await;
    let reason = client.health().control.reason.unwrap();
    held.clear();
    eventually("the next link", || client.generation() == Generation(2)).await;

    assert!(reason.contains("client id 7"), "{reason}");
    assert_eq!(gateway.clients(), vec![7]);
}

#[tokio::test]
async fn core_requests_during_an_outage_wait_and_open_no_link_of_their_own() {
    let gateway = gateway();
    let client = connected(&gateway).await;
    gateway.down().unwrap();
    eventually("the loss", || !client.is_connected()).await;
    let ask = |_| {
        let client = client.clone();
        tokio::spawn(async move { client.server_time(Some(5 * SECOND)).await })
    };
    let asked: Vec<_> = (0..20).map(ask).collect();
    tokio::time::sleep(100 * MILLI).await;

    gateway.up().unwrap();

    for answer in asked {
        answer.await.unwrap().unwrap();
    }
    assert_eq!(gateway.connect_count(), 2);
}
