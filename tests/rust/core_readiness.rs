//! Readiness: each part is told anew on every link, what is missing has a name, and what is not known
//! is neither empty nor old.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use aioibkr_core::client::ReadOptions;
use aioibkr_core::config::Deadlines;
use aioibkr_core::model::{Action, Generation, Order, SessionState};
use aioibkr_core::{Client, Config, Error, ErrorKind};
use aioibkr_mock_gateway::{Fault, FaultHandle, Injection, MockGateway, OrderFault};
use futures_util::future::{BoxFuture, join_all};

use crate::core_gateway::{MILLI, SECOND, config, connected, connected_with, eventually};
use crate::core_orders::{market, placed, resting};

/// What readiness is made of, and the reply without which it is not known.
const PARTS: [(&str, &str); 5] = [
    ("account values", "acct_download_end"),
    ("positions", "position_end"),
    ("open orders", "open_order_end"),
    ("completed orders", "completed_orders_end"),
    ("executions", "execution_data_end"),
];

/// A client that asks again for a download that stands still for 600 ms.
fn brisk(gateway: &MockGateway) -> Config {
    let deadlines = Deadlines { download: 600 * MILLI, ..Deadlines::default() };
    Config { deadlines, ..config(gateway) }
}

fn at_once(client: &Client) -> Client {
    client.with_read_options(ReadOptions { wait: false, ..ReadOptions::default() })
}

fn mute(gateway: &MockGateway, kind: &str) -> FaultHandle {
    gateway.inject(Fault::Mute(kind.into())).unwrap()
}

#[tokio::test]
async fn core_each_part_that_is_not_told_is_named_until_it_is() {
    for (part, reply) in PARTS {
        let gateway = market();
        let client = connected_with(brisk(&gateway)).await;
        client.wait_ready(None).await.unwrap();
        let silence = mute(&gateway, reply);
        gateway.drop_connections().unwrap();
        eventually("the next link", || client.generation() == Generation(2)).await;

        eventually(part, || client.missing() == [part]).await;
        let error = client.wait_ready(Some(20 * MILLI)).await.unwrap_err();
        silence.clear();

        assert_eq!((error.kind(), &*error.details()["missing"]), (ErrorKind::StateUnknown, part));
        client.wait_ready(Some(10 * SECOND)).await.unwrap();
        assert!(client.health().missing.is_empty() && client.health().is_ready, "{part}");
    }
}

/// (1101) The link is kept, what was known of it is not.
#[tokio::test]
async fn core_after_a_restoration_that_lost_data_each_part_is_told_anew() {
    for (part, reply) in PARTS {
        let gateway = market();
        let client = connected_with(brisk(&gateway)).await;
        client.wait_ready(None).await.unwrap();

        let silence = mute(&gateway, reply);
        gateway.notice(1101);
        eventually(part, || client.missing() == [part]).await;
        silence.clear();

        client.wait_ready(Some(10 * SECOND)).await.unwrap();
        assert_eq!(client.generation(), Generation(1), "{part}");
    }
}

/// (E2, P7) Silence about an empty list is believed of a gateway that answers something else.
#[tokio::test]
async fn core_a_gateway_that_never_ends_an_empty_list_becomes_ready() {
    let gateway = market();
    let _quirk = gateway.inject(Injection::from(OrderFault::EmptyWithoutEnd)).unwrap();

    let client = connected_with(brisk(&gateway)).await;

    client.wait_ready(Some(10 * SECOND)).await.unwrap();
    assert_eq!(gateway.requests(Some("req_executions")).unwrap().len(), 2);
}

/// Rows without an end are a part of a list.
#[tokio::test]
async fn core_executions_without_an_end_are_not_all_of_them() {
    let gateway = market();
    let client = connected_with(brisk(&gateway)).await;
    client.wait_ready(None).await.unwrap();
    let order = Order::market(Action::Buy, 10.into());
    placed(&client, order).await.done(None).await.unwrap();
    let _silence = mute(&gateway, "execution_data_end");

    gateway.drop_connections().unwrap();
    let asked = || gateway.requests(Some("req_executions")).unwrap().len();
    eventually("several questions", || asked() >= 4).await;

    assert_eq!(client.missing(), ["executions"]);
}

type Read = fn(Client) -> BoxFuture<'static, Result<usize, Error>>;

fn reads() -> [(&'static str, Read); 6] {
    [
        ("account values", |client| {
            Box::pin(async move {
                let snapshot = client.account_snapshot(None, None).await;
                snapshot.map(|snapshot| snapshot.values.len())
            })
        }),
        ("pnl", |client| Box::pin(async move { client.pnl(None, None).await.map(|_| 1) })),
        ("positions", |client| {
            Box::pin(async move { client.positions(None, None).await.map(|rows| rows.len()) })
        }),
        ("open orders", |client| {
            Box::pin(async move { client.open_orders(None).await.map(|rows| rows.len()) })
        }),
        ("completed orders", |client| {
            Box::pin(async move { client.completed_orders(None).await.map(|rows| rows.len()) })
        }),
        ("executions", |client| {
            Box::pin(async move { client.executions(None).await.map(|rows| rows.len()) })
        }),
    ]
}

/// The replies that tell a part; P&L has no end.
fn replies(part: &str) -> &'static str {
    let known = PARTS.into_iter().find(|(name, _)| *name == part);
    known.map_or("pnl", |(_, reply)| reply)
}

#[tokio::test]
async fn core_a_read_that_does_not_wait_names_what_is_missing_at_once() {
    for (part, read) in reads() {
        let gateway = market();
        gateway.set_position("DU1234567", "AAPL", 10.0, 180.0).unwrap();
        let client = connected(&gateway).await;
        client.wait_ready(None).await.unwrap();
        read(client.clone()).await.unwrap();
        let silence = mute(&gateway, replies(part));
        gateway.drop_connections().unwrap();
        eventually("the next link", || client.generation() == Generation(2)).await;
        let rest: Vec<_> = PARTS.into_iter().filter(|(name, _)| *name == part).collect();
        eventually("the rest", || client.missing().len() == rest.len()).await;

        let began = tokio::time::Instant::now();
        let error = read(at_once(&client)).await.unwrap_err();

        assert!(began.elapsed() < SECOND, "{part}");
        assert_eq!(error.kind(), ErrorKind::StateUnknown, "{part}: {error}");
        assert_eq!(error.details()["missing"], part);
        drop(silence);
    }
}

#[tokio::test]
async fn core_a_read_that_does_not_wait_answers_what_is_known() {
    let gateway = market();
    gateway.set_position("DU1234567", "AAPL", 10.0, 180.0).unwrap();
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();
    client.pnl(None, None).await.unwrap();
    placed(&client, resting(1)).await;

    let found = join_all(reads().map(|(_, read)| read(at_once(&client))));
    let found: Vec<usize> = found.await.into_iter().map(Result::unwrap).collect();

    assert_eq!(found[1..], [1, 1, 1, 0, 0]);
}

#[tokio::test]
async fn core_a_read_that_does_not_wait_has_no_link_to_wait_for() {
    let gateway = market();
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();

    gateway.down().unwrap();
    eventually("the loss", || client.state() == SessionState::Waiting).await;

    for (part, read) in reads() {
        let error = read(at_once(&client)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StateUnknown, "{part}: {error}");
        assert_eq!(error.details()["missing"], "link");
    }
    client.close().await.unwrap();
    let error = at_once(&client).positions(None, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected, "{error}");
}
