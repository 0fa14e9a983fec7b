//! Orders through the client: placing, refusals, fills, changes, cancels, reconnects.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use aioibkr_core::model::{Action, ClientId, Contract, Order, OrderId, OrderKey, OrderStatus};
use aioibkr_core::{Client, Config, ErrorKind};
use aioibkr_mock_gateway::{Fault, MockGateway, Prices};
use rust_decimal::Decimal;

use crate::core_gateway::{MILLI, SECOND, config, connected, connected_with, eventually, gateway};

pub(crate) fn aapl() -> Contract {
    Contract::stock("AAPL")
}

/// A limit order far below the market, which rests.
pub(crate) fn resting(quantity: i64) -> Order {
    Order::limit(Action::Buy, quantity.into(), 100.0)
}

pub(crate) fn key(text: &str) -> Option<OrderKey> {
    Some(OrderKey::new(text).unwrap())
}

/// A gateway where AAPL trades at 190.
pub(crate) fn market() -> MockGateway {
    let gateway = gateway();
    quote(&gateway, 190.0);
    gateway
}

pub(crate) fn quote(gateway: &MockGateway, last: f64) {
    let prices = Prices {
        bid: Some(last - 0.1),
        ask: Some(last + 0.1),
        last: Some(last),
        ..Prices::default()
    };
    gateway.set_price("AAPL", prices).unwrap();
}

pub(crate) async fn placed(client: &Client, order: Order) -> aioibkr_core::TradeHandle {
    client.place(aapl(), order, None, None).await.unwrap()
}

#[tokio::test]
async fn core_a_placed_order_is_acknowledged_and_carries_its_key() {
    let gateway = market();
    let client = connected(&gateway).await;

    let trade = client.place(aapl(), resting(10), key("mine-1"), None).await.unwrap();

    let trade = trade.latest();
    assert!(trade.perm_id.is_some());
    assert_eq!(trade.status, OrderStatus::Submitted);
    assert_eq!(gateway.orders()[0].order_ref, "|mine-1");
    assert_eq!(gateway.orders()[0].order_id, trade.order_id.0);
    assert_eq!(client.metrics().orders_placed, 1);
    assert_eq!(client.metrics().orders_successful, 1);
}

#[tokio::test]
async fn core_a_market_order_fills_with_commission() {
    let gateway = market();
    let client = connected(&gateway).await;

    let trade = placed(&client, Order::market(Action::Buy, 10.into())).await;
    let done = trade.done(Some(5 * SECOND)).await.unwrap();

    assert_eq!(done.status, OrderStatus::Filled);
    assert_eq!((done.filled, done.remaining), (Decimal::TEN, Decimal::ZERO));
    assert!(done.average_price.is_some() && done.filled_at.is_some());
    assert_eq!(done.order.limit_price, None);
    assert_eq!(done.order.stop_price, None);
    eventually("the commission", || trade.latest().commission().is_some()).await;
}

#[tokio::test]
async fn core_a_filled_order_stays_filled() {
    let gateway = market();
    let client = connected(&gateway).await;
    let trade = placed(&client, Order::market(Action::Buy, 10.into())).await;
    trade.done(Some(5 * SECOND)).await.unwrap();

    gateway.drop_connections().unwrap();
    eventually("the next link", || client.generation().0 == 2).await;
    client.wait_ready(Some(5 * SECOND)).await.unwrap();

    let id = trade.latest().order_id;
    assert_eq!(client.trade(id).unwrap().latest().status, OrderStatus::Filled);
    assert!(client.open_orders(None).await.unwrap().is_empty());
    assert_eq!(client.trade(id).unwrap().latest().fills.len(), 1, "each execution once");
}

#[tokio::test]
async fn core_a_rejection_is_an_error_with_its_code() {
    for code in [201, 321, 110] {
        let gateway = market();
        let _fault = gateway.inject(Fault::RejectOrder(code, "no good".into())).unwrap();
        let client = connected(&gateway).await;

        let error = client.place(aapl(), resting(10), key("k"), None).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::OrderRejected, "{code}");
        assert_eq!(error.code(), Some(code));
        assert!(error.message().contains("no good"), "{error}");
        assert_eq!(error.details()["key"], "k");
    }
}

#[tokio::test]
async fn core_a_partial_fill_is_seen() {
    let gateway = market();
    let _part = gateway.inject(Fault::PartialFill(4.0)).unwrap();
    let client = connected(&gateway).await;

    let trade = placed(&client, Order::market(Action::Buy, 10.into())).await;

    eventually("the part", || trade.latest().filled == Decimal::from(4)).await;
    assert_eq!(trade.latest().remaining, Decimal::from(6));
    assert!(!trade.latest().is_done());
}

#[tokio::test]
async fn core_fractions_are_not_truncated() {
    let gateway = market();
    let client = connected(&gateway).await;

    let quantity = Decimal::new(105, 1);
    let trade = placed(&client, Order::limit(Action::Buy, quantity, 100.0)).await;

    assert_eq!(trade.latest().order.quantity, quantity);
    assert_eq!(gateway.orders()[0].quantity, 10.5);
}

#[tokio::test]
async fn core_a_repeated_key_places_once() {
    let gateway = market();
    let client = connected(&gateway).await;

    let places = (0..10).map(|_| client.place(aapl(), resting(10), key("once"), None));
    let trades = futures_util::future::join_all(places).await;

    let first: Vec<_> = trades.iter().flatten().filter(|trade| !trade.is_repeated()).collect();
    assert_eq!((trades.iter().flatten().count(), first.len()), (10, 1));
    assert_eq!(gateway.orders().len(), 1);
}

#[tokio::test]
async fn core_a_key_of_another_order_is_refused() {
    let gateway = market();
    let client = connected(&gateway).await;
    client.place(aapl(), resting(10), key("once"), None).await.unwrap();

    let error = client.place(aapl(), resting(11), key("once"), None).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::DuplicateOrderKey);
    assert_eq!(gateway.orders().len(), 1);
}

#[tokio::test]
async fn core_an_unanswered_order_is_unknown_and_settles_later() {
    let gateway = market();
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();
    let mute: Vec<_> = ["open_order", "order_status"]
        .map(|kind| gateway.inject(Fault::Mute(kind.into())).unwrap())
        .into();

    let timeout = Some(300 * MILLI);
    let error = client.place(aapl(), resting(10), key("lost"), timeout).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OrderOutcomeUnknown);
    assert_eq!(error.details()["key"], "lost");

    mute.iter().for_each(|fault| fault.clear());
    gateway.drop_connections().unwrap();
    eventually("the next link", || client.generation().0 == 2).await;
    client.wait_ready(Some(5 * SECOND)).await.unwrap();
    let trade = client.place(aapl(), resting(10), key("lost"), None).await.unwrap();

    assert!(trade.is_repeated() && trade.latest().perm_id.is_some());
    assert_eq!(gateway.orders().len(), 1, "never a second order");
}

#[tokio::test]
async fn core_an_order_that_never_arrived_is_settled_after_the_reconnect() {
    let gateway = market();
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();
    let _mute = gateway.inject(Fault::Mute("place_order".into())).unwrap();
    let placing = tokio::spawn({
        let client = client.clone();
        async move { client.place(aapl(), resting(10), key("gone"), Some(20 * SECOND)).await }
    });
    eventually("the order was written", || client.metrics().orders_placed == 1).await;

    gateway.drop_connections().unwrap();
    let error = placing.await.unwrap().unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Order);
    assert!(error.message().contains("never arrived"), "{error}");
}

#[tokio::test]
async fn core_a_cancelled_place_does_not_undo_the_order() {
    let gateway = market();
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();
    let _late = gateway.inject(Fault::Delay("open_order".into(), 100 * MILLI)).unwrap();
    let placing = tokio::spawn({
        let client = client.clone();
        async move { client.place(aapl(), resting(10), key("k"), None).await }
    });
    eventually("the order arrived", || gateway.orders().len() == 1).await;

    placing.abort();

    eventually("the desk goes on", || {
        client.trades().first().is_some_and(|trade| trade.latest().is_acknowledged())
    })
    .await;
}

#[tokio::test]
async fn core_a_cancel_is_confirmed() {
    let gateway = market();
    let client = connected(&gateway).await;
    let trade = placed(&client, resting(10)).await;
    let id = trade.latest().order_id;

    client.cancel(id, None).await.unwrap();

    eventually("the state", || trade.latest().status == OrderStatus::Cancelled).await;
    let error = client.cancel(id, None).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Order, Some(10148)));
    assert_eq!(error.details()["status"], "Cancelled");
}

#[tokio::test]
async fn core_a_cancel_of_nothing_says_so() {
    let gateway = market();
    let client = connected(&gateway).await;
    let filled = placed(&client, Order::market(Action::Buy, 1.into())).await;
    filled.done(Some(5 * SECOND)).await.unwrap();

    let of_filled = client.cancel(filled.latest().order_id, None).await.unwrap_err();
    let of_nothing = client.cancel(OrderId(424_242), None).await.unwrap_err();

    assert_eq!(of_filled.details()["status"], "Filled");
    assert_eq!((of_nothing.kind(), of_nothing.code()), (ErrorKind::Order, Some(10147)));
}

#[tokio::test]
async fn core_a_cancel_asked_for_without_a_link_is_sent_first_thing() {
    let gateway = market();
    let client = connected(&gateway).await;
    let trade = placed(&client, resting(10)).await;
    gateway.down().unwrap();
    eventually("the loss", || !client.is_connected()).await;

    let cancelling = tokio::spawn({
        let (client, id) = (client.clone(), trade.latest().order_id);
        async move { client.cancel(id, Some(10 * SECOND)).await }
    });
    tokio::time::sleep(50 * MILLI).await;
    gateway.up().unwrap();

    cancelling.await.unwrap().unwrap();
}

#[tokio::test]
async fn core_all_orders_are_cancelled_with_one_message() {
    let gateway = market();
    let client = connected(&gateway).await;
    for _ in 0..3 {
        placed(&client, resting(10)).await;
    }

    let cancelled = client.cancel_all(None).await.unwrap();

    assert_eq!(cancelled, 3);
    assert!(client.open_orders(None).await.unwrap().is_empty());
    assert_eq!(client.cancel_all(None).await.unwrap(), 0);
}

#[tokio::test]
async fn core_a_change_is_acknowledged_by_its_echo() {
    let gateway = market();
    let client = connected(&gateway).await;
    let trade = placed(&client, resting(10)).await;

    let changed = Order::limit(Action::Buy, 20.into(), 101.5);
    client.modify(trade.latest().order_id, changed, None).await.unwrap();

    assert_eq!(trade.latest().order.limit_price, Some(101.5));
    assert_eq!(trade.latest().order.quantity, Decimal::from(20));
    assert_eq!(gateway.orders().len(), 1);
}

#[tokio::test]
async fn core_a_refused_change_leaves_the_old_order() {
    let gateway = market();
    let client = connected(&gateway).await;
    let trade = placed(&client, resting(10)).await;
    let _fault = gateway.inject(Fault::RejectOrder(110, "off the grid".into())).unwrap();

    let changed = Order::limit(Action::Buy, 20.into(), 101.55555);
    let error = client.modify(trade.latest().order_id, changed, None).await.unwrap_err();

    assert_eq!((error.kind(), error.code()), (ErrorKind::OrderRejected, Some(110)));
    assert_eq!(trade.latest().order.limit_price, Some(100.0));
    assert_eq!(trade.latest().status, OrderStatus::Submitted);
    assert_eq!(trade.latest().rejection, None);
}

#[tokio::test]
async fn core_orders_of_an_earlier_session_are_found() {
    let gateway = market();
    let first = connected(&gateway).await;
    let placed_id = placed(&first, resting(10)).await.latest().order_id;
    first.close().await.unwrap();
    eventually("the id is free", || gateway.clients().is_empty()).await;

    let second = connected(&gateway).await;
    let open = second.open_orders(None).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].order_id, placed_id);

    let next = placed(&second, resting(5)).await.latest().order_id;
    assert!(next > placed_id, "ids are never used again");
    second.cancel(placed_id, None).await.unwrap();
}

#[tokio::test]
async fn core_orders_of_other_clients_are_listed() {
    let gateway = market();
    let other = connected_with(Config { client_id: ClientId(8), ..config(&gateway) }).await;
    placed(&other, resting(3)).await;

    let client = connected(&gateway).await;
    let open = client.open_orders(None).await.unwrap();

    assert_eq!(open.len(), 1);
    assert_eq!(open[0].client_id, ClientId(8));
    assert!(client.trades().is_empty(), "they are not ours");
}

#[tokio::test]
async fn core_executions_and_completed_orders_are_listed() {
    let gateway = market();
    let client = connected(&gateway).await;
    let trade = placed(&client, Order::market(Action::Buy, 10.into())).await;
    trade.done(Some(5 * SECOND)).await.unwrap();

    let fills = client.executions(None).await.unwrap();
    let completed = client.completed_orders(None).await.unwrap();

    assert_eq!(fills.len(), 1);
    assert_eq!(fills[0].execution.quantity, Decimal::TEN);
    assert!(fills[0].commission.is_some());
    assert!(fills[0].execution.time.is_some());
    assert_eq!(completed.len(), 1);
    assert_eq!(completed[0].status, OrderStatus::Filled);
    assert_eq!(completed[0].order.quantity, Decimal::TEN);
}

#[tokio::test]
async fn core_a_fill_missed_during_an_outage_is_found() {
    let gateway = market();
    let client = connected(&gateway).await;
    let trade = placed(&client, Order::limit(Action::Buy, 10.into(), 150.0)).await;
    gateway.down().unwrap();
    eventually("the loss", || !client.is_connected()).await;

    quote(&gateway, 140.0);
    gateway.up().unwrap();

    let done = trade.done(Some(10 * SECOND)).await.unwrap();
    assert_eq!(done.status, OrderStatus::Filled);
    assert_eq!(done.filled, Decimal::TEN);
}

#[tokio::test]
async fn core_closing_ends_every_wait() {
    let gateway = market();
    let client = connected(&gateway).await;
    let trade = placed(&client, resting(10)).await;
    let waiting = tokio::spawn(async move { trade.done(None).await });

    client.close().await.unwrap();

    assert_eq!(waiting.await.unwrap().unwrap_err().kind(), ErrorKind::NotConnected);
    let error = client.place(aapl(), resting(1), None, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);
}

#[tokio::test]
async fn core_an_unconfirmed_cancel_is_unknown() {
    let gateway = market();
    let client = connected(&gateway).await;
    let trade = placed(&client, resting(10)).await;
    let _mute = gateway.inject(Fault::Mute("cancel_order".into())).unwrap();

    let id = trade.latest().order_id;
    let error = client.cancel(id, Some(200 * MILLI)).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::OrderOutcomeUnknown);
    assert_eq!(error.details()["order_id"], id.to_string());
}

#[tokio::test]
async fn core_waiting_for_the_end_of_a_trade_has_a_limit() {
    let gateway = market();
    let client = connected(&gateway).await;
    let mut trade = placed(&client, resting(10)).await;

    let error = trade.done(Some(100 * MILLI)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RequestTimeout);

    quote(&gateway, 90.0);
    while !trade.latest().is_done() {
        trade.changed().await.unwrap();
    }
    assert_eq!(trade.latest().status, OrderStatus::Filled);
}

#[tokio::test]
async fn core_closing_right_after_an_order_does_not_lose_it() {
    let gateway = market();
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();
    client.qualify(aapl(), None).await.unwrap();
    let _late = gateway.inject(Fault::Delay("open_order".into(), SECOND)).unwrap();
    let placing = tokio::spawn({
        let client = client.clone();
        async move { client.place(aapl(), resting(10), key("last"), None).await }
    });
    eventually("the order is written", || client.metrics().orders_placed == 1).await;

    client.close().await.unwrap();

    let placed = placing.await.unwrap();
    let is_answered =
        placed.is_ok() || placed.is_err_and(|error| error.kind() == ErrorKind::OrderOutcomeUnknown);
    assert!(is_answered, "never 'not connected' for an order that may exist");
    assert_eq!(gateway.orders().len(), 1);
}

#[tokio::test]
async fn core_a_list_without_an_end_is_taken_only_from_a_gateway_that_answers() {
    let gateway = market();
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();
    let _endless = gateway.inject(Fault::Mute("execution_data_end".into())).unwrap();

    assert!(client.executions(Some(400 * MILLI)).await.unwrap().is_empty());

    let _hung = gateway.inject(Fault::Mute("req_managed_accts".into())).unwrap();
    let error = client.executions(Some(400 * MILLI)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RequestTimeout);
}
