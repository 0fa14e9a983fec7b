//! The first connect: what may keep a client from its gateway, and how long that is borne.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aioibkr_core::model::{Breaker, Contract, SessionState};
use aioibkr_core::{Client, Config, ErrorKind};
use tokio::runtime::Handle;

use crate::core_gateway::{MILLI, SECOND, config, connected, connected_with, eventually, gateway};
use crate::feed_reader::ample;

#[tokio::test]
async fn core_a_closed_port_ends_in_a_timeout_that_names_it() {
    let port = free_port();
    let settings = Config { port, connect_timeout: SECOND, ..unreachable() };
    let client = Client::new(settings, Handle::current()).unwrap();

    let error = client.open().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::ConnectTimeout);
    assert!(error.message().contains(&format!("127.0.0.1:{port}")), "{error}");
    assert_eq!(client.state(), SessionState::Idle);
    assert_eq!(client.metrics().failures, 3);
}

#[tokio::test]
async fn core_a_mute_peer_ends_within_the_deadline() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let settings = Config { port, connect_timeout: SECOND, ..unreachable() };
    let client = Client::new(settings, Handle::current()).unwrap();
    let began = tokio::time::Instant::now();

    let error = client.open().await.unwrap_err();

    assert!(matches!(error.kind(), ErrorKind::ConnectTimeout | ErrorKind::HandshakeFailed));
    assert!(began.elapsed() < 2 * SECOND);
}

#[tokio::test]
async fn core_a_peer_that_is_no_gateway_is_named_at_once() {
    let address = web_server();
    let settings = Config { port: address.port(), ..unreachable() };
    let client = Client::new(settings, Handle::current()).unwrap();
    let began = tokio::time::Instant::now();

    let error = client.open().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::HandshakeFailed);
    assert!(error.message().contains("it answers HTTP: is this the Client Portal"), "{error}");
    assert!(began.elapsed() < SECOND);
}

#[tokio::test]
async fn core_a_held_client_id_is_named_when_the_time_is_over() {
    let gateway = gateway();
    let _first = connected(&gateway).await;
    let settings = Config { connect_timeout: 300 * MILLI, ..config(&gateway) };
    let second = Client::new(settings, Handle::current()).unwrap();

    let error = second.open().await.unwrap_err();

    assert_eq!((error.kind(), error.code()), (ErrorKind::ClientIdInUse, Some(326)));
    assert!(error.message().contains('7'), "{error}");
    assert!(second.metrics().failures >= 4, "{}", second.metrics().failures);
}

#[tokio::test]
async fn core_a_held_client_id_is_waited_for_on_the_first_connect() {
    let gateway = gateway();
    let first = connected(&gateway).await;
    let second = Client::new(config(&gateway), Handle::current()).unwrap();
    let opening = tokio::spawn({
        let second = second.clone();
        async move { second.open().await }
    });
    eventually("more refusals than tries", || second.metrics().failures >= 4).await;

    first.close().await.unwrap();

    opening.await.unwrap().unwrap();
    assert_eq!(gateway.clients(), vec![7]);
}

/// Every link, the feed's too, keeps its one socket until a gateway that is slow has greeted.
#[tokio::test]
async fn core_a_gateway_that_greets_late_is_heard_out_on_one_socket() {
    let gateway = gateway();
    let (address, sockets) = late_greeting(gateway.address(), 700 * MILLI).await;
    let settings = Config { port: address.port(), connect_timeout: 2 * SECOND, ..config(&gateway) };
    let client = connected_with(settings).await;
    assert_eq!(sockets.load(Ordering::Relaxed), 1);

    let symbols = vec![Contract::stock("AAPL")];
    let quotes = client.quotes(symbols, String::new(), ample().0).await;

    assert!(quotes.is_ok());
    assert_eq!(sockets.load(Ordering::Relaxed), 2);
    assert_eq!((client.metrics().failures, gateway.clients().len()), (0, 2));
}

#[tokio::test]
async fn core_an_old_gateway_is_told_apart_and_named_at_once() {
    for hangs_up in [false, true] {
        let settings = Config { port: old_gateway(hangs_up).port(), ..unreachable() };
        let client = Client::new(settings, Handle::current()).unwrap();

        let error = client.open().await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::GatewayTooOld, "{error}");
        assert!(error.message().contains("178") && error.message().contains("213"), "{error}");
    }
}

#[tokio::test]
async fn core_a_connect_that_failed_too_often_is_refused_without_a_try() {
    let breaker = Some(Breaker { failures: 1, pause: 30 * SECOND });
    let settings = Config { port: free_port(), connect_timeout: SECOND, breaker, ..unreachable() };
    let client = Client::new(settings, Handle::current()).unwrap();

    let first = client.open().await.unwrap_err();
    let second = client.open().await.unwrap_err();

    assert_eq!(first.kind(), ErrorKind::ConnectTimeout);
    assert_eq!(second.kind(), ErrorKind::CircuitOpen, "{second}");
    assert!(second.message().contains("failed too often"), "{second}");
    assert_eq!((client.state(), client.metrics().failures), (SessionState::Idle, 3));
}

/// A door to a gateway that lets nothing through for a while; and how many came to it.
async fn late_greeting(gateway: SocketAddr, late: Duration) -> (SocketAddr, Arc<AtomicUsize>) {
    let door = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let (address, sockets) = (door.local_addr().unwrap(), Arc::<AtomicUsize>::default());
    let counter = sockets.clone();
    tokio::spawn(async move {
        while let Ok((mut ours, _)) = door.accept().await {
            counter.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                tokio::time::sleep(late).await;
                let mut theirs = tokio::net::TcpStream::connect(gateway).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut ours, &mut theirs).await;
            });
        }
    });
    (address, sockets)
}

fn unreachable() -> Config {
    Config {
        connect_timeout: 5 * SECOND,
        connect_pauses: vec![20 * MILLI, 20 * MILLI],
        ..Config::default()
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Answers whatever comes as a web server would.
pub(crate) fn web_server() -> SocketAddr {
    use std::io::{Read, Write};

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0; 64]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        }
    });
    address
}

/// Answers handshakes with this version, or hangs up on clients that do not accept it.
fn old_gateway(hangs_up: bool) -> SocketAddr {
    use std::io::{Read, Write};

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut hello = [0; 64];
            let length = stream.read(&mut hello).unwrap_or(0);
            let accepts_all = hello[..length].windows(4).any(|bytes| bytes == b"v100");
            if hangs_up && !accepts_all {
                continue;
            }
            let answer = b"178\x0020260415 09:30:00 EST\0";
            let frame = [&(answer.len() as u32).to_be_bytes()[..], answer].concat();
            let _ = stream.write_all(&frame);
            let _ = stream.read(&mut hello);
        }
    });
    address
}
