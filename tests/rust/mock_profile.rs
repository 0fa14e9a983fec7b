//! How a gateway is set up, as its clients notice it.

use std::collections::BTreeMap;
use std::time::Duration;

use aioibkr_mock_gateway::{HostClock, Prices, Profile};

use crate::mock_fixture::{ACCOUNT, market};
use crate::mock_text::{AAPL, TextClient, errors, ids, of, order, set_up};

const BARS: &str = "0|20261120-22:00:00|1 hour|1 D|1|TRADES|1|0|";

/// (S6, 18.16) The zone is that of the host: here one with blanks, and one no client can decode.
#[test]
fn test_the_connection_time_is_that_of_the_host() {
    for zone in [&b"Central European Standard Time"[..], b"\xD6\xD0\xB9\xFA"] {
        let host = HostClock { zone: zone.to_vec(), minutes_ahead: 120 };
        let gateway = set_up(Profile { host, ..Profile::default() });

        let client = TextClient::connect(&gateway, 7);

        let time = &client.version[1];
        assert_eq!(&time[18..], zone, "{time:?}");
        let hour = gateway.market_time().div_euclid(3_600) + 2;
        let shown: i64 = std::str::from_utf8(&time[9..11]).unwrap().parse().unwrap();
        assert!([hour % 24, (hour + 23) % 24].contains(&shown), "{time:?}");
    }
}

/// (S13) What is about orders is refused, on the order's id or on none; the rest works.
#[test]
fn test_a_read_only_gateway_refuses_what_is_about_orders() {
    let gateway = set_up(Profile { is_read_only: true, ..Profile::default() });
    let mut client = TextClient::connect(&gateway, 7);

    for (line, id) in [
        (order(5, "BUY 1 MKT 0"), 5),
        ("4|1|5|".into(), 5),
        ("58|1".into(), -1),
        ("5|1".into(), -1),
        ("16|1".into(), -1),
        ("99|0".into(), -1),
    ] {
        let answer = client.ask(&line);
        assert_eq!((errors(&answer), answer.len()), (vec![(id, 321)], 1), "{line}");
    }
    assert!(gateway.orders().is_empty());
    for (line, reply) in [
        ("61|1".into(), "62"),
        (format!("6|2|1|{ACCOUNT}"), "54"),
        (format!("1|11|9|{AAPL}|0||0|0|"), "81"),
        (format!("20|9|{AAPL}|{BARS}"), "17"),
    ] {
        assert!(ids(&client.ask(&line)).contains(&reply), "{line}");
    }
}

/// (H2, 18.16) The window of an answer is in the zone of the instrument, or in UTC by a setting.
#[test]
fn test_a_window_is_written_in_the_zone_of_the_instrument_or_in_utc() {
    let cases = [
        (false, ["20261119 17:00:00 US/Eastern", "20261120 17:00:00 US/Eastern"]),
        (true, ["20261119-22:00:00", "20261120-22:00:00"]),
    ];

    for (writes_utc_windows, window) in cases {
        let gateway = set_up(Profile { writes_utc_windows, ..Profile::default() });
        let mut client = TextClient::connect(&gateway, 7);

        let answer = client.ask(&format!("20|9|{AAPL}|{BARS}"));

        assert_eq!(of(&answer, "17")[0][2..4], window);
    }
}

/// (S3, H9) A farm that sleeps takes the place of the one that is up, and a query wakes it: its bars
/// follow the 165.
#[test]
fn test_a_sleeping_farm_for_history_wakes_when_it_is_asked() {
    let gateway = set_up(Profile { has_idle_history_farm: true, ..Profile::default() });
    let mut client = TextClient::connect(&gateway, 7);
    let query = format!("20|9|{AAPL}|{BARS}");

    let (first, second) = (client.ask(&query), client.ask(&query));
    let later = TextClient::connect(&gateway, 8);

    let told: Vec<_> = errors(&client.welcome).into_iter().map(|(_, code)| code).collect();
    let after: Vec<_> = errors(&later.welcome).into_iter().map(|(_, code)| code).collect();
    let sleeping = of(&client.welcome, "4")[1][4].clone();
    assert_eq!((told, after), (vec![2104, 2107, 2158], vec![2104, 2106, 2158]));
    assert!(sleeping.ends_with("demand.ushmds"), "{sleeping}");
    assert_eq!((ids(&first), errors(&first)), (vec!["4", "17"], vec![(9, 165)]));
    assert_eq!(ids(&second), ["17"]);
}

/// (C12) What is not ASCII arrives escaped.
#[test]
fn test_texts_follow_the_language_of_the_gateway() {
    let texts = BTreeMap::from([(2104, "市场:usfarm".to_owned())]);
    let gateway = set_up(Profile { texts, ..Profile::default() });

    let client = TextClient::connect(&gateway, 7);

    assert_eq!(of(&client.welcome, "4")[0][4], "\\u5e02\\u573a:usfarm");
}

/// (M13) Between two samples changes gather, and only the newest value is told.
#[test]
fn test_sampled_quotes_leave_out_what_did_not_last() {
    let gateway = set_up(Profile { samples_quotes: true, ..Profile::default() });
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&format!("1|11|9|{AAPL}|0||0|0|"));
    let start = std::time::Instant::now();

    for bid in [100.0, 101.0, 102.0] {
        gateway.set_price("AAPL", Prices { bid: Some(bid), ..Prices::default() }).unwrap();
    }
    let tick = client.read();
    let rest = client.settle();

    assert_eq!((&tick[3][..], &tick[4][..]), ("1", "102"), "{tick:?}");
    assert!(start.elapsed() >= Duration::from_millis(200), "{:?}", start.elapsed());
    assert!(of(&rest, "1").is_empty(), "{rest:?}");
}

/// (A3, A6, A15) What moved with prices alone comes every three minutes, and only what changed; a fill
/// comes at once.
#[test]
fn test_paced_account_updates_come_every_three_minutes() {
    let gateway = set_up(Profile { paces_account_updates: true, ..Profile::default() });
    gateway.set_price("AAPL", market(99.0, 100.0, 100.0)).unwrap();
    gateway.set_position(ACCOUNT, "AAPL", 10.0, 90.0).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&format!("6|2|1|{ACCOUNT}"));
    client.ask("62|1|9|All|NetLiquidation,TotalCashValue");

    gateway.set_price("AAPL", market(109.0, 110.0, 110.0)).unwrap();
    let at_once = client.settle();
    gateway.advance(Duration::from_secs(180));
    let pushed = client.settle();
    let filled = client.ask(&order(1, "BUY 1 MKT 0"));

    assert_eq!(ids(&at_once), Vec::<&str>::new());
    assert_eq!(of(&pushed, "7")[0][13..16], ["10", "110", "1100"]);
    let told: Vec<_> = of(&pushed, "63").into_iter().map(|row| row[4].as_str()).collect();
    assert_eq!((told, of(&pushed, "64").len()), (vec!["NetLiquidation"], 0));
    assert!(!of(&filled, "7").is_empty() && !of(&filled, "63").is_empty(), "{filled:?}");
}
