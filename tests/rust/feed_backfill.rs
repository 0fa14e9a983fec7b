//! Bars across lost links: what was missed comes after the gap, once and in order, and what could not
//! be had is named.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what cannot be set up fails its test")]

use aioibkr_core::market_data::{BarStream, Batch};
use aioibkr_core::model::{Bar, BarSize, BarsRequest, LineKind, WhatToShow};
use aioibkr_mock_gateway::{Fault, HistoryBar, Injection, MockGateway};

use crate::core_gateway::{MILLI, SECOND, connected, eventually, gateway};
use crate::feed_reader::{CONTROL, Reader, asked, bars, feed_link, set_market};

fn kept(size: &str) -> LineKind {
    LineKind::Bars(BarsRequest {
        duration: "3600 S".into(),
        bar_size: BarSize::from_name(size).unwrap(),
        what_to_show: WhatToShow::Trades,
        use_rth: false,
        end: None,
    })
}

fn five_seconds() -> LineKind {
    LineKind::RealTimeBars { what_to_show: WhatToShow::Trades, use_rth: false }
}

/// History of these starts; its closes tell it from what forms.
fn stage(gateway: &MockGateway, starts: impl IntoIterator<Item = i64>) {
    let bar =
        |start| HistoryBar { start, open: 1.0, high: 9.0, low: 0.5, close: 7.0, volume: 10.0 };
    gateway.set_bars("AAPL", &starts.into_iter().map(bar).collect::<Vec<_>>()).unwrap();
}

fn start(bar: &Bar) -> i64 {
    bar.time.unix_timestamp()
}

/// All that comes until a bar of this close that is no backfill; gaps stand where they came.
async fn until(bars: &Reader<BarStream>, close: f64) -> Vec<Batch<Vec<Bar>>> {
    let mut batches = Vec::new();
    loop {
        let batch = bars.next().await.unwrap();
        let is_last = batch.rows.iter().any(|bar| bar.close == close && !bar.is_backfill);
        batches.push(batch);
        if is_last {
            return batches;
        }
    }
}

fn rows(batches: &[Batch<Vec<Bar>>]) -> Vec<Bar> {
    batches.iter().flat_map(|batch| batch.rows.clone()).collect()
}

/// Each bar once and in order; one that forms may come again.
fn check_order(bars: &[Bar]) {
    for pair in bars.windows(2) {
        assert!(pair[0].time <= pair[1].time, "{pair:?}");
        assert_ne!(pair[0], pair[1]);
    }
}

#[tokio::test]
async fn feed_kept_bars_bring_what_a_lost_link_missed_and_nothing_twice() {
    let gateway = gateway();
    set_market(&gateway, "AAPL", 190.0);
    let client = connected(&gateway).await;
    let minute = gateway.market_time() / 60 * 60;
    stage(&gateway, (5..=10).rev().map(|back| minute - back * 60));
    let stream = bars(&client, "AAPL", kept("1 min")).await;
    let history = stream.next().await.unwrap().rows;

    gateway.drop_connections().unwrap();
    feed_link(&client, 2).await;
    let gap = stream.next().await.unwrap();
    eventually("the line", || asked(&gateway, "req_historical_data") == 2).await;
    stage(&gateway, (1..=10).rev().map(|back| minute - back * 60));
    gateway.drop_connections().unwrap();
    feed_link(&client, 3).await;
    eventually("the line", || asked(&gateway, "req_historical_data") == 3).await;
    gateway.trade("AAPL", 222.0, 3.0).unwrap();
    let after = until(&stream, 222.0).await;

    assert_eq!(history.iter().map(start).next_back(), Some(minute - 300));
    assert!(gap.is_gap && gap.gap.is_none());
    let later = rows(&after);
    let backfill: Vec<_> = later.iter().filter(|bar| bar.is_backfill).map(start).collect();
    assert_eq!(backfill, (1..=4).rev().map(|back| minute - back * 60).collect::<Vec<_>>());
    check_order(&[history, later].concat());
}

/// (1101) The link is kept; its streams are not.
#[tokio::test]
async fn feed_kept_bars_bring_what_a_restoration_lost() {
    let gateway = gateway();
    set_market(&gateway, "AAPL", 190.0);
    let client = connected(&gateway).await;
    let minute = gateway.market_time() / 60 * 60;
    stage(&gateway, [minute - 180]);
    let stream = bars(&client, "AAPL", kept("1 min")).await;
    stream.next().await.unwrap();

    gateway.lose_streams();
    stage(&gateway, (1..=3).rev().map(|back| minute - back * 60));
    gateway.notice(1101);
    let gap = stream.next().await.unwrap();
    let missed = stream.next().await.unwrap();

    assert!(gap.is_gap && !missed.is_gap);
    assert_eq!(missed.rows.iter().map(start).collect::<Vec<_>>(), [minute - 120, minute - 60]);
    assert!(missed.rows.iter().all(|bar| bar.is_backfill));
}

/// An hour is all IB grants for bars of five seconds.
#[tokio::test]
async fn feed_what_history_does_not_reach_is_named_on_the_gap() {
    let gateway = gateway();
    set_market(&gateway, "AAPL", 190.0);
    let client = connected(&gateway).await;
    let now = gateway.market_time() / 5 * 5;
    stage(&gateway, [now - 10_000]);
    let stream = bars(&client, "AAPL", kept("5 secs")).await;
    stream.next().await.unwrap();

    stage(&gateway, [now - 3_000, now - 2_995]);
    gateway.drop_connections().unwrap();
    let first = stream.next().await.unwrap();
    let gap = if first.gap.is_some() { first } else { stream.next().await.unwrap() };

    let gap = gap.gap.unwrap();
    assert_eq!(gap.since.unix_timestamp(), now - 10_000);
    assert_eq!(gap.until.map(|until| until.unix_timestamp()), Some(now - 3_000));
    assert!(gap.reason.contains("no further back"), "{}", gap.reason);
    let bars = stream.next().await.unwrap().rows;
    assert_eq!(bars.iter().map(start).collect::<Vec<_>>(), [now - 3_000, now - 2_995]);
}

/// The stream's bars of five seconds, of which the market's clock makes one a minute later.
async fn a_minute_lost(gateway: &MockGateway) -> (aioibkr_core::Client, Reader<BarStream>, i64) {
    set_market(gateway, "AAPL", 190.0);
    gateway.set_real_time_bar(20 * MILLI);
    let client = connected(gateway).await;
    let stream = bars(&client, "AAPL", five_seconds()).await;
    let mut last = start(&stream.next().await.unwrap().rows[0]);
    gateway.down().unwrap();
    while let Ok(batch) = tokio::time::timeout(SECOND, stream.next()).await {
        let batch = batch.unwrap();
        last = batch.rows.last().map_or(last, start);
        if batch.is_gap {
            break;
        }
    }
    gateway.advance(60 * SECOND);
    stage(gateway, (-2..30).map(|step| last + step * 5));
    (client, stream, last)
}

#[tokio::test]
async fn feed_five_second_bars_bring_what_a_lost_link_missed_from_history() {
    let gateway = gateway();
    let (client, stream, last) = a_minute_lost(&gateway).await;

    gateway.up().unwrap();
    let after = rows(&until(&stream, 190.0).await);

    let backfill: Vec<_> = after.iter().filter(|bar| bar.is_backfill).map(start).collect();
    let first = after.iter().find(|bar| !bar.is_backfill).map(start).unwrap();
    let missed: Vec<_> = (0..).map(|step| last + step * 5).take_while(|at| *at < first).collect();
    assert_eq!(backfill, missed[1..]);
    let news: Vec<_> = after.iter().filter(|bar| bar.is_backfill).cloned().collect();
    check_order(&news);
    let asked = gateway.requests(Some("req_historical_data")).unwrap();
    assert_eq!(asked.iter().map(|request| request.client_id).collect::<Vec<_>>(), [CONTROL]);
    client.close().await.unwrap();
}

#[tokio::test]
async fn feed_five_second_bars_that_history_refuses_go_on_behind_a_gap_that_says_why() {
    let gateway = gateway();
    let (_client, stream, last) = a_minute_lost(&gateway).await;
    let _drop = gateway
        .inject(Injection::from(Fault::Drop("req_historical_data".into())).for_client(CONTROL))
        .unwrap();

    gateway.up().unwrap();
    let after = until(&stream, 190.0).await;

    let gap = after.iter().find_map(|batch| batch.gap.clone()).unwrap();
    assert_eq!(gap.since.unix_timestamp(), last);
    assert!(gap.until.is_some() && gap.reason.contains("lost"), "{gap:?}");
    assert!(rows(&after).iter().all(|bar| !bar.is_backfill));
}
