//! Trades, executions and commissions as Python sees them.

use std::sync::Arc;

use aioibkr_core::model::{self, ClientId, OrderId};
use aioibkr_core::{Error, ErrorKind, TradeHandle};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use rust_decimal::Decimal;
use time::UtcDateTime;

use super::contract::Contract;
use super::hash_of;
use super::order::Order;
use super::text::{Repr, Verbatim};
use crate::coroutine::coroutine;
use crate::{convert, request};

/// One execution.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Execution(model::Execution);

#[pymethods]
impl Execution {
    /// IB's identity of the execution.
    #[getter]
    fn execution_id(&self) -> &str {
        &self.0.execution_id.0
    }

    /// The order's identity in the account.
    #[getter]
    fn perm_id(&self) -> Option<i64> {
        self.0.perm_id.map(|id| id.0)
    }

    /// The order's transport handle.
    #[getter]
    fn order_id(&self) -> Option<i32> {
        self.0.order_id.map(|id| id.0)
    }

    /// The client that placed the order.
    #[getter]
    fn client_id(&self) -> i32 {
        self.0.client_id.0
    }

    /// The account.
    #[getter]
    fn account(&self) -> &str {
        &self.0.account.0
    }

    /// What was traded.
    #[getter]
    fn contract(&self) -> Contract {
        Contract(self.0.contract.clone())
    }

    /// Bought or sold.
    #[getter]
    fn action(&self) -> &'static str {
        self.0.action.as_str()
    }

    /// Units.
    #[getter]
    fn quantity(&self) -> Decimal {
        self.0.quantity
    }

    /// Price per unit.
    #[getter]
    fn price(&self) -> f64 {
        self.0.price
    }

    /// Venue.
    #[getter]
    fn exchange(&self) -> &str {
        &self.0.exchange
    }

    /// When, UTC; None if IB's text could not be read.
    #[getter]
    fn time(&self) -> Option<UtcDateTime> {
        self.0.time.map(convert::utc)
    }

    /// The order's reference as sent, our key included.
    #[getter]
    fn order_ref(&self) -> &str {
        &self.0.order_ref
    }

    /// Units of the order filled so far, this execution included.
    #[getter]
    fn cumulative_quantity(&self) -> Option<Decimal> {
        self.0.cumulative_quantity
    }

    /// Average price of the order's fills so far, per unit.
    #[getter]
    fn average_price(&self) -> Option<f64> {
        self.0.average_price
    }

    /// What it did to liquidity: 1 added, 2 removed, 3 routed out.
    #[getter]
    fn last_liquidity(&self) -> Option<i32> {
        self.0.last_liquidity
    }

    /// Whether IB closed the position by force.
    #[getter]
    fn is_liquidation(&self) -> bool {
        self.0.is_liquidation
    }

    /// Whether the price may still be revised.
    #[getter]
    fn price_revision_pending(&self) -> bool {
        self.0.price_revision_pending
    }

    /// Rule of the economic value.
    #[getter]
    fn ev_rule(&self) -> &str {
        &self.0.ev_rule
    }

    /// Multiplier of the economic value.
    #[getter]
    fn ev_multiplier(&self) -> Option<f64> {
        self.0.ev_multiplier
    }

    /// Portfolio model of the order.
    #[getter]
    fn model_code(&self) -> &str {
        &self.0.model_code
    }

    /// Who submitted the order.
    #[getter]
    fn submitter(&self) -> &str {
        &self.0.submitter
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        hash_of(&self.0.execution_id)
    }

    fn __repr__(&self) -> String {
        Repr::of("Execution")
            .field("execution_id", self.execution_id())
            .field("order_id", &self.order_id())
            .field("action", self.action())
            .field("quantity", &self.0.quantity)
            .field("symbol", &self.0.contract.symbol)
            .field("price", &self.0.price)
            .field("time", &self.0.time)
            .end()
    }
}

/// The commission of one execution; None where IB has not computed it.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Commission(model::Commission);

#[pymethods]
impl Commission {
    /// The execution it belongs to.
    #[getter]
    fn execution_id(&self) -> &str {
        &self.0.execution_id.0
    }

    /// Amount; negative for rebates.
    #[getter]
    fn amount(&self) -> Option<f64> {
        self.0.amount
    }

    /// Currency of the amount.
    #[getter]
    fn currency(&self) -> &str {
        &self.0.currency
    }

    /// Realized P&L of a closing trade.
    #[getter]
    fn realized_pnl(&self) -> Option<f64> {
        self.0.realized_pnl
    }

    /// Yield of a bond.
    #[getter]
    fn bond_yield(&self) -> Option<f64> {
        self.0.bond_yield
    }

    /// Redemption date the yield is for, as IB writes it; empty where there is none.
    #[getter]
    fn yield_redemption_date(&self) -> &str {
        &self.0.yield_redemption_date
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        hash_of(&self.0.execution_id)
    }

    fn __repr__(&self) -> String {
        Repr::of("Commission")
            .field("execution_id", self.execution_id())
            .field("amount", &self.0.amount)
            .field("currency", self.currency())
            .field("realized_pnl", &self.0.realized_pnl)
            .end()
    }
}

/// An execution with its commission, once known.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Fill(pub(crate) model::Fill);

#[pymethods]
impl Fill {
    /// The execution.
    #[getter]
    fn execution(&self) -> Execution {
        Execution(self.0.execution.clone())
    }

    /// Its commission.
    #[getter]
    fn commission(&self) -> Option<Commission> {
        self.0.commission.clone().map(Commission)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        hash_of(&self.0.execution.execution_id)
    }

    fn __repr__(&self) -> String {
        let commission = self.commission().map(|commission| Verbatim(commission.__repr__()));
        Repr::of("Fill")
            .field("execution", &Verbatim(self.execution().__repr__()))
            .field("commission", &commission)
            .end()
    }
}

/// One line of a trade's log.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct TradeEvent(model::TradeEvent);

#[pymethods]
impl TradeEvent {
    /// When it was seen, UTC.
    #[getter]
    fn time(&self) -> UtcDateTime {
        convert::utc(self.0.time)
    }

    /// The state after it.
    #[getter]
    fn status(&self) -> &'static str {
        self.0.status.as_str()
    }

    /// What happened, in words.
    #[getter]
    fn message(&self) -> &str {
        &self.0.message
    }

    /// IB's code, for refusals and warnings.
    #[getter]
    fn code(&self) -> Option<i32> {
        self.0.code
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        hash_of((self.0.time, self.0.status, self.0.code))
    }

    fn __repr__(&self) -> String {
        Repr::of("TradeEvent")
            .field("time", &self.0.time)
            .field("status", self.status())
            .field("message", self.message())
            .field("code", &self.0.code)
            .end()
    }
}

/// An order and everything known about it.
///
/// A trade of this client is followed: its properties are those of this moment. Another client's,
/// a completed one, and the answers of ``cancel`` and ``done`` are as they were at one moment.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Trade(State);

#[derive(Clone)]
enum State {
    Followed(TradeHandle),
    Moment(Arc<model::Trade>),
}

impl Trade {
    pub(crate) fn followed(handle: TradeHandle) -> Self {
        Self(State::Followed(handle))
    }

    pub(crate) fn moment(trade: Arc<model::Trade>) -> Self {
        Self(State::Moment(trade))
    }

    /// The transport handle and the client that owns it.
    pub(crate) fn owner(&self) -> (ClientId, OrderId) {
        let trade = self.latest();
        (trade.client_id, trade.order_id)
    }

    fn latest(&self) -> Arc<model::Trade> {
        match &self.0 {
            State::Followed(handle) => handle.latest(),
            State::Moment(trade) => Arc::clone(trade),
        }
    }
}

#[pymethods]
impl Trade {
    /// Our durable name of the order; None on orders of other programs.
    #[getter]
    fn key(&self) -> Option<String> {
        self.latest().key.as_ref().map(ToString::to_string)
    }

    /// Transport handle, unique per client id only.
    #[getter]
    fn order_id(&self) -> i32 {
        self.latest().order_id.0
    }

    /// The client that owns the order.
    #[getter]
    fn client_id(&self) -> i32 {
        self.latest().client_id.0
    }

    /// IB's identity, once acknowledged.
    #[getter]
    fn perm_id(&self) -> Option<i64> {
        self.latest().perm_id.map(|id| id.0)
    }

    /// The account.
    #[getter]
    fn account(&self) -> Option<String> {
        self.latest().account.as_ref().map(|account| account.0.clone())
    }

    /// What is traded.
    #[getter]
    fn contract(&self) -> Contract {
        Contract(self.latest().contract.clone())
    }

    /// The order as last wished, or as the gateway echoes it.
    #[getter]
    fn order(&self) -> Order {
        Order(self.latest().order.clone())
    }

    /// IB's state; a partial fill is Submitted with a filled quantity.
    #[getter]
    fn status(&self) -> &'static str {
        self.latest().status.as_str()
    }

    /// Units filled.
    #[getter]
    fn filled(&self) -> Decimal {
        self.latest().filled
    }

    /// Units still open.
    #[getter]
    fn remaining(&self) -> Decimal {
        self.latest().remaining
    }

    /// Volume-weighted fill price; None before the first fill.
    #[getter]
    fn average_price(&self) -> Option<f64> {
        self.latest().average_price
    }

    /// Executions in the order they came.
    #[getter]
    fn fills<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let trade = self.latest();
        let fills = trade.fills.iter().map(|fill| Py::new(py, Fill(fill.clone())));
        PyTuple::new(py, fills.collect::<PyResult<Vec<_>>>()?)
    }

    /// Sum of the known commissions; None before the first.
    #[getter]
    fn commission(&self) -> Option<f64> {
        self.latest().commission()
    }

    /// What happened to it.
    #[getter]
    fn log<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let trade = self.latest();
        let lines = trade.log.iter().map(|event| Py::new(py, TradeEvent(event.clone())));
        PyTuple::new(py, lines.collect::<PyResult<Vec<_>>>()?)
    }

    /// Why IB holds it, such as trigger or locate.
    #[getter]
    fn why_held(&self) -> String {
        self.latest().why_held.clone()
    }

    /// IB's code and text, if it was refused.
    #[getter]
    fn rejection(&self) -> Option<(i32, String)> {
        self.latest().rejection.clone()
    }

    /// When it was sent, UTC; None for orders found at the gateway.
    #[getter]
    fn submitted_at(&self) -> Option<UtcDateTime> {
        self.latest().submitted_at.map(convert::utc)
    }

    /// When it was filled completely, UTC.
    #[getter]
    fn filled_at(&self) -> Option<UtcDateTime> {
        self.latest().filled_at.map(convert::utc)
    }

    /// Whether it can no longer fill.
    #[getter]
    fn is_done(&self) -> bool {
        self.latest().is_done()
    }

    /// Whether the key returned an earlier trade.
    #[getter]
    fn repeated(&self) -> bool {
        match &self.0 {
            State::Followed(handle) => handle.is_repeated(),
            State::Moment(trade) => trade.repeated,
        }
    }

    /// Wait until the order can no longer fill; the answer is the trade at that moment.
    ///
    /// Without a timeout it waits as long as the client is open; a lost link does not end it.
    /// Raises ``RequestTimeout`` when the time is over, ``NotConnected`` when the client was closed
    /// first, ``StateUnknown`` for a working order that is not followed, ``OrderOutcomeUnknown``
    /// for one that has ended and nothing tells how. A cancelled await changes nothing.
    #[pyo3(signature = (*, timeout=None))]
    fn done<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let state = self.0.clone();
        let settled = async move {
            match state {
                State::Followed(handle) => handle.done(timeout).await,
                State::Moment(trade) if trade.is_done() => Ok(trade),
                State::Moment(trade) => Err(not_followed(&trade)),
            }
        };
        let awaitable =
            request::read(py, settled, |py, trade| super::object(py, Self::moment(trade)))?;
        coroutine(py, awaitable)
    }

    fn __repr__(&self) -> String {
        let trade = self.latest();
        Repr::of("Trade")
            .field("order_id", &trade.order_id.0)
            .field("status", trade.status.as_str())
            .field("action", trade.order.action.as_str())
            .field("quantity", &trade.order.quantity)
            .field("symbol", &trade.contract.symbol)
            .field("filled", &trade.filled)
            .field("average_price", &trade.average_price)
            .field("key", &trade.key.as_ref().map(ToString::to_string))
            .end()
    }
}

fn not_followed(trade: &model::Trade) -> Error {
    let text = format!(
        "order {} of client {} is not followed here: ask for the open orders again",
        trade.order_id, trade.client_id
    );
    Error::new(ErrorKind::StateUnknown, text)
}
