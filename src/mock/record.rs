//! What the gateway tells a test about orders and executions.

use crate::exchange::number::double;
use crate::exchange::{ConId, Execution, Order};
use crate::world::World;

/// An order as the gateway knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderRecord {
    /// The account it trades for.
    pub account: String,
    /// The id of the client that placed it.
    pub client_id: i32,
    /// The id its client gave it.
    pub order_id: i32,
    /// The permanent id the gateway gave it.
    pub perm_id: i64,
    /// The client's own reference, as sent.
    pub order_ref: String,
    /// The symbol of its contract.
    pub symbol: String,
    /// `BUY` or `SELL`.
    pub action: String,
    /// Order type as on the wire, such as `STP LMT`.
    pub order_type: String,
    /// Units ordered in all.
    pub quantity: f64,
    /// Units filled so far.
    pub filled: f64,
    /// Status as on the wire; `ApiPending` for an order that is not transmitted.
    pub status: String,
    /// Limit price, if it has one.
    pub limit_price: Option<f64>,
    /// Stop price, if it has one.
    pub stop_price: Option<f64>,
}

/// An execution as the gateway knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecutionRecord {
    /// Unique id of the execution.
    pub exec_id: String,
    /// The id its client gave the order.
    pub order_id: i32,
    /// The permanent id of the order.
    pub perm_id: i64,
    /// The client's own reference of the order.
    pub order_ref: String,
    /// The account it traded for.
    pub account: String,
    /// The symbol of its contract.
    pub symbol: String,
    /// `BOT` or `SLD`.
    pub side: String,
    /// Units traded.
    pub quantity: f64,
    /// Price per unit.
    pub price: f64,
    /// Commission charged for it, in USD.
    pub commission: f64,
    /// Epoch seconds.
    pub time: i64,
}

impl OrderRecord {
    pub(crate) fn of(world: &World, order: &Order) -> Self {
        let ticket = &order.ticket;
        Self {
            account: ticket.account.clone(),
            client_id: order.key.client.0,
            order_id: order.key.order.0,
            perm_id: order.perm_id.0,
            order_ref: ticket.order_ref.clone(),
            symbol: symbol_of(world, ticket.con_id),
            action: ticket.action.code().to_owned(),
            order_type: ticket.kind.code().to_owned(),
            quantity: double(ticket.quantity),
            filled: double(order.filled),
            status: order.status.name().to_owned(),
            limit_price: ticket.limit.map(double),
            stop_price: ticket.stop.map(double),
        }
    }
}

impl ExecutionRecord {
    pub(crate) fn of(world: &World, execution: &Execution) -> Self {
        Self {
            exec_id: execution.exec_id.clone(),
            order_id: execution.key.order.0,
            perm_id: execution.perm_id.0,
            order_ref: execution.order_ref.clone(),
            account: execution.account.clone(),
            symbol: symbol_of(world, execution.con_id),
            side: execution.action.side().to_owned(),
            quantity: double(execution.quantity),
            price: double(execution.price),
            commission: double(execution.commission),
            time: execution.time,
        }
    }
}

fn symbol_of(world: &World, con_id: ConId) -> String {
    world.exchange.listing.get(con_id).map(|found| found.symbol.clone()).unwrap_or_default()
}
