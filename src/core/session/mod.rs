//! The session: what outlives links. It opens them, serves one at a time, learns why it ended and
//! asks its state machine what next. It knows nothing of accounts, quotes or orders; those watch
//! the status it publishes.

pub mod backoff;
pub mod breaker;
pub mod connectivity;
mod dial;
pub mod keepalive;
mod serving;
pub mod state;
mod supervisor;
mod tries;

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::clock::{self, Deadline};
use crate::error::{Error, ErrorKind, Result};
use crate::events::LinkEvents;
use crate::metrics::LinkCounters;
use crate::model::{AccountId, Farm, Generation, SessionState};
use breaker::Circuit;

/// What live links offer: the domains reach the gateway through the session alone.
pub(crate) use crate::feed;
pub(crate) use crate::gateway::{AccountEvent, Items, Link, Listing, OrderEvents, Tick};
pub(crate) use crate::pacing::{Pace, Urgency};
pub(crate) use dial::{Dial, Served};
pub(crate) use state::SessionOptions;
pub(crate) use supervisor::Supervisor;

/// What the session publishes.
#[derive(Clone)]
pub(crate) struct Status<L = Link> {
    /// Where the session stands.
    pub(crate) state: SessionState,
    /// Since when.
    pub(crate) since: OffsetDateTime,
    /// Number of the present or last link, 0 before the first.
    pub(crate) generation: Generation,
    /// The link, while it is there; only [`is_live`](Status::is_live) says that it answers.
    pub(crate) link: Option<L>,
    /// Accounts of the login, as told by the present or last link.
    pub(crate) accounts: Arc<[AccountId]>,
    /// Why the last try or link ended.
    pub(crate) reason: Option<Error>,
    /// When the next try is allowed, while the circuit is open.
    pub(crate) open_until: Option<Instant>,
    /// The circuit breaker.
    pub(crate) circuit: Circuit,
    /// IB's farms, as told on the present or last link.
    pub(crate) farms: Arc<[Farm]>,
    /// What the gateway told of its way to IB, on all links.
    pub(crate) restored: Restored,
}

/// How often a gateway told that it has IB's servers again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Restored {
    /// At all.
    pub(crate) times: u64,
    /// With its streams gone.
    pub(crate) data_lost: u64,
}

enum Command {
    Open(oneshot::Sender<Result<()>>),
    Close(oneshot::Sender<()>),
    Judge(Judgement, oneshot::Sender<()>),
}

/// What a caller knows of the gateway by other means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It failed.
    Failed,
    /// It is well again.
    Well,
}

/// A handle of the session of one kind of link.
#[derive(Clone)]
pub(crate) struct Session<L = Link> {
    address: Arc<str>,
    commands: mpsc::Sender<Command>,
    status: watch::Receiver<Status<L>>,
}

impl<L: Served> Session<L> {
    /// A session and the supervisor whose `run` serves it.
    pub(crate) fn new<D: Dial<Link = L>>(
        target: D,
        options: SessionOptions,
        counters: Arc<LinkCounters>,
        events: LinkEvents,
    ) -> (Self, Supervisor<D>) {
        let status = watch::Sender::new(Status {
            state: SessionState::Idle,
            since: clock::now(),
            generation: Generation(0),
            link: None,
            accounts: Arc::from([]),
            reason: None,
            open_until: None,
            circuit: Circuit::new(options.breaker),
            farms: Arc::from([]),
            restored: Restored::default(),
        });
        let (commands, inbox) = mpsc::channel(64);
        let address = Arc::from(target.address());
        let session = Self { address, commands, status: status.subscribe() };
        (session, Supervisor::new(target, options, (counters, events), inbox, status))
    }

    /// The present status.
    pub(crate) fn status(&self) -> Status<L> {
        self.status.borrow().clone()
    }

    /// A receiver of every later status.
    pub(crate) fn watch(&self) -> watch::Receiver<Status<L>> {
        self.status.clone()
    }

    /// Waits until a link is live, whoever opens it.
    pub(crate) async fn open(&self) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        if self.commands.send(Command::Open(reply)).await.is_err() {
            return Err(closed());
        }
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Counts for the circuit breaker what a caller knows; returns once it is counted.
    pub(crate) async fn judge(&self, judgement: Judgement) {
        let (reply, answer) = oneshot::channel();
        if self.commands.send(Command::Judge(judgement, reply)).await.is_ok() {
            // An error means that the session was closed, which counts nothing any more.
            let _ = answer.await;
        }
    }

    /// Closes for good; returns when the socket is closed.
    pub(crate) async fn close(&self) {
        let (reply, answer) = oneshot::channel();
        if self.commands.send(Command::Close(reply)).await.is_ok() {
            // An error means that the supervisor has ended, which is what was asked for.
            let _ = answer.await;
        }
    }

    /// The live link, waited for until the deadline while one is being opened or is suspect.
    pub(crate) async fn live(&self, request: &str, deadline: Deadline) -> Result<L> {
        self.link_if(request, deadline, Status::is_live).await
    }

    /// The link, if what is kept of it may be read: live, or without IB's servers.
    pub(crate) async fn kept(&self, request: &str, deadline: Deadline) -> Result<L> {
        self.link_if(request, deadline, Status::is_kept).await
    }

    /// The link, whether it answers or not, waited for until the deadline.
    pub(crate) async fn linked(&self, request: &str, deadline: Deadline) -> Result<L> {
        self.link_if(request, deadline, |status| status.link.is_some()).await
    }

    async fn link_if(
        &self,
        request: &str,
        deadline: Deadline,
        is_fit: impl Fn(&Status<L>) -> bool,
    ) -> Result<L> {
        if let Some(link) = self.fitting(&is_fit) {
            return Ok(link);
        }
        let mut status = self.status.clone();
        let settled = status.wait_for(|status| {
            is_fit(status) || status.is_at_rest() || status.state == SessionState::Tripped
        });
        match tokio::time::timeout_at(deadline.at(), settled).await {
            Ok(Ok(status)) => match &status.link {
                Some(link) => Ok(link.clone()),
                None if status.is_at_rest() => Err(self.not_connected(&status)),
                None => Err(status.circuit_open(request, &self.address)),
            },
            Ok(Err(_)) => Err(closed()),
            Err(_) => Err(self.no_link(request)),
        }
    }

    fn fitting(&self, is_fit: impl Fn(&Status<L>) -> bool) -> Option<L> {
        let status = self.status.borrow();
        status.link.as_ref().filter(|_| is_fit(&status)).cloned()
    }

    /// The error of a call that needs a link which nobody is opening.
    pub(crate) fn not_connected(&self, status: &Status<L>) -> Error {
        if status.state == SessionState::Closed {
            return closed();
        }
        let message = match &status.reason {
            Some(reason) => format!("not connected to {}: {reason}", self.address),
            None => format!("not connected to {}: open the client first", self.address),
        };
        because(Error::new(ErrorKind::NotConnected, message), status.reason.as_ref())
    }

    /// The error of a call that could not wait for the next link.
    pub(crate) fn no_link(&self, request: &str) -> Error {
        let status = self.status.borrow();
        if status.state == SessionState::Tripped {
            return status.circuit_open(request, &self.address);
        }
        let message = match (status.state.hindrance(), &status.reason) {
            (Some(hindrance), _) => format!("{request}: {hindrance} ({})", self.address),
            (None, Some(reason)) => format!("{request}: no link to {}: {reason}", self.address),
            (None, None) => format!("{request}: no link to {}", self.address),
        };
        let error = Error::new(ErrorKind::ConnectionLost, message).with_detail("request", request);
        because(error, status.reason.as_ref())
    }
}

impl<L> Status<L> {
    /// Whether the link is there and answers.
    pub(crate) fn is_live(&self) -> bool {
        self.state == SessionState::Live && self.link.is_some()
    }

    /// Whether what is kept of the link may be read: it answers, or only IB's servers are lost.
    pub(crate) fn is_kept(&self) -> bool {
        self.is_live() || self.state == SessionState::Degraded && self.link.is_some()
    }

    /// The error of whatever is asked while nothing may be tried.
    pub(crate) fn circuit_open(&self, request: &str, address: &str) -> Error {
        let now = Instant::now();
        let left = self.open_until.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        let seconds = left.as_secs_f64();
        let message =
            format!("{request}: {address} failed too often: the next try is in {seconds:.1} s");
        let message = match &self.reason {
            Some(reason) => format!("{message}: {reason}"),
            None => message,
        };
        let error = because(Error::new(ErrorKind::CircuitOpen, message), self.reason.as_ref());
        error.with_detail("request", request).with_detail("retry_after", seconds)
    }

    /// Whether no link is there and none is being opened.
    pub(crate) fn is_at_rest(&self) -> bool {
        matches!(self.state, SessionState::Idle | SessionState::Closed)
    }
}

/// An error with the reason of the last try or link as its source.
fn because(error: Error, reason: Option<&Error>) -> Error {
    match reason {
        Some(reason) => error.with_source(reason.clone()),
        None => error,
    }
}

/// The error of everything asked of a closed client.
pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::NotConnected, "not connected: the client was closed")
}
