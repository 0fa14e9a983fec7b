//! Rounds by a table of tries: how often, how far apart, for how long, and what counts as a failure.

use super::*;
use Action::{Connect, GiveUp, Refuse, Wait};
use Event::{Failed, LinkReady, Lost, Open, PauseOver, SocketReady};
use SessionState::{Idle, Tripped, Waiting};

const SECOND: Duration = Duration::from_secs(1);
const FAILED: Event = Failed(Retry::MayPass);

/// Three tries of 8 s, 3 s apart; after two failures two of 5 s, 2 s apart; after five one of 3 s.
fn table() -> Vec<ConnectTries> {
    let row = |after, count, pause, timeout| {
        let (pause, timeout) = (Duration::from_secs(pause), Duration::from_secs(timeout));
        ConnectTries { after, count, pause, timeout }
    };
    vec![row(0, 3, 3, 8), row(2, 2, 2, 5), row(5, 1, 1, 3)]
}

fn machine(connect_timeout: Duration, breaker: Option<Breaker>) -> Machine {
    Machine::new(SessionOptions {
        connect_timeout,
        connect_pauses: vec![SECOND; 9],
        wait: false,
        reconnect: Some(Reconnect { first: 4 * SECOND, jitter_percent: 0, ..Reconnect::default() }),
        tries: table(),
        seed: 1,
        breaker,
        keepalive: None,
    })
}

/// Opens until it is given up: time of the tries, and of the pauses between them, in seconds.
fn connect(machine: &mut Machine, now: Instant) -> (Vec<u64>, Vec<u64>) {
    let (mut times, mut pauses) = (Vec::new(), Vec::new());
    let mut action = machine.step(Open, now);
    loop {
        action = match action {
            Some(Connect(within)) => {
                times.push(within.as_secs());
                machine.step(FAILED, now)
            }
            Some(Wait(pause)) => {
                pauses.push(pause.as_secs());
                machine.step(PauseOver, now)
            }
            last => {
                assert_eq!((last, machine.state()), (Some(GiveUp), Idle));
                return (times, pauses);
            }
        };
    }
}

#[test]
fn connects_that_fail_again_and_again_are_shorter_each_time() {
    let (mut machine, now) = (machine(60 * SECOND, None), Instant::now());

    let connects: Vec<_> = (0..7).map(|_| connect(&mut machine, now)).collect();

    let (first, second) = ((vec![8, 8, 8], vec![3, 3]), (vec![5, 5], vec![2]));
    let third = (vec![3], vec![]);
    assert_eq!(connects[..2], [first.clone(), first]);
    assert_eq!(connects[2..5], [second.clone(), second.clone(), second]);
    assert_eq!(connects[5..], [third.clone(), third]);
}

#[test]
fn a_connect_stays_within_its_time_whatever_the_table_says() {
    let (mut machine, now) = (machine(10 * SECOND, None), Instant::now());

    assert_eq!(machine.step(Open, now), Some(Connect(8 * SECOND)));
    assert_eq!(machine.step(FAILED, now + 6 * SECOND), Some(Wait(3 * SECOND)));
    let later = now + 9 * SECOND;
    assert_eq!(machine.step(PauseOver, later), Some(Connect(SECOND)));
    assert_eq!(machine.step(FAILED, later + SECOND), Some(GiveUp));
}

#[test]
fn after_a_loss_a_row_of_tries_is_one_failure() {
    let breaker = Some(Breaker { failures: 2, pause: 30 * SECOND });
    let (mut machine, now) = (machine(60 * SECOND, breaker), Instant::now());
    for event in [Open, SocketReady, LinkReady] {
        machine.step(event, now);
    }
    assert_eq!(machine.step(Lost, now), Some(Wait(4 * SECOND)));

    for _ in 0..5 {
        assert_eq!(machine.step(PauseOver, now), Some(Connect(8 * SECOND)));
        assert_eq!((machine.step(FAILED, now), machine.state()), (Some(Wait(3 * SECOND)), Waiting));
    }
    assert_eq!(machine.step(PauseOver, now), Some(Connect(8 * SECOND)));
    assert_eq!((machine.step(FAILED, now), machine.state()), (Some(Wait(30 * SECOND)), Tripped));

    let later = now + 30 * SECOND;
    assert_eq!(machine.step(PauseOver, later), Some(Connect(5 * SECOND)), "two failures");
    assert_eq!(machine.step(FAILED, later), Some(Wait(30 * SECOND)), "one try while half-open");
}

#[test]
fn a_link_forgets_failures() {
    let (mut machine, now) = (machine(60 * SECOND, None), Instant::now());
    connect(&mut machine, now);
    connect(&mut machine, now);
    assert_eq!(machine.step(Open, now), Some(Connect(5 * SECOND)));

    for event in [SocketReady, LinkReady, Lost] {
        machine.step(event, now);
    }

    assert_eq!(machine.step(PauseOver, now), Some(Connect(8 * SECOND)));
}

#[test]
fn a_connect_of_many_tries_is_one_failure_of_the_circuit() {
    let breaker = Some(Breaker { failures: 3, pause: 30 * SECOND });
    let (mut machine, now) = (machine(60 * SECOND, breaker), Instant::now());

    let tries: Vec<_> = (0..3).map(|_| connect(&mut machine, now).0.len()).collect();

    assert_eq!(tries, [3, 3, 2]);
    assert_eq!(machine.step(Open, now), Some(Refuse));
    let later = now + 30 * SECOND;
    assert_eq!(connect(&mut machine, later), (vec![5], vec![]), "one try while half-open");
}
