//! Groups, brackets, conditions, changes, the end of the day: what orders do to each other and what
//! time does to them.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use std::time::Duration;

use aioibkr_mock_gateway::{Fault, MarketRules, MockGateway, PriceProcess};
use ibapi::orders::conditions::PriceCondition;
use ibapi::orders::order_builder::{limit_order, market_order, stop};
use ibapi::orders::{ExecutionFilter, OcaType, Order, OrderCondition};
use ibapi::prelude::*;

use crate::mock_fixture::{aapl, gateway_with_client, market};
use crate::mock_order_story::{Story, drain};

const DAY: Duration = Duration::from_secs(86_400);

async fn at_190() -> (MockGateway, Client, Story) {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).expect("a known symbol");
    let story = Story::of(&client).await;
    (gateway, client, story)
}

fn of_group(order: Order, oca_type: OcaType) -> Order {
    Order { oca_group: "exit".to_owned(), oca_type, ..order }
}

#[tokio::test]
async fn test_a_partial_fill_reduces_its_group_or_cancels_it() {
    // (O74)
    let cases = [
        (OcaType::CancelWithBlock, ("Cancelled".to_owned(), 10.0)),
        (OcaType::ReduceWithBlock, ("Submitted".to_owned(), 6.0)),
        (OcaType::ReduceWithoutBlock, ("Submitted".to_owned(), 6.0)),
    ];

    for (kind, expected) in cases {
        let (gateway, client, _story) = at_190().await;
        let _partial = gateway.inject(Fault::PartialFill(4.0)).unwrap();
        let rests = of_group(limit_order(Action::Buy, 10.0, 150.0), kind);
        let fills = of_group(limit_order(Action::Buy, 10.0, 190.1), kind);
        client.submit_order(1, &aapl(), &rests).await.unwrap();
        client.submit_order(2, &aapl(), &fills).await.unwrap();
        client.server_time().await.unwrap();

        let order = gateway.orders().remove(0);
        assert_eq!((order.status, order.quantity), expected, "{kind:?}");
    }
}

#[tokio::test]
async fn test_a_partly_filled_profit_leg_reduces_the_loss_leg() {
    let (gateway, client, _story) = at_190().await;
    let entry = Order { transmit: false, ..market_order(Action::Buy, 10.0) };
    let profit = Order { parent_id: 1, transmit: false, ..limit_order(Action::Sell, 10.0, 195.0) };
    let loss = Order { parent_id: 1, ..stop(Action::Sell, 10.0, 185.0) };
    client.submit_order(1, &aapl(), &entry).await.unwrap();
    client.submit_order(2, &aapl(), &profit).await.unwrap();
    client.submit_order(3, &aapl(), &loss).await.unwrap();
    client.server_time().await.unwrap();

    let _partial = gateway.inject(Fault::PartialFill(4.0)).unwrap();
    gateway.set_price("AAPL", market(195.5, 195.7, 195.6)).unwrap();

    let orders = gateway.orders();
    assert_eq!((orders[1].filled, orders[2].quantity), (4.0, 6.0));
}

#[tokio::test]
async fn test_a_child_sent_again_after_its_parent_is_done_is_told_135() {
    let (_gateway, client, mut story) = at_190().await;
    client.submit_order(1, &aapl(), &market_order(Action::Buy, 10.0)).await.unwrap();
    story.take(6).await;
    let child = Order { parent_id: 1, ..limit_order(Action::Sell, 10.0, 195.0) };

    client.submit_order(2, &aapl(), &child).await.unwrap();

    // (O66)
    assert_eq!(story.take(1).await, ["notice 135"]);
}

#[tokio::test]
async fn test_a_change_to_market_shows_its_status_before_the_execution() {
    let (_gateway, client, mut story) = at_190().await;
    client.submit_order(1, &aapl(), &limit_order(Action::Buy, 10.0, 150.0)).await.unwrap();
    story.take(2).await;

    client.submit_order(1, &aapl(), &market_order(Action::Buy, 10.0)).await.unwrap();

    // (O52)
    let told = [
        "open 1 Submitted",
        "status 1 Submitted 0/10",
        "open 1 Filled",
        "status 1 Filled 10/0",
        "execution 1 BOT 10 @ 190.1",
        "commission 1 None",
    ];
    assert_eq!(story.take(6).await, told);
}

#[tokio::test]
async fn test_a_held_order_is_silent_and_its_cancel_comes_from_the_gateway() {
    let (_gateway, client, mut story) = at_190().await;
    let held = Order { transmit: false, ..limit_order(Action::Buy, 10.0, 150.0) };
    client.submit_order(1, &aapl(), &held).await.unwrap();

    let _cancel = client.cancel_order(1, "").await.unwrap();

    // (O30)
    let told = ["open 1 ApiCancelled", "status 1 ApiCancelled 0/10", "notice 202"];
    assert_eq!(story.take(3).await, told);
}

#[tokio::test]
async fn test_settings_show_the_pending_states() {
    let (gateway, client, mut story) = at_190().await;
    gateway.set_market_rules(MarketRules {
        shows_pending_submit: true,
        shows_pending_cancel: true,
        ..MarketRules::default()
    });
    client.submit_order(1, &aapl(), &limit_order(Action::Buy, 10.0, 150.0)).await.unwrap();

    let _cancel = client.cancel_order(1, "").await.unwrap();

    // (O4)
    let told = story.take(9).await;
    let names = [&told[1], &told[3], &told[5], &told[7]];
    let expected = ["PendingSubmit", "Submitted", "PendingCancel", "Cancelled"];
    assert!(names.iter().zip(expected).all(|(line, name)| line.contains(name)), "{told:?}");
}

#[tokio::test]
async fn test_a_condition_holds_an_order_back_until_it_is_met() {
    let (gateway, client, mut story) = at_190().await;
    let contract_id = 265_598;
    let condition = PriceCondition::builder(contract_id, "SMART").greater_than(192.0).build();
    let order = Order {
        conditions: vec![OrderCondition::Price(condition)],
        ..market_order(Action::Buy, 10.0)
    };
    client.submit_order(1, &aapl(), &order).await.unwrap();
    let waiting = story.take(2).await;
    gateway.set_price("AAPL", market(190.9, 191.1, 191.0)).unwrap();
    assert!(gateway.executions().is_empty());

    gateway.set_price("AAPL", market(192.9, 193.1, 193.0)).unwrap();

    assert_eq!(waiting[1], "status 1 PreSubmitted 0/10");
    assert_eq!(gateway.executions()[0].price, 193.1);
}

#[tokio::test]
async fn test_a_new_day_forgets_executions_and_completed_orders_unless_asked() {
    let (gateway, client, mut story) = at_190().await;
    client.submit_order(1, &aapl(), &market_order(Action::Buy, 10.0)).await.unwrap();
    story.take(6).await;
    let asked = |filter: ExecutionFilter| async {
        drain(client.executions(filter).await.unwrap().filter_data()).await.len()
    };
    assert_eq!(asked(ExecutionFilter::default()).await, 2);

    // Four days on there was a weekday's midnight, whatever today is.
    gateway.advance(DAY * 4);

    // (E3), (P6)
    assert_eq!(asked(ExecutionFilter::default()).await, 0);
    assert_eq!(asked(ExecutionFilter { last_n_days: 5, ..Default::default() }).await, 2);
    assert!(drain(client.completed_orders(false).await.unwrap().filter_data()).await.is_empty());
}

#[tokio::test]
async fn test_a_finished_order_is_unknown_to_a_cancel_after_some_minutes() {
    let (gateway, client, mut story) = at_190().await;
    client.submit_order(1, &aapl(), &market_order(Action::Buy, 10.0)).await.unwrap();
    story.take(6).await;
    let _cancel = client.cancel_order(1, "").await.unwrap();
    assert_eq!(story.take(1).await, ["notice 10148"]);

    gateway.advance(Duration::from_secs(600));
    let _cancel = client.cancel_order(1, "").await.unwrap();

    // (O43)
    assert_eq!(story.take(1).await, ["notice 10147"]);
}

#[tokio::test]
async fn test_a_correction_raises_the_last_group_and_the_books_follow() {
    let (gateway, client, mut story) = at_190().await;
    client.submit_order(1, &aapl(), &market_order(Action::Buy, 10.0)).await.unwrap();
    story.take(6).await;
    let old = gateway.executions().remove(0);

    gateway.correct_execution(&old.exec_id, 180.0).unwrap();

    // (B17)
    assert_eq!(story.take(1).await, ["execution 1 BOT 10 @ 180"]);
    let new = gateway.executions().remove(0);
    assert_eq!(new.exec_id, old.exec_id.replace(".01.01", ".01.02"));
    let position = drain_positions(&client).await;
    assert_eq!(position, (10.0, 180.1));
    gateway.bust_execution(&new.exec_id).unwrap();
    assert!(gateway.executions().is_empty());
    assert!(gateway.bust_execution(&new.exec_id).is_err());
}

async fn drain_positions(client: &Client) -> (f64, f64) {
    let mut positions = client.positions().await.expect("positions").filter_data();
    match crate::mock_fixture::next(&mut positions).await.expect("a position") {
        PositionUpdate::Position(position) => (position.position, position.average_cost),
        PositionUpdate::PositionEnd => panic!("no position"),
    }
}

#[tokio::test]
async fn test_prices_walk_the_same_way_for_the_same_seed() {
    let walk = || async {
        let (gateway, client, mut story) = at_190().await;
        let process = PriceProcess { interval: Duration::from_secs(1), most_ticks: 50 };
        gateway.set_price_process("AAPL", Some(process)).unwrap();
        gateway.advance(Duration::from_secs(100));
        gateway.set_price_process("AAPL", None).unwrap();
        client.submit_order(1, &aapl(), &market_order(Action::Buy, 10.0)).await.unwrap();
        story.take(6).await;
        gateway.executions()[0].price
    };

    let price = walk().await;

    assert_ne!(price, 190.1);
    assert_eq!(price, walk().await);
}
