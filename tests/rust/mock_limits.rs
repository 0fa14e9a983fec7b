//! The limits of IB on the mock gateway, each by the code a client gets.

use std::io::Read;
use std::time::{Duration, Instant};

use aioibkr_mock_gateway::{Fault, Limits, MessageRate, MockGateway, Settings};

use ibapi::orders::order_builder::limit_order;
use ibapi::prelude::*;

use crate::mock_fixture::{aapl, gateway, market};
use crate::mock_order_story::Story;
use crate::mock_raw::{CURRENT_TIME, ERROR, RawClient, code_of, until};

const REQ_MKT_DATA: u32 = 201;
const REQ_HISTORICAL_DATA: u32 = 220;
const REQ_ACCOUNT_SUMMARY: u32 = 262;
const REQ_MARKET_DATA_TYPE: u32 = 259;
const TICK_REQ_PARAMS: u32 = 281;
const MARKET_DATA_TYPE: u32 = 258;
const HISTORICAL_DATA_END: u32 = 308;

fn limited(limits: Limits) -> MockGateway {
    MockGateway::start(Settings { limits, ..Settings::default() }).unwrap()
}

/// A request with this id for AAPL as its second field.
fn for_aapl(id: u8) -> Vec<u8> {
    [&[8, id][..], b"\x12\x17\x12\x04AAPL\x1a\x03STK\x42\x05SMART\x52\x03USD"].concat()
}

fn error(client: &mut RawClient) -> Option<u64> {
    code_of(&client.read_until(ERROR))
}

/// (L1)
#[test]
fn test_too_many_messages_are_warned_of_refused_and_end_the_connection() {
    let rate = MessageRate { per_second: 50, is_per_client: false, refusals: 3 };
    let gateway = limited(Limits { messages: Some(rate), ..Limits::default() });
    let mut client = RawClient::connect(&gateway, 7);

    (0..53).for_each(|_| client.send(CURRENT_TIME, &[]));

    let codes: Vec<_> = (0..4).map(|_| error(&mut client)).collect();
    assert_eq!(codes, [None, Some(100), Some(100), Some(100)]);
    assert_eq!(client.0.read_to_end(&mut Vec::new()).unwrap(), 0);
    assert_eq!(gateway.requests(Some("req_current_time")).unwrap().len(), 50);
}

#[test]
fn test_messages_are_not_limited_by_default() {
    let gateway = gateway();
    let mut client = RawClient::connect(&gateway, 7);

    (0..200).for_each(|_| client.send(CURRENT_TIME, &[]));

    (0..200).for_each(|_| drop(client.read_until(CURRENT_TIME)));
}

/// (L3)
#[test]
fn test_a_client_that_asks_for_pacing_is_queued_and_not_refused() {
    let rate = MessageRate { per_second: 20, is_per_client: false, refusals: 1 };
    let gateway = limited(Limits { messages: Some(rate), ..Limits::default() });
    let mut client = RawClient::connect_with(&gateway, 7, "v213..226 +PACEAPI");
    let start = Instant::now();

    (0..25).for_each(|_| client.send(CURRENT_TIME, &[]));

    (0..25).for_each(|_| drop(client.read_until(CURRENT_TIME)));
    assert!(start.elapsed() >= Duration::from_millis(900), "{:?}", start.elapsed());
}

/// (L8)
#[tokio::test]
async fn test_an_account_has_so_many_active_orders_on_one_side_of_a_contract() {
    let gateway = limited(Limits { active_orders: Some(2), ..Limits::default() });
    let client = crate::mock_fixture::connect(&gateway, 7).await;
    let mut story = Story::of(&client).await;
    let buy = limit_order(Action::Buy, 1.0, 50.0);
    let sell = limit_order(Action::Sell, 1.0, 500.0);

    for (id, order) in [(1, &buy), (2, &buy), (3, &sell), (4, &buy), (1, &buy)] {
        client.submit_order(id, &aapl(), order).await.unwrap();
    }

    let told = story.take(11).await;
    assert_eq!(told[6..9], ["notice 201", "open 4 Inactive", "status 4 Inactive 0/1"]);
    assert_eq!(told[9], "open 1 Submitted");
}

/// (L4) Longer bars are paced softly.
#[test]
fn test_one_query_too_many_for_long_bars_is_late() {
    let gateway = limited(Limits { has_history_pacing: true, ..Limits::default() });
    let mut client = RawClient::connect(&gateway, 7);
    let query =
        |id| [for_aapl(id), b"\x22\x06\x31 hour\x2a\x03\x31 D\x3a\x06TRADES".into()].concat();
    (1..=60).for_each(|id| client.send(REQ_HISTORICAL_DATA, &query(id)));
    (1..=60).for_each(|_| drop(client.read_until(HISTORICAL_DATA_END)));
    let start = Instant::now();

    client.send(REQ_HISTORICAL_DATA, &query(61));

    client.read_until(HISTORICAL_DATA_END);
    assert!(start.elapsed() >= Duration::from_millis(900), "{:?}", start.elapsed());
}

/// (L6)
#[test]
fn test_market_data_lines_are_shared_by_all_clients() {
    let gateway = limited(Limits { market_data_lines: Some(2), ..Limits::default() });
    let mut first = RawClient::connect(&gateway, 7);
    let mut second = RawClient::connect(&gateway, 8);
    first.send(REQ_MKT_DATA, &for_aapl(1));
    first.read_until(TICK_REQ_PARAMS);
    second.send(REQ_MKT_DATA, &for_aapl(1));
    second.read_until(TICK_REQ_PARAMS);

    second.send(REQ_MKT_DATA, &for_aapl(2));
    let refused = error(&mut second);
    drop(first);
    until(|| gateway.clients() == [8]);
    second.send(REQ_MKT_DATA, &for_aapl(3));

    assert_eq!(refused, Some(101));
    second.read_until(TICK_REQ_PARAMS);
}

/// (H15, L5)
#[test]
fn test_the_fifty_first_open_historical_query_is_refused() {
    let gateway = gateway();
    let mut client = RawClient::connect(&gateway, 7);
    let _fault = gateway.inject(Fault::Mute("req_historical_data".into())).unwrap();

    (1..=51).for_each(|id| client.send(REQ_HISTORICAL_DATA, &for_aapl(id)));

    assert_eq!(error(&mut client), Some(322));
}

/// (L4)
#[test]
fn test_an_identical_query_is_paced() {
    let gateway = limited(Limits { has_history_pacing: true, ..Limits::default() });
    let mut client = RawClient::connect(&gateway, 7);
    let query =
        |id| [for_aapl(id), b"\x22\x06\x35 secs\x2a\x03\x360S\x3a\x06TRADES".into()].concat();

    client.send(REQ_HISTORICAL_DATA, &query(1));
    client.send(REQ_HISTORICAL_DATA, &query(2));

    let refusal = loop {
        let body = client.read_until(ERROR);
        if body.windows(6).any(|text| text == b"pacing") {
            break code_of(&body);
        }
    };
    assert_eq!(refusal, Some(162));
}

/// (A4)
#[test]
fn test_a_third_account_summary_is_refused() {
    let gateway = gateway();
    let mut client = RawClient::connect(&gateway, 7);

    for id in 1..=3 {
        client.send(REQ_ACCOUNT_SUMMARY, &[&[8, id][..], b"\x12\x03All"].concat());
    }

    assert_eq!(error(&mut client), Some(322));
}

/// (S11)
#[test]
fn test_the_thirty_third_client_finds_no_place() {
    let gateway = gateway();
    let mut clients: Vec<_> = (1..=32).map(|id| RawClient::connect(&gateway, id)).collect();

    let mut late = RawClient::start(&gateway, 33);
    let answer = late.0.read_to_end(&mut Vec::new()).unwrap();
    clients.pop();
    until(|| gateway.clients().len() == 31);

    assert_eq!(answer, 0);
    RawClient::connect(&gateway, 33);
}

/// (M5, M6, M7, 18.6)
#[test]
fn test_entitlement_errors_leave_what_they_leave() {
    let gateway = gateway();
    gateway.set_price("AAPL", market(1.0, 2.0, 1.5)).unwrap();
    let mut client = RawClient::connect(&gateway, 7);
    let cases =
        [(354, 1, false), (10089, 1, false), (10089, 3, true), (10090, 1, true), (10197, 1, false)];

    for (id, (code, kind, has_data)) in (1..).zip(cases) {
        gateway.set_data_error("AAPL", Some(code)).unwrap();
        client.send(REQ_MARKET_DATA_TYPE, &[8, kind]);
        client.send(REQ_MKT_DATA, &for_aapl(id));
        let told = error(&mut client);
        client.send(CURRENT_TIME, &[]);
        let next = client.read_body();

        assert_eq!(told, Some(u64::try_from(code).unwrap()));
        let wire_id = u32::from_be_bytes([next[0], next[1], next[2], next[3]]);
        assert_eq!(wire_id == TICK_REQ_PARAMS || wire_id == MARKET_DATA_TYPE, has_data, "{code}");
        if has_data {
            client.read_until(CURRENT_TIME);
        }
        gateway.set_data_error("AAPL", None).unwrap();
    }
}

#[tokio::test]
async fn test_ibs_own_limits_let_a_quiet_client_work() {
    let gateway = limited(Limits::ib());
    let client = crate::mock_fixture::connect(&gateway, 7).await;

    assert!(client.server_time().await.is_ok());
    assert!(client.contract_details(&aapl()).await.is_ok());
}
