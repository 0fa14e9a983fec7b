//! A gateway that takes no bytes for a while: what was refused meanwhile never arrives later.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aioibkr_core::model::{Action, Contract, Keepalive, Order, OrderKey, SessionState};
use aioibkr_core::{Client, Config, ErrorKind};
use aioibkr_mock_gateway::MockGateway;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

use crate::core_gateway::{MILLI, SECOND, config, eventually, gateway};

/// Forwards bytes to a gateway, except while it is stopped.
struct Stall {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

async fn stall(gateway: &MockGateway) -> Stall {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stopped, target) = (Arc::new(AtomicBool::new(false)), gateway.address());
    let flag = stopped.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(target).await.unwrap();
            tokio::spawn(forward(client, server, flag.clone()));
        }
    });
    Stall { address, stopped }
}

async fn forward(client: TcpStream, server: TcpStream, stopped: Arc<AtomicBool>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = async { tokio::io::copy(&mut from_server, &mut to_client).await.map(drop) };
    let there = async {
        let mut bytes = vec![0; 65536];
        loop {
            while stopped.load(Ordering::Relaxed) {
                tokio::time::sleep(MILLI).await;
            }
            match from_client.read(&mut bytes).await? {
                0 => return Ok(()),
                length => to_server.write_all(&bytes[..length]).await?,
            }
        }
    };
    let ended: std::io::Result<()> =
        tokio::select! { ended = back => ended, ended = there => ended };
    // However one side ended, both sockets close with this task.
    drop(ended);
}

async fn client_through(stall: &Stall, gateway: &MockGateway) -> Client {
    client_with(config(gateway), stall).await
}

async fn client_with(settings: Config, stall: &Stall) -> Client {
    let settings = Config { port: stall.address.port(), ..settings };
    let client = Client::new(settings, Handle::current()).unwrap();
    client.open().await.unwrap();
    client.wait_ready(None).await.unwrap();
    client.qualify(Contract::stock("AAPL"), None).await.unwrap();
    client
}

/// Asks for a contract with a name that fills every buffer on the way.
fn fill_buffers(client: &Client, timeout: std::time::Duration) -> tokio::task::JoinHandle<()> {
    let client = client.clone();
    tokio::spawn(async move {
        let huge = Contract::stock("X".repeat(15_000_000));
        let _ = client.contract_details(huge, Some(timeout)).await;
    })
}

fn order() -> Order {
    Order::limit(Action::Buy, 10.into(), 100.0)
}

#[tokio::test]
async fn core_an_order_whose_write_never_began_never_arrives() {
    let gateway = gateway();
    let stall = stall(&gateway).await;
    let client = client_through(&stall, &gateway).await;
    stall.stopped.store(true, Ordering::Relaxed);
    let filling = fill_buffers(&client, 20 * SECOND);
    tokio::time::sleep(200 * MILLI).await;

    let key = Some(OrderKey::new("held").unwrap());
    let placing = client.place(Contract::stock("AAPL"), order(), key, Some(300 * MILLI));
    let error = placing.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OrderRefused, "{error}");
    assert_eq!(error.details()["rule"], "not_sent");

    stall.stopped.store(false, Ordering::Relaxed);
    filling.await.unwrap();
    client.server_time(Some(5 * SECOND)).await.unwrap();
    assert!(gateway.requests(Some("place_order")).unwrap().is_empty());
    assert!(client.trades().is_empty(), "the key is free again");
}

#[tokio::test]
async fn core_a_frame_cut_in_the_middle_ends_the_link_and_no_order_arrives() {
    let gateway = gateway();
    let stall = stall(&gateway).await;
    let client = client_through(&stall, &gateway).await;
    stall.stopped.store(true, Ordering::Relaxed);
    let filling = fill_buffers(&client, 300 * MILLI);
    tokio::time::sleep(200 * MILLI).await;

    let placing = client.place(Contract::stock("AAPL"), order(), None, Some(2 * SECOND));
    let error = placing.await.unwrap_err();

    let kinds = [ErrorKind::OrderOutcomeUnknown, ErrorKind::ConnectionLost];
    assert!(kinds.contains(&error.kind()), "{error}");
    filling.await.unwrap();
    stall.stopped.store(false, Ordering::Relaxed);
    eventually("the next link", || client.generation().0 >= 2).await;
    client.wait_ready(Some(10 * SECOND)).await.unwrap();
    assert!(gateway.orders().is_empty());
}

#[tokio::test]
async fn core_a_held_write_is_dropped_once_the_link_is_suspect() {
    let gateway = gateway();
    let stall = stall(&gateway).await;
    let (idle, spacing) = (200 * MILLI, 100 * MILLI);
    let keepalive =
        Some(Keepalive { idle, probe_timeout: 150 * MILLI, give_up: 20 * SECOND, spacing });
    let client = client_with(Config { keepalive, ..config(&gateway) }, &stall).await;
    stall.stopped.store(true, Ordering::Relaxed);
    let filling = fill_buffers(&client, 20 * SECOND);
    tokio::time::sleep(50 * MILLI).await;

    assert_eq!(client.state(), SessionState::Live);
    let placing = client.place(Contract::stock("AAPL"), order(), None, Some(10 * SECOND));
    let began = tokio::time::Instant::now();
    let error = placing.await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::OrderRefused, "{error}");
    assert!(error.message().contains("suspect"), "{error}");
    assert!(began.elapsed() < 5 * SECOND, "{:?}", began.elapsed());
    stall.stopped.store(false, Ordering::Relaxed);
    filling.await.unwrap();
    client.server_time(Some(5 * SECOND)).await.unwrap();
    assert!(gateway.requests(Some("place_order")).unwrap().is_empty());
    assert_eq!(client.generation().0, 1);
}
