//! Several clients and orders entered by hand: who sees, who may change.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use aioibkr_mock_gateway::{ManualOrder, MarketRules, MockGateway, Settings};
use ibapi::orders::order_builder::{limit_order, market_order};
use ibapi::prelude::*;

use crate::mock_fixture::{aapl, connect, gateway, market};
use crate::mock_order_story::{Story, drain};
use crate::mock_raw::{CURRENT_TIME, RawClient};

/// Message ids in protobuf form.
const ORDER_STATUS: u32 = 203;
const OPEN_ORDER: u32 = 205;
const EXECUTION: u32 = 211;
const COMMISSION: u32 = 259;
const OPEN_ORDERS_END: u32 = 253;
const REQ_AUTO_OPEN_ORDERS: u32 = 215;
const REQ_ALL_OPEN_ORDERS: u32 = 216;

fn by_hand() -> ManualOrder {
    ManualOrder {
        symbol: "AAPL".to_owned(),
        action: "BUY".to_owned(),
        order_type: "LMT".to_owned(),
        quantity: 3.0,
        limit_price: Some(50.0),
        ..ManualOrder::default()
    }
}

async fn open_ids(client: &Client, is_all: bool) -> Vec<i32> {
    let orders = if is_all { client.all_open_orders().await } else { client.open_orders().await };
    let items = drain(orders.expect("open orders").filter_data()).await;
    let id = |item: Orders| match item {
        Orders::OrderData(data) => Some(data.order_id),
        Orders::OrderStatus(_) => None,
    };
    items.into_iter().filter_map(id).collect()
}

#[tokio::test]
async fn test_the_master_client_sees_every_order_and_execution() {
    let settings = Settings { master_client: Some(9), ..Settings::default() };
    let gateway = MockGateway::start(settings).unwrap();
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).unwrap();
    let trader = connect(&gateway, 1).await;
    let mut master = RawClient::connect(&gateway, 9);

    trader.submit_order(1, &aapl(), &market_order(Action::Buy, 10.0)).await.unwrap();

    // (N4), (E11)
    for wire_id in [OPEN_ORDER, ORDER_STATUS, EXECUTION, OPEN_ORDER, ORDER_STATUS, COMMISSION] {
        master.read_until(wire_id);
    }
}

#[tokio::test]
async fn test_only_its_client_cancels_an_order_unless_the_rules_say_otherwise() {
    let gateway = gateway();
    let (owner, other) = (connect(&gateway, 1).await, connect(&gateway, 2).await);
    owner.submit_order(1, &aapl(), &limit_order(Action::Buy, 5.0, 50.0)).await.unwrap();
    owner.server_time().await.unwrap();
    let mut story = Story::of(&other).await;

    let _refused = other.cancel_order(1, "").await.unwrap();
    assert_eq!(story.take(1).await, ["notice 10147"]);
    gateway.set_market_rules(MarketRules { cancels_across_clients: true, ..Default::default() });
    let _cancel = other.cancel_order(1, "").await.unwrap();

    // (N3)
    assert_eq!(story.take(1).await, ["notice 202"]);
    assert_eq!(gateway.orders()[0].status, "Cancelled");
}

/// (I8)
#[tokio::test]
async fn test_orders_entered_by_hand_have_id_zero_until_client_zero_binds_them() {
    let gateway = gateway();
    let (zero, other) = (connect(&gateway, 0).await, connect(&gateway, 3).await);
    gateway.place_manual_order(&by_hand()).unwrap();
    assert_eq!(open_ids(&other, true).await, [0]);
    assert!(open_ids(&other, false).await.is_empty());

    let bound = open_ids(&zero, false).await;

    // (I8), (N1), (N2)
    assert!(bound[0] < 0, "{bound:?}");
    assert_eq!(open_ids(&other, true).await, bound);
    let mut story = Story::of(&zero).await;
    let _cancel = zero.cancel_order(bound[0], "").await.unwrap();
    assert!(story.take(3).await[2].ends_with("202"));
}

#[tokio::test]
async fn test_a_manual_order_that_cannot_be_read_is_refused_with_its_text() {
    let gateway = gateway();

    let refused = gateway.place_manual_order(&ManualOrder { order_type: "NO".into(), ..by_hand() });

    assert!(refused.unwrap_err().to_string().contains("order type"));
}

/// (S15)
#[tokio::test]
async fn test_open_orders_come_unasked_on_connect_where_the_rules_say_so() {
    let gateway = gateway();
    gateway.set_market_rules(MarketRules {
        sends_open_orders_on_connect: true,
        ..MarketRules::default()
    });
    let client = connect(&gateway, 4).await;
    client.submit_order(1, &aapl(), &limit_order(Action::Buy, 5.0, 50.0)).await.unwrap();
    client.server_time().await.unwrap();
    client.disconnect().await;
    drop(client);
    gateway.drop_connections().unwrap();

    let mut again = RawClient::connect(&gateway, 4);

    // (S15)
    again.read_until(OPEN_ORDER);
    again.read_until(ORDER_STATUS);
}

/// (N5)
#[tokio::test]
async fn test_equal_ids_of_two_clients_meet_where_all_orders_are_asked_for() {
    let gateway = gateway();
    let (first, second) = (connect(&gateway, 1).await, connect(&gateway, 2).await);
    first.submit_order(1, &aapl(), &limit_order(Action::Buy, 5.0, 50.0)).await.unwrap();
    second.submit_order(1, &aapl(), &limit_order(Action::Buy, 6.0, 50.0)).await.unwrap();
    first.server_time().await.unwrap();
    second.server_time().await.unwrap();

    assert_eq!(open_ids(&first, true).await, [1, 1]);
    assert_eq!(open_ids(&first, false).await, [1]);
}

/// (N6)
#[tokio::test]
async fn test_a_bound_order_is_told_to_the_client_that_binds_alone() {
    const ORDER_BOUND: u32 = 300;
    let gateway = gateway();
    let mut zero = RawClient::connect(&gateway, 0);
    let mut other = RawClient::connect(&gateway, 3);
    gateway.place_manual_order(&by_hand()).unwrap();

    zero.send(REQ_AUTO_OPEN_ORDERS, &[8, 1]);
    zero.read_until(ORDER_BOUND);
    other.send(CURRENT_TIME, &[]);

    let next = other.read_body();
    assert_eq!(next[..4], CURRENT_TIME.to_be_bytes());
}

/// (N6) Requests without an id cannot be told apart: each is answered whole.
#[test]
fn test_two_requests_for_open_orders_are_both_answered() {
    let gateway = gateway();
    let mut client = RawClient::connect(&gateway, 0);
    gateway.place_manual_order(&by_hand()).unwrap();

    client.send(REQ_ALL_OPEN_ORDERS, &[]);
    client.send(REQ_ALL_OPEN_ORDERS, &[]);

    for _answer in 0..2 {
        client.read_until(OPEN_ORDER);
        client.read_until(OPEN_ORDERS_END);
    }
}
