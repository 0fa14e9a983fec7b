//! Everything the gateway knows, behind one lock: the exchange, the clients and the orders as their
//! clients wrote them. Each request or control call is one step under that lock, so a step is seen
//! whole or not at all; nothing waits while holding it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::client::{Client, ConnectionId, Due, Outlet};
use crate::clock;
use crate::error::Error;
use crate::exchange::depth::Depth;
use crate::exchange::order_book::OrderBook;
use crate::exchange::perm_ids::PermIds;
use crate::exchange::{ClientId, ConId, Exchange, Order, OrderKey, PermId, PriceProcess};
use crate::faults::Faults;
use crate::handler;
use crate::limits::Usage;
use crate::login::Login;
use crate::market_clock::MarketClock;
use crate::newsroom::Newsroom;
use crate::outbox::{Corked, Outbox};
use crate::pending::Pending;
use crate::prices::Play;
use crate::request_log::RequestLog;
use crate::schedule::Schedule;
use crate::settings::Settings;
use crate::wire::{ServerVersion, pb};

/// An order in its client's own words, echoed with what the gateway adds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wording {
    pub(crate) contract: pb::Contract,
    pub(crate) order: pb::Order,
}

/// A price that moves by itself, and when it takes its next step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk {
    pub(crate) process: PriceProcess,
    /// Epoch milliseconds on the clock of the exchange.
    pub(crate) due: i64,
    pub(crate) step: u64,
}

/// The state of the gateway.
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) exchange: Exchange,
    /// The clock of the exchange, and the millisecond on it that is waited for.
    pub(crate) time: MarketClock,
    pub(crate) wakes_at: Option<i64>,
    /// The millisecond of what is happening, while the market catches up with its clock.
    pub(crate) moment: Option<i64>,
    /// Prices that move by themselves.
    pub(crate) walks: BTreeMap<ConId, Walk>,
    /// Prices played from files.
    pub(crate) plays: Vec<Play>,
    pub(crate) clients: BTreeMap<ConnectionId, Client>,
    pub(crate) wordings: BTreeMap<PermId, Wording>,
    /// Instruments the login may only see delayed.
    pub(crate) not_entitled: BTreeSet<ConId>,
    /// Instruments the login may see and not trade.
    pub(crate) not_permitted: BTreeSet<ConId>,
    pub(crate) login: Login,
    pub(crate) newsroom: Newsroom,
    /// Books a test put in place of those around the quote.
    pub(crate) depths: BTreeMap<ConId, Depth>,
    /// Generic tick values a test put in place of computed ones, by name.
    pub(crate) statistics: BTreeMap<(ConId, &'static str), String>,
    /// Rows a test put in place of what a scan would find, by scan code.
    pub(crate) scan_rows: BTreeMap<String, Vec<ConId>>,
    /// Errors that data requests for an instrument get.
    pub(crate) data_errors: BTreeMap<ConId, i32>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) schedule: Arc<Schedule<Due>>,
    pub(crate) usage: Arc<Usage>,
    /// Texts of codes in the language of the gateway (C12).
    texts: Arc<BTreeMap<i32, String>>,
    /// Whether the farm for history sleeps until it is asked (S3, H9).
    pub(crate) has_idle_history_farm: bool,
    /// Epoch milliseconds on the market's clock of the next push of account figures (A3).
    pub(crate) next_push: i64,
    /// Connections that got as far as a client id, and how many of those ended.
    pub(crate) connects: u64,
    pub(crate) disconnects: u64,
    /// Numbers given to connections and snapshots.
    issued: u64,
}

impl World {
    fn new(settings: Settings, faults: Arc<Faults>, schedule: Arc<Schedule<Due>>) -> Self {
        let usage = Arc::new(Usage::new(settings.limits));
        Self {
            usage,
            texts: Arc::new(settings.profile.texts.clone()),
            has_idle_history_farm: settings.profile.has_idle_history_farm,
            next_push: i64::MAX,
            exchange: fresh_exchange(&settings),
            time: MarketClock::new(&settings),
            wakes_at: None,
            moment: None,
            walks: BTreeMap::new(),
            plays: Vec::new(),
            settings,
            clients: BTreeMap::new(),
            wordings: BTreeMap::new(),
            not_entitled: BTreeSet::new(),
            not_permitted: BTreeSet::new(),
            login: Login::default(),
            newsroom: Newsroom::default(),
            depths: BTreeMap::new(),
            statistics: BTreeMap::new(),
            scan_rows: BTreeMap::new(),
            data_errors: BTreeMap::new(),
            faults,
            schedule,
            connects: 0,
            disconnects: 0,
            issued: 0,
        }
    }

    pub(crate) fn next_number(&mut self) -> u64 {
        self.issued += 1;
        self.issued
    }

    pub(crate) fn client(&mut self, outlet: &Outlet) -> Option<&mut Client> {
        self.clients.get_mut(&outlet.connection)
    }

    /// Epoch seconds on the clock of the exchange, or of what is happening on its way there.
    pub(crate) fn now(&self) -> i64 {
        self.moment.unwrap_or_else(|| self.time.millis()).div_euclid(1_000)
    }

    /// Who is answerable for an order: its client, or client 0 for one entered by hand.
    pub(crate) fn owner_of(&self, key: OrderKey) -> Option<Outlet> {
        self.outlet_of(if key.is_manual() { ClientId(0) } else { key.client })
    }

    /// Who hears of an order: its owner and the master client (N4). Of an order entered by hand
    /// client 0 hears once it is bound.
    pub(crate) fn audience(&self, order: &Order) -> Vec<Outlet> {
        let is_unbound = order.key.is_manual() && !order.is_bound;
        self.listeners(order.key, is_unbound)
    }

    /// As [`Self::audience`], for executions.
    pub(crate) fn audience_of(&self, key: OrderKey) -> Vec<Outlet> {
        self.listeners(key, false)
    }

    fn listeners(&self, key: OrderKey, is_unbound: bool) -> Vec<Outlet> {
        let owner = self.owner_of(key).filter(|_| !is_unbound);
        let master = self.settings.master_client.and_then(|id| self.outlet_of(ClientId(id)));
        let is_other = |to: &Outlet| owner.as_ref().is_none_or(|own| own.client != to.client);
        let master = master.filter(is_other);
        owner.into_iter().chain(master).collect()
    }

    /// Whether the login may see an instrument live (M6).
    pub(crate) fn has_live_data(&self, con_id: ConId) -> bool {
        !self.not_entitled.contains(&con_id) && self.data_errors.get(&con_id) != Some(&10089)
    }

    /// The connection a client id has at present.
    pub(crate) fn outlet_of(&self, client: ClientId) -> Option<Outlet> {
        let found = self.clients.values().find(|known| known.outlet.client == client);
        found.map(|client| client.outlet.clone())
    }

    /// Lets what is sent to clients from now on leave together.
    pub(crate) fn cork(&self) -> Corked {
        let outboxes = self.clients.values().map(|client| Arc::clone(&client.outlet.outbox));
        Corked::new(outboxes.collect())
    }

    pub(crate) fn outlets(&self) -> Vec<Outlet> {
        self.clients.values().map(|client| client.outlet.clone()).collect()
    }

    /// Whether as many clients are connected as there may be (S11).
    pub(crate) fn is_full(&self) -> bool {
        self.settings.limits.clients.is_some_and(|most| self.clients.len() >= most)
    }

    /// Takes a client in. `None` if its id is in use (S7).
    pub(crate) fn admit(
        &mut self,
        client: ClientId,
        version: ServerVersion,
        outbox: &Arc<Outbox>,
    ) -> Option<Outlet> {
        if self.outlet_of(client).is_some() {
            return None;
        }
        let outlet = Outlet {
            connection: ConnectionId(self.next_number()),
            client,
            version,
            outbox: Arc::clone(outbox),
            faults: Arc::clone(&self.faults),
            schedule: Arc::clone(&self.schedule),
            usage: Arc::clone(&self.usage),
            texts: Arc::clone(&self.texts),
            pending: Arc::new(Pending::default()),
        };
        self.clients.insert(outlet.connection, Client::new(outlet.clone()));
        self.connects += 1;
        handler::welcome(self, &outlet);
        Some(outlet)
    }

    pub(crate) fn dismiss(&mut self, connection: ConnectionId) {
        if self.clients.remove(&connection).is_some() {
            self.disconnects += 1;
            self.usage.dismiss(connection);
        }
    }

    /// Back to how the gateway started, apart from who is connected.
    pub(crate) fn reset(&mut self) -> Result<(), Error> {
        self.faults.clear();
        self.schedule.clear();
        self.exchange = fresh_exchange(&self.settings);
        self.time = MarketClock::new(&self.settings);
        self.wakes_at = None;
        self.has_idle_history_farm = self.settings.profile.has_idle_history_farm;
        self.next_push = i64::MAX;
        self.walks.clear();
        self.plays.clear();
        self.wordings.clear();
        self.not_entitled.clear();
        self.not_permitted.clear();
        self.login = Login::default();
        self.newsroom = Newsroom::default();
        self.depths.clear();
        self.statistics.clear();
        self.scan_rows.clear();
        self.data_errors.clear();
        self.connects = self.clients.len() as u64;
        self.disconnects = 0;
        self.start_prices()
    }

    /// Plays the prices of the settings.
    pub(crate) fn start_prices(&mut self) -> Result<(), Error> {
        match self.settings.prices.clone() {
            Some(series) => handler::play(self, &series),
            None => Ok(()),
        }
    }
}

fn fresh_exchange(settings: &Settings) -> Exchange {
    let now = settings.starts_at.unwrap_or_else(clock::now);
    let mut exchange =
        Exchange::new(&settings.accounts, settings.seed, now.date(), now.unix_timestamp());
    exchange.rules = settings.market;
    exchange.book = OrderBook::new(match settings.first_perm_id {
        Some(first) => PermIds::from(first),
        None => PermIds::unique(clock::millis()),
    });
    exchange
}

/// What the network side and the control side share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) faults: Arc<Faults>,
    pub(crate) schedule: Arc<Schedule<Due>>,
    /// Clients that were played a recording.
    pub(crate) replayed: AtomicUsize,
    /// Held by who moves the clock ahead, step by step; each gets its whole way.
    pub(crate) advancing: Mutex<()>,
    world: Mutex<World>,
    log: Mutex<RequestLog>,
}

impl Shared {
    pub(crate) fn new(settings: Settings) -> Self {
        let faults = Arc::new(Faults::new(settings.seed));
        let schedule = Arc::new(Schedule::default());
        let world = World::new(settings.clone(), Arc::clone(&faults), Arc::clone(&schedule));
        Self {
            settings,
            faults,
            schedule,
            replayed: AtomicUsize::new(0),
            advancing: Mutex::default(),
            world: Mutex::new(world),
            log: Mutex::default(),
        }
    }

    /// The world, for one step. A step that panicked is a bug a test has already seen; going on with
    /// the state it left is better than hanging every later call.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, RequestLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
