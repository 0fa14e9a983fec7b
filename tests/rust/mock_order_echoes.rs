//! What stands in the frames about orders: numbers that are always there, defaults nobody set, ids and
//! times in their forms.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use std::time::Duration;

use aioibkr_mock_gateway::{Fault, MockGateway};
use ibapi::orders::order_builder::{limit_order, market_order};
use ibapi::orders::{ExecutionFilter, Executions, Order, OrderData, Orders, TimeInForce};
use ibapi::prelude::*;

use crate::mock_fixture::{aapl, connect, gateway, gateway_with_client, market};
use crate::mock_order_story::{Story, drain};
use crate::mock_raw::{RawClient, TextClient};

const ORDER_STATUS: u32 = 203;
const REQ_OPEN_ORDERS: u32 = 205;
const UNSET: &str = "1.7976931348623157E308";

async fn at_190() -> (MockGateway, Client, Story) {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).expect("a known symbol");
    let story = Story::of(&client).await;
    (gateway, client, story)
}

async fn completed(client: &Client) -> Vec<OrderData> {
    let orders = client.completed_orders(false).await.expect("completed orders").filter_data();
    let data = |item| match item {
        Orders::OrderData(data) => Some(data),
        Orders::OrderStatus(_) => None,
    };
    drain(orders).await.into_iter().filter_map(data).collect()
}

/// (O6), (O1)
#[tokio::test]
async fn test_a_status_tells_its_zeros() {
    let gateway = gateway();
    let client = connect(&gateway, 7).await;
    client.submit_order(1, &aapl(), &limit_order(Action::Buy, 5.0, 50.0)).await.unwrap();
    client.server_time().await.unwrap();
    client.disconnect().await;
    drop(client);
    gateway.drop_connections().unwrap();
    let mut raw = RawClient::connect(&gateway, 7);

    raw.send(REQ_OPEN_ORDERS, &[]);
    let status = raw.read_until(ORDER_STATUS);

    // Field 3, filled: "0"; field 4, remaining: "5"; field 5, the average price: 0.
    let numbers = [&b"\x1a\x010\x22\x015\x29"[..], &[0; 8]].concat();
    assert!(status.windows(numbers.len()).any(|bytes| bytes == numbers), "{status:?}");
}

/// (O5)
#[tokio::test]
async fn test_the_first_state_of_an_order_depends_on_what_it_is() {
    let (_gateway, client, mut story) = at_190().await;
    let future = front_future(&client).await;
    let cases = [
        (aapl(), market_order(Action::Buy, 1.0), "PreSubmitted"),
        (aapl(), market_order(Action::Sell, 1.0), "Submitted"),
        (future.clone(), market_order(Action::Buy, 1.0), "PreSubmitted"),
        (future, market_order(Action::Sell, 1.0), "PreSubmitted"),
        (aapl(), limit_order(Action::Buy, 1.0, 50.0), "Submitted"),
    ];

    for (id, (contract, order, expected)) in (1..).zip(cases) {
        client.submit_order(id, &contract, &order).await.unwrap();
        let first = story.take(1).await;
        assert_eq!(first, [format!("open {id} {expected}")]);
        story.take(if expected == "Submitted" && id == 5 { 1 } else { 5 }).await;
    }
}

async fn front_future(client: &Client) -> Contract {
    let any = Contract {
        symbol: "ES".into(),
        security_type: SecurityType::Future,
        exchange: "CME".into(),
        ..Contract::default()
    };
    client.contract_details(&any).await.expect("futures").remove(0).contract
}

/// (O11), (O12)
#[tokio::test]
async fn test_an_echo_holds_what_its_client_never_said() {
    let (gateway, client, mut story) = at_190().await;
    let _partial = gateway.inject(Fault::PartialFill(4.0)).unwrap();

    client.submit_order(1, &aapl(), &limit_order(Action::Buy, 10.0, 190.1)).await.unwrap();
    story.open_order().await;
    let echo = story.open_order().await.order;

    assert_eq!((i32::from(echo.oca_type), echo.exempt_code), (3, -1));
    assert_eq!(echo.display_size, Some(i32::MAX));
    assert_eq!((echo.clearing_intent.as_str(), echo.account.as_str()), ("IB", "DU1234567"));
    assert_eq!(echo.delta_neutral_order_type, "None");
    assert!(echo.dont_use_auto_price_for_hedge && echo.use_price_mgmt_algo);
    // Four are filled, but only the status tells.
    assert_eq!(echo.filled_quantity, 0.0);
}

/// (O81)
#[tokio::test]
async fn test_a_lasting_order_is_told_when_it_will_be_taken_out() {
    let (_gateway, client, mut story) = at_190().await;
    let lasting =
        Order { tif: TimeInForce::GoodTillCanceled, ..limit_order(Action::Buy, 1.0, 50.0) };

    client.submit_order(1, &aapl(), &lasting).await.unwrap();
    let lasting = story.open_order().await.order.auto_cancel_date;
    client.submit_order(2, &aapl(), &limit_order(Action::Buy, 1.0, 50.0)).await.unwrap();
    let of_day = story.open_order().await.order.auto_cancel_date;

    let ends = ["0331 16:00:00", "0630 16:00:00", "0930 16:00:00", "1231 16:00:00"];
    assert!(ends.iter().any(|end| lasting.contains(end)), "{lasting}");
    assert_eq!(of_day, "");
}

/// (O80)
#[tokio::test]
async fn test_a_lasting_order_is_the_same_after_a_reconnect_and_can_be_cancelled() {
    let (gateway, client, mut story) = at_190().await;
    let lasting =
        Order { tif: TimeInForce::GoodTillCanceled, ..limit_order(Action::Buy, 1.0, 50.0) };
    client.submit_order(4, &aapl(), &lasting).await.unwrap();
    let before = story.open_order().await.order;
    drop((client, story));
    gateway.drop_connections().unwrap();

    let client = connect(&gateway, 7).await;
    let open = drain(client.open_orders().await.unwrap().filter_data()).await;
    let Orders::OrderData(after) = &open[0] else { panic!("an order: {open:?}") };
    let mut story = Story::of(&client).await;
    let _cancel = client.cancel_order(4, "").await.unwrap();

    assert_eq!((after.order_id, after.order.client_id), (4, 7));
    assert_eq!(after.order.perm_id, before.perm_id);
    assert_eq!(story.take(3).await[2], "notice 202");
}

/// (O13)
#[tokio::test]
async fn test_a_deactivated_order_is_open_and_does_not_trade() {
    let (gateway, client, mut story) = at_190().await;
    let order = limit_order(Action::Buy, 1.0, 190.1);
    let off = Order { deactivate: true, ..order.clone() };
    client.submit_order(1, &aapl(), &off).await.unwrap();
    story.take(2).await;

    let open = drain(client.open_orders().await.unwrap().filter_data()).await;
    let Orders::OrderData(shown) = &open[0] else { panic!("an order: {open:?}") };
    assert!(shown.order.deactivate && gateway.executions().is_empty());
    story.take(2).await;
    client.submit_order(1, &aapl(), &order).await.unwrap();

    let told = ["open 1 Submitted", "status 1 Submitted 0/1", "execution 1 BOT 1 @ 190.1"];
    assert_eq!(story.take(3).await, told);
}

/// (E4), (E5)
#[tokio::test]
async fn test_an_execution_has_its_id_time_side_and_venue() {
    let (_gateway, client, mut story) = at_190().await;
    client.submit_order(1, &aapl(), &market_order(Action::Sell, 1.0)).await.unwrap();
    story.take(6).await;

    let asked = client.executions(ExecutionFilter::default()).await.unwrap().filter_data();
    let all = drain(asked).await;
    let [Executions::ExecutionData(fill), Executions::CommissionReport(fee)] = &all[..] else {
        panic!("a fill and its commission: {all:?}")
    };

    let fill = &fill.execution;
    let groups: Vec<_> = fill.execution_id.split('.').map(str::len).collect();
    assert_eq!((groups, &fill.execution_id), (vec![8, 8, 2, 2], &fee.execution_id));
    assert!(fill.execution_id.ends_with(".01.01") && fill.time.to_string().len() > 16);
    assert_eq!((&fill.side, fill.exchange.as_str()), (&ExecutionSide::Sold, "NASDAQ"));
}

/// (P1), (P2), (P3), (P5)
#[tokio::test]
async fn test_completed_orders_hold_the_rest_and_how_they_ended() {
    let (gateway, client, mut story) = at_190().await;
    let _partial = gateway.inject(Fault::PartialFill(600.0)).unwrap();
    client.submit_order(1, &aapl(), &limit_order(Action::Buy, 1000.0, 190.1)).await.unwrap();
    story.take(6).await;
    let _cancel = client.cancel_order(1, "").await.unwrap();
    client.submit_order(2, &aapl(), &market_order(Action::Buy, 1e6)).await.unwrap();
    let inactive = story.take(6).await;

    let done = completed(&client).await;

    assert_eq!(inactive[5], "status 2 Inactive 0/1000000");
    let part = &done[0].order;
    assert_eq!((part.total_quantity, part.filled_quantity), (400.0, 600.0));
    assert!(part.perm_id > 0 && part.order_id <= 0, "{}", part.order_id);
    let state = &done[1].order_state;
    assert_eq!(
        (state.status.to_string(), state.completed_status.as_str()),
        ("Cancelled".to_owned(), "Cancelled by Trader")
    );
    assert!(state.completed_time.ends_with("US/Eastern"), "{}", state.completed_time);
}

/// (P3)
#[tokio::test]
async fn test_the_note_of_a_system_cancel_ends_in_a_newline() {
    let (gateway, client, mut story) = at_190().await;
    let soon = time::OffsetDateTime::from_unix_timestamp(gateway.market_time() + 60).unwrap();
    let form = time::macros::format_description!("[year][month][day]-[hour]:[minute]:[second]");
    let order = Order {
        tif: TimeInForce::GoodTillDate,
        good_till_date: soon.format(&form).unwrap(),
        ..limit_order(Action::Buy, 1.0, 50.0)
    };
    client.submit_order(1, &aapl(), &order).await.unwrap();
    story.take(2).await;

    gateway.advance(Duration::from_secs(61));

    let done = completed(&client).await;
    assert_eq!(done[0].order_state.completed_status, "Good till date reached\n");
}

/// (P4) Defaults of every kind in one frame.
#[tokio::test]
async fn test_a_completed_order_mixes_its_defaults() {
    let (gateway, client, mut story) = at_190().await;
    client.submit_order(1, &aapl(), &market_order(Action::Buy, 1.0)).await.unwrap();
    story.take(6).await;
    let mut text = TextClient::connect(&gateway, 8);

    text.send(&["99", "0"]);
    let frame = text.read_until("101");

    for default in ["", "0", "-1", "2147483647", UNSET, "?", "None", "IB"] {
        assert!(frame.iter().any(|field| field == default), "{default:?} is not in {frame:?}");
    }
}
