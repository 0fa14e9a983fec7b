//! What a scenario's text turns into, and what is said about text that is wrong.

use std::time::Duration;

use super::*;
use crate::faults::{Fault, Injection};

fn steps(text: &str) -> Vec<(u128, Step)> {
    let scenario = Scenario::parse(&format!("version = 1\n{text}")).unwrap();
    scenario.steps.into_iter().map(|timed| (timed.at.as_millis(), timed.step)).collect()
}

#[test]
fn test_events_become_steps_in_the_order_of_their_time() {
    let text = r#"
        [[event]]
        at = 1
        midnight = true
        [[event]]
        at = 0.5
        repeat = { times = 2, every = 1 }
        notice = 2104
    "#;

    let expected = [(500, Step::Notice(2104)), (1000, Step::Midnight), (1500, Step::Notice(2104))];
    assert_eq!(steps(text), expected);
}

/// (C1, C4, C8)
#[test]
fn test_an_outage_repeats_1100_and_ends_with_data_kept_or_lost() {
    let outage = |lost: bool| {
        let lost = if lost { ", data_lost = true" } else { "" };
        steps(&format!("[[event]]\nat = 0\noutage = {{ lasts = 3, every = 1{lost} }}"))
    };

    let lost = (0..3).map(|second| (second * 1000, Step::Notice(1100)));
    let kept: Vec<_> = lost.clone().chain([(3000, Step::Notice(1102))]).collect();
    let gone: Vec<_> =
        lost.chain([(3000, Step::LoseStreams), (3000, Step::Notice(1101))]).collect();
    assert_eq!((outage(false), outage(true)), (kept, gone));
}

#[test]
fn test_restarts_farms_and_faults_have_an_end() {
    let text = r#"
        [[event]]
        at = 0
        restart = { down = 0.1 }
        [[event]]
        at = 1
        farm = { which = "history", lasts = 0.7 }
        [[event]]
        at = 2
        fault = { name = "Stall", kind = "tick_price", seconds = 0.1, client = 7, lasts = 0.5 }
    "#;

    let stall = Fault::Stall("tick_price".into(), Duration::from_millis(100));
    let stall = Box::new(Injection::from(stall).for_client(7));
    let expected = [
        (0, Step::Down),
        (100, Step::Up),
        (1000, Step::Notice(2105)),
        (1700, Step::Notice(2106)),
        (2000, Step::Inject(4, stall)),
        (2500, Step::Clear(4)),
    ];
    assert_eq!(steps(text), expected);
}

#[test]
fn test_what_is_wrong_is_told_with_its_line() {
    let event = |body: &str| format!("version = 1\n\n[[event]]\nat = 1\n{body}\n");
    let cases = [
        ("version = 2".to_owned(), "line 1: version this gateway"),
        ("# nothing".to_owned(), "line 1: needs version = 1"),
        ("version = 1\nstarts = \"late\"".to_owned(), "line 2: starts is"),
        ("version = 1\nsymbols = 3".to_owned(), "line 2: unknown key \"symbols\""),
        ("version = 1\n[[event]\n".to_owned(), "line 2: "),
        (event(""), "line 3: an event has one of"),
        (event("notice = 1\nmidnight = true"), "line 3: an event has one of"),
        (event("notice = \"x\""), "line 5: notice must be a whole number"),
        (event("notice = 1\ncolour = 2"), "line 6: unknown key \"colour\""),
        (event("price = { bid = 1 }"), "line 5: symbol is missing"),
        (event("price = { symbol = \"A\", bid = nan }"), "line 5: bid must be a finite number"),
        (event("fault = { name = \"Nope\" }"), "line 5: name is refused: no fault"),
        (event("fault = { name = \"Mute\", kind = \"nope\" }"), "line 5: name is refused"),
        (event("restart = { down = -1 }"), "line 5: down must be seconds"),
        (event("outage = { lasts = 1, every = 0 }"), "line 5: every makes"),
    ];

    for (text, expected) in cases {
        let error = Scenario::parse(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text:?}: {error}");
    }
}
