//! Orders whose price the gateway works out: pegged to a market, a stock or a benchmark, priced by
//! volatility, or protected by a band.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use aioibkr_mock_gateway::{MarketRules, MockGateway, Prices};
use ibapi::orders::{Order, VolatilityType};
use ibapi::prelude::*;

use crate::mock_fixture::{aapl, gateway_with_client, market};
use crate::mock_order_story::Story;

const MSFT: i32 = 272_093;

async fn at_190() -> (MockGateway, Client, Story) {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).expect("a known symbol");
    gateway.set_price("MSFT", market(399.9, 400.1, 400.0)).expect("a known symbol");
    let story = Story::of(&client).await;
    (gateway, client, story)
}

fn typed(action: Action, order_type: &str) -> Order {
    Order { action, total_quantity: 10.0, order_type: order_type.to_owned(), ..Order::default() }
}

fn fills(gateway: &MockGateway) -> Vec<(f64, f64)> {
    gateway.executions().into_iter().map(|fill| (fill.quantity, fill.price)).collect()
}

/// A call on AAPL at 190 that is quoted at 5.00 to 5.20, and its local symbol.
async fn call(gateway: &MockGateway, client: &Client) -> (Contract, String) {
    let query = Contract {
        symbol: "AAPL".into(),
        security_type: SecurityType::Option,
        exchange: "SMART".into(),
        strike: 190.0,
        right: Some(OptionRight::Call),
        ..Contract::default()
    };
    let contract = client.contract_details(&query).await.expect("calls").swap_remove(3).contract;
    let name = contract.local_symbol.clone();
    gateway.set_price(&name, market(5.0, 5.2, 5.1)).expect("a known symbol");
    (contract, name)
}

#[tokio::test]
async fn test_a_peg_to_the_market_follows_it_and_trades_when_it_comes() {
    let (gateway, client, mut story) = at_190().await;
    let peg = Order { aux_price: Some(0.5), ..typed(Action::Buy, "PEG MKT") };
    client.submit_order(1, &aapl(), &peg).await.unwrap();
    story.take(2).await;

    gateway.set_price("AAPL", market(191.9, 192.1, 192.0)).unwrap();
    gateway.set_price("AAPL", market(191.5, 191.7, 191.6)).unwrap();
    assert!(fills(&gateway).is_empty());
    gateway.set_price("AAPL", market(190.9, 191.1, 191.0)).unwrap();

    // 0.50 below 191.70, which the ask has come down to.
    assert_eq!(fills(&gateway), [(10.0, 191.1)]);
}

#[tokio::test]
async fn test_a_relative_order_rests_above_the_bid_and_trades_when_the_ask_comes() {
    let (gateway, client, mut story) = at_190().await;
    let relative = Order { aux_price: Some(0.05), ..typed(Action::Buy, "REL") };
    client.submit_order(1, &aapl(), &relative).await.unwrap();
    story.take(2).await;

    gateway.set_price("AAPL", market(189.8, 190.0, 189.9)).unwrap();
    assert!(fills(&gateway).is_empty());
    gateway.set_price("AAPL", market(189.7, 189.85, 189.8)).unwrap();

    // It rested 0.05 above 189.80.
    assert_eq!(fills(&gateway), [(10.0, 189.85)]);
}

#[tokio::test]
async fn test_a_peg_to_the_best_outdoes_it_up_to_its_limit() {
    let (gateway, client, mut story) = at_190().await;
    let peg = Order {
        compete_against_best_offset: Some(0.05),
        limit_price: Some(190.0),
        ..typed(Action::Buy, "PEG BEST")
    };
    client.submit_order(1, &aapl(), &peg).await.unwrap();
    story.take(2).await;

    gateway.set_price("AAPL", market(189.9, 189.98, 189.94)).unwrap();
    assert!(fills(&gateway).is_empty());
    gateway.set_price("AAPL", market(189.85, 189.94, 189.9)).unwrap();

    assert_eq!(fills(&gateway), [(10.0, 189.94)]);
}

#[tokio::test]
async fn test_a_peg_to_a_stock_moves_an_options_price_by_its_delta() {
    let (gateway, client, mut story) = at_190().await;
    let (call, _) = call(&gateway, &client).await;
    let peg = Order {
        delta: Some(0.5),
        starting_price: Some(5.0),
        stock_ref_price: Some(190.0),
        ..typed(Action::Buy, "PEG STK")
    };
    client.submit_order(1, &call, &peg).await.unwrap();
    story.take(2).await;

    gateway.set_price("AAPL", market(190.1, 190.3, 190.2)).unwrap();
    assert!(fills(&gateway).is_empty());
    gateway.set_price("AAPL", market(190.3, 190.5, 190.4)).unwrap();

    // 5.00 and half of 0.40.
    assert_eq!(fills(&gateway), [(10.0, 5.2)]);
}

#[tokio::test]
async fn test_a_peg_to_a_stock_ends_when_the_stock_leaves_its_range() {
    let (gateway, client, mut story) = at_190().await;
    let (call, _) = call(&gateway, &client).await;
    let peg = Order {
        delta: Some(0.5),
        starting_price: Some(1.0),
        stock_range_lower: Some(185.0),
        ..typed(Action::Buy, "PEG STK")
    };
    client.submit_order(1, &call, &peg).await.unwrap();
    story.take(2).await;

    gateway.set_price("AAPL", market(184.0, 184.2, 184.1)).unwrap();

    let gone = ["open 1 PendingCancel", "status 1 Cancelled 0/10", "notice 202"];
    assert_eq!(story.take(3).await, gone);
}

#[tokio::test]
async fn test_a_peg_to_a_benchmark_moves_with_it_in_steps() {
    let (gateway, client, mut story) = at_190().await;
    let peg = Order {
        reference_contract_id: MSFT,
        starting_price: Some(190.0),
        stock_ref_price: Some(400.0),
        pegged_change_amount: Some(0.05),
        reference_change_amount: Some(1.0),
        ..typed(Action::Buy, "PEG BENCH")
    };
    client.submit_order(1, &aapl(), &peg).await.unwrap();
    story.take(2).await;

    gateway.set_price("MSFT", market(401.8, 402.0, 401.9)).unwrap();
    assert!(fills(&gateway).is_empty());
    gateway.set_price("MSFT", market(402.0, 402.2, 402.1)).unwrap();

    assert_eq!(fills(&gateway), [(10.0, 190.1)]);
}

#[tokio::test]
async fn test_a_volatility_order_follows_the_stock_if_it_is_to() {
    for (is_continuous, expected) in [(true, vec![(10.0, 5.2)]), (false, vec![])] {
        let (gateway, client, mut story) = at_190().await;
        let (call, _) = call(&gateway, &client).await;
        let order = Order {
            volatility: Some(5.0),
            volatility_type: Some(VolatilityType::Annual),
            continuous_update: is_continuous,
            ..typed(Action::Buy, "VOL")
        };
        client.submit_order(1, &call, &order).await.unwrap();
        story.take(2).await;
        assert!(fills(&gateway).is_empty());

        gateway.set_price("AAPL", market(229.9, 230.1, 230.0)).unwrap();

        assert_eq!(fills(&gateway), expected, "{is_continuous}");
    }
}

#[tokio::test]
async fn test_protected_orders_trade_no_further_than_their_band() {
    let (gateway, client, mut story) = at_190().await;
    gateway.set_market_rules(MarketRules { fills_by_size: true, ..MarketRules::default() });
    gateway.set_price("AAPL", Prices { ask_size: Some(4.0), ..Prices::default() }).unwrap();
    client.submit_order(1, &aapl(), &typed(Action::Buy, "MKT PRT")).await.unwrap();
    story.take(6).await;

    gateway
        .set_price("AAPL", Prices { ask_size: Some(9.0), ..market(190.2, 190.4, 190.3) })
        .unwrap();
    assert_eq!(fills(&gateway), [(4.0, 190.1)]);
    gateway.set_price("AAPL", market(190.0, 190.2, 190.1)).unwrap();

    assert_eq!(fills(&gateway), [(4.0, 190.1), (6.0, 190.2)]);
}

#[tokio::test]
async fn test_a_protected_stop_does_not_sell_below_its_band() {
    let (gateway, client, mut story) = at_190().await;
    let protected = Order { aux_price: Some(185.0), ..typed(Action::Sell, "STP PRT") };
    client.submit_order(1, &aapl(), &protected).await.unwrap();
    story.take(4).await;

    gateway.set_price("AAPL", market(180.0, 180.2, 180.1)).unwrap();
    assert_eq!((gateway.orders()[0].status.as_str(), fills(&gateway)), ("Submitted", vec![]));
    gateway.set_price("AAPL", market(184.9, 185.1, 185.0)).unwrap();

    assert_eq!(fills(&gateway), [(10.0, 184.9)]);
}

#[tokio::test]
async fn test_a_price_that_cannot_be_worked_out_is_refused() {
    let (gateway, client, mut story) = at_190().await;
    let (call, _) = call(&gateway, &client).await;
    let bench = |reference_contract_id| Order {
        reference_contract_id,
        starting_price: Some(190.0),
        reference_change_amount: Some(1.0),
        ..typed(Action::Buy, "PEG BENCH")
    };
    let cases = [
        (aapl(), Order { volatility: Some(20.0), ..typed(Action::Buy, "VOL") }),
        (call.clone(), typed(Action::Buy, "VOL")),
        (call, typed(Action::Buy, "PEG STK")),
        (aapl(), bench(1)),
        (aapl(), Order { starting_price: None, ..bench(MSFT) }),
    ];

    for (id, (contract, order)) in (1..).zip(cases) {
        client.submit_order(id, &contract, &order).await.unwrap();
        assert_eq!(story.take(1).await, ["notice 321"], "{id} {}", order.order_type);
    }
}
