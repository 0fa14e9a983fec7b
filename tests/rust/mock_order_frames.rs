//! The frames of orders one by one, as a text client of the mock gateway gets them: what a naive
//! simulator gets wrong about them (section 18 of the observed behaviour).

use aioibkr_mock_gateway::Fault;

use crate::mock_fixture::{gateway, market};
use crate::mock_text::{Frame, TextClient, errors, ids, of, order};

const UNSET: &str = "1.7976931348623157E308";
const RESTING: &str = "BUY 10 LMT 50";
const OPEN: &str = "5";
const STATUS: &str = "3";
const EXECUTION: &str = "11";
const COMMISSION: &str = "59";

/// Status, filled and remaining of each orderStatus.
fn states(frames: &[Frame]) -> Vec<[&str; 3]> {
    let statuses = of(frames, STATUS).into_iter();
    statuses.map(|status| [2, 3, 4].map(|field| status[field].as_str())).collect()
}

/// (O1, O6, 18.1, 18.8) An openOrder before each status, and every number is there, zero or not.
#[test]
fn test_each_state_is_an_open_order_and_then_a_status() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);

    let placed = client.ask(&order(1, RESTING));

    assert_eq!(ids(&placed), [OPEN, STATUS]);
    let status = of(&placed, STATUS)[0];
    assert_eq!(status[1..6], ["1", "Submitted", "0", "10", "0"]);
    assert_eq!((&status[8][..], &status[10][..]), ("0", ""), "last price, why held");
}

/// (O4, O54, 18.2) Partly filled is Submitted with numbers; no state is a pending one.
#[test]
fn test_a_partial_fill_is_no_state_of_its_own() {
    let gateway = gateway();
    gateway.set_price("AAPL", market(49.0, 50.0, 50.0)).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    let partial = gateway.inject(Fault::PartialFill(4.0)).unwrap();

    let placed = client.ask(&order(1, RESTING));
    partial.clear();
    let rest = client.settle();

    assert_eq!(states(&placed).last(), Some(&["Submitted", "4", "6"]));
    assert_eq!(states(&rest).last(), Some(&["Filled", "10", "0"]));
    assert!(states(&placed).iter().all(|state| state[0] == "Submitted"), "{placed:?}");
}

/// (O20, O22, 18.2, 18.13) An order that fails its check has an error and no state, one that fails for
/// money is Inactive behind its error.
#[test]
fn test_a_refusal_is_an_error_with_or_without_a_state() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);

    let invalid = client.ask(&order(1, "BUY 1 NOSUCH 0"));
    let too_large = client.ask(&order(2, "BUY 1000000 MKT 0"));

    assert_eq!((errors(&invalid), ids(&invalid)), (vec![(1, 321)], vec!["4"]));
    assert_eq!((errors(&too_large), ids(&too_large)), (vec![(2, 201)], vec!["4", OPEN, STATUS]));
    assert_eq!(states(&too_large), [["Inactive", "0", "1000000"]]);
}

/// (O30, 18.13) Nothing at all until it is transmitted.
#[test]
fn test_an_order_that_is_not_transmitted_is_met_with_silence() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    let whole = order(1, RESTING);

    let silence = client.ask(&whole.replace("|DAY||||0||1|", "|DAY||||0||0|"));
    let placed = client.ask(&whole);

    assert_eq!((silence, ids(&placed)), (vec![], vec![OPEN, STATUS]));
}

/// (O50, O53, 18.3) Between an execution and its commission comes the state; the execution is first.
#[test]
fn test_a_commission_comes_behind_the_state_behind_its_execution() {
    let gateway = gateway();
    gateway.set_price("AAPL", market(99.0, 100.0, 100.0)).unwrap();
    let mut client = TextClient::connect(&gateway, 7);

    let told = client.ask(&order(1, "BUY 1 MKT 0"));

    assert_eq!(ids(&told), [OPEN, STATUS, EXECUTION, OPEN, STATUS, COMMISSION]);
    assert_eq!(states(&told), [["PreSubmitted", "0", "1"], ["Filled", "1", "0"]]);
}

/// (O40, 18.4)
#[test]
fn test_a_cancel_is_told_by_its_state_and_then_by_its_code() {
    let gateway = gateway();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&order(1, RESTING));

    let told = client.ask("4|1|1|");

    assert_eq!((ids(&told), errors(&told)), (vec![OPEN, STATUS, "4"], vec![(1, 202)]));
    assert_eq!(states(&told), [["Cancelled", "0", "10"]]);
    assert!(told[2][4].ends_with("reason:"), "{told:?}");
}

/// (E6, E7, 18.9) Opening realizes nothing, which is not zero; closing pays for both.
#[test]
fn test_only_a_closing_trade_realizes_and_it_pays_both_commissions() {
    let gateway = gateway();
    gateway.set_price("AAPL", market(100.0, 100.0, 100.0)).unwrap();
    let mut client = TextClient::connect(&gateway, 7);

    let opened = client.ask(&order(1, "BUY 10 MKT 0"));
    gateway.set_price("AAPL", market(110.0, 110.0, 110.0)).unwrap();
    let closed = client.ask(&order(2, "SELL 10 MKT 0"));

    let paid: f64 = gateway.executions().iter().map(|one| one.commission).sum();
    let realized = |frames: &[Frame]| of(frames, COMMISSION)[0][5].clone();
    assert_eq!(realized(&opened), UNSET);
    assert_eq!(realized(&closed).parse::<f64>().unwrap(), 100.0 - paid);
}

/// (P1, 18.7) A completed order tells what was left of it.
#[test]
fn test_a_completed_order_has_its_unfilled_rest_for_a_quantity() {
    let gateway = gateway();
    gateway.set_price("AAPL", market(100.0, 100.0, 100.0)).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&order(1, "BUY 10 MKT 0"));
    client.ask(&order(2, RESTING));
    client.ask("4|1|2|");

    let completed = client.ask("99|0");

    let mut rests: Vec<_> =
        of(&completed, "101").into_iter().map(|order| order[13].as_str()).collect();
    rests.sort_unstable();
    assert_eq!(rests, ["0", "10"]);
}

/// (O7, O8, 18.19) A stop is shown twice, the first time with a limit that passes, and waits.
#[test]
fn test_a_stop_is_shown_twice_with_a_limit_that_passes() {
    const LIMIT: usize = 16;
    let gateway = gateway();
    gateway.set_price("AAPL", market(199.0, 200.0, 200.0)).unwrap();
    let mut client = TextClient::connect(&gateway, 7);

    let stop = order(1, "SELL 10 STP 0").replace("|STP|0||DAY|", "|STP||185.0|DAY|");
    let told = client.ask(&stop);

    assert_eq!(ids(&told), [OPEN, STATUS, OPEN, STATUS]);
    let limits: Vec<f64> = of(&told, OPEN).iter().map(|o| o[LIMIT].parse().unwrap()).collect();
    assert!(limits[0] > 0.0 && limits[1] == 0.0, "{limits:?}");
    let held: Vec<_> = of(&told, STATUS).into_iter().map(|status| status[10].as_str()).collect();
    assert_eq!(held, ["trigger", "trigger"]);
}

/// (O61, O62, O43, 18.20) A change that is refused leaves the order as it was; what is done or unknown
/// cannot be changed.
#[test]
fn test_a_refused_change_leaves_its_order_alone() {
    let gateway = gateway();
    gateway.set_price("AAPL", market(99.0, 100.0, 100.0)).unwrap();
    let mut client = TextClient::connect(&gateway, 7);
    client.ask(&order(1, RESTING));
    client.ask(&order(2, "BUY 10 MKT 0"));

    let off_grid = client.ask(&order(1, "BUY 10 LMT 50.003"));
    let other_side = client.ask(&order(1, "SELL 10 LMT 500"));
    let filled = client.ask(&order(2, "BUY 10 LMT 50"));
    let cancels = ["4|1|2|", "4|1|99|"].map(|line| errors(&client.ask(line))[0].1);

    let codes = [&off_grid, &other_side, &filled].map(|told| errors(told)[0]);
    assert_eq!(codes, [(1, 110), (1, 105), (2, 104)]);
    assert_eq!(cancels, [10148, 10147]);
    let alive = &gateway.orders()[0];
    assert_eq!((&alive.status[..], alive.limit_price), ("Submitted", Some(50.0)));
}
