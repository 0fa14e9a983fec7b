//! Two links, each with a life of its own: what a lost one costs its streams and nobody else.
//! Invariant 5: after a reconnect the subscriptions equal the desired set.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what cannot be set up fails its test")]

use std::collections::BTreeMap;

use aioibkr_core::feed::{FeedLinkOptions, Message, Sink, Tick, request};
use aioibkr_core::model::{
    ClientId, Contract, Generation, LineKind, Overflow, TickByTickKind, WhatToShow,
};
use aioibkr_core::{Client, ErrorKind};
use aioibkr_mock_gateway::{Fault, Injection, MockGateway};

use crate::core_connect::web_server;
use crate::core_gateway::{MILLI, SECOND, connected_with, eventually, gateway};
use crate::feed_books::Random;
use crate::feed_reader::{
    CONTROL, FEED, asked, bars, brisk, depth, feed_generation, feed_link, is_last, market, options,
    quotes, set_last, set_market, strike_once, tick_by_tick, ticks,
};

/// What the present feed link has asked for and not cancelled: symbols, sorted.
fn open_lines(gateway: &MockGateway) -> Vec<String> {
    let mut lines = BTreeMap::new();
    for request in gateway.requests(None).unwrap() {
        let field = |name: &str| {
            let found = request.fields.iter().find(|(field, _)| field == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        match request.kind.as_str() {
            _ if request.client_id != FEED => {}
            "start_api" => lines.clear(),
            "req_mkt_data" => drop(lines.insert(field("reqId"), field("contract.symbol"))),
            "cancel_mkt_data" => drop(lines.remove(&field("reqId"))),
            _ => {}
        }
    }
    let mut symbols: Vec<_> = lines.into_values().collect();
    symbols.sort();
    symbols
}

/// Ends the feed link from the gateway's side, by its next price.
async fn lose_feed(gateway: &MockGateway, client: &Client, fault: Fault) {
    let next = feed_generation(client).0 + 1;
    strike_once(gateway, FEED, fault);
    set_last(gateway, "AAPL", 77.0);
    feed_link(client, next).await;
}

#[tokio::test]
async fn feed_a_lost_feed_link_is_a_gap_and_then_newer_data() {
    let faults: [fn(String) -> Fault; 4] =
        [Fault::Drop, Fault::Reset, Fault::Truncate, Fault::BadLength];
    for fault in faults {
        let (gateway, client) = market().await;
        let (quotes, ticks) = (quotes(&client, &["AAPL"]).await, ticks(&client, &["AAPL"]).await);
        quotes.find(is_last(190.0)).await;

        lose_feed(&gateway, &client, fault("tick_price".into())).await;
        let gap = quotes.find(|quote| quote.is_gap).await;
        let newer = quotes.find(is_last(77.0)).await;

        let name = fault(String::new());
        assert_eq!((gap.generation, newer.generation), (Generation(1), Generation(2)), "{name:?}");
        assert!(gap.last.is_none() && gap.bid.is_none());
        ticks.find(|batch| batch.is_gap).await;
        assert_eq!(ticks.next().await.unwrap().generation, Generation(2));
        assert_eq!(asked(&gateway, "req_mkt_data"), 2, "once on each link");
        assert_eq!((client.generation(), gateway.connect_count()), (Generation(1), 3));
        assert!(client.server_time(None).await.is_ok());
    }
}

#[tokio::test]
async fn feed_every_kind_of_stream_has_its_gap_and_goes_on() {
    let (gateway, client) = market().await;
    gateway.set_real_time_bar(20 * MILLI);
    let kind = LineKind::RealTimeBars { what_to_show: WhatToShow::Midpoint, use_rth: false };
    let (books, bars) = (depth(&client, "AAPL", 5).await, bars(&client, "AAPL", kind).await);
    let trades = tick_by_tick(&client, &["AAPL"], TickByTickKind::Last).await;
    books.find(|book| !book.bids.is_empty()).await;
    bars.next().await.unwrap();

    gateway.drop_connections().unwrap();
    feed_link(&client, 2).await;
    let newest = Generation(2);

    books.find(|book| book.is_gap).await;
    assert!(books.find(|book| book.generation == newest).await.anomalies == 0);
    bars.find(|batch| batch.is_gap).await;
    assert_eq!(bars.next().await.unwrap().generation, newest);
    assert!(trades.next().await.unwrap().is_gap);
    eventually("the lines", || asked(&gateway, "req_tick_by_tick_data") == 2).await;
    gateway.trade("AAPL", 191.0, 5.0).unwrap();
    let trade = trades.next().await.unwrap();
    assert_eq!((trade.generation, trade.rows.price), (newest, vec![191.0]));
}

#[tokio::test]
async fn feed_garbage_opens_the_link_anew_behind_a_gap() {
    let (gateway, client) = market().await;
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;

    strike_once(&gateway, FEED, Fault::Garbage("tick_price".into()));
    set_last(&gateway, "AAPL", 191.0);

    quotes.find(|quote| quote.is_gap).await;
    let quote = quotes.find(is_last(191.0)).await;
    assert_eq!(quote.generation, Generation(2));
    assert_eq!((client.generation(), asked(&gateway, "req_mkt_data")), (Generation(1), 2));
}

#[tokio::test]
async fn feed_a_storm_of_notices_delays_no_data() {
    let (gateway, client) = market().await;
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;
    let storm = Injection::from(Fault::CodeStorm(2104, MILLI / 20)).for_client(FEED);

    let storm = gateway.inject(storm).unwrap();
    for step in 1..=100 {
        set_last(&gateway, "AAPL", 100.0 + f64::from(step));
        quotes.find(is_last(100.0 + f64::from(step))).await;
    }
    storm.clear();

    assert_eq!(feed_generation(&client), Generation(1));
    assert!(quotes.stream.advice().is_empty(), "notices are about no line");
}

/// (C8)
#[tokio::test]
async fn feed_a_notice_behind_a_thousand_others_is_not_missed() {
    let (gateway, client) = market().await;
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;

    (0..1000).for_each(|_| gateway.notice(2104));
    gateway.notice(1101);
    // The client's only thread is held while the feed's own thread reads.
    std::thread::sleep(SECOND / 4);

    quotes.find(|quote| quote.is_gap).await;
    eventually("the line", || asked(&gateway, "req_mkt_data") == 2).await;
    assert_eq!(feed_generation(&client), Generation(1));
}

#[tokio::test]
async fn feed_torn_and_late_frames_are_put_together() {
    let (gateway, client) = market().await;
    let quotes = quotes(&client, &["AAPL"]).await;
    let split = Injection::from(Fault::Split("tick_price".into())).for_client(FEED);
    let _fault = gateway.inject(split).unwrap();

    for last in [191.0, 192.0] {
        set_last(&gateway, "AAPL", last);
        quotes.find(is_last(last)).await;
    }

    assert_eq!(feed_generation(&client), Generation(1));
}

#[tokio::test]
async fn feed_a_lost_control_link_leaves_the_feed_alone() {
    let (gateway, client) = market().await;
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;

    strike_once(&gateway, CONTROL, Fault::Drop("req_current_time".into()));
    assert!(client.server_time(None).await.is_err());
    eventually("the next control link", || client.generation() == Generation(2)).await;
    set_last(&gateway, "AAPL", 191.0);
    let next = quotes.next().await.unwrap();

    assert_eq!((next.last, next.is_gap, next.generation), (Some(191.0), false, Generation(1)));
    assert_eq!((asked(&gateway, "req_mkt_data"), feed_generation(&client)), (1, Generation(1)));
}

/// (S8) A half-open link looks alive until somebody resets it.
#[tokio::test]
async fn feed_a_half_open_link_recovers_when_it_is_reset() {
    let (gateway, client) = market().await;
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;
    let half_open = Injection::from(Fault::HalfOpen("tick_price".into())).for_client(FEED);
    let fault = gateway.inject(half_open.times(1)).unwrap();
    set_last(&gateway, "AAPL", 191.0);
    assert!(client.server_time(None).await.is_ok());

    fault.clear();
    feed_link(&client, 2).await;

    quotes.find(|quote| quote.is_gap).await;
    quotes.find(is_last(191.0)).await;
}

#[tokio::test]
async fn feed_a_stream_opened_in_an_outage_fails_by_its_deadline_and_names_the_reason() {
    let gateway = gateway();
    set_market(&gateway, "AAPL", 190.0);
    let client = connected_with(brisk(&gateway)).await;
    let held = quotes(&client, &["AAPL"]).await;
    gateway.down().unwrap();
    eventually("the loss", || client.health().feed.unwrap().client_id.is_none()).await;
    let (mut options, _bell) = options(1, Overflow::Conflate);
    options.timeout = Some(150 * MILLI);
    let began = tokio::time::Instant::now();

    let contracts = vec![Contract::stock("AAPL")];
    let error = client.ticks(contracts, String::new(), options).await.err().unwrap();

    assert!(began.elapsed() < 2000 * MILLI);
    assert_eq!(error.kind(), ErrorKind::ConnectionLost, "{error}");
    assert!(error.message().contains("feed link"), "{error}");
    assert_eq!(client.health().lines[0].used, 1, "nothing of it stays");
    gateway.up().unwrap();
    held.find(|quote| quote.generation > Generation(1) && quote.last == Some(190.0)).await;
}

#[tokio::test]
async fn feed_health_says_why_the_link_ended() {
    let kind = || "tick_price".to_owned();
    let faults = [
        (Fault::Drop(kind()), "the gateway closed the feed link"),
        (Fault::Reset(kind()), "reset"),
        (Fault::BadLength(kind()), "framing: frame of 4294967295 bytes"),
    ];
    for (fault, reason) in faults {
        let gateway = gateway();
        let settings = aioibkr_core::Config { reconnect: None, ..brisk(&gateway) };
        let client = connected_with(settings).await;
        let quotes = quotes(&client, &["AAPL"]).await;
        eventually("the line", || asked(&gateway, "req_mkt_data") == 1).await;

        strike_once(&gateway, FEED, fault);
        set_last(&gateway, "AAPL", 77.0);
        let error = quotes.end().await.expect("a reason");

        let told = client.health().feed.unwrap().reason.unwrap();
        assert!(told.contains(reason) && error.message().contains(reason), "{told}; {error}");
    }
}

#[tokio::test]
async fn feed_without_reconnect_a_lost_link_ends_its_streams() {
    let gateway = gateway();
    let settings = aioibkr_core::Config { reconnect: None, ..brisk(&gateway) };
    let client = connected_with(settings).await;
    let first = quotes(&client, &["AAPL"]).await;
    eventually("the line", || asked(&gateway, "req_mkt_data") == 1).await;

    strike_once(&gateway, FEED, Fault::Drop("tick_price".into()));
    set_last(&gateway, "AAPL", 77.0);
    let error = first.end().await.expect("a reason");

    assert_eq!(error.kind(), ErrorKind::NotConnected, "{error}");
    assert!(error.message().contains("lost"), "{error}");
    let second = quotes(&client, &["AAPL"]).await;
    second.find(is_last(77.0)).await;
    assert_eq!((feed_generation(&client), client.generation()), (Generation(2), Generation(1)));
}

/// Takes the messages of a link and dies of the first.
struct Fragile;

impl Sink for Fragile {
    fn tick(&mut self, _time: i64, _tick: &Tick) {}

    fn message(&mut self, _time: i64, message: Message<'_>) {
        panic!("a sink that dies of {message:?}");
    }

    fn read_done(&mut self) {}

    fn woken(&mut self) {}

    fn ended(&mut self) {}

    fn can_take(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn feed_a_link_whose_thread_dies_has_ended() {
    let gateway = gateway();
    let address = gateway.address().to_string();
    let target = FeedLinkOptions::new(address, vec![ClientId(FEED)], |_| Box::new(Fragile));

    let opening = target.open(SECOND).await.unwrap();
    let link = opening.start(Generation(1), |_| Box::new(Fragile)).unwrap();
    link.send(&request::market_data(1, &Contract::stock("AAPL"), ""));

    tokio::time::timeout(5 * SECOND, link.ended()).await.unwrap();
    assert!(!link.is_up());
    eventually("the socket is closed", || gateway.clients().is_empty()).await;
}

#[tokio::test]
async fn feed_a_peer_that_is_no_gateway_is_told_in_words() {
    let address = web_server().to_string();
    let target = FeedLinkOptions::new(address, vec![ClientId(FEED)], |_| Box::new(Fragile));

    let error = target.open(5 * SECOND).await.err().unwrap();

    assert_eq!(error.kind(), ErrorKind::HandshakeFailed);
    assert!(error.message().contains("it answers HTTP"), "{error}");
}

#[tokio::test]
async fn feed_subscriptions_equal_the_desired_set_after_any_story() {
    let symbols = ["AAPL", "MSFT", "GOOG", "AMZN", "NVDA", "TSLA"];
    for seed in 1..=10 {
        let (mut random, (gateway, client)) = (Random::seeded(seed), market().await);
        for symbol in symbols {
            client.qualify(Contract::stock(symbol), None).await.unwrap();
        }
        let mut held = Vec::new();
        for _ in 0..60 {
            match random.below(8) {
                0 => gateway.drop_connections().unwrap(),
                1..=4 if !held.is_empty() => {
                    drop(held.swap_remove(random.below(held.len() as u64) as usize));
                }
                _ => {
                    let symbol = symbols[random.below(6) as usize];
                    held.push((symbol, quotes(&client, &[symbol]).await));
                }
            }
        }

        let mut desired: Vec<_> = held.iter().map(|(symbol, _)| (*symbol).to_owned()).collect();
        desired.sort();
        desired.dedup();
        let what = format!("seed {seed}: {desired:?} are asked for");
        eventually(&what, || open_lines(&gateway) == desired).await;
        assert_eq!(client.health().lines[0].used, desired.len(), "seed {seed}");
    }
}
