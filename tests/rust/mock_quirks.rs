//! What real gateways were seen to do wrong, as a client of the mock gateway meets it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use aioibkr_mock_gateway::{DepthRow, MockGateway, Prices, Quirk};

use crate::mock_fixture::{ACCOUNT, PATIENCE, gateway, market};
use crate::mock_raw::{CURRENT_TIME, RawClient};
use crate::mock_text::{AAPL, Frame, TextClient, errors, ids, of, order};

fn ticks_of_aapl(id: i32) -> String {
    format!("1|11|{id}|{AAPL}|0||0|0|")
}

fn last(price: f64) -> Prices {
    Prices { last: Some(price), ..Prices::default() }
}

/// The prices of last ticks.
fn lasts(frames: &[Frame]) -> Vec<&str> {
    of(frames, "1").into_iter().filter(|tick| tick[3] == "4").map(|tick| tick[4].as_str()).collect()
}

/// A client that greets; what it was sent, or how reading failed.
fn greet(gateway: &MockGateway) -> std::io::Result<Vec<u8>> {
    let mut socket = TcpStream::connect(gateway.address())?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.write_all(b"API\0\0\0\0\x09v157..178")?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer)?;
    Ok(answer)
}

/// (S9, S10, B3) The port is open, the API is not: so often, then it is.
#[test]
fn test_a_door_is_shut_before_or_behind_the_version_frame() {
    let gateway = gateway();
    for quirk in [Quirk::AcceptThenReset, Quirk::AcceptThenClose, Quirk::VersionThenClose] {
        let _fault = gateway.inject(aioibkr_mock_gateway::Injection::from(quirk).times(1)).unwrap();
    }

    let answers = [greet(&gateway), greet(&gateway), greet(&gateway)];

    assert!(answers[0].as_ref().is_err(), "{answers:?}");
    assert_eq!(answers[1].as_ref().unwrap(), b"");
    let version = answers[2].as_ref().unwrap();
    assert!(version[4..].starts_with(b"178\0"), "{answers:?}");
    TextClient::connect(&gateway, 7);
    assert_eq!(gateway.connect_count(), 1);
}

/// (S12) What is asked before the farms is recorded and never answered.
#[test]
fn test_requests_before_the_farms_are_never_answered() {
    let gateway = gateway();
    let _fault = gateway.inject(Quirk::LateFarms(Duration::from_millis(500))).unwrap();
    let mut client = TextClient::start(&gateway, 7);

    client.send("61|1");
    client.read_until("9");
    let farms: Vec<_> = (0..3).map(|_| client.read_until("4")[3].clone()).collect();
    let after = client.ask("61|1");

    assert_eq!(farms, ["2104", "2106", "2158"]);
    assert_eq!(ids(&after), ["62"]);
    assert_eq!(gateway.requests(Some("req_positions")).unwrap().len(), 2);
}

/// (K6, B1) Only a strike that was written is lost; text writes one always and is answered.
#[test]
fn test_a_written_strike_of_zero_is_never_answered() {
    const REQ_CONTRACT_DATA: u32 = 209;
    const CONTRACT_DATA_END: u32 = 252;
    let gateway = gateway();
    let _fault = gateway.inject(Quirk::LostZeroStrike).unwrap();
    let mut client = RawClient::connect(&gateway, 7);
    let stock = b"\x12\x04AAPL\x1a\x03STK";
    let zero = b"\x29\0\0\0\0\0\0\0\0";

    client.send(REQ_CONTRACT_DATA, &[&b"\x08\x01\x12\x14"[..], stock, zero].concat());
    client.send(CURRENT_TIME, &[]);
    let silence = client.read_body();
    client.send(REQ_CONTRACT_DATA, &[&b"\x08\x02\x12\x0b"[..], stock].concat());

    assert_eq!(silence[..4], CURRENT_TIME.to_be_bytes());
    client.read_until(CONTRACT_DATA_END);
    let text = TextClient::connect(&gateway, 8).ask(&format!("9|8|5|{AAPL}|0||||"));
    assert_eq!(ids(&text), ["10", "52"]);
}

/// (M11, B9) The close of yesterday comes first, the right price later.
#[test]
fn test_the_first_last_price_is_the_close_of_the_day_before() {
    let gateway = gateway();
    let close = Prices { close: Some(90.0), ..market(99.0, 101.0, 100.0) };
    gateway.set_price("AAPL", close).unwrap();
    let _fault = gateway.inject(Quirk::StaleFirstLast(Duration::from_millis(400))).unwrap();
    let mut client = TextClient::connect(&gateway, 7);

    let first = client.ask(&ticks_of_aapl(9));
    let later = client.read_until("1");

    assert_eq!(lasts(&first), ["90"]);
    assert_eq!(later[3..5], ["4", "100"]);
}

/// (M11, B9) A good last price, then the older one.
#[test]
fn test_an_old_last_price_comes_behind_a_new_one() {
    let gateway = gateway();
    gateway.set_price("AAPL", last(100.0)).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&ticks_of_aapl(9));

    let fault = gateway.inject(Quirk::OldLast).unwrap();
    gateway.set_price("AAPL", last(101.0)).unwrap();
    fault.clear();
    gateway.set_price("AAPL", last(102.0)).unwrap();

    assert_eq!(lasts(&client.settle()), ["101", "100", "102"]);
}

/// (M12)
#[test]
fn test_the_time_of_the_last_trade_is_zero_at_first() {
    let gateway = gateway();
    let _fault = gateway.inject(Quirk::ZeroLastTime).unwrap();
    let mut client = TextClient::connect(&gateway, 7);

    let first = client.ask(&ticks_of_aapl(9));
    gateway.trade("AAPL", 100.0, 1.0).unwrap();
    let traded = client.settle();

    let time = |frames: &[Frame]| {
        let found = of(frames, "46").into_iter().find(|tick| tick[3] == "45");
        found.map(|tick| tick[4].clone()).unwrap()
    };
    assert_eq!(time(&first), "0");
    assert_ne!(time(&traded), "0");
}

/// (D5, B10)
#[test]
fn test_a_smart_book_is_told_of_a_row_it_does_not_have() {
    let gateway = gateway();
    let row = |price| DepthRow { price, size: 1.0, maker: "ARCA".into() };
    gateway.set_depth("AAPL", &[row(9.0)], &[row(11.0)]).unwrap();
    let _fault = gateway.inject(Quirk::StrayDepthRow).unwrap();
    let mut client = TextClient::connect(&gateway, 7);

    let rows = client.ask(&format!("10|5|9|{AAPL}|5|1|"));

    let told: Vec<_> = of(&rows, "13").into_iter().map(|r| (&r[3][..], &r[5][..])).collect();
    assert_eq!(told, [("0", "0"), ("0", "0"), ("2", "1")], "{rows:?}");
}

/// (C9, B10) The book is reset before its farm breaks, bars that keep up to date end before theirs.
#[test]
fn test_a_broken_farm_has_companions() {
    let gateway = gateway();
    let _fault = gateway.inject(Quirk::FarmCompanions).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&format!("10|5|9|{AAPL}|5|1|"));
    client.ask(&format!("20|8|{AAPL}|0||1 min|60 S|0|TRADES|1|1|"));

    gateway.notice(2103);
    let market = client.settle();
    gateway.notice(2105);
    let history = client.settle();
    gateway.notice(2105);

    assert_eq!(errors(&market), [(9, 317), (-1, 2103)]);
    assert!(!of(&market, "13").is_empty(), "the rows are sent again: {market:?}");
    assert_eq!(errors(&history), [(8, 10182), (-1, 2105)]);
    assert_eq!(errors(&client.settle()), [(-1, 2105)]);
}

/// (C6, B2) No error and no more ticks, also under the same id; another id works.
#[test]
fn test_ticks_stay_silent_behind_a_farm_that_came_back() {
    let gateway = gateway();
    let fault = gateway.inject(Quirk::SilentStreams).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&ticks_of_aapl(9));

    gateway.notice(2103);
    gateway.notice(2104);
    fault.clear();
    gateway.set_price("AAPL", last(100.0)).unwrap();
    let silence = client.settle();
    let same = [client.ask("2|2|9"), client.ask(&ticks_of_aapl(9))];
    let other = client.ask(&ticks_of_aapl(10));

    assert_eq!(errors(&silence), [(-1, 2103), (-1, 2104)]);
    assert_eq!((silence.len(), same), (2, [Vec::new(), Vec::new()]));
    assert_eq!(lasts(&other), ["100"]);
}

/// (H18, B2) At the nightly reset bars stop keeping up to date, and stay silent under their id.
#[test]
fn test_bars_that_keep_up_to_date_stop_at_the_nightly_reset() {
    let gateway = gateway();
    let _fault = gateway.inject(Quirk::SilentStreams).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    let query = |id: i32| format!("20|{id}|{AAPL}|0||1 day|5 D|0|TRADES|1|1|");
    client.ask(&query(8));
    client.ask(&ticks_of_aapl(9));

    gateway.notice(1100);
    gateway.notice(1102);
    gateway.trade("AAPL", 100.0, 1.0).unwrap();
    let after = client.settle();
    let (same, other) = (client.ask(&query(8)), client.ask(&query(10)));

    assert_eq!((of(&after, "90").len(), lasts(&after)), (0, vec!["100"]));
    assert_eq!((ids(&same), ids(&other)), (vec![], vec!["17"]));
}

/// (C8) Ticks go on after 1102; a summary is heard of again when it is asked for again.
#[test]
fn test_a_summary_does_not_survive_an_outage() {
    let gateway = gateway();
    let _fault = gateway.inject(Quirk::ForgottenSummary).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask("62|1|9|All|BuyingPower");
    client.ask(&ticks_of_aapl(8));

    gateway.notice(1102);
    gateway.set_account_value(ACCOUNT, "BuyingPower", "5.00", "USD").unwrap();
    gateway.set_price("AAPL", last(100.0)).unwrap();
    let after = client.settle();
    let again = client.ask("62|1|9|All|BuyingPower");

    assert_eq!((of(&after, "63").len(), lasts(&after)), (0, vec!["100"]));
    assert_eq!(ids(&again), ["63", "64"]);
}

/// (B4) After a second cancel of a summary requests are misread, then the connection is reset.
#[test]
fn test_a_second_cancel_of_a_summary_poisons_the_connection() {
    let gateway = gateway();
    let _fault = gateway.inject(Quirk::PoisonedCancel).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask("62|1|9|All|NetLiquidation");

    let first = client.ask("63|1|9");
    client.send("63|1|9");
    client.send("61|1");
    client.send("49|1");

    assert_eq!(ids(&first), Vec::<&str>::new());
    let misread = [client.read(), client.read()];
    assert_eq!(errors(&misread), [(-1, 320), (-1, 320)]);
    assert!(!client.ends(), "a reset is no end of the stream");
}

/// (B13, M7) What runs is told and stops, a snapshot for good; it is over when it is over.
#[test]
fn test_a_session_nobody_sees_takes_the_market_data() {
    let gateway = gateway();
    gateway.set_price("AAPL", last(100.0)).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&ticks_of_aapl(9));
    gateway.clear_price("MSFT").unwrap();
    client.ask(&format!("1|11|8|{}|0||1|0|", AAPL.replace("AAPL", "MSFT")));

    let fault = gateway.inject(Quirk::CompetingSession).unwrap();
    gateway.set_price("AAPL", last(101.0)).unwrap();
    let outdone = client.settle();
    let snapshot = client.ask(&format!("1|11|10|{AAPL}|0||1|0|"));
    fault.clear();
    gateway.set_price("AAPL", last(102.0)).unwrap();
    let after = client.settle();

    assert_eq!((errors(&outdone), outdone.len()), (vec![(8, 10197), (9, 10197)], 2));
    assert_eq!((errors(&snapshot), snapshot.len()), (vec![(10, 10197)], 1));
    assert_eq!(lasts(&after), ["101", "102"]);
}

/// (H23, B9) Bars of extended hours do not hold their close; those of the session do.
#[test]
fn test_bars_of_extended_hours_are_crooked() {
    let gateway = gateway();
    let _fault = gateway.inject(Quirk::CrookedBars).unwrap();
    let mut client = TextClient::connect(&gateway, 7);

    let query = format!("20|9|{AAPL}|0|20261120-22:00:00|1 hour|1 D|0|TRADES|1|0|");
    let answer = client.ask(&query);

    let bars: Vec<_> = of(&answer, "17")[0][5..].chunks(8).collect();
    let number = |text: &str| text.parse::<f64>().unwrap();
    let crooked = bars.iter().filter(|bar| number(&bar[2]) < number(&bar[4]));
    assert_eq!((bars.len(), crooked.count()), (13, 7), "{bars:?}");
}

/// (A17)
#[test]
fn test_portfolio_rows_without_data_are_unset() {
    const UNSET: &str = "1.7976931348623157E308";
    let gateway = gateway();
    gateway.set_position(ACCOUNT, "AAPL", 10.0, 90.0).unwrap();
    let _fault = gateway.inject(Quirk::MissingMarks).unwrap();
    let mut client = TextClient::connect(&gateway, 7);

    let rows = client.ask(&format!("6|2|1|{ACCOUNT}"));

    assert_eq!(of(&rows, "7")[0][13..17], ["10", UNSET, UNSET, UNSET]);
}

/// (C7) A fill is told while the link is down.
#[test]
fn test_fills_keep_coming_around_an_outage() {
    let gateway = gateway();
    gateway.set_price("AAPL", market(99.0, 100.0, 100.0)).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&order(1, "BUY 1 LMT 98"));

    gateway.notice(1100);
    gateway.set_price("AAPL", market(97.0, 98.0, 98.0)).unwrap();
    let told = client.settle();

    assert_eq!((errors(&told), ids(&told)[0]), (vec![(-1, 1100)], "4"));
    assert!(ids(&told).contains(&"11") && ids(&told).contains(&"59"), "{told:?}");
}
