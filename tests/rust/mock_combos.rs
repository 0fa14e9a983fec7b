//! Combinations: their market, their executions and what they leave in the books.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use aioibkr_mock_gateway::MockGateway;
use ibapi::contracts::{ComboLeg, LegAction, SecurityType};
use ibapi::orders::Order;
use ibapi::orders::order_builder::{limit_order, market_order};
use ibapi::prelude::*;

use crate::mock_fixture::{gateway_with_client, market};
use crate::mock_order_story::Story;

const AAPL: i32 = 265_598;
const MSFT: i32 = 272_093;

async fn market_of_two() -> (MockGateway, Client, Story) {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).expect("a known symbol");
    gateway.set_price("MSFT", market(399.5, 400.5, 400.0)).expect("a known symbol");
    let story = Story::of(&client).await;
    (gateway, client, story)
}

/// Bought: two shares of AAPL for each of MSFT sold.
fn pair(second: i32) -> Contract {
    let leg = |contract_id: i32, ratio: i32, action: LegAction| ComboLeg {
        contract_id,
        ratio,
        action,
        exchange: "SMART".to_owned(),
        ..ComboLeg::default()
    };
    Contract {
        symbol: "AAPL,MSFT".into(),
        security_type: SecurityType::Spread,
        currency: "USD".into(),
        exchange: "SMART".into(),
        combo_legs: vec![leg(AAPL, 2, LegAction::Buy), leg(second, 1, LegAction::Sell)],
        ..Contract::default()
    }
}

#[tokio::test]
async fn test_a_combination_fills_as_a_whole_and_then_by_leg() {
    let (gateway, client, mut story) = market_of_two().await;

    client.submit_order(1, &pair(MSFT), &market_order(Action::Buy, 10.0)).await.unwrap();

    // (O56); a credit has a negative price (O55): 2 x 190.1 - 399.5.
    let told = [
        "open 1 PreSubmitted",
        "status 1 PreSubmitted 0/10",
        "execution 1 BOT 10 @ -19.3",
        "execution 1 BOT 20 @ 190.1",
        "execution 1 SLD 10 @ 399.5",
        "open 1 Filled",
        "status 1 Filled 10/0",
        "commission 1 None",
        "commission 1 None",
    ];
    let heard = story.take(told.len()).await;
    assert_eq!(heard[3..], told[3..]);
    assert!(heard[2].starts_with("execution 1 BOT 10 @ -19.3"), "{heard:?}");
    let legs: Vec<_> = gateway.executions().into_iter().map(|fill| fill.symbol).collect();
    assert_eq!(legs[1..], ["AAPL", "MSFT"]);
}

#[tokio::test]
async fn test_a_limit_on_a_combination_waits_for_any_of_its_legs() {
    let (gateway, client, mut story) = market_of_two().await;
    client.submit_order(1, &pair(MSFT), &limit_order(Action::Buy, 10.0, -25.0)).await.unwrap();
    story.take(2).await;
    assert!(gateway.executions().is_empty());

    gateway.set_price("MSFT", market(405.2, 405.4, 405.3)).unwrap();

    assert_eq!(gateway.orders()[0].status, "Filled");
}

#[tokio::test]
async fn test_a_combination_of_unknown_legs_is_refused() {
    let (_gateway, client, mut story) = market_of_two().await;

    client.submit_order(1, &pair(7), &market_order(Action::Buy, 10.0)).await.unwrap();

    assert_eq!(story.take(1).await, ["notice 312"]);
}

/// (O34)
#[tokio::test]
async fn test_trading_outside_of_hours_is_ignored_for_stocks_and_taken_for_options() {
    let (_gateway, client, mut story) = market_of_two().await;
    let far = Order { outside_rth: true, ..limit_order(Action::Buy, 1.0, -900.0) };
    let query = Contract {
        symbol: "AAPL".into(),
        security_type: SecurityType::Option,
        ..Contract::default()
    };
    let options = client.contract_details(&query).await.expect("options");
    let mut of_options = pair(options[0].contract.contract_id);
    of_options.combo_legs[0].contract_id = options[1].contract.contract_id;

    client.submit_order(1, &pair(MSFT), &far).await.unwrap();
    client.submit_order(2, &of_options, &far).await.unwrap();

    let told = story.take(5).await;
    assert_eq!(told[..2], ["notice 2109", "open 1 Submitted"]);
    assert_eq!(told[3], "open 2 Submitted");
}
