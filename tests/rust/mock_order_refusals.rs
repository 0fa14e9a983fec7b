//! Orders and changes that are refused, warned of, or taken out at once, each by its code.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use std::time::Duration;

use aioibkr_mock_gateway::{Fault, Injection, ManualOrder, MarketRules, MockGateway, Settings};
use ibapi::contracts::TagValue;
use ibapi::orders::conditions::TriggerMethod;
use ibapi::orders::order_builder::{limit_order, market_order, stop};
use ibapi::orders::{Order, TimeInForce, WhatIfType};
use ibapi::prelude::*;

use crate::mock_fixture::{aapl, connect, gateway, gateway_with_client, market};
use crate::mock_order_story::Story;
use crate::mock_raw::{ERROR, RawClient, TextClient, code_of};

const PLACE_ORDER: u32 = 203;
const OPEN_ORDER: u32 = 205;

async fn with_rules(rules: MarketRules) -> (MockGateway, Client, Story) {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).expect("a known symbol");
    gateway.set_market_rules(rules);
    let story = Story::of(&client).await;
    (gateway, client, story)
}

async fn at_190() -> (MockGateway, Client, Story) {
    with_rules(MarketRules::default()).await
}

fn resting() -> Order {
    limit_order(Action::Buy, 1.0, 50.0)
}

/// (O20), (O24), (O29), (O33)
#[tokio::test]
async fn test_what_does_not_pass_validation_is_an_error_alone() {
    let rules = MarketRules { hides_algorithms: true, ..MarketRules::default() };
    let (gateway, client, mut story) = with_rules(rules).await;
    let attribute = |tag: &str| vec![TagValue { tag: tag.into(), value: "1".into() }];
    let twap = |tag: &str| Order {
        algo_strategy: "Twap".into(),
        algo_params: attribute(tag),
        ..resting()
    };
    let nameless = Contract { symbol: "".into(), security_type: SecurityType::Stock, ..aapl() };
    let cases = [
        (aapl(), Order { order_type: "NOPE".into(), ..resting() }, "notice 321"),
        (aapl(), Order { total_quantity: 0.0, ..resting() }, "notice 321"),
        (nameless, resting(), "notice 321"),
        (Contract::stock("NOPE").build(), resting(), "notice 200"),
        (
            aapl(),
            Order { what_if_type: Some(WhatIfType::FullOrderCheck), ..resting() },
            "notice 321",
        ),
        (aapl(), twap("noSuchThing"), "notice 441"),
    ];

    for (id, (contract, order, expected)) in (1..).zip(cases) {
        client.submit_order(id, &contract, &order).await.unwrap();
        assert_eq!(story.take(1).await, [expected], "{id}");
    }
    client.submit_order(9, &aapl(), &twap("strategyType")).await.unwrap();
    let echo = story.open_order().await;
    assert_eq!((echo.order_id, echo.order.algo_strategy.as_str()), (9, ""));
    assert_eq!(gateway.orders().len(), 1);
}

/// (O22), (O23)
#[tokio::test]
async fn test_a_rejection_shows_the_order_inactive_with_any_text() {
    let (gateway, client, mut story) = at_190().await;
    let text = "Order rejected - reason:first<br>Margin: 12,345.67 USD<br/>second";
    let reject = Fault::RejectOrder(201, text.into());
    let _fault = gateway.inject(Injection::from(reject).for_client(7)).unwrap();

    let mut told = client.place_order(1, &aapl(), &resting()).await.unwrap();
    let first = crate::mock_fixture::next(&mut told).await;

    let shown = format!("{first:?}");
    assert!(shown.contains("first<br>Margin: 12,345.67 USD<br/>second"), "{shown}");
    let all = ["notice 201", "open 1 Inactive", "status 1 Inactive 0/1"];
    assert_eq!(story.take(3).await, all);
}

/// (O27)
#[tokio::test]
async fn test_an_order_for_the_open_right_after_the_close_is_refused() {
    let (gateway, client, mut story) = at_190().await;
    // New York's time differs from UTC by whole hours, so that one of these hours is the close.
    let opening = Order { tif: TimeInForce::OnOpen, ..market_order(Action::Buy, 1.0) };

    for (id, hour) in [(1, 20), (2, 21)] {
        let wait = (hour * 3_600 + 2 - gateway.market_time()).rem_euclid(86_400);
        gateway.advance(Duration::from_secs(u64::try_from(wait).unwrap_or_default()));
        client.submit_order(id, &aapl(), &opening).await.unwrap();
        client.server_time().await.unwrap();
    }

    let told = story.take(5).await;
    assert_eq!(told.iter().filter(|line| *line == "notice 201").count(), 1, "{told:?}");
}

/// (O28)
#[tokio::test]
async fn test_an_order_with_children_of_no_preset_is_cancelled_with_them() {
    let (gateway, client, mut story) = at_190().await;
    let order = Order { preset_stop_loss_order_id: Some(2), ..resting() };

    client.submit_order(1, &aapl(), &order).await.unwrap();
    let told = story.take(3).await;
    client.submit_order(1, &aapl(), &resting()).await.unwrap();

    assert_eq!(told, ["notice 10355", "open 1 Cancelled", "status 1 Cancelled 0/1"]);
    assert_eq!(story.take(1).await, ["notice 103"]);
    assert_eq!(gateway.orders().len(), 1);
}

/// (O28)
#[test]
fn test_an_attached_order_that_is_malformed_cannot_be_read() {
    let gateway = gateway();
    let mut client = RawClient::connect(&gateway, 7);

    // BUY 1 AAPL LMT 50 with a stop-loss of type STP.
    client.send(
        PLACE_ORDER,
        b"\x08\x01\x12\x17\x12\x04AAPL\x1a\x03STK\x42\x05SMART\x52\x03USD\
          \x1a\x19\x2a\x03BUY\x32\x011\x42\x03LMT\x49\0\0\0\0\0\0\x49\x40\x90\x04\x01\
          \x22\x07\x08\x02\x12\x03STP",
    );

    assert_eq!(code_of(&client.read_until(ERROR)), Some(320));
    assert!(gateway.orders().is_empty());
}

/// The official client writes the message with every order.
#[test]
fn test_an_attached_order_that_names_none_is_none() {
    let gateway = gateway();
    let mut client = RawClient::connect(&gateway, 7);

    // BUY 1 AAPL LMT 50 with an empty message for attached orders.
    client.send(
        PLACE_ORDER,
        b"\x08\x01\x12\x17\x12\x04AAPL\x1a\x03STK\x42\x05SMART\x52\x03USD\
          \x1a\x19\x2a\x03BUY\x32\x011\x42\x03LMT\x49\0\0\0\0\0\0\x49\x40\x90\x04\x01\
          \x22\0",
    );
    client.read_until(OPEN_ORDER);

    assert_eq!(gateway.orders().len(), 1);
}

/// (O29)
#[tokio::test]
async fn test_a_trail_that_adjusts_by_unit_one_is_rejected() {
    let (_gateway, client, mut story) = at_190().await;
    let adjusted = |unit| Order {
        trigger_price: Some(170.0),
        adjusted_order_type: "TRAIL".into(),
        adjusted_stop_price: Some(175.0),
        adjusted_trailing_amount: Some(1.0),
        adjustable_trailing_unit: unit,
        trigger_method: TriggerMethod::Default,
        ..stop(Action::Sell, 1.0, 160.0)
    };

    client.submit_order(1, &aapl(), &adjusted(1)).await.unwrap();
    let refused = story.take(3).await;
    client.submit_order(2, &aapl(), &adjusted(100)).await.unwrap();

    assert_eq!(refused[..2], ["notice 201", "open 1 Inactive"]);
    assert_eq!(story.take(1).await, ["open 2 PreSubmitted"]);
}

/// (O31)
#[tokio::test]
async fn test_immediate_orders_end_in_their_own_ways() {
    let of = |tif: TimeInForce, limit| Order { tif, ..limit_order(Action::Buy, 1.0, limit) };
    let cases = [
        (TimeInForce::ImmediateOrCancel, vec!["PendingCancel", "Cancelled"]),
        (TimeInForce::FillOrKill, vec!["Inactive"]),
    ];

    for (tif, ends) in cases {
        let rules = MarketRules { kills_immediate: true, ..MarketRules::default() };
        let (gateway, client, mut story) = with_rules(rules).await;
        client.submit_order(1, &aapl(), &of(tif.clone(), 200.0)).await.unwrap();
        story.take(2).await;
        for end in ends {
            assert_eq!(story.take(2).await[1], format!("status 1 {end} 0/1"));
        }
        gateway.set_market_rules(MarketRules::default());
        client.submit_order(2, &aapl(), &of(tif, 200.0)).await.unwrap();
        assert_eq!(story.take(3).await[2], "execution 2 BOT 1 @ 190.1");
    }
}

/// (O25)
#[tokio::test]
async fn test_remarks_leave_the_order_alive() {
    let rules = MarketRules {
        notes_missing_zone: true,
        notes_direct_routing: true,
        ..MarketRules::default()
    };
    let (_gateway, client, mut story) = with_rules(rules).await;
    let dated = Order { good_after_time: "20200101 10:00:00".into(), ..resting() };
    let zoned = Order { good_after_time: "20200101 10:00:00 US/Eastern".into(), ..resting() };
    let direct = Contract { exchange: "NASDAQ".into(), ..aapl() };

    client.submit_order(1, &aapl(), &dated).await.unwrap();
    client.submit_order(2, &aapl(), &zoned).await.unwrap();
    client.submit_order(3, &direct, &resting()).await.unwrap();

    let told = story.take(8).await;
    let starts: Vec<_> = [0, 1, 3, 5, 6].into_iter().map(|place| told[place].as_str()).collect();
    let open = ["open 1 Submitted", "open 2 Submitted", "open 3 Submitted"];
    assert_eq!(starts, ["notice 2174", open[0], open[1], "notice 10311", open[2]]);
}

/// (O46)
#[tokio::test]
async fn test_a_global_cancel_ends_the_orders_of_everybody() {
    let (gateway, client, mut story) = at_190().await;
    let other = connect(&gateway, 8).await;
    let mut others = Story::of(&other).await;
    let by_hand = ManualOrder {
        symbol: "AAPL".into(),
        action: "BUY".into(),
        order_type: "LMT".into(),
        quantity: 1.0,
        limit_price: Some(50.0),
        ..ManualOrder::default()
    };
    gateway.place_manual_order(&by_hand).unwrap();
    client.submit_order(1, &aapl(), &resting()).await.unwrap();
    other.submit_order(1, &aapl(), &resting()).await.unwrap();
    story.take(2).await;
    others.take(2).await;

    client.global_cancel().await.unwrap();

    let told = ["open 1 Cancelled", "status 1 Cancelled 0/1", "notice 202"];
    assert_eq!(
        (story.take(3).await, others.take(3).await),
        (told.map(str::to_owned).into(), told.map(str::to_owned).into())
    );
    assert!(gateway.orders().iter().all(|order| order.status == "Cancelled"));
}

/// (O47)
#[test]
fn test_a_cancel_without_the_tags_of_its_version_is_refused() {
    let settings = Settings { max_server_version: 200, ..Settings::default() };
    let gateway = MockGateway::start(settings).expect("a free port on loopback");
    let mut client = TextClient::connect(&gateway, 7);

    // As it was before server version 192: id, version, order id, time of a manual cancel.
    client.send(&["4", "1", "1", ""]);
    let refused = refusal(&mut client);
    client.send(&["4", "1", "", "", ""]);

    assert_eq!(refused, "320");
    assert_eq!(refusal(&mut client), "10147");
}

/// The code of the next error that is no word of a farm.
fn refusal(client: &mut TextClient) -> String {
    loop {
        let code = client.read_until("4").swap_remove(2);
        if !code.starts_with("21") {
            return code;
        }
    }
}

/// (O62)
#[tokio::test]
async fn test_a_filled_order_cannot_be_changed() {
    let (_gateway, client, mut story) = at_190().await;
    client.submit_order(1, &aapl(), &market_order(Action::Buy, 1.0)).await.unwrap();
    story.take(6).await;

    client.submit_order(1, &aapl(), &market_order(Action::Buy, 2.0)).await.unwrap();

    assert_eq!(story.take(1).await, ["notice 104"]);
}

/// (O61)
#[tokio::test]
async fn test_a_refused_change_leaves_the_old_order_at_work() {
    let (gateway, client, mut story) = at_190().await;
    client.submit_order(1, &aapl(), &resting()).await.unwrap();
    story.take(2).await;

    let off_grid = limit_order(Action::Buy, 1.0, 50.003);
    client.submit_order(1, &aapl(), &off_grid).await.unwrap();
    let shapeless = Order { order_type: "NOPE".into(), ..resting() };
    client.submit_order(1, &aapl(), &shapeless).await.unwrap();
    let refused = story.take(2).await;
    gateway.set_price("AAPL", market(49.0, 49.5, 49.2)).unwrap();

    assert_eq!(refused, ["notice 110", "notice 321"]);
    assert_eq!(story.take(1).await, ["execution 1 BOT 1 @ 49.5"]);
}

/// (O60)
#[tokio::test]
async fn test_of_five_quick_changes_the_last_price_holds() {
    let (gateway, client, mut story) = at_190().await;
    client.submit_order(1, &aapl(), &stop(Action::Sell, 1.0, 150.0)).await.unwrap();
    story.take(4).await;

    for price in [151.0, 152.0, 153.0, 154.0, 155.0] {
        client.submit_order(1, &aapl(), &stop(Action::Sell, 1.0, price)).await.unwrap();
    }

    let pair = ["open 1 PreSubmitted", "status 1 PreSubmitted 0/1 trigger"];
    assert_eq!(story.take(4).await, [pair, pair].concat());
    story.take(16).await;
    assert_eq!(gateway.orders()[0].stop_price, Some(155.0));
}

/// (O72) A child that names no parent stays, whatever its autoCancelParent says.
#[tokio::test]
async fn test_a_cancelled_parent_takes_its_children_along() {
    let (gateway, client, mut story) = at_190().await;
    let entry = Order { transmit: false, ..resting() };
    let child = Order { parent_id: 1, transmit: false, ..limit_order(Action::Sell, 1.0, 250.0) };
    let last = Order { parent_id: 1, auto_cancel_parent: true, ..stop(Action::Sell, 1.0, 40.0) };
    client.submit_order(1, &aapl(), &entry).await.unwrap();
    client.submit_order(2, &aapl(), &child).await.unwrap();
    client.submit_order(3, &aapl(), &last).await.unwrap();
    story.take(8).await;
    let statuses = || gateway.orders().into_iter().map(|order| order.status).collect::<Vec<_>>();

    let _child = client.cancel_order(3, "").await.unwrap();
    story.take(3).await;
    assert_eq!(statuses(), ["Submitted", "PreSubmitted", "Cancelled"]);
    let _parent = client.cancel_order(1, "").await.unwrap();
    story.take(6).await;

    assert_eq!(statuses(), ["Cancelled", "Cancelled", "Cancelled"]);
}
