//! What the desk does with news: applying events, judging goals, answering what ran out of time.

use tokio::time::Instant;

use super::placing::answer;
use super::{Desk, Reply, Sweep, Wait};
use crate::clock;
use crate::error::{Error, ErrorKind};
use crate::model::{Generation, LinkName, Notice, OrderEvent, OrderNotice};
use crate::orders::book::TradeNo;
use crate::orders::goals::{Goal, Standing};
use crate::orders::lifecycle::{self, Word};
use crate::orders::placement::refused;
use crate::orders::{Command, TradeHandle};
use crate::session::Link;

/// How much longer than its deadline a caller waits for a held write to be dropped.
const GRACE: std::time::Duration = std::time::Duration::from_millis(200);

impl Desk {
    /// Takes one event and tells whoever waited for it; says which trade it was about.
    pub(super) fn apply(&mut self, event: &OrderEvent) -> Option<TradeNo> {
        let now = clock::now();
        let mut contradicted = false;
        let no = match event {
            OrderEvent::Notice(said) => {
                let no = self.book.by_order(self.client_id, said.order_id);
                self.tell_said(no, said);
                if let Some(no) = no.filter(|_| lifecycle::refuses_cancel(said.code)) {
                    contradicted = self.cancel_refused(no, said);
                }
                if let Some(no) = no {
                    let about_change = self.changes(no);
                    self.book.change(no, |trade| match about_change {
                        true => lifecycle::remark(trade, said, now),
                        false => lifecycle::notice(trade, said, now),
                    });
                    self.doubt(no, said);
                }
                no
            }
            OrderEvent::Open(_)
            | OrderEvent::Status(_)
            | OrderEvent::Completed(_)
            | OrderEvent::Execution(_)
            | OrderEvent::Commission(_) => self.book.apply(event, now),
        };
        if let Some(no) = no {
            self.judge(no, Some(event));
        }
        if contradicted {
            self.verify();
        }
        no
    }

    /// Tells what the gateway said of an order, unless it is the answer that somebody waits for: who
    /// waits tells of a failure by itself.
    fn tell_said(&self, no: Option<TradeNo>, said: &OrderNotice) {
        let is_waited_for =
            self.waits.iter().any(|wait| Some(wait.no) == no && !wait.reply.is_nobody());
        let events = self.told.of(LinkName::Control);
        let word = lifecycle::word(said.code);
        let is_answer = !matches!(word, Word::Remark | Word::Doubtful);
        if is_answer && is_waited_for {
            return;
        }
        if matches!(word, Word::Remark | Word::Doubtful) {
            let generation = self.link.as_ref().map_or(Generation(0), Link::generation);
            let notice =
                Notice { code: said.code, message: said.message.clone(), time: clock::now() };
            return events.noticed(generation, &notice, Some(said.order_id.0));
        }
        let message =
            format!("order {}: {} (code {})", said.order_id, said.message.trim(), said.code);
        let error = Error::new(ErrorKind::Order, message).with_code(said.code);
        events.failed(&error.with_detail("order_id", said.order_id));
    }

    /// Whether a change of the trade is waiting for its answer.
    pub(super) fn changes(&self, no: TradeNo) -> bool {
        let is_change = |wait: &Wait| wait.no == no && matches!(wait.goal, Goal::Changed { .. });
        self.waits.iter().any(is_change)
    }

    /// Answers every goal of a trade that is decided.
    pub(super) fn judge(&mut self, no: TradeNo, event: Option<&OrderEvent>) {
        let Some(trade) = self.book.trade(no) else { return };
        for wait in std::mem::take(&mut self.waits) {
            if wait.no != no {
                self.waits.push(wait);
                continue;
            }
            match wait.goal.judge(&trade, event) {
                Standing::Open => self.waits.push(wait),
                Standing::Reached => self.reached(wait),
                Standing::Missed(error) => {
                    self.undo(&wait);
                    refuse(wait.reply, error);
                }
            }
        }
        self.judge_sweeps();
    }

    fn reached(&self, wait: Wait) {
        match wait.reply {
            Reply::Handle(reply, repeated) => {
                if wait.goal == Goal::Acknowledged && !repeated {
                    self.counters.order_acknowledged();
                }
                if let Some(state) = self.book.watch(wait.no) {
                    answer(reply, Ok(TradeHandle::new(state, repeated)));
                }
            }
            Reply::Trade(reply) => {
                if let Some(trade) = self.book.trade(wait.no) {
                    answer(reply, Ok(trade));
                }
            }
            Reply::Nobody => {}
        }
    }

    /// Puts the old values back after a refused change.
    fn undo(&mut self, wait: &Wait) {
        if let Goal::Changed { wished, old } = &wait.goal {
            self.book.change(wait.no, |trade| {
                if trade.order == **wished {
                    trade.order = (**old).clone();
                }
            });
        }
    }

    /// Puts the old values back after a change that was not sent.
    pub(super) fn undo_change(&mut self, no: TradeNo) {
        let pending = self
            .waits
            .iter()
            .find(|wait| wait.no == no && matches!(wait.goal, Goal::Changed { .. }));
        if let Some(Goal::Changed { old, .. }) = pending.map(|wait| wait.goal.clone()) {
            self.book.change(no, |trade| trade.order = *old);
        }
    }

    /// Answers the goals of a trade with an error.
    pub(super) fn fail(&mut self, no: TradeNo, error: &Error, whose: impl Fn(&Goal) -> bool) {
        for wait in std::mem::take(&mut self.waits) {
            if wait.no == no && whose(&wait.goal) {
                refuse(wait.reply, error.clone());
            } else {
                self.waits.push(wait);
            }
        }
    }

    pub(super) fn judge_sweeps(&mut self) {
        for sweep in std::mem::take(&mut self.sweeps) {
            match self.left(&sweep) {
                0 => answer(sweep.reply, Ok(sweep.orders.len())),
                _ => self.sweeps.push(sweep),
            }
        }
    }

    fn left(&self, sweep: &Sweep) -> usize {
        sweep.orders.iter().filter(|no| self.book.is_open(**no)).count()
    }

    pub(super) fn fail_sweeps(&mut self, error: &Error) {
        for sweep in self.sweeps.drain(..) {
            answer(sweep.reply, Err(error.clone()));
        }
    }

    /// When a wait is answered at the latest: a write that is still held is dropped at the
    /// deadline and says a moment later whether anything was sent.
    pub(super) fn answer_at(&self, wait: &Wait) -> Instant {
        let is_held = wait.goal == Goal::Acknowledged && self.book.written(wait.no).is_none();
        if is_held { wait.deadline.at() + GRACE } else { wait.deadline.at() }
    }

    /// Answers everything whose time is over.
    pub(super) fn expire(&mut self) {
        let now = Instant::now();
        for mut wait in std::mem::take(&mut self.waits) {
            if wait.reply.is_nobody() || self.answer_at(&wait) > now {
                self.waits.push(wait);
                continue;
            }
            let Some(trade) = self.book.trade(wait.no) else { continue };
            let error = wait.goal.missed(&trade, wait.deadline);
            refuse(std::mem::replace(&mut wait.reply, Reply::Nobody), error);
            if matches!(wait.goal, Goal::Changed { .. }) {
                self.waits.push(wait);
            }
        }
        self.expire_sweeps(now);
        self.expire_askers(now);
        self.expire_parked(now);
    }

    fn expire_sweeps(&mut self, now: Instant) {
        for sweep in std::mem::take(&mut self.sweeps) {
            if sweep.deadline.at() > now {
                self.sweeps.push(sweep);
                continue;
            }
            let left = self.left(&sweep);
            let message = format!("{left} of {} orders have not ended yet", sweep.orders.len());
            answer(sweep.reply, Err(Error::new(ErrorKind::OrderOutcomeUnknown, message)));
        }
    }

    /// Answers what waited for a link that is gone; nothing of it was sent. Cancels wait on.
    pub(super) fn fail_parked(&mut self) {
        for parked in std::mem::take(&mut self.parked) {
            let error = self.session.no_link("nothing was sent");
            match parked.command {
                Command::Place(_, reply) | Command::Modify(_, _, reply) => {
                    answer(reply, Err(error));
                }
                Command::Check(_, reply) => answer(reply, Err(error)),
                Command::Cancel(..)
                | Command::CancelAll(..)
                | Command::OpenOrders(..)
                | Command::Learn(_) => {
                    self.parked.push(parked);
                }
            }
        }
    }

    /// Answers everybody because the client was closed.
    pub(super) fn end(mut self) {
        for wait in std::mem::take(&mut self.waits) {
            if let Some(trade) = self.book.trade(wait.no) {
                refuse(wait.reply, wait.goal.abandoned(&trade));
            }
        }
        // Everybody else learns of the end by the loss of the answer.
    }

    fn expire_parked(&mut self, now: Instant) {
        for parked in std::mem::take(&mut self.parked) {
            if parked.deadline.at() > now {
                self.parked.push(parked);
                continue;
            }
            let error = refused("open orders and executions were not known in time");
            match parked.command {
                Command::Place(_, reply) | Command::Modify(_, _, reply) => {
                    answer(reply, Err(error));
                }
                Command::Check(_, reply) => answer(reply, Err(error)),
                Command::Cancel(id, _, reply) => {
                    let message = format!("order {id}: not known yet, no cancel was sent");
                    answer(reply, Err(Error::new(ErrorKind::StateUnknown, message)));
                }
                Command::CancelAll(..) | Command::OpenOrders(..) | Command::Learn(_) => {}
            }
        }
    }

    /// Orders that were written on an earlier link and never answered.
    pub(super) fn in_doubt(&self, generation: Generation) -> Vec<TradeNo> {
        let unanswered = self.book.all().filter(|(no, trade)| {
            let was_earlier = self.book.written(*no).is_some_and(|written| written < generation);
            was_earlier && !trade.is_acknowledged()
        });
        unanswered.map(|(no, _)| no).collect()
    }

    /// Settles orders in doubt that a complete list does not show: the same client id is connected
    /// again, so the gateway has read all it will ever read of the earlier link.
    pub(super) fn settle_absent(&mut self, before: &[TradeNo]) {
        for no in before {
            if self.book.is_unanswered(*no) {
                self.book.change(*no, |trade| lifecycle::never_arrived(trade, clock::now()));
                self.judge(*no, None);
            }
        }
    }
}

fn refuse(reply: Reply, error: Error) {
    match reply {
        Reply::Handle(reply, _) => answer(reply, Err(error)),
        Reply::Trade(reply) => answer(reply, Err(error)),
        Reply::Nobody => {}
    }
}
