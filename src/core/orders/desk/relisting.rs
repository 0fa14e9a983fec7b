//! Open orders asked anew: those of other programs come and go without a word to us.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::FutureExt;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::placing::answer;
use super::{Asker, Desk};
use crate::clock::Deadline;
use crate::error::Result;
use crate::model::Trade;
use crate::orders::{Placing, Working};
use crate::session::{Link, Listing};

/// How old a list may be whose foreign orders keep an order of ours from being placed.
const FRESH: Duration = Duration::from_secs(1);

/// Time for the list of open orders.
const WITHIN: Duration = Duration::from_secs(5);

impl Desk {
    /// Lists open orders anew for a caller; one question serves all who ask while it is under way.
    pub(super) fn open_orders(
        &mut self,
        deadline: Deadline,
        reply: oneshot::Sender<Result<Working>>,
    ) {
        match self.present() {
            Ok(link) => {
                self.askers.push(Asker { deadline, reply });
                self.relist(link);
            }
            Err(error) => answer(reply, Err(error)),
        }
    }

    fn relist(&mut self, link: Link) {
        if self.relisting.is_none() && self.listing.is_none() {
            self.expected = self.book.working();
            let listed = async move { link.open_orders(Deadline::after(WITHIN)).await };
            self.relisting = Some(listed.boxed());
        }
    }

    /// Takes the list. What is missing in it has ended: the other lists tell how.
    pub(super) fn relisted(&mut self, listing: Result<Listing>) {
        self.relisting = None;
        let listing = match listing {
            Ok(listing) if listing.complete => listing,
            Ok(_) => return,
            Err(error) => {
                for asker in self.askers.drain(..) {
                    answer(asker.reply, Err(error.clone()));
                }
                return;
            }
        };
        let open = self.take_listed(&listing.events);
        let has_ended = !self.missing(&open).is_empty();
        match self.link.clone().filter(|link| has_ended && link.is_up()) {
            Some(link) => self.list(link, Duration::ZERO),
            None => self.now_listed(),
        }
    }

    /// Serves who waited for open orders to be known as they are now.
    pub(super) fn now_listed(&mut self) {
        self.listed_at = Some(Instant::now());
        let working: Working = self.book.open().collect();
        for asker in self.askers.drain(..) {
            answer(asker.reply, Ok(working.clone()));
        }
        let parked = std::mem::take(&mut self.parked);
        parked.into_iter().for_each(|parked| self.command(parked.command));
    }

    /// Whether orders of other programs, as they were some time ago, keep an order from being placed.
    fn may_count_ended(&self, placing: &Placing) -> bool {
        let Some(most) = self.limits.as_ref().and_then(|limits| limits.max_open_orders) else {
            return false;
        };
        let is_foreign = |trade: Arc<Trade>| trade.client_id != self.client_id;
        let is_fresh = self.listed_at.is_some_and(|at| at.elapsed() < FRESH);
        !is_fresh
            && !placing.deadline.remaining().is_zero()
            && self.book.open_count() >= most
            && self.book.open().any(is_foreign)
    }

    /// Whether an order has to wait until orders are listed, before it can be judged; sees to it that
    /// they are.
    pub(super) fn waits_for_lists(&mut self, link: &Link, placing: &Placing) -> bool {
        if !self.is_known() {
            return true;
        }
        let is_doubtful = self.may_count_ended(placing);
        if is_doubtful {
            self.relist(link.clone());
        }
        is_doubtful
    }

    /// Answers everybody who waits for open orders of a link that is gone.
    pub(super) fn fail_askers(&mut self) {
        for asker in std::mem::take(&mut self.askers) {
            answer(asker.reply, Err(self.session.no_link("open_orders")));
        }
    }

    pub(super) fn expire_askers(&mut self, now: Instant) {
        for asker in std::mem::take(&mut self.askers) {
            match asker.deadline.at() > now {
                true => self.askers.push(asker),
                false => answer(asker.reply, Err(asker.deadline.missed("open_orders"))),
            }
        }
    }
}
