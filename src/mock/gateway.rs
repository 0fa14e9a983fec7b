//! The control side: starts the gateway on a thread of its own and changes its world while it runs.
//! Every method may be called from any thread and returns after it took effect.

use std::net::SocketAddr;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rust_decimal::Decimal;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::error::Error;
use crate::exchange::account::ProfitAndLoss;
use crate::exchange::bars::{Bar, Trades};
use crate::exchange::number::decimal;
use crate::exchange::{ConId, QuoteChange};
use crate::faults::{FaultId, Injection};
use crate::flood::{FloodHandle, Progress};
use crate::handler;
use crate::own_thread::OwnThread;
use crate::record::{ExecutionRecord, OrderRecord};
use crate::request_log::RequestRecord;
use crate::scenario::{Director, Scenario, Step};
use crate::server::{self, OrderWithReply, Server, ServerOrder};
use crate::settings::Settings;
use crate::wire::RequestKind;
use crate::world::{Shared, World};

/// A running mock gateway. Dropping it stops it and waits for its thread.
pub struct MockGateway {
    address: SocketAddr,
    pub(crate) shared: Arc<Shared>,
    /// Unbounded because each sender waits for its reply: there is one entry per calling thread.
    server: UnboundedSender<OrderWithReply>,
    thread: Mutex<Option<OwnThread>>,
    director: Mutex<Option<Director>>,
}

/// New prices and sizes of a symbol; what is `None` stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Prices {
    /// Best bid.
    pub bid: Option<f64>,
    /// Best ask.
    pub ask: Option<f64>,
    /// Price of the last trade.
    pub last: Option<f64>,
    /// Units at the bid.
    pub bid_size: Option<f64>,
    /// Units at the ask.
    pub ask_size: Option<f64>,
    /// Units of the last trade.
    pub last_size: Option<f64>,
    /// Units traded today.
    pub volume: Option<f64>,
    /// First price of the day.
    pub open: Option<f64>,
    /// Highest price of the day; widens by itself to hold a new last price.
    pub high: Option<f64>,
    /// Lowest price of the day; widens by itself to hold a new last price.
    pub low: Option<f64>,
    /// Closing price of the day before.
    pub close: Option<f64>,
}

/// One bar of history a test puts in place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HistoryBar {
    /// Start of the bar, in epoch seconds.
    pub start: i64,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Units traded.
    pub volume: f64,
}

impl MockGateway {
    /// Starts a gateway; it listens when this returns.
    ///
    /// # Errors
    /// Settings that cannot work (`InvalidInput`), or the system's error when the port is taken.
    pub fn start(settings: Settings) -> std::io::Result<Self> {
        settings.check()?;
        let scenario = settings.scenario.clone();
        let shared = Arc::new(Shared::new(settings));
        scenario.iter().try_for_each(|scenario| check_scenario(&shared.world(), scenario))?;
        shared.world().start_prices()?;
        let (server, orders) = unbounded_channel();
        let (started, outcome) = sync_channel(1);
        let served = Arc::clone(&shared);
        let thread = OwnThread::start("mock-gateway", move || run(served, orders, &started))?;
        let address = outcome.recv().map_err(std::io::Error::other)??;
        let thread = Mutex::new(Some(thread));
        let gateway = Self { address, shared, server, thread, director: Mutex::default() };
        gateway.advance(Duration::ZERO);
        if let Some(scenario) = scenario {
            let director = Director::start(scenario, gateway.second_handle())?;
            *gateway.director.lock().unwrap_or_else(PoisonError::into_inner) = Some(director);
        }
        Ok(gateway)
    }

    /// A handle that controls the gateway and does not stop it when dropped.
    fn second_handle(&self) -> Self {
        Self {
            address: self.address,
            shared: Arc::clone(&self.shared),
            server: self.server.clone(),
            thread: Mutex::default(),
            director: Mutex::default(),
        }
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening, drops every client and ends the thread. Stopping twice does nothing, nor does
    /// stopping in a process that was forked from the gateway's.
    pub fn stop(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.as_ref().is_none_or(OwnThread::is_here) {
            // A server that is gone already has nothing left to stop.
            let _ = self.order(ServerOrder::Stop);
        }
        thread.into_iter().for_each(OwnThread::join);
        drop(self.director.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Changes prices of every instrument called this; tickers hear of it and orders may fill.
    ///
    /// # Errors
    /// An unknown symbol or a number that is not finite.
    pub fn set_price(&self, symbol: &str, prices: Prices) -> Result<(), Error> {
        let change = prices.change()?;
        self.on_symbol(symbol, |world, con_id| handler::set_price(world, con_id, &change))
    }

    /// Takes bid, ask and last of a symbol away: tickers are told -1, frozen data keeps them.
    ///
    /// # Errors
    /// An unknown symbol.
    pub fn clear_price(&self, symbol: &str) -> Result<(), Error> {
        self.on_symbol(symbol, handler::clear_price)
    }

    /// Answers every history request of a symbol with these bars, up to the end asked for, whatever
    /// duration and bar size were asked for.
    ///
    /// # Errors
    /// An unknown symbol or a number that is not finite.
    pub fn set_bars(&self, symbol: &str, bars: &[HistoryBar]) -> Result<(), Error> {
        let series = bars.iter().map(HistoryBar::checked).collect::<Result<Vec<_>, _>>()?;
        self.on_symbol(symbol, |world, con_id| world.exchange.set_bars(con_id, series.clone()))
    }

    /// Says whether the login may see live data of a symbol; later requests follow it.
    ///
    /// # Errors
    /// An unknown symbol.
    pub fn set_entitlement(&self, symbol: &str, live: bool) -> Result<(), Error> {
        self.on_symbol(symbol, |world, con_id| {
            if live {
                world.not_entitled.remove(&con_id);
            } else {
                world.not_entitled.insert(con_id);
            }
        })
    }

    /// Says whether the login may trade a symbol; details and data stay (K11), orders get 460 (O24).
    ///
    /// # Errors
    /// An unknown symbol.
    pub fn set_permission(&self, symbol: &str, trading: bool) -> Result<(), Error> {
        self.on_symbol(symbol, |world, con_id| {
            if trading {
                world.not_permitted.remove(&con_id);
            } else {
                world.not_permitted.insert(con_id);
            }
        })
    }

    /// Charges this commission per unit of a symbol from now on; below zero it is a rebate (E9).
    ///
    /// # Errors
    /// An unknown symbol or a number that is not finite.
    pub fn set_commission(&self, symbol: &str, per_unit: f64) -> Result<(), Error> {
        let fee = number(per_unit, "per_unit")?;
        self.on_symbol(symbol, |world, con_id| {
            world.exchange.fees.insert(con_id, fee);
        })
    }

    /// Answers later data requests for a symbol with this error about entitlement, or no more if
    /// `None`: 354 and 10197 leave no data, 10089 only the delayed ticks that were asked for, 10090
    /// all of it.
    ///
    /// # Errors
    /// An unknown symbol or another code.
    pub fn set_data_error(&self, symbol: &str, code: Option<i32>) -> Result<(), Error> {
        if code.is_some_and(|code| !handler::ENTITLEMENT_CODES.contains(&code)) {
            return Err(Error::BadNumber("code"));
        }
        self.on_symbol(symbol, |world, con_id| {
            match code {
                Some(code) => world.data_errors.insert(con_id, code),
                None => world.data_errors.remove(&con_id),
            };
        })
    }

    /// Puts a position in place, as held since before today. `average_cost` is per unit and includes
    /// the multiplier, as the wire shows it. Cash stays as it is; quantity zero closes.
    ///
    /// # Errors
    /// An unknown account or symbol, or a number that is not finite.
    pub fn set_position(
        &self,
        account: &str,
        symbol: &str,
        quantity: f64,
        average_cost: f64,
    ) -> Result<(), Error> {
        let quantity = number(quantity, "quantity")?;
        let cost = number(average_cost, "average_cost")?;
        self.check_account(account)?;
        self.on_symbol(symbol, |world, con_id| {
            let events = world.exchange.set_position(account, con_id, quantity, cost);
            handler::tell(world, events);
        })
    }

    /// Puts a row in place of a computed account value, or adds one (another currency, `BASE`).
    ///
    /// # Errors
    /// An unknown account.
    pub fn set_account_value(
        &self,
        account: &str,
        tag: &str,
        value: &str,
        currency: &str,
    ) -> Result<(), Error> {
        self.on_account(account, |world| {
            if let Some(books) = world.exchange.account_mut(account) {
                let row = (tag.to_owned(), currency.to_owned());
                books.shown_values.insert(row, value.to_owned());
            }
        })
    }

    /// Puts these figures in place of an account's computed profit and loss.
    ///
    /// # Errors
    /// An unknown account or a number that is not finite.
    pub fn set_pnl(
        &self,
        account: &str,
        daily: f64,
        unrealized: f64,
        realized: f64,
    ) -> Result<(), Error> {
        let shown = ProfitAndLoss {
            daily: number(daily, "daily")?,
            unrealized: number(unrealized, "unrealized")?,
            realized: number(realized, "realized")?,
        };
        self.on_account(account, |world| {
            if let Some(books) = world.exchange.account_mut(account) {
                books.shown_pnl = Some(shown);
            }
        })
    }

    /// Switches a fault on, until its handle is cleared or the gateway reset: for every client and
    /// each time, unless the [`Injection`] says otherwise.
    ///
    /// # Errors
    /// An unknown message kind, a number out of its range, or a count or probability for a fault that
    /// is a state.
    pub fn inject(&self, fault: impl Into<Injection>) -> Result<FaultHandle, Error> {
        let injection = fault.into();
        injection.check()?;
        let mut world = self.shared.world();
        let id = self.shared.faults.add(injection);
        handler::follow_faults(&mut world);
        drop(world);
        server::storm(id, &self.shared);
        Ok(FaultHandle { shared: Arc::clone(&self.shared), id })
    }

    /// Sends a coded notice with its usual text to every client.
    pub fn notice(&self, code: i32) {
        handler::notify(&mut self.shared.world(), code, None);
    }

    /// Closes every connection; clients may connect again at once.
    ///
    /// # Errors
    /// The gateway is stopped.
    pub fn drop_connections(&self) -> Result<(), Error> {
        self.order(ServerOrder::DropConnections)
    }

    /// Stops listening and closes every connection; the world stays as it is.
    ///
    /// # Errors
    /// The gateway is stopped.
    pub fn down(&self) -> Result<(), Error> {
        self.order(ServerOrder::Down)
    }

    /// Listens again, on the same port.
    ///
    /// # Errors
    /// The gateway is stopped, or the port was taken meanwhile.
    pub fn up(&self) -> Result<(), Error> {
        self.order(ServerOrder::Up)
    }

    /// Drops every client and puts the world back to how it started: prices, books, orders, faults,
    /// recorded requests and connection counts. Prices of the settings are played from the start.
    ///
    /// # Errors
    /// The gateway is stopped.
    pub fn reset(&self) -> Result<(), Error> {
        self.drop_connections()?;
        self.shared.world().reset()?;
        self.shared.log().clear();
        self.advance(Duration::ZERO);
        Ok(())
    }

    /// Sends `count` prepared, numbered ticks to every ticker of a symbol, as
    /// [`flood_all`](Self::flood_all) does.
    ///
    /// # Errors
    /// An unknown symbol.
    pub fn flood(&self, symbol: &str, count: u64) -> Result<FloodHandle, Error> {
        self.flood_all(&[symbol], count)
    }

    /// Sends `count` prepared, numbered ticks to every ticker of these symbols as fast as its socket
    /// takes them, and returns at once. The tickers of a client take turns. Tick `n` of each, from 1,
    /// is a last price with size `n`; the price is `100 + (n % 10000) * 0.01` where a client has one
    /// ticker, and repeats sooner where it has more.
    ///
    /// # Errors
    /// An unknown symbol.
    pub fn flood_all(&self, symbols: &[&str], count: u64) -> Result<FloodHandle, Error> {
        let world = self.shared.world();
        let mut con_ids = Vec::new();
        for symbol in symbols {
            con_ids.extend(instruments_called(&world, symbol)?);
        }
        let progress = Arc::new(Progress::default());
        handler::flood(&world, &con_ids, count, &progress);
        Ok(FloodHandle { progress })
    }

    /// How many connections got as far as a client id.
    #[must_use]
    pub fn connect_count(&self) -> u64 {
        self.shared.world().connects
    }

    /// How many of those ended.
    #[must_use]
    pub fn disconnect_count(&self) -> u64 {
        self.shared.world().disconnects
    }

    /// Ids of the connected clients, in the order they connected.
    #[must_use]
    pub fn clients(&self) -> Vec<i32> {
        self.shared.world().clients.values().map(|client| client.outlet.client.0).collect()
    }

    /// What clients sent, decoded, in order: all, or one kind such as `place_order`. The oldest are
    /// forgotten when more than 16 MiB are kept.
    ///
    /// # Errors
    /// An unknown kind.
    pub fn requests(&self, kind: Option<&str>) -> Result<Vec<RequestRecord>, Error> {
        let kind = kind.map(request_kind).transpose()?;
        Ok(self.shared.log().records(kind))
    }

    /// Every order, finished ones included, by client and order id.
    #[must_use]
    pub fn orders(&self) -> Vec<OrderRecord> {
        let world = self.shared.world();
        world.exchange.book.all().map(|order| OrderRecord::of(&world, order)).collect()
    }

    /// Every execution that still counts, oldest first.
    #[must_use]
    pub fn executions(&self) -> Vec<ExecutionRecord> {
        let world = self.shared.world();
        let executions = world.exchange.executions.iter().filter(|one| !one.is_replaced);
        executions.map(|execution| ExecutionRecord::of(&world, execution)).collect()
    }

    fn order(&self, order: ServerOrder) -> Result<(), Error> {
        let (reply, outcome) = sync_channel(1);
        self.server.send((order, reply)).map_err(|_| Error::Stopped)?;
        let outcome = outcome.recv().map_err(|_| Error::Stopped)?;
        outcome.map_err(|error| Error::CannotListen(error.to_string()))
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }

    pub(crate) fn on_symbol(
        &self,
        symbol: &str,
        mut step: impl FnMut(&mut World, ConId),
    ) -> Result<(), Error> {
        let mut world = self.shared.world();
        for con_id in instruments_called(&world, symbol)? {
            step(&mut world, con_id);
        }
        Ok(())
    }

    /// Changes how an account is shown, then tells its followers.
    fn on_account(&self, account: &str, step: impl FnOnce(&mut World)) -> Result<(), Error> {
        self.check_account(account)?;
        let mut world = self.shared.world();
        step(&mut world);
        handler::tell_figures(&mut world, account, None);
        Ok(())
    }

    pub(crate) fn check_account(&self, account: &str) -> Result<(), Error> {
        match self.shared.world().exchange.has_account(account) {
            true => Ok(()),
            false => Err(Error::UnknownAccount(account.to_owned())),
        }
    }
}

impl Drop for MockGateway {
    fn drop(&mut self) {
        let is_owner = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).is_some();
        if is_owner {
            self.stop();
        }
    }
}

/// One injected fault. Dropping the handle leaves the fault on.
#[must_use = "the handle is the way to clear the fault alone"]
pub struct FaultHandle {
    shared: Arc<Shared>,
    id: FaultId,
}

impl FaultHandle {
    /// Switches the fault off; orders it held back may fill.
    pub fn clear(&self) {
        let mut world = self.shared.world();
        self.shared.faults.remove(self.id);
        handler::follow_faults(&mut world);
    }
}

/// The body of the gateway's thread.
fn run(
    shared: Arc<Shared>,
    orders: UnboundedReceiver<OrderWithReply>,
    started: &SyncSender<std::io::Result<SocketAddr>>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        // Whoever started the gateway waits for this; if not, nobody wants it.
        Err(error) => return drop(started.send(Err(error))),
    };
    runtime.block_on(async {
        match Server::bind(shared) {
            Err(error) => drop(started.send(Err(error))),
            Ok(server) => {
                if started.send(Ok(server.address())).is_ok() {
                    server.run(orders).await;
                }
            }
        }
    });
}

pub(crate) fn instruments_called(world: &World, symbol: &str) -> Result<Vec<ConId>, Error> {
    let found = world.exchange.listing.called(symbol);
    if found.is_empty() { Err(Error::UnknownSymbol(symbol.to_owned())) } else { Ok(found) }
}

/// Symbols and accounts a scenario names must be there.
fn check_scenario(world: &World, scenario: &Scenario) -> Result<(), Error> {
    for timed in &scenario.steps {
        let named = |error: Error| Error::BadScenario(format!("line {}: {error}", timed.line));
        let (symbol, account) = match &timed.step {
            Step::Position { account, symbol, .. } => (Some(symbol), Some(account)),
            Step::Price { symbol, .. } | Step::ClearPrice(symbol) => (Some(symbol), None),
            Step::Fill { symbol, .. } | Step::DataError { symbol, .. } => (Some(symbol), None),
            Step::PlayPrices(series) => {
                handler::check_prices(world, series).map_err(named)?;
                (None, None)
            }
            _ => (None, None),
        };
        if let Some(symbol) = symbol {
            instruments_called(world, symbol).map_err(named)?;
        }
        if let Some(account) = account.filter(|name| !world.exchange.has_account(name)) {
            return Err(named(Error::UnknownAccount(account.clone())));
        }
    }
    Ok(())
}

fn request_kind(name: &str) -> Result<RequestKind, Error> {
    RequestKind::from_name(name).ok_or_else(|| Error::UnknownKind(name.to_owned()))
}

pub(crate) fn number(value: f64, name: &'static str) -> Result<Decimal, Error> {
    decimal(value).ok_or(Error::BadNumber(name))
}

impl Prices {
    fn change(self) -> Result<QuoteChange, Error> {
        let some = |value: Option<f64>, name| value.map(|value| number(value, name)).transpose();
        Ok(QuoteChange {
            bid: some(self.bid, "bid")?,
            ask: some(self.ask, "ask")?,
            last: some(self.last, "last")?,
            bid_size: some(self.bid_size, "bid_size")?,
            ask_size: some(self.ask_size, "ask_size")?,
            last_size: some(self.last_size, "last_size")?,
            volume: some(self.volume, "volume")?,
            open: some(self.open, "open")?,
            high: some(self.high, "high")?,
            low: some(self.low, "low")?,
            close: some(self.close, "close")?,
        })
    }
}

impl HistoryBar {
    fn checked(&self) -> Result<Bar, Error> {
        let Self { start, open, high, low, close, volume } = *self;
        let fields =
            [(open, "open"), (high, "high"), (low, "low"), (close, "close"), (volume, "volume")];
        for (value, name) in fields {
            number(value, name)?;
        }
        let trades = Some(Trades { volume, wap: (high + low + close) / 3.0, count: 1 });
        Ok(Bar { start, open, high, low, close, trades })
    }
}
