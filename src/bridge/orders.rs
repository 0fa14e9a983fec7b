//! Orders: what a client does about them, and what it reads of them.

use std::sync::Arc;

use aioibkr_core::model::{self, ClientId, OrderId};
use aioibkr_core::{Error, ErrorKind};
use pyo3::prelude::*;

use crate::awaitable::Awaitable;
use crate::client::{Client, future_into_py};
use crate::models::{self, Contract, Fill, Order, Trade};
use crate::text::Text;
use crate::{convert, errors, request};

/// How a caller names an order of this client.
#[derive(FromPyObject)]
enum OrderName<'py> {
    Trade(Bound<'py, Trade>),
    Id(i32),
}

#[pymethods]
impl Client {
    #[pyo3(signature = (contract, order, *, key=None, timeout=None))]
    fn place(
        &self,
        py: Python<'_>,
        contract: &Bound<'_, Contract>,
        order: &Bound<'_, Order>,
        key: Option<Text>,
        timeout: Option<f64>,
    ) -> PyResult<Awaitable> {
        let key = convert::order_key(py, key)?;
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let client = self.core.clone();
        let (contract, order) = (contract.get().0.clone(), order.get().0.clone());
        let answer = async move { client.place(contract, order, key, timeout).await };
        request::effect(py, answer, |py, handle| models::object(py, Trade::followed(handle)))
    }

    #[pyo3(signature = (contract, order, *, timeout=None))]
    fn check_order(
        &self,
        py: Python<'_>,
        contract: &Bound<'_, Contract>,
        order: &Bound<'_, Order>,
        timeout: Option<f64>,
    ) -> PyResult<Awaitable> {
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let client = self.core.clone();
        let (contract, order) = (contract.get().0.clone(), order.get().0.clone());
        let answer = async move { client.check_order(contract, order, timeout).await };
        request::read(py, answer, crate::client::nothing)
    }

    #[pyo3(signature = (trade, order, *, timeout=None))]
    fn modify(
        &self,
        py: Python<'_>,
        trade: OrderName<'_>,
        order: &Bound<'_, Order>,
        timeout: Option<f64>,
    ) -> PyResult<Awaitable> {
        let order_id = self.own(py, &trade)?;
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let (client, order) = (self.core.clone(), order.get().0.clone());
        let answer = async move { client.modify(order_id, order, timeout).await };
        request::effect(py, answer, |py, handle| models::object(py, Trade::followed(handle)))
    }

    #[pyo3(signature = (trade, *, timeout=None))]
    fn cancel(
        &self,
        py: Python<'_>,
        trade: OrderName<'_>,
        timeout: Option<f64>,
    ) -> PyResult<Awaitable> {
        let order_id = self.own(py, &trade)?;
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let client = self.core.clone();
        let answer = async move { client.cancel(order_id, timeout).await };
        request::effect(py, answer, |py, trade| models::object(py, Trade::moment(trade)))
    }

    #[pyo3(signature = (*, timeout=None))]
    fn cancel_all(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Awaitable> {
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let client = self.core.clone();
        let answer = async move { client.cancel_all(timeout).await };
        request::effect(py, answer, |py, count| Ok(count.into_pyobject(py)?.into_any().unbind()))
    }

    fn trade(&self, order_id: i32) -> Option<Trade> {
        self.core.trade(OrderId(order_id)).map(Trade::followed)
    }

    fn trades(&self) -> Vec<Trade> {
        self.core.trades().into_iter().map(Trade::followed).collect()
    }

    #[pyo3(signature = (*, timeout=None, wait=true, retry=false))]
    fn open_orders(
        &self,
        py: Python<'_>,
        timeout: Option<f64>,
        wait: bool,
        retry: bool,
    ) -> PyResult<Awaitable> {
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let (client, client_id) = (self.reading(wait, retry), self.core.client_id());
        let follower = self.core.clone();
        let answer = async move { client.open_orders(timeout).await };
        request::read(py, answer, move |py, trades| {
            models::list(py, trades, |trade| follow(&follower, client_id, trade))
        })
    }

    #[pyo3(signature = (*, timeout=None, wait=true, retry=false))]
    fn completed_orders<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<f64>,
        wait: bool,
        retry: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let client = self.reading(wait, retry);
        future_into_py(py, async move {
            let trades = client.completed_orders(timeout).await?;
            let moments = trades.into_iter().map(|trade| Trade::moment(Arc::new(trade)));
            Ok(moments.collect::<Vec<_>>())
        })
    }

    #[pyo3(signature = (*, timeout=None, wait=true, retry=false))]
    fn executions(
        &self,
        py: Python<'_>,
        timeout: Option<f64>,
        wait: bool,
        retry: bool,
    ) -> PyResult<Awaitable> {
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let client = self.reading(wait, retry);
        let answer = async move { client.executions(timeout).await };
        request::read(py, answer, |py, fills| models::list(py, fills, Fill))
    }
}

impl Client {
    /// The id of an order that this client may change. Order ids are unique per client only, so
    /// another client's trade must never stand for ours of the same number.
    fn own(&self, py: Python<'_>, name: &OrderName<'_>) -> PyResult<OrderId> {
        let trade = match name {
            OrderName::Id(id) => return Ok(OrderId(*id)),
            OrderName::Trade(trade) => trade,
        };
        let (client_id, order_id) = trade.get().owner();
        if client_id == self.core.client_id() {
            return Ok(order_id);
        }
        let error = Error::new(
            ErrorKind::Order,
            format!("order {order_id} belongs to client {client_id}: only that one can change it"),
        );
        Err(errors::to_py(py, &error))
    }
}

/// Our own trade goes on changing; another client's is told as it was listed.
fn follow(client: &aioibkr_core::Client, own: ClientId, trade: Arc<model::Trade>) -> Trade {
    let handle = (trade.client_id == own).then(|| client.trade(trade.order_id)).flatten();
    handle.map_or_else(|| Trade::moment(trade), Trade::followed)
}
