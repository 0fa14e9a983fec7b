//! What `health` says of a client in each state; it asks the gateway nothing.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use aioibkr_core::model::{Breaker, Generation, Health, Keepalive, Reconnect, SessionState};
use aioibkr_core::{Client, Config};
use aioibkr_mock_gateway::{Fault, MockGateway};
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::core_gateway::{MILLI, SECOND, config, connected, connected_with, eventually};
use crate::core_orders::{market, placed, resting};
use crate::feed_reader::quotes;

const ACCOUNT: &str = "DU1234567";

async fn ready(gateway: &MockGateway) -> Client {
    let client = connected(gateway).await;
    client.wait_ready(None).await.unwrap();
    client
}

/// Whether nothing is told that only a link can tell.
fn tells_nothing_of_a_link(health: &Health) -> bool {
    health.balance.is_none() && health.working_orders.is_none() && health.uptime.is_none()
}

#[tokio::test]
async fn core_health_tells_money_and_orders_and_asks_nothing() {
    let gateway = market();
    gateway.set_account_value(ACCOUNT, "NetLiquidation", "250000.00", "USD").unwrap();
    gateway.set_account_value(ACCOUNT, "AvailableFunds", "90000", "USD").unwrap();
    gateway.set_account_value(ACCOUNT, "TotalCashValue", "100000", "USD").unwrap();
    let client = ready(&gateway).await;
    placed(&client, resting(1)).await;
    let asked = gateway.requests(None).unwrap().len();

    let health = client.health();

    let balance = health.balance.unwrap();
    assert_eq!((balance.account.0.as_str(), balance.currency.as_str()), (ACCOUNT, "USD"));
    assert_eq!(balance.net_liquidation, Some(250_000.0));
    assert_eq!((balance.available_funds, balance.cash), (Some(90_000.0), Some(100_000.0)));
    assert_eq!((health.working_orders, health.is_paper), (Some(1), Some(true)));
    assert!(health.uptime.is_some());
    assert_eq!(gateway.requests(None).unwrap().len(), asked);
}

#[tokio::test]
async fn core_health_says_unknown_until_a_link_has_told() {
    let gateway = market();
    let _mutes = ["req_acct_data", "req_all_open_orders"]
        .map(|kind| gateway.inject(Fault::Mute(kind.into())).unwrap());
    let client = Client::new(config(&gateway), Handle::current()).unwrap();
    let idle = client.health();

    client.open().await.unwrap();
    let live = client.health();

    assert!(tells_nothing_of_a_link(&idle) && idle.is_paper.is_none());
    assert_eq!(idle.control.state, SessionState::Idle);
    assert_eq!((live.balance, live.working_orders), (None, None));
    assert!(live.uptime.is_some());
}

#[tokio::test]
async fn core_health_forgets_with_the_link_and_learns_with_the_next() {
    let gateway = market();
    let client = ready(&gateway).await;
    let before = client.health();

    gateway.down().unwrap();
    eventually("the loss", || !client.is_connected()).await;
    let lost = client.health();
    gateway.up().unwrap();
    eventually("the next link", || client.is_ready()).await;
    let after = client.health();
    client.close().await.unwrap();
    let closed = client.health();

    assert!(tells_nothing_of_a_link(&lost) && tells_nothing_of_a_link(&closed));
    assert!(before.working_orders == Some(0) && after.working_orders == Some(0));
    assert!(after.balance.is_some() && after.control.generation == Generation(2));
    assert_eq!((closed.control.state, closed.is_paper), (SessionState::Closed, Some(true)));
    assert!(lost.control.since > before.control.since);
    assert!(closed.control.since > after.control.since);
}

#[tokio::test]
async fn core_health_says_since_when_a_link_is_in_its_state() {
    let gateway = market();
    let client = ready(&gateway).await;
    let live = client.health().control;

    gateway.notice(1100);
    eventually("the outage", || client.state() == SessionState::Degraded).await;
    let degraded = client.health().control;
    tokio::time::sleep(5 * MILLI).await;
    gateway.notice(2103);
    eventually("news of a farm", || client.health().control.farms != degraded.farms).await;

    assert!(degraded.since > live.since);
    assert_eq!(client.health().control.since, degraded.since, "the same state");
}

#[tokio::test]
async fn core_health_tells_lines_used_and_left() {
    let gateway = market();
    let mut settings = config(&gateway);
    settings.lines.market_data = 5;
    let client = connected_with(settings).await;

    let _quotes = quotes(&client, &["AAPL", "MSFT"]).await;
    let lines = client.health().lines;

    let market_data = lines.iter().find(|lines| lines.name == "market data").unwrap();
    assert_eq!((market_data.used, market_data.left()), (2, 3));
}

/// Drives a client into a state.
async fn driven(gateway: &MockGateway, state: SessionState) -> Client {
    let slow = Reconnect { first: 60 * SECOND, longest: 60 * SECOND, ..Reconnect::default() };
    let quick = Reconnect { first: MILLI, longest: MILLI, ..Reconnect::default() };
    let watch = Keepalive { idle: 20 * MILLI, probe_timeout: 20 * MILLI, ..Keepalive::default() };
    let settings = match state {
        SessionState::Waiting => Config { reconnect: Some(slow), ..config(gateway) },
        SessionState::Tripped => Config {
            reconnect: Some(quick),
            breaker: Some(Breaker { failures: 1, pause: 60 * SECOND }),
            ..config(gateway)
        },
        SessionState::Suspect => Config { keepalive: Some(watch), ..config(gateway) },
        _ => config(gateway),
    };
    let client = connected_with(settings).await;
    client.wait_ready(None).await.unwrap();
    match state {
        SessionState::Waiting | SessionState::Tripped => gateway.down().unwrap(),
        SessionState::Degraded => gateway.notice(1100),
        SessionState::Suspect => drop(gateway.inject(Fault::Mute("all".into())).unwrap()),
        SessionState::Closed => client.close().await.unwrap(),
        _ => {}
    }
    eventually("the state", || client.state() == state).await;
    client
}

#[tokio::test]
async fn core_health_and_metrics_answer_at_once_in_every_state() {
    let states = [
        SessionState::Live,
        SessionState::Suspect,
        SessionState::Degraded,
        SessionState::Waiting,
        SessionState::Tripped,
        SessionState::Closed,
    ];
    for state in states {
        let gateway = market();
        let client = driven(&gateway, state).await;
        let began = Instant::now();

        let (health, metrics) = (client.health(), client.metrics());

        assert!(began.elapsed() < 50 * MILLI, "{state}: {:?}", began.elapsed());
        assert_eq!(health.control.state, state);
        assert_eq!(health.uptime.is_some(), state.has_link(), "{state}");
        assert_eq!(health.balance.is_some(), state.has_link(), "{state}: what is kept is told");
        assert_eq!(metrics.connections, 1, "{state}");
    }
}
