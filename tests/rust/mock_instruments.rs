//! The rarer kinds of securities: what their details say, and that they trade.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use ibapi::orders::order_builder::market_order;
use ibapi::prelude::*;

use crate::mock_fixture::{gateway_with_client, market};
use crate::mock_order_story::Story;

fn of_kind(symbol: &str, security_type: SecurityType) -> Contract {
    Contract {
        symbol: symbol.into(),
        security_type,
        exchange: "".into(),
        currency: "".into(),
        ..Contract::default()
    }
}

#[tokio::test]
async fn test_rarer_kinds_have_details_of_their_own() {
    let (_gateway, client) = gateway_with_client().await;
    let detail = async |symbol, kind| {
        let rows = client.contract_details(&of_kind(symbol, kind)).await.expect("details");
        (rows.len(), rows.into_iter().next().expect("a row"))
    };

    let (count, option) = detail("ES", SecurityType::FuturesOption).await;
    assert_eq!((count, option.contract.multiplier.as_str()), (14, "50"));
    assert_eq!(option.under_symbol, "ES");
    let (_, fund) = detail("MOKFX", SecurityType::MutualFund).await;
    assert_eq!(
        (fund.fund_name.as_str(), fund.fund_family.as_str()),
        ("MOCK INDEX FUND", "MOCK FUNDS")
    );
    let (_, difference) = detail("AAPL", SecurityType::CFD).await;
    assert_eq!(difference.contract.local_symbol, "AAPLn");
    let (_, warrant) = detail("AAPL", SecurityType::Warrant).await;
    assert_eq!((warrant.contract.strike, warrant.under_symbol.as_str()), (190.0, "AAPL"));
}

#[tokio::test]
async fn test_a_continuous_future_is_the_front_month_and_is_not_traded() {
    let (_gateway, client) = gateway_with_client().await;
    let mut story = Story::of(&client).await;
    let futures = client.contract_details(&of_kind("ES", SecurityType::Future)).await.unwrap();

    let continuous =
        client.contract_details(&of_kind("ES", SecurityType::ContinuousFuture)).await.unwrap();
    let order = market_order(Action::Buy, 1.0);
    client.submit_order(1, &of_kind("ES", SecurityType::ContinuousFuture), &order).await.unwrap();

    assert_eq!(continuous.len(), 1);
    assert_eq!(continuous[0].contract.contract_id, futures[0].contract.contract_id);
    assert_eq!(continuous[0].contract.security_type, SecurityType::ContinuousFuture);
    assert_eq!(story.take(1).await, ["notice 200"]);
}

#[tokio::test]
async fn test_rarer_kinds_trade_at_their_own_prices() {
    let (gateway, client) = gateway_with_client().await;
    let mut story = Story::of(&client).await;
    gateway.set_price("AAPL", market(1.0, 1.1, 1.0)).unwrap();

    for (id, (symbol, kind)) in (1..).zip([
        ("AAPL", SecurityType::CFD),
        ("MOKFX", SecurityType::MutualFund),
        ("AAPL", SecurityType::Warrant),
    ]) {
        let contract =
            client.contract_details(&of_kind(symbol, kind)).await.unwrap().swap_remove(0).contract;
        gateway.set_price(&contract.local_symbol, market(9.9, 10.0, 10.0)).unwrap();
        client.submit_order(id, &contract, &market_order(Action::Buy, 2.0)).await.unwrap();
        assert_eq!(story.take(6).await[2], format!("execution {id} BOT 2 @ 10"), "{symbol}");
    }
}

/// (K11), (O24)
#[tokio::test]
async fn test_without_permission_there_are_details_and_no_orders() {
    let (gateway, client) = gateway_with_client().await;
    let mut story = Story::of(&client).await;
    let kinds = [
        ("AAPL", SecurityType::CFD, "AAPLn"),
        ("BTC", SecurityType::Crypto, "BTC"),
        ("MOKFX", SecurityType::MutualFund, "MOKFX"),
    ];

    for (id, (symbol, kind, name)) in (1..).zip(kinds) {
        gateway.set_permission(name, false).unwrap();
        let contract =
            client.contract_details(&of_kind(symbol, kind)).await.unwrap().swap_remove(0).contract;
        client.submit_order(id, &contract, &market_order(Action::Buy, 1.0)).await.unwrap();
        assert_eq!(story.take(1).await, ["notice 460"], "{symbol}");
    }
    gateway.set_permission("AAPLn", true).unwrap();
    let cfd =
        client.contract_details(&of_kind("AAPL", SecurityType::CFD)).await.unwrap().swap_remove(0);
    client.submit_order(9, &cfd.contract, &market_order(Action::Buy, 1.0)).await.unwrap();

    assert_eq!(story.take(1).await, ["open 9 PreSubmitted"]);
}
