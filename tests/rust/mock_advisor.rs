//! An advisor's order for a group of accounts.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use aioibkr_mock_gateway::{MockGateway, Settings};
use ibapi::accounts::FaDataType;
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

fn two_to_one(method: &str) -> String {
    format!(
        "<ListOfGroups><Group><name>both</name><defaultMethod>{method}</defaultMethod>\
         <ListOfAccts varName=\"list\"><Account><acct>DU1</acct><amount>2</amount></Account>\
         <Account><acct>DU2</acct><amount>1</amount></Account></ListOfAccts></Group></ListOfGroups>"
    )
}

#[tokio::test]
async fn test_groups_that_are_replaced_are_shown_and_share_orders_by_their_method() {
    for (method, expected) in [("Ratio", [60.0, 30.0]), ("EqualQuantity", [45.0, 45.0])] {
        let gateway = advisor();
        let client = connect(&gateway, 7).await;
        let mut story = Story::of(&client).await;

        client.replace_fa(FaDataType::Groups, &two_to_one(method)).await.unwrap();
        let shown = client.request_fa(FaDataType::Groups).await.unwrap().xml;
        let order = Order { total_quantity: 90.0, ..for_group("both") };
        client.submit_order(1, &aapl(), &order).await.unwrap();

        assert!(shown.contains("<name>both</name>") && shown.contains(method), "{shown}");
        assert!(!shown.contains("<name>all</name>"), "{shown}");
        story.take(10).await;
        let parts: Vec<_> = gateway.executions().iter().map(|fill| fill.quantity).collect();
        assert_eq!(parts[1..], expected, "{method}");
    }
}

#[tokio::test]
async fn test_a_group_shares_by_what_its_accounts_are_worth() {
    let gateway = advisor();
    gateway.set_position("DU2", "AAPL", 10_000.0, 190.0).unwrap();
    let client = connect(&gateway, 7).await;
    let mut story = Story::of(&client).await;
    client.replace_fa(FaDataType::Groups, &two_to_one("NetLiq")).await.unwrap();

    client.submit_order(1, &aapl(), &for_group("both")).await.unwrap();

    // One million against 2.9 millions.
    story.take(10).await;
    let parts: Vec<_> = gateway.executions().iter().map(|fill| fill.quantity).collect();
    assert_eq!(parts, [100.0, 26.0, 74.0]);
}

#[tokio::test]
async fn test_aliases_are_the_accounts_until_they_are_replaced() {
    let gateway = advisor();
    let client = connect(&gateway, 7).await;
    let before = client.request_fa(FaDataType::AccountAliases).await.unwrap().xml;
    let named = "<ListOfAccountAliases><AccountAlias><account>DU1</account><alias>mum</alias>\
                 </AccountAlias></ListOfAccountAliases>";

    client.replace_fa(FaDataType::AccountAliases, named).await.unwrap();

    let after = client.request_fa(FaDataType::AccountAliases).await.unwrap().xml;
    assert!(before.contains("<alias>DU1</alias>"), "{before}");
    assert!(
        after.contains("<alias>mum</alias>") && after.contains("<alias>DU2</alias>"),
        "{after}"
    );
}

#[tokio::test]
async fn test_advisor_data_that_is_unsound_changes_nothing() {
    let gateway = advisor();
    let client = connect(&gateway, 7).await;
    let stranger = two_to_one("Ratio").replace("DU2", "DU9");

    for xml in ["<x/>", &stranger] {
        let refused = client.replace_fa(FaDataType::Groups, xml).await.unwrap_err();
        assert!(refused.to_string().contains("321"), "{refused}");
    }

    let shown = client.request_fa(FaDataType::Groups).await.unwrap().xml;
    assert!(shown.contains("<name>all</name>"), "{shown}");
}

/// (A18)
#[tokio::test]
async fn test_a_login_that_is_no_advisors_has_no_advisor_data() {
    let (_gateway, client) = crate::mock_fixture::gateway_with_client().await;

    let replaced = client.replace_fa(FaDataType::Groups, &two_to_one("Ratio")).await.unwrap_err();

    assert!(replaced.to_string().contains("321"), "{replaced}");
}
