//! What a client counts, and what its metrics say of what happened at the gateway.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use std::time::Duration;

use aioibkr_core::metrics::{Losses, RequestKind, RequestMetrics, StreamKind, StreamMetrics};
use aioibkr_core::model::{Contract, Generation, Keepalive, Overflow, Pacing};
use aioibkr_core::{Client, Config};
use aioibkr_mock_gateway::{Fault, MockGateway};

use crate::core_gateway::{MILLI, SECOND, config, connected, connected_with, eventually, gateway};
use crate::core_orders::{aapl, market, placed, resting};
use crate::feed_reader::{FEED, feed_link, is_last, quotes, set_last, strike_once, ticks_with};

const QUIET: Losses = Losses { probe: 0, deadline: 0, refused: 0, requested: 0, ended: 0 };

fn of(client: &Client, kind: RequestKind) -> RequestMetrics {
    let requests = client.metrics().requests;
    *requests.iter().find(|counted| counted.kind == kind).unwrap()
}

fn of_streams(client: &Client, kind: StreamKind) -> StreamMetrics {
    *client.metrics().streams.iter().find(|counted| counted.kind == kind).unwrap()
}

/// A client that asks after 50 ms of silence and gives a silent link up after 250 ms more.
async fn watchful(gateway: &MockGateway) -> Client {
    let keepalive = Keepalive {
        idle: 50 * MILLI,
        probe_timeout: 100 * MILLI,
        give_up: 50 * MILLI,
        spacing: 50 * MILLI,
    };
    connected_with(Config { keepalive: Some(keepalive), ..config(gateway) }).await
}

#[tokio::test]
async fn core_requests_are_counted_by_kind_with_their_latency() {
    let gateway = market();
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();
    let slow = gateway.inject(Fault::Delay("contract_data_end".into(), 60 * MILLI)).unwrap();

    client.qualify(aapl(), None).await.unwrap();
    slow.clear();
    let trade = placed(&client, resting(1)).await;
    client.cancel(trade.latest().order_id, None).await.unwrap();

    let qualify = of(&client, RequestKind::Qualify);
    assert_eq!((qualify.latency.count(), qualify.failed, qualify.cancelled), (1, 0, 0));
    assert!(qualify.latency.max() >= 60 * MILLI && qualify.latency.sum() < 5 * SECOND);
    let counted: Vec<_> = client.metrics().requests.iter().map(|kind| kind.kind).collect();
    assert_eq!(counted, [RequestKind::Qualify, RequestKind::Place, RequestKind::Cancel]);
    assert_eq!(client.metrics().total_requests, 3);
}

#[tokio::test]
async fn core_failed_requests_are_counted_with_their_code() {
    let gateway = gateway();
    let client = connected(&gateway).await;

    for _ in 0..2 {
        assert!(client.contract_details(Contract::stock("NOSUCH"), None).await.is_err());
    }

    let metrics = client.metrics();
    assert_eq!(of(&client, RequestKind::ContractDetails).failed, 2);
    assert_eq!((metrics.requests_failed, metrics.errors.by_code[&200]), (2, 2));
    assert_eq!(metrics.errors.by_code.len(), 1, "{:?}", metrics.errors);
}

#[tokio::test]
async fn core_a_request_whose_caller_gave_up_is_counted_apart() {
    let gateway = gateway();
    let client = connected(&gateway).await;
    let _mute = gateway.inject(Fault::Mute("req_contract_data".into())).unwrap();

    let asked = client.contract_details(aapl(), Some(10 * SECOND));
    assert!(tokio::time::timeout(20 * MILLI, asked).await.is_err());

    let counted = of(&client, RequestKind::ContractDetails);
    assert_eq!((counted.cancelled, counted.latency.count()), (1, 0));
    assert_eq!(client.metrics().total_requests, 0);
}

#[tokio::test]
async fn core_reconnects_are_counted_by_the_reason_of_the_loss() {
    let gateway = gateway();
    let client = watchful(&gateway).await;

    gateway.drop_connections().unwrap();
    eventually("the second link", || client.generation() == Generation(2)).await;
    let silence = gateway.inject(Fault::Mute("all".into())).unwrap();
    eventually("the drop", || client.metrics().losses.probe == 1).await;
    silence.clear();
    eventually("a link that stays", || client.is_connected()).await;
    let control = client.metrics().control;

    assert_eq!(control.reconnects, Losses { ended: 1, probe: 1, ..QUIET });
    assert_eq!((control.connections, control.reconnections), (3, 2));
    assert!(control.reconnection_attempts >= 2);
}

#[tokio::test]
async fn core_the_feed_link_has_counters_of_its_own() {
    let gateway = market();
    let client = connected(&gateway).await;
    assert_eq!(client.metrics().feed.unwrap().connections, 0);
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;

    strike_once(&gateway, FEED, Fault::Drop("tick_price".into()));
    set_last(&gateway, "AAPL", 77.0);
    feed_link(&client, 2).await;
    quotes.find(is_last(77.0)).await;

    let metrics = client.metrics();
    let feed = metrics.feed.unwrap();
    assert_eq!((feed.connections, feed.reconnects), (2, Losses { ended: 1, ..QUIET }));
    assert_eq!((metrics.control.connections, metrics.losses), (1, QUIET));
    let without = connected_with(Config {
        feed: false,
        client_id: aioibkr_core::model::ClientId(8),
        ..config(&gateway)
    });
    assert!(without.await.metrics().feed.is_none());
}

#[tokio::test]
async fn core_probe_round_trips_are_measured_on_both_links() {
    let gateway = market();
    let _slow = gateway.inject(Fault::Delay("current_time".into(), 30 * MILLI)).unwrap();
    let client = watchful(&gateway).await;
    let _quotes = quotes(&client, &["AAPL"]).await;

    eventually("answers on both links", || {
        let metrics = client.metrics();
        let links = [metrics.control, metrics.feed.unwrap()];
        links.iter().all(|link| link.round_trips.count() >= 2)
    })
    .await;

    let metrics = client.metrics();
    for link in [metrics.control, metrics.feed.unwrap()] {
        let trips = link.round_trips;
        assert!(trips.max() >= 30 * MILLI && trips.max() < 500 * MILLI, "{trips:?}");
        assert!(link.probes >= trips.count(), "{link:?}");
    }
}

#[tokio::test]
async fn core_uptime_begins_with_each_link_and_live_time_goes_on() {
    let gateway = gateway();
    let client = connected(&gateway).await;
    eventually("some time", || client.metrics().control.uptime >= 100 * MILLI).await;

    gateway.drop_connections().unwrap();
    eventually("the second link", || client.generation() == Generation(2)).await;
    let control = client.metrics().control;
    client.close().await.unwrap();
    let closed = client.metrics().control;

    assert!(control.live_time >= 100 * MILLI + control.uptime, "{control:?}");
    assert_eq!(closed.uptime, Duration::ZERO);
    assert!(closed.live_time >= control.live_time);
    assert_eq!(client.metrics().control.live_time, closed.live_time, "time stands still");
}

#[tokio::test]
async fn core_items_that_wait_and_items_that_were_lost_are_counted_by_kind_of_stream() {
    let gateway = market();
    let client = connected(&gateway).await;
    let ticks = ticks_with(&client, &["AAPL"], 2, Overflow::Conflate).await;

    let mut last = 100.0;
    while ticks.stream.lost() < 15 {
        last += 1.0;
        set_last(&gateway, "AAPL", last);
        tokio::time::sleep(MILLI).await;
    }
    let open = of_streams(&client, StreamKind::Ticks);
    let queues = client.metrics().queues;
    let lost = ticks.stream.lost();
    drop(ticks);
    let gone = of_streams(&client, StreamKind::Ticks);

    assert_eq!((open.open, gone.open), (1, 0));
    assert!((1..=2).contains(&open.waiting) && queues.streams == open.waiting, "{queues:?}");
    assert!(open.lost >= 15 && gone.lost >= lost, "{open:?} {gone:?} {lost}");
    assert_eq!((gone.waiting, of_streams(&client, StreamKind::Bars).lost), (0, 0));
}

#[tokio::test]
async fn core_messages_that_wait_for_their_turn_are_told() {
    let gateway = gateway();
    let pacing = Some(Pacing { messages_per_second: 5 });
    let client = connected_with(Config { pacing, ..config(&gateway) }).await;

    let asking: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.managed_accounts(Some(200 * MILLI)).await })
        })
        .collect();
    eventually("a queue", || client.metrics().queues.pacing >= 10).await;
    for request in asking {
        let _ = request.await.unwrap();
    }

    let accounts = of(&client, RequestKind::ManagedAccounts);
    assert_eq!(accounts.latency.count(), 20);
    assert!(accounts.failed >= 10, "{accounts:?}");
}

#[tokio::test]
async fn core_notices_are_counted_by_code_on_their_link() {
    let gateway = gateway();
    let client = connected(&gateway).await;
    let before = client.metrics().control.notices.by_code.get(&2106).copied().unwrap_or(0);

    gateway.notice(2106);
    gateway.notice(2106);

    eventually("both notices", || {
        client.metrics().control.notices.by_code.get(&2106) == Some(&(before + 2))
    })
    .await;
}
