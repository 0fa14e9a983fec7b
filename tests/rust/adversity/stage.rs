//! Where a run takes place: a gateway and a client of its own, what is written down of them, and how
//! they come back to rest.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aioibkr_core::model::{Contract, Keepalive, Order, OrderId, OrderKey, Pacing, SessionState};
use aioibkr_core::{Client, Config, Error};
use aioibkr_mock_gateway::{DepthRow, MockGateway};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::history::{Attempt, Await, History, Restore, Sample, Silence, Standing};
use super::stream::Watched;
use super::{call::Call, check, ending};
use crate::core_gateway::{MILLI, SECOND, config};
use crate::core_orders::{quote, resting};
use crate::feed_reader::set_market;

/// When a silent link is doubted in these tests, and when it is dropped: soon, but late enough for a
/// machine that wakes a task 200 ms late; whoever is later looks again before it judges.
pub(super) const KEEPALIVE: Keepalive = Keepalive {
    idle: Duration::from_millis(100),
    probe_timeout: Duration::from_millis(200),
    give_up: Duration::from_millis(200),
    spacing: Duration::from_millis(80),
};

/// Silence after which a link is suspect with these rules.
pub(super) const DOUBTED: Duration = Duration::from_millis(500);

const MESSAGES_PER_SECOND: usize = 500;

/// Time for a client to come back once nothing is wrong any more.
pub(super) const PATIENCE: Duration = Duration::from_secs(4);

/// How much longer than its deadline an await is watched.
const WATCHED: Duration = Duration::from_secs(5);

/// A gateway, a client, and their history.
pub(super) struct Stage {
    pub(super) gateway: MockGateway,
    pub(super) client: Client,
    began: Instant,
    history: Arc<Mutex<History>>,
    watcher: AbortHandle,
    /// The longest this machine let a task of this run oversleep, in microseconds.
    lag: Arc<AtomicU64>,
    /// An order that may be changed, one that may be cancelled, one that may fill.
    pub(super) resting: [OrderId; 3],
    pub(super) streams: Mutex<Vec<Watched>>,
}

impl Stage {
    /// A client that is ready, with three orders in the market.
    pub(super) async fn set(keepalive: Option<Keepalive>) -> Self {
        let gateway = crate::core_orders::market();
        gateway.set_real_time_bar(40 * MILLI);
        let client = opened(Config {
            keepalive,
            pacing: Some(Pacing { messages_per_second: MESSAGES_PER_SECOND }),
            reconnect: Some(aioibkr_core::model::Reconnect {
                first: 10 * MILLI,
                longest: 40 * MILLI,
                ..aioibkr_core::model::Reconnect::default()
            }),
            connect_timeout: SECOND,
            ..config(&gateway)
        })
        .await;
        client.wait_ready(Some(10 * SECOND)).await.unwrap();
        let (began, history) = (Instant::now(), Arc::<Mutex<History>>::default());
        let lag = Arc::<AtomicU64>::default();
        let watching = watch(client.clone(), history.clone(), (began, lag.clone()));
        let watcher = tokio::spawn(watching).abort_handle();
        let (streams, resting) = (Mutex::default(), [OrderId(0); 3]);
        let mut stage = Self { gateway, client, began, history, watcher, lag, resting, streams };
        stage.resting = stage.place_resting().await;
        stage
    }

    async fn place_resting(&self) -> [OrderId; 3] {
        let fills = Order { limit_price: Some(150.0), ..resting(3) };
        let orders = [("changed", resting(10)), ("cancelled", resting(5)), ("filled", fills)];
        let placed = orders.map(|(key, order)| self.placed(key, order));
        let placed = futures_util::future::join_all(placed).await;
        [placed[0], placed[1], placed[2]]
    }

    /// Places an order before anything is wrong. A machine that is busy may make a link suspect all the
    /// same: nothing was sent then.
    async fn placed(&self, key: &str, order: Order) -> OrderId {
        let deadline = Instant::now() + 10 * SECOND;
        loop {
            let (order, key) = (order.clone(), OrderKey::new(key).ok());
            let placing = self.client.place(Contract::stock("AAPL"), order, key, Some(SECOND));
            match placing.await {
                Ok(trade) => return trade.latest().order_id,
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
            tokio::time::sleep(20 * MILLI).await;
        }
    }

    pub(super) fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap()
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Runs one await of a caller and writes down how long it took; one that never ends is left.
    pub(super) async fn timed<T>(
        &self,
        what: &str,
        allowed: Duration,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Option<Result<T, Error>> {
        let began = Instant::now();
        let answer = tokio::time::timeout(allowed + WATCHED, call).await;
        let took = began.elapsed();
        self.history().awaits.push(Await { what: what.into(), allowed, took });
        answer.ok()
    }

    /// Places an order and writes down how that ended.
    pub(super) async fn attempt(
        &self,
        key: &str,
        within: Duration,
        placing: impl Future<Output = Result<(), Error>>,
    ) -> Option<Result<(), Error>> {
        sample(&self.client, &self.history, self.began);
        let from = self.now();
        let answer = self.timed("place", within, placing).await;
        sample(&self.client, &self.history, self.began);
        let error = match &answer {
            Some(Ok(())) => None,
            Some(Err(error)) => Some(error.kind()),
            None => Some(aioibkr_core::ErrorKind::RequestTimeout),
        };
        let attempt = Attempt { key: key.into(), from, until: self.now(), error };
        self.history().attempts.push(attempt);
        answer
    }

    /// Opens streams before anything is wrong, however busy the machine is, and lets each bring
    /// something; the number of the feed link they are on.
    pub(super) async fn open_all(&self, calls: &[Call]) -> u64 {
        let deadline = Instant::now() + 10 * SECOND;
        let mut left = calls.to_vec();
        while !left.is_empty() {
            let failed = self.open(&left, SECOND).await;
            assert!(Instant::now() < deadline, "{failed:?}");
            left = failed.into_iter().map(|(call, _)| call).collect();
        }
        self.show_streams(PATIENCE).await;
        self.feed_generation()
    }

    /// Number of the present or last feed link.
    pub(super) fn feed_generation(&self) -> u64 {
        self.client.health().feed.map_or(0, |feed| feed.generation.0)
    }

    /// Opens streams; those that could not be opened are told with the reason.
    pub(super) async fn open(&self, calls: &[Call], within: Duration) -> Vec<(Call, Error)> {
        let openings = calls.iter().map(|call| async move {
            let opening = call.open(&self.client, within);
            (*call, self.timed(call.name(), within, opening).await)
        });
        let mut failed = Vec::new();
        for (call, opened) in futures_util::future::join_all(openings).await {
            match opened {
                Some(Ok(stream)) => self.streams.lock().unwrap().push(stream),
                Some(Err(error)) => failed.push((call, error)),
                None => {}
            }
        }
        failed
    }

    /// Waits until the client doubts a gateway that answers nothing since then, or until it has to,
    /// whatever the machine does; writes the silence down.
    pub(super) async fn stay_silent_since(&self, from: Duration, at_most: Duration) {
        let has_time = || self.now() < from + DOUBTED + at_most + self.lag();
        while self.client.state() == SessionState::Live && has_time() {
            tokio::time::sleep(10 * MILLI).await;
        }
        sample(&self.client, &self.history, self.began);
        let silence = Silence { from, until: self.now(), limit: DOUBTED };
        self.history().silences.push(silence);
    }

    pub(super) fn moment(&self) -> Duration {
        self.now()
    }

    /// Ends the links, and waits `within` for the next, which something may keep away. Its gateway
    /// keeps its executions to itself for `held`.
    pub(super) async fn relink(&self, held: Duration, within: Duration) {
        let (before, deadline) = (self.client.generation(), self.now() + within);
        self.gateway.drop_connections().unwrap();
        let mut asked_after = self.now();
        while self.client.generation() == before && self.now() < deadline {
            asked_after = self.now();
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        if self.client.generation() != before {
            let restore = Restore { asked_after, held, written_by: Vec::new() };
            self.history().restores.push(restore);
        }
    }

    /// Writes down which orders the gateway has read by when, until `done`.
    pub(super) async fn watch_writes(&self, done: impl Future<Output = ()>) {
        let count = || self.gateway.requests(Some("place_order")).unwrap().len();
        let mut known = count();
        tokio::pin!(done);
        while tokio::time::timeout(4 * MILLI, &mut done).await.is_err() {
            let (written, by) = (count(), self.now());
            if let Some(restore) = self.history().restores.last_mut() {
                let new = known..written;
                restore.written_by.extend(new.map(|number| (format!("order {number}"), by)));
            }
            known = written;
        }
    }

    /// A trade far below the market: the order that may fill does.
    pub(super) fn let_fill(&self) {
        quote(&self.gateway, 140.0);
    }

    /// Moves prices, the book, and with trades the bars.
    pub(super) fn move_market(&self, step: u32) {
        let price = 190.0 + f64::from(step) / 100.0;
        set_market(&self.gateway, "AAPL", price);
        self.gateway.trade("AAPL", price, 1.0).unwrap();
        let row = |price| DepthRow { price, size: f64::from(step), maker: "ARCA".into() };
        self.gateway.set_depth("AAPL", &[row(price - 0.1)], &[row(price + 0.1)]).unwrap();
    }

    /// Waits until both links are live and the client is ready; what it lacks if it never is.
    pub(super) async fn settle(&self, patience: Duration) -> Option<String> {
        let deadline = Instant::now() + patience + self.lag();
        loop {
            let lacks = self.lacks()?;
            if Instant::now() > deadline {
                return Some(lacks);
            }
            if lacks.contains(SessionState::Degraded.as_str()) {
                self.gateway.notice(1102);
            }
            tokio::time::sleep(5 * MILLI).await;
        }
    }

    fn lacks(&self) -> Option<String> {
        let health = self.client.health();
        let feed = health.feed.filter(|_| !self.streams.lock().unwrap().is_empty());
        let is_fed = feed.as_ref().is_none_or(|feed| feed.state == SessionState::Live);
        let is_well = health.control.state == SessionState::Live && health.is_ready && is_fed;
        let feed = feed.map_or("none", |feed| feed.state.as_str());
        let control = health.control.state;
        (!is_well).then(|| format!("{control}, ready {}, feed {feed}", health.is_ready))
    }

    /// Moves the market until every stream shows it or says why not; how each stands.
    pub(super) async fn show_streams(&self, patience: Duration) -> Vec<(String, Standing)> {
        let before: Vec<_> = self.streams.lock().unwrap().iter_mut().map(drained).collect();
        let deadline = Instant::now() + patience + self.lag();
        for step in 1.. {
            self.move_market(step);
            tokio::time::sleep(10 * MILLI).await;
            let (mut streams, is_late) = (self.streams.lock().unwrap(), Instant::now() > deadline);
            let told = streams.iter_mut().zip(&before);
            let told: Vec<_> = told
                .map(|(stream, before)| (stream.name.to_owned(), stream.standing(*before, is_late)))
                .collect();
            let is_silent = told.iter().any(|(_, standing)| *standing == Standing::Silent);
            if !is_silent || is_late {
                return told;
            }
        }
        Vec::new()
    }

    /// How late this machine may be.
    pub(super) fn lag(&self) -> Duration {
        2 * Duration::from_micros(self.lag.load(Relaxed))
    }

    /// What happened, once the orders of both sides were compared for long enough, and no more than
    /// that when they agree.
    pub(super) async fn end(self) -> History {
        let deadline = Instant::now() + PATIENCE + self.lag();
        loop {
            let history = self.history().clone();
            let history = ending::taken(&self, history, self.now()).await;
            let is_sound = check::check(&history).is_empty();
            if is_sound || Instant::now() > deadline {
                self.watcher.abort();
                // Closing is bounded and tells of nothing.
                let _ = self.client.close().await;
                return history;
            }
            tokio::time::sleep(50 * MILLI).await;
        }
    }

    /// Messages the client may send in a second.
    pub(super) fn limit(&self) -> usize {
        MESSAGES_PER_SECOND
    }
}

/// A client that is connected, however busy the machine is.
async fn opened(config: Config) -> Client {
    let client = Client::new(config, Handle::current()).unwrap();
    let deadline = Instant::now() + 10 * SECOND;
    while let Err(error) = client.open().await {
        assert!(Instant::now() < deadline, "{error}");
    }
    client
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

fn drained(stream: &mut Watched) -> usize {
    stream.drain();
    stream.items
}

/// Writes down how the client stands, whenever that changes, and how late tasks are woken.
async fn watch(
    client: Client,
    history: Arc<Mutex<History>>,
    (began, lag): (Instant, Arc<AtomicU64>),
) {
    const OFTEN: Duration = Duration::from_millis(4);
    loop {
        sample(&client, &history, began);
        let asleep = Instant::now();
        tokio::time::sleep(OFTEN).await;
        let late = asleep.elapsed().saturating_sub(OFTEN);
        lag.fetch_max(u64::try_from(late.as_micros()).unwrap_or(0), Relaxed);
    }
}

fn sample(client: &Client, history: &Mutex<History>, began: Instant) {
    let (state, generation) = (client.state(), client.generation().0);
    let mut history = history.lock().unwrap();
    let is_news = history
        .samples
        .last()
        .is_none_or(|last| (last.state, last.generation) != (state, generation));
    if is_news {
        history.samples.push(Sample { at: began.elapsed(), state, generation });
    }
}
