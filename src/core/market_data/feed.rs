//! Streams of market data: opens the feed link when the first stream needs it, keeps its requests
//! equal to what streams want, link after link, and tells streams what the gateway says of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::backfill::{self, Backfill, Missed};
use super::desired::{Desired, FeedOptions, LineKey, Step, Wish};
use super::fanout::{Change, Fanout, Inbox, Report};
use super::outlet::{Outlet, Port, StreamId};
use super::queue::{End, Notify};
use super::requests::Requests;
use super::stale::StaleWatch;
use super::standing::Standing;
use super::tally::{Entry, Tally};
use crate::clock::{self, Deadline};
use crate::error::{Error, ErrorKind, Result};
use crate::events::LinkEvents;
use crate::lock::lock;
use crate::metrics::CodeCounters;
use crate::model::{
    Contract, Farm, FarmKind, FarmState, Generation, LineKind, LineUsage, Notice, SessionState,
    Subscription,
};
use crate::session::feed::{FeedLink, Sink};
use crate::session::{Pace, Session, Status};

/// The inbox of the newest link, once there is one.
type Newest = Option<(Generation, Arc<Inbox>)>;

/// Makes the fan-out of each link, and knows the inbox of the newest.
#[derive(Clone, Default)]
pub(crate) struct Fanouts(Arc<Mutex<Newest>>);

impl Fanouts {
    /// The sink of a new link.
    pub(crate) fn sink(&self, generation: Generation) -> Box<dyn Sink> {
        let inbox = Arc::<Inbox>::default();
        *lock(&self.0) = Some((generation, Arc::clone(&inbox)));
        Box::new(Fanout::new(generation, inbox))
    }

    fn inbox(&self, generation: Generation) -> Option<Arc<Inbox>> {
        let newest = lock(&self.0).clone();
        newest.filter(|(known, _)| *known == generation).map(|(_, inbox)| inbox)
    }
}

/// A handle of the feed.
#[derive(Clone)]
pub(crate) struct Feed(Arc<Inner>);

struct Inner {
    /// `None` when the caller wants no feed.
    session: Option<Session<FeedLink>>,
    state: Mutex<State>,
    told: FeedTold,
    last_stream: AtomicU64,
    /// Streams that somebody reads.
    tally: Tally,
}

/// Who is told of what the gateway says of lines.
pub(crate) struct FeedTold {
    /// Counts the codes.
    pub(crate) errors: Arc<CodeCounters>,
    /// Whoever listens.
    pub(crate) events: LinkEvents,
}

struct State {
    desired: Desired,
    /// The present link and the inbox of its fan-out.
    link: Option<(FeedLink, Arc<Inbox>)>,
    requests: Requests,
    /// Where fetches of missed bars go; `None` fetches nothing.
    missed: Option<mpsc::Sender<backfill::Wish>>,
}

impl State {
    fn carry_out(&mut self, steps: Vec<Step>) {
        let Some((link, inbox)) = &self.link else { return };
        for step in steps {
            match step {
                Step::Tell(change) => inbox.post(change),
                Step::Ask(request) => self.requests.push(request),
                Step::Fetch(missed) => fetch(self.missed.as_ref(), missed, inbox),
            }
        }
        // Always wakes the thread, which looks at its inbox before it writes.
        link.send(&self.requests.take_sendable());
    }
}

impl Feed {
    /// A feed on a session's links, or one that refuses every stream.
    pub(crate) fn new(
        session: Option<Session<FeedLink>>,
        pace: Pace,
        options: FeedOptions,
        told: FeedTold,
    ) -> Self {
        let requests = Requests::new(pace);
        let state = State { desired: Desired::new(options), link: None, requests, missed: None };
        let (state, last_stream) = (Mutex::new(state), AtomicU64::new(0));
        Self(Arc::new(Inner { session, state, last_stream, tally: Tally::default(), told }))
    }

    /// The task that fetches what streams of bars missed, over the control link's session.
    pub(crate) fn backfill(&self, control: Session, within: Duration) -> Backfill {
        let (task, wishes) = Backfill::new(control, self.resume(), within);
        lock(&self.0.state).missed = Some(wishes);
        task
    }

    /// Where the feed's session stands; `None` without a feed.
    pub(crate) fn status(&self) -> Option<Status<FeedLink>> {
        self.0.session.as_ref().map(Session::status)
    }

    /// Closes the link for good; streams end.
    pub(crate) async fn close(&self) {
        if let Some(session) = &self.0.session {
            session.close().await;
        }
    }

    /// Lines in use, by the limit they count against.
    pub(crate) fn usage(&self) -> Vec<LineUsage> {
        lock(&self.0.state).desired.usage()
    }

    /// What open streams wish for, and how each wish stands.
    pub(crate) fn subscriptions(&self) -> Vec<Subscription> {
        let lost = self.status().filter(|status| status.link.is_none());
        let lost = lost.map(|status| match status.reason {
            Some(reason) => reason.message().to_owned(),
            None => format!("the feed link is {}", status.state),
        });
        lock(&self.0.state).desired.subscriptions(lost.as_deref())
    }

    /// How many requests wait for their turn.
    pub(crate) fn waiting(&self) -> usize {
        lock(&self.0.state).requests.count()
    }

    /// The streams that were counted when they were opened.
    pub(crate) fn tally(&self) -> &Tally {
        &self.0.tally
    }

    /// Lets the link's thread look whether a full stream has room again.
    pub(crate) fn resume(&self) -> Notify {
        let weak = Arc::downgrade(&self.0);
        Arc::new(move || {
            let Some(inner) = weak.upgrade() else { return };
            if let Some((link, _)) = &lock(&inner.state).link {
                link.wake();
            }
        })
    }

    /// Opens a stream over qualified contracts.
    pub(crate) async fn subscribe(
        &self,
        contracts: &[Arc<Contract>],
        kind: &LineKind,
        port: Port,
        deadline: Deadline,
    ) -> Result<Lease> {
        self.open_link(deadline).await?;
        let stream = StreamId(self.0.last_stream.fetch_add(1, Ordering::Relaxed) + 1);
        let standing = Arc::<Standing>::default();
        let wish = |(slot, contract): (usize, &Arc<Contract>)| {
            let outlet = Outlet { stream, slot, port: port.clone() };
            let key = LineKey::new(contract, kind.clone())?;
            Ok(Wish { key, contract: Arc::clone(contract), outlet, standing: standing.clone() })
        };
        let wishes = contracts.iter().enumerate().map(wish).collect::<Result<Vec<_>>>()?;
        let mut state = lock(&self.0.state);
        // Under the lock: whoever ends all streams has not done so yet, or is not going to.
        self.check_session()?;
        let steps = state.desired.add(wishes, Instant::now())?;
        state.carry_out(steps);
        drop(state);
        Ok(Lease { feed: self.clone(), stream, port, standing, entry: None })
    }

    async fn open_link(&self, deadline: Deadline) -> Result<()> {
        let session = self.0.session.as_ref().ok_or_else(|| {
            let text = "this client has no feed link: connect with feed=True to open streams";
            Error::new(ErrorKind::MarketData, text)
        })?;
        let opened = tokio::time::timeout_at(deadline.at(), session.open()).await;
        opened.unwrap_or_else(|_| Err(session.no_link("stream")))
    }

    /// Refuses a stream that nobody would open a link for any more.
    fn check_session(&self) -> Result<()> {
        let Some(session) = &self.0.session else { return Ok(()) };
        let status = session.status();
        if status.is_at_rest() { Err(session.not_connected(&status)) } else { Ok(()) }
    }

    fn release(&self, stream: StreamId) {
        let mut state = lock(&self.0.state);
        let steps = state.desired.remove(stream);
        state.carry_out(steps);
    }

    /// Follows the session until it is closed. To be run once, by the client's owner.
    pub(crate) async fn run(self, fanouts: Fanouts) {
        let Some(session) = &self.0.session else { return };
        let _ending = Ending(&self);
        let mut status = session.watch();
        let mut served = Generation(0);
        loop {
            let next = status
                .wait_for(|status| status.is_at_rest() || is_newer(status, served))
                .await
                .map(|status| (status.link.clone(), status.state.is_closed()));
            match next {
                Ok((Some(link), _)) => {
                    served = link.generation();
                    self.serve(&link, &fanouts, &mut status).await;
                }
                Ok((None, false)) => {
                    self.give_up(session);
                    if status.changed().await.is_err() {
                        break;
                    }
                }
                Ok((None, true)) | Err(_) => break,
            }
        }
    }

    /// Serves one link until it ends.
    async fn serve(
        &self,
        link: &FeedLink,
        fanouts: &Fanouts,
        status: &mut watch::Receiver<Status<FeedLink>>,
    ) {
        let Some(inbox) = fanouts.inbox(link.generation()) else { return };
        let lost = status.borrow().restored.data_lost;
        {
            let mut state = lock(&self.0.state);
            state.link = Some((link.clone(), Arc::clone(&inbox)));
            state.requests.clear();
            let steps = state.desired.restore(link.generation(), Instant::now());
            state.carry_out(steps);
        }
        tokio::select! {
            () = link.ended() => {}
            () = self.follow_reports(&inbox) => {}
            () = self.follow_farms(status.clone()) => {}
            () = self.follow_losses(status, lost) => {}
            () = self.send_in_turn(link) => {}
        }
        let mut state = lock(&self.0.state);
        state.desired.lost(Instant::now());
        state.requests.clear();
        state.link = None;
    }

    /// Asks again for what the gateway lost while it kept the link; never ends.
    async fn follow_losses(&self, status: &mut watch::Receiver<Status<FeedLink>>, mut lost: u64) {
        while let Ok(now) = status.wait_for(|status| status.restored.data_lost != lost).await {
            lost = now.restored.data_lost;
            drop(now);
            self.renew();
        }
        // The client is closed: its link ends as well.
        std::future::pending().await
    }

    /// Asks again for lines that stay silent after an outage of a farm; never ends.
    async fn follow_farms(&self, mut status: watch::Receiver<Status<FeedLink>>) {
        let stale_after = lock(&self.0.state).desired.stale_after();
        let mut watch = StaleWatch::new(stale_after, &farms(&status.borrow_and_update()));
        loop {
            let due = watch.next_look();
            tokio::select! {
                changed = status.changed() => if changed.is_err() { break },
                () = at(due) => {}
            }
            let farms = farms(&status.borrow_and_update());
            let mut state = lock(&self.0.state);
            let lines = state.desired.samples(clock::now());
            for request_id in watch.look(&farms, &lines, Instant::now()) {
                let steps = state.desired.reopen(request_id, Instant::now());
                state.carry_out(steps);
            }
        }
        // The client is closed: its link ends as well.
        std::future::pending().await
    }

    fn renew(&self) {
        let mut state = lock(&self.0.state);
        let mut steps = Vec::new();
        if !state.requests.is_empty() {
            // What waits is about lines that are asked for anew, but for the choice of data.
            state.requests.clear();
            steps.extend(state.desired.choice());
        }
        steps.extend(state.desired.renew(Instant::now()));
        state.carry_out(steps);
    }

    /// Takes what the link's thread reports; never ends.
    async fn follow_reports(&self, inbox: &Inbox) {
        loop {
            inbox.notifier.notified().await;
            self.take_reports(inbox);
        }
    }

    /// Sends requests that wait, one with each turn; never ends.
    async fn send_in_turn(&self, link: &FeedLink) {
        let turns = lock(&self.0.state).requests.turns();
        loop {
            turns.wanted().await;
            while !lock(&self.0.state).requests.is_empty() {
                turns.next().await;
                let mut state = lock(&self.0.state);
                // Under the lock: a later request must not be queued at the link before this one.
                link.send(&state.requests.pop().unwrap_or_default());
            }
        }
    }

    fn take_reports(&self, inbox: &Inbox) {
        let mut state = lock(&self.0.state);
        for Report { request_id, code, text } in inbox.take_reports() {
            self.0.told.errors.came(code);
            let now = Instant::now();
            match state.desired.end_by(request_id, code, &text, now) {
                Some(error) => self.0.told.events.failed(&error),
                None => self.tell_notice(&state, (request_id, code), text.to_string()),
            }
            let steps = state.desired.report(request_id, code, &text, now);
            state.carry_out(steps);
        }
    }

    /// Tells what the gateway said of a line that lives, or of none.
    fn tell_notice(&self, state: &State, (request_id, code): (i32, i32), message: String) {
        let generation = state.link.as_ref().map_or(Generation(0), |(link, _)| link.generation());
        let notice = Notice { code, message, time: clock::now() };
        self.0.told.events.noticed(generation, &notice, Some(request_id));
    }

    /// Nobody opens a link any more: streams cannot go on, and learn why.
    fn give_up(&self, session: &Session<FeedLink>) {
        let status = session.status();
        if status.reason.is_some() {
            let error = session.not_connected(&status);
            lock(&self.0.state).desired.end_all(&End::Failed(error));
        }
    }
}

/// Ends all streams and closes the link when nobody serves the feed any more, be it that the client
/// was dropped: streams may outlive it, and their hold on the feed must not keep the socket open.
struct Ending<'a>(&'a Feed);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        lock(&self.0.0.state).desired.end_all(&End::Closed);
        if let Some(link) = self.0.status().and_then(|status| status.link) {
            link.shut();
        }
    }
}

/// Has missed bars fetched; where that cannot be, the line goes on without them.
fn fetch(wishes: Option<&mpsc::Sender<backfill::Wish>>, missed: Missed, inbox: &Arc<Inbox>) {
    let request_id = missed.request_id;
    let sent = wishes.map(|wishes| wishes.try_send((missed, Arc::clone(inbox))));
    if !matches!(sent, Some(Ok(()))) {
        let reason = "nobody fetches what was missed".to_owned();
        inbox.post(Change::Backfill(request_id, Err(reason)));
    }
}

/// The farms a link was told of, and the way to all of them: bars that keep up to date may fall
/// silent with it though no stream was said to be lost (H18).
fn farms(status: &Status<FeedLink>) -> Vec<Farm> {
    let is_lost = status.state == SessionState::Degraded;
    let way = Farm {
        name: "IB".to_owned(),
        kind: FarmKind::MarketData,
        state: if is_lost { FarmState::Broken } else { FarmState::Ok },
        since: clock::now(),
        outages: status.restored.times + u64::from(is_lost),
    };
    status.farms.iter().cloned().chain([way]).collect()
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

fn is_newer(status: &Status<FeedLink>, served: Generation) -> bool {
    status.link.as_ref().is_some_and(|link| link.generation() > served)
}

/// One stream's hold on its lines: they are released with it.
pub(crate) struct Lease {
    feed: Feed,
    stream: StreamId,
    port: Port,
    standing: Arc<Standing>,
    /// Dropped with the lease, after its release.
    entry: Option<Entry>,
}

impl Lease {
    /// The same, counted among the streams somebody reads.
    pub(crate) fn counted(mut self) -> Self {
        self.entry = Some(self.feed.tally().enter(self.port.clone()));
        self
    }

    /// How the stream's lines stand.
    pub(crate) fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Releases the lines and ends the stream; once is enough.
    pub(crate) fn release(&self) {
        self.feed.release(self.stream);
        self.port.end(End::Closed);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.release();
    }
}
