//! The end of a client with open streams: they end, and nothing stays behind.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use aioibkr_core::ErrorKind;
use aioibkr_core::model::{Contract, Overflow, TickByTickKind};

use crate::core_gateway::{SECOND, connected, eventually, gateway};
use crate::feed_reader::{
    FEED, ample, asked, depth, is_last, market, quotes, tick_by_tick, ticks, ticks_with,
};

#[tokio::test]
async fn feed_close_ends_every_stream() {
    let (gateway, client) = market().await;
    let (quotes, ticks) = (quotes(&client, &["AAPL"]).await, ticks(&client, &["AAPL"]).await);
    let books = depth(&client, "AAPL", 5).await;
    let trades = tick_by_tick(&client, &["AAPL"], TickByTickKind::Last).await;
    quotes.find(is_last(190.0)).await;

    client.close().await.unwrap();
    client.close().await.unwrap();

    assert!(quotes.end().await.is_none() && ticks.end().await.is_none());
    assert!(books.end().await.is_none() && trades.end().await.is_none());
    quotes.stream.close();
    eventually("both links are closed", || gateway.clients().is_empty()).await;
    let contracts = vec![Contract::stock("AAPL")];
    let late = client.quotes(contracts, String::new(), ample().0).await.err().unwrap();
    assert_eq!(late.kind(), ErrorKind::NotConnected);
}

#[tokio::test]
async fn feed_close_is_prompt_during_a_flood_whoever_reads() {
    for overflow in [Overflow::Conflate, Overflow::Block, Overflow::Fail] {
        let (gateway, client) = market().await;
        let ticks = ticks_with(&client, &["AAPL"], 1000, overflow).await;
        eventually("the line", || asked(&gateway, "req_mkt_data") == 1).await;
        let flood = gateway.flood("AAPL", 50_000_000).unwrap();
        let flows = || overflow == Overflow::Block || ticks.stream.lost() > 0;
        eventually("it flows", || flood.written() > 0 && flows()).await;
        let began = tokio::time::Instant::now();

        client.close().await.unwrap();

        assert!(began.elapsed() < 2 * SECOND, "{overflow:?}");
        let error = ticks.end().await;
        let lagged = error.is_some_and(|error| error.kind() == ErrorKind::StreamLagged);
        assert_eq!(lagged, overflow == Overflow::Fail, "{overflow:?}");
        eventually("the links are closed", || gateway.clients().is_empty()).await;
    }
}

#[tokio::test]
async fn feed_a_dropped_client_ends_streams_that_outlive_it() {
    let (gateway, client) = market().await;
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;

    drop(client);

    assert!(quotes.end().await.is_none());
    eventually("the links are closed", || gateway.clients().is_empty()).await;
}

/// What this process has open: threads of feed links, and files.
#[cfg(target_os = "linux")]
fn open_things() -> (usize, usize) {
    let entries = |path: &str| std::fs::read_dir(path).unwrap().flatten();
    let is_feed = |task: &std::fs::DirEntry| {
        let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        name.trim() == "aioibkr-feed"
    };
    (entries("/proc/self/task").filter(is_feed).count(), entries("/proc/self/fd").count())
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn feed_two_hundred_clients_leave_no_thread_and_no_file_behind() {
    let gateway = gateway();
    let before = open_things();
    for round in 0..200 {
        let client = connected(&gateway).await;
        let quotes = quotes(&client, &["AAPL"]).await;
        assert_eq!(gateway.clients(), [7, FEED], "round {round}");
        match round % 3 {
            0 => client.close().await.unwrap(),
            1 => drop((quotes, client)),
            _ => drop(client),
        }
        eventually("the links are closed", || gateway.clients().is_empty()).await;
    }

    eventually("all is closed", || open_things() == before).await;
}
