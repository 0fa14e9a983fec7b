//! Cancelling: what was asked for stays asked for until the order has ended or IB refuses, over
//! every link that dies under it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::placing::{answer, unknown};
use super::{Desk, Parked, Reply, Sweep, Wait, Writing};
use crate::clock::Deadline;
use crate::error::{ErrorKind, Result};
use crate::model::{Generation, OrderId, OrderNotice, Trade};
use crate::orders::book::TradeNo;
use crate::orders::goals::{self, Goal};
use crate::orders::placement::{Hold, Written};
use crate::orders::{Command, lifecycle};
use crate::session::Link;

/// Time for a cancel that is sent again.
const AGAIN: Duration = Duration::from_secs(10);

/// Cancels that were asked for and may have to be sent again.
#[derive(Default)]
pub(super) struct Cancels {
    /// Each order, and the link its cancel was last written to.
    orders: BTreeMap<TradeNo, Option<Generation>>,
    /// The last cancel of everything.
    all: Option<CancelAll>,
}

/// A cancel of everything.
struct CancelAll {
    /// This client's orders that worked when it was asked.
    orders: Vec<TradeNo>,
    /// The highest order id then: an order above it was not meant.
    highest: OrderId,
    /// The link it was written to.
    written: Option<Generation>,
}

impl Desk {
    /// Cancels an order at once, or first thing after the next link is reconciled.
    pub(super) fn cancel(
        &mut self,
        id: OrderId,
        deadline: Deadline,
        reply: oneshot::Sender<Result<Arc<Trade>>>,
    ) {
        let status = self.session.status();
        let no = self.book.by_order(self.client_id, id);
        let trade = no.and_then(|no| self.book.trade(no));
        let (no, trade) = match (no, trade) {
            (Some(no), Some(trade)) => (no, trade),
            _ if status.is_at_rest() => {
                return answer(reply, Err(self.session.not_connected(&status)));
            }
            _ if self.is_known() => return answer(reply, Err(unknown(id))),
            _ => {
                let command = Command::Cancel(id, deadline, reply);
                return self.parked.push(Parked { deadline, command });
            }
        };
        if trade.is_done() && !trade.is_outcome_unknown() {
            let error = goals::done(&trade, "cancelled").with_code(10148);
            return answer(reply, Err(error));
        }
        if status.is_at_rest() {
            return answer(reply, Err(self.session.not_connected(&status)));
        }
        self.waits.push(Wait { no, goal: Goal::Cancelled, deadline, reply: Reply::Trade(reply) });
        match self.link.clone().filter(Link::is_up) {
            Some(link) => self.write_cancel(&link, no, id, deadline),
            None => {
                self.cancels.orders.insert(no, None);
            }
        }
    }

    fn write_cancel(&mut self, link: &Link, no: TradeNo, id: OrderId, deadline: Deadline) {
        self.cancels.orders.insert(no, Some(link.generation()));
        let written = link.clone();
        let write = async move { written.cancel_order(id).await };
        self.hold(Writing::Cancel(no), Hold { link: link.clone(), deadline, gate: None }, write);
    }

    /// Takes the end of a cancel's write. One that the link took with it is sent on the next.
    pub(super) fn wrote_cancel(&mut self, no: TradeNo, outcome: Written) {
        match outcome {
            Written::Sent | Written::Doubtful => {}
            Written::NotSent(error) if error.kind() == ErrorKind::ConnectionLost => {
                self.cancels.orders.insert(no, None);
            }
            Written::NotSent(error) => {
                self.cancels.orders.remove(&no);
                self.fail(no, &error, |goal| *goal == Goal::Cancelled);
            }
        }
    }

    /// Cancels everything with one message.
    pub(super) fn cancel_all(&mut self, deadline: Deadline, reply: oneshot::Sender<Result<usize>>) {
        let link = match self.present() {
            Ok(link) => link,
            Err(error) => return answer(reply, Err(error)),
        };
        let own = self.book.all().filter(|(_, trade)| {
            trade.client_id == self.client_id && !trade.is_done() && trade.order_id.0 != 0
        });
        let orders: Vec<TradeNo> = own.map(|(no, _)| no).collect();
        self.sweeps.push(Sweep { orders: orders.clone(), deadline, reply });
        let highest = self.book.highest(self.client_id);
        self.cancels.all = Some(CancelAll { orders, highest, written: None });
        self.write_cancel_all(link, deadline);
    }

    fn write_cancel_all(&mut self, link: Link, deadline: Deadline) {
        if let Some(all) = &mut self.cancels.all {
            all.written = Some(link.generation());
        }
        let written = link.clone();
        let write = async move { written.cancel_every_order().await };
        self.hold(Writing::CancelAll, Hold { link, deadline, gate: None }, write);
    }

    /// Takes the end of the write of a cancel of everything.
    pub(super) fn wrote_cancel_all(&mut self, outcome: Written) {
        match outcome {
            Written::Sent => self.judge_sweeps(),
            Written::Doubtful => self.forget_cancel_all_was_written(),
            Written::NotSent(error) if error.kind() == ErrorKind::ConnectionLost => {
                self.forget_cancel_all_was_written();
            }
            Written::NotSent(error) => {
                self.cancels.all = None;
                self.fail_sweeps(&error);
            }
        }
    }

    fn forget_cancel_all_was_written(&mut self) {
        if let Some(all) = &mut self.cancels.all {
            all.written = None;
        }
    }

    /// Notes that IB refuses a cancel; says whether that contradicts what is known of the order.
    pub(super) fn cancel_refused(&mut self, no: TradeNo, said: &OrderNotice) -> bool {
        self.cancels.orders.remove(&no);
        if let Some(all) = &mut self.cancels.all {
            all.orders.retain(|known| *known != no);
        }
        said.code == lifecycle::UNKNOWN_ORDER && self.book.is_open(no)
    }

    /// Sends what was asked for while there was no link, and again what was written to an earlier one.
    pub(super) fn send_cancels(&mut self) {
        let Some(link) = self.link.clone().filter(Link::is_up) else { return };
        self.send_cancel_all(&link);
        for (no, written) in std::mem::take(&mut self.cancels.orders) {
            match self.book.trade(no).filter(|trade| !trade.is_done()) {
                Some(_) if written == Some(link.generation()) => {
                    self.cancels.orders.insert(no, written);
                }
                Some(trade) => {
                    self.write_cancel(&link, no, trade.order_id, Deadline::after(AGAIN));
                }
                None => {}
            }
        }
    }

    /// Sends a cancel of everything again, as the cancel of each order it meant if there are newer ones.
    fn send_cancel_all(&mut self, link: &Link) {
        let Some(all) = self.cancels.all.take() else { return };
        let is_open = |no: &TradeNo| self.book.is_open(*no);
        let working: Vec<TradeNo> = all.orders.iter().copied().filter(is_open).collect();
        if all.written == Some(link.generation()) {
            self.cancels.all = Some(all);
        } else if self.book.highest(self.client_id) != all.highest {
            self.cancels.orders.extend(working.into_iter().map(|no| (no, None)));
        } else if !working.is_empty() || all.written.is_none() {
            self.cancels.all = Some(CancelAll { orders: working, ..all });
            self.write_cancel_all(link.clone(), Deadline::after(AGAIN));
        }
    }
}
