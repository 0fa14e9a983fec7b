//! History and bars that form, as a text client of the mock gateway sees them.

use std::time::{Duration, Instant};

use aioibkr_mock_gateway::{MockGateway, Settings};
use time::macros::datetime;

use crate::mock_fixture::gateway;
use crate::mock_text::{AAPL, Frame, TextClient, errors, ids, of};

const BTC: &str = "0|BTC|CRYPTO||0.0|||PAXOS||USD||";
const EUR: &str = "0|EUR|CASH||0.0|||IDEALPRO||USD||";
/// Bars of a day: when each starts and ends the window.
const WINDOW: usize = 2;
const FIRST_BAR: usize = 5;
const FIELDS_OF_BAR: usize = 8;
/// Of an update.
const CLOSE: usize = 5;

/// A query by end, bar size, duration, what to show.
fn query(id: i32, contract: &str, terms: [&str; 4]) -> String {
    let [end, size, duration, show] = terms;
    format!("20|{id}|{contract}|0|{end}|{size}|{duration}|1|{show}|1|0|")
}

fn live(id: i32, size: &str) -> String {
    format!("20|{id}|{AAPL}|0||{size}|1 D|0|TRADES|1|1|")
}

fn bars(answer: &[Frame]) -> Vec<&[String]> {
    of(answer, "17")
        .first()
        .map_or(Vec::new(), |frame| frame[FIRST_BAR..].chunks(FIELDS_OF_BAR).collect())
}

/// A gateway in the middle of a session, whatever the time of day.
fn in_session() -> MockGateway {
    let starts_at = Some(datetime!(2026-11-18 15:30 UTC));
    MockGateway::start(Settings { starts_at, ..Settings::default() }).unwrap()
}

fn real_time(id: i32, contract: &str, show: &str) -> String {
    format!("50|3|{id}|{contract}|5|{show}|1|")
}

/// (H1, H4, 18.17) One frame with every bar; the second hour begins on the hour.
#[test]
fn test_hourly_bars_of_a_day_are_seven_and_go_by_the_clock() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);

    let answer = client.ask(&query(9, AAPL, ["20261120-22:00:00", "1 hour", "1 D", "TRADES"]));

    let starts: Vec<_> = bars(&answer).iter().map(|bar| bar[0].clone()).collect();
    assert_eq!((ids(&answer), starts.len()), (vec!["17"], 7));
    let expected = ["20261120 09:30:00 US/Eastern", "20261120 10:00:00 US/Eastern"];
    assert_eq!((&starts[..2], &starts[6][9..14]), (&expected.map(str::to_owned)[..], "15:00"));
}

/// (H3) A day before half past two is half past two, even where no clock showed that.
#[test]
fn test_a_window_can_begin_in_an_hour_that_never_was() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    let end = "20260309 02:30:00 US/Eastern";

    let answer = client.ask(&query(9, AAPL, [end, "1 hour", "1 D", "TRADES"]));

    let window = &of(&answer, "17")[0][WINDOW..WINDOW + 2];
    assert_eq!(window, ["20260308 02:30:00 US/Eastern", end]);
}

/// (H5) A day asked for when there was none is the last there was. The calendar has weekends.
#[test]
fn test_a_day_that_ends_on_a_sunday_is_the_last_session() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);

    let answer = client.ask(&query(9, AAPL, ["20261122-18:00:00", "1 day", "1 D", "TRADES"]));

    assert_eq!(bars(&answer).iter().map(|bar| bar[0].as_str()).collect::<Vec<_>>(), ["20261120"]);
}

/// (H6, 18.17) Trades have whole volumes, a rounded average and a count; a middle has none of it.
#[test]
fn test_bars_of_a_middle_have_no_trades() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    let mut asked = |show| {
        let answer = client.ask(&query(9, AAPL, ["20261120-22:00:00", "1 hour", "1 D", show]));
        bars(&answer)[0][5..8].to_vec()
    };

    let (trades, middle) = (asked("TRADES"), asked("MIDPOINT"));

    assert_eq!(middle, ["-1", "-1", "-1"]);
    assert!(!trades[0].contains('.') && trades[2].parse::<i64>().unwrap() > 0, "{trades:?}");
    assert!(trades[1].split_once('.').is_none_or(|(_, digits)| digits.len() <= 3), "{trades:?}");
}

/// (H8) Seconds are of trading: they reach into the session before; a day of them is the most.
#[test]
fn test_seconds_of_a_window_are_seconds_of_trading() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    let end = "20261120 09:45:00 US/Eastern";

    let answer = client.ask(&query(8, AAPL, [end, "1 min", "3600 S", "TRADES"]));
    let refused = client.ask(&query(9, AAPL, [end, "1 hour", "86401 S", "TRADES"]));

    let first = bars(&answer)[0][0].clone();
    assert_eq!((bars(&answer).len(), &first[..]), (60, "20261119 15:15:00 US/Eastern"));
    assert_eq!(errors(&refused), [(9, 321)]);
}

/// (H11, 18.6) Without a zone the query is warned of and served; what is no time ends it.
#[test]
fn test_an_end_without_a_zone_is_warned_of_and_a_wrong_one_refused() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);

    let bare = client.ask(&query(8, AAPL, ["20261120 16:00:00", "1 day", "1 D", "TRADES"]));
    let wrong = client.ask(&query(9, AAPL, ["20261320 16:00:00", "1 day", "1 D", "TRADES"]));

    assert_eq!((errors(&bare), bars(&bare).len()), (vec![(8, 2174)], 1));
    assert_eq!((errors(&wrong), ids(&wrong)), (vec![(9, 10314)], vec!["4"]));
}

/// (H12, H13, H14, 18.14) One code for no rights and for a cancel, by its text; a cancel of nothing is 366.
#[test]
fn test_a_162_says_its_cause_in_its_text() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);

    let rights = client.ask(&query(8, EUR, ["", "1 day", "1 D", "TRADES"]));
    client.ask(&live(9, "1 min"));
    let cancelled = client.ask("25|1|9");
    client.ask(&query(10, AAPL, ["20261120-22:00:00", "1 day", "1 D", "TRADES"]));
    let nothing = ["25|1|8", "25|1|9", "25|1|10"].map(|line| errors(&client.ask(line))[0].1);

    assert_eq!((errors(&rights), errors(&cancelled)), (vec![(8, 162)], vec![(9, 162)]));
    assert!(rights[0][4].contains("No market data permissions"), "{rights:?}");
    assert!(cancelled[0][4].ends_with("query cancelled: 9"), "{cancelled:?}");
    assert_eq!(nothing, [366, 366, 366]);
}

/// (H16) Five seconds at least; many updates of one bar.
#[test]
fn test_bars_that_keep_up_to_date_are_told_as_they_move() {
    let gateway = in_session();
    let mut client = TextClient::connect(&gateway, 7);
    let short = client.ask(&live(8, "1 secs"));
    let batch = client.ask(&live(9, "1 day"));

    for price in [100.0, 101.0] {
        gateway.trade("AAPL", price, 1.0).unwrap();
    }
    let updates = client.settle();

    assert_eq!((errors(&short), ids(&batch)), (vec![(8, 321)], vec!["17"]));
    let [first, second] = of(&updates, "90")[..] else { panic!("{updates:?}") };
    assert_eq!([&first[CLOSE], &second[CLOSE]], ["100", "101"]);
    assert_eq!(first[CLOSE - 1], second[CLOSE - 1], "one open");
}

/// (H19)
#[test]
fn test_trades_of_a_coin_are_asked_for_as_aggregated() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);

    let trades = client.ask(&query(8, BTC, ["20261120-22:00:00", "1 day", "1 D", "TRADES"]));
    let aggregated = client.ask(&query(9, BTC, ["20261120-22:00:00", "1 day", "1 D", "AGGTRADES"]));

    assert_eq!((errors(&trades), ids(&trades).len()), (vec![(8, 10299)], 1));
    assert_eq!(ids(&aggregated), ["17"]);
}

/// (H20) A bust ends streams of bars in the middle, without the client's doing.
#[test]
fn test_a_bust_ends_bars_until_they_are_asked_for_again() {
    let real_time_bar = Duration::from_millis(50);
    let gateway = MockGateway::start(Settings { real_time_bar, ..Settings::default() }).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    client.send(&real_time(8, AAPL, "TRADES"));
    client.read_until("50");
    client.ask(&live(9, "1 min"));

    gateway.bust_bars("AAPL").unwrap();
    let told = client.settle();
    gateway.trade("AAPL", 100.0, 1.0).unwrap();
    let silence = client.settle();
    client.send(&real_time(8, AAPL, "TRADES"));

    assert_eq!(errors(&told), [(8, 10225), (9, 10225)]);
    assert_eq!(silence, Vec::<Frame>::new());
    assert_eq!(client.read_until("50")[2], "8");
}

/// (H21, M6) What is wrong with a request is told at once, what the login lacks later.
#[test]
fn test_real_time_bars_are_refused_at_once_or_later() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    let nowhere = AAPL.replace("SMART", "");

    for line in [real_time(8, AAPL, "BID_ASK"), real_time(8, &nowhere, "TRADES")] {
        assert_eq!(errors(&client.ask(&line)), [(8, 321)], "{line}");
    }
    gateway.set_entitlement("AAPL", false).unwrap();
    let start = Instant::now();
    client.send(&real_time(9, AAPL, "TRADES"));
    let only = client.read();

    assert_eq!(errors(&[only]), [(9, 10089)]);
    assert!(start.elapsed() >= Duration::from_millis(170), "{:?}", start.elapsed());
}
