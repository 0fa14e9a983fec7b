//! The one bucket of a gateway address in this process: the schedule behind a lock, and callers
//! that wait for their turn. No task of its own: whoever waits longest watches the time for all.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::time::Instant;

use super::history_turn::History;
use super::schedule::{Caller, Schedule, Ticket, Urgency};
use crate::lock::lock;
use crate::model::PacingUsage;

/// The buckets by address, those in use and those of which something still counts: a program that
/// closes its client and opens another has not sent less.
static BUCKETS: LazyLock<Mutex<HashMap<String, Arc<Bucket>>>> = LazyLock::new(Mutex::default);

/// Everything this process sends to one gateway.
pub(super) struct Bucket {
    state: Mutex<State>,
    /// Held by the waiting caller that watches the time; it passes on with its turn.
    watch: Semaphore,
    /// The one who watches has to look again.
    changed: Notify,
    callers: AtomicU64,
    history: Arc<History>,
}

struct State {
    schedule: Schedule,
    turns: HashMap<Ticket, oneshot::Sender<()>>,
}

impl Bucket {
    /// The bucket of an address. Of several rates the lowest holds as long as somebody uses it.
    pub(super) fn of(address: &str, rate: usize) -> Arc<Self> {
        let mut buckets = lock(&BUCKETS);
        buckets.retain(|_, bucket| is_used(bucket) || !bucket.is_idle());
        let known = buckets.entry(place(address)).or_insert_with(|| Arc::new(Self::new(rate)));
        let schedule = &mut lock(&known.state).schedule;
        match is_used(known) {
            true => schedule.restrict(rate),
            false => schedule.set_rate(rate),
        }
        Arc::clone(known)
    }

    fn new(rate: usize) -> Self {
        let state = State { schedule: Schedule::new(rate), turns: HashMap::new() };
        Self {
            state: Mutex::new(state),
            watch: Semaphore::new(1),
            changed: Notify::new(),
            callers: AtomicU64::new(0),
            history: Arc::new(History::new()),
        }
    }

    /// Whether nothing counts any more.
    fn is_idle(&self) -> bool {
        lock(&self.state).schedule.is_idle(Instant::now()) && self.history.is_idle()
    }

    /// A caller nobody else is.
    pub(super) fn caller(&self) -> Caller {
        Caller(self.callers.fetch_add(1, Relaxed))
    }

    /// Whether a message may be written at once; if so, it counts as sent.
    pub(super) fn send_now(&self, urgency: Urgency) -> bool {
        lock(&self.state).schedule.send_now(urgency, Instant::now())
    }

    /// Counts a message that could not wait.
    pub(super) fn spend(&self) {
        lock(&self.state).schedule.spend(Instant::now());
    }

    /// Resolves when a message may be written, which has to follow at once. Dropped before, it frees
    /// its place.
    pub(super) async fn turn(&self, urgency: Urgency, caller: Caller) {
        if self.send_now(urgency) {
            return;
        }
        let (mut waiting, mut granted) = self.wait(urgency, caller);
        tokio::select! {
            biased;
            // The sender is kept until it is used: whoever waits for this is granted a turn.
            _ = &mut granted => {}
            () = self.watch_over() => {}
        }
        waiting.begin();
    }

    fn wait(&self, urgency: Urgency, caller: Caller) -> (Waiting<'_>, oneshot::Receiver<()>) {
        let (grant, granted) = oneshot::channel();
        let mut state = lock(&self.state);
        let ticket = state.schedule.wait(urgency, caller);
        state.turns.insert(ticket, grant);
        // There may be room already, when others wait that are less urgent or have less of it.
        state.grant(Instant::now());
        drop(state);
        self.changed.notify_one();
        (Waiting { bucket: self, ticket, has_begun: false }, granted)
    }

    /// Grants turns as time goes by; never ends, for whoever holds the watch gets its own turn so.
    async fn watch_over(&self) {
        let Ok(_watch) = self.watch.acquire().await else { return std::future::pending().await };
        loop {
            let room = lock(&self.state).grant(Instant::now());
            let changed = self.changed.notified();
            match room {
                Some(room) => tokio::select! {
                    () = tokio::time::sleep_until(room) => {}
                    () = changed => {}
                },
                None => changed.await,
            }
        }
    }

    /// The historical queries of this gateway.
    pub(super) fn history(&self) -> &Arc<History> {
        &self.history
    }

    /// How long a message would wait, were it asked for now.
    pub(super) fn expected_wait(&self, urgency: Urgency) -> Duration {
        lock(&self.state).schedule.expected_wait(urgency, Instant::now())
    }

    /// How the bucket stands.
    pub(super) fn usage(&self) -> PacingUsage {
        let (history_left, history_wait) = self.history.usage();
        let now = Instant::now();
        let schedule = &mut lock(&self.state).schedule;
        PacingUsage {
            limit: schedule.rate(),
            left: schedule.left(Urgency::Ordinary, now),
            waiting: schedule.waiting(),
            expected_wait: schedule.expected_wait(Urgency::Ordinary, now),
            history_left,
            history_wait,
        }
    }
}

impl State {
    /// Tells everybody whose turn it is; returns when time makes room for the next.
    fn grant(&mut self, now: Instant) -> Option<Instant> {
        for ticket in self.schedule.due(now) {
            if let Some(turn) = self.turns.remove(&ticket) {
                // Whoever gave up frees its place itself.
                let _ = turn.send(());
            }
        }
        self.schedule.next_room(now)
    }
}

/// A place in the schedule, given back unless the write begins.
struct Waiting<'a> {
    bucket: &'a Bucket,
    ticket: Ticket,
    has_begun: bool,
}

impl Waiting<'_> {
    fn begin(&mut self) {
        self.has_begun = true;
        let (now, mut state) = (Instant::now(), lock(&self.bucket.state));
        state.schedule.begin(self.ticket, now);
        // The caller's next, and a moment at which there is room again.
        if state.grant(now).is_some() {
            self.bucket.changed.notify_one();
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.has_begun {
            return;
        }
        let mut state = lock(&self.bucket.state);
        state.turns.remove(&self.ticket);
        state.schedule.give_up(self.ticket);
        state.grant(Instant::now());
    }
}

/// Whether anybody but the list of buckets holds one.
fn is_used(bucket: &Arc<Bucket>) -> bool {
    Arc::strong_count(bucket) > 1
}

/// The name of a gateway's address: this host has several, and one gateway on a port.
fn place(address: &str) -> String {
    let address = address.trim().to_ascii_lowercase();
    match address.rsplit_once(':') {
        Some(("localhost" | "127.0.0.1" | "[::1]", port)) => format!("127.0.0.1:{port}"),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    async fn moments(bucket: &Arc<Bucket>, count: usize, urgency: Urgency) -> Vec<Duration> {
        let (start, caller) = (Instant::now(), bucket.caller());
        let turns = (0..count).map(|_| async {
            bucket.turn(urgency, caller).await;
            start.elapsed()
        });
        futures_util::future::join_all(turns).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_turns_take_as_many_seconds_as_the_rate_says() {
        let bucket = Arc::new(Bucket::new(50));

        let moments = moments(&bucket, 100, Urgency::Ordinary).await;

        assert!(moments[..45].iter().all(|at| at.is_zero()));
        let spaced = moments[45..].windows(2).map(|pair| pair[1] - pair[0]);
        assert!(moments[45] >= SECOND && moments[45] < SECOND * 11 / 10);
        assert!(spaced.into_iter().all(|gap| gap > SECOND / 50 && gap < SECOND / 40));
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_gives_up_hurts_nobody_though_it_watched_the_time() {
        let bucket = Arc::new(Bucket::new(10));
        moments(&bucket, 9, Urgency::Ordinary).await;
        let caller = bucket.caller();
        let mut first = Box::pin(bucket.turn(Urgency::Ordinary, caller));
        assert!(futures_util::poll!(&mut first).is_pending());
        let mut second = Box::pin(bucket.turn(Urgency::Ordinary, caller));
        assert!(futures_util::poll!(&mut second).is_pending());

        drop(first);

        assert_eq!(bucket.usage().waiting, 1);
        tokio::time::timeout(2 * SECOND, second).await.unwrap();
        assert_eq!((bucket.usage().waiting, bucket.usage().left), (0, 8));
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_is_not_kept_waiting_by_reads_that_wait() {
        let bucket = Arc::new(Bucket::new(50));
        let reads = tokio::spawn({
            let bucket = Arc::clone(&bucket);
            async move { moments(&bucket, 300, Urgency::Ordinary).await }
        });
        tokio::task::yield_now().await;
        assert!(bucket.usage().waiting > 200);

        let orders = moments(&bucket, 3, Urgency::Order).await;
        let cancels = moments(&bucket, 2, Urgency::Cancel).await;

        assert!(orders[0].is_zero() && cancels[0].is_zero(), "{orders:?} {cancels:?}");
        assert!(
            orders.iter().chain(&cancels).all(|at| *at < SECOND / 10),
            "{orders:?} {cancels:?}"
        );
        assert_eq!(reads.await.unwrap().len(), 300);
    }

    #[test]
    fn one_gateway_has_one_bucket_whatever_it_is_called() {
        let here = Bucket::of("localhost:1", 50);
        let same = Bucket::of("127.0.0.1:1", 20);
        let other = Bucket::of("127.0.0.1:2", 50);

        assert!(Arc::ptr_eq(&here, &same) && !Arc::ptr_eq(&here, &other));
        assert_eq!((here.usage().limit, other.usage().limit), (20, 50));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_is_opened_anew_has_sent_what_it_sent_before() {
        let before = Bucket::of("127.0.0.1:3", 20);
        while before.send_now(Urgency::Cancel) {}
        drop(before);

        let anew = Bucket::of("127.0.0.1:3", 20);
        assert!(!anew.send_now(Urgency::Cancel));
        drop(anew);
        tokio::time::advance(2 * SECOND).await;

        let later = Bucket::of("127.0.0.1:3", 50);
        assert_eq!((later.usage().limit, later.usage().left), (50, 45));
    }
}
