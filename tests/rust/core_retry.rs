//! What becomes of a request whose link is lost: it ends at once, or, where its caller wants that, is
//! asked again on the next link within its deadline.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use aioibkr_core::client::ReadOptions;
use aioibkr_core::model::{BarSize, BarsRequest, Breaker, Generation, SessionState, WhatToShow};
use aioibkr_core::{Client, Config, Error, ErrorKind};
use aioibkr_mock_gateway::{Fault, MockGateway};
use futures_util::future::BoxFuture;

use crate::core_gateway::{MILLI, SECOND, config, connected, connected_with, count, eventually};
use crate::core_orders::{aapl, market, resting};

pub(crate) type Read = fn(Client) -> BoxFuture<'static, Result<(), Error>>;

/// Every read, and the request whose answer it waits for.
pub(crate) fn reads() -> [(&'static str, Read); 11] {
    [
        ("req_current_time", |c| Box::pin(async move { c.server_time(None).await.map(drop) })),
        ("req_managed_accts", |c| {
            Box::pin(async move { c.managed_accounts(None).await.map(drop) })
        }),
        ("req_acct_data", |c| {
            Box::pin(async move { c.account_snapshot(None, None).await.map(drop) })
        }),
        ("req_pnl", |c| Box::pin(async move { c.pnl(None, None).await.map(drop) })),
        ("req_positions", |c| Box::pin(async move { c.positions(None, None).await.map(drop) })),
        ("req_contract_data", |c| Box::pin(async move { c.qualify(aapl(), None).await.map(drop) })),
        ("req_mkt_data", |c| Box::pin(async move { c.quote(aapl(), None, None).await.map(drop) })),
        ("req_historical_data", |c| {
            Box::pin(async move { c.bars(aapl(), an_hour(), None).await.map(drop) })
        }),
        ("req_all_open_orders", |c| Box::pin(async move { c.open_orders(None).await.map(drop) })),
        ("req_completed_orders", |c| {
            Box::pin(async move { c.completed_orders(None).await.map(drop) })
        }),
        ("req_executions", |c| Box::pin(async move { c.executions(None).await.map(drop) })),
    ]
}

/// A request for bars that is good whatever the day.
pub(crate) fn an_hour() -> BarsRequest {
    BarsRequest {
        duration: "3600 S".into(),
        bar_size: BarSize::from_name("1 min").unwrap(),
        what_to_show: WhatToShow::Trades,
        use_rth: true,
        end: None,
    }
}

fn retrying(client: &Client) -> Client {
    client.with_read_options(ReadOptions { retry: true, ..ReadOptions::default() })
}

/// A client whose read waits for an answer that does not come; the links are lost after that.
async fn waiting(
    gateway: &MockGateway,
    (kind, read): (&str, Read),
    patience: impl Fn(&Client) -> Client,
) -> (Client, tokio::task::JoinHandle<Result<(), Error>>, aioibkr_mock_gateway::FaultHandle) {
    let silence = gateway.inject(Fault::Mute(kind.into())).unwrap();
    let client = connected(gateway).await;
    let asked = count(gateway, kind);
    let reading = tokio::spawn(read(patience(&client)));
    let is_kept =
        matches!(kind, "req_acct_data" | "req_pnl" | "req_positions" | "req_all_open_orders");
    eventually(kind, || count(gateway, kind) > if is_kept { 0 } else { asked }).await;
    tokio::time::sleep(20 * MILLI).await;
    (client, reading, silence)
}

#[tokio::test]
async fn core_every_read_in_flight_ends_at_once_with_its_link() {
    for (kind, read) in reads() {
        let gateway = market();
        let (_client, reading, _silence) = waiting(&gateway, (kind, read), Client::clone).await;

        let began = tokio::time::Instant::now();
        gateway.drop_connections().unwrap();
        let error = reading.await.unwrap().unwrap_err();

        assert_eq!(error.kind(), ErrorKind::ConnectionLost, "{kind}: {error}");
        assert!(began.elapsed() < SECOND, "{kind}: {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn core_every_read_may_outlive_its_link() {
    for (kind, read) in reads() {
        let gateway = market();
        let (client, reading, silence) = waiting(&gateway, (kind, read), retrying).await;

        silence.clear();
        gateway.drop_connections().unwrap();
        let answer = tokio::time::timeout(10 * SECOND, reading).await.unwrap().unwrap();

        assert!(answer.is_ok(), "{kind}: {answer:?}");
        assert_eq!(client.generation(), Generation(2), "{kind}");
    }
}

/// Once on each link, however many are lost, and no longer than its deadline.
#[tokio::test]
async fn core_a_read_is_asked_once_on_every_link_until_its_deadline() {
    let gateway = market();
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();
    let _drop = gateway.inject(Fault::Drop("req_current_time".into())).unwrap();

    let began = tokio::time::Instant::now();
    let error = retrying(&client).server_time(Some(400 * MILLI)).await.unwrap_err();

    assert!(began.elapsed() >= 300 * MILLI && began.elapsed() < 2 * SECOND);
    let ends = [ErrorKind::ConnectionLost, ErrorKind::RequestTimeout];
    assert!(ends.contains(&error.kind()), "{error}");
    let links = usize::try_from(client.generation().0).unwrap();
    assert!((2..=links).contains(&count(&gateway, "req_current_time")), "of {links} links");
}

#[tokio::test]
async fn core_a_read_waits_for_an_open_circuit_to_close() {
    let gateway = market();
    let breaker = Some(Breaker { failures: 1, pause: 200 * MILLI });
    let client = connected_with(Config { breaker, ..config(&gateway) }).await;
    gateway.down().unwrap();
    eventually("the open circuit", || client.state() == SessionState::Tripped).await;

    let at_once = client.server_time(None).await.unwrap_err();
    let reading = tokio::spawn({
        let client = retrying(&client);
        async move { client.server_time(Some(10 * SECOND)).await }
    });
    gateway.up().unwrap();

    assert_eq!(at_once.kind(), ErrorKind::CircuitOpen);
    assert!(reading.await.unwrap().is_ok());
}

#[tokio::test]
async fn core_a_read_does_not_wait_for_a_link_nobody_opens() {
    let gateway = market();
    let client = connected_with(Config { reconnect: None, ..config(&gateway) }).await;
    gateway.drop_connections().unwrap();
    eventually("rest", || client.state() == SessionState::Idle).await;

    let error = retrying(&client).server_time(Some(10 * SECOND)).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::NotConnected);
}

/// Whatever a client is told about its reads, an order is written once.
#[tokio::test]
async fn core_no_order_is_ever_asked_for_again() {
    let gateway = market();
    let client = retrying(&connected(&gateway).await);
    client.wait_ready(None).await.unwrap();
    let _drop = gateway.inject(Fault::Drop("place_order".into())).unwrap();

    let error = client.place(aapl(), resting(1), None, Some(SECOND)).await.unwrap_err();
    client.wait_ready(Some(10 * SECOND)).await.unwrap();

    assert!(gateway.orders().is_empty(), "{error}");
    assert_eq!(count(&gateway, "place_order"), 1);
}
