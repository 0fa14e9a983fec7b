//! Scenarios: what their events do to connected clients.

use aioibkr_mock_gateway::{MockGateway, Scenario, Settings};
use ibapi::orders::order_builder::limit_order;
use ibapi::orders::{ExecutionFilter, Order, TimeInForce};
use ibapi::prelude::*;

use crate::mock_fixture::{aapl, connect, gateway_with_client};
use crate::mock_order_story::drain;
use crate::mock_raw::{CURRENT_TIME, ERROR, RawClient, code_of, until};

/// A gateway whose scenario starts with its first client.
fn playing(events: &str) -> MockGateway {
    let text = format!("version = 1\nstarts = \"first client\"\n{events}");
    let scenario = Some(Scenario::parse(&text).unwrap());
    MockGateway::start(Settings { scenario, ..Settings::default() }).unwrap()
}

/// (C1, C2, 18.12)
#[test]
fn test_an_outage_is_told_on_a_socket_that_stays_open() {
    let gateway = playing("[[event]]\nat = 0.02\noutage = { lasts = 0.03, every = 0.01 }");
    let mut client = RawClient::connect(&gateway, 7);

    let codes: Vec<_> = (0..4).map(|_| code_of(&client.read_until(ERROR)).unwrap()).collect();
    client.send(CURRENT_TIME, &[]);

    assert_eq!(codes, [1100, 1100, 1100, 1102]);
    client.read_until(CURRENT_TIME);
}

/// (C8)
#[test]
fn test_streams_that_are_lost_stay_silent_on_an_open_socket() {
    let gateway = MockGateway::start(Settings::default()).unwrap();
    let mut client = RawClient::connect(&gateway, 7);
    client.send(201, b"\x08\x01\x12\x17\x12\x04AAPL\x1a\x03STK\x42\x05SMART\x52\x03USD");
    client.send(CURRENT_TIME, &[]);
    client.read_until(CURRENT_TIME);

    gateway.lose_streams();
    gateway.set_price("AAPL", crate::mock_fixture::market(1.0, 2.0, 1.5)).unwrap();
    client.send(CURRENT_TIME, &[]);

    assert_eq!(client.read_body()[..4], CURRENT_TIME.to_be_bytes());
}

#[test]
fn test_a_restart_drops_clients_and_lets_them_come_back() {
    let gateway = playing("[[event]]\nat = 0.02\nrestart = { down = 0.05 }");
    let _client = RawClient::connect(&gateway, 7);

    until(|| gateway.disconnect_count() == 1);
    until(|| std::net::TcpStream::connect(gateway.address()).is_ok());

    RawClient::connect(&gateway, 7);
}

#[test]
fn test_a_fault_of_a_scenario_ends_when_it_says() {
    let held = "[[event]]\nat = 0\nfault = { name = \"ClientIdHeld\", client = 8, lasts = 0.1 }";
    let gateway = playing(held);
    let _first = RawClient::connect(&gateway, 7);

    until(|| code_of(&RawClient::start(&gateway, 8).read_body()) == Some(326));

    until(|| code_of(&RawClient::start(&gateway, 8).read_body()) != Some(326));
}

#[tokio::test]
async fn test_orders_fill_by_hand_oldest_first() {
    let (gateway, client) = gateway_with_client().await;
    for (id, limit) in [(1, 50.0), (2, 60.0)] {
        let order = limit_order(Action::Buy, 10.0, limit);
        client.submit_order(id, &aapl(), &order).await.unwrap();
    }
    until(|| gateway.orders().len() == 2);

    gateway.fill("AAPL", 15.0, 49.5).unwrap();

    let filled: Vec<_> = gateway.orders().into_iter().map(|order| order.filled).collect();
    assert_eq!(filled, [10.0, 5.0]);
    assert_eq!(gateway.executions()[1].price, 49.5);
    assert!(gateway.fill("AAPL", 0.0, 1.0).is_err());
}

/// (E3)
#[tokio::test]
async fn test_midnight_takes_executions_and_finished_orders_away() {
    let (gateway, client) = gateway_with_client().await;
    for id in [1, 2] {
        let tif = TimeInForce::GoodTillCanceled;
        let order = Order { tif, ..limit_order(Action::Buy, 10.0, 50.0) };
        client.submit_order(id, &aapl(), &order).await.unwrap();
    }
    until(|| gateway.orders().len() == 2);
    gateway.fill("AAPL", 10.0, 50.0).unwrap();

    gateway.pass_midnight();

    let left: Vec<_> = gateway.orders().into_iter().map(|order| order.order_id).collect();
    assert_eq!(left, [2]);
    let told = client.executions(ExecutionFilter::default()).await.unwrap().filter_data();
    assert!(drain(told).await.is_empty());
    assert_eq!(client.next_valid_order_id().await.unwrap(), 3);
}

#[tokio::test]
async fn test_prices_and_fills_happen_in_their_time() {
    let gateway = playing(
        "[[event]]\nat = 0.2\nfill = { symbol = \"AAPL\", quantity = 3, price = 51 }\n\
         [[event]]\nat = 0\nprice = { symbol = \"AAPL\", bid = 99, ask = 100 }",
    );
    let client = connect(&gateway, 7).await;
    client.submit_order(1, &aapl(), &limit_order(Action::Buy, 10.0, 50.0)).await.unwrap();

    until(|| gateway.executions().len() == 1);

    assert_eq!((gateway.executions()[0].quantity, gateway.executions()[0].price), (3.0, 51.0));
}

#[test]
fn test_a_scenario_that_names_what_is_not_there_is_refused_with_its_line() {
    let text = "version = 1\n[[event]]\nat = 0\nclear_price = \"NOPE\"";
    let scenario = Some(Scenario::parse(text).unwrap());

    let error = MockGateway::start(Settings { scenario, ..Settings::default() }).err().unwrap();

    assert_eq!(error.to_string(), "scenario line 2: no instrument has the symbol \"NOPE\"");
}

#[test]
fn test_a_gateway_stops_in_the_middle_of_its_scenario() {
    let scenario =
        Some(Scenario::parse("version = 1\n[[event]]\nat = 3600\nnotice = 1100").unwrap());
    let gateway = MockGateway::start(Settings { scenario, ..Settings::default() }).unwrap();
    let start = std::time::Instant::now();

    drop(gateway);

    assert!(start.elapsed().as_secs() < 5);
}
