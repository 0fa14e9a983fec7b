//! The desk's commands: placing, changing and cancelling.

use std::sync::Arc;

use futures_util::future::FutureExt;
use rust_decimal::Decimal;
use tokio::sync::oneshot;

use super::{Desk, Finished, Parked, Reply, Wait, Writing};
use crate::clock::{self, Deadline};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Action, Order, OrderId, OrderKey, OrderRef, OrderStatus, RiskView, Trade};
use crate::orders::book::{TradeNo, Wish};
use crate::orders::goals::{self, Goal};
use crate::orders::placement::{self, Hold, Written};
use crate::orders::{Command, Placing, TradeHandle, lifecycle, repetition};
use crate::risk;
use crate::session::{Link, Urgency};

/// Which trade a change is about and by when it must be out.
struct Change {
    no: TradeNo,
    deadline: Deadline,
}

type HandleReply = oneshot::Sender<Result<TradeHandle>>;

impl Desk {
    /// Places an order, or finds the one its key stands for.
    pub(super) fn place(&mut self, placing: Box<Placing>, reply: HandleReply) {
        if let Some(no) = self.book.by_key(&placing.key) {
            return self.repeat(no, &placing, reply);
        }
        let link = match self.writable() {
            Ok(link) => link,
            Err(error) => return answer(reply, Err(error)),
        };
        if self.waits_for_lists(&link, &placing) {
            let deadline = placing.deadline;
            return self.parked.push(Parked { deadline, command: Command::Place(placing, reply) });
        }
        match self.admit(&placing).and_then(|()| reference(&placing)) {
            Ok(reference) => self.write_order(&link, *placing, reference, reply),
            Err(error) => answer(reply, Err(error)),
        }
    }

    /// Judges an order as `place` would and sends nothing.
    pub(super) fn check(&mut self, placing: Box<Placing>, reply: oneshot::Sender<Result<()>>) {
        let link = match self.writable() {
            Ok(link) => link,
            Err(error) => return answer(reply, Err(error)),
        };
        if self.waits_for_lists(&link, &placing) {
            let deadline = placing.deadline;
            return self.parked.push(Parked { deadline, command: Command::Check(placing, reply) });
        }
        let verdict = self.admit(&placing).and_then(|()| reference(&placing)).map(drop);
        answer(reply, verdict);
    }

    /// The rules, with what the book knows added to what the caller gathered.
    fn admit(&self, placing: &Placing) -> Result<()> {
        let mut broken = placing.broken.clone();
        if let Some(limits) = &self.limits {
            let view = RiskView {
                open_orders: Some(self.book.open_count()),
                orders_today: self.book.placed_on(clock::now()),
                pending_sells: self.book.pending_sells(placing.contract.contract_id),
                ..placing.view.clone()
            };
            risk::check_limits(&placing.order, &view, limits, &mut broken);
        }
        broken.verdict()
    }

    /// The rules for a change: the order it replaces counts for nothing.
    fn admit_change(&self, placing: &Placing, replaced: &Trade) -> Result<()> {
        let mut broken = placing.broken.clone();
        let Some(limits) = &self.limits else { return broken.verdict() };
        let offered = self.book.pending_sells(replaced.contract.contract_id);
        let its_own = match replaced.order.action {
            Action::Sell | Action::SellShort | Action::SellLong => replaced.remaining,
            Action::Buy => Decimal::ZERO,
        };
        let view = RiskView {
            open_orders: Some(self.book.open_count().saturating_sub(1)),
            orders_today: 0,
            pending_sells: offered - its_own,
            ..placing.view.clone()
        };
        risk::check_limits(&placing.order, &view, limits, &mut broken);
        broken.verdict()
    }

    /// The link, if an order may be written to it.
    fn writable(&self) -> Result<Link> {
        match self.session.status().state.hindrance() {
            Some(why) => {
                Err(placement::refused(why).with_detail("state", self.session.status().state))
            }
            None => self.present(),
        }
    }

    /// The link, if there is one: a cancel is sent whatever its state.
    pub(super) fn present(&self) -> Result<Link> {
        let status = self.session.status();
        match self.link.clone().filter(Link::is_up) {
            Some(link) => Ok(link),
            None if status.is_at_rest() => Err(self.session.not_connected(&status)),
            None => Err(self.session.no_link("nothing was sent")),
        }
    }

    fn repeat(&mut self, no: TradeNo, placing: &Placing, reply: HandleReply) {
        let Some(trade) = self.book.trade(no) else { return };
        if !self.is_same(no, &trade, placing) {
            return answer(reply, Err(duplicate(&placing.key, &trade)));
        }
        let goal = Goal::Acknowledged;
        let reply = Reply::Handle(reply, true);
        self.waits.push(Wait { no, goal, deadline: placing.deadline, reply });
        self.judge(no, None);
    }

    /// Whether the caller asks for the order the key stands for.
    fn is_same(&self, no: TradeNo, trade: &Trade, placing: &Placing) -> bool {
        let Placing { asked, contract, order, .. } = placing;
        match self.book.wish(no) {
            Some(wish) => repetition::repeats_wish(wish, asked, contract, order),
            None => repetition::repeats_trade(trade, contract, order),
        }
    }

    fn write_order(&mut self, link: &Link, placing: Placing, sent: OrderRef, reply: HandleReply) {
        let order_id = self.next_order_id(link);
        let Placing { asked, contract, order, key, deadline, .. } = placing;
        let wish = Wish { asked, contract: contract.clone(), order: order.clone() };
        let no = self.book.add(self.new_trade(order_id, &wish, key), Some(wish));
        let (held, written) = (link.clone(), link.clone());
        let write =
            async move { written.submit_order(order_id, &contract, &order, (&sent, None)).await };
        let hold = self.live_only(held, deadline);
        self.hold(Writing::Place(no, link.generation()), hold, write);
        let reply = Reply::Handle(reply, false);
        self.waits.push(Wait { no, goal: Goal::Acknowledged, deadline, reply });
    }

    /// Above everything the gateway or we have used; an id once written is never used again.
    fn next_order_id(&self, link: &Link) -> OrderId {
        let used = self.book.highest(self.client_id);
        OrderId(link.first_order_id().0.max(used.0.saturating_add(1)))
    }

    fn new_trade(&self, order_id: OrderId, wish: &Wish, key: OrderKey) -> Trade {
        let now = clock::now();
        let mut trade = Trade {
            key: Some(key),
            order_id,
            client_id: self.client_id,
            perm_id: None,
            account: wish.order.account.clone(),
            contract: wish.contract.clone(),
            order: wish.order.clone(),
            status: OrderStatus::PendingSubmit,
            filled: Decimal::ZERO,
            remaining: wish.order.quantity,
            average_price: None,
            fills: Vec::new(),
            log: Vec::new(),
            why_held: String::new(),
            rejection: None,
            submitted_at: Some(now),
            filled_at: None,
            repeated: false,
        };
        lifecycle::log(&mut trade, "placed".into(), None, now);
        trade
    }

    /// What is dropped if the link leaves Live before the first byte.
    fn live_only(&self, link: Link, deadline: Deadline) -> Hold {
        Hold { link, deadline, gate: Some(self.session.watch()) }
    }

    pub(super) fn hold(
        &mut self,
        what: Writing,
        hold: Hold,
        write: impl Future<Output = Result<()>> + Send + 'static,
    ) {
        let held = placement::hold(hold, self.urgency(what), write);
        self.writes.push(held.map(move |outcome| Finished { what, outcome }).boxed());
    }

    /// How urgent a write is. A cancel does not overtake what it is to cancel: behind an order or
    /// a change that may still wait, it takes its turn as one.
    fn urgency(&self, what: Writing) -> Urgency {
        match what {
            Writing::Place(..) | Writing::Change(_) => Urgency::Order,
            Writing::Cancel(no) if self.may_wait(no) => Urgency::Order,
            Writing::CancelAll if self.book.all().any(|(no, _)| self.may_wait(no)) => {
                Urgency::Order
            }
            Writing::Cancel(_) | Writing::CancelAll => Urgency::Cancel,
        }
    }

    /// Whether a write about an order of ours may still wait for its turn.
    fn may_wait(&self, no: TradeNo) -> bool {
        let is_unsent = |trade: &Trade| {
            trade.client_id == self.client_id && !trade.is_acknowledged() && !trade.is_done()
        };
        let unsent = self.book.trade(no).is_some_and(|trade| is_unsent(&trade));
        unsent && self.book.written(no).is_none() || self.changes(no)
    }

    /// Changes a working order.
    pub(super) fn modify(&mut self, id: OrderId, placing: Box<Placing>, reply: HandleReply) {
        let link = match self.writable() {
            Ok(link) => link,
            Err(error) => return answer(reply, Err(error)),
        };
        if !self.is_known() {
            let (deadline, command) = (placing.deadline, Command::Modify(id, placing, reply));
            return self.parked.push(Parked { deadline, command });
        }
        match self.changeable(id, &placing) {
            Ok((no, trade)) => {
                let Placing { order, deadline, .. } = *placing;
                let (wished, old) = (Box::new(order.clone()), Box::new(trade.order.clone()));
                let (goal, reply) = (Goal::Changed { wished, old }, Reply::Handle(reply, false));
                self.begin_change(Wait { no, goal, deadline, reply });
                self.write_change(&link, &trade, order, Change { no, deadline });
            }
            Err(error) => answer(reply, Err(error)),
        }
    }

    fn changeable(&self, id: OrderId, placing: &Placing) -> Result<(TradeNo, Arc<Trade>)> {
        let no = self.book.by_order(self.client_id, id).ok_or_else(|| unknown(id))?;
        let trade = self.book.trade(no).ok_or_else(|| unknown(id))?;
        if trade.is_done() {
            return Err(goals::done(&trade, "changed"));
        }
        let pending = self.waits.iter().any(|wait| {
            wait.no == no && !wait.reply.is_nobody() && matches!(wait.goal, Goal::Changed { .. })
        });
        if pending || !trade.is_acknowledged() {
            let message = format!("order {id} has not been answered yet: change it afterwards");
            return Err(goals::about(Error::refused("pending", message), &trade));
        }
        self.admit_change(placing, &trade)?;
        Ok((no, trade))
    }

    /// Takes the new values into the book; an earlier change that was never answered is forgotten.
    fn begin_change(&mut self, wait: Wait) {
        let no = wait.no;
        self.waits.retain(|wait| wait.no != no || !wait.reply.is_nobody());
        if let Goal::Changed { wished, .. } = &wait.goal {
            let wished = wished.clone();
            self.book.change(no, |trade| trade.order = *wished);
        }
        self.waits.push(wait);
    }

    fn write_change(&mut self, link: &Link, trade: &Trade, order: Order, change: Change) {
        let sent = OrderRef { reference: order.order_ref.clone(), key: trade.key.clone() };
        let (id, contract) = (trade.order_id, trade.contract.clone());
        let (written, echo) = (link.clone(), self.book.echo(change.no));
        let write = async move {
            written.submit_order(id, &contract, &order, (&sent, echo.as_ref())).await
        };
        let hold = self.live_only(link.clone(), change.deadline);
        self.hold(Writing::Change(change.no), hold, write);
    }

    /// Takes the end of a write.
    pub(super) fn wrote(&mut self, finished: Finished) {
        match (finished.what, finished.outcome) {
            (Writing::Place(no, generation), Written::Sent) => {
                self.book.mark_written(no, generation);
                self.counters.order_placed();
            }
            (Writing::Place(no, generation), Written::Doubtful) => {
                self.book.mark_written(no, generation);
            }
            (Writing::Place(no, _), Written::NotSent(error)) => {
                self.fail(no, &error, |_| true);
                self.book.remove(no);
            }
            (Writing::Change(no), Written::NotSent(error)) => {
                self.undo_change(no);
                self.fail(no, &error, |goal| matches!(goal, Goal::Changed { .. }));
            }
            (Writing::Cancel(no), outcome) => self.wrote_cancel(no, outcome),
            (Writing::CancelAll, outcome) => self.wrote_cancel_all(outcome),
            (Writing::Change(_), _) => {}
        }
    }
}

fn reference(placing: &Placing) -> Result<OrderRef> {
    OrderRef::new(&placing.order.order_ref, placing.key.clone())
}

pub(super) fn unknown(id: OrderId) -> Error {
    let message = format!("order {id} is not known to this client");
    Error::new(ErrorKind::Order, message).with_code(10147).with_detail("order_id", id)
}

fn duplicate(key: &OrderKey, trade: &Trade) -> Error {
    let message = format!(
        "key {key} was used for a different order: {} {} {} {}",
        trade.order.action,
        trade.order.quantity,
        trade.contract.symbol,
        trade.order.order_type.as_str()
    );
    goals::about(Error::new(ErrorKind::DuplicateOrderKey, message), trade)
}

/// Answers a caller; one that gave up needs no answer.
pub(super) fn answer<T>(reply: oneshot::Sender<T>, value: T) {
    let _ = reply.send(value);
}
