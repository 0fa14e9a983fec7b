//! The mock gateway as a Python object: its control API, callable from any thread.
//!
//! Every call releases the interpreter, so a test's other threads go on while the gateway works.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use aioibkr_mock_gateway as mock;
use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyDict};

use crate::convert;
use crate::mailbox::lock;

/// A running mock gateway on a thread of its own.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct MockGateway {
    gateway: mock::MockGateway,
    floods: Mutex<Vec<mock::FloodHandle>>,
}

/// One injected fault.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct FaultHandle(mock::FaultHandle);

#[pymethods]
impl FaultHandle {
    /// Switches the fault off; orders it held back may fill.
    fn clear(&self, py: Python<'_>) {
        py.detach(|| self.0.clear());
    }
}

fn refused(py: Python<'_>, error: &mock::Error) -> PyErr {
    convert::invalid(py, error.to_string())
}

/// Settings that cannot work are the caller's to mend; all else is the system's word.
pub(crate) fn unstartable(py: Python<'_>, error: std::io::Error) -> PyErr {
    match error.kind() {
        std::io::ErrorKind::InvalidInput => convert::invalid(py, error.to_string()),
        _ => error.into(),
    }
}

impl MockGateway {
    /// Runs a control call with the interpreter released.
    pub(crate) fn control<T: Send>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&mock::MockGateway) -> Result<T, mock::Error> + Send,
    ) -> PyResult<T> {
        py.detach(|| call(&self.gateway)).map_err(|error| refused(py, &error))
    }
}

#[pymethods]
impl MockGateway {
    #[new]
    #[pyo3(signature = (*, host, port, accounts, seed, min_server_version, max_server_version,
                        receive_buffer, print_requests, allow_non_loopback, limits, prices, scenario,
                        replay, replay_speed, starts_at, speed, master_client, first_perm_id,
                        profile))]
    #[expect(clippy::too_many_arguments, reason = "one keyword per setting")]
    fn new(
        py: Python<'_>,
        host: &str,
        port: u16,
        accounts: Vec<String>,
        seed: u64,
        min_server_version: i32,
        max_server_version: i32,
        receive_buffer: Option<u32>,
        print_requests: bool,
        allow_non_loopback: bool,
        limits: &Bound<'_, PyDict>,
        prices: Option<PathBuf>,
        scenario: Option<PathBuf>,
        replay: Option<PathBuf>,
        replay_speed: f64,
        starts_at: Option<Bound<'_, PyDateTime>>,
        speed: f64,
        master_client: Option<i32>,
        first_perm_id: Option<i64>,
        profile: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let host: IpAddr = host
            .parse()
            .map_err(|_| convert::invalid(py, format!("host {host:?} is not an IP address")))?;
        let prices = prices.map(|path| mock::PriceSeries::load(&path)).transpose();
        let scenario = scenario.map(|path| mock::Scenario::load(&path)).transpose();
        let recording = replay.map(|path| mock::Recording::load(&path)).transpose();
        let recording = recording.map_err(|error| refused(py, &error))?;
        let settings = mock::Settings {
            limits: limits_of(limits)?,
            profile: profile_of(profile)?,
            prices: prices.map_err(|error| refused(py, &error))?,
            scenario: scenario.map_err(|error| refused(py, &error))?,
            replay: recording.map(|recording| mock::Replay { recording, speed: replay_speed }),
            host,
            port,
            accounts,
            seed,
            min_server_version,
            max_server_version,
            receive_buffer,
            print_requests,
            allow_non_loopback,
            starts_at: starts_at.map(|at| convert::moment("starts_at", &at)).transpose()?,
            speed,
            master_client,
            first_perm_id,
            ..mock::Settings::default()
        };
        let started = py.detach(|| mock::MockGateway::start(settings));
        let gateway = started.map_err(|error| unstartable(py, error))?;
        Ok(Self { gateway, floods: Mutex::default() })
    }

    #[getter]
    fn host(&self) -> String {
        self.gateway.address().ip().to_string()
    }

    #[getter]
    fn port(&self) -> u16 {
        self.gateway.address().port()
    }

    #[getter]
    fn connect_count(&self) -> u64 {
        self.gateway.connect_count()
    }

    #[getter]
    fn disconnect_count(&self) -> u64 {
        self.gateway.disconnect_count()
    }

    #[getter]
    fn clients(&self) -> Vec<i32> {
        self.gateway.clients()
    }

    fn stop(&self, py: Python<'_>) {
        py.detach(|| self.gateway.stop());
    }

    fn set_price(
        &self,
        py: Python<'_>,
        symbol: &str,
        prices: HashMap<String, f64>,
    ) -> PyResult<()> {
        let given = |name: &str| prices.get(name).copied();
        let prices = mock::Prices {
            bid: given("bid"),
            ask: given("ask"),
            last: given("last"),
            bid_size: given("bid_size"),
            ask_size: given("ask_size"),
            last_size: given("last_size"),
            volume: given("volume"),
            open: given("open"),
            high: given("high"),
            low: given("low"),
            close: given("close"),
        };
        self.control(py, |gateway| gateway.set_price(symbol, prices))
    }

    fn clear_price(&self, py: Python<'_>, symbol: &str) -> PyResult<()> {
        self.control(py, |gateway| gateway.clear_price(symbol))
    }

    fn set_entitlement(&self, py: Python<'_>, symbol: &str, live: bool) -> PyResult<()> {
        self.control(py, |gateway| gateway.set_entitlement(symbol, live))
    }

    fn set_permission(&self, py: Python<'_>, symbol: &str, trading: bool) -> PyResult<()> {
        self.control(py, |gateway| gateway.set_permission(symbol, trading))
    }

    fn set_commission(&self, py: Python<'_>, symbol: &str, per_unit: f64) -> PyResult<()> {
        self.control(py, |gateway| gateway.set_commission(symbol, per_unit))
    }

    fn set_position(
        &self,
        py: Python<'_>,
        account: &str,
        symbol: &str,
        quantity: f64,
        average_cost: f64,
    ) -> PyResult<()> {
        self.control(py, |gateway| gateway.set_position(account, symbol, quantity, average_cost))
    }

    fn set_account_value(
        &self,
        py: Python<'_>,
        account: &str,
        tag: &str,
        value: &str,
        currency: &str,
    ) -> PyResult<()> {
        self.control(py, |gateway| gateway.set_account_value(account, tag, value, currency))
    }

    fn set_pnl(
        &self,
        py: Python<'_>,
        account: &str,
        daily: f64,
        unrealized: f64,
        realized: f64,
    ) -> PyResult<()> {
        self.control(py, |gateway| gateway.set_pnl(account, daily, unrealized, realized))
    }

    fn inject(
        &self,
        py: Python<'_>,
        name: &str,
        fields: &Bound<'_, PyDict>,
    ) -> PyResult<FaultHandle> {
        let fields = fault_fields(fields)?;
        let inject =
            |gateway: &mock::MockGateway| gateway.inject(mock::Injection::named(name, fields)?);
        self.control(py, inject).map(FaultHandle)
    }

    fn set_data_error(&self, py: Python<'_>, symbol: &str, code: Option<i32>) -> PyResult<()> {
        self.control(py, |gateway| gateway.set_data_error(symbol, code))
    }

    fn fill(&self, py: Python<'_>, symbol: &str, quantity: f64, price: f64) -> PyResult<()> {
        self.control(py, |gateway| gateway.fill(symbol, quantity, price))
    }

    fn lose_streams(&self, py: Python<'_>) {
        py.detach(|| self.gateway.lose_streams());
    }

    fn pass_midnight(&self, py: Python<'_>) {
        py.detach(|| self.gateway.pass_midnight());
    }

    fn advance(&self, py: Python<'_>, seconds: f64) -> PyResult<()> {
        let by = duration(py, "advance", seconds)?;
        py.detach(|| self.gateway.advance(by));
        Ok(())
    }

    #[getter]
    fn market_time(&self) -> i64 {
        self.gateway.market_time()
    }

    fn set_market_rules(&self, py: Python<'_>, rules: HashMap<String, bool>) {
        let rules = market_rules(self.gateway.market_rules(), &rules);
        py.detach(|| self.gateway.set_market_rules(rules));
    }

    fn walk_price(
        &self,
        py: Python<'_>,
        symbol: &str,
        interval: f64,
        most_ticks: u32,
    ) -> PyResult<()> {
        let process =
            mock::PriceProcess { interval: duration(py, "interval", interval)?, most_ticks };
        self.control(py, |gateway| gateway.set_price_process(symbol, Some(process)))
    }

    fn hold_price(&self, py: Python<'_>, symbol: &str) -> PyResult<()> {
        self.control(py, |gateway| gateway.set_price_process(symbol, None))
    }

    fn play_prices(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        self.control(py, |gateway| gateway.play_prices(&mock::PriceSeries::load(&path)?))
    }

    #[pyo3(signature = (*, account, symbol, action, order_type, quantity, limit_price, stop_price))]
    #[expect(clippy::too_many_arguments, reason = "one keyword per field of an order")]
    fn place_manual_order(
        &self,
        py: Python<'_>,
        account: String,
        symbol: String,
        action: String,
        order_type: String,
        quantity: f64,
        limit_price: Option<f64>,
        stop_price: Option<f64>,
    ) -> PyResult<i64> {
        let order = mock::ManualOrder {
            account,
            symbol,
            action,
            order_type,
            quantity,
            limit_price,
            stop_price,
        };
        self.control(py, |gateway| gateway.place_manual_order(&order))
    }

    fn set_group(&self, py: Python<'_>, name: &str, shares: HashMap<String, f64>) -> PyResult<()> {
        let mut shares: Vec<_> =
            shares.iter().map(|(account, share)| (account.as_str(), *share)).collect();
        shares.sort_by_key(|(account, _)| *account);
        self.control(py, |gateway| gateway.set_group(name, &shares))
    }

    fn correct_execution(&self, py: Python<'_>, exec_id: &str, price: f64) -> PyResult<()> {
        self.control(py, |gateway| gateway.correct_execution(exec_id, price))
    }

    fn bust_execution(&self, py: Python<'_>, exec_id: &str) -> PyResult<()> {
        self.control(py, |gateway| gateway.bust_execution(exec_id))
    }

    fn notice(&self, py: Python<'_>, code: i32) {
        py.detach(|| self.gateway.notice(code));
    }

    fn drop_connections(&self, py: Python<'_>) -> PyResult<()> {
        self.control(py, mock::MockGateway::drop_connections)
    }

    fn down(&self, py: Python<'_>) -> PyResult<()> {
        self.control(py, mock::MockGateway::down)
    }

    fn up(&self, py: Python<'_>) -> PyResult<()> {
        self.control(py, mock::MockGateway::up)
    }

    fn reset(&self, py: Python<'_>) -> PyResult<()> {
        self.control(py, mock::MockGateway::reset)
    }

    fn flood(&self, py: Python<'_>, symbols: Vec<String>, count: u64) -> PyResult<()> {
        let symbols: Vec<&str> = symbols.iter().map(String::as_str).collect();
        let flood = self.control(py, |gateway| gateway.flood_all(&symbols, count))?;
        lock(&self.floods).push(flood);
        Ok(())
    }

    fn wait_floods(&self, py: Python<'_>) -> u64 {
        let floods = std::mem::take(&mut *lock(&self.floods));
        py.detach(|| floods.iter().map(mock::FloodHandle::wait).sum())
    }

    fn requests<'py>(
        &self,
        py: Python<'py>,
        kind: Option<&str>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let records = self.control(py, |gateway| gateway.requests(kind))?;
        records.into_iter().map(|record| request_row(py, record)).collect()
    }

    fn orders<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.gateway.orders().into_iter().map(|order| order_row(py, order)).collect()
    }

    fn executions<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let executions = self.gateway.executions();
        executions.into_iter().map(|execution| execution_row(py, execution)).collect()
    }
}

/// A field that may be absent or `None`.
fn field<'py, T>(of: &Bound<'py, PyDict>, name: &str) -> PyResult<Option<T>>
where
    T: for<'a> FromPyObject<'a, 'py, Error = PyErr>,
{
    let value = of.get_item(name)?.filter(|value| !value.is_none());
    value.map(|value| value.extract()).transpose()
}

fn fault_fields(of: &Bound<'_, PyDict>) -> PyResult<mock::FaultFields> {
    Ok(mock::FaultFields {
        kind: field(of, "kind")?,
        seconds: field(of, "seconds")?,
        code: field(of, "code")?,
        message: field(of, "message")?,
        quantity: field(of, "quantity")?,
        by: field(of, "by")?,
        bytes_per_second: field(of, "bytes_per_second")?,
        client: field(of, "client")?,
        count: field(of, "count")?,
        probability: field(of, "probability")?,
    })
}

fn limits_of(of: &Bound<'_, PyDict>) -> PyResult<mock::Limits> {
    let is_set = |name| Ok::<_, PyErr>(field(of, name)?.unwrap_or(false));
    let rate: Option<usize> = field(of, "messages_per_second")?;
    let (is_per_client, refusals) = (is_set("messages_per_client")?, field(of, "refusals")?);
    let rate = rate.map(|per_second| mock::MessageRate {
        per_second,
        is_per_client,
        refusals: refusals.unwrap_or(1),
    });
    Ok(mock::Limits {
        messages: rate,
        market_data_lines: field(of, "market_data_lines")?,
        depth: field(of, "depth")?,
        tick_by_tick: field(of, "tick_by_tick")?,
        open_historical: field(of, "open_historical")?,
        scanners: field(of, "scanners")?,
        account_summaries: field(of, "account_summaries")?,
        clients: field(of, "clients")?,
        active_orders: field(of, "active_orders")?,
        has_history_pacing: is_set("history_pacing")?,
    })
}

fn profile_of(of: &Bound<'_, PyDict>) -> PyResult<mock::Profile> {
    let is_set = |name| Ok::<_, PyErr>(field(of, name)?.unwrap_or(false));
    let zone: Option<Vec<u8>> = field(of, "zone")?;
    let host = mock::HostClock {
        zone: zone.unwrap_or_default(),
        minutes_ahead: field(of, "utc_offset_minutes")?.unwrap_or_default(),
    };
    Ok(mock::Profile {
        is_read_only: is_set("read_only")?,
        writes_utc_windows: is_set("utc_windows")?,
        has_idle_history_farm: is_set("idle_history_farm")?,
        samples_quotes: is_set("sampled_quotes")?,
        paces_account_updates: is_set("paced_account_updates")?,
        prefixes_ledger: is_set("ledger_prefix")?,
        host,
        texts: field(of, "texts")?.unwrap_or_default(),
    })
}

/// A span of the market's time, 0 included.
pub(crate) fn duration(py: Python<'_>, name: &str, seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|error| convert::invalid(py, format!("{name} of {seconds} s: {error}")))
}

/// The rules with those named changed; the facade knows the names.
fn market_rules(now: mock::MarketRules, named: &HashMap<String, bool>) -> mock::MarketRules {
    let rule = |name: &str, now: bool| named.get(name).copied().unwrap_or(now);
    mock::MarketRules {
        keeps_hours: rule("keeps_hours", now.keeps_hours),
        fills_by_size: rule("fills_by_size", now.fills_by_size),
        shows_pending_submit: rule("shows_pending_submit", now.shows_pending_submit),
        shows_pending_cancel: rule("shows_pending_cancel", now.shows_pending_cancel),
        cancels_across_clients: rule("cancels_across_clients", now.cancels_across_clients),
        sends_open_orders_on_connect: rule(
            "sends_open_orders_on_connect",
            now.sends_open_orders_on_connect,
        ),
        notes_default_tif: rule("notes_default_tif", now.notes_default_tif),
        previews_twice: rule("previews_twice", now.previews_twice),
        repeats_states: rule("repeats_states", now.repeats_states),
        protects_prices: rule("protects_prices", now.protects_prices),
        kills_immediate: rule("kills_immediate", now.kills_immediate),
        notes_missing_zone: rule("notes_missing_zone", now.notes_missing_zone),
        hides_algorithms: rule("hides_algorithms", now.hides_algorithms),
        notes_direct_routing: rule("notes_direct_routing", now.notes_direct_routing),
    }
}

fn request_row(py: Python<'_>, record: mock::RequestRecord) -> PyResult<Bound<'_, PyDict>> {
    let row = PyDict::new(py);
    row.set_item("client_id", record.client_id)?;
    row.set_item("kind", record.kind)?;
    let fields = PyDict::new(py);
    for (name, value) in record.fields {
        fields.set_item(name, value)?;
    }
    row.set_item("fields", fields)?;
    Ok(row)
}

fn order_row(py: Python<'_>, order: mock::OrderRecord) -> PyResult<Bound<'_, PyDict>> {
    let row = PyDict::new(py);
    row.set_item("account", order.account)?;
    row.set_item("client_id", order.client_id)?;
    row.set_item("order_id", order.order_id)?;
    row.set_item("perm_id", order.perm_id)?;
    row.set_item("order_ref", order.order_ref)?;
    row.set_item("symbol", order.symbol)?;
    row.set_item("action", order.action)?;
    row.set_item("order_type", order.order_type)?;
    row.set_item("quantity", order.quantity)?;
    row.set_item("filled", order.filled)?;
    row.set_item("status", order.status)?;
    row.set_item("limit_price", order.limit_price)?;
    row.set_item("stop_price", order.stop_price)?;
    Ok(row)
}

fn execution_row(py: Python<'_>, execution: mock::ExecutionRecord) -> PyResult<Bound<'_, PyDict>> {
    let row = PyDict::new(py);
    row.set_item("exec_id", execution.exec_id)?;
    row.set_item("order_id", execution.order_id)?;
    row.set_item("perm_id", execution.perm_id)?;
    row.set_item("order_ref", execution.order_ref)?;
    row.set_item("account", execution.account)?;
    row.set_item("symbol", execution.symbol)?;
    row.set_item("side", execution.side)?;
    row.set_item("quantity", execution.quantity)?;
    row.set_item("price", execution.price)?;
    row.set_item("commission", execution.commission)?;
    row.set_item("time", execution.time)?;
    Ok(row)
}

/// Runs the mock gateway's command line until a signal ends it; returns its exit status.
#[pyfunction]
pub(crate) fn run_mock_gateway(py: Python<'_>, arguments: Vec<String>) -> i32 {
    py.detach(|| mock::run(arguments))
}

/// Runs the recorder's command line until a signal ends it; returns its exit status.
#[pyfunction]
pub(crate) fn run_recorder(py: Python<'_>, arguments: Vec<String>) -> i32 {
    py.detach(|| mock::record(arguments))
}
