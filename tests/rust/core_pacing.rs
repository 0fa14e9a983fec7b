//! Pacing over the mock gateway: IB's message rate is kept by both links together, cancels and orders
//! go first, and who cannot be sent in time is told so.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use std::sync::Arc;
use std::time::Duration;

use aioibkr_core::market_data::QuoteStream;
use aioibkr_core::model::{
    Action, BarSize, BarsRequest, ClientId, Contract, Keepalive, LineBudget, Order, Pacing,
    SessionState, WhatToShow,
};
use aioibkr_core::{Client, Config, Error, ErrorKind};
use aioibkr_mock_gateway::{Fault, Injection, Limits, MessageRate, MockGateway, Settings};
use futures_util::future::join_all;
use rust_decimal::Decimal;

use crate::core_gateway::{MILLI, SECOND, config, connected_with, count, eventually};
use crate::feed_reader::{Reader, quotes_of, set_market};

const LINES: LineBudget = LineBudget { market_data: 1000, depth: 1, tick_by_tick: 1 };

/// Generic ticks that exist, of which each choice makes another line.
const GENERIC: [&str; 9] = ["100", "101", "104", "106", "165", "225", "233", "236", "293"];

/// A gateway that drops whoever sends more than 50 messages in a second (L1).
fn strict() -> MockGateway {
    let messages = Some(MessageRate { per_second: 50, is_per_client: false, refusals: 1 });
    let limits = Limits { messages, ..Limits::default() };
    let gateway = MockGateway::start(Settings { limits, ..Settings::default() }).unwrap();
    set_market(&gateway, "AAPL", 190.0);
    gateway
}

fn paced(gateway: &MockGateway) -> Config {
    Config { pacing: Some(Pacing::default()), lines: LINES, ..config(gateway) }
}

/// A client that knows everything it asks for by itself.
async fn settled(config: Config) -> Client {
    let client = connected_with(config).await;
    client.qualify(Contract::stock("AAPL"), None).await.unwrap();
    client.wait_ready(Some(5 * SECOND)).await.unwrap();
    client
}

/// So many different lines, all asked for at once.
async fn lines(client: &Client, count: usize) -> Vec<Reader<QuoteStream>> {
    let chosen = |bits: usize| {
        let ticks = GENERIC.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
        ticks.map(|(_, tick)| *tick).collect::<Vec<_>>().join(",")
    };
    let texts: Vec<_> = (0..count).map(chosen).collect();
    let contracts = || vec![Contract::stock("AAPL")];
    join_all(texts.iter().map(|text| quotes_of(client, contracts(), text))).await
}

fn kinds(gateway: &MockGateway) -> Vec<String> {
    gateway.requests(None).unwrap().into_iter().map(|request| request.kind).collect()
}

fn limit_buy() -> Order {
    Order::limit(Action::Buy, Decimal::ONE, 1.0)
}

/// (L1)
#[tokio::test]
async fn core_five_hundred_subscriptions_at_once_never_exceed_the_message_rate() {
    let gateway = strict();
    let client = settled(paced(&gateway)).await;

    let lines = lines(&client, 500).await;

    let told = client.health().pacing.unwrap();
    assert!(told.waiting > 0 && told.expected_wait > SECOND / 2, "{told:?}");
    eventually("half are asked for", || count(&gateway, "req_mkt_data") >= 250).await;
    eventually("all are asked for", || count(&gateway, "req_mkt_data") == 500).await;
    client.server_time(None).await.unwrap();
    let failures: Vec<_> = lines.iter().flat_map(|line| line.stream.failures()).collect();
    assert!(failures.is_empty(), "{failures:?}");
    let health = client.health();
    assert_eq!((health.control.generation.0, health.feed.unwrap().generation.0), (1, 1));
}

#[tokio::test]
async fn core_a_cancel_and_an_order_overtake_three_hundred_waiting_subscriptions() {
    let gateway = strict();
    let client = settled(paced(&gateway)).await;
    let aapl = Contract::stock("AAPL");
    let first = client.place(aapl.clone(), limit_buy(), None, None).await.unwrap();
    let _lines = lines(&client, 300).await;

    let cancelled = client.cancel(first.latest().order_id, None).await.unwrap();
    let second = client.place(aapl, limit_buy(), None, None).await.unwrap();

    assert!(cancelled.is_done() && second.latest().is_acknowledged());
    let before = kinds(&gateway).iter().filter(|kind| *kind == "req_mkt_data").count();
    assert!(before <= 90, "{before} subscriptions were sent first");
    assert!(client.health().pacing.unwrap().waiting > 0);
}

#[tokio::test]
async fn core_two_clients_share_the_rate_of_their_gateway() {
    let gateway = strict();
    let one = Arc::new(settled(paced(&gateway)).await);
    let other = Arc::new(settled(Config { client_id: ClientId(8), ..paced(&gateway) }).await);

    let asked = [&one, &other]
        .into_iter()
        .flat_map(|client| (0..50).map(|_| client.managed_accounts(None)));
    let answers = join_all(asked).await;

    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(count(&gateway, "req_managed_accts"), 100);
    assert_eq!((one.generation().0, other.generation().0), (1, 1));
}

#[tokio::test]
async fn core_a_request_whose_turn_does_not_come_in_time_is_not_sent() {
    let gateway = strict();
    let client = settled(paced(&gateway)).await;
    let _lines = lines(&client, 100).await;

    let error = client.server_time(Some(50 * MILLI)).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::PacingViolation, "{error}");
    assert!(error.message().contains("nothing was sent"), "{error}");
    assert!(error.details().contains_key("expected_wait"));
    client.server_time(None).await.unwrap();
    assert_eq!(count(&gateway, "req_current_time"), 1);
}

#[tokio::test]
async fn core_an_order_whose_turn_does_not_come_in_time_is_not_sent() {
    let gateway = strict();
    let pacing = Some(Pacing { messages_per_second: 9 });
    let client = settled(Config { pacing, ..paced(&gateway) }).await;
    let contract = Contract::stock("AAPL");
    let place = |timeout| client.place(contract.clone(), limit_buy(), None, Some(timeout));

    let ends = join_all((0..12).map(|_| place(300 * MILLI))).await;

    let refused = ends.iter().filter_map(|end| end.as_ref().err()).collect::<Vec<_>>();
    assert!(!refused.is_empty());
    assert!(refused.iter().all(|error| error.kind() == ErrorKind::OrderRefused), "{refused:?}");
    client.place(contract.clone(), limit_buy(), None, None).await.unwrap();
    assert_eq!(count(&gateway, "place_order"), 12 - refused.len() + 1);
}

#[tokio::test]
async fn core_orders_that_wait_for_their_turn_are_dropped_with_the_link() {
    let gateway = strict();
    let client = settled(paced(&gateway)).await;
    let contract = Contract::stock("AAPL");
    let place = |_| client.place(contract.clone(), limit_buy(), None, None);
    let drop_link = async {
        eventually("the first are sent", || count(&gateway, "place_order") >= 20).await;
        gateway.drop_connections().unwrap();
    };

    let (ends, ()) = tokio::join!(join_all((0..60).map(place)), drop_link);

    let is_unsent = |error: &&Error| error.message().contains("nothing was sent");
    let unsent = ends.iter().filter_map(|end| end.as_ref().err()).filter(is_unsent).count();
    assert!(unsent > 0, "{ends:?}");
    client.wait_ready(Some(5 * SECOND)).await.unwrap();
    client.place(contract.clone(), limit_buy(), None, None).await.unwrap();
    let sent = count(&gateway, "place_order");
    assert!(sent <= 60 - unsent + 1, "{sent} sent, {unsent} unsent");
}

#[tokio::test]
async fn core_a_cancel_does_not_overtake_the_order_it_is_about() {
    let gateway = strict();
    let client = settled(paced(&gateway)).await;
    let contract = Contract::stock("AAPL");
    let place = |_| client.place(contract.clone(), limit_buy(), None, None);
    let cancel_last = async {
        eventually("all are known", || client.trades().len() == 60).await;
        let last = client.trades().iter().map(|trade| trade.latest().order_id).max().unwrap();
        client.cancel(last, None).await
    };

    let (places, cancelled) = tokio::join!(join_all((0..60).map(place)), cancel_last);

    assert!(places.iter().all(Result::is_ok) && cancelled.is_ok(), "{cancelled:?}");
    let sent = kinds(&gateway);
    let places = sent.iter().rposition(|kind| kind == "place_order");
    assert!(sent.iter().position(|kind| kind == "cancel_order") > places);
}

#[tokio::test]
async fn core_cancels_of_dropped_requests_take_turns_too() {
    let gateway = strict();
    let client = settled(paced(&gateway)).await;

    for _ in 0..60 {
        client.quote(Contract::stock("AAPL"), None, None).await.unwrap();
    }

    eventually("all are cancelled", || count(&gateway, "cancel_mkt_data") == 60).await;
    assert_eq!(client.generation().0, 1);
}

#[tokio::test]
async fn core_a_subscription_that_is_closed_before_its_turn_is_never_sent() {
    let gateway = strict();
    let client = settled(paced(&gateway)).await;
    let mut lines = lines(&client, 100).await;

    lines.truncate(10);
    let asked = || count(&gateway, "req_mkt_data");
    eventually("ten lines", || asked() == 10 + count(&gateway, "cancel_mkt_data")).await;

    assert_eq!(client.metrics().queues.feed_requests, 0);
    assert!(asked() < 60, "{} were sent", asked());
}

#[tokio::test]
async fn core_a_client_without_pacing_sends_at_once() {
    let gateway = crate::core_gateway::gateway();
    let client = settled(Config { pacing: None, ..paced(&gateway) }).await;
    let began = tokio::time::Instant::now();

    let _lines = lines(&client, 300).await;

    eventually("all are asked for", || count(&gateway, "req_mkt_data") == 300).await;
    assert!(began.elapsed() < 3 * SECOND, "{:?}", began.elapsed());
    assert!(client.health().pacing.is_none());
}

/// A gateway that refuses queries IB would refuse (L4), with prices of the past.
fn strict_history() -> MockGateway {
    let limits = Limits { has_history_pacing: true, ..Limits::default() };
    let gateway = MockGateway::start(Settings { limits, ..Settings::default() }).unwrap();
    set_market(&gateway, "AAPL", 190.0);
    gateway
}

fn small_bars(duration: &str) -> BarsRequest {
    BarsRequest {
        duration: duration.into(),
        bar_size: BarSize::from_name("5 secs").unwrap(),
        what_to_show: WhatToShow::Trades,
        use_rth: false,
        end: None,
    }
}

/// (L4)
#[tokio::test]
async fn core_an_identical_query_for_small_bars_is_answered_once_by_the_gateway() {
    let gateway = strict_history();
    let client = settled(paced(&gateway)).await;
    let bars = || client.bars(Contract::stock("AAPL"), small_bars("60 S"), None);

    let together = join_all([bars(), bars(), bars()]).await;
    let later = bars().await.unwrap();

    assert!(together.iter().all(|bars| bars.as_ref().unwrap() == &later), "{together:?}");
    assert_eq!(count(&gateway, "req_historical_data"), 1);
    assert_eq!(client.health().pacing.unwrap().history_left, 59);
}

/// (L4)
#[tokio::test]
async fn core_ten_queries_for_one_series_are_never_refused() {
    let gateway = strict_history();
    let client = settled(paced(&gateway)).await;
    let durations: Vec<_> = (1..=10).map(|n| format!("{} S", n * 30)).collect();
    let bars = |duration: &String| client.bars(Contract::stock("AAPL"), small_bars(duration), None);
    let began = tokio::time::Instant::now();

    let answers = join_all(durations.iter().map(bars)).await;

    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert!(began.elapsed() >= 2 * SECOND, "{:?}", began.elapsed());
}

/// (L4)
#[tokio::test]
async fn core_a_query_that_must_wait_longer_than_its_timeout_says_so_at_once() {
    let gateway = strict_history();
    let client = settled(paced(&gateway)).await;
    let aapl = || Contract::stock("AAPL");
    let durations = (1..=5).map(|n| format!("{} S", n * 30));
    join_all(durations.map(|duration| client.bars(aapl(), small_bars(&duration), None))).await;
    let began = tokio::time::Instant::now();

    let error = client.bars(aapl(), small_bars("900 S"), Some(SECOND)).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::PacingViolation, "{error}");
    assert!(error.details().contains_key("expected_wait") && began.elapsed() < SECOND / 2);
    assert_eq!(count(&gateway, "req_historical_data"), 5);
}

/// Asks after 300 ms of silence, doubts 400 ms later, drops 300 ms after that.
const WATCHFUL: Keepalive = Keepalive {
    idle: Duration::from_millis(300),
    probe_timeout: Duration::from_millis(200),
    give_up: Duration::from_millis(300),
    spacing: Duration::from_millis(200),
};

#[tokio::test]
async fn core_a_dead_link_is_dropped_though_three_hundred_of_its_requests_wait() {
    let gateway = strict();
    let client = settled(Config { keepalive: Some(WATCHFUL), ..paced(&gateway) }).await;
    let silence = Injection::from(Fault::Mute("all".into()));
    let _silence = gateway.inject(silence).unwrap();

    let reads = join_all((0..300).map(|_| client.managed_accounts(None)));
    let dropped = async {
        eventually("the doubt", || client.state() == SessionState::Suspect).await;
        let waiting = client.health().pacing.unwrap().waiting;
        eventually("the drop", || client.metrics().losses.probe == 1).await;
        waiting
    };
    let (answers, waiting) = tokio::join!(reads, dropped);

    assert!(waiting > 0, "the bucket was full all the time");
    assert!(answers.iter().all(Result::is_err));
}
