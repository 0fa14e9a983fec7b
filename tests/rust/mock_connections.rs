//! Connecting, leaving and coming back, as a client of the mock gateway lives it; the ids it is given.

use aioibkr_mock_gateway::{MockGateway, Prices, Settings};

use crate::mock_fixture::{ACCOUNT, gateway, market};
use crate::mock_raw::until;
use crate::mock_text::{AAPL, Frame, TextClient, errors, ids, of, order};

const RESTING: &str = "BUY 1 LMT 50";

fn ticks_of_aapl(id: i32) -> String {
    format!("1|11|{id}|{AAPL}|0||0|0|")
}

/// Drops a client and waits until the gateway has noticed.
fn leave(gateway: &MockGateway, client: TextClient) {
    drop(client);
    until(|| gateway.clients().is_empty());
}

fn next_id(frames: &[Frame]) -> &str {
    of(frames, "9").first().map(|frame| frame[2].as_str()).unwrap()
}

/// (S1, S2, S5, 18.5) Accounts, the next id and the farms, to each client that connects.
#[test]
fn test_every_client_is_welcomed_with_accounts_id_and_farms() {
    let gateway = gateway();

    let clients = [TextClient::connect(&gateway, 7), TextClient::connect(&gateway, 8)];

    for client in clients {
        assert_eq!(ids(&client.welcome), ["15", "9", "4", "4", "4"]);
        assert_eq!(client.welcome[0][2], ACCOUNT);
        assert_eq!(errors(&client.welcome), [(-1, 2104), (-1, 2106), (-1, 2158)]);
        let texts = client.welcome[2..].iter().map(|frame| frame[4].rsplit(':').next().unwrap());
        assert_eq!(texts.collect::<Vec<_>>(), ["usfarm", "ushmds", "secdefnj"]);
    }
}

/// (S16, 18.11) A fill that happened while a client was away is told only when it asks.
#[test]
fn test_what_a_client_missed_is_not_replayed() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&order(1, RESTING));
    leave(&gateway, client);
    gateway.set_price("AAPL", market(49.0, 50.0, 50.0)).unwrap();
    gateway.notice(1101);

    let mut client = TextClient::connect(&gateway, 7);
    let asked = client.ask("7|3|9|0||||||");

    assert_eq!(ids(&client.welcome), ["15", "9", "4", "4", "4"]);
    assert_eq!(errors(&client.welcome), [(-1, 2104), (-1, 2106), (-1, 2158)]);
    assert_eq!(of(&asked, "11").len(), 1);
}

/// (S17, 18.11) Delayed data has to be asked for again.
#[test]
fn test_the_market_data_type_ends_with_its_connection() {
    let gateway = gateway();
    gateway.set_entitlement("AAPL", false).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask("59|1|3");
    let delayed = client.ask(&ticks_of_aapl(9));
    leave(&gateway, client);

    let again = TextClient::connect(&gateway, 7).ask(&ticks_of_aapl(9));

    assert_eq!(errors(&delayed), [(9, 10167)]);
    assert_eq!(errors(&again), [(9, 354)]);
}

/// (S18, 18.11) Old ids mean nothing on a new connection, and nothing comes under them.
#[test]
fn test_subscriptions_die_with_their_connection() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&ticks_of_aapl(9));
    client.ask(&format!("10|5|10|{AAPL}|5|1|"));
    leave(&gateway, client);

    let mut client = TextClient::connect(&gateway, 7);
    gateway.trade("AAPL", 100.0, 1.0).unwrap();
    let silence = client.settle();

    assert_eq!(ids(&silence), Vec::<&str>::new());
    assert_eq!(errors(&client.ask("2|2|9")), [(9, 300)]);
    assert_eq!(errors(&client.ask("11|1|10|1")), [(10, 310)]);
}

/// (S19)
#[test]
fn test_a_field_that_cannot_be_read_is_named() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);

    let wrong = client.ask("62|1|nine|All|NetLiquidation");
    let missing = client.ask("62|1|9|All");

    assert_eq!((errors(&wrong), errors(&missing)), (vec![(-1, 320)], vec![(-1, 320)]));
    assert!(wrong[0][4].contains("reqId") && missing[0][4].contains("tags"), "{wrong:?}");
}

/// (I1, I2, I3, 18.5) Each client id has a number of its own: one above the highest it sent.
#[test]
fn test_the_next_id_is_kept_for_each_client_id() {
    let gateway = gateway();
    let mut first = TextClient::connect(&gateway, 7);
    first.ask(&order(41, RESTING));
    let second = TextClient::connect(&gateway, 8);

    let asked = [first.ask("8|1|1"), first.ask("8|1|500")];
    drop(first);
    until(|| gateway.clients() == [8]);
    let again = TextClient::connect(&gateway, 7);

    assert_eq!(asked.map(|frames| next_id(&frames).to_owned()), ["42", "42"]);
    assert_eq!((next_id(&second.welcome), next_id(&again.welcome)), ("1", "42"));
}

/// (I4, I5, 18.5) An id is used up by whatever became of its order; 0 is none.
#[test]
fn test_an_id_serves_for_one_order_whatever_became_of_it() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    let refused = client.ask(&order(5, "BUY 1 NOSUCH 0"));
    client.ask(&order(7, RESTING));
    client.ask("4|1|7|");

    let cases = [(5, 103), (6, 103), (7, 103), (0, 10149)];

    assert_eq!(errors(&refused), [(5, 321)]);
    for (id, code) in cases {
        assert_eq!(errors(&client.ask(&order(id, RESTING))), [(id, code)], "{id}");
    }
    assert!(errors(&client.ask(&order(8, RESTING))).is_empty());
}

/// (I6) Nothing in an error says whether it is about an order or a request.
#[test]
fn test_an_order_and_a_request_of_one_number_fail_alike() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&order(9, RESTING));

    let request = client.ask("1|11|9|0|NOPE|STK||0.0|||SMART||USD|||0||0|0|");
    let second = client.ask("4|1|9|");

    assert_eq!(errors(&request), [(9, 200)]);
    assert_eq!(errors(&second), [(9, 202)]);
    assert_eq!(request[0].len(), of(&second, "4")[0].len());
}

/// (I7) From the first frame on, one after the other, and the same after coming back.
#[test]
fn test_a_permanent_id_is_there_from_the_first_state_and_stays() {
    const PERM_ID: usize = 6;
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    let states = [client.ask(&order(1, RESTING)), client.ask(&order(2, RESTING))];
    leave(&gateway, client);

    let open = TextClient::connect(&gateway, 7).ask("5|1");

    let given = states.map(|frames| of(&frames, "3")[0][PERM_ID].parse::<i64>().unwrap());
    let shown: Vec<i64> = of(&open, "3").iter().map(|row| row[PERM_ID].parse().unwrap()).collect();
    assert!(given[0] > 0 && given[1] == given[0] + 1, "{given:?}");
    assert_eq!(shown, given);
}

fn perm_id_of_next_order(gateway: &MockGateway) -> i64 {
    let mut client = TextClient::connect(gateway, 7);
    client.ask(&order(1, RESTING));
    let perm_id = gateway.orders()[0].perm_id;
    leave(gateway, client);
    perm_id
}

/// (I7) Neither a reset nor another gateway gives a permanent id again.
#[test]
fn test_a_permanent_id_is_never_given_again() {
    let gateways = [gateway(), gateway()];
    let mut given = Vec::new();

    for gateway in [&gateways[0], &gateways[1], &gateways[0]] {
        given.push(perm_id_of_next_order(gateway));
        gateway.reset().unwrap();
    }

    let mut unique = given.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), given.len(), "{given:?}");
    assert!(given.iter().all(|id| i32::try_from(*id).is_ok()), "{given:?}");
}

#[test]
fn test_a_gateway_can_be_told_to_give_its_permanent_ids_again() {
    let settings = Settings { first_perm_id: Some(500), ..Settings::default() };
    let gateway = MockGateway::start(settings).unwrap();

    let before = perm_id_of_next_order(&gateway);
    gateway.reset().unwrap();

    assert_eq!([before, perm_id_of_next_order(&gateway)], [500, 500]);
}

/// (I9) A fill of an order entered by hand carries the number that stands for none.
#[test]
fn test_a_fill_of_a_manual_order_has_no_order_id() {
    let gateway = gateway();
    gateway.set_price("AAPL", Prices { ask: Some(50.0), ..Prices::default() }).unwrap();
    let by_hand = aioibkr_mock_gateway::ManualOrder {
        symbol: "AAPL".into(),
        action: "BUY".into(),
        order_type: "MKT".into(),
        quantity: 1.0,
        ..Default::default()
    };
    gateway.place_manual_order(&by_hand).unwrap();

    let told = TextClient::connect(&gateway, 0).ask("7|3|9|0||||||");

    assert_eq!(of(&told, "11")[0][2], "2147483647");
}

/// (I10) An order of another client is shown with its own number and client.
#[test]
fn test_orders_of_other_clients_keep_their_ids() {
    let gateway = gateway();
    let mut owner = TextClient::connect(&gateway, 7);
    owner.ask(&order(41, RESTING));

    let all = TextClient::connect(&gateway, 8).ask("16|1");

    let status = of(&all, "3")[0];
    assert_eq!((&status[1][..], &status[9][..]), ("41", "7"), "{status:?}");
}

/// (I11) 322 for quotes, 102 for streams that are older; the running request is left alone.
#[test]
fn test_a_request_id_that_is_live_is_refused() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    let cases = [
        (ticks_of_aapl(1), 322),
        (format!("10|5|2|{AAPL}|5|1|"), 102),
        (format!("50|3|3|{AAPL}|5|TRADES|1|"), 102),
    ];

    for (id, (line, code)) in (1..).zip(cases) {
        assert!(!errors(&client.ask(&line)).contains(&(id, code)), "{line}");
        assert_eq!(errors(&client.ask(&line)), [(id, code)], "{line}");
    }
    gateway.trade("AAPL", 100.0, 1.0).unwrap();
    assert!(!of(&client.settle(), "1").is_empty());
}
