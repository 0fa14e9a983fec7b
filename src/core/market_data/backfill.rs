//! Fetches what streams of five-second bars missed, from history, over the control link and under its
//! limits.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::bar_fold::Found;
use super::duration::reaching;
use super::fanout::{Change, Inbox};
use super::pulse::Pulse;
use super::queue::Notify;
use crate::clock::{self, Deadline};
use crate::error::Result;
use crate::model::{BarSize, BarsRequest, Contract, WhatToShow};
use crate::session::Session;

/// Most fetches that wait to be taken up: more than an account has lines.
const ROOM: usize = 1024;

/// The size of the bars.
const SIZE: Duration = Duration::from_secs(5);

/// Longest time new bars wait for those that were missed: a bar of now is worth more than an old one.
const HELD: Duration = Duration::from_secs(10);

/// How often a line is looked at that has brought no bar.
const LOOK: Duration = Duration::from_millis(20);

/// What one line missed.
pub(super) struct Missed {
    pub(super) request_id: i32,
    pub(super) contract: Arc<Contract>,
    pub(super) what_to_show: WhatToShow,
    pub(super) use_rth: bool,
    /// What the line has brought since.
    pub(super) pulse: Arc<Pulse>,
    /// Start of the last bar it has.
    pub(super) since: OffsetDateTime,
}

/// What was missed, and the link's inbox it is for.
pub(super) type Wish = (Missed, Arc<Inbox>);

/// The task that fetches.
pub(crate) struct Backfill {
    session: Session,
    wishes: mpsc::Receiver<Wish>,
    /// Lets the link's thread look at its inbox.
    wake: Notify,
    within: Duration,
}

impl Backfill {
    /// The task, and where its wishes go.
    pub(super) fn new(
        session: Session,
        wake: Notify,
        within: Duration,
    ) -> (Self, mpsc::Sender<Wish>) {
        let (sender, wishes) = mpsc::channel(ROOM);
        (Self { session, wishes, wake, within: within.min(HELD) }, sender)
    }

    /// Serves until the session is closed.
    pub(crate) async fn run(mut self) {
        let mut status = self.session.watch();
        let closed = status.wait_for(|status| status.state.is_closed());
        tokio::pin!(closed);
        let mut fetches = FuturesUnordered::new();
        loop {
            tokio::select! {
                _ = &mut closed => return,
                Some(()) = fetches.next() => {}
                wish = self.wishes.recv() => match wish {
                    Some(wish) => {
                        fetches.push(serve(self.session.clone(), wish, self.wake.clone(), self.within));
                    }
                    None => return,
                },
            }
        }
    }
}

/// Fetches what one line missed and hands it to the link's thread.
async fn serve(session: Session, (missed, inbox): Wish, wake: Notify, within: Duration) {
    first_bar(&missed.pulse).await;
    let found = fetch(&session, &missed, Deadline::after(within)).await;
    if let Err(error) = &found {
        log::warn!(target: "aioibkr::market_data", "no backfill of {}: {error}", missed.contract);
    }
    let found = found.map_err(|error| error.message().to_owned());
    inbox.post(Change::Backfill(missed.request_id, found));
    wake();
}

async fn fetch(session: &Session, missed: &Missed, deadline: Deadline) -> Result<Found> {
    let link = session.live("backfill", deadline).await?;
    let gap = Duration::try_from(clock::now() - missed.since).unwrap_or_default();
    let bar_size = BarSize::FIVE_SECONDS;
    let (duration, is_all) = reaching("5 S", bar_size, gap);
    let (what_to_show, use_rth) = (missed.what_to_show, missed.use_rth);
    let request = BarsRequest { duration, bar_size, what_to_show, use_rth, end: None };
    let bars = link.bars(&missed.contract, &request, deadline).await?;
    Ok(Found { bars, is_all })
}

/// Resolves when the line has brought its first bar: all before that one is in the history by then,
/// and nothing that is still forming. A market that is closed brings none.
async fn first_bar(pulse: &Pulse) {
    let began = Instant::now();
    while pulse.items() == 0 && began.elapsed() < 2 * SIZE {
        tokio::time::sleep(LOOK).await;
    }
}
