//! Quotes, snapshots, depth and ticks one by one, as a text client of the mock gateway sees them.

use std::time::{Duration, Instant};

use aioibkr_mock_gateway::{DepthRow, Fault, Limits, MockGateway, NewInstrument, Prices, Settings};

use crate::mock_fixture::{gateway, market};
use crate::mock_text::{AAPL, Frame, TextClient, errors, ids, of};

const SPX: &str = "0|SPX|IND||0.0|||CBOE||USD||";
const CALL: &str = "0|AAPL|OPT|EXPIRY|190.0|C|100|SMART||USD||";

fn ticks_of(contract: &str, id: i32, generics: &str) -> String {
    format!("1|11|{id}|{contract}|0|{generics}|0|0|")
}

fn snapshot_of_aapl(id: i32) -> String {
    format!("1|11|{id}|{AAPL}|0||1|0|")
}

/// Type and value of each tick, size ticks among them.
fn ticks(frames: &[Frame]) -> Vec<(&str, &str)> {
    let is_tick = |frame: &&Frame| ["1", "2"].contains(&frame[0].as_str());
    frames.iter().filter(is_tick).map(|tick| (tick[3].as_str(), tick[4].as_str())).collect()
}

/// (M1, M2, M3) The kind of data is told to each ticker and on each switch, not to who asks for it.
#[test]
fn test_the_kind_of_data_is_told_to_each_ticker() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    let live = client.ask(&ticks_of(AAPL, 9, ""));
    let silent = ["59|1|2", "59|1|3", "59|1|99"].map(|line| client.ask(line));
    gateway.set_entitlement("MSFT", false).unwrap();
    client.ask("59|1|4");

    let delayed = client.ask(&ticks_of(&AAPL.replace("AAPL", "MSFT"), 10, ""));
    gateway.clear_price("AAPL").unwrap();
    let switched = client.settle();

    assert_eq!(of(&live, "58")[0][2..], ["9", "1"], "live, unasked");
    assert!(silent.iter().all(Vec::is_empty), "{silent:?}");
    assert_eq!(of(&delayed, "58")[0][2..], ["10", "3"], "asked for 4, told 3");
    assert_eq!(of(&switched, "58")[0][2..], ["9", "2"], "the market is gone: frozen");
}

/// (M5, 18.6) Delayed data follows its warning, and the request lives.
#[test]
fn test_a_warning_about_rights_ends_nothing() {
    let gateway = gateway();
    gateway.set_entitlement("AAPL", false).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask("59|1|3");

    let first = client.ask(&ticks_of(AAPL, 9, ""));
    gateway.trade("AAPL", 100.0, 1.0).unwrap();

    assert_eq!(errors(&first), [(9, 10167)]);
    assert!(!ticks(&first).is_empty() && ticks(&client.settle()).contains(&("68", "100")));
}

/// (M4, M14) An option in delayed mode: the kind of data, two warnings, then delayed ticks and greeks.
#[test]
fn test_delayed_data_of_an_option_is_warned_of_twice() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    let rows = client.ask(&format!("9|8|5|{}|0||||", CALL.replace("EXPIRY", "")));
    let row = of(&rows, "10").last().copied().unwrap();
    let symbol = row.iter().find(|field| field.ends_with("C00190000")).unwrap();
    gateway.set_entitlement(symbol, false).unwrap();
    client.ask("59|1|3");

    let told = client.ask(&ticks_of(&CALL.replace("EXPIRY", &row[4]), 9, ""));

    let first: Vec<_> = told.iter().filter(|frame| ["58", "4"].contains(&&frame[0][..])).collect();
    assert_eq!((&first[0][0][..], &first[0][3][..]), ("58", "3"));
    assert_eq!(errors(&told), [(9, 10167), (9, 10091)]);
    let greeks: Vec<_> = of(&told, "21").into_iter().map(|tick| tick[2].as_str()).collect();
    assert!(greeks.contains(&"83"), "{told:?}");
}

/// (M8, M9) A side without a price is -1 with size 0, and each price is followed by its size.
#[test]
fn test_a_side_without_a_price_is_minus_one_and_sizes_follow_prices() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&ticks_of(AAPL, 9, ""));

    gateway.set_price("AAPL", Prices { ask_size: Some(7.0), ..market(1.0, 2.0, 1.5) }).unwrap();
    let quote = client.settle();
    gateway.clear_price("AAPL").unwrap();
    let gone = client.settle();

    let ask = ticks(&quote).iter().position(|tick| *tick == ("2", "2")).unwrap();
    assert_eq!(ticks(&quote)[ask + 1], ("3", "7"));
    assert_eq!(ticks(&gone), [("1", "-1"), ("0", "0"), ("2", "-1"), ("3", "0")]);
}

/// (M10) What nobody trades has no size.
#[test]
fn test_last_ticks_of_an_index_have_no_size() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&ticks_of(SPX, 9, ""));

    gateway.set_price("SPX", Prices { last: Some(5_600.0), ..Prices::default() }).unwrap();
    let told = client.settle();

    let last = of(&told, "1").into_iter().find(|tick| tick[3] == "4").unwrap();
    assert_eq!((&last[4][..], &last[5][..]), ("5600", "0"));
}

/// (M10) An index may stand at -1, which is no missing price, and has neither opening nor close.
#[test]
fn test_an_index_may_stand_at_minus_one() {
    let gateway = gateway();
    let breadth = NewInstrument {
        con_id: 26_718_743,
        symbol: "TICK-NYSE".into(),
        security_type: "IND".into(),
        exchange: "NYSE".into(),
        price: 100.0,
        tick: 1.0,
        ..NewInstrument::default()
    };
    gateway.add_instrument(&breadth).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&ticks_of("0|TICK-NYSE|IND||0.0|||NYSE||USD||", 9, ""));

    gateway.set_price("TICK-NYSE", Prices { last: Some(-1.0), ..Prices::default() }).unwrap();
    let told = client.settle();

    let last = of(&told, "1").into_iter().find(|tick| tick[3] == "4").unwrap();
    assert_eq!((&last[4][..], &last[5][..]), ("-1", "0"));
}

/// (M15) Delayed data has some generic ticks only, and says so.
#[test]
fn test_delayed_data_lacks_most_generic_ticks() {
    let gateway = gateway();
    gateway.set_entitlement("AAPL", false).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask("59|1|3");

    let whole = client.ask(&ticks_of(AAPL, 8, "106"));
    let partly = client.ask(&ticks_of(AAPL, 9, "106,233"));

    let generics = |frames: &[Frame]| -> Vec<String> {
        of(frames, "45").iter().chain(&of(frames, "46")).map(|tick| tick[3].clone()).collect()
    };
    assert!(!errors(&whole).contains(&(8, 2187)));
    assert!(errors(&partly).contains(&(9, 2187)));
    assert!(generics(&partly).contains(&"24".into()), "{partly:?}");
    assert!(!generics(&partly).contains(&"48".into()), "{partly:?}");
}

/// (M17, 18.18) Soon when every tick is there, after the long wait when one is missing.
#[test]
fn test_a_snapshot_with_missing_ticks_ends_late() {
    let (soon, late) = (Duration::from_millis(20), Duration::from_millis(300));
    let settings =
        Settings { snapshot_settle: soon, snapshot_timeout: late, ..Settings::default() };
    let gateway = MockGateway::start(settings).unwrap();
    gateway.set_price("AAPL", market(1.0, 2.0, 1.5)).unwrap();
    let mut client = TextClient::connect(&gateway, 7);

    let start = Instant::now();
    client.send(&snapshot_of_aapl(8));
    let complete = client.read_until("57");
    let took = start.elapsed();
    gateway.clear_price("AAPL").unwrap();
    let start = Instant::now();
    client.send(&snapshot_of_aapl(9));
    let missing = client.read_until("57");

    assert_eq!((&complete[2][..], &missing[2][..]), ("8", "9"));
    assert!(soon <= took, "{took:?}");
    assert!(start.elapsed() >= late, "{:?}", start.elapsed());
}

/// (M18, 18.14) A good cancel is silent, any other a 300.
#[test]
fn test_only_a_cancel_of_nothing_is_answered() {
    let settings = Settings { snapshot_settle: Duration::ZERO, ..Settings::default() };
    let gateway = MockGateway::start(settings).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&ticks_of(AAPL, 1, ""));
    client.send(&snapshot_of_aapl(2));
    client.read_until("57");
    client.ask(&ticks_of(&AAPL.replace("AAPL", "NOPE"), 3, ""));

    let good = client.ask("2|2|1");

    assert_eq!(good, Vec::<Frame>::new());
    for id in 1..=4 {
        assert_eq!(errors(&client.ask(&format!("2|2|{id}"))), [(id, 300)]);
    }
}

/// (M20) What cannot be computed has the numbers for that.
#[test]
fn test_greeks_that_cannot_be_computed_are_minus_one_and_minus_two() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    let rows = client.ask(&format!("9|8|5|{}|0||||", CALL.replace("EXPIRY", "")));
    let call = CALL.replace("EXPIRY", &of(&rows, "10").last().unwrap()[4]);

    // No volatility makes a call worth more than its underlying.
    let told = client.ask(&format!("54|3|9|{call}|500.0|190.0|0|"));

    let tick = of(&told, "21")[0];
    assert_eq!(tick[4..11], ["-1", "-2", "-1", "-1", "-2", "-2", "-2"], "{tick:?}");
}

/// (D3, D4, 18.14) A cancel needs the right flag and the right kind; rows under way still come.
#[test]
fn test_a_cancel_of_depth_needs_its_flag_and_rows_may_follow_it() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&format!("10|5|9|{AAPL}|5|1|"));

    let wrong = [client.ask("11|1|9|0"), client.ask("98|9"), client.ask("11|1|8|1")];
    let late = Fault::Delay("market_depth_l2".into(), Duration::from_millis(400));
    let _fault = gateway.inject(late).unwrap();
    let row = DepthRow { price: 9.0, size: 1.0, maker: "ARCA".into() };
    gateway.set_depth("AAPL", &[row], &[]).unwrap();
    let cancelled = client.ask("11|1|9|1");

    assert_eq!(wrong.map(|told| errors(&told)[0]), [(9, 310), (9, 300), (8, 310)]);
    assert_eq!(cancelled, Vec::<Frame>::new());
    assert_eq!(client.read_until("13")[2], "9");
}

/// (D6, T1) As many as the limit says; a thin book has fewer rows than were asked for.
#[test]
fn test_depth_and_tick_by_tick_have_limits() {
    let limits = Limits { depth: Some(1), tick_by_tick: Some(1), ..Limits::default() };
    let gateway = MockGateway::start(Settings { limits, ..Settings::default() }).unwrap();
    let row = DepthRow { price: 9.0, size: 1.0, maker: "ARCA".into() };
    gateway.set_depth("AAPL", &[row], &[]).unwrap();
    let mut client = TextClient::connect(&gateway, 7);

    let thin = client.ask(&format!("10|5|1|{AAPL}|5|1|"));
    client.ask(&format!("97|2|{AAPL}|Last|0|0"));

    assert_eq!(of(&thin, "13").len(), 1);
    assert_eq!(errors(&client.ask(&format!("10|5|3|{AAPL}|5|1|"))), [(3, 309)]);
    assert_eq!(errors(&client.ask(&format!("97|4|{AAPL}|Last|0|0"))), [(4, 10190)]);
}

/// (T2) Names are case sensitive.
#[test]
fn test_a_type_of_ticks_is_spelled_as_it_is() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);

    let wrong = client.ask(&format!("97|9|{AAPL}|last|0|0"));
    let right = client.ask(&format!("97|9|{AAPL}|Last|0|0"));

    assert_eq!((errors(&wrong).len(), errors(&right)), (1, vec![]));
}

/// (T5) No end at all, or a start that is still to come.
#[test]
fn test_past_ticks_without_a_range_are_refused() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);

    for range in ["|", "20991231 12:00:00 US/Eastern|"] {
        let line = format!("96|9|{AAPL}|0|{range}|10|TRADES|1|0|");
        let told = client.ask(&line);
        assert_eq!((errors(&told), ids(&told).len()), (vec![(9, 10187)], 1), "{line}");
    }
}
