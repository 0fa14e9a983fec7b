//! Rounds of tries, step by step.

use super::*;
use Action::{Connect, GiveUp, Prepare, Refuse, Rest, Serve, Stop, Wait};
use Event::{Close, Failed, LinkReady, Lost, Open, PauseOver, SocketReady};
use SessionState::{Closed, Connecting, Handshaking, Idle, Live, Tripped, Waiting};

const SECOND: Duration = Duration::from_secs(1);

fn options() -> SessionOptions {
    SessionOptions {
        connect_timeout: 10 * SECOND,
        connect_pauses: vec![SECOND, 3 * SECOND],
        wait: false,
        reconnect: Some(Reconnect {
            first: SECOND,
            longest: 30 * SECOND,
            jitter_percent: 0,
            attempts: None,
        }),
        tries: Vec::new(),
        seed: 1,
        breaker: None,
        keepalive: None,
    }
}

/// Runs events, all at the same moment, and checks state and action after each.
fn run(options: SessionOptions, steps: &[(Event, Option<Action>, SessionState)]) -> Machine {
    let (mut machine, now) = (Machine::new(options), Instant::now());
    for (index, (event, action, state)) in steps.iter().enumerate() {
        assert_eq!(machine.step(*event, now), *action, "step {index}: {event:?}");
        assert_eq!(machine.state(), *state, "step {index}: {event:?}");
    }
    machine
}

#[test]
fn one_wish_opens_one_link() {
    let machine = run(
        options(),
        &[
            (Open, Some(Connect(10 * SECOND)), Connecting),
            (Open, None, Connecting),
            (SocketReady, Some(Prepare(10 * SECOND)), Handshaking),
            (Open, None, Handshaking),
            (LinkReady, Some(Serve), Live),
            (Open, None, Live),
        ],
    );

    assert_eq!(machine.generation(), Generation(1));
}

#[test]
fn a_first_connect_gives_up_after_its_tries() {
    let failed = Failed(Retry::MayPass);
    run(
        options(),
        &[
            (Open, Some(Connect(10 * SECOND)), Connecting),
            (failed, Some(Wait(SECOND)), Waiting),
            (Open, None, Waiting),
            (PauseOver, Some(Connect(10 * SECOND)), Connecting),
            (failed, Some(Wait(3 * SECOND)), Waiting),
            (PauseOver, Some(Connect(10 * SECOND)), Connecting),
            (failed, Some(GiveUp), Idle),
            (Open, Some(Connect(10 * SECOND)), Connecting),
        ],
    );
}

#[test]
fn a_lasting_failure_ends_a_first_connect_at_once() {
    for retry in [Retry::Lasting, Retry::Mismatch, Retry::Never] {
        run(
            options(),
            &[(Open, Some(Connect(10 * SECOND)), Connecting), (Failed(retry), Some(GiveUp), Idle)],
        );
    }
}

#[test]
fn a_try_has_all_of_the_time_that_is_left() {
    let (mut machine, now) = (Machine::new(options()), Instant::now());

    assert_eq!(machine.step(Open, now), Some(Connect(10 * SECOND)));
    assert_eq!(machine.step(Failed(Retry::MayPass), now), Some(Wait(SECOND)));
    let later = now + SECOND;
    assert_eq!(machine.step(PauseOver, later), Some(Connect(9 * SECOND)));
    assert_eq!(machine.step(SocketReady, later + SECOND), Some(Prepare(8 * SECOND)));
    let silent = now + 10 * SECOND;
    assert_eq!(machine.step(Failed(Retry::MayPass), silent), Some(GiveUp), "its time is over");
}

#[test]
fn a_held_client_id_is_waited_for_as_long_as_the_connect_lasts() {
    let (held, mut now) = (Failed(Retry::Held), Instant::now());
    let mut machine = Machine::new(options());
    machine.step(Open, now);

    let mut pauses = Vec::new();
    while let Some(Wait(pause)) = machine.step(held, now) {
        pauses.push(pause.as_secs());
        now += pause;
        machine.step(PauseOver, now);
    }

    assert_eq!((pauses, machine.state()), (vec![1, 3, 3], Idle), "another 3 s are not left");
}

#[test]
fn a_gateway_that_is_not_the_one_meant_is_waited_for_after_a_loss_only() {
    let (mismatch, options) = (Failed(Retry::Mismatch), SessionOptions { wait: true, ..options() });
    let mut machine = Machine::new(options);
    let now = Instant::now();
    machine.step(Open, now);
    assert_eq!((machine.step(mismatch, now), machine.state()), (Some(GiveUp), Idle));

    for event in [Open, SocketReady, LinkReady, Lost, PauseOver] {
        machine.step(event, now);
    }
    assert_eq!((machine.step(mismatch, now), machine.state()), (Some(Wait(2 * SECOND)), Waiting));
}

#[test]
fn a_lost_link_is_opened_again_with_growing_pauses() {
    let (lasting, passing) = (Failed(Retry::Lasting), Failed(Retry::MayPass));
    let machine = run(
        options(),
        &[
            (Open, Some(Connect(10 * SECOND)), Connecting),
            (SocketReady, Some(Prepare(10 * SECOND)), Handshaking),
            (LinkReady, Some(Serve), Live),
            (Lost, Some(Wait(SECOND)), Waiting),
            (PauseOver, Some(Connect(10 * SECOND)), Connecting),
            (lasting, Some(Wait(2 * SECOND)), Waiting),
            (Open, None, Waiting),
            (PauseOver, Some(Connect(10 * SECOND)), Connecting),
            (passing, Some(Wait(4 * SECOND)), Waiting),
            (PauseOver, Some(Connect(10 * SECOND)), Connecting),
            (SocketReady, Some(Prepare(10 * SECOND)), Handshaking),
            (LinkReady, Some(Serve), Live),
        ],
    );

    assert_eq!(machine.generation(), Generation(2));
}

#[test]
fn a_wish_cuts_only_the_first_pause_after_a_loss_short() {
    run(
        options(),
        &[
            (Open, Some(Connect(10 * SECOND)), Connecting),
            (SocketReady, Some(Prepare(10 * SECOND)), Handshaking),
            (LinkReady, Some(Serve), Live),
            (Lost, Some(Wait(SECOND)), Waiting),
            (Open, Some(Connect(10 * SECOND)), Connecting),
            (Failed(Retry::MayPass), Some(Wait(2 * SECOND)), Waiting),
            (Open, None, Waiting),
        ],
    );
}

#[test]
fn without_reconnect_a_loss_ends_in_rest() {
    run(
        SessionOptions { reconnect: None, ..options() },
        &[
            (Open, Some(Connect(10 * SECOND)), Connecting),
            (SocketReady, Some(Prepare(10 * SECOND)), Handshaking),
            (LinkReady, Some(Serve), Live),
            (Lost, Some(Rest), Idle),
        ],
    );
}

#[test]
fn failures_after_a_loss_trip_and_one_try_decides() {
    let breaker = Some(Breaker { failures: 1, pause: 7 * SECOND });
    let mut machine = Machine::new(SessionOptions { breaker, ..options() });
    let (now, failed) = (Instant::now(), Failed(Retry::MayPass));
    for event in [Open, SocketReady, LinkReady, Lost, PauseOver] {
        machine.step(event, now);
    }

    assert_eq!(machine.step(failed, now), Some(Wait(7 * SECOND)));
    assert_eq!((machine.state(), machine.step(Open, now)), (Tripped, None));
    let later = now + 7 * SECOND;
    assert_eq!(machine.step(PauseOver, later), Some(Connect(10 * SECOND)));
    assert_eq!(machine.step(failed, later), Some(Wait(7 * SECOND)));
    assert_eq!((machine.state(), machine.circuit().trips()), (Tripped, 2));
}

#[test]
fn a_connect_that_was_given_up_is_one_failure() {
    let breaker = Some(Breaker { failures: 2, pause: 7 * SECOND });
    let options = SessionOptions { breaker, connect_pauses: vec![SECOND], ..options() };
    let mut machine = Machine::new(options);
    let (now, failed) = (Instant::now(), Failed(Retry::MayPass));

    for _ in 0..2 {
        let events = [Open, failed, PauseOver, failed];
        let last = events.map(|event| machine.step(event, now))[3];
        assert_eq!((last, machine.state()), (Some(GiveUp), Idle));
    }

    assert_eq!((machine.step(Open, now), machine.state()), (Some(Refuse), Idle));
    let later = now + 7 * SECOND;
    assert_eq!(machine.step(Open, later), Some(Connect(10 * SECOND)));
    assert_eq!(machine.step(failed, later), Some(GiveUp), "one try in a half-open circuit");
}

#[test]
fn closing_is_final_in_every_state() {
    let ways: [&[Event]; 5] = [
        &[],
        &[Open],
        &[Open, SocketReady],
        &[Open, SocketReady, LinkReady],
        &[Open, Failed(Retry::MayPass)],
    ];
    for way in ways {
        let (mut machine, now) = (Machine::new(options()), Instant::now());
        for event in way {
            machine.step(*event, now);
        }

        assert_eq!(machine.step(Close, now), Some(Stop), "{way:?}");
        assert_eq!(machine.step(Open, now), Some(Stop), "{way:?}");
        assert_eq!(machine.state(), Closed);
    }
}

#[test]
fn waiting_for_ever_means_that() {
    let mut machine = Machine::new(SessionOptions { wait: true, ..options() });
    let now = Instant::now();
    machine.step(Open, now);
    for _ in 0..40 {
        let action = machine.step(Failed(Retry::MayPass), now);
        assert!(matches!(action, Some(Wait(pause)) if pause <= 30 * SECOND), "{action:?}");
        machine.step(PauseOver, now);
    }
}

#[test]
fn a_round_after_a_loss_ends_with_its_attempts() {
    let (failed, mut options) = (Failed(Retry::MayPass), options());
    options.reconnect = options.reconnect.map(|rules| Reconnect { attempts: Some(2), ..rules });
    run(
        options,
        &[
            (Open, Some(Connect(10 * SECOND)), Connecting),
            (SocketReady, Some(Prepare(10 * SECOND)), Handshaking),
            (LinkReady, Some(Serve), Live),
            (Lost, Some(Wait(SECOND)), Waiting),
            (PauseOver, Some(Connect(10 * SECOND)), Connecting),
            (failed, Some(Wait(2 * SECOND)), Waiting),
            (PauseOver, Some(Connect(10 * SECOND)), Connecting),
            (failed, Some(GiveUp), Idle),
        ],
    );
}
