//! A mock gateway with a foreign client (the `ibapi` crate) connected to it.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use std::time::Duration;

use aioibkr_mock_gateway::{MockGateway, Prices, Settings};
use futures_util::StreamExt;
use ibapi::prelude::*;

pub(crate) const ACCOUNT: &str = "DU1234567";

/// No answer of a local gateway takes this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn gateway() -> MockGateway {
    MockGateway::start(Settings::default()).expect("a free port on loopback")
}

pub(crate) async fn connect(gateway: &MockGateway, client_id: i32) -> Client {
    let address = gateway.address().to_string();
    Client::connect(&address, client_id).await.expect("the mock gateway accepts")
}

pub(crate) async fn gateway_with_client() -> (MockGateway, Client) {
    let gateway = gateway();
    let client = connect(&gateway, 7).await;
    (gateway, client)
}

pub(crate) fn aapl() -> Contract {
    Contract::stock("AAPL").build()
}

pub(crate) fn market(bid: f64, ask: f64, last: f64) -> Prices {
    Prices { bid: Some(bid), ask: Some(ask), last: Some(last), ..Prices::default() }
}

/// The next item of a stream; fails when none comes.
pub(crate) async fn next<S>(stream: &mut S) -> S::Item
where
    S: futures_util::Stream + Unpin,
{
    let item = tokio::time::timeout(PATIENCE, stream.next()).await;
    item.expect("an item within the patience of a test").expect("an open stream")
}

/// The items of a stream up to and without the first that `is_last` accepts.
pub(crate) async fn collect_until<S, T>(stream: &mut S, is_last: impl Fn(&T) -> bool) -> Vec<T>
where
    S: futures_util::Stream<Item = Result<T, Error>> + Unpin,
{
    let mut items = Vec::new();
    loop {
        let item = next(stream).await.expect("an item without an error");
        if is_last(&item) {
            return items;
        }
        items.push(item);
    }
}
