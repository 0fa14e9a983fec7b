//! Orders: one desk owns the book; everybody else sends commands and reads published trades.
//!
//! | file | holds |
//! |---|---|
//! | `lifecycle` | what each message makes of a trade: pure |
//! | `identity` | which trade a message speaks of: pure |
//! | `book` | every order met |
//! | `news` | what a change of a trade tells those who listen: pure |
//! | `goals` | what callers wait for, and when they have it: pure |
//! | `placement` | holding a write until it is out, or certainly not |
//! | `reconcile` | asking a new link what became of everything |
//! | `desk` | the one task that owns them all |

mod book;
mod desk;
mod goals;
mod handle;
mod identity;
mod keys;
mod lifecycle;
mod news;
mod placement;
mod reconcile;
mod repetition;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::{self, Deadline};
use crate::error::{Error, ErrorKind, Result};
use crate::events::Events;
use crate::metrics::Counters;
use crate::model::{
    ClientId, Contract, Generation, Order, OrderEvent, OrderId, OrderKey, RiskLimits, RiskView,
    Trade,
};
use crate::risk::Violations;
use crate::session::{self, Session};

pub(crate) use desk::Desk;
pub use handle::TradeHandle;
pub(crate) use keys::Keys;

/// An order to be placed, with everything the desk needs to judge it.
pub(crate) struct Placing {
    /// The contract as the caller named it.
    pub(crate) asked: Contract,
    /// The qualified contract; the one named, when the key is known already.
    pub(crate) contract: Contract,
    /// The order, its account filled in.
    pub(crate) order: Order,
    /// Our identity of the order.
    pub(crate) key: OrderKey,
    /// What the rules may look at; the desk adds what the book knows.
    pub(crate) view: RiskView,
    /// The safety rules it breaks.
    pub(crate) broken: Violations,
    /// By when the caller wants an answer.
    pub(crate) deadline: Deadline,
}

/// Orders that can still fill.
pub(crate) type Working = Vec<Arc<Trade>>;

pub(crate) enum Command {
    Place(Box<Placing>, oneshot::Sender<Result<TradeHandle>>),
    Check(Box<Placing>, oneshot::Sender<Result<()>>),
    Modify(OrderId, Box<Placing>, oneshot::Sender<Result<TradeHandle>>),
    Cancel(OrderId, Deadline, oneshot::Sender<Result<Arc<Trade>>>),
    CancelAll(Deadline, oneshot::Sender<Result<usize>>),
    OpenOrders(Deadline, oneshot::Sender<Result<Working>>),
    Learn(Vec<OrderEvent>),
}

/// Whose orders the desk owns, and what holds for them.
pub(crate) struct DeskOptions {
    /// Owner of the orders.
    pub(crate) client_id: ClientId,
    /// Limits; `None` leaves the safety rules only.
    pub(crate) limits: Option<RiskLimits>,
    /// Time for the lists a link begins with.
    pub(crate) download: Duration,
    /// Where placed and acknowledged orders are counted.
    pub(crate) counters: Arc<Counters>,
    /// Where it is told what happens to them.
    pub(crate) events: Events,
}

/// What the desk publishes for readers that do not wait.
#[derive(Clone, Default)]
pub(crate) struct Directory {
    trades: BTreeMap<book::TradeNo, watch::Receiver<Arc<Trade>>>,
    known: Option<Generation>,
    /// Whether they were known once, on whatever link.
    was_known: bool,
    progress: reconcile::Progress,
    revision: u64,
}

/// A handle of the desk.
#[derive(Clone)]
pub(crate) struct Orders {
    client_id: ClientId,
    session: Session,
    commands: mpsc::Sender<Command>,
    directory: watch::Receiver<Directory>,
}

impl Orders {
    /// The handle, and the desk whose `run` serves it.
    pub(crate) fn new(options: DeskOptions, session: Session) -> (Self, Desk) {
        let directory = watch::Sender::new(Directory::default());
        let (commands, inbox) = mpsc::channel(256);
        let orders = Self {
            client_id: options.client_id,
            session: session.clone(),
            commands,
            directory: directory.subscribe(),
        };
        (orders, Desk::new(options, session, inbox, directory))
    }

    /// Posts a command and awaits its answer. The command lives on when the caller gives up.
    pub(crate) async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T>>) -> Command,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        if self.commands.send(command(reply)).await.is_err() {
            return Err(session::closed());
        }
        answer.await.unwrap_or_else(|_| Err(session::closed()))
    }

    /// Hands events to the book that came with an answer to somebody else.
    pub(crate) async fn learn(&self, events: Vec<OrderEvent>) {
        // A desk that has ended has nothing left to learn.
        let _ = self.commands.send(Command::Learn(events)).await;
    }

    /// Names of the lists that `link` has not told yet.
    pub(crate) fn missing(&self, link: Generation) -> Vec<&'static str> {
        let directory = self.directory.borrow();
        if directory.known == Some(link) { Vec::new() } else { directory.progress.lacking() }
    }

    /// Whether the orders were known once, on whatever link.
    pub(crate) fn were_known(&self) -> bool {
        self.directory.borrow().was_known
    }

    /// How many commands the desk has not taken yet.
    pub(crate) fn waiting(&self) -> usize {
        self.commands.max_capacity() - self.commands.capacity()
    }

    /// How many orders can still fill, if they are known for that link; waits for nothing.
    pub(crate) fn working(&self, link: Generation) -> Option<usize> {
        let directory = self.directory.borrow();
        (directory.known == Some(link)).then(|| directory.working().len())
    }

    /// Resolves when orders come, go, or become known.
    pub(crate) fn watch(&self) -> watch::Receiver<Directory> {
        self.directory.clone()
    }

    /// Whether a key was used before.
    pub(crate) fn has_key(&self, key: &OrderKey) -> bool {
        let directory = self.directory.borrow();
        directory.trades.values().any(|trade| trade.borrow().key.as_ref() == Some(key))
    }

    /// This client's order with that id.
    pub(crate) fn trade(&self, order_id: OrderId) -> Option<TradeHandle> {
        self.own(|trade| trade.order_id == order_id).pop()
    }

    /// This client's orders.
    pub(crate) fn trades(&self) -> Vec<TradeHandle> {
        self.own(|trade| trade.order_id.0 != 0)
    }

    fn own(&self, wanted: impl Fn(&Trade) -> bool) -> Vec<TradeHandle> {
        let directory = self.directory.borrow();
        let mine = |trade: &watch::Receiver<Arc<Trade>>| {
            let trade = trade.borrow();
            trade.client_id == self.client_id && wanted(&trade)
        };
        let trades = directory.trades.values().filter(|trade| mine(trade));
        trades.map(|trade| TradeHandle::new(trade.clone(), false)).collect()
    }

    /// Orders that can still fill, asked anew of a live link once they are known for it; as they are
    /// kept, where the link is not live or the time is over.
    pub(crate) async fn open(&self, deadline: Deadline) -> Result<Working> {
        let kept = self.kept(deadline).await?;
        let is_patient = !deadline.remaining().is_zero();
        if !is_patient || self.session.status().state.hindrance().is_some() {
            return Ok(kept);
        }
        self.ask(|reply| Command::OpenOrders(deadline, reply)).await
    }

    async fn kept(&self, deadline: Deadline) -> Result<Working> {
        let link = self.session.kept("open_orders", deadline).await?;
        let mut directory = self.directory.clone();
        let known = directory.wait_for(|directory| directory.known == Some(link.generation()));
        tokio::select! {
            biased;
            known = known => match known {
                Ok(directory) => Ok(directory.working()),
                Err(_) => Err(session::closed()),
            },
            () = link.ended() => Err(self.session.no_link("open_orders")),
            () = tokio::time::sleep_until(deadline.at()) => Err(unlisted(&link, self)),
        }
    }
}

impl Directory {
    fn working(&self) -> Working {
        let trades = self.trades.values().map(|trade| trade.borrow().clone());
        trades.filter(|trade| !trade.is_done()).collect()
    }
}

fn unlisted(link: &session::Link, orders: &Orders) -> Error {
    let missing = orders.missing(link.generation()).join(", ");
    let message = format!("open_orders: the gateway has not listed {missing} yet");
    Error::new(ErrorKind::StateUnknown, message).with_detail("missing", missing)
}

/// The trades a list of completed orders speaks of.
pub(crate) fn completed_trades(events: &[OrderEvent]) -> Vec<Trade> {
    let now = clock::now();
    let completed = |event: &OrderEvent| match event {
        OrderEvent::Completed(seen) => {
            let mut trade = book::ended(seen, now);
            lifecycle::completed(&mut trade, seen, now);
            Some(trade)
        }
        OrderEvent::Open(_)
        | OrderEvent::Status(_)
        | OrderEvent::Execution(_)
        | OrderEvent::Commission(_)
        | OrderEvent::Notice(_) => None,
    };
    events.iter().filter_map(completed).collect()
}
