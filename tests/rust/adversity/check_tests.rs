//! Each rule of the judge objects to a history that breaks it, and to nothing else in it.

use std::time::Duration;

use aioibkr_core::ErrorKind;
use aioibkr_core::model::SessionState;

use super::check::check;
use super::history::{
    Attempt, Await, Ending, History, OrderEnd, Restore, Sample, Sent, Silence, Standing,
};

const SECOND: Duration = Duration::from_secs(1);

fn order(reference: &str, executions: &[&str]) -> OrderEnd {
    OrderEnd {
        reference: reference.into(),
        status: "Filled".into(),
        filled: executions.len().to_string(),
        executions: executions.iter().map(ToString::to_string).collect(),
    }
}

fn sent(kind: &str, order_ref: Option<&str>) -> Sent {
    Sent { kind: kind.into(), order_ref: order_ref.map(Into::into) }
}

fn sample(seconds: u32, state: SessionState) -> Sample {
    Sample { at: seconds * SECOND, state, generation: 1 }
}

fn held(quantity: &str) -> Vec<(String, String)> {
    vec![("AAPL".into(), quantity.into())]
}

/// A history in which all is well: live, suspect from the tenth second, live from the twentieth on.
fn sound() -> History {
    let lists = ["start_api", "req_all_open_orders", "req_completed_orders", "req_executions"];
    let mut wire: Vec<_> = lists.iter().map(|kind| sent(kind, None)).collect();
    wire.push(sent("place_order", Some("|one")));
    let attempt = |key: &str, at: u32, error| Attempt {
        key: key.into(),
        from: at * SECOND,
        until: at * SECOND,
        error,
    };
    History {
        awaits: vec![Await { what: "time".into(), allowed: SECOND, took: SECOND }],
        attempts: vec![attempt("one", 1, None), attempt("two", 12, Some(ErrorKind::OrderRefused))],
        samples: vec![
            sample(0, SessionState::Live),
            sample(10, SessionState::Suspect),
            sample(20, SessionState::Live),
        ],
        wire,
        restores: vec![Restore {
            asked_after: SECOND,
            held: SECOND,
            written_by: vec![("one".into(), 2 * SECOND)],
        }],
        silences: vec![Silence {
            from: 9 * SECOND,
            until: 20 * SECOND - Duration::from_nanos(1),
            limit: SECOND,
        }],
        ending: Ending {
            streams: vec![
                ("quotes".into(), Standing::Delivers),
                ("depth".into(), Standing::SaysWhy),
            ],
            trades: vec![order("|one", &["e1", "e2"])],
            orders: vec![order("|one", &["e1", "e2"])],
            positions: Some(held("2")),
            held: held("2"),
            ..Ending::default()
        },
        messages: 10,
        lasted: SECOND,
        messages_per_second: 10,
        lag: Duration::ZERO,
    }
}

/// The invariants that a changed history breaks.
fn broken(change: impl FnOnce(&mut History)) -> Vec<u8> {
    let mut history = sound();
    change(&mut history);
    check(&history).into_iter().map(|violation| violation.invariant).collect()
}

#[test]
fn core_adversity_finds_nothing_wrong_with_a_sound_history() {
    assert_eq!(check(&sound()), []);
}

#[test]
fn core_adversity_objects_to_a_silent_link_that_stays_live() {
    assert_eq!(broken(|history| history.samples.truncate(1)), [0]);
}

#[test]
fn core_adversity_objects_to_a_second_order_of_one_intent() {
    let twice = |history: &mut History| {
        let order = history.ending.orders[0].clone();
        history.ending.orders.push(order);
    };

    assert_eq!(broken(twice), [1]);
}

#[test]
fn core_adversity_objects_to_a_write_that_did_not_wait() {
    let doubtful = |history: &mut History| {
        history.attempts[1].error = Some(ErrorKind::OrderOutcomeUnknown);
    };
    let suspect = |history: &mut History| {
        history.attempts[1].error = Some(ErrorKind::ConnectionLost);
        history.wire.push(sent("place_order", Some("|two")));
    };
    let unreconciled = |history: &mut History| {
        history.wire.push(sent("start_api", None));
        history.wire.push(sent("place_order", Some("|one")));
    };
    let early = |history: &mut History| history.restores[0].held = 2 * SECOND;
    let refused = |history: &mut History| history.attempts[0].error = Some(ErrorKind::OrderRefused);

    assert_eq!(broken(doubtful), [2]);
    assert_eq!(broken(suspect), [2]);
    assert_eq!(broken(unreconciled), [2]);
    assert_eq!(broken(early), [2]);
    assert_eq!(broken(refused), [2]);
}

#[test]
fn core_adversity_objects_to_executions_that_are_lost_or_told_twice() {
    let tell = |executions: &[&str]| {
        let executions: Vec<_> = executions.iter().map(ToString::to_string).collect();
        move |history: &mut History| history.ending.trades[0].executions = executions
    };

    assert_eq!(broken(tell(&["e1"])), [3]);
    assert_eq!(broken(tell(&["e1", "e2", "e2"])), [3, 3], "twice, and not what was executed");
}

#[test]
fn core_adversity_objects_to_an_await_beyond_its_deadline() {
    assert_eq!(broken(|history| history.awaits[0].took = 2 * SECOND), [4]);
    assert_eq!(broken(|history| history.ending.unanswered.push("bars".into())), [4]);
}

#[test]
fn core_adversity_objects_to_what_was_not_restored() {
    let silent = |history: &mut History| history.ending.streams[0].1 = Standing::Silent;

    assert_eq!(broken(silent), [5]);
    assert_eq!(broken(|history| history.ending.ungapped.push("ticks".into())), [5]);
    assert_eq!(broken(|history| history.ending.lacks = Some("readiness".into())), [5]);
}

#[test]
fn core_adversity_objects_to_wrong_positions_and_not_to_unknown_ones() {
    assert_eq!(broken(|history| history.ending.positions = Some(Vec::new())), [6]);
    assert_eq!(broken(|history| history.ending.positions = None), []);
}

#[test]
fn core_adversity_objects_to_more_messages_than_allowed() {
    assert_eq!(broken(|history| history.messages = 31), [7]);
}

#[test]
fn core_adversity_objects_to_order_events_that_were_missed() {
    let stale = |history: &mut History| history.ending.trades[0].status = "Submitted".into();

    assert_eq!(broken(stale), [9]);
    assert_eq!(broken(|history| history.ending.trades.clear()), [9]);
}
