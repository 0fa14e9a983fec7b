//! A table of tries over a real socket: how often a client tries, and for how long.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use std::net::TcpListener;
use std::time::Duration;

use aioibkr_core::model::{Breaker, ConnectTries, SessionState};
use aioibkr_core::{Client, Config};
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::core_gateway::{MILLI, SECOND, config, connected_with, eventually, gateway};

/// Three tries; after two failures two, after five one.
fn table(timeout: Duration) -> Vec<ConnectTries> {
    let row = |after, count| ConnectTries { after, count, pause: 5 * MILLI, timeout };
    vec![row(0, 3), row(2, 2), row(5, 1)]
}

#[tokio::test]
async fn core_connects_that_fail_in_a_row_make_fewer_tries() {
    let gateway = gateway();
    gateway.down().unwrap();
    let settings = Config { tries: table(SECOND), ..config(&gateway) };
    let client = Client::new(settings, Handle::current()).unwrap();

    let mut tries = Vec::new();
    for _ in 0..7 {
        let before = client.metrics().failures;
        assert!(client.open().await.is_err());
        tries.push(client.metrics().failures - before);
    }
    gateway.up().unwrap();
    client.open().await.unwrap();

    assert_eq!(tries, [3, 3, 2, 2, 2, 1, 1]);
}

#[tokio::test]
async fn core_a_try_ends_with_the_time_of_its_row() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = Config {
        port: silent.local_addr().unwrap().port(),
        tries: table(50 * MILLI),
        connect_timeout: 30 * SECOND,
        pacing: None,
        ..Config::default()
    };
    let client = Client::new(settings, Handle::current()).unwrap();

    let began = Instant::now();
    let error = client.open().await.unwrap_err();

    assert!(error.message().contains("after 3 tries"), "{error}");
    assert!((150 * MILLI..10 * SECOND).contains(&began.elapsed()), "{:?}", began.elapsed());
}

#[tokio::test]
async fn core_after_a_loss_the_breaker_counts_rows_of_tries() {
    let gateway = gateway();
    let settings = Config {
        tries: table(SECOND),
        breaker: Some(Breaker { failures: 1, pause: 60 * SECOND }),
        ..config(&gateway)
    };
    let client = connected_with(settings).await;

    gateway.down().unwrap();
    eventually("the trip", || client.state() == SessionState::Tripped).await;

    assert_eq!(client.metrics().failures, 3);
}
