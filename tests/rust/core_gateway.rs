//! What every test of the core starts with: a mock gateway and a client of it.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use std::time::Duration;

use aioibkr_core::model::{ClientId, Reconnect};
use aioibkr_core::{Client, Config};
use aioibkr_mock_gateway::{MockGateway, Settings};
use tokio::runtime::Handle;

pub(crate) const MILLI: Duration = Duration::from_millis(1);
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A gateway with one paper account.
pub(crate) fn gateway() -> MockGateway {
    MockGateway::start(Settings::default()).unwrap()
}

/// Settings of a client of that gateway, which holds nobody to a message rate.
pub(crate) fn config(gateway: &MockGateway) -> Config {
    Config {
        host: gateway.address().ip().to_string(),
        port: gateway.address().port(),
        client_id: ClientId(7),
        connect_timeout: 5 * SECOND,
        connect_pauses: vec![50 * MILLI, 50 * MILLI],
        reconnect: Some(Reconnect {
            first: 20 * MILLI,
            longest: 200 * MILLI,
            ..Reconnect::default()
        }),
        breaker: None,
        pacing: None,
        ..Config::default()
    }
}

/// A client that is connected.
pub(crate) async fn connected(gateway: &MockGateway) -> Client {
    connected_with(config(gateway)).await
}

/// A client with these settings that is connected.
pub(crate) async fn connected_with(config: Config) -> Client {
    let client = Client::new(config, Handle::current()).unwrap();
    client.open().await.unwrap();
    client
}

/// How many requests of a kind the gateway has read.
pub(crate) fn count(gateway: &MockGateway, kind: &str) -> usize {
    gateway.requests(Some(kind)).unwrap().len()
}

/// Waits until the claim holds; fails after ten seconds.
pub(crate) async fn eventually(what: &str, claim: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + 10 * SECOND;
    while !claim() {
        assert!(tokio::time::Instant::now() < deadline, "never came true: {what}");
        tokio::time::sleep(5 * MILLI).await;
    }
}
