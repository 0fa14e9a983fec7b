//! The mock gateway on the level of bytes: what it does with frames no sound client sends, and with
//! a client that does not read.

#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use std::io::Write;

use aioibkr_mock_gateway::{HistoryBar, MockGateway, Settings};

use crate::mock_fixture::gateway;
use crate::mock_raw::{CURRENT_TIME, RawClient, until};

#[test]
fn test_what_cannot_be_understood_is_answered_and_the_connection_lives() {
    let gateway = gateway();
    let mut client = RawClient::connect(&gateway, 1);

    for (wire_id, fields) in [(208, &[0xFF_u8][..]), (456, &[]), (49, b"1\0")] {
        client.send(wire_id, fields);
    }
    client.send(CURRENT_TIME, &[]);

    client.read_until(CURRENT_TIME);
    assert_eq!((gateway.clients(), gateway.disconnect_count()), (vec![1], 0));
}

#[test]
fn test_what_cannot_be_framed_ends_that_connection_only() {
    let gateway = gateway();
    let mut broken = RawClient::connect(&gateway, 1);
    let mut sound = RawClient::connect(&gateway, 2);

    broken.0.write_all(&[0xFF; 8]).expect("an open socket");
    until(|| gateway.disconnect_count() == 1);
    sound.send(CURRENT_TIME, &[]);

    sound.read_until(CURRENT_TIME);
    assert_eq!(gateway.clients(), [2]);
}

#[test]
fn test_a_client_that_does_not_read_is_disconnected() {
    let settings = Settings { unread_limit: 100_000, ..Settings::default() };
    let gateway = MockGateway::start(settings).expect("a free port on loopback");
    let bar = HistoryBar { start: 0, open: 1.0, high: 1.0, low: 1.0, close: 1.0, volume: 1.0 };
    gateway.set_bars("AAPL", &vec![bar; 10_000]).expect("a known symbol");
    let mut client = RawClient::connect(&gateway, 1);
    let history =
        b"\x08\x05\x12\x0b\x12\x04AAPL\x1a\x03STK\x22\x05\x31 day\x2a\x031 D\x3a\x06TRADES";

    for _ in 0..20 {
        client.send(220, history);
    }

    until(|| gateway.disconnect_count() == 1);
    assert!(gateway.clients().is_empty());
}
