//! Account figures, positions and profit and loss, as a text client of the mock gateway sees them.

use std::time::Duration;

use aioibkr_mock_gateway::{Fault, MockGateway, Settings};

use crate::mock_fixture::{ACCOUNT, gateway, market};
use crate::mock_text::{TextClient, errors, ids, of, order};

const UNSET: &str = "1.7976931348623157E308";
const APPLE: i32 = 265_598;

fn gateway_of_two() -> MockGateway {
    let accounts = vec!["DU1".into(), "DU2".into()];
    MockGateway::start(Settings { accounts, ..Settings::default() }).unwrap()
}

/// (A1, A2, A3, 18.10) By tag whatever was asked for, with the base currency; later changes have no End.
#[test]
fn test_a_summary_comes_by_tag_and_ends_once() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);

    let first = client.ask("62|1|9|All|TotalCashValue,NetLiquidation,BuyingPower");
    gateway.set_account_value(ACCOUNT, "BuyingPower", "5.00", "USD").unwrap();
    let later = client.settle();

    let tags: Vec<_> = of(&first, "63").into_iter().map(|row| (&row[4][..], &row[6][..])).collect();
    let sorted = [("BuyingPower", "USD"), ("NetLiquidation", "USD"), ("TotalCashValue", "USD")];
    assert_eq!((tags, &ids(&first)[3..]), (sorted.to_vec(), &["64"][..]));
    assert_eq!((ids(&later), &later[0][4][..]), (vec!["63"], "BuyingPower"));
}

/// (A5) One stream per connection: a second account takes the place of the first.
#[test]
fn test_account_updates_follow_one_account_at_a_time() {
    let gateway = gateway_of_two();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask("6|2|1|DU1");

    let replaced = client.ask("6|2|1|DU2");
    gateway.set_account_value("DU1", "BuyingPower", "1.00", "USD").unwrap();
    gateway.set_account_value("DU2", "BuyingPower", "2.00", "USD").unwrap();
    let told = client.settle();

    let owners: Vec<_> = of(&told, "6").into_iter().map(|row| row[5].as_str()).collect();
    assert_eq!(ids(&replaced).last(), Some(&"54"));
    assert_eq!(owners, ["DU2"]);
}

/// (A7) Rows per currency and for the base, whose rate is 1.
#[test]
fn test_account_values_come_by_currency_and_in_the_base() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);

    let rows = client.ask(&format!("6|2|1|{ACCOUNT}"));

    let value = |key: &str, currency: &str| {
        let row = of(&rows, "6").into_iter().find(|row| row[2] == key && row[4] == currency);
        row.map(|row| row[3].parse::<f64>().unwrap())
    };
    assert_eq!(value("ExchangeRate", "USD"), Some(1.0));
    assert_eq!(value("CashBalance", "USD"), value("CashBalance", "BASE"));
    assert!(value("CashBalance", "BASE").is_some());
}

/// (A8) Which account is meant has to be said, and it has to be there.
#[test]
fn test_an_account_that_is_missing_or_unknown_is_refused() {
    let gateway = gateway_of_two();
    let mut client = TextClient::connect(&gateway, 7);

    for line in ["92|9||", "92|9|DU9|", "74|1|9|DU9|"] {
        assert_eq!(errors(&client.ask(line)), [(9, 321)], "{line}");
    }
    assert_eq!(errors(&client.ask("6|2|1|DU9")), [(-1, 321)]);
}

/// (A9) Every account, one End, then single rows; the cancel has no id and is silent.
#[test]
fn test_positions_are_one_stream_of_every_account() {
    let gateway = gateway_of_two();
    gateway.set_position("DU1", "AAPL", 1.0, 9.0).unwrap();
    gateway.set_position("DU2", "AAPL", 2.0, 9.0).unwrap();
    let mut client = TextClient::connect(&gateway, 7);

    let first = client.ask("61|1");
    gateway.set_position("DU1", "AAPL", 3.0, 9.0).unwrap();
    let moved = client.settle();
    let cancelled = client.ask("64|1");
    gateway.set_position("DU1", "AAPL", 4.0, 9.0).unwrap();

    assert_eq!((ids(&first), ids(&moved)), (vec!["61", "61", "62"], vec!["61"]));
    assert_eq!((cancelled, client.settle()), (vec![], vec![]));
}

/// (A13) After a fill: the position, the commission, the portfolio row.
#[test]
fn test_a_fill_moves_position_commission_and_portfolio_in_this_order() {
    let gateway = gateway();
    gateway.set_price("AAPL", market(99.0, 100.0, 100.0)).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask("61|1");
    client.ask(&format!("6|2|1|{ACCOUNT}"));

    let told = client.ask(&order(1, "BUY 1 MKT 0"));

    let told = ids(&told);
    let place = |id: &str| told.iter().position(|found| *found == id).unwrap();
    assert!(place("61") < place("59") && place("59") < place("7"), "{told:?}");
}

/// (A14, 18.8) What is closed is told as an explicit zero, everywhere.
#[test]
fn test_a_closed_position_is_told_as_zero() {
    let gateway = gateway();
    gateway.set_position(ACCOUNT, "AAPL", 10.0, 90.0).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask("61|1");
    client.ask(&format!("74|1|8|{ACCOUNT}|"));
    client.ask(&format!("6|2|1|{ACCOUNT}"));
    client.ask(&format!("94|9|{ACCOUNT}||{APPLE}"));

    gateway.set_position(ACCOUNT, "AAPL", 0.0, 0.0).unwrap();
    let told = client.settle();

    for (id, field) in [("61", 14), ("71", 15), ("7", 13), ("95", 2)] {
        assert_eq!(of(&told, id).last().unwrap()[field], "0", "{id}: {told:?}");
    }
}

/// (A11) The multiplier and the commission are in the cost.
#[test]
fn test_the_cost_of_a_position_holds_its_commission() {
    let gateway = gateway();
    gateway.set_price("AAPL", market(99.0, 100.0, 100.0)).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&order(1, "BUY 10 MKT 0"));

    let rows = client.ask("61|1");

    let commission = gateway.executions()[0].commission;
    let cost: f64 = of(&rows, "61")[0][15].parse().unwrap();
    assert!(commission > 0.0);
    assert!((cost - (100.0 + commission / 10.0)).abs() < 1e-9, "{cost}");
}

/// (A16) Unset where there is no figure: nothing held, nothing closed today.
#[test]
fn test_profit_and_loss_is_unset_where_there_is_none() {
    let gateway = gateway();
    gateway.set_position(ACCOUNT, "MSFT", 10.0, 90.0).unwrap();
    let mut client = TextClient::connect(&gateway, 7);

    let never = client.ask(&format!("94|8|{ACCOUNT}||{APPLE}"));
    let held = client.ask(&format!("94|9|{ACCOUNT}||272093"));

    assert_eq!(of(&never, "95")[0][2..7], ["0", UNSET, UNSET, UNSET, UNSET]);
    let row = of(&held, "95")[0];
    assert_eq!((&row[2][..], &row[5][..]), ("10", UNSET), "{row:?}");
    assert_ne!(row[4], UNSET, "{row:?}");
}

/// (B12) Some builds answer a summary late or never, while all else is answered.
#[test]
fn test_a_summary_may_come_late_or_never() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    let late = Duration::from_millis(400);
    let delay = gateway.inject(Fault::Delay("req_account_summary".into(), late)).unwrap();

    let at_once = client.ask("62|1|8|All|NetLiquidation");
    let later = client.read_until("64");
    delay.clear();
    let _never = gateway.inject(Fault::Mute("req_account_summary".into())).unwrap();
    let muted = client.ask("62|1|9|All|NetLiquidation");

    assert_eq!((at_once, &later[2][..], muted), (vec![], "8", vec![]));
}
