//! The desk: the one task that owns the book, allocates order ids and writes orders.
//!
//! It never waits for a write or an answer: writes are held side by side, callers' goals are
//! judged after every event, and what ran out of time is answered when its deadline passes.

mod cancelling;
mod listing;
mod placing;
mod relisting;
mod settling;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::book::{Book, TradeNo};
use super::goals::Goal;
use super::placement::Written;
use super::reconcile::{Lists, Progress};
use super::{Command, DeskOptions, Directory, TradeHandle, Working, news};
use crate::clock::Deadline;
use crate::error::Result;
use crate::events::{self, Events};
use crate::metrics::Counters;
use crate::model::{
    AlertKind, ClientId, Generation, Kept, OrderEvent, OrderNotice, RiskLimits, Trade,
};
use crate::session::Session;
use crate::session::{Link, Listing, OrderEvents};
use cancelling::Cancels;
use listing::Opened;

/// The owner of the book.
pub(crate) struct Desk {
    client_id: ClientId,
    session: Session,
    limits: Option<RiskLimits>,
    download: Duration,
    counters: Arc<Counters>,
    told: Events,
    inbox: mpsc::Receiver<Command>,
    directory: watch::Sender<Directory>,
    book: Book,
    link: Option<Link>,
    /// How often the gateway had told, when orders were last listed, that IB's servers are back.
    restored: u64,
    events: Option<OrderEvents>,
    /// The stream of order events that is being opened.
    opening: Option<BoxFuture<'static, Opened>>,
    known: Option<Generation>,
    listing: Option<BoxFuture<'static, Result<Lists>>>,
    /// Orders the gateway is to list, because they worked when it was asked.
    expected: Vec<TradeNo>,
    /// Which lists of the present question have come.
    progress: Progress,
    writes: FuturesUnordered<BoxFuture<'static, Finished>>,
    waits: Vec<Wait>,
    sweeps: Vec<Sweep>,
    parked: Vec<Parked>,
    cancels: Cancels,
    /// What was said of orders that are not acknowledged, by codes nobody knows.
    doubts: BTreeMap<TradeNo, OrderNotice>,
    /// Those of them that were said before the lists were asked.
    asked_doubts: Vec<TradeNo>,
    /// The list of open orders that is asked for anew.
    relisting: Option<BoxFuture<'static, Result<Listing>>>,
    /// Who waits for it.
    askers: Vec<Asker>,
    /// When open orders were last listed.
    listed_at: Option<Instant>,
}

/// Somebody waits for the open orders.
struct Asker {
    deadline: Deadline,
    reply: oneshot::Sender<Result<Working>>,
}

/// Somebody waits for a goal of one trade.
struct Wait {
    no: TradeNo,
    goal: Goal,
    deadline: Deadline,
    reply: Reply,
}

enum Reply {
    Handle(oneshot::Sender<Result<TradeHandle>>, bool),
    Trade(oneshot::Sender<Result<Arc<Trade>>>),
    /// Answered already; the goal lives on for what it must undo.
    Nobody,
}

/// Somebody waits for all orders to end.
struct Sweep {
    orders: Vec<TradeNo>,
    deadline: Deadline,
    reply: oneshot::Sender<Result<usize>>,
}

/// A command that waits for the orders to be known.
struct Parked {
    deadline: Deadline,
    command: Command,
}

/// A write that has come to its end.
struct Finished {
    what: Writing,
    outcome: Written,
}

#[derive(Clone, Copy)]
enum Writing {
    Place(TradeNo, Generation),
    Change(TradeNo),
    Cancel(TradeNo),
    CancelAll,
}

enum Turn {
    Command(Option<Command>),
    Event(Option<Result<OrderEvent>>),
    Wrote(Finished),
    Opened(Opened),
    Relisted(Result<Listing>),
    Listed(Result<Lists>),
    Link(Option<Link>, u64),
    /// IB's servers are back, that many times.
    Restored(u64),
    Late,
    Over,
}

impl Desk {
    pub(super) fn new(
        options: DeskOptions,
        session: Session,
        inbox: mpsc::Receiver<Command>,
        directory: watch::Sender<Directory>,
    ) -> Self {
        Self {
            client_id: options.client_id,
            limits: options.limits,
            download: options.download,
            counters: options.counters,
            told: options.events,
            session,
            inbox,
            directory,
            book: Book::default(),
            link: None,
            restored: 0,
            events: None,
            opening: None,
            known: None,
            listing: None,
            expected: Vec::new(),
            progress: Progress::default(),
            writes: FuturesUnordered::new(),
            waits: Vec::new(),
            sweeps: Vec::new(),
            parked: Vec::new(),
            cancels: Cancels::default(),
            doubts: BTreeMap::new(),
            asked_doubts: Vec::new(),
            relisting: None,
            askers: Vec::new(),
            listed_at: None,
        }
    }

    /// Serves until the session is closed or every handle is gone.
    pub(crate) async fn run(mut self) {
        let mut status = self.session.watch();
        loop {
            match self.turn(&mut status).await {
                Turn::Command(Some(command)) => {
                    self.catch_up(&status);
                    self.command(command);
                }
                Turn::Command(None) | Turn::Over => return self.end(),
                Turn::Event(event) => self.event(event),
                Turn::Wrote(finished) => self.wrote(finished),
                Turn::Opened(opened) => self.opened(opened),
                Turn::Relisted(listing) => self.relisted(listing),
                Turn::Listed(lists) => self.listed(lists),
                Turn::Link(link, restored) => {
                    self.restored = restored;
                    self.relink(link);
                }
                Turn::Restored(restored) => {
                    self.restored = restored;
                    self.verify();
                }
                Turn::Late => self.expire(),
            }
            self.publish();
        }
    }

    /// Takes up a link that came between the last look at the session and a command: who gave it has
    /// seen the link.
    fn catch_up(&mut self, status: &watch::Receiver<crate::session::Status>) {
        let (link, restored) = {
            let now = status.borrow();
            (now.link.clone(), now.restored.times)
        };
        if link.as_ref().map(Link::generation) != self.link.as_ref().map(Link::generation) {
            self.restored = restored;
            self.relink(link);
        }
    }

    /// The next thing to attend to. What the gateway says comes before what callers ask, so that
    /// commands are judged by the latest state.
    async fn turn(&mut self, status: &mut watch::Receiver<crate::session::Status>) -> Turn {
        let present = self.link.as_ref().map(Link::generation);
        let restored = self.restored;
        let relinked = status.wait_for(|status| {
            status.link.as_ref().map(Link::generation) != present
                || status.restored.times != restored
                || status.state.is_closed()
        });
        let late = self.next_deadline();
        tokio::select! {
            biased;
            status = relinked => match status {
                Ok(status) if status.state.is_closed() => Turn::Over,
                Ok(status) if status.link.as_ref().map(Link::generation) == present => {
                    Turn::Restored(status.restored.times)
                }
                Ok(status) => Turn::Link(status.link.clone(), status.restored.times),
                Err(_) => Turn::Over,
            },
            opened = next_of(&mut self.opening) => Turn::Opened(opened),
            event = next_event(&mut self.events) => Turn::Event(event),
            Some(finished) = self.writes.next() => Turn::Wrote(finished),
            lists = next_of(&mut self.listing) => Turn::Listed(lists),
            listing = next_of(&mut self.relisting) => Turn::Relisted(listing),
            () = sleep_until(late) => Turn::Late,
            command = self.inbox.recv() => Turn::Command(command),
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Place(placing, reply) => self.place(placing, reply),
            Command::Check(placing, reply) => self.check(placing, reply),
            Command::Modify(order_id, placing, reply) => self.modify(order_id, placing, reply),
            Command::Cancel(order_id, deadline, reply) => self.cancel(order_id, deadline, reply),
            Command::CancelAll(deadline, reply) => self.cancel_all(deadline, reply),
            Command::OpenOrders(deadline, reply) => self.open_orders(deadline, reply),
            Command::Learn(events) => {
                for event in &events {
                    self.apply(event);
                }
            }
        }
    }

    pub(super) fn event(&mut self, event: Option<Result<OrderEvent>>) {
        match event {
            Some(Ok(event)) => {
                self.apply(&event);
            }
            Some(Err(error)) => {
                log::warn!(target: "aioibkr::orders", "the order stream broke: {error}");
                self.restart_events();
            }
            None => self.restart_events(),
        }
    }

    fn is_known(&self) -> bool {
        self.known.is_some() && self.known == self.link.as_ref().map(Link::generation)
    }

    fn next_deadline(&self) -> Option<Instant> {
        let waits = self.waits.iter().filter(|wait| !wait.reply.is_nobody());
        let waits = waits.map(|wait| self.answer_at(wait));
        let sweeps = self.sweeps.iter().map(|sweep| sweep.deadline.at());
        let askers = self.askers.iter().map(|asker| asker.deadline.at());
        waits
            .chain(sweeps)
            .chain(askers)
            .chain(self.parked.iter().map(|parked| parked.deadline.at()))
            .min()
    }

    /// Tells of ids that contradict each other. Of keys only ours are: another program's reference
    /// may look like one.
    fn alert(&mut self) {
        for contradiction in self.book.take_contradictions() {
            if contradiction.concerns(self.client_id) {
                let seen = contradiction.seen();
                let (kind, message) = (AlertKind::OrderIdentity, contradiction.to_string());
                self.told.raise(events::alert(kind, &seen.name(), message));
            }
        }
    }

    fn publish(&mut self) {
        self.alert();
        let turned = self.book.take_turned();
        if !turned.is_empty() {
            turned.iter().flat_map(news::of).for_each(|event| self.told.tell(event));
            self.told.updated(Kept::Orders);
        }
        self.directory.send_if_modified(|directory| {
            let is_stale = directory.known != self.known
                || !directory.progress.is(&self.progress)
                || directory.revision != self.book.revision();
            if is_stale {
                directory.known = self.known;
                directory.was_known |= self.known.is_some();
                directory.progress = self.progress.clone();
                directory.revision = self.book.revision();
                let trades = self.book.all().filter_map(|(no, _)| Some((no, self.book.watch(no)?)));
                directory.trades = trades.collect();
            }
            is_stale
        });
    }
}

impl Reply {
    fn is_nobody(&self) -> bool {
        matches!(self, Self::Nobody)
    }
}

async fn next_event(events: &mut Option<OrderEvents>) -> Option<Result<OrderEvent>> {
    match events {
        Some(events) => events.next().await,
        None => std::future::pending().await,
    }
}

async fn next_of<T>(awaited: &mut Option<BoxFuture<'static, T>>) -> T {
    match awaited {
        Some(awaited) => awaited.await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
