//! Ways of the market that a test can change, and what they show.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use aioibkr_mock_gateway::{MarketRules, MockGateway};
use ibapi::orders::Order;
use ibapi::orders::order_builder::{limit_order, market_order};
use ibapi::prelude::*;

use crate::mock_fixture::{aapl, gateway_with_client, market};
use crate::mock_order_story::Story;

async fn with_rules(rules: MarketRules) -> (MockGateway, Client, Story) {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).expect("a known symbol");
    gateway.set_market_rules(rules);
    let story = Story::of(&client).await;
    (gateway, client, story)
}

#[tokio::test]
async fn test_a_limit_far_through_the_market_is_taken_out() {
    let rules = MarketRules { protects_prices: true, ..MarketRules::default() };
    let (gateway, client, mut story) = with_rules(rules).await;

    client.submit_order(1, &aapl(), &limit_order(Action::Buy, 10.0, 240.0)).await.unwrap();
    client.submit_order(2, &aapl(), &limit_order(Action::Buy, 10.0, 200.0)).await.unwrap();

    // (O32)
    let told = story.take(6).await;
    assert_eq!(told[3], "status 1 PendingCancel 0/10");
    assert_eq!(told[5], "status 1 Cancelled 0/10");
    client.server_time().await.unwrap();
    assert_eq!(gateway.executions().len(), 1);
}

#[tokio::test]
async fn test_an_order_without_a_time_in_force_is_told_of_the_preset_and_lives() {
    let rules = MarketRules { notes_default_tif: true, ..MarketRules::default() };
    let (_gateway, client, mut story) = with_rules(rules).await;
    let order = Order {
        tif: ibapi::orders::TimeInForce::Unknown(String::new()),
        ..limit_order(Action::Buy, 10.0, 50.0)
    };

    client.submit_order(1, &aapl(), &order).await.unwrap();

    // (O25)
    let told = ["notice 10349", "open 1 Submitted", "status 1 Submitted 0/10"];
    assert_eq!(story.take(3).await, told);
}

#[tokio::test]
async fn test_a_preview_with_a_warning_is_answered_twice() {
    let rules = MarketRules { previews_twice: true, ..MarketRules::default() };
    let (gateway, client, mut story) = with_rules(rules).await;
    let preview = Order { what_if: true, ..market_order(Action::Buy, 100.0) };

    client.submit_order(1, &aapl(), &preview).await.unwrap();

    // (O76), (O75), (B8)
    let pair = ["open 1 PreSubmitted", "open 1 PreSubmitted"];
    assert_eq!(story.take(2).await, pair);
    assert!(gateway.orders().is_empty());
}

#[tokio::test]
async fn test_a_refused_preview_is_an_error_alone() {
    let (_gateway, client, mut story) = with_rules(MarketRules::default()).await;
    let too_large = Order { what_if: true, ..market_order(Action::Buy, 1e6) };
    let held = Order { what_if: true, transmit: false, ..market_order(Action::Buy, 1.0) };

    client.submit_order(1, &aapl(), &too_large).await.unwrap();
    client.submit_order(2, &aapl(), &held).await.unwrap();
    client.submit_order(3, &aapl(), &market_order(Action::Buy, 1.0)).await.unwrap();

    // (O78)
    let told = ["notice 201", "notice 413", "open 3 PreSubmitted"];
    assert_eq!(story.take(3).await, told);
}

#[tokio::test]
async fn test_money_buys_what_it_can_at_the_price() {
    let (gateway, client, mut story) = with_rules(MarketRules::default()).await;
    let order = Order { cash_qty: Some(1_000.0), ..market_order(Action::Buy, 0.0) };

    client.submit_order(1, &aapl(), &order).await.unwrap();

    story.take(6).await;
    assert_eq!(gateway.executions()[0].quantity, 5.2603);
}

/// (O2, 18.1) Gateways repeat themselves.
#[tokio::test]
async fn test_every_state_is_told_twice_where_that_is_the_way() {
    let rules = MarketRules { repeats_states: true, ..MarketRules::default() };
    let (_gateway, client, mut story) = with_rules(rules).await;

    client.submit_order(1, &aapl(), &limit_order(Action::Buy, 10.0, 50.0)).await.unwrap();
    let told = story.take(4).await;

    assert_eq!((&told[0], &told[1]), (&told[2], &told[3]));
}
