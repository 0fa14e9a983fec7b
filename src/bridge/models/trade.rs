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
    #[getter]
    fn execution_id(&self) -> &str {
        &self.0.execution_id.0
    }

    #[getter]
    fn perm_id(&self) -> Option<i64> {
        self.0.perm_id.map(|id| id.0)
    }

    #[getter]
    fn order_id(&self) -> Option<i32> {
        self.0.order_id.map(|id| id.0)
    }

    #[getter]
    fn client_id(&self) -> i32 {
        self.0.client_id.0
    }

    #[getter]
    fn account(&self) -> &str {
        &self.0.account.0
    }

    #[getter]
    fn contract(&self) -> Contract {
        Contract(self.0.contract.clone())
    }

    #[getter]
    fn action(&self) -> &'static str {
        self.0.action.as_str()
    }

    #[getter]
    fn quantity(&self) -> Decimal {
        self.0.quantity
    }

    #[getter]
    fn price(&self) -> f64 {
        self.0.price
    }

    #[getter]
    fn exchange(&self) -> &str {
        &self.0.exchange
    }

    #[getter]
    fn time(&self) -> Option<UtcDateTime> {
        self.0.time.map(convert::utc)
    }

    #[getter]
    fn order_ref(&self) -> &str {
        &self.0.order_ref
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

/// The commission of one execution.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Commission(model::Commission);

#[pymethods]
impl Commission {
    #[getter]
    fn execution_id(&self) -> &str {
        &self.0.execution_id.0
    }

    #[getter]
    fn amount(&self) -> Option<f64> {
        self.0.amount
    }

    #[getter]
    fn currency(&self) -> &str {
        &self.0.currency
    }

    #[getter]
    fn realized_pnl(&self) -> Option<f64> {
        self.0.realized_pnl
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
    #[getter]
    fn execution(&self) -> Execution {
        Execution(self.0.execution.clone())
    }

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
    #[getter]
    fn time(&self) -> UtcDateTime {
        convert::utc(self.0.time)
    }

    #[getter]
    fn status(&self) -> &'static str {
        self.0.status.as_str()
    }

    #[getter]
    fn message(&self) -> &str {
        &self.0.message
    }

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

/// An order and everything known about it: followed as it changes, or as it was at one moment.
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
    #[getter]
    fn key(&self) -> Option<String> {
        self.latest().key.as_ref().map(ToString::to_string)
    }

    #[getter]
    fn order_id(&self) -> i32 {
        self.latest().order_id.0
    }

    #[getter]
    fn client_id(&self) -> i32 {
        self.latest().client_id.0
    }

    #[getter]
    fn perm_id(&self) -> Option<i64> {
        self.latest().perm_id.map(|id| id.0)
    }

    #[getter]
    fn account(&self) -> Option<String> {
        self.latest().account.as_ref().map(|account| account.0.clone())
    }

    #[getter]
    fn contract(&self) -> Contract {
        Contract(self.latest().contract.clone())
    }

    #[getter]
    fn order(&self) -> Order {
        Order(self.latest().order.clone())
    }

    #[getter]
    fn status(&self) -> &'static str {
        self.latest().status.as_str()
    }

    #[getter]
    fn filled(&self) -> Decimal {
        self.latest().filled
    }

    #[getter]
    fn remaining(&self) -> Decimal {
        self.latest().remaining
    }

    #[getter]
    fn average_price(&self) -> Option<f64> {
        self.latest().average_price
    }

    #[getter]
    fn fills<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let trade = self.latest();
        let fills = trade.fills.iter().map(|fill| Py::new(py, Fill(fill.clone())));
        PyTuple::new(py, fills.collect::<PyResult<Vec<_>>>()?)
    }

    /// Sum of the known commissions.
    #[getter]
    fn commission(&self) -> Option<f64> {
        self.latest().commission()
    }

    #[getter]
    fn log<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let trade = self.latest();
        let lines = trade.log.iter().map(|event| Py::new(py, TradeEvent(event.clone())));
        PyTuple::new(py, lines.collect::<PyResult<Vec<_>>>()?)
    }

    #[getter]
    fn why_held(&self) -> String {
        self.latest().why_held.clone()
    }

    #[getter]
    fn rejection(&self) -> Option<(i32, String)> {
        self.latest().rejection.clone()
    }

    #[getter]
    fn submitted_at(&self) -> Option<UtcDateTime> {
        self.latest().submitted_at.map(convert::utc)
    }

    #[getter]
    fn filled_at(&self) -> Option<UtcDateTime> {
        self.latest().filled_at.map(convert::utc)
    }

    #[getter]
    fn is_done(&self) -> bool {
        self.latest().is_done()
    }

    #[getter]
    fn repeated(&self) -> bool {
        match &self.0 {
            State::Followed(handle) => handle.is_repeated(),
            State::Moment(trade) => trade.repeated,
        }
    }

    /// Waits until the order can no longer fill; the answer is that final moment.
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
