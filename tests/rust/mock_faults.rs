//! Every fault of the mock gateway, seen by a client that reads bytes.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use aioibkr_mock_gateway::{Error, Fault, FaultHandle, Injection, MockGateway};
use ibapi::orders::order_builder::{limit_order, market_order};
use ibapi::prelude::*;

use crate::mock_fixture::{aapl, connect, gateway, gateway_with_client, market};
use crate::mock_raw::{CURRENT_TIME, ERROR, NEXT_VALID_ID, RawClient, until};

const REQ_IDS: u32 = 208;
const CURRENT_TIME_IN_MILLIS: u32 = 309;
const REQ_TIME_IN_MILLIS: u32 = 305;
const PLACE_ORDER: u32 = 203;
const PAUSE: Duration = Duration::from_millis(60);

/// A gateway with a fault and a client that was connected before it.
fn struck(fault: impl Into<Injection>) -> (MockGateway, RawClient, FaultHandle) {
    let gateway = gateway();
    let client = RawClient::connect(&gateway, 7);
    let handle = gateway.inject(fault).unwrap();
    (gateway, client, handle)
}

fn id_of(body: &[u8]) -> u32 {
    u32::from_be_bytes([body[0], body[1], body[2], body[3]])
}

fn rest(client: &mut RawClient) -> Vec<u8> {
    let mut bytes = Vec::new();
    client.0.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn test_muted_requests_and_replies_are_never_answered() {
    for kind in ["req_current_time", "current_time", "all"] {
        let (gateway, mut client, fault) = struck(Fault::Mute(kind.into()));
        client.send(CURRENT_TIME, &[]);
        until(|| gateway.requests(Some("req_current_time")).unwrap().len() == 1);

        fault.clear();
        client.send(REQ_IDS, &[8, 1]);

        assert_eq!(id_of(&client.read_body()), NEXT_VALID_ID, "{kind}");
    }
}

#[test]
fn test_delayed_messages_are_overtaken() {
    for kind in ["req_current_time", "current_time"] {
        let (_gateway, mut client, _fault) = struck(Fault::Delay(kind.into(), PAUSE));
        let start = Instant::now();

        client.send(CURRENT_TIME, &[]);
        client.send(REQ_IDS, &[8, 1]);

        assert_eq!(id_of(&client.read_body()), NEXT_VALID_ID, "{kind}");
        assert_eq!(id_of(&client.read_body()), CURRENT_TIME, "{kind}");
        assert!(start.elapsed() >= PAUSE);
    }
}

#[test]
fn test_a_stall_holds_back_everything_in_order() {
    for kind in ["req_current_time", "current_time"] {
        let stall = Injection::from(Fault::Stall(kind.into(), PAUSE)).times(1);
        let (_gateway, mut client, _fault) = struck(stall);
        let start = Instant::now();

        client.send(CURRENT_TIME, &[]);
        client.send(REQ_IDS, &[8, 1]);

        assert_eq!(id_of(&client.read_body()), CURRENT_TIME, "{kind}");
        assert!(start.elapsed() >= PAUSE);
        assert_eq!(id_of(&client.read_body()), NEXT_VALID_ID, "{kind}");
    }
}

#[test]
fn test_a_drop_ends_the_stream_in_place_of_the_message() {
    for kind in ["req_current_time", "current_time"] {
        let (gateway, mut client, _fault) = struck(Fault::Drop(kind.into()));

        client.send(REQ_IDS, &[8, 1]);
        client.send(CURRENT_TIME, &[]);
        client.send(REQ_IDS, &[8, 1]);

        assert_eq!(id_of(&client.read_body()), NEXT_VALID_ID, "{kind}");
        assert_eq!(rest(&mut client), [], "{kind}");
        until(|| gateway.disconnect_count() == 1);
    }
}

#[test]
fn test_a_reset_fails_the_clients_reads() {
    let (gateway, mut client, _fault) = struck(Fault::Reset("req_current_time".into()));

    client.send(CURRENT_TIME, &[]);

    let error = client.0.read(&mut [0; 8]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    until(|| gateway.clients().is_empty());
}

/// (S8)
#[test]
fn test_a_half_open_connection_is_silent_and_keeps_its_id() {
    let (gateway, mut client, fault) = struck(Fault::HalfOpen("req_current_time".into()));
    client.0.set_read_timeout(Some(PAUSE)).unwrap();

    client.send(CURRENT_TIME, &[]);
    client.send(REQ_IDS, &[8, 1]);
    let silence = client.0.read(&mut [0; 8]).unwrap_err().kind();
    drop(client);
    let refused = RawClient::start(&gateway, 7).read_body();
    fault.clear();

    assert!(matches!(silence, ErrorKind::WouldBlock | ErrorKind::TimedOut));
    assert_eq!(id_of(&refused), ERROR);
    until(|| gateway.clients().is_empty());
    RawClient::connect(&gateway, 7);
}

#[test]
fn test_duplicated_frames_come_twice() {
    for kind in ["req_current_time", "current_time", "all"] {
        let twice = Injection::from(Fault::Duplicate(kind.into())).times(1);
        let (_gateway, mut client, _fault) = struck(twice);

        client.send(CURRENT_TIME, &[]);
        client.send(REQ_IDS, &[8, 1]);

        let (first, second) = (client.read_body(), client.read_body());
        assert_eq!((id_of(&first), &first), (CURRENT_TIME, &second), "{kind}");
        assert_eq!(id_of(&client.read_body()), NEXT_VALID_ID);
    }
}

#[test]
fn test_a_reordered_frame_comes_behind_the_next_or_after_a_while() {
    let (_gateway, mut client, _fault) = struck(Fault::Reorder("current_time".into()));

    client.send(CURRENT_TIME, &[]);
    client.send(REQ_IDS, &[8, 1]);
    let order = [id_of(&client.read_body()), id_of(&client.read_body())];
    client.send(CURRENT_TIME, &[]);

    assert_eq!(order, [NEXT_VALID_ID, CURRENT_TIME]);
    assert_eq!(id_of(&client.read_body()), CURRENT_TIME);
}

#[test]
fn test_a_truncated_frame_is_cut_by_the_end_of_the_stream() {
    let (_gateway, mut client, _fault) = struck(Fault::Truncate("next_valid_id".into()));

    client.send(REQ_IDS, &[8, 1]);

    // Length 6: id 209 and the order id 1.
    assert_eq!(rest(&mut client), [0, 0, 0, 6, 0]);
}

#[test]
fn test_a_split_frame_arrives_whole_in_pieces() {
    let (_gateway, mut client, _fault) = struck(Fault::Split("next_valid_id".into()));
    client.send(REQ_IDS, &[8, 1]);

    let first = client.0.read(&mut [0; 64]).unwrap();
    let mut rest = vec![0; 10 - first];
    client.0.read_exact(&mut rest).unwrap();

    assert!(first < 10, "the frame came in one piece");
    assert_eq!(rest[rest.len() - 2..], [8, 1]);
}

#[test]
fn test_a_bad_length_announces_more_than_any_frame_may_have() {
    let (_gateway, mut client, _fault) = struck(Fault::BadLength("next_valid_id".into()));

    client.send(REQ_IDS, &[8, 1]);

    let mut frame = [0; 10];
    client.0.read_exact(&mut frame).unwrap();
    assert_eq!(frame, [255, 255, 255, 255, 0, 0, 0, 209, 8, 1]);
}

#[test]
fn test_garbage_is_framed_and_the_next_frame_is_sound() {
    let garbage = Injection::from(Fault::Garbage("next_valid_id".into())).times(1);
    let (_gateway, mut client, _fault) = struck(garbage);

    client.send(REQ_IDS, &[8, 1]);
    client.send(REQ_IDS, &[8, 1]);

    let (garbage, sound) = (client.read_body(), client.read_body());
    assert_eq!((garbage.len(), sound.as_slice()), (6, &[0, 0, 0, 209, 8, 1][..]));
    assert_ne!(garbage, sound);
}

/// (B16)
#[test]
fn test_a_code_storm_repeats_its_code_so_often() {
    let storm = Fault::CodeStorm(1100, Duration::from_millis(1));
    let (_gateway, mut client, _fault) = struck(Injection::from(storm).times(3));

    let codes: Vec<_> = (0..3).map(|_| client.read_until(ERROR)).collect();
    client.send(CURRENT_TIME, &[]);

    for error in codes {
        // Field 3 is the code: 1100.
        assert!(error.windows(3).any(|bytes| bytes == [24, 0xCC, 0x08]), "{error:?}");
    }
    assert_eq!(id_of(&client.read_body()), CURRENT_TIME);
}

#[test]
fn test_an_endless_code_storm_is_over_when_cleared() {
    let (_gateway, mut client, fault) = struck(Fault::CodeStorm(2103, Duration::from_millis(1)));
    client.read_until(ERROR);

    fault.clear();
    client.send(CURRENT_TIME, &[]);

    client.read_until(CURRENT_TIME);
    client.0.set_read_timeout(Some(PAUSE)).unwrap();
    assert!(client.0.read(&mut [0; 8]).is_err(), "the storm went on");
}

#[tokio::test]
async fn test_a_refused_order_is_refused_to_its_client_only() {
    let (gateway, first) = gateway_with_client().await;
    let second = connect(&gateway, 8).await;
    let refusal = Fault::RejectOrder(201, "no".into());
    let _fault = gateway.inject(Injection::from(refusal).for_client(8)).unwrap();
    let order = limit_order(Action::Buy, 1.0, 50.0);

    first.submit_order(1, &aapl(), &order).await.unwrap();
    second.submit_order(1, &aapl(), &order).await.unwrap();

    until(|| gateway.orders().len() == 2);
    let statuses: Vec<_> = gateway.orders().into_iter().map(|order| order.status).collect();
    assert_eq!(statuses, ["Submitted", "Inactive"]);
}

#[tokio::test]
async fn test_fills_are_late_or_partial_until_cleared() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(99.0, 100.0, 100.0)).unwrap();
    let late = gateway.inject(Fault::LateFill).unwrap();
    client.submit_order(1, &aapl(), &market_order(Action::Buy, 10.0)).await.unwrap();
    until(|| gateway.orders().len() == 1);
    let part = gateway.inject(Injection::from(Fault::PartialFill(4.0)).for_client(7)).unwrap();

    let filled = || gateway.orders()[0].filled;
    let before = filled();
    late.clear();
    let partly = filled();
    part.clear();

    assert_eq!((before, partly, filled()), (0.0, 4.0, 10.0));
}

#[tokio::test]
async fn test_a_rolled_back_id_is_told_and_refused() {
    let (gateway, client) = gateway_with_client().await;
    client.submit_order(5, &aapl(), &limit_order(Action::Buy, 1.0, 50.0)).await.unwrap();
    until(|| gateway.orders().len() == 1);

    let fault = gateway.inject(Fault::IdRollback(3)).unwrap();
    let told = client.next_valid_order_id().await.unwrap();
    client.submit_order(told, &aapl(), &limit_order(Action::Buy, 1.0, 50.0)).await.unwrap();
    fault.clear();

    assert_eq!(told, 3);
    assert_eq!(client.next_valid_order_id().await.unwrap(), 6);
    assert_eq!(gateway.orders().len(), 1);
}

/// (S8, B3)
#[test]
fn test_a_held_client_id_is_refused_so_often() {
    let gateway = gateway();
    let held = Injection::from(Fault::ClientIdHeld).for_client(7).times(2);
    let _fault = gateway.inject(held).unwrap();

    let other = id_of(&RawClient::start(&gateway, 8).read_body());
    let refused: Vec<_> =
        (0..2).map(|_| id_of(&RawClient::start(&gateway, 7).read_body())).collect();

    assert_eq!((other, refused), (215, vec![ERROR, ERROR]));
    RawClient::connect(&gateway, 7);
}

/// Order 1: BUY 1 AAPL LMT 50, transmitted.
const ORDER: &[u8] = b"\x08\x01\x12\x17\x12\x04AAPL\x1a\x03STK\x42\x05SMART\x52\x03USD\
    \x1a\x19\x2a\x03BUY\x32\x011\x42\x03LMT\x49\0\0\0\0\0\0\x49\x40\x90\x04\x01";

fn place(client: &mut RawClient) {
    client.send(PLACE_ORDER, ORDER);
}

fn orders_when_back(gateway: &MockGateway) -> usize {
    until(|| id_of(&RawClient::start(gateway, 7).read_body()) != ERROR);
    gateway.orders().len()
}

#[test]
fn test_a_client_id_is_released_when_its_last_frame_is_served() {
    let gateway = gateway();
    let mut client = RawClient::connect(&gateway, 7);

    place(&mut client);
    drop(client);

    assert_eq!(orders_when_back(&gateway), 1);
}

#[test]
fn test_a_delayed_request_keeps_its_client_id_taken() {
    let (gateway, mut client, _fault) = struck(Fault::Delay("place_order".into(), PAUSE));

    place(&mut client);
    drop(client);

    assert_eq!(orders_when_back(&gateway), 1);
}

#[test]
fn test_a_late_drain_serves_requests_behind_the_next_connection() {
    let drain = Injection::from(Fault::LateDrain(2 * PAUSE)).for_client(7);
    let (gateway, mut client, _fault) = struck(drain);

    place(&mut client);
    drop(client);

    assert_eq!(orders_when_back(&gateway), 0);
    until(|| gateway.orders().len() == 1);
}

#[test]
fn test_a_slow_reader_takes_its_time() {
    let (gateway, mut client, _fault) = struck(Fault::SlowReader(100));
    let start = Instant::now();

    client.0.write_all(&[&[0, 0, 0, 14, 0, 0, 0, 208][..], &[8, 1].repeat(5)].concat()).unwrap();
    client.read_until(NEXT_VALID_ID);

    assert!(start.elapsed() >= Duration::from_millis(140));
    assert_eq!(gateway.clients(), [7]);
}

#[test]
fn test_faults_strike_by_chance_the_same_way_each_time() {
    let answered = || {
        let mute = Injection::from(Fault::Mute("req_ids".into())).with_probability(0.5);
        let (_gateway, mut client, _fault) = struck(mute);
        (0..100).for_each(|_| client.send(REQ_IDS, &[8, 1]));
        client.send(CURRENT_TIME, &[]);
        (0..100).take_while(|_| id_of(&client.read_body()) == NEXT_VALID_ID).count()
    };

    let first = answered();

    assert!((30..70).contains(&first), "{first} of 100 at a half");
    assert_eq!(answered(), first);
}

#[test]
fn test_a_fault_leaves_other_clients_alone() {
    let gateway = gateway();
    let mut other = RawClient::connect(&gateway, 8);
    let mut client = RawClient::connect(&gateway, 7);
    let reset = Injection::from(Fault::Reset("all".into())).for_client(7);
    let _fault = gateway.inject(reset).unwrap();

    client.send(CURRENT_TIME, &[]);
    until(|| gateway.clients() == [8]);
    other.send(REQ_TIME_IN_MILLIS, &[]);

    assert_eq!(id_of(&other.read_body()), CURRENT_TIME_IN_MILLIS);
}

#[test]
fn test_faults_that_make_no_sense_are_refused() {
    let gateway = gateway();
    let unknown = gateway.inject(Fault::Drop("nope".into())).err();
    let counted = gateway.inject(Injection::from(Fault::LateFill).times(1)).err();

    assert_eq!(unknown, Some(Error::UnknownKind("nope".into())));
    assert_eq!(counted, Some(Error::NotCounted));
}
