//! Orders of the mock gateway: what a foreign client is told, in order, and what is recorded.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use aioibkr_mock_gateway::Fault;
use ibapi::orders::order_builder::{limit_order, market_order, stop};
use ibapi::orders::{Executions, Order};
use ibapi::prelude::*;

use crate::mock_fixture::{ACCOUNT, aapl, connect, gateway_with_client, market};
use crate::mock_order_story::{Story, drain};

/// (O1), (O50), (E6), (E8)
#[tokio::test]
async fn test_a_market_order_fills_at_the_ask_and_pays_commission() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).unwrap();
    let mut story = Story::of(&client).await;

    client.submit_order(1, &aapl(), &market_order(Action::Buy, 100.0)).await.unwrap();

    let told = [
        "open 1 PreSubmitted",
        "status 1 PreSubmitted 0/100",
        "execution 1 BOT 100 @ 190.1",
        "open 1 Filled",
        "status 1 Filled 100/0",
        "commission 1 None",
    ];
    assert_eq!(story.take(told.len()).await, told);
    let [execution] = &gateway.executions()[..] else { panic!("one execution") };
    assert_eq!((execution.quantity, execution.price, execution.commission), (100.0, 190.1, 1.0));
    assert_eq!(gateway.orders()[0].status, "Filled");
}

/// (E7)
#[tokio::test]
async fn test_a_closing_trade_realizes_the_difference_less_both_commissions() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(100.0, 100.0, 100.0)).unwrap();
    let mut story = Story::of(&client).await;
    client.submit_order(1, &aapl(), &market_order(Action::Buy, 10.0)).await.unwrap();
    story.take(6).await;
    gateway.set_price("AAPL", market(110.0, 110.0, 110.0)).unwrap();

    client.submit_order(2, &aapl(), &market_order(Action::Sell, 10.0)).await.unwrap();

    assert_eq!(story.take(6).await.last().unwrap(), "commission 1 Some(98.0)");
}

#[tokio::test]
async fn test_a_resting_limit_fills_when_the_price_comes_to_it() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).unwrap();
    let mut story = Story::of(&client).await;
    client.submit_order(1, &aapl(), &limit_order(Action::Buy, 10.0, 189.0)).await.unwrap();
    let resting = story.take(2).await;

    gateway.set_price("AAPL", market(188.4, 188.5, 188.5)).unwrap();

    assert_eq!(resting, ["open 1 Submitted", "status 1 Submitted 0/10"]);
    assert_eq!(story.take(1).await, ["execution 1 BOT 10 @ 188.5"]);
}

/// (O40)
#[tokio::test]
async fn test_a_cancel_is_told_as_a_pair_and_then_202() {
    let (_gateway, client) = gateway_with_client().await;
    let mut story = Story::of(&client).await;
    client.submit_order(1, &aapl(), &limit_order(Action::Buy, 10.0, 50.0)).await.unwrap();
    story.take(2).await;

    let _cancel = client.cancel_order(1, "").await.unwrap();

    let told = ["open 1 Cancelled", "status 1 Cancelled 0/10", "notice 202"];
    assert_eq!(story.take(3).await, told);
}

/// (O7), (O8), (O9)
#[tokio::test]
async fn test_a_stop_waits_shown_twice_and_triggers() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).unwrap();
    let mut story = Story::of(&client).await;
    client.submit_order(1, &aapl(), &stop(Action::Sell, 10.0, 185.0)).await.unwrap();
    let waiting = story.take(4).await;

    gateway.set_price("AAPL", market(184.0, 184.2, 184.1)).unwrap();

    let pair = ["open 1 PreSubmitted", "status 1 PreSubmitted 0/10 trigger"];
    assert_eq!(waiting, [pair, pair].concat());
    let told = ["open 1 Submitted", "status 1 Submitted 0/10", "execution 1 SLD 10 @ 184"];
    assert_eq!(story.take(3).await, told);
}

/// (O21), (O22), (O24), (O43)
#[tokio::test]
async fn test_refusals_carry_their_codes() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).unwrap();
    let mut story = Story::of(&client).await;
    let unknown = Contract::stock("NOPE").build();
    let unlisted = limit_order(Action::Buy, 1.0, 50.0);
    let off_grid = limit_order(Action::Buy, 1.0, 50.003);
    let too_large = market_order(Action::Buy, 1e6);

    client.submit_order(1, &unknown, &unlisted).await.unwrap();
    client.submit_order(2, &aapl(), &off_grid).await.unwrap();
    client.submit_order(3, &aapl(), &too_large).await.unwrap();
    client.submit_order(2, &aapl(), &unlisted).await.unwrap();
    let _cancel = client.cancel_order(99, "").await.unwrap();

    let told = [
        "notice 200",
        "notice 110",
        "notice 201",
        "open 3 Inactive",
        "status 3 Inactive 0/1000000",
        "notice 103",
        "notice 10147",
    ];
    assert_eq!(story.take(told.len()).await, told);
}

/// (O60), (O61), (O64)
#[tokio::test]
async fn test_a_modified_order_keeps_its_id_and_a_refused_change_keeps_it_alive() {
    let (gateway, client) = gateway_with_client().await;
    let mut story = Story::of(&client).await;
    client.submit_order(1, &aapl(), &limit_order(Action::Buy, 10.0, 50.0)).await.unwrap();
    story.take(2).await;

    client.submit_order(1, &aapl(), &limit_order(Action::Buy, 10.0, 51.0)).await.unwrap();
    client.submit_order(1, &aapl(), &limit_order(Action::Sell, 10.0, 500.0)).await.unwrap();

    let told = ["open 1 Submitted", "status 1 Submitted 0/10", "notice 105"];
    assert_eq!(story.take(3).await, told);
    let orders = gateway.orders();
    assert_eq!((orders[0].limit_price, orders[0].status.as_str()), (Some(51.0), "Submitted"));
}

#[tokio::test]
async fn test_faults_reject_hold_back_and_cut_fills() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).unwrap();
    let mut story = Story::of(&client).await;

    let reject = gateway.inject(Fault::RejectOrder(460, "no permission".into())).unwrap();
    client.submit_order(1, &aapl(), &market_order(Action::Buy, 10.0)).await.unwrap();
    assert_eq!(story.take(1).await, ["notice 460"]);
    reject.clear();

    let partial = gateway.inject(Fault::PartialFill(4.0)).unwrap();
    client.submit_order(2, &aapl(), &market_order(Action::Buy, 10.0)).await.unwrap();
    let told = ["execution 2 BOT 4 @ 190.1", "open 2 PreSubmitted", "status 2 PreSubmitted 4/6"];
    assert_eq!(story.take(6).await[2..5], told);
    partial.clear();
    assert_eq!(story.take(4).await[2], "status 2 Filled 10/0");

    let late = gateway.inject(Fault::LateFill).unwrap();
    client.submit_order(3, &aapl(), &market_order(Action::Buy, 10.0)).await.unwrap();
    story.take(2).await;
    assert_eq!(gateway.executions().len(), 2);
    late.clear();
    assert_eq!(story.take(1).await, ["execution 3 BOT 10 @ 190.1"]);
}

/// (O70), (O71)
#[tokio::test]
async fn test_a_bracket_works_when_its_last_leg_is_sent_and_one_exit_cancels_the_other() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).unwrap();
    let entry = Order { transmit: false, ..market_order(Action::Buy, 10.0) };
    let profit = Order { parent_id: 1, transmit: false, ..limit_order(Action::Sell, 10.0, 195.0) };
    let loss = Order { parent_id: 1, ..stop(Action::Sell, 10.0, 185.0) };

    client.submit_order(1, &aapl(), &entry).await.unwrap();
    client.submit_order(2, &aapl(), &profit).await.unwrap();
    client.submit_order(3, &aapl(), &loss).await.unwrap();
    client.server_time().await.unwrap();
    gateway.set_price("AAPL", market(195.5, 195.7, 195.6)).unwrap();

    let statuses: Vec<_> = gateway.orders().into_iter().map(|order| order.status).collect();
    assert_eq!(statuses, ["Filled", "Filled", "Cancelled"]);
}

/// (E1), (P1)
#[tokio::test]
async fn test_queries_tell_open_orders_executions_and_completed_orders() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).unwrap();
    let order = Order { order_ref: "mine".into(), ..market_order(Action::Buy, 10.0) };
    client.submit_order(1, &aapl(), &order).await.unwrap();
    client.submit_order(2, &aapl(), &limit_order(Action::Buy, 5.0, 50.0)).await.unwrap();
    client.server_time().await.unwrap();

    let open = client.open_orders().await.unwrap().filter_data();
    let open = drain(open).await;
    let executions =
        drain(client.executions(ExecutionFilter::default()).await.unwrap().filter_data());
    let executions = executions.await;
    let completed = drain(client.completed_orders(false).await.unwrap().filter_data()).await;

    assert_eq!(open.len(), 2);
    let [Executions::ExecutionData(fill), Executions::CommissionReport(_)] = &executions[..] else {
        panic!("a fill and its commission: {executions:?}")
    };
    assert_eq!(fill.execution.order_reference, "mine");
    let [Orders::OrderData(done)] = &completed[..] else { panic!("one order: {completed:?}") };
    assert_eq!((done.order.total_quantity, done.order.filled_quantity), (0.0, 10.0));
}

#[tokio::test]
async fn test_ids_go_on_after_a_reconnect_and_orders_live_on() {
    let (gateway, client) = gateway_with_client().await;
    client.submit_order(5, &aapl(), &limit_order(Action::Buy, 5.0, 50.0)).await.unwrap();
    client.server_time().await.unwrap();
    client.disconnect().await;
    drop(client);
    gateway.drop_connections().unwrap();

    let client = connect(&gateway, 7).await;
    let open = drain(client.open_orders().await.unwrap().filter_data()).await;

    assert_eq!(client.next_valid_order_id().await.unwrap(), 6);
    let Orders::OrderData(order) = &open[0] else { panic!("an order: {open:?}") };
    assert_eq!((order.order_id, order.order.account.as_str()), (5, ACCOUNT));
}

/// (O75), (O77)
#[tokio::test]
async fn test_a_preview_shows_margins_and_places_nothing() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).unwrap();
    let contract = aapl();

    let state = client.order(&contract).buy(100).market().analyze().await.unwrap();

    assert_eq!(state.commission, Some(1.0));
    assert_eq!((state.minimum_commission, state.maximum_commission), (None, None));
    assert_eq!(state.initial_margin_change, Some(4750.0));
    assert!(gateway.orders().is_empty());
}

/// (O51)
#[tokio::test]
async fn test_the_commission_of_a_future_comes_some_frames_behind_its_execution() {
    let (_gateway, client) = gateway_with_client().await;
    let any = Contract {
        symbol: "ES".into(),
        security_type: SecurityType::Future,
        exchange: "CME".into(),
        ..Contract::default()
    };
    let front = client.contract_details(&any).await.unwrap().swap_remove(0).contract;
    let mut story = Story::of(&client).await;

    client.submit_order(1, &front, &market_order(Action::Buy, 1.0)).await.unwrap();

    let told = story.take(6).await;
    assert!(told[2].starts_with("execution 1 BOT 1"), "{told:?}");
    assert_eq!(told[3..], ["open 1 Filled", "status 1 Filled 1/0", "commission 2.25 None"]);
}
