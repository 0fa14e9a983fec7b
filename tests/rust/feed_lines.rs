//! The budget of lines, which holds before anything is sent, and lines that are released.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up fails its test")]

use aioibkr_core::model::{Contract, LineBudget, LineKind, Overflow, TickByTickKind, WhatToShow};
use aioibkr_core::{Client, Config, Error, ErrorKind};
use aioibkr_mock_gateway::{MockGateway, Prices};

use crate::core_gateway::{config, connected_with, eventually, gateway};
use crate::feed_reader::{
    ample, asked, bars, depth, is_last, market, options, quotes, set_last, tick_by_tick,
};

const BUDGET: LineBudget = LineBudget { market_data: 2, depth: 1, tick_by_tick: 1 };

async fn limited() -> (MockGateway, Client) {
    let gateway = gateway();
    let client = connected_with(Config { lines: BUDGET, ..config(&gateway) }).await;
    (gateway, client)
}

async fn refused_quotes(client: &Client, symbols: &[&'static str]) -> Error {
    let contracts = symbols.iter().copied().map(Contract::stock).collect();
    client.quotes(contracts, String::new(), ample().0).await.err().expect("a refusal")
}

#[tokio::test]
async fn feed_a_line_too_many_is_refused_before_anything_is_sent() {
    let (gateway, client) = limited().await;
    let first = quotes(&client, &["AAPL"]).await;
    let kind = LineKind::RealTimeBars { what_to_show: WhatToShow::Trades, use_rth: false };
    let second = bars(&client, "AAPL", kind).await;
    eventually("both", || asked(&gateway, "req_real_time_bars") == 1).await;

    let error = refused_quotes(&client, &["MSFT"]).await;

    assert_eq!(error.kind(), ErrorKind::LineLimit);
    assert_eq!((error.details()["used"].as_str(), error.details()["limit"].as_str()), ("2", "2"));
    assert_eq!(asked(&gateway, "req_mkt_data"), 1);
    drop(second);
    quotes(&client, &["MSFT"]).await;
    drop(first);
}

#[tokio::test]
async fn feed_a_stream_over_too_many_contracts_opens_none_of_them() {
    let (gateway, client) = limited().await;

    let error = refused_quotes(&client, &["AAPL", "MSFT", "GOOG"]).await;

    assert_eq!((error.kind(), asked(&gateway, "req_mkt_data")), (ErrorKind::LineLimit, 0));
    assert_eq!(client.health().lines[0].used, 0);
    let _both = quotes(&client, &["AAPL", "AAPL", "MSFT", "MSFT"]).await;
    assert_eq!(client.health().lines[0].used, 2, "the same line twice is one");
}

#[tokio::test]
async fn feed_books_and_ticks_have_limits_of_their_own() {
    let (gateway, client) = limited().await;
    let _held = quotes(&client, &["AAPL", "MSFT"]).await;
    let _book = depth(&client, "AAPL", 5).await;
    let _ticks = tick_by_tick(&client, &["AAPL"], TickByTickKind::Last).await;

    let book = client.depth(Contract::stock("MSFT"), 5, true, ample().0).await.err().unwrap();
    let kind = TickByTickKind::BidAsk;
    let contracts = vec![Contract::stock("AAPL")];
    let ticks = client.tick_by_tick(contracts, kind, ample().0).await.err().unwrap();

    assert_eq!((book.kind(), ticks.kind()), (ErrorKind::LineLimit, ErrorKind::LineLimit));
    assert!(book.message().contains("depth") && ticks.message().contains("tick-by-tick"));
    let used: Vec<_> = client.health().lines.iter().map(|row| (row.used, row.limit)).collect();
    assert_eq!(used, [(2, 2), (1, 1), (1, 1)]);
    eventually("one of each", || asked(&gateway, "req_tick_by_tick_data") == 1).await;
}

#[tokio::test]
async fn feed_options_that_cannot_work_are_refused() {
    let (gateway, client) = limited().await;
    let aapl = || Contract::stock("AAPL");

    let none = client.quotes(Vec::new(), String::new(), ample().0).await.err().unwrap();
    let roomless = options(0, Overflow::Block).0;
    let roomless = client.ticks(vec![aapl()], String::new(), roomless).await.err().unwrap();
    let rows = client.depth(aapl(), 0, true, ample().0).await.err().unwrap();

    for error in [none, roomless, rows] {
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
    assert!(gateway.requests(Some("req_mkt_data")).unwrap().is_empty());
}

/// Ticks on their way when a line is cancelled reach nobody, and lines opened meanwhile are theirs
/// alone.
#[tokio::test]
async fn feed_ticks_for_a_cancelled_line_reach_nobody() {
    let (gateway, client) = market().await;
    for round in 0..50 {
        let last = 100.0 + f64::from(round);
        let closed = quotes(&client, &["AAPL"]).await;
        set_last(&gateway, "AAPL", last);
        drop(closed);
        let open = quotes(&client, &["MSFT"]).await;
        gateway.set_price("MSFT", Prices { last: Some(1.0), ..Prices::default() }).unwrap();

        let quote = open.find(is_last(1.0)).await;

        assert_eq!(quote.contract.symbol, "MSFT");
        assert_ne!(open.stream.latest(0).unwrap().last, Some(last));
    }
    assert_eq!(client.health().lines[0].used, 0);
    eventually("each was cancelled", || asked(&gateway, "cancel_mkt_data") == 100).await;
}
