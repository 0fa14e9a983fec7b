//! An advisor's order for a group of accounts.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use aioibkr_mock_gateway::{MockGateway, Settings};
use ibapi::orders::Order;
use ibapi::orders::order_builder::market_order;
use ibapi::prelude::*;

use crate::mock_fixture::{aapl, connect, market};
use crate::mock_order_story::Story;

fn advisor() -> MockGateway {
    let accounts = ["F1", "DU1", "DU2"].map(str::to_owned).into();
    let gateway = MockGateway::start(Settings { accounts, ..Settings::default() });
    let gateway = gateway.expect("a free port on loopback");
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).expect("a known symbol");
    gateway.set_group("all", &[("DU1", 3.0), ("DU2", 1.0)]).expect("known accounts");
    gateway
}

fn for_group(name: &str) -> Order {
    Order { fa_group: name.into(), ..market_order(Action::Buy, 100.0) }
}

/// (A20)
#[tokio::test]
async fn test_a_group_fill_is_told_whole_and_then_by_account() {
    let gateway = advisor();
    let client = connect(&gateway, 7).await;
    let mut story = Story::of(&client).await;

    client.submit_order(1, &aapl(), &for_group("all")).await.unwrap();

    // (A20)
    let told = [
        "open 1 PreSubmitted",
        "status 1 PreSubmitted 0/100",
        "execution 1 BOT 100 @ 190.1",
        "open 1 Filled",
        "status 1 Filled 100/0",
        "commission 2 None",
        "execution 1 BOT 75 @ 190.1",
        "commission 1 None",
        "execution 1 BOT 25 @ 190.1",
        "commission 1 None",
    ];
    assert_eq!(story.take(told.len()).await, told);
    let accounts: Vec<_> = gateway.executions().into_iter().map(|fill| fill.account).collect();
    assert_eq!(accounts, ["F1", "DU1", "DU2"]);
}

#[tokio::test]
async fn test_a_group_that_is_not_there_is_refused() {
    let gateway = advisor();
    let client = connect(&gateway, 7).await;
    let mut story = Story::of(&client).await;

    client.submit_order(1, &aapl(), &for_group("none")).await.unwrap();

    assert_eq!(story.take(1).await, ["notice 321"]);
    assert!(gateway.set_group("all", &[("DU9", 1.0)]).is_err());
}
