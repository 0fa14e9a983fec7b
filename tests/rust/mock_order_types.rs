//! Order types and times in force: how each is shown, when it trades and at what price.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use std::time::Duration;

use aioibkr_mock_gateway::{MarketRules, MockGateway};
use ibapi::orders::order_builder::{limit_order, market_order, stop};
use ibapi::orders::{Order, TimeInForce};
use ibapi::prelude::*;

use crate::mock_fixture::{aapl, gateway_with_client, market};
use crate::mock_order_story::Story;

const DAY: Duration = Duration::from_secs(86_400);

async fn at_190() -> (MockGateway, Client, Story) {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).expect("a known symbol");
    let story = Story::of(&client).await;
    (gateway, client, story)
}

fn typed(action: Action, order_type: &str) -> Order {
    Order { action, total_quantity: 10.0, order_type: order_type.to_owned(), ..Order::default() }
}

fn prices(gateway: &MockGateway) -> Vec<(f64, f64)> {
    gateway.executions().into_iter().map(|fill| (fill.quantity, fill.price)).collect()
}

#[tokio::test]
async fn test_a_trailing_stop_follows_the_price_up_told_as_open_orders_alone() {
    let (gateway, client, mut story) = at_190().await;
    let trail = Order { aux_price: Some(2.0), ..typed(Action::Sell, "TRAIL") };
    client.submit_order(1, &aapl(), &trail).await.unwrap();
    let accepted = story.take(4).await;

    gateway.set_price("AAPL", market(194.9, 195.1, 195.0)).unwrap();
    gateway.set_price("AAPL", market(193.9, 194.1, 194.0)).unwrap();
    gateway.set_price("AAPL", market(192.8, 193.0, 192.9)).unwrap();

    // (O8), (O7), (O10), (O9)
    let pair = ["open 1 PreSubmitted", "status 1 PreSubmitted 0/10 trigger"];
    assert_eq!(accepted, [pair, pair].concat());
    let told = [
        "open 1 PreSubmitted",
        "open 1 Submitted",
        "status 1 Submitted 0/10",
        "execution 1 SLD 10 @ 192.8",
    ];
    assert_eq!(story.take(4).await, told);
    assert_eq!(gateway.orders()[0].stop_price, Some(193.0));
}

#[tokio::test]
async fn test_a_trailing_limit_keeps_its_limit_at_a_distance() {
    let (gateway, client, mut story) = at_190().await;
    let trail = Order {
        aux_price: Some(2.0),
        trail_stop_price: Some(188.0),
        limit_price_offset: Some(0.5),
        ..typed(Action::Sell, "TRAIL LIMIT")
    };
    client.submit_order(1, &aapl(), &trail).await.unwrap();
    story.take(4).await;

    gateway.set_price("AAPL", market(194.9, 195.1, 195.0)).unwrap();
    gateway.set_price("AAPL", market(192.0, 192.2, 192.1)).unwrap();

    let order = &gateway.orders()[0];
    assert_eq!((order.stop_price, order.limit_price), (Some(193.0), Some(192.5)));
    assert_eq!(order.status, "Submitted");
    gateway.set_price("AAPL", market(192.6, 192.8, 192.7)).unwrap();
    assert_eq!(prices(&gateway), [(10.0, 192.6)]);
}

#[tokio::test]
async fn test_touched_and_pegged_orders_trade_at_their_prices() {
    let cases = [
        (Order { aux_price: Some(188.0), ..typed(Action::Buy, "MIT") }, 187.8),
        (
            Order { aux_price: Some(188.0), limit_price: Some(187.9), ..typed(Action::Buy, "LIT") },
            187.8,
        ),
        (Order { limit_price: Some(187.75), ..typed(Action::Buy, "MIDPRICE") }, 187.7),
        (Order { limit_price: Some(187.75), ..typed(Action::Buy, "PEG MID") }, 187.7),
    ];

    for (order, expected) in cases {
        let (gateway, client, mut story) = at_190().await;
        client.submit_order(1, &aapl(), &order).await.unwrap();
        story.take(2).await;
        assert!(prices(&gateway).is_empty(), "{}", order.order_type);
        gateway.set_price("AAPL", market(187.6, 187.8, 187.7)).unwrap();
        assert_eq!(prices(&gateway), [(10.0, expected)], "{}", order.order_type);
    }
}

#[tokio::test]
async fn test_orders_for_the_close_trade_there_at_the_last_price_or_leave() {
    let (gateway, client, mut story) = at_190().await;
    let far = Order { limit_price: Some(150.0), ..typed(Action::Buy, "LOC") };
    client.submit_order(1, &aapl(), &typed(Action::Buy, "MOC")).await.unwrap();
    client.submit_order(2, &aapl(), &far).await.unwrap();
    story.take(4).await;
    gateway.set_price("AAPL", market(190.9, 191.1, 191.0)).unwrap();
    assert!(prices(&gateway).is_empty());

    gateway.advance(DAY * 4);

    assert_eq!(prices(&gateway), [(10.0, 191.0)]);
    assert_eq!(gateway.orders()[1].status, "Cancelled");
}

#[tokio::test]
async fn test_an_order_for_the_open_that_finds_no_trade_is_taken_out_by_the_exchange() {
    let (gateway, client, mut story) = at_190().await;
    let tif = TimeInForce::OnOpen;
    let good = Order { tif: tif.clone(), ..market_order(Action::Buy, 10.0) };
    let far = Order { tif, ..limit_order(Action::Buy, 10.0, 150.0) };
    client.submit_order(1, &aapl(), &good).await.unwrap();
    client.submit_order(2, &aapl(), &far).await.unwrap();
    let waiting = story.take(4).await;

    gateway.advance(DAY * 4);

    assert_eq!(waiting[1], "status 1 PreSubmitted 0/10");
    let told = story.take(7).await;
    assert_eq!(told[0], "execution 1 BOT 10 @ 190");
    // (O26)
    let gone = ["open 2 PendingCancel", "status 2 Cancelled 0/10", "notice 202"];
    assert_eq!(told[4..], gone);
}

#[tokio::test]
async fn test_a_good_till_date_ends_an_order_and_a_passed_one_is_refused() {
    let (gateway, client, mut story) = at_190().await;
    let tif = TimeInForce::GoodTillDate;
    let till = |date: &str| Order {
        tif: tif.clone(),
        good_till_date: date.to_owned(),
        ..limit_order(Action::Buy, 10.0, 150.0)
    };
    let soon = time::OffsetDateTime::from_unix_timestamp(gateway.market_time() + 3_600).unwrap();
    let form = time::macros::format_description!("[year][month][day]-[hour]:[minute]:[second]");

    client.submit_order(1, &aapl(), &till("20200101-00:00:00")).await.unwrap();
    client.submit_order(2, &aapl(), &till(&soon.format(&form).unwrap())).await.unwrap();
    assert_eq!(story.take(3).await[0], "notice 334");
    gateway.advance(Duration::from_secs(3_000));
    assert_eq!(gateway.orders()[0].status, "Submitted");
    gateway.advance(Duration::from_secs(900));

    assert_eq!(story.take(3).await[2], "notice 202");
    assert_eq!(gateway.orders()[0].status, "Cancelled");
}

#[tokio::test]
async fn test_a_day_order_ends_with_the_day_and_a_gtc_order_does_not() {
    let (gateway, client, mut story) = at_190().await;
    let lasting =
        Order { tif: TimeInForce::GoodTillCanceled, ..limit_order(Action::Buy, 10.0, 150.0) };
    client.submit_order(1, &aapl(), &limit_order(Action::Buy, 10.0, 150.0)).await.unwrap();
    client.submit_order(2, &aapl(), &lasting).await.unwrap();
    story.take(4).await;

    gateway.advance(DAY);

    let statuses: Vec<_> = gateway.orders().into_iter().map(|order| order.status).collect();
    assert_eq!(statuses, ["Cancelled", "Submitted"]);
}

#[tokio::test]
async fn test_fills_take_what_is_shown_and_status_stays_as_it_was() {
    let (gateway, client, mut story) = at_190().await;
    gateway.set_market_rules(MarketRules { fills_by_size: true, ..MarketRules::default() });
    let sized = |ask_size: f64| aioibkr_mock_gateway::Prices {
        ask_size: Some(ask_size),
        ..aioibkr_mock_gateway::Prices::default()
    };
    gateway.set_price("AAPL", sized(4.0)).unwrap();
    client.submit_order(1, &aapl(), &limit_order(Action::Buy, 10.0, 190.1)).await.unwrap();
    let first = story.take(6).await;

    gateway.set_price("AAPL", sized(100.0)).unwrap();

    // (O54), (O57)
    assert_eq!(first[2], "execution 1 BOT 4 @ 190.1");
    assert_eq!(first[4], "status 1 Submitted 4/6");
    assert_eq!(story.take(3).await[2], "status 1 Filled 10/0");
}

#[tokio::test]
async fn test_whole_or_nothing_orders_wait_for_enough_size() {
    let (gateway, client, mut story) = at_190().await;
    gateway.set_market_rules(MarketRules { fills_by_size: true, ..MarketRules::default() });
    let whole = Order { all_or_none: true, ..limit_order(Action::Buy, 500.0, 190.1) };
    let at_least = Order { min_qty: Some(300), ..limit_order(Action::Buy, 500.0, 190.1) };
    client.submit_order(1, &aapl(), &whole).await.unwrap();
    client.submit_order(2, &aapl(), &at_least).await.unwrap();
    story.take(4).await;
    assert!(prices(&gateway).is_empty());

    let size = aioibkr_mock_gateway::Prices {
        ask_size: Some(400.0),
        ..aioibkr_mock_gateway::Prices::default()
    };
    gateway.set_price("AAPL", size).unwrap();

    assert_eq!(prices(&gateway), [(400.0, 190.1)]);
    assert_eq!(gateway.orders()[1].filled, 400.0);
}

#[tokio::test]
async fn test_a_closed_market_holds_orders_until_it_opens() {
    let (gateway, client, mut story) = at_190().await;
    gateway.set_market_rules(MarketRules { keeps_hours: true, ..MarketRules::default() });
    gateway.advance(until_sunday_noon(gateway.market_time()));

    client.submit_order(1, &aapl(), &market_order(Action::Buy, 10.0)).await.unwrap();
    let told = story.take(3).await;
    gateway.advance(DAY);

    // (O25)
    assert_eq!(told, ["open 1 PreSubmitted", "status 1 PreSubmitted 0/10", "notice 399"]);
    assert_eq!(prices(&gateway), [(10.0, 190.1)]);
}

fn until_sunday_noon(now: i64) -> Duration {
    const WEEK: i64 = 7 * 86_400;
    // The epoch began on a Thursday; Sunday 17:00 UTC is noon in New York in winter.
    let sunday = 3 * 86_400 + 17 * 3_600;
    Duration::from_secs(u64::try_from((sunday - now).rem_euclid(WEEK)).expect("not negative"))
}

#[tokio::test]
async fn test_times_in_force_that_do_not_fit_are_refused() {
    let (_gateway, client, mut story) = at_190().await;
    let at_open = Order { tif: TimeInForce::OnOpen, ..stop(Action::Sell, 10.0, 180.0) };

    client.submit_order(1, &aapl(), &at_open).await.unwrap();

    assert_eq!(story.take(1).await, ["notice 111"]);
}
