//! Contract details and how contracts are shown, as a text client of the mock gateway sees them.

use std::time::Duration;

use aioibkr_mock_gateway::Fault;

use crate::mock_fixture::{ACCOUNT, gateway};
use crate::mock_raw::{RawClient, code_of};
use crate::mock_text::{AAPL, TextClient, errors, ids, of, order};

fn details_of(id: i32, contract: &str) -> String {
    format!("9|8|{id}|{contract}|0||||")
}

/// (K1) On the request's id or the order's, and without an End.
#[test]
fn test_an_unknown_contract_is_a_200_without_an_end() {
    const NOPE: &str = "0|NOPE|STK||0.0|||SMART||USD||";
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);

    let details = client.ask(&details_of(5, NOPE));
    let placed = client.ask(&order(6, "BUY 1 MKT 0").replace(AAPL, NOPE));

    assert_eq!((ids(&details), errors(&details)), (vec!["4"], vec![(5, 200)]));
    assert_eq!((ids(&placed), errors(&placed)), (vec!["4"], vec![(6, 200)]));
}

/// (K2)
#[test]
fn test_a_stock_is_shown_as_it_was_captured() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);

    let rows = client.ask(&details_of(5, AAPL));

    assert_eq!(ids(&rows), ["10", "52"]);
    for field in ["265598", "NASDAQ", "NMS", "0.01", "US/Eastern", "APPLE INC"] {
        assert!(rows[0].iter().any(|found| found == field), "{field}: {rows:?}");
    }
    assert_eq!(rows[0].iter().filter(|found| *found == "NMS").count(), 2, "market name and class");
}

/// (K3) Rows that are under way come all the same, and their End.
#[test]
fn test_rows_keep_coming_after_their_request_was_cancelled() {
    const CONTRACT_DATA: u32 = 210;
    const CONTRACT_DATA_END: u32 = 252;
    let gateway = gateway();
    let late = Duration::from_millis(50);
    for kind in ["contract_data", "contract_data_end"] {
        let _fault = gateway.inject(Fault::Delay(kind.into(), late)).unwrap();
    }
    let mut client = RawClient::connect(&gateway, 7);

    client.send(209, b"\x08\x05\x12\x0a\x12\x03AMB\x1a\x03STK");
    client.send(306, b"\x08\x05");

    client.read_until(CONTRACT_DATA);
    client.read_until(CONTRACT_DATA);
    client.read_until(CONTRACT_DATA_END);
    let cancelled = gateway.requests(Some("cancel_contract_data")).unwrap();
    assert_eq!(cancelled.len(), 1);
}

/// (K11) Details do not need what trading needs; a bond somebody made up is unknown.
#[test]
fn test_details_need_no_permission() {
    let gateway = gateway();
    gateway.set_entitlement("BTC", false).unwrap();
    let mut client = TextClient::connect(&gateway, 7);

    let coin = client.ask(&details_of(5, "0|BTC|CRYPTO||0.0|||PAXOS||USD||"));
    let bond = client.ask("9|8|6|0||BOND||0.0|||||USD|||0|CUSIP|123456ZZ9||");

    assert_eq!(ids(&coin), ["10", "52"]);
    assert_eq!((ids(&bond), errors(&bond)), (vec!["4"], vec![(6, 200)]));
}

/// (K12) A stock has no date and no multiplier where orders show it.
#[test]
fn test_a_stock_in_an_order_has_neither_date_nor_multiplier() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);

    let states = client.ask(&order(1, "BUY 1 LMT 50"));

    let contract = &of(&states, "5")[0][2..13];
    assert_eq!((&contract[1][..], &contract[2][..]), ("AAPL", "STK"));
    assert_eq!((&contract[3][..], &contract[6][..]), ("", ""), "{contract:?}");
}

/// (K14)
#[test]
fn test_a_combination_without_a_symbol_is_refused() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);

    let refused = client.ask(&details_of(5, "0||BAG||0.0|||SMART||USD||"));

    assert_eq!(errors(&refused), [(5, 321)]);
}

/// (K10) Without a request id.
#[test]
fn test_an_unknown_market_rule_is_refused_under_no_id() {
    let gateway = gateway();

    let refused = TextClient::connect(&gateway, 7).ask("91|99999");

    assert_eq!(errors(&refused), [(-1, 322)]);
}

/// (H25) Reports are gone everywhere.
#[test]
fn test_fundamental_reports_are_refused() {
    let gateway = gateway();
    let mut client = RawClient::connect(&gateway, 7);

    client.send(252, &[8, 9]);

    assert_eq!(code_of(&client.read_until(crate::mock_raw::ERROR)), Some(10_358));
}

/// (A10, A11, 18.15) No SMART in a position; cost with multiplier; a stock's exchange is where it is listed.
#[test]
fn test_positions_show_where_an_instrument_is_listed() {
    let gateway = gateway();
    gateway.set_position(ACCOUNT, "AAPL", 10.0, 190.0).unwrap();
    gateway.set_position(ACCOUNT, "ES", 1.0, 280_000.0).unwrap();
    let mut client = TextClient::connect(&gateway, 7);

    let rows = client.ask("61|1");

    let row = |kind: &str| of(&rows, "61").into_iter().find(|row| row[5] == kind).unwrap();
    let (stock, future) = (row("STK"), row("FUT"));
    assert_eq!((&stock[10][..], &stock[15][..]), ("NASDAQ", "190"), "{stock:?}");
    assert_eq!((&future[10][..], future[6].len()), ("", 8), "{future:?}");
    assert_eq!((&future[9][..], &future[15][..]), ("50", "280000"), "{future:?}");
    assert!(["0", "0.0"].contains(&&future[7][..]), "{future:?}");
}
