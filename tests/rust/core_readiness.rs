//! Readiness: each part is told anew on every link, what is missing has a name, and what is not known
//! is neither empty nor old.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use aioibkr_core::config::Deadlines;
use aioibkr_core::model::{Action, Generation, Order};
use aioibkr_core::{Config, ErrorKind};
use aioibkr_mock_gateway::{Fault, FaultHandle, Injection, MockGateway, OrderFault};

use crate::core_gateway::{MILLI, SECOND, config, connected_with, eventually};
use crate::core_orders::{market, placed};

/// What readiness is made of, and the reply without which it is not known.
const PARTS: [(&str, &str); 5] = [
    ("account values", "acct_download_end"),
    ("positions", "position_end"),
    ("open orders", "open_order_end"),
    ("completed orders", "completed_orders_end"),
    ("executions", "execution_data_end"),
];

/// A client that asks again for a download that stands still for 600 ms.
fn brisk(gateway: &MockGateway) -> Config {
    let deadlines = Deadlines { download: 600 * MILLI, ..Deadlines::default() };
    Config { deadlines, ..config(gateway) }
}

fn mute(gateway: &MockGateway, kind: &str) -> FaultHandle {
    gateway.inject(Fault::Mute(kind.into())).unwrap()
}

#[tokio::test]
async fn core_each_part_that_is_not_told_is_named_until_it_is() {
    for (part, reply) in PARTS {
        let gateway = market();
        let client = connected_with(brisk(&gateway)).await;
        client.wait_ready(None).await.unwrap();
        let silence = mute(&gateway, reply);
        gateway.drop_connections().unwrap();
        eventually("the next link", || client.generation() == Generation(2)).await;

        eventually(part, || client.missing() == [part]).await;
        let error = client.wait_ready(Some(20 * MILLI)).await.unwrap_err();
        silence.clear();

        assert_eq!((error.kind(), &*error.details()["missing"]), (ErrorKind::StateUnknown, part));
        client.wait_ready(Some(10 * SECOND)).await.unwrap();
        assert!(client.health().missing.is_empty() && client.health().is_ready, "{part}");
    }
}

/// (1101) The link is kept, what was known of it is not.
#[tokio::test]
async fn core_after_a_restoration_that_lost_data_each_part_is_told_anew() {
    for (part, reply) in PARTS {
        let gateway = market();
        let client = connected_with(brisk(&gateway)).await;
        client.wait_ready(None).await.unwrap();

        let silence = mute(&gateway, reply);
        gateway.notice(1101);
        eventually(part, || client.missing() == [part]).await;
        silence.clear();

        client.wait_ready(Some(10 * SECOND)).await.unwrap();
        assert_eq!(client.generation(), Generation(1), "{part}");
    }
}

/// (E2, P7) Silence about an empty list is believed of a gateway that answers something else.
#[tokio::test]
async fn core_a_gateway_that_never_ends_an_empty_list_becomes_ready() {
    let gateway = market();
    let _quirk = gateway.inject(Injection::from(OrderFault::EmptyWithoutEnd)).unwrap();

    let client = connected_with(brisk(&gateway)).await;

    client.wait_ready(Some(10 * SECOND)).await.unwrap();
    assert_eq!(gateway.requests(Some("req_executions")).unwrap().len(), 2);
}

/// Rows without an end are a part of a list.
#[tokio::test]
async fn core_executions_without_an_end_are_not_all_of_them() {
    let gateway = market();
    let client = connected_with(brisk(&gateway)).await;
    client.wait_ready(None).await.unwrap();
    let order = Order::market(Action::Buy, 10.into());
    placed(&client, order).await.done(None).await.unwrap();
    let _silence = mute(&gateway, "execution_data_end");

    gateway.drop_connections().unwrap();
    let asked = || gateway.requests(Some("req_executions")).unwrap().len();
    eventually("several questions", || asked() >= 4).await;

    assert_eq!(client.missing(), ["executions"]);
}
