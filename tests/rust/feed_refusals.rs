//! What the gateway refuses or advises about a line, and what becomes of its stream.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use aioibkr_core::model::{
    Contract, Generation, LineKind, MarketDataType, SecurityType, TickByTickKind, WhatToShow,
};
use aioibkr_core::{Client, Config, ErrorKind};
use aioibkr_mock_gateway::{Limits, MockGateway, Settings};

use crate::core_gateway::{MILLI, config, connected_with, eventually, gateway};
use crate::feed_reader::{
    asked, bars, depth, is_last, market, quotes, quotes_of, set_last, set_market, tick_by_tick,
    ticks,
};

/// A client that takes no delayed data for live.
async fn strict(gateway: &MockGateway) -> Client {
    connected_with(Config { delayed_fallback: false, ..config(gateway) }).await
}

#[tokio::test]
async fn feed_a_refused_contract_is_named_and_the_others_go_on() {
    let gateway = gateway();
    gateway.set_data_error("MSFT", Some(354)).unwrap();
    let client = strict(&gateway).await;
    let quotes = quotes(&client, &["AAPL", "MSFT"]).await;
    eventually("the refusal", || !quotes.stream.failures().is_empty()).await;

    set_last(&gateway, "AAPL", 191.0);
    quotes.find(is_last(191.0)).await;

    let failures = quotes.stream.failures();
    let error = &failures[&1];
    assert_eq!((failures.len(), error.kind()), (1, ErrorKind::NotEntitled));
    assert_eq!((error.code(), error.details()["symbol"].as_str()), (Some(354), "MSFT"));
    assert!(error.message().contains("MSFT"), "{error}");
    assert_eq!(client.health().lines[0].used, 1);
}

#[tokio::test]
async fn feed_the_last_refusal_ends_the_stream_with_its_error() {
    for (code, kind) in [(354, ErrorKind::NotEntitled), (10089, ErrorKind::NotEntitled)] {
        let gateway = gateway();
        for symbol in ["AAPL", "MSFT"] {
            gateway.set_data_error(symbol, Some(code)).unwrap();
        }
        let client = strict(&gateway).await;

        let quotes = quotes(&client, &["AAPL", "MSFT"]).await;
        let error = quotes.end().await.expect("a failure");

        assert_eq!((error.kind(), error.code()), (kind, Some(code)));
        assert_eq!(quotes.stream.failures().len(), 2);
        assert_eq!(client.health().lines[0].used, 0);
        assert!(client.is_connected());
    }
}

#[tokio::test]
async fn feed_a_refused_line_brings_no_quote() {
    let gateway = gateway();
    gateway.set_data_error("AAPL", Some(354)).unwrap();
    let client = strict(&gateway).await;

    let quotes = quotes(&client, &["AAPL"]).await;

    let end = quotes.next().await.unwrap_err().expect("a failure");
    assert_eq!(end.kind(), ErrorKind::NotEntitled);
}

#[tokio::test]
async fn feed_delayed_data_takes_the_place_of_live_data_and_says_so() {
    let gateway = gateway();
    set_market(&gateway, "AAPL", 190.0);
    gateway.set_entitlement("AAPL", false).unwrap();
    let client = connected_with(config(&gateway)).await;

    let quotes = quotes(&client, &["AAPL", "MSFT"]).await;
    let aapl = quotes.find(is_last(190.0)).await;
    set_last(&gateway, "AAPL", 191.0);
    let later = quotes.find(is_last(191.0)).await;

    assert!(aapl.is_delayed() && later.is_delayed());
    assert!(!quotes.stream.latest(1).unwrap().is_delayed(), "MSFT is live");
    assert!(quotes.stream.failures().is_empty());
    eventually("the advice", || quotes.stream.advice().contains_key(&0)).await;
    assert_eq!(asked(&gateway, "req_mkt_data"), 3);
}

/// (M6) 10089 leaves the delayed ticks that were asked for.
#[tokio::test]
async fn feed_10089_falls_back_once_and_then_is_advice() {
    let gateway = gateway();
    set_market(&gateway, "AAPL", 190.0);
    gateway.set_data_error("AAPL", Some(10089)).unwrap();
    let client = connected_with(config(&gateway)).await;

    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;

    // (M3) It says what is shown instead, after it said why.
    let advice = || quotes.stream.advice().get(&0).and_then(aioibkr_core::Error::code);
    eventually("the advice", || advice() == Some(10167)).await;
    assert_eq!(asked(&gateway, "req_mkt_data"), 2);
}

/// (M5) 10090 comes beside the data.
#[tokio::test]
async fn feed_10090_is_advice_and_data_goes_on() {
    let gateway = gateway();
    set_market(&gateway, "AAPL", 190.0);
    gateway.set_data_error("AAPL", Some(10090)).unwrap();
    let client = strict(&gateway).await;

    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;

    eventually("the advice", || quotes.stream.advice().contains_key(&0)).await;
    assert_eq!(quotes.stream.advice()[&0].code(), Some(10090));
    assert!(quotes.stream.failures().is_empty());
}

/// (M7) A competing session leaves no data, and the line stays.
#[tokio::test]
async fn feed_a_competing_session_is_a_gap_with_advice() {
    let gateway = gateway();
    gateway.set_data_error("AAPL", Some(10197)).unwrap();
    let client = strict(&gateway).await;

    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(|quote| quote.is_gap).await;

    assert_eq!(quotes.stream.advice()[&0].code(), Some(10197));
    assert!(quotes.stream.failures().is_empty());
    assert_eq!(client.health().lines[0].used, 1);
}

/// (D2) An exchange without a book.
#[tokio::test]
async fn feed_other_refusals_are_typed_by_their_code() {
    let (gateway, client) = market().await;
    let cboe = Contract { exchange: "CBOE".into(), ..Contract::stock("AAPL") };
    let (options, _bell) = crate::feed_reader::ample();
    let books = client.depth(cboe, 5, false, options).await.unwrap();
    gateway.set_entitlement("MSFT", false).unwrap();
    let trades = tick_by_tick(&client, &["MSFT"], TickByTickKind::Last).await;
    let illegal = quotes_of(&client, vec![Contract::stock("AAPL")], "578").await;

    eventually("the refusal", || books.failures().contains_key(&0)).await;

    assert_eq!(books.failures()[&0].code(), Some(10092));
    let error = illegal.end().await.expect("(M16) an illegal generic tick");
    assert_eq!((error.kind(), error.code()), (ErrorKind::MarketData, Some(321)));
    let error = trades.end().await.expect("(T2) no entitlement");
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotEntitled, Some(10189)));
    assert_eq!(asked(&gateway, "req_tick_by_tick_data"), 1, "(T2) not twice at once");
}

#[tokio::test]
async fn feed_a_halted_book_ends() {
    let (gateway, client) = market().await;
    let books = depth(&client, "AAPL", 5).await;
    books.find(|book| !book.bids.is_empty()).await;

    gateway.halt_depth("AAPL").unwrap();
    let error = books.end().await.expect("(D1) an ended book");

    assert_eq!((error.kind(), error.code()), (ErrorKind::MarketData, Some(316)));
    assert_eq!(client.health().lines[1].used, 0);
}

/// (H20) Bars are switched off after a bust; asking once more is right, for ever is not.
#[tokio::test]
async fn feed_a_busted_bar_stream_is_asked_for_once_more() {
    let (gateway, client) = market().await;
    gateway.set_real_time_bar(20 * MILLI);
    let kind = LineKind::RealTimeBars { what_to_show: WhatToShow::Midpoint, use_rth: false };
    let bars = bars(&client, "AAPL", kind).await;
    bars.next().await.unwrap();

    gateway.bust_bars("AAPL").unwrap();
    bars.find(|batch| batch.is_gap).await;
    bars.find(|batch| !batch.is_gap).await;
    assert_eq!(asked(&gateway, "req_real_time_bars"), 2);
    gateway.bust_bars("AAPL").unwrap();
    let error = bars.end().await.expect("a second bust at once");

    assert_eq!((error.kind(), error.code()), (ErrorKind::MarketData, Some(10225)));
    assert_eq!(asked(&gateway, "req_real_time_bars"), 2);
}

/// There is no delayed depth.
#[tokio::test]
async fn feed_a_book_that_is_not_entitled_ends_whatever_the_fallback() {
    let (gateway, client) = market().await;
    gateway.set_entitlement("AAPL", false).unwrap();

    let error = depth(&client, "AAPL", 5).await.end().await.expect("a refusal");

    assert_eq!((error.kind(), error.code()), (ErrorKind::NotEntitled, Some(354)));
    assert!(gateway.requests(Some("req_market_data_type")).unwrap().is_empty());
}

#[tokio::test]
async fn feed_delayed_data_stays_delayed_over_lost_links() {
    let gateway = gateway();
    set_market(&gateway, "AAPL", 190.0);
    gateway.set_entitlement("AAPL", false).unwrap();
    let client = connected_with(config(&gateway)).await;
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;

    gateway.drop_connections().unwrap();
    let newer = Generation(2);
    let quote = quotes.find(|quote| quote.generation == newer && quote.last == Some(190.0)).await;

    assert!(quote.is_delayed());
    assert_eq!(asked(&gateway, "req_mkt_data"), 4, "live first, on each link");
}

#[tokio::test]
async fn feed_a_client_that_wants_delayed_data_asks_for_it_first() {
    let gateway = gateway();
    set_market(&gateway, "AAPL", 190.0);
    gateway.set_entitlement("AAPL", false).unwrap();
    let kind = MarketDataType::Delayed;
    let client = connected_with(Config { market_data_type: kind, ..config(&gateway) }).await;

    let quotes = quotes(&client, &["AAPL"]).await;

    assert!(quotes.find(is_last(190.0)).await.is_delayed());
    assert_eq!(asked(&gateway, "req_mkt_data"), 1);
}

/// (M4) Greeks need the data of the underlying too.
#[tokio::test]
async fn feed_an_option_with_part_of_its_data_is_advised() {
    let (gateway, client) = market().await;
    let wanted = Contract {
        strike: Some(190.0),
        exchange: "SMART".into(),
        ..Contract::new(SecurityType::Option, "AAPL")
    };
    let option = client.contract_details(wanted, None).await.unwrap().remove(3).contract;
    gateway.set_entitlement(&option.local_symbol, false).unwrap();

    let quotes = quotes_of(&client, vec![option], "").await;

    let advice = || quotes.stream.advice().get(&0).and_then(aioibkr_core::Error::code);
    eventually("the advice", || advice() == Some(10091)).await;
    assert!(quotes.find(|quote| quote.model_greeks.is_some()).await.is_delayed());
    assert!(quotes.stream.failures().is_empty());
}

#[tokio::test]
async fn feed_a_gateway_that_has_no_line_left_is_a_typed_refusal() {
    let limits = Limits {
        market_data_lines: Some(1),
        depth: Some(0),
        tick_by_tick: Some(0),
        ..Limits::default()
    };
    let gateway = MockGateway::start(Settings { limits, ..Settings::default() }).unwrap();
    let client = connected_with(config(&gateway)).await;
    let first = quotes(&client, &["AAPL"]).await;
    set_market(&gateway, "AAPL", 190.0);
    first.find(is_last(190.0)).await;

    let second = ticks(&client, &["MSFT"]).await.end().await.expect("(L6)");
    let books = depth(&client, "AAPL", 5).await.end().await.expect("(D6)");
    let trades = tick_by_tick(&client, &["AAPL"], TickByTickKind::Last).await;
    let trades = trades.end().await.expect("(T1)");

    for (error, code) in [(second, 101), (books, 309), (trades, 10190)] {
        assert_eq!((error.kind(), error.code()), (ErrorKind::LineLimit, Some(code)));
    }
    assert!(first.stream.failures().is_empty());
}

#[tokio::test]
async fn feed_an_unknown_or_ambiguous_contract_is_refused_before_a_line_is_asked_for() {
    let (gateway, client) = market().await;
    let open = |symbol: &'static str| {
        let (options, _) = crate::feed_reader::ample();
        client.quotes(vec![Contract::stock(symbol)], String::new(), options)
    };

    let unknown = open("NOPE").await.err().unwrap();
    let ambiguous = open("AMB").await.err().unwrap();

    assert_eq!(unknown.kind(), ErrorKind::ContractNotFound);
    assert_eq!(ambiguous.kind(), ErrorKind::AmbiguousContract);
    assert_eq!(asked(&gateway, "req_mkt_data"), 0);
}
