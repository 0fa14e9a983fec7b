//! Orders keep apart whatever a gateway does to its ids, and one key stays one order.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use aioibkr_core::model::{AlertKind, Event, Generation, OrderStatus, Topic};
use aioibkr_core::{Client, ErrorKind};
use aioibkr_mock_gateway::{MockGateway, Settings};
use rust_decimal::Decimal;

use crate::core_events::{hear, heard};
use crate::core_gateway::{SECOND, connected, eventually};
use crate::core_orders::{aapl, key, market, quote, resting};

/// A market whose gateway gives its permIds again after a reset.
fn forgetful_market() -> MockGateway {
    let settings = Settings { first_perm_id: Some(500), ..Settings::default() };
    let gateway = MockGateway::start(settings).unwrap();
    quote(&gateway, 190.0);
    gateway
}

/// Puts the gateway back to its start and waits until the client has taken that up.
async fn restart(gateway: &MockGateway, client: &Client) {
    let before = client.generation();
    gateway.reset().unwrap();
    quote(gateway, 190.0);
    eventually("the next link", || client.generation() > before).await;
    client.wait_ready(Some(10 * SECOND)).await.unwrap();
}

#[tokio::test]
async fn core_an_order_with_a_perm_id_that_another_had_is_another_order() {
    let gateway = forgetful_market();
    let client = connected(&gateway).await;
    let alerts = hear(&client, Topic::Alert);
    let first = client.place(aapl(), resting(1), key("first"), None).await.unwrap();
    restart(&gateway, &client).await;

    let second = client.place(aapl(), resting(2), key("second"), None).await.unwrap();
    quote(&gateway, 90.0);
    let done = second.done(Some(5 * SECOND)).await.unwrap();

    let first = first.latest();
    assert_eq!(done.perm_id, first.perm_id, "the gateway gave it again");
    assert_eq!((done.status, done.filled), (OrderStatus::Filled, Decimal::TWO));
    assert_eq!((done.fills.len(), first.fills.len()), (1, 0));
    assert_eq!((first.filled, first.order.quantity), (Decimal::ZERO, Decimal::ONE));
    let is_told = |event: &Event| match event {
        Event::Alert(alert) => alert.kind == AlertKind::OrderIdentity && alert.subject == "second",
        _ => false,
    };
    assert!(heard(&alerts).iter().any(|event| is_told(event)));
}

#[tokio::test]
async fn core_a_gateway_that_begins_anew_doubles_and_loses_no_order() {
    let gateway = market();
    let client = connected(&gateway).await;
    let first = client.place(aapl(), resting(1), key("first"), None).await.unwrap();
    restart(&gateway, &client).await;

    let second = client.place(aapl(), resting(2), key("second"), None).await.unwrap();
    let again = client.place(aapl(), resting(1), key("first"), None).await.unwrap();
    let other = client.place(aapl(), resting(3), key("first"), None).await.unwrap_err();

    assert!(again.is_repeated());
    assert_eq!(again.latest().order_id, first.latest().order_id);
    assert_eq!(other.kind(), ErrorKind::DuplicateOrderKey);
    assert_ne!(second.latest().perm_id, first.latest().perm_id);
    let placed: Vec<_> = gateway.orders().iter().map(|order| order.quantity).collect();
    assert_eq!(placed, [2.0], "the gateway knows what was placed since");
    assert_eq!(client.trades().len(), 2);
}

#[tokio::test]
async fn core_orders_are_found_again_with_their_fills_after_any_number_of_links() {
    let gateway = market();
    let client = connected(&gateway).await;
    let resting_on = client.place(aapl(), resting(1), key("rests"), None).await.unwrap();
    let filled = client.place(aapl(), resting(2), key("fills"), None).await.unwrap();

    for generation in 2..=3 {
        gateway.drop_connections().unwrap();
        eventually("a link", || client.generation() == Generation(generation)).await;
        client.wait_ready(Some(10 * SECOND)).await.unwrap();
    }
    client.cancel(resting_on.latest().order_id, None).await.unwrap();
    quote(&gateway, 90.0);
    let filled = filled.done(Some(5 * SECOND)).await.unwrap();

    assert_eq!((client.trades().len(), filled.fills.len()), (2, 1));
    assert_eq!(resting_on.latest().status, OrderStatus::Cancelled);
}
