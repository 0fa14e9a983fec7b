//! The session's state machine: what happened and when, in; what to do next, out. No I/O.
//!
//! | state | event | next state | action |
//! |---|---|---|---|
//! | Idle | Open | Connecting | Connect |
//! | Connecting | SocketReady | Handshaking | Prepare |
//! | Handshaking | LinkReady | Live, generation + 1 | Serve |
//! | Idle | Open, circuit open | Idle | Refuse |
//! | Connecting, Handshaking | Failed, may pass, tries and time left | Waiting | Wait |
//! | Connecting, Handshaking | the same, circuit opened by it | Tripped | Wait |
//! | Connecting, Handshaking | Failed otherwise | Idle | GiveUp |
//! | Waiting, Tripped | PauseOver | Connecting | Connect |
//! | Waiting for the first try after a loss | Open | Connecting | Connect |
//! | Live, Degraded | Silent | Suspect | carry on |
//! | Suspect | Alive, servers not lost | Live | carry on |
//! | Suspect | Alive, servers lost | Degraded | carry on |
//! | Live, Suspect | ServersLost | Degraded | carry on |
//! | Degraded, Suspect | ServersBack | Live | carry on |
//! | Live, Suspect, Degraded | Lost, reconnect wanted | Waiting | Wait |
//! | Live, Suspect, Degraded | Lost, no reconnect wanted | Idle | Rest |
//! | any but Closed | Close | Closed | Stop |
//! | any | anything else | unchanged | Rest in Idle, else carry on |
//!
//! A *round* is the tries between one wish for a link and the link. The first round is bounded by
//! `connect_timeout` and its list of pauses; a round after a loss goes on for `reconnect.attempts`
//! tries, or for ever, with the pauses of [`Backoff`]. Where a row of `tries` holds, it decides instead
//! how many tries make one failure, their pauses and the time of each.

use std::time::Duration;

use tokio::time::Instant;

use super::backoff::Backoff;
use super::breaker::Circuit;
use super::tries::Tries;
use crate::model::{Breaker, ConnectTries, Generation, Keepalive, Reconnect, SessionState};

/// What the caller allows.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Time for the whole first round, and for each later try.
    pub connect_timeout: Duration,
    /// Pauses between the tries of the first round; one try more than pauses.
    pub connect_pauses: Vec<Duration>,
    /// Keep trying in the first round as well.
    pub wait: bool,
    /// Open the next link after a loss without being asked.
    pub reconnect: Option<Reconnect>,
    /// Tries that make one failure, by failures in a row.
    pub tries: Vec<ConnectTries>,
    /// What decides the random part of the pauses.
    pub seed: u64,
    /// When a gateway that fails is left alone; `None` never does.
    pub breaker: Option<Breaker>,
    /// How a silent link is judged; `None` trusts it.
    pub keepalive: Option<Keepalive>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Somebody wishes for a link.
    Open,
    /// Socket and handshake are done.
    SocketReady,
    /// The link can be used.
    LinkReady,
    /// The try failed.
    Failed(Hope),
    /// The link answers no question.
    Silent,
    /// A silent link gave a sign of life.
    Alive,
    /// The gateway lost IB's servers.
    ServersLost,
    /// The gateway has IB's servers again.
    ServersBack,
    /// The link ended.
    Lost,
    /// The pause is over.
    PauseOver,
    /// The caller closes for good.
    Close,
}

/// Whether another try may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hope {
    /// It may.
    MayPass,
    /// Not in a first round; after a loss it may.
    Lasting,
    /// Not in a first round, however long it may last; after a loss it may.
    Mismatch,
    /// Never.
    Never,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing, until somebody wishes for a link.
    Rest,
    /// Open a socket and shake hands, for at most this long.
    Connect(Duration),
    /// Open what must exist before the link is used, for at most this long.
    Prepare(Duration),
    /// Serve the link until it ends.
    Serve,
    /// Do nothing for this long.
    Wait(Duration),
    /// Tell everybody who waits that nothing may be tried yet.
    Refuse,
    /// Tell everybody who waits that the last failure is final.
    GiveUp,
    /// Close the socket and end.
    Stop,
}

/// Where the machine stands.
#[derive(Debug, Clone)]
pub struct Machine {
    policy: Policy,
    state: SessionState,
    generation: Generation,
    round: Round,
    backoff: Option<Backoff>,
    tries: Tries,
    circuit: Circuit,
    /// Whether the gateway of the present link has lost IB's servers.
    servers_lost: bool,
}

#[derive(Debug, Clone, Copy)]
struct Round {
    after_loss: bool,
    failures: usize,
    ends_at: Option<Instant>,
}

impl Machine {
    /// A machine at rest.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            state: SessionState::Idle,
            generation: Generation(0),
            round: Round { after_loss: false, failures: 0, ends_at: None },
            backoff: policy.reconnect.map(|rules| Backoff::new(rules, policy.seed)),
            tries: Tries::new(policy.tries.clone()),
            circuit: Circuit::new(policy.breaker),
            servers_lost: false,
            policy,
        }
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> SessionState {
        self.state
    }

    /// Number of the present or last link.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// Whether the present round follows a loss.
    #[must_use]
    pub fn is_after_loss(&self) -> bool {
        self.round.after_loss
    }

    /// Tries of this round that failed.
    #[must_use]
    pub fn failures(&self) -> usize {
        self.round.failures
    }

    /// Whether nothing may be tried, and until when.
    #[must_use]
    pub fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    /// How a silent link is judged.
    #[must_use]
    pub fn keepalive(&self) -> Option<Keepalive> {
        self.policy.keepalive
    }

    /// Takes one event and says what to do; `None` means to carry on with what is being done.
    pub fn step(&mut self, event: Event, now: Instant) -> Option<Action> {
        use SessionState::{
            Closed, Connecting, Degraded, Handshaking, Idle, Live, Suspect, Tripped, Waiting,
        };
        match (self.state, event) {
            (Closed, _) => Some(Action::Stop),
            (_, Event::Close) => Some(self.enter(Closed, Action::Stop)),
            (Idle, Event::Open) if self.circuit.open_until(now).is_some() => Some(Action::Refuse),
            (Idle, Event::Open) => {
                self.begin_round(false, now);
                Some(self.connect(now))
            }
            (Connecting, Event::SocketReady) => {
                let within = self.try_time(now);
                Some(self.enter(Handshaking, Action::Prepare(within)))
            }
            (Handshaking, Event::LinkReady) => {
                self.generation = Generation(self.generation.0 + 1);
                self.servers_lost = false;
                self.circuit.succeeded();
                self.tries.succeeded();
                Some(self.enter(Live, Action::Serve))
            }
            (Connecting | Handshaking, Event::Failed(hope)) => Some(self.failed(hope, now)),
            (Waiting | Tripped, Event::PauseOver) => Some(self.connect(now)),
            (Waiting, Event::Open) if self.round.after_loss && self.round.failures == 0 => {
                Some(self.connect(now))
            }
            (Live | Degraded, Event::Silent) => self.carry_on(Suspect),
            (Suspect, Event::Alive) if self.servers_lost => self.carry_on(Degraded),
            (Suspect, Event::Alive) => self.carry_on(Live),
            (Live | Suspect | Degraded, Event::ServersLost) => {
                self.servers_lost = true;
                self.carry_on(Degraded)
            }
            (Live | Suspect | Degraded, Event::ServersBack) => {
                self.servers_lost = false;
                self.carry_on(Live)
            }
            (Live | Suspect | Degraded, Event::Lost) => Some(self.lost(now)),
            (Idle, _) => Some(Action::Rest),
            (Connecting | Handshaking | Live | Suspect | Degraded | Waiting | Tripped, _) => None,
        }
    }

    fn enter(&mut self, state: SessionState, action: Action) -> Action {
        self.state = state;
        action
    }

    /// Another state of the same link, which is served on.
    fn carry_on(&mut self, state: SessionState) -> Option<Action> {
        self.state = state;
        None
    }

    fn begin_round(&mut self, after_loss: bool, now: Instant) {
        let bounded = !after_loss && !self.policy.wait;
        let ends_at = bounded.then(|| now + self.policy.connect_timeout);
        self.round = Round { after_loss, failures: 0, ends_at };
        self.tries.begin();
    }

    fn connect(&mut self, now: Instant) -> Action {
        self.circuit.tried(now);
        let within = self.try_time(now);
        self.enter(SessionState::Connecting, Action::Connect(within))
    }

    /// What the row of tries says, else half of the time left after the pauses left; the last try has
    /// all of it. A slow gateway is so given more time than equal shares would give it, a silent one
    /// still a second try.
    fn try_time(&self, now: Instant) -> Duration {
        if let Some(row) = self.tries.row() {
            let left = self.round.ends_at.map(|ends_at| ends_at.saturating_duration_since(now));
            return left.map_or(row.timeout, |left| left.min(row.timeout));
        }
        let Some(ends_at) = self.round.ends_at else { return self.policy.connect_timeout };
        let pauses = self.policy.connect_pauses.iter().skip(self.round.failures);
        let (tries, paused) =
            pauses.fold((1, Duration::ZERO), |(n, sum), pause| (n + 1, sum.saturating_add(*pause)));
        let left = ends_at.saturating_duration_since(now);
        if self.circuit.is_half_open() {
            return left;
        }
        let share = left.saturating_sub(paused) / tries.min(2);
        if share.is_zero() { left } else { share }
    }

    fn failed(&mut self, hope: Hope, now: Instant) -> Action {
        self.round.failures += 1;
        self.tries.failed();
        let is_first = !self.round.after_loss;
        let hopeless = match hope {
            Hope::MayPass => false,
            Hope::Lasting => is_first && !self.policy.wait,
            Hope::Mismatch => is_first,
            Hope::Never => true,
        };
        let pause = self.next_pause(now).filter(|_| !hopeless);
        let opened = self.counts(pause).then(|| self.count(now)).flatten();
        match (pause, opened) {
            (Some(_), Some(opened)) => self.enter(SessionState::Tripped, Action::Wait(opened)),
            (Some(pause), None) => self.enter(SessionState::Waiting, Action::Wait(pause)),
            (None, _) => self.enter(SessionState::Idle, Action::GiveUp),
        }
    }

    /// Whether a failed try is a failure of the circuit: each after a loss, or the last of its row
    /// of tries; the last of a connect; none of a caller who wants to wait.
    fn counts(&self, pause: Option<Duration>) -> bool {
        if self.round.after_loss {
            return pause.is_none() || self.tries.are_used_up() || self.circuit.is_half_open();
        }
        !self.policy.wait && pause.is_none()
    }

    /// Counts a failure; returns for how long nothing may be tried now, if so.
    fn count(&mut self, now: Instant) -> Option<Duration> {
        self.tries.counted();
        self.circuit.failed(now)
    }

    /// The pause before the next try; `None` when the round has no try left.
    fn next_pause(&mut self, now: Instant) -> Option<Duration> {
        let row = self.tries.row();
        let listed = match row {
            Some(row) => Some(row.pause).filter(|_| !self.tries.are_used_up()),
            None => self.policy.connect_pauses.get(self.round.failures - 1).copied(),
        };
        match self.round.ends_at {
            Some(ends_at) => {
                let left = ends_at.saturating_duration_since(now);
                listed.filter(|pause| *pause < left && !self.circuit.is_half_open())
            }
            None => {
                let failures = self.round.failures;
                let pause = match &mut self.backoff {
                    Some(backoff) if self.round.after_loss => backoff.pause(failures),
                    Some(backoff) => Some(backoff.unlimited_pause(failures)),
                    None => Some(Duration::from_secs(1)),
                };
                pause.map(|pause| row.map_or(pause, |row| row.pause))
            }
        }
    }

    fn lost(&mut self, now: Instant) -> Action {
        self.begin_round(true, now);
        match self.backoff.as_mut().and_then(|backoff| backoff.pause(0)) {
            Some(pause) => self.enter(SessionState::Waiting, Action::Wait(pause)),
            None => self.enter(SessionState::Idle, Action::Rest),
        }
    }
}

#[cfg(test)]
#[path = "state_cells.rs"]
mod cells;

#[cfg(test)]
#[path = "state_tries.rs"]
mod tries;

#[cfg(test)]
mod tests {
    use super::*;
    use Action::{Connect, GiveUp, Prepare, Refuse, Rest, Serve, Stop, Wait};
    use Event::{Close, Failed, LinkReady, Lost, Open, PauseOver, SocketReady};
    use SessionState::{Closed, Connecting, Handshaking, Idle, Live, Tripped, Waiting};

    const SECOND: Duration = Duration::from_secs(1);

    fn policy() -> Policy {
        Policy {
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
    fn run(policy: Policy, steps: &[(Event, Option<Action>, SessionState)]) -> Machine {
        let (mut machine, now) = (Machine::new(policy), Instant::now());
        for (index, (event, action, state)) in steps.iter().enumerate() {
            assert_eq!(machine.step(*event, now), *action, "step {index}: {event:?}");
            assert_eq!(machine.state(), *state, "step {index}: {event:?}");
        }
        machine
    }

    #[test]
    fn one_wish_opens_one_link() {
        let machine = run(
            policy(),
            &[
                (Open, Some(Connect(3 * SECOND)), Connecting),
                (Open, None, Connecting),
                (SocketReady, Some(Prepare(3 * SECOND)), Handshaking),
                (Open, None, Handshaking),
                (LinkReady, Some(Serve), Live),
                (Open, None, Live),
            ],
        );

        assert_eq!(machine.generation(), Generation(1));
    }

    #[test]
    fn a_first_connect_gives_up_after_its_tries() {
        let failed = Failed(Hope::MayPass);
        run(
            policy(),
            &[
                (Open, Some(Connect(3 * SECOND)), Connecting),
                (failed, Some(Wait(SECOND)), Waiting),
                (Open, None, Waiting),
                (PauseOver, Some(Connect(3500 * SECOND / 1000)), Connecting),
                (failed, Some(Wait(3 * SECOND)), Waiting),
                (PauseOver, Some(Connect(10 * SECOND)), Connecting),
                (failed, Some(GiveUp), Idle),
                (Open, Some(Connect(3 * SECOND)), Connecting),
            ],
        );
    }

    #[test]
    fn a_lasting_failure_ends_a_first_connect_at_once() {
        for hope in [Hope::Lasting, Hope::Mismatch, Hope::Never] {
            run(
                policy(),
                &[
                    (Open, Some(Connect(3 * SECOND)), Connecting),
                    (Failed(hope), Some(GiveUp), Idle),
                ],
            );
        }
    }

    #[test]
    fn a_gateway_that_is_not_the_one_meant_is_waited_for_after_a_loss_only() {
        let (mismatch, policy) = (Failed(Hope::Mismatch), Policy { wait: true, ..policy() });
        let mut machine = Machine::new(policy);
        let now = Instant::now();
        machine.step(Open, now);
        assert_eq!((machine.step(mismatch, now), machine.state()), (Some(GiveUp), Idle));

        for event in [Open, SocketReady, LinkReady, Lost, PauseOver] {
            machine.step(event, now);
        }
        assert_eq!(
            (machine.step(mismatch, now), machine.state()),
            (Some(Wait(2 * SECOND)), Waiting)
        );
    }

    #[test]
    fn a_lost_link_is_opened_again_with_growing_pauses() {
        let (lasting, passing) = (Failed(Hope::Lasting), Failed(Hope::MayPass));
        let machine = run(
            policy(),
            &[
                (Open, Some(Connect(3 * SECOND)), Connecting),
                (SocketReady, Some(Prepare(3 * SECOND)), Handshaking),
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
            policy(),
            &[
                (Open, Some(Connect(3 * SECOND)), Connecting),
                (SocketReady, Some(Prepare(3 * SECOND)), Handshaking),
                (LinkReady, Some(Serve), Live),
                (Lost, Some(Wait(SECOND)), Waiting),
                (Open, Some(Connect(10 * SECOND)), Connecting),
                (Failed(Hope::MayPass), Some(Wait(2 * SECOND)), Waiting),
                (Open, None, Waiting),
            ],
        );
    }

    #[test]
    fn without_reconnect_a_loss_ends_in_rest() {
        run(
            Policy { reconnect: None, ..policy() },
            &[
                (Open, Some(Connect(3 * SECOND)), Connecting),
                (SocketReady, Some(Prepare(3 * SECOND)), Handshaking),
                (LinkReady, Some(Serve), Live),
                (Lost, Some(Rest), Idle),
            ],
        );
    }

    #[test]
    fn failures_after_a_loss_trip_and_one_try_decides() {
        let breaker = Some(Breaker { failures: 1, pause: 7 * SECOND });
        let mut machine = Machine::new(Policy { breaker, ..policy() });
        let (now, failed) = (Instant::now(), Failed(Hope::MayPass));
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
        let policy = Policy { breaker, connect_pauses: vec![SECOND], ..policy() };
        let mut machine = Machine::new(policy);
        let (now, failed) = (Instant::now(), Failed(Hope::MayPass));

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
            &[Open, Failed(Hope::MayPass)],
        ];
        for way in ways {
            let (mut machine, now) = (Machine::new(policy()), Instant::now());
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
        let mut machine = Machine::new(Policy { wait: true, ..policy() });
        let now = Instant::now();
        machine.step(Open, now);
        for _ in 0..40 {
            let action = machine.step(Failed(Hope::MayPass), now);
            assert!(matches!(action, Some(Wait(pause)) if pause <= 30 * SECOND), "{action:?}");
            machine.step(PauseOver, now);
        }
    }

    #[test]
    fn a_round_after_a_loss_ends_with_its_attempts() {
        let (failed, mut policy) = (Failed(Hope::MayPass), policy());
        policy.reconnect = policy.reconnect.map(|rules| Reconnect { attempts: Some(2), ..rules });
        run(
            policy,
            &[
                (Open, Some(Connect(3 * SECOND)), Connecting),
                (SocketReady, Some(Prepare(3 * SECOND)), Handshaking),
                (LinkReady, Some(Serve), Live),
                (Lost, Some(Wait(SECOND)), Waiting),
                (PauseOver, Some(Connect(10 * SECOND)), Connecting),
                (failed, Some(Wait(2 * SECOND)), Waiting),
                (PauseOver, Some(Connect(10 * SECOND)), Connecting),
                (failed, Some(GiveUp), Idle),
            ],
        );
    }
}
