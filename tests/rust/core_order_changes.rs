//! Orders that another program left behind: a change keeps what the model has no field for, and a key
//! stands for one order only.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use aioibkr_core::ErrorKind;
use aioibkr_core::model::{Order, OrderId, TimeInForce};
use aioibkr_mock_gateway::MockGateway;
use ibapi::orders::{Action, OcaType, Order as WireOrder, order_builder};

use crate::core_gateway::{connected, gateway};
use crate::core_orders::{aapl, key, resting};
use crate::mock_fixture;

/// A leg of a group, left behind by a program that had our client id.
async fn leave_behind(gateway: &MockGateway) -> OrderId {
    let client = mock_fixture::connect(gateway, 7).await;
    let id = client.next_valid_order_id().await.unwrap();
    let order = WireOrder {
        oca_group: "exit-1".into(),
        oca_type: OcaType::CancelWithBlock,
        display_size: Some(50),
        ..order_builder::limit_order(Action::Buy, 100.0, 1.0)
    };
    client.submit_order(id, &mock_fixture::aapl(), &order).await.unwrap();
    client.server_time().await.unwrap();
    OrderId(id)
}

#[tokio::test]
async fn core_a_change_of_an_order_found_at_the_gateway_keeps_its_group() {
    let gateway = gateway();
    let id = leave_behind(&gateway).await;
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();
    let found = client.trade(id).unwrap().latest();

    let wished = Order { limit_price: Some(1.1 + 2.2), ..found.order.clone() };
    client.modify(id, wished, None).await.unwrap();

    let requests = gateway.requests(Some("place_order")).unwrap();
    let sent = &requests.last().unwrap().fields;
    let field = |name| sent.iter().find(|(field, _)| field == name).map(|(_, value)| &value[..]);
    let names = ["order.ocaGroup", "order.ocaType", "order.displaySize"];
    assert_eq!(names.map(field), [Some("exit-1"), Some("1"), Some("50")]);
}

#[tokio::test]
async fn core_a_key_of_an_earlier_process_stands_for_one_order_only() {
    let gateway = gateway();
    let first = connected(&gateway).await;
    first.place(aapl(), resting(1), key("mine"), None).await.unwrap();
    first.close().await.unwrap();
    let second = connected(&gateway).await;
    second.wait_ready(None).await.unwrap();

    let longer = Order { time_in_force: TimeInForce::GoodTillCancelled, ..resting(1) };
    let refused = second.place(aapl(), longer, key("mine"), None).await.unwrap_err();
    let repeated = second.place(aapl(), resting(1), key("mine"), None).await;

    assert_eq!(refused.kind(), ErrorKind::DuplicateOrderKey);
    assert!(repeated.is_ok(), "{repeated:?}");
    assert_eq!(gateway.requests(Some("place_order")).unwrap().len(), 1);
}
