//! Prices that walk while time is moved ahead: who gets which ticks, with which times.

use std::thread;
use std::time::Duration;

use aioibkr_mock_gateway::{Fault, MockGateway, PriceProcess, Settings};

use crate::mock_fixture::{gateway, market};
use crate::mock_raw::{CURRENT_TIME, RawClient, until};

const TICK_PRICE: u32 = 201;
const TICK_SIZE: u32 = 202;
const TICK_STRING: u32 = 246;
/// Ticks of one step: bid, ask and last with their sizes, the time of the last, the volume.
const TICKS_OF_A_STEP: usize = 8;
const END: f64 = 1.0;

/// Every second one step.
const PROCESS: PriceProcess = PriceProcess { interval: Duration::from_secs(1), most_ticks: 1 };

fn follower(gateway: &MockGateway, client_id: u8) -> RawClient {
    let mut client = RawClient::connect(gateway, client_id);
    client.send(201, b"\x08\x01\x12\x17\x12\x04AAPL\x1a\x03STK\x42\x05SMART\x52\x03USD");
    client.send(CURRENT_TIME, &[]);
    client.read_until(CURRENT_TIME);
    client
}

/// Lets the price take steps, then jump to the price that ends the reading.
fn walk(gateway: &MockGateway, steps: u64) {
    gateway.set_price_process("AAPL", Some(PROCESS)).unwrap();
    gateway.advance(Duration::from_secs(steps));
    gateway.set_price_process("AAPL", None).unwrap();
    gateway.set_price("AAPL", market(END, END, END)).unwrap();
}

/// Every body up to the price that ends the reading.
fn ticks_of_walk(mut client: RawClient) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    loop {
        let body = client.read_body();
        if kind_of(&body) == TICK_PRICE && body[9..17] == END.to_le_bytes() {
            return bodies;
        }
        bodies.push(body);
    }
}

fn kind_of(body: &[u8]) -> u32 {
    u32::from_be_bytes(*body.first_chunk().unwrap())
}

#[test]
fn test_thirty_two_clients_get_every_tick_of_a_walk() {
    let gateway = gateway();
    let clients: Vec<_> = (1..=32).map(|id| follower(&gateway, id)).collect();
    let readers: Vec<_> =
        clients.into_iter().map(|client| thread::spawn(|| ticks_of_walk(client))).collect();

    walk(&gateway, 500);

    let read: Vec<_> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
    assert!(read.iter().all(|ticks| *ticks == read[0]));
    // A new high or low of the day is a tick too.
    assert!(read[0].len() >= 500 * TICKS_OF_A_STEP, "{} ticks", read[0].len());
}

#[test]
fn test_an_advance_does_not_outrun_a_client_that_reads() {
    let unread_limit = 2 * 1024 * 1024;
    let gateway = MockGateway::start(Settings { unread_limit, ..Settings::default() }).unwrap();
    let client = follower(&gateway, 7);
    let reader = thread::spawn(|| ticks_of_walk(client));

    walk(&gateway, 50_000);

    let bytes: usize = reader.join().unwrap().iter().map(Vec::len).sum();
    assert!(bytes > 3 * unread_limit, "{bytes} bytes");
}

#[test]
fn test_a_client_that_does_not_read_is_dropped_and_does_not_end_an_advance() {
    let unread_limit = 2 * 1024 * 1024;
    let gateway = MockGateway::start(Settings { unread_limit, ..Settings::default() }).unwrap();
    let _silent = follower(&gateway, 7);
    let start = gateway.market_time();

    walk(&gateway, 50_000);

    assert!(gateway.market_time() >= start + 50_000);
    until(|| gateway.clients().is_empty());
}

#[test]
fn test_each_tick_of_an_advance_carries_the_time_of_its_step() {
    let gateway = gateway();
    let client = follower(&gateway, 7);
    let reader = thread::spawn(|| ticks_of_walk(client));

    walk(&gateway, 5);

    let bodies = reader.join().unwrap();
    let last_times = bodies.iter().filter(|body| kind_of(body) == TICK_STRING);
    let times: Vec<i64> =
        last_times.map(|body| std::str::from_utf8(&body[10..]).unwrap().parse().unwrap()).collect();
    assert_eq!(times.len(), 5);
    assert!(times.windows(2).all(|pair| pair[1] == pair[0] + 1), "{times:?}");
}

#[test]
fn test_a_fault_strikes_its_kind_within_a_step() {
    let gateway = gateway();
    let client = follower(&gateway, 7);
    let reader = thread::spawn(|| ticks_of_walk(client));
    let _mute = gateway.inject(Fault::Mute("tick_size".into())).unwrap();

    walk(&gateway, 5);

    let kinds: Vec<_> = reader.join().unwrap().iter().map(|body| kind_of(body)).collect();
    assert!(!kinds.contains(&TICK_SIZE));
    assert!(kinds.iter().filter(|kind| **kind == TICK_PRICE).count() >= 15);
}
