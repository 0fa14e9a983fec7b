//! The mock gateway on the level of bytes: what it does with frames no sound client sends, and with
//! a client that does not read.

#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use std::io::Write;

use aioibkr_mock_gateway::{HistoryBar, MockGateway, Settings};

use crate::mock_fixture::{PATIENCE, gateway};
use crate::mock_raw::{CURRENT_TIME, RawClient, resident_kib, until};

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

/// A request of history in its frame.
const HISTORY: &[u8] = b"\0\0\0\x27\0\0\0\xdc\x08\x05\x12\x0b\x12\x04AAPL\x1a\x03STK\
    \x22\x05\x31 day\x2a\x031 D\x3a\x06TRADES";

#[test]
fn test_a_client_that_does_not_read_is_disconnected() {
    let settings = Settings { unread_limit: 100_000, ..Settings::default() };
    let gateway = MockGateway::start(settings).expect("a free port on loopback");
    let bar = HistoryBar { start: 0, open: 1.0, high: 1.0, low: 1.0, close: 1.0, volume: 1.0 };
    gateway.set_bars("AAPL", &vec![bar; 10_000]).expect("a known symbol");
    let mut client = RawClient::connect(&gateway, 1);

    // Its socket may be closed before it has asked as often.
    let _ = (0..20).try_for_each(|_| client.0.write_all(HISTORY));

    until(|| gateway.disconnect_count() == 1);
    assert!(gateway.clients().is_empty());
}

/// In protobuf they would fit: in text such prices are longer than the eight bytes of a double.
#[test]
fn test_bars_that_fit_no_frame_are_refused_and_the_connection_stays() {
    let gateway = gateway();
    let price = 1.0 / 3.0;
    let (open, high, low, close) = (price, price, price, price);
    let bar = HistoryBar { start: 0, open, high, low, close, volume: 1.234_567_890_123_456_7e-300 };
    gateway.set_bars("AAPL", &vec![bar; 41_000]).expect("a known symbol");
    let history = "||AAPL|STK||0|||SMART||USD|||0||1 day|1 D|1|TRADES|1|0||";
    let mut client = RawClient::connect_in_text(gateway.address(), 1);
    // So many digits take a while on a busy machine.
    client.0.set_read_timeout(Some(6 * PATIENCE)).expect("a timeout");

    client.send_text(&format!("20|5{history}"));
    let refusal = client.read_text_until("4|2|5|");
    client.send_text("49|1|");

    assert!(refusal.starts_with("4|2|5|162|") && refusal.contains("too many bars"), "{refusal}");
    client.read_text_until("49|");
    assert_eq!(gateway.disconnect_count(), 0);
}

#[test]
fn test_clients_that_do_not_read_cost_others_nothing_and_the_gateway_no_more_than_its_limit() {
    let settings = Settings { unread_limit: 2_000_000, ..Settings::default() };
    let gateway = MockGateway::start(settings).expect("a free port on loopback");
    let bar = HistoryBar { start: 0, open: 1.0, high: 1.0, low: 1.0, close: 1.0, volume: 1.0 };
    gateway.set_bars("AAPL", &vec![bar; 5_000]).expect("a known symbol");
    let mut sound = RawClient::connect(&gateway, 1);
    let before = resident_kib();

    for round in 1..=3 {
        let mut stalled = RawClient::connect(&gateway, 2);
        // 15 MB to come; what the gateway no longer reads is not written.
        let _ = (0..60).try_for_each(|_| stalled.0.write_all(HISTORY));
        sound.send(CURRENT_TIME, &[]);
        sound.read_until(CURRENT_TIME);
        assert!(resident_kib() < before + 12_000, "memory grows with what is not read");
        until(|| gateway.disconnect_count() == round);
    }

    assert_eq!(gateway.clients(), [1]);
}
