//! The client: the composition root, the only module that imports all others.
//!
//! It owns one session and the tasks that follow it (accounts, lines, the order desk), gathers
//! what the risk rules look at, and gives every call its deadline.

mod access_log;
mod counting;
mod publishing;
mod read_options;
mod readiness;
mod reading;
mod risk_view;
mod streaming;
mod trading;

pub use read_options::ReadOptions;
pub use streaming::StreamOptions;

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::accounts::{AccountOptions, Accounts};
use crate::clock::Deadline;
use crate::config::Config;
use crate::contracts::Contracts;
use crate::error::{Error, ErrorKind, Result};
use crate::events::{Events, LinkEvents};
use crate::feed::{FeedLink, FeedLinkOptions};
use crate::gateway::{Link, LinkOptions};
use crate::lease::Seats;
use crate::lock::lock;
use crate::market_data::{
    Fanouts, Feed, FeedOptions, FeedTold, KeptQuotes, LineOptions, Lines, RecentPrices,
};
use crate::metrics::Counters;
use crate::model::{
    AccountId, Balance, Breaker, ClientId, ConnectTries, Generation, Health, Keepalive, LinkHealth,
    LinkName, Reconnect, SessionState,
};
use crate::orders::{DeskOptions, Keys, Orders};
use crate::pacing::Pace;
use crate::session::{Judgement, Session, SessionOptions, Status};

/// How much longer than the first connect may take its callers wait, so that the session's own,
/// better reason comes first.
const GRACE: Duration = Duration::from_millis(250);

/// Longest time the session is told to wait for anything.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// A client of one gateway. A cheap handle: clones share everything, every method may be called
/// from any thread inside the runtime the client was made with. Dropping the last clone closes the
/// socket at once; [`close`](Self::close) does so in good order.
#[derive(Clone)]
pub struct Client(Arc<Inner>, ReadOptions);

struct Inner {
    config: Config,
    counters: Arc<Counters>,
    events: Events,
    session: Session,
    accounts: Accounts,
    contracts: Contracts,
    lines: Lines,
    feed: Feed,
    kept: KeptQuotes,
    recent: RecentPrices,
    orders: Orders,
    pace: Pace,
    seats: Arc<Seats>,
    keys: Keys,
    tasks: Mutex<JoinSet<()>>,
}

impl Client {
    /// A client for a gateway; opens nothing yet.
    ///
    /// # Errors
    /// `Config` naming the setting that cannot work; `ClientIdInUse` when every one of its
    /// `client_ids` is held on this machine.
    pub fn new(mut config: Config, runtime: Handle) -> Result<Self> {
        config.validate()?;
        let seats = Arc::new(seats(&config)?);
        config.client_id = seats.client_id();
        let counters = Arc::<Counters>::default();
        let events = Events::new(config.alerts.repeat_after);
        let pace = pace(&config);
        let control = events.of(LinkName::Control);
        let target = link_options(&config, seats.clone(), pace.clone(), control.clone());
        let (session, supervisor) =
            Session::new(target, session_options(&config), counters.control.clone(), control);
        let (accounts, follower) =
            Accounts::new(session.clone(), account_options(&config, &events));
        let (orders, desk) =
            Orders::new(desk_options(&config, &counters, &events), session.clone());
        let mut tasks = JoinSet::new();
        let feed = feed(&config, &seats, (&counters, &events), &mut tasks, &runtime);
        let backfill = feed.backfill(session.clone(), config.deadlines.history);
        tasks.spawn_on(backfill.run(), &runtime);
        tasks.spawn_on(supervisor.run(config.deadlines.close), &runtime);
        tasks.spawn_on(follower.run(), &runtime);
        tasks.spawn_on(desk.run(), &runtime);
        let inner = Inner {
            contracts: Contracts::new(session.clone()),
            lines: Lines::new(session.clone(), line_options(&config, runtime.clone())),
            kept: KeptQuotes::new(feed.clone(), events.clone()),
            recent: RecentPrices::default(),
            feed,
            config,
            counters,
            events,
            session,
            accounts,
            orders,
            pace,
            seats,
            keys: Keys::default(),
            tasks: Mutex::new(tasks),
        };
        let client = Self(Arc::new(inner), ReadOptions::default());
        client.begin_publishing(&runtime);
        Ok(client)
    }

    /// Opens the link, or waits for the one that is being opened. Returns at once when it is live.
    ///
    /// # Errors
    /// `ConnectTimeout`, `ClientIdInUse`, `GatewayTooOld`, `HandshakeFailed`; `NotConnected` after
    /// [`close`](Self::close).
    pub async fn open(&self) -> Result<()> {
        let session = &self.0.session;
        if self.0.config.wait {
            return session.open().await;
        }
        let deadline = Deadline::after(self.0.config.connect_timeout.saturating_add(GRACE));
        match tokio::time::timeout_at(deadline.at(), session.open()).await {
            Ok(opened) => opened,
            Err(_) => Err(self.connect_timeout()),
        }
    }

    /// Closes the link for good, after everything written has left. Idempotent, bounded by the
    /// close deadline.
    ///
    /// # Errors
    /// None: what could not be closed in time is dropped and logged.
    pub async fn close(&self) -> Result<()> {
        let within = self.0.config.deadlines.close.saturating_add(GRACE);
        self.flush(self.0.config.deadlines.close / 2).await;
        let both = async { tokio::join!(self.0.session.close(), self.0.feed.close()) };
        if tokio::time::timeout(within, both).await.is_err() {
            log::warn!(target: "aioibkr::session", "closing took too long: the link is dropped");
        }
        // The tasks end with the session, answering whoever waits; dropping the set aborts a
        // straggler.
        let mut tasks = std::mem::take(&mut *self.tasks());
        let ended = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            log::warn!(target: "aioibkr::session", "a task did not end in time: it is aborted");
        }
        self.0.seats.release();
        self.0.events.end();
        Ok(())
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        // Holders leave a whole set; nothing is awaited while the lock is held.
        lock(&self.0.tasks)
    }

    /// Makes sure that the gateway has read what was written about orders that are still open: it
    /// answers in order, so any answer will do. What it has not read, closing may throw away.
    async fn flush(&self, within: Duration) {
        let is_open = self.trades().iter().any(|trade| !trade.latest().is_done());
        if let Some(link) = self.link().filter(|_| is_open)
            && let Err(error) = link.managed_accounts(Deadline::after(within)).await
        {
            log::warn!(target: "aioibkr::session", "closing without an answer: {error}");
        }
    }

    /// The client id: the one given, or the one taken of those given.
    #[must_use]
    pub fn client_id(&self) -> ClientId {
        self.0.config.client_id
    }

    /// Where the session stands.
    #[must_use]
    pub fn state(&self) -> SessionState {
        self.0.session.status().state
    }

    /// Number of the present or last link, 0 before the first.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.0.session.status().generation
    }

    /// Whether the link is up at this moment.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.link().is_some_and(|link| link.is_up())
    }

    /// Server version negotiated by the present link.
    #[must_use]
    pub fn server_version(&self) -> Option<i32> {
        self.link().map(|link| link.server_version())
    }

    /// When the present link became live.
    #[must_use]
    pub fn connected_at(&self) -> Option<OffsetDateTime> {
        self.link().map(|link| link.live_since())
    }

    /// Accounts the login manages, as told by the present or last link.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountId> {
        self.0.session.status().accounts.to_vec()
    }

    /// The account this client acts for: the configured one, else the first managed one.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        let configured = self.0.config.account.clone();
        configured.or_else(|| self.0.session.status().accounts.first().cloned())
    }

    /// Whether that account is a paper account; `None` until a login was met that manages it.
    #[must_use]
    pub fn is_paper(&self) -> Option<bool> {
        let managed = self.accounts();
        let account = self.account().filter(|account| managed.contains(account));
        account.map(|account| account.is_paper())
    }

    /// How both links, readiness, lines and the account stand. Asks nothing of the gateway and waits
    /// for nothing, in any state.
    #[must_use]
    pub fn health(&self) -> Health {
        let feed = self.0.feed.status().map(|status| {
            let id = status.link.as_ref().map(FeedLink::client_id);
            let version = status.link.as_ref().map(FeedLink::server_version);
            link_health(&status, id, version)
        });
        let control = self.0.session.status();
        let id = control.link.as_ref().map(|_| self.0.config.client_id);
        let version = control.link.as_ref().map(Link::server_version);
        let link = control.link.as_ref().map(Link::generation);
        let missing = self.missing();
        Health {
            control: link_health(&control, id, version),
            feed,
            circuit: control.circuit.health(Instant::now()),
            is_ready: missing.is_empty(),
            missing,
            expected_outage_until: self.expected_outage_until(),
            lines: self.0.feed.usage(),
            pacing: self.0.pace.usage(),
            is_paper: self.is_paper(),
            balance: self.known_balance(),
            working_orders: link.and_then(|link| self.0.orders.working(link)),
            uptime: link.and_then(|_| self.0.counters.control.uptime(Instant::now())),
        }
    }

    /// Counts a failure of the gateway that the caller saw by other means for the circuit breaker;
    /// none while there is a link. Returns once it is counted.
    pub async fn record_failure(&self) {
        self.0.session.judge(Judgement::Failed).await;
    }

    /// Forgets all failures, so that the gateway may be tried at once.
    pub async fn forget_failures(&self) {
        self.0.session.judge(Judgement::Well).await;
    }

    fn link(&self) -> Option<Link> {
        self.0.session.status().link
    }

    /// Money of the client's account, if it is known for the present link.
    fn known_balance(&self) -> Option<Balance> {
        let (link, account) = (self.link()?, self.account()?);
        self.0.accounts.balance(&account, link.generation())
    }

    /// The caller's timeout, else the default of the kind of request.
    fn deadline(&self, timeout: Option<Duration>, default: Duration) -> Deadline {
        Deadline::after(timeout.unwrap_or(default))
    }

    fn connect_timeout(&self) -> Error {
        let (address, seconds) =
            (self.0.config.address(), self.0.config.connect_timeout.as_secs_f64());
        let message = format!("no link to {address} within {seconds} s");
        match self.0.session.status().reason {
            Some(reason) => Error::new(ErrorKind::ConnectTimeout, format!("{message}: {reason}"))
                .with_source(reason),
            None => Error::new(ErrorKind::ConnectTimeout, message),
        }
    }
}

/// Whoever listens learns that nothing more happens, be it that the client was dropped; its ids are
/// free.
impl Drop for Inner {
    fn drop(&mut self) {
        self.seats.release();
        self.events.end();
    }
}

/// The client's id: the one given, or one that nobody on this machine holds.
fn seats(config: &Config) -> Result<Seats> {
    match config.client_ids {
        Some(ids) => Seats::lease(config.address(), ids),
        None => Ok(Seats::new(config.address(), config.client_id)),
    }
}

fn link_options(config: &Config, seats: Arc<Seats>, pace: Pace, events: LinkEvents) -> LinkOptions {
    LinkOptions {
        address: config.address(),
        seats,
        account: config.account.clone(),
        pace,
        events,
        time_spacing: config.keepalive.map_or(Duration::ZERO, |rules| rules.spacing.min(LONGEST)),
    }
}

/// A new caller of the gateway's bucket: each link is one.
fn pace(config: &Config) -> Pace {
    Pace::new(&config.address(), config.pacing)
}

/// The session's options; times no clock can add up are cut to a year.
fn session_options(config: &Config) -> SessionOptions {
    let cut = |time: Duration| time.min(LONGEST);
    SessionOptions {
        connect_timeout: cut(config.connect_timeout),
        connect_pauses: config.connect_pauses.iter().copied().map(cut).collect(),
        wait: config.wait,
        reconnect: config.reconnect.map(|reconnect| Reconnect {
            first: cut(reconnect.first),
            longest: cut(reconnect.longest),
            ..reconnect
        }),
        tries: config.tries.iter().map(|row| cut_tries(*row, cut)).collect(),
        seed: RandomState::new().hash_one(()),
        breaker: config.breaker.map(|rules| Breaker { pause: cut(rules.pause), ..rules }),
        keepalive: config.keepalive.map(|rules| Keepalive {
            idle: cut(rules.idle),
            probe_timeout: cut(rules.probe_timeout),
            give_up: cut(rules.give_up),
            spacing: cut(rules.spacing),
        }),
    }
}

fn cut_tries(row: ConnectTries, cut: impl Fn(Duration) -> Duration) -> ConnectTries {
    ConnectTries { pause: cut(row.pause), timeout: cut(row.timeout), ..row }
}

fn account_options(config: &Config, events: &Events) -> AccountOptions {
    AccountOptions {
        account: config.account.clone(),
        download: config.deadlines.download,
        events: events.clone(),
    }
}

fn desk_options(config: &Config, counters: &Arc<Counters>, events: &Events) -> DeskOptions {
    DeskOptions {
        client_id: config.client_id,
        limits: config.risk.clone(),
        download: config.deadlines.download,
        counters: counters.clone(),
        events: events.clone(),
    }
}

fn line_options(config: &Config, runtime: Handle) -> LineOptions {
    LineOptions {
        kind: config.market_data_type,
        delayed_fallback: config.delayed_fallback,
        write_within: config.deadlines.market_data,
        runtime,
        chosen: 0.into(),
    }
}

fn link_health<L>(
    status: &Status<L>,
    client_id: Option<ClientId>,
    server_version: Option<i32>,
) -> LinkHealth {
    LinkHealth {
        state: status.state,
        since: status.since,
        generation: status.generation,
        client_id,
        server_version,
        reason: status.reason.as_ref().map(ToString::to_string),
        farms: status.farms.to_vec(),
    }
}

/// The feed, and the tasks that serve it.
fn feed(
    config: &Config,
    seats: &Arc<Seats>,
    (counters, events): (&Counters, &Events),
    tasks: &mut JoinSet<()>,
    runtime: &Handle,
) -> Feed {
    let told = FeedTold { errors: counters.errors.clone(), events: events.of(LinkName::Feed) };
    let options = FeedOptions {
        kind: config.market_data_type,
        delayed_fallback: config.delayed_fallback,
        budget: config.lines,
        stale_after: config.stale_after.min(LONGEST),
    };
    if !config.feed {
        return Feed::new(None, Pace::default(), options, told);
    }
    let fanouts = Fanouts::default();
    let sinks = fanouts.clone();
    let target =
        FeedLinkOptions::new(config.address(), config.feed_client_ids(), move |generation| {
            sinks.sink(generation)
        });
    let pace = pace(config);
    let target = target.paced(pace.clone()).seated(seats.clone());
    let (links, events) = (counters.feed.clone(), events.of(LinkName::Feed));
    let (session, supervisor) = Session::new(target, session_options(config), links, events);
    let feed = Feed::new(Some(session), pace, options, told);
    tasks.spawn_on(supervisor.run(config.deadlines.close), runtime);
    tasks.spawn_on(feed.clone().run(fanouts), runtime);
    feed
}
