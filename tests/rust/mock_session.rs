//! The mock gateway's session: handshake, ids, clients, dropping and coming back.

use std::io::{Read, Write};
use std::net::TcpStream;

use aioibkr_mock_gateway::{Error, Fault, MockGateway, Prices, Settings};

use crate::mock_fixture::{ACCOUNT, PATIENCE, connect, gateway, gateway_with_client};

#[tokio::test]
async fn test_a_client_learns_version_accounts_and_time() {
    let (_gateway, client) = gateway_with_client().await;

    let accounts = client.managed_accounts().await.unwrap();
    let time = client.server_time().await.unwrap();
    let millis = client.server_time_millis().await.unwrap();

    assert_eq!(client.server_version(), 226);
    assert_eq!(accounts, [ACCOUNT]);
    assert!((millis - time).whole_seconds() <= 2);
}

#[tokio::test]
async fn test_a_lower_maximum_is_what_a_client_gets() {
    let settings = Settings { max_server_version: 220, ..Settings::default() };
    let gateway = MockGateway::start(settings).unwrap();

    let client = connect(&gateway, 1).await;

    assert_eq!(client.server_version(), 220);
}

#[test]
fn test_a_client_below_the_minimum_is_disconnected() {
    let settings = Settings { min_server_version: 213, ..Settings::default() };
    let gateway = MockGateway::start(settings).unwrap();
    let mut socket = TcpStream::connect(gateway.address()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();

    socket.write_all(b"API\0\0\0\0\x09v157..178").unwrap();

    let mut answer = Vec::new();
    assert_eq!(socket.read_to_end(&mut answer).unwrap(), 0);
}

/// (S7)
#[tokio::test]
async fn test_a_client_id_in_use_is_refused() {
    let (gateway, _client) = gateway_with_client().await;

    let second = ibapi::Client::connect(&gateway.address().to_string(), 7).await;

    assert!(matches!(second.err(), Some(ibapi::Error::ClientIdInUse { client_id: 7 })));
    assert_eq!(gateway.clients(), [7]);
}

#[tokio::test]
async fn test_several_clients_are_served_and_counted() {
    let (gateway, first) = gateway_with_client().await;
    let second = connect(&gateway, 8).await;

    let (one, two) = tokio::join!(first.server_time(), second.server_time());

    assert!(one.is_ok() && two.is_ok());
    assert_eq!(gateway.clients(), [7, 8]);
    assert_eq!((gateway.connect_count(), gateway.disconnect_count()), (2, 0));
}

#[tokio::test]
async fn test_a_gateway_that_was_down_listens_on_the_same_port() {
    let (gateway, _client) = gateway_with_client().await;
    let address = gateway.address();

    gateway.down().unwrap();
    assert!(TcpStream::connect(address).is_err());
    assert_eq!((gateway.clients(), gateway.disconnect_count()), (Vec::new(), 1));
    gateway.up().unwrap();

    assert!(TcpStream::connect(address).is_ok());
}

#[tokio::test]
async fn test_requests_are_recorded_as_sent() {
    let (gateway, client) = gateway_with_client().await;

    client.server_time().await.unwrap();
    client.next_valid_order_id().await.unwrap();

    let requests = gateway.requests(None).unwrap();
    let kinds: Vec<_> = requests.iter().map(|request| request.kind.as_str()).collect();
    assert_eq!(kinds, ["start_api", "req_current_time", "req_ids"]);
    assert_eq!(requests[0].fields, [("clientId".to_owned(), "7".to_owned())]);
    assert_eq!(gateway.requests(Some("nope")), Err(Error::UnknownKind("nope".into())));
}

#[tokio::test]
async fn test_a_muted_request_stays_unanswered_until_the_fault_is_cleared() {
    let (gateway, client) = gateway_with_client().await;
    let fault = gateway.inject(Fault::Mute("req_current_time".into())).unwrap();
    let short = std::time::Duration::from_millis(100);

    let muted = tokio::time::timeout(short, client.server_time()).await;
    fault.clear();

    assert!(muted.is_err());
    assert!(client.server_time().await.is_ok());
}

#[tokio::test]
async fn test_a_delayed_answer_comes_late() {
    let (gateway, client) = gateway_with_client().await;
    let delay = std::time::Duration::from_millis(50);
    let _fault = gateway.inject(Fault::Delay("current_time".into(), delay)).unwrap();
    let start = std::time::Instant::now();

    client.server_time().await.unwrap();

    assert!(start.elapsed() >= delay);
}

#[tokio::test]
async fn test_a_reset_gateway_is_as_new() {
    let (gateway, _client) = gateway_with_client().await;
    gateway.set_position(ACCOUNT, "AAPL", 10.0, 180.0).unwrap();
    let _fault = gateway.inject(Fault::Mute("req_managed_accts".into())).unwrap();

    gateway.reset().unwrap();

    let client = connect(&gateway, 7).await;
    assert_eq!(client.managed_accounts().await.unwrap(), [ACCOUNT]);
    assert_eq!((gateway.connect_count(), gateway.disconnect_count()), (1, 0));
    assert_eq!(gateway.requests(None).unwrap().len(), 2);
}

#[test]
fn test_control_is_refused_what_it_does_not_know() {
    let gateway = gateway();
    let nan = Prices { bid: Some(f64::NAN), ..Prices::default() };

    assert_eq!(gateway.clear_price("NOPE"), Err(Error::UnknownSymbol("NOPE".into())));
    assert_eq!(gateway.set_pnl("X", 0.0, 0.0, 0.0), Err(Error::UnknownAccount("X".into())));
    assert_eq!(gateway.set_price("AAPL", nan), Err(Error::BadNumber("bid")));
}

#[test]
fn test_control_works_from_any_thread() {
    let gateway = gateway();

    std::thread::scope(|scope| {
        let threads = [scope.spawn(|| gateway.down()), scope.spawn(|| gateway.up())];
        threads.into_iter().for_each(|thread| assert!(thread.join().unwrap().is_ok()));
    });
}

#[test]
fn test_a_stopped_gateway_refuses_control() {
    let gateway = gateway();

    gateway.stop();
    gateway.stop();

    assert_eq!(gateway.drop_connections(), Err(Error::Stopped));
}

#[test]
fn test_a_taken_port_is_the_systems_error() {
    let first = gateway();
    let settings = Settings { port: first.address().port(), ..Settings::default() };

    let error = MockGateway::start(settings).err().unwrap();

    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}
