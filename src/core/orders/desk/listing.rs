//! How the desk learns what became of everything on a link: the stream of order events is opened
//! first, then the lists are asked. Neither is waited for: the desk goes on with what it holds.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::FutureExt;

use super::Desk;
use crate::clock::{self, Deadline};
use crate::error::Result;
use crate::events;
use crate::model::{AlertKind, OrderEvent, OrderNotice};
use crate::orders::book::TradeNo;
use crate::orders::goals;
use crate::orders::lifecycle::{self, Word};
use crate::orders::reconcile::{self, Lists, Progress};
use crate::session::{Link, OrderEvents};

/// Pause before orders are listed again after a failed attempt.
const RETRY: Duration = Duration::from_secs(1);

/// Time for an order to show that it is alive, after a word nobody knows.
const DOUBT: Duration = Duration::from_millis(300);

/// Time for opening the order stream again.
const REOPEN: Duration = Duration::from_secs(10);

/// A stream of order events that was opened, or why not; after which pause orders are listed.
pub(super) struct Opened {
    events: Result<OrderEvents>,
    pause: Duration,
}

impl Desk {
    /// Takes up a new link, or notes that there is none.
    pub(super) fn relink(&mut self, link: Option<Link>) {
        self.forget_lists();
        self.events = None;
        self.opening = None;
        self.fail_askers();
        self.link = link;
        match self.link.clone() {
            Some(link) => self.open_events(link, Duration::ZERO, Duration::ZERO),
            None => self.fail_parked(),
        }
    }

    /// Lists orders anew: what happened while the gateway had no servers may not have been told.
    pub(super) fn verify(&mut self) {
        let Some(link) = self.link.clone().filter(Link::is_up) else { return };
        self.forget_lists();
        self.list(link, Duration::ZERO);
    }

    /// Opens the stream again and asks what was missed; a link that is gone needs neither.
    pub(super) fn restart_events(&mut self) {
        self.events = None;
        let Some(link) = self.link.clone().filter(Link::is_up) else { return };
        self.forget_lists();
        self.open_events(link, Duration::ZERO, RETRY);
    }

    fn forget_lists(&mut self) {
        self.known = None;
        self.listing = None;
        self.relisting = None;
        self.progress = Progress::default();
    }

    /// Begins to open the stream after `wait`, and to list orders `pause` after it is open.
    fn open_events(&mut self, link: Link, wait: Duration, pause: Duration) {
        let opening = async move {
            Opened { events: link.order_events(Deadline::after(REOPEN)).await, pause }
        };
        self.opening = Some(after(wait, opening).boxed());
    }

    /// Lists orders once their events are listened to: nothing falls between the two.
    pub(super) fn opened(&mut self, opened: Opened) {
        self.opening = None;
        let Some(link) = self.link.clone().filter(Link::is_up) else { return };
        match opened.events {
            Ok(events) => {
                self.events = Some(events);
                self.list(link, opened.pause);
            }
            Err(error) => {
                log::error!(target: "aioibkr::orders", "no order events: {error}");
                self.open_events(link, RETRY, opened.pause);
            }
        }
    }

    /// Asks after a pause for the lists that have not come.
    pub(super) fn list(&mut self, link: Link, pause: Duration) {
        self.relisting = None;
        self.expected = self.book.working();
        self.asked_doubts = self.doubts.keys().copied().collect();
        let asked = reconcile::ask(link, self.download, self.progress.clone());
        self.listing = Some(after(pause, asked).boxed());
    }

    /// Takes what the gateway listed: from here on orders are known.
    pub(super) fn listed(&mut self, lists: Result<Lists>) {
        self.listing = None;
        self.take_waiting_events();
        if self.opening.is_some() {
            return;
        }
        let lists = match lists {
            Ok(lists) => lists,
            Err(error) => {
                log::warn!(target: "aioibkr::orders", "orders are not known yet: {error}");
                if let Some(link) = self.link.clone().filter(Link::is_up) {
                    self.list(link, RETRY);
                }
                return;
            }
        };
        let before = self.in_doubt(lists.generation);
        let open = self.take_listed(&lists.events);
        if lists.complete {
            self.settle_absent(&before);
            self.settle_doubts();
        }
        self.settle_ended(&open);
        self.known = Some(lists.generation);
        self.send_cancels();
        self.now_listed();
    }

    /// Takes the events that came before the end of the lists and wait in their stream.
    fn take_waiting_events(&mut self) {
        while let Some(event) = self.events.as_mut().and_then(|events| events.next().now_or_never())
        {
            self.event(event);
        }
    }

    /// Applies what was listed; the orders that the gateway says are open.
    pub(super) fn take_listed(&mut self, listed: &[OrderEvent]) -> BTreeSet<TradeNo> {
        let mut open = BTreeSet::new();
        for event in listed {
            let no = self.apply(event);
            if let OrderEvent::Open(_) = event {
                open.extend(no);
            }
        }
        open
    }

    /// Notes a word that nobody knows about an order that is not acknowledged, and asks whether it is
    /// alive: the word alone does not say.
    pub(super) fn doubt(&mut self, no: TradeNo, said: &OrderNotice) {
        let is_doubtful =
            matches!(lifecycle::word(said.code), Word::Doubtful | Word::RefusesChange);
        if is_doubtful && self.book.is_unanswered(no) {
            self.doubts.insert(no, said.clone());
            if let Some(link) = self.link.clone().filter(Link::is_up) {
                self.list(link, DOUBT);
            }
        }
    }

    /// Settles orders in doubt by complete lists that were asked after the word: one that they do not
    /// show was refused by it.
    fn settle_doubts(&mut self) {
        for no in std::mem::take(&mut self.asked_doubts) {
            let Some(said) = self.doubts.remove(&no) else { continue };
            if self.book.is_unanswered(no) {
                self.book
                    .change(no, |trade| lifecycle::refused_unlisted(trade, &said, clock::now()));
                self.judge(no, None);
            }
        }
        self.doubts.retain(|no, _| self.book.is_unanswered(*no));
    }

    /// Orders that worked when the list was asked, can still fill for all that is known, and are not among
    /// the open ones.
    pub(super) fn missing(&mut self, open: &BTreeSet<TradeNo>) -> Vec<TradeNo> {
        let expected = std::mem::take(&mut self.expected).into_iter();
        expected.filter(|no| !open.contains(no) && self.book.is_open(*no)).collect()
    }

    /// Settles orders that worked when the list was asked and are not among the open ones. The list of
    /// open orders is complete, and executions and completed orders have had their say: what they did
    /// not settle has ended, and nobody tells how.
    fn settle_ended(&mut self, open: &BTreeSet<TradeNo>) {
        for no in self.missing(open) {
            let Some(trade) = self.book.trade(no) else { continue };
            self.book.change(no, |trade| lifecycle::ended_unseen(trade, clock::now()));
            self.judge(no, None);
            if trade.client_id == self.client_id {
                let message = goals::ended_unseen(&trade).to_string();
                self.told.raise(events::alert(AlertKind::OrderUnknown, &trade.name(), message));
            }
        }
    }
}

async fn after<T>(pause: Duration, work: impl Future<Output = T>) -> T {
    tokio::time::sleep(pause).await;
    work.await
}
