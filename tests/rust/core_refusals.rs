//! Orders that must not be sent: nonsense, consent, read-only, no link, risk limits.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use aioibkr_core::model::{Action, ClientId, Order, OrderId, OrderType};
use aioibkr_core::{Config, ErrorKind};
use aioibkr_mock_gateway::{Fault, MockGateway, Settings};

use crate::core_gateway::{MILLI, SECOND, config, connected, connected_with, eventually};
use crate::core_orders::{aapl, market, placed, quote, resting};

#[tokio::test]
async fn core_nonsense_is_refused_and_nothing_is_sent() {
    let gateway = market();
    let client = connected(&gateway).await;
    let with = |order_type: OrderType, limit: Option<f64>, stop: Option<f64>| Order {
        order_type,
        limit_price: limit,
        stop_price: stop,
        ..Order::market(Action::Buy, 1.into())
    };
    let table = [
        (Order::market(Action::Buy, 0.into()), "quantity"),
        (Order::market(Action::Buy, (-1).into()), "quantity"),
        (with(OrderType::Limit, Some(f64::NAN), None), "price"),
        (with(OrderType::Limit, None, None), "price"),
        (with(OrderType::Stop, None, Some(f64::INFINITY)), "stop"),
        (with(OrderType::StopLimit, Some(1.0), None), "stop"),
    ];

    for (order, rule) in table {
        let error = client.place(aapl(), order.clone(), None, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OrderRefused, "{order:?}");
        assert_eq!(error.details()["rule"], rule);
        assert!(client.check_order(aapl(), order, None).await.is_err());
    }
    assert!(gateway.requests(Some("place_order")).unwrap().is_empty());
}

#[tokio::test]
async fn core_a_live_account_needs_consent() {
    let accounts = vec!["U1234567".to_owned()];
    let gateway = MockGateway::start(Settings { accounts, ..Settings::default() }).unwrap();
    quote(&gateway, 190.0);
    let client = connected(&gateway).await;
    let consenting =
        connected_with(Config { client_id: ClientId(8), allow_live: true, ..config(&gateway) })
            .await;

    let error = client.place(aapl(), resting(1), None, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LiveTradingDisabled);

    consenting.place(aapl(), resting(1), None, None).await.unwrap();
    assert_eq!(gateway.orders().len(), 1);
}

#[tokio::test]
async fn core_a_read_only_client_changes_nothing() {
    let gateway = market();
    let client = connected_with(Config { read_only: true, ..config(&gateway) }).await;

    let errors = [
        client.place(aapl(), resting(1), None, None).await.map(drop).unwrap_err(),
        client.cancel(OrderId(1), None).await.map(drop).unwrap_err(),
        client.cancel_all(None).await.map(drop).unwrap_err(),
    ];

    assert!(errors.iter().all(|error| error.kind() == ErrorKind::ReadOnly), "{errors:?}");
    assert!(gateway.requests(Some("place_order")).unwrap().is_empty());
}

#[tokio::test]
async fn core_nothing_is_placed_without_a_link() {
    let gateway = market();
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();
    gateway.down().unwrap();
    eventually("the loss", || !client.is_connected()).await;

    let error = client.place(aapl(), resting(1), None, None).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::ConnectionLost);
    gateway.up().unwrap();
    eventually("the link is back", || client.is_connected()).await;
    client.wait_ready(Some(5 * SECOND)).await.unwrap();
    assert!(gateway.orders().is_empty());
}

#[tokio::test]
async fn core_orders_that_are_not_known_yet_hold_a_placement_back() {
    let gateway = market();
    let _mute = gateway.inject(Fault::Mute("open_order_end".into())).unwrap();
    let client = connected(&gateway).await;

    let timeout = Some(300 * MILLI);
    let error = client.place(aapl(), resting(1), None, timeout).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::OrderRefused);
    assert_eq!(error.details()["rule"], "not_sent");
    assert!(gateway.orders().is_empty());
    assert!(!client.is_ready());
}

#[tokio::test]
async fn core_the_limits_hold() {
    let gateway = market();
    let risk = Some(aioibkr_core::model::RiskLimits::default());
    let client = connected_with(Config { risk, ..config(&gateway) }).await;
    let buy = |quantity: i64| Order::market(Action::Buy, quantity.into());
    let table = [
        (buy(1001), "size"),
        (buy(300), "value"),
        (Order::market(Action::Sell, 1.into()), "position"),
    ];

    for (order, rule) in table {
        let error = client.place(aapl(), order, None, None).await.unwrap_err();
        assert_eq!(error.details().get("rule").map(String::as_str), Some(rule), "{error}");
    }
    client.check_order(aapl(), buy(10), None).await.unwrap();
    assert!(gateway.orders().is_empty());
}

#[tokio::test]
async fn core_the_open_order_limit_counts_open_orders() {
    let gateway = market();
    let limits = aioibkr_core::model::RiskLimits { max_open_orders: Some(2), ..Default::default() };
    let client = connected_with(Config { risk: Some(limits), ..config(&gateway) }).await;
    placed(&client, resting(1)).await;
    placed(&client, resting(1)).await;

    let error = client.place(aapl(), resting(1), None, None).await.unwrap_err();

    assert_eq!(error.details()["rule"], "open_orders");
}

#[tokio::test]
async fn core_a_missing_price_refuses_a_market_order() {
    let gateway = market();
    gateway.clear_price("AAPL").unwrap();
    let client = connected_with(Config {
        risk: Some(aioibkr_core::model::RiskLimits::default()),
        ..config(&gateway)
    })
    .await;
    let _mute = gateway.inject(Fault::Mute("req_mkt_data".into())).unwrap();

    let order = Order::market(Action::Buy, 1.into());
    let error = client.place(aapl(), order, None, Some(SECOND)).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::OrderRefused);
    assert_eq!(error.details()["rule"], "price");
}
