//! The session's state machine: what happened and when, in; what to do next, out. No I/O.
//!
//! | state | event | next state | action |
//! |---|---|---|---|
//! | Idle | Open | Connecting | Connect |
//! | Connecting | SocketReady | Handshaking | Prepare |
//! | Handshaking | LinkReady | Live, generation + 1 | Serve |
//! | Idle | Open, circuit open | Idle | Refuse |
//! | Connecting, Handshaking | Failed, may pass, tries and time left | Waiting | Wait |
//! | Connecting, Handshaking | Failed, client id held, time left | Waiting | Wait |
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
//! tries, or for ever, with the pauses of [`Backoff`]. A try has all of the time that is left, so that a
//! gateway which greets late is heard out on one socket; only what fails before is tried again, and a
//! client id that is held as often as the time allows. Where a row of `tries` holds, it decides instead
//! how many tries make one failure, their pauses and the time of each.

use std::time::Duration;

use tokio::time::Instant;

use super::backoff::Backoff;
use super::breaker::Circuit;
use super::tries::Tries;
use crate::model::{Breaker, ConnectTries, Generation, Keepalive, Reconnect, Retry, SessionState};

/// The pause before another try where no rule names one.
const LATER: Duration = Duration::from_secs(1);

/// What the caller allows.
#[derive(Debug, Clone)]
pub struct SessionOptions {
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
    Failed(Retry),
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
    options: SessionOptions,
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
    pub fn new(options: SessionOptions) -> Self {
        Self {
            state: SessionState::Idle,
            generation: Generation(0),
            round: Round { after_loss: false, failures: 0, ends_at: None },
            backoff: options.reconnect.map(|rules| Backoff::new(rules, options.seed)),
            tries: Tries::new(options.tries.clone()),
            circuit: Circuit::new(options.breaker),
            servers_lost: false,
            options,
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

    /// Counts a failure that somebody saw by other means; none while there is a link.
    pub fn judged_failed(&mut self, now: Instant) {
        if !self.state.has_link() {
            self.count(now);
        }
    }

    /// Forgets failures, because somebody knows better. Returns whether the next try may be now.
    pub fn judged_well(&mut self) -> bool {
        self.circuit.succeeded();
        self.tries.succeeded();
        self.state == SessionState::Tripped
    }

    /// How a silent link is judged.
    #[must_use]
    pub fn keepalive(&self) -> Option<Keepalive> {
        self.options.keepalive
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
            (Connecting | Handshaking, Event::Failed(retry)) => Some(self.failed(retry, now)),
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
        let bounded = !after_loss && !self.options.wait;
        let ends_at = bounded.then(|| now + self.options.connect_timeout);
        self.round = Round { after_loss, failures: 0, ends_at };
        self.tries.begin();
    }

    fn connect(&mut self, now: Instant) -> Action {
        self.circuit.tried(now);
        let within = self.try_time(now);
        self.enter(SessionState::Connecting, Action::Connect(within))
    }

    /// What the row of tries says, else the time of a connect, as far as the round has it left.
    fn try_time(&self, now: Instant) -> Duration {
        let most = self.tries.row().map_or(self.options.connect_timeout, |row| row.timeout);
        let left = self.round.ends_at.map(|ends_at| ends_at.saturating_duration_since(now));
        left.map_or(most, |left| left.min(most))
    }

    fn failed(&mut self, retry: Retry, now: Instant) -> Action {
        self.round.failures += 1;
        self.tries.failed();
        let is_first = !self.round.after_loss;
        let hopeless = match retry {
            Retry::MayPass | Retry::Held => false,
            Retry::Lasting => is_first && !self.options.wait,
            Retry::Mismatch => is_first,
            Retry::Never => true,
        };
        let pause = self.next_pause(retry, now).filter(|_| !hopeless);
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
        !self.options.wait && pause.is_none()
    }

    /// Counts a failure; returns for how long nothing may be tried now, if so.
    fn count(&mut self, now: Instant) -> Option<Duration> {
        self.tries.counted();
        self.circuit.failed(now)
    }

    /// The pause before the next try; `None` when the round has no try left.
    fn next_pause(&mut self, retry: Retry, now: Instant) -> Option<Duration> {
        let Some(ends_at) = self.round.ends_at else { return self.unbounded_pause() };
        let left = ends_at.saturating_duration_since(now);
        let listed = self.listed_pause(retry == Retry::Held);
        listed.filter(|pause| *pause < left && !self.circuit.is_half_open())
    }

    /// The pause of a first round; where it goes on regardless, the last one is made again.
    fn listed_pause(&self, regardless: bool) -> Option<Duration> {
        if let Some(row) = self.tries.row() {
            return Some(row.pause).filter(|_| regardless || !self.tries.are_used_up());
        }
        let pauses = &self.options.connect_pauses;
        let listed = pauses.get(self.round.failures - 1).copied();
        let last = || pauses.last().copied().unwrap_or(LATER);
        listed.or_else(|| regardless.then(last))
    }

    fn unbounded_pause(&mut self) -> Option<Duration> {
        let failures = self.round.failures;
        let pause = match &mut self.backoff {
            Some(backoff) if self.round.after_loss => backoff.pause(failures),
            Some(backoff) => Some(backoff.unlimited_pause(failures)),
            None => Some(LATER),
        };
        pause.map(|pause| self.tries.row().map_or(pause, |row| row.pause))
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
#[path = "state_rounds.rs"]
mod rounds;

#[cfg(test)]
#[path = "state_tries.rs"]
mod tries;
