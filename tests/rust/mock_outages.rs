//! Outages and farms that break, by control and by scenario, as a client of the mock gateway is told.

use aioibkr_mock_gateway::{MockGateway, Scenario, Settings};

use crate::mock_fixture::gateway;
use crate::mock_text::{TextClient, errors, ids, of, order};

/// How many notices every client is welcomed with.
const WELCOME: usize = 3;

fn playing(events: &str) -> MockGateway {
    let text = format!("version = 1\nstarts = \"first client\"\n{events}");
    let scenario = Some(Scenario::parse(&text).unwrap());
    MockGateway::start(Settings { scenario, ..Settings::default() }).unwrap()
}

/// The codes of so many notices.
fn codes(client: &mut TextClient, count: usize) -> Vec<String> {
    (0..count).map(|_| client.read_until("4")[3].clone()).collect()
}

/// (C3, C5) Farms flap, each for itself, and orders work meanwhile.
#[test]
fn test_farms_break_and_come_back_while_orders_work() {
    let gateway = playing(
        "[[event]]\nat = 0.3\nrepeat = { times = 2, every = 0.05 }\n\
         farm = { which = \"market\", lasts = 0.02 }\n\
         [[event]]\nat = 0.5\nfarm = { which = \"history\", lasts = 0.02 }\n\
         [[event]]\nat = 0.6\nfarm = { which = \"definitions\", lasts = 0.02 }",
    );
    let mut client = TextClient::start(&gateway, 7);
    codes(&mut client, WELCOME);

    let first = codes(&mut client, 1);
    let placed = client.ask(&order(1, "BUY 1 LMT 50"));
    let told_meanwhile = errors(&placed).len();
    let rest = codes(&mut client, 7 - told_meanwhile);

    assert_eq!(first, ["2103"]);
    assert!(ids(&placed).contains(&"5"), "{placed:?}");
    assert_eq!(rest[rest.len() - 4..], ["2105", "2106", "2157", "2158"]);
}

/// (C4, C14) A reset comes each day at its time: 1100, and one 1102 that names every farm.
#[test]
fn test_the_daily_reset_ends_with_a_notice_of_every_farm() {
    let gateway = playing(
        "[[event]]\nat = 0.05\nrepeat = { times = 2, every = 0.05 }\noutage = { lasts = 0.01 }",
    );
    let mut client = TextClient::start(&gateway, 7);
    codes(&mut client, WELCOME);

    let (first, back) = (client.read_until("4"), client.read_until("4"));
    let second = codes(&mut client, 2);

    assert_eq!((&first[3][..], &back[3][..]), ("1100", "1102"));
    assert!(back[4].ends_with("usfarm; ushmds; secdefnj."), "{back:?}");
    assert_eq!(second, ["1100", "1102"]);
}

/// (C10, S3) Which farm and what state is in the text; the port that is given up takes its socket.
#[test]
fn test_each_notice_has_its_text_and_a_new_port_ends_the_connection() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    let cases = [
        (2103, "broken:usfarm"),
        (2105, "broken:ushmds"),
        (2157, "broken:secdefnj"),
        (2104, "OK:usfarm"),
        (2106, "OK:ushmds"),
        (2158, "OK:secdefnj"),
        (2107, "demand.ushmds"),
        (2108, "demand.usfarm"),
        (2119, "connecting:usfarm"),
        (2110, "restored automatically."),
        (1300, "connection is being dropped."),
    ];

    for (code, ending) in cases {
        gateway.notice(code);
        let told = client.read();

        assert_eq!((&told[2][..], &told[3][..]), ("-1", &code.to_string()[..]));
        assert!(told[4].ends_with(ending), "{told:?}");
    }
    assert!(client.ends());
}

/// (C8) By default quotes and the account summary survive a 1102.
#[test]
fn test_streams_survive_a_short_outage() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&format!("1|11|9|{}|0||0|0|", crate::mock_text::AAPL));

    gateway.notice(1100);
    gateway.notice(1102);
    gateway.trade("AAPL", 100.0, 1.0).unwrap();

    assert!(!of(&client.settle(), "1").is_empty());
}
