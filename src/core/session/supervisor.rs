//! The session's loop: does what the machine says, tells it what happened.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::connectivity::Connectivity;
use super::dial::{Dial, Served};
use super::state::{Action, Event, Machine, SessionOptions};
use super::{Command, Judgement, Restored, Status, closed};
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::events::LinkEvents;
use crate::gateway::Failure;
use crate::metrics::{LinkCounters, Loss, Standing};
use crate::model::{Generation, Retry, SessionState, StateChange};

/// Owns the machine, the link and everybody who waits for one.
pub(crate) struct Supervisor<D: Dial> {
    pub(super) target: D,
    pub(super) machine: Machine,
    pub(super) counters: Arc<LinkCounters>,
    pub(super) events: LinkEvents,
    /// The state that was told last.
    told: SessionState,
    inbox: mpsc::Receiver<Command>,
    status: watch::Sender<Status<D::Link>>,
    pub(super) openers: Vec<oneshot::Sender<Result<()>>>,
    closers: Vec<oneshot::Sender<()>>,
    opening: Option<D::Opening>,
    pub(super) link: Option<D::Link>,
    pub(super) reason: Option<Error>,
    pub(super) connectivity: Connectivity,
    pub(super) restored: Restored,
    retry: Retry,
    try_began: Instant,
    action_began: Instant,
}

impl<D: Dial> Supervisor<D> {
    pub(super) fn new(
        target: D,
        options: SessionOptions,
        (counters, events): (Arc<LinkCounters>, LinkEvents),
        inbox: mpsc::Receiver<Command>,
        status: watch::Sender<Status<D::Link>>,
    ) -> Self {
        Self {
            target,
            machine: Machine::new(options),
            counters,
            events,
            told: SessionState::Idle,
            inbox,
            status,
            openers: Vec::new(),
            closers: Vec::new(),
            opening: None,
            link: None,
            reason: None,
            connectivity: Connectivity::default(),
            restored: Restored::default(),
            retry: Retry::MayPass,
            try_began: Instant::now(),
            action_began: Instant::now(),
        }
    }

    /// Serves until somebody closes the session, or all handles are gone.
    pub(crate) async fn run(mut self, close_within: Duration) {
        let mut action = Action::Rest;
        while action != Action::Stop {
            let event = self.perform(action).await;
            if let Some(next) = self.machine.step(event, Instant::now()) {
                action = next;
                self.action_began = Instant::now();
            }
            self.publish();
        }
        self.stop(close_within).await;
    }

    async fn perform(&mut self, action: Action) -> Event {
        match action {
            Action::Rest => self.interrupted().await,
            Action::Connect(within) => self.connect(within).await,
            Action::Prepare(within) => self.prepare(within).await,
            Action::Serve => self.serve().await,
            Action::Wait(pause) => self.pause(pause).await,
            Action::Refuse => self.refuse(),
            Action::GiveUp => self.give_up(),
            Action::Stop => Event::Close,
        }
    }

    /// The next command as an event. Everybody who dropped their handle wishes to close.
    pub(super) async fn interrupted(&mut self) -> Event {
        loop {
            match self.inbox.recv().await {
                Some(Command::Open(reply)) => {
                    self.openers.push(reply);
                    return Event::Open;
                }
                Some(Command::Close(reply)) => {
                    self.closers.push(reply);
                    return Event::Close;
                }
                Some(Command::Judge(judgement, reply)) => {
                    let may_try = self.judge(judgement);
                    // Who no longer waits for it does not need to know.
                    let _ = reply.send(());
                    if may_try {
                        return Event::PauseOver;
                    }
                }
                None => return Event::Close,
            }
        }
    }

    /// Counts what a caller knows; whether a pause is over with it.
    fn judge(&mut self, judgement: Judgement) -> bool {
        let may_try = match judgement {
            Judgement::Failed => {
                self.machine.judged_failed(Instant::now());
                false
            }
            Judgement::Well => self.machine.judged_well(),
        };
        self.publish();
        may_try
    }

    /// Runs `work` while taking wishes for a link; only a close ends it early.
    async fn unless_closed<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Some(done),
                event = self.interrupted() => if event == Event::Close { return None },
            }
        }
    }

    async fn connect(&mut self, within: Duration) -> Event {
        self.try_began = Instant::now();
        if self.machine.is_after_loss() {
            self.counters.reconnecting();
        }
        let target = self.target.clone();
        match self.unless_closed(target.open(within)).await {
            None => Event::Close,
            Some(Ok(opening)) => {
                self.opening = Some(opening);
                Event::SocketReady
            }
            Some(Err(failure)) => self.failed(failure),
        }
    }

    async fn prepare(&mut self, within: Duration) -> Event {
        let Some(opening) = self.opening.take() else { return Event::Failed(Retry::MayPass) };
        let next = Generation(self.machine.generation().0 + 1);
        let target = self.target.clone();
        let prepared = tokio::time::timeout(within, target.prepare(opening, next));
        match self.unless_closed(prepared).await {
            None => Event::Close,
            Some(Ok(Ok(link))) => {
                self.opened(link);
                Event::LinkReady
            }
            Some(Ok(Err(failure))) => self.failed(failure),
            Some(Err(_)) => Event::Failed(Retry::MayPass),
        }
    }

    fn opened(&mut self, link: D::Link) {
        let generation = link.generation();
        log::info!(target: "aioibkr::session", "{} {generation} to {} is live", D::NAME, self.target.address());
        self.counters.connected(self.try_began.elapsed(), clock::now());
        self.reason = None;
        self.connectivity = Connectivity::default();
        self.link = Some(link);
    }

    fn failed(&mut self, failure: Failure) -> Event {
        log::warn!(target: "aioibkr::session", "{}", failure.error);
        self.counters.connect_failed();
        self.events.failed(&failure.error);
        self.reason = Some(failure.error);
        self.retry = failure.retry;
        Event::Failed(self.retry)
    }

    async fn pause(&mut self, pause: Duration) -> Event {
        if self.machine.state() == SessionState::Tripped {
            self.refuse();
        }
        let over = tokio::time::sleep_until(self.action_began + pause);
        tokio::pin!(over);
        tokio::select! {
            () = &mut over => Event::PauseOver,
            event = self.interrupted() => event,
        }
    }

    /// Tells everybody who waits that nothing may be tried yet.
    fn refuse(&mut self) -> Event {
        self.publish();
        let error = self.status.borrow().circuit_open("open", self.target.address());
        for opener in self.openers.drain(..) {
            let _ = opener.send(Err(error.clone()));
        }
        Event::PauseOver
    }

    /// Tells everybody who waits why there is no link.
    fn give_up(&mut self) -> Event {
        let error = self.final_error();
        for opener in self.openers.drain(..) {
            let _ = opener.send(Err(error.clone()));
        }
        Event::PauseOver
    }

    /// The last failure; one that might have passed is a timeout naming address and reason.
    fn final_error(&self) -> Error {
        let (address, tries) = (self.target.address(), self.machine.failures());
        let plural = if tries == 1 { "try" } else { "tries" };
        let message = format!("no {} to {address} after {tries} {plural}", D::NAME);
        match &self.reason {
            Some(reason) if self.retry != Retry::MayPass => reason.clone(),
            Some(reason) => Error::new(ErrorKind::ConnectTimeout, format!("{message}: {reason}"))
                .with_source(reason.clone()),
            None => Error::new(ErrorKind::ConnectTimeout, message),
        }
    }

    pub(super) fn publish(&mut self) {
        let state = self.machine.state();
        let (accounts, since) = {
            let last = self.status.borrow();
            let accounts = match &self.link {
                Some(link) => Arc::from(link.accounts()),
                None => last.accounts.clone(),
            };
            (accounts, if last.state == state { last.since } else { clock::now() })
        };
        let status = Status {
            accounts,
            state,
            since,
            generation: self.machine.generation(),
            link: self.link.clone().filter(|_| state.has_link()),
            reason: self.reason.clone(),
            open_until: self.machine.circuit().open_until(Instant::now()),
            circuit: self.machine.circuit().clone(),
            farms: Arc::from(self.connectivity.farms()),
            restored: self.restored,
        };
        self.counters.tripped(self.machine.circuit().trips());
        self.counters.turned(standing(state), Instant::now());
        self.status.send_replace(status);
        self.tell(state);
    }

    /// Tells of a state that was not told yet; every change is published, so none is missed.
    fn tell(&mut self, to: SessionState) {
        let from = std::mem::replace(&mut self.told, to);
        if from == to {
            return;
        }
        let hindrance = to.hindrance().map(str::to_owned);
        let why_no_link = || self.reason.as_ref().map(ToString::to_string);
        let has_reason = !to.has_link() && !to.is_closed();
        let reason = hindrance.or_else(|| has_reason.then(why_no_link).flatten());
        self.events.changed(StateChange {
            link: self.events.link(),
            from,
            to,
            generation: self.machine.generation(),
            reason,
            time: clock::now(),
        });
    }

    async fn stop(mut self, close_within: Duration) {
        for opener in self.openers.drain(..) {
            let _ = opener.send(Err(closed()));
        }
        if self.link.is_some() {
            self.counters.lost(Loss::Requested);
        }
        if let Some(link) = self.link.take()
            && tokio::time::timeout(close_within, link.close()).await.is_err()
        {
            log::warn!(target: "aioibkr::session", "the socket was dropped: it did not close in time");
        }
        log::info!(target: "aioibkr::session", "closed");
        for closer in self.closers.drain(..) {
            let _ = closer.send(());
        }
    }
}

/// Of what use a link is in a state, as metrics have it.
fn standing(state: SessionState) -> Standing {
    match state {
        SessionState::Live => Standing::Live,
        state if state.has_link() => Standing::Up,
        _ => Standing::Down,
    }
}
