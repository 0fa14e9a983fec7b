//! Every cell of the transition table: each state meets each event.

use super::*;
use Event::{
    Alive, Close, Failed, LinkReady, Lost, Open, PauseOver, ServersBack, ServersLost, Silent,
    SocketReady,
};
use SessionState::{
    Closed, Connecting, Degraded, Handshaking, Idle, Live, Suspect, Tripped, Waiting,
};

const SECOND: Duration = Duration::from_secs(1);
const FAILED: Event = Failed(Retry::MayPass);
const HELD: Event = Failed(Retry::Held);
const LASTING: Event = Failed(Retry::Lasting);
const MISMATCH: Event = Failed(Retry::Mismatch);
const NEVER: Event = Failed(Retry::Never);
const EVENTS: [Event; 15] = [
    Open,
    SocketReady,
    LinkReady,
    FAILED,
    HELD,
    LASTING,
    MISMATCH,
    NEVER,
    Silent,
    Alive,
    ServersLost,
    ServersBack,
    Lost,
    PauseOver,
    Close,
];

/// The events that change a state, and to which; all others leave it as it is.
type Row = (SessionState, &'static [Event], &'static [(Event, SessionState)]);

/// A state, how it is reached from rest, and its row.
#[rustfmt::skip]
const TABLE: [Row; 9] = [
    (Idle, &[], &[(Open, Connecting), (Close, Closed)]),
    (Connecting, &[Open], &[
        (SocketReady, Handshaking), (FAILED, Waiting), (HELD, Waiting), (LASTING, Idle), (MISMATCH, Idle), (NEVER, Idle),
        (Close, Closed),
    ]),
    (Handshaking, &[Open, SocketReady], &[
        (LinkReady, Live), (FAILED, Waiting), (HELD, Waiting), (LASTING, Idle), (MISMATCH, Idle), (NEVER, Idle), (Close, Closed),
    ]),
    (Live, &[Open, SocketReady, LinkReady], &[
        (Silent, Suspect), (ServersLost, Degraded), (Lost, Waiting), (Close, Closed),
    ]),
    (Suspect, &[Open, SocketReady, LinkReady, Silent], &[
        (Alive, Live), (ServersLost, Degraded), (ServersBack, Live), (Lost, Waiting),
        (Close, Closed),
    ]),
    (Degraded, &[Open, SocketReady, LinkReady, ServersLost], &[
        (Silent, Suspect), (ServersBack, Live), (Lost, Waiting), (Close, Closed),
    ]),
    (Waiting, &[Open, FAILED], &[(PauseOver, Connecting), (Close, Closed)]),
    (Tripped, &[Open, SocketReady, LinkReady, Lost, PauseOver, FAILED], &[
        (PauseOver, Connecting), (Close, Closed),
    ]),
    (Closed, &[Close], &[]),
];

fn machine(way: &[Event], now: Instant) -> Machine {
    let mut machine = Machine::new(SessionOptions {
        connect_timeout: 10 * SECOND,
        connect_pauses: vec![SECOND],
        wait: false,
        reconnect: Some(Reconnect::default()),
        tries: Vec::new(),
        seed: 1,
        breaker: Some(Breaker { failures: 1, pause: 30 * SECOND }),
        keepalive: None,
    });
    for event in way {
        machine.step(*event, now);
    }
    machine
}

#[test]
fn every_state_meets_every_event_as_the_table_says() {
    let now = Instant::now();
    for (state, way, row) in TABLE {
        for event in EVENTS {
            let mut machine = machine(way, now);
            assert_eq!(machine.state(), state, "the way to it");

            let action = machine.step(event, now);

            let next = row.iter().find(|(met, _)| *met == event).map(|(_, next)| *next);
            assert_eq!(machine.state(), next.unwrap_or(state), "{state} meets {event:?}");
            let idle_action = match state {
                Idle => Some(Action::Rest),
                Closed => Some(Action::Stop),
                _ => None,
            };
            if next.is_none() {
                assert_eq!(action, idle_action, "{state} meets {event:?}");
            }
        }
    }
}

#[test]
fn a_suspect_without_servers_is_degraded_again_once_it_answers() {
    let way = [Open, SocketReady, LinkReady, ServersLost, Silent];
    for (restored, next) in [(false, Degraded), (true, Live)] {
        let mut machine = machine(&way, Instant::now());
        if restored {
            machine.step(ServersBack, Instant::now());
            machine.step(Silent, Instant::now());
        }

        machine.step(Alive, Instant::now());

        assert_eq!(machine.state(), next);
    }
}

#[test]
fn a_new_link_has_its_servers() {
    let lost = [Open, SocketReady, LinkReady, ServersLost, Lost, PauseOver, SocketReady, LinkReady];
    let mut machine = machine(&lost, Instant::now());
    assert_eq!(machine.state(), Live);

    machine.step(Silent, Instant::now());
    machine.step(Alive, Instant::now());

    assert_eq!((machine.state(), machine.generation()), (Live, Generation(2)));
}
