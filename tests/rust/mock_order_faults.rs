//! Faults around orders: reports that are missing, late, or in another order than they should be.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use std::time::Duration;

use aioibkr_mock_gateway::{Fault, FaultHandle, Injection, MockGateway, OrderFault, Prices};
use ibapi::orders::order_builder::{limit_order, market_order, stop};
use ibapi::orders::{Order, TimeInForce};
use ibapi::prelude::*;

use crate::mock_fixture::{ACCOUNT, aapl, gateway, gateway_with_client, market, next};
use crate::mock_order_story::Story;
use crate::mock_raw::{CURRENT_TIME, ERROR, RawClient, code_of};

const REQ_EXECUTIONS: u32 = 207;
const REQ_COMPLETED_ORDERS: u32 = 299;
const EXECUTIONS_END: u32 = 255;
const COMPLETED_END: u32 = 302;

struct Stage {
    gateway: MockGateway,
    client: Client,
    story: Story,
    fault: FaultHandle,
}

async fn struck(fault: impl Into<Injection>) -> Stage {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).expect("a known symbol");
    let fault = gateway.inject(fault).expect("a fault that makes sense");
    let story = Story::of(&client).await;
    Stage { gateway, client, story, fault }
}

/// The id of the frame that answers what was sent last, or that of the time asked for behind it.
fn answer_to(client: &mut RawClient, wire_id: u32, fields: &[u8]) -> u32 {
    client.send(wire_id, fields);
    client.send(CURRENT_TIME, &[]);
    let body = client.read_body();
    u32::from_be_bytes([body[0], body[1], body[2], body[3]])
}

/// (B1), (E2), (P7)
#[test]
fn test_queries_that_find_nothing_end_unless_a_fault_takes_the_end_away() {
    let gateway = gateway();
    let cases: [(u32, &[u8], u32); 2] =
        [(REQ_EXECUTIONS, &[8, 1], EXECUTIONS_END), (REQ_COMPLETED_ORDERS, &[], COMPLETED_END)];

    for (request, fields, end) in cases {
        let mut client = RawClient::connect(&gateway, 7);
        let sound = answer_to(&mut client, request, fields);
        client.read_until(CURRENT_TIME);
        let fault = gateway.inject(OrderFault::EmptyWithoutEnd).unwrap();
        let struck = answer_to(&mut client, request, fields);
        fault.clear();

        assert_eq!((sound, struck), (end, CURRENT_TIME));
        gateway.drop_connections().unwrap();
    }
}

/// (B5), (O42)
#[tokio::test]
async fn test_a_cancel_can_end_in_a_fill() {
    let mut stage = struck(OrderFault::FillOnCancel).await;
    let order = limit_order(Action::Buy, 10.0, 150.0);
    stage.client.submit_order(1, &aapl(), &order).await.unwrap();
    stage.story.take(2).await;

    let _cancel = stage.client.cancel_order(1, "").await.unwrap();

    let told = [
        "open 1 PendingCancel",
        "status 1 PendingCancel 0/10",
        "execution 1 BOT 10 @ 150",
        "open 1 Filled",
        "status 1 Filled 10/0",
        "commission 1 None",
    ];
    assert_eq!(stage.story.take(6).await, told);
}

/// (B5), (O52)
#[tokio::test]
async fn test_a_status_can_come_before_the_execution() {
    let mut stage = struck(Injection::from(OrderFault::StatusBeforeFill).times(1)).await;

    stage.client.submit_order(1, &aapl(), &market_order(Action::Buy, 1.0)).await.unwrap();
    stage.client.submit_order(2, &aapl(), &market_order(Action::Buy, 1.0)).await.unwrap();

    let told = stage.story.take(12).await;
    assert_eq!(told[2..5], ["open 1 Filled", "status 1 Filled 1/0", "execution 1 BOT 1 @ 190.1"]);
    assert_eq!(told[8], "execution 2 BOT 1 @ 190.1");
}

/// (B5), (C7)
#[tokio::test]
async fn test_fills_come_while_the_link_to_ib_is_down() {
    let mut stage = struck(Fault::CodeStorm(1100, Duration::from_secs(60))).await;
    stage.client.submit_order(1, &aapl(), &limit_order(Action::Buy, 1.0, 180.0)).await.unwrap();
    stage.story.take(2).await;

    stage.gateway.set_price("AAPL", market(179.0, 179.5, 179.2)).unwrap();

    assert_eq!(stage.story.take(1).await, ["execution 1 BOT 1 @ 179.5"]);
}

/// (B6), (O3)
#[tokio::test]
async fn test_a_fast_fill_can_go_without_any_status() {
    let mut stage = struck(OrderFault::MissingStatus).await;

    stage.client.submit_order(1, &aapl(), &market_order(Action::Buy, 1.0)).await.unwrap();
    stage.client.submit_order(2, &aapl(), &limit_order(Action::Buy, 1.0, 50.0)).await.unwrap();

    let told = [
        "open 1 PreSubmitted",
        "execution 1 BOT 1 @ 190.1",
        "open 1 Filled",
        "commission 1 None",
        "open 2 Submitted",
        "status 2 Submitted 0/1",
    ];
    assert_eq!(stage.story.take(6).await, told);
}

/// (B6), (O2)
#[tokio::test]
async fn test_a_status_can_come_twice() {
    let mut stage = struck(Fault::Duplicate("order_status".into())).await;

    stage.client.submit_order(1, &aapl(), &limit_order(Action::Buy, 1.0, 50.0)).await.unwrap();

    let status = "status 1 Submitted 0/1";
    assert_eq!(stage.story.take(3).await, ["open 1 Submitted", status, status]);
}

/// (B7), (O45)
#[tokio::test]
async fn test_cancelling_an_inactive_order_brings_an_error_or_nothing() {
    let mut stage = struck(Injection::from(Fault::RejectOrder(201, "no".into())).times(1)).await;
    stage.client.submit_order(1, &aapl(), &limit_order(Action::Buy, 1.0, 50.0)).await.unwrap();
    assert_eq!(stage.story.take(3).await[2], "status 1 Inactive 0/1");

    let _told = stage.client.cancel_order(1, "").await.unwrap();
    assert_eq!(stage.story.take(1).await, ["notice 161"]);
    let _fault = stage.gateway.inject(OrderFault::SilentCancel).unwrap();
    let _silent = stage.client.cancel_order(1, "").await.unwrap();
    let _unknown = stage.client.cancel_order(9, "").await.unwrap();

    assert_eq!(stage.story.take(1).await, ["notice 10147"]);
}

/// (B14), (E9), (C7)
#[tokio::test]
async fn test_a_commission_can_be_pending_and_come_late() {
    let mut stage = struck(OrderFault::PendingCommission(Duration::from_millis(30))).await;

    stage.client.submit_order(1, &aapl(), &market_order(Action::Buy, 1.0)).await.unwrap();
    stage.client.submit_order(2, &aapl(), &limit_order(Action::Buy, 1.0, 50.0)).await.unwrap();

    let told = ["commission -1 None", "open 2 Submitted", "status 2 Submitted 0/1"];
    assert_eq!(stage.story.take(8).await[5..], told);
    assert_eq!(stage.story.take(1).await, ["commission 1 None"]);
}

/// (E9) A rebate is a commission below zero and a gain.
#[tokio::test]
async fn test_a_commission_can_be_a_rebate() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(100.0, 100.0, 100.0)).unwrap();
    gateway.set_commission("AAPL", -0.25).unwrap();
    let mut story = Story::of(&client).await;

    client.submit_order(1, &aapl(), &market_order(Action::Buy, 10.0)).await.unwrap();
    client.submit_order(2, &aapl(), &market_order(Action::Sell, 10.0)).await.unwrap();

    let told = story.take(12).await;
    assert_eq!(told[5], "commission -2.5 None");
    assert_eq!(told[11], "commission -2.5 Some(5.0)");
}

/// (O53) The reverse of what was ever captured.
#[tokio::test]
async fn test_a_commission_can_come_before_its_execution() {
    let late = Fault::Delay("execution_data".into(), Duration::from_millis(30));
    let mut stage = struck(late).await;

    stage.client.submit_order(1, &aapl(), &market_order(Action::Buy, 1.0)).await.unwrap();

    let told = stage.story.take(6).await;
    assert_eq!(told[4..], ["commission 1 None", "execution 1 BOT 1 @ 190.1"]);
}

/// (B15)
#[tokio::test]
async fn test_a_position_can_cost_half_a_quote() {
    let stage = struck(OrderFault::HalfQuoteCost).await;
    stage.gateway.set_position(ACCOUNT, "AAPL", 10.0, 150.0).unwrap();
    let cost = async || {
        let mut positions = stage.client.positions().await.expect("positions").filter_data();
        match next(&mut positions).await.expect("a position") {
            PositionUpdate::Position(position) => position.average_cost,
            PositionUpdate::PositionEnd => panic!("no position"),
        }
    };
    assert_eq!(cost().await, 150.0);

    stage.gateway.clear_price("AAPL").unwrap();
    stage.gateway.set_price("AAPL", Prices { ask: Some(190.0), ..Prices::default() }).unwrap();

    assert_eq!(cost().await, 94.5);
    stage.fault.clear();
    assert_eq!(cost().await, 150.0);
}

/// (B18), (O65)
#[tokio::test]
async fn test_an_echo_can_hold_a_volatility_that_no_change_may_have() {
    let mut stage = struck(OrderFault::EchoedVolatility).await;
    let order = limit_order(Action::Buy, 1.0, 50.0);
    stage.client.submit_order(1, &aapl(), &order).await.unwrap();
    let echo = stage.story.open_order().await.order;
    stage.story.take(1).await;

    let echoed = Order { volatility: echo.volatility, ..limit_order(Action::Buy, 1.0, 51.0) };
    stage.client.submit_order(1, &aapl(), &echoed).await.unwrap();
    stage.client.submit_order(1, &aapl(), &limit_order(Action::Buy, 1.0, 52.0)).await.unwrap();

    assert_eq!(echo.volatility, Some(0.25));
    assert_eq!(stage.story.take(2).await, ["notice 321", "open 1 Submitted"]);
    assert_eq!(stage.gateway.orders()[0].limit_price, Some(52.0));
}

/// (O63)
#[tokio::test]
async fn test_a_change_right_behind_the_placement_can_be_refused() {
    let mut stage = struck(OrderFault::RefuseChange(Duration::from_secs(60))).await;
    stage.client.submit_order(1, &aapl(), &limit_order(Action::Buy, 1.0, 50.0)).await.unwrap();
    stage.client.submit_order(1, &aapl(), &limit_order(Action::Buy, 1.0, 51.0)).await.unwrap();
    assert_eq!(stage.story.take(3).await[2], "notice 103");

    stage.gateway.advance(Duration::from_secs(61));
    stage.client.submit_order(1, &aapl(), &limit_order(Action::Buy, 1.0, 52.0)).await.unwrap();

    stage.story.take(2).await;
    assert_eq!(stage.gateway.orders()[0].limit_price, Some(52.0));
}

/// (O7), (O25) 404 leaves the order alive.
#[tokio::test]
async fn test_a_short_sale_is_held_until_its_shares_are_located() {
    let mut stage = struck(OrderFault::HeldForLocate).await;
    stage.client.submit_order(1, &aapl(), &market_order(Action::Sell, 5.0)).await.unwrap();
    let held = stage.story.take(3).await;

    stage.fault.clear();

    let told = ["open 1 PreSubmitted", "status 1 PreSubmitted 0/5 locate", "notice 404"];
    assert_eq!(held, told);
    let told = ["open 1 Submitted", "status 1 Submitted 0/5", "execution 1 SLD 5 @ 189.9"];
    assert_eq!(stage.story.take(3).await, told);
}

/// (O73)
#[tokio::test]
async fn test_a_stop_reached_before_its_parent_filled_can_show_no_quantity() {
    let mut stage = struck(OrderFault::EmptyChild).await;
    let partial = stage.gateway.inject(Fault::PartialFill(4.0)).unwrap();
    let entry = Order { transmit: false, ..market_order(Action::Buy, 10.0) };
    let loss = Order { parent_id: 1, ..stop(Action::Sell, 10.0, 185.0) };
    stage.client.submit_order(1, &aapl(), &entry).await.unwrap();
    stage.client.submit_order(2, &aapl(), &loss).await.unwrap();
    stage.story.take(10).await;

    stage.gateway.set_price("AAPL", market(184.0, 184.2, 184.1)).unwrap();

    let shown = stage.story.open_order().await;
    assert_eq!((shown.order_id, shown.order.total_quantity), (2, 0.0));
    partial.clear();
    assert_eq!(stage.gateway.orders()[1].quantity, 10.0);
    assert_eq!(stage.gateway.orders()[1].status, "Filled");
}

/// (O82)
#[tokio::test]
async fn test_a_good_till_date_is_echoed_in_the_zone_of_the_gateway() {
    let mut stage = struck(Injection::from(OrderFault::WinterZone).for_client(8)).await;
    let order = Order {
        tif: TimeInForce::GoodTillDate,
        good_till_date: "20400615-20:00:00".to_owned(),
        ..limit_order(Action::Buy, 1.0, 50.0)
    };
    stage.client.submit_order(1, &aapl(), &order).await.unwrap();
    let sound = stage.story.open_order().await.order.good_till_date;
    let _winter = stage.gateway.inject(OrderFault::WinterZone).unwrap();
    stage.client.submit_order(2, &aapl(), &order).await.unwrap();
    let wrong = stage.story.open_order().await.order.good_till_date;

    assert_eq!(sound, "20400615 16:00:00 US/Eastern");
    assert_eq!(wrong, "20400615 16:00:00 EST");
}

/// (L2), (B11) A burst freezes the gateway: nothing comes, nothing ends.
#[test]
fn test_a_gateway_can_freeze_under_a_burst() {
    let gateway = gateway();
    let mut client = RawClient::connect(&gateway, 7);
    let hang = Fault::HalfOpen("req_current_time".into());
    let fault = gateway.inject(Injection::from(hang).times(1)).unwrap();

    (0..40).for_each(|_| client.send(CURRENT_TIME, &[]));
    client.0.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let silence = std::io::Read::read(&mut client.0, &mut [0; 8]);

    assert!(silence.is_err(), "the gateway answered");
    assert_eq!(code_of(&RawClient::start(&gateway, 7).read_until(ERROR)), Some(326));
    fault.clear();
}
