//! What the gateway says about orders, one value per message.

use rust_decimal::Decimal;

use super::{
    ClientId, Commission, Contract, Echo, Execution, Order, OrderId, OrderRef, OrderStatus, PermId,
};

/// One message of the gateway about an order.
#[derive(Debug, Clone, PartialEq)]
pub enum OrderEvent {
    /// The order and its state (`openOrder`).
    Open(Box<OpenOrder>),
    /// The state and quantities (`orderStatus`).
    Status(StatusReport),
    /// An order that has ended (`completedOrder`).
    Completed(Box<OpenOrder>),
    /// A fill (`execDetails`).
    Execution(Box<Execution>),
    /// The commission of a fill.
    Commission(Commission),
    /// A coded message naming the order.
    Notice(OrderNotice),
}

/// An order as the gateway echoes it.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenOrder {
    /// Transport handle; `None` where the gateway gives none.
    pub order_id: Option<OrderId>,
    /// Owner.
    pub client_id: ClientId,
    /// IB's identity, once there is one.
    pub perm_id: Option<PermId>,
    /// What is traded.
    pub contract: Contract,
    /// The order's values.
    pub order: Order,
    /// The whole order, for a change of it.
    pub echo: Option<Echo>,
    /// The reference it carries.
    pub order_ref: OrderRef,
    /// State, where the gateway's word is one we know.
    pub status: Option<OrderStatus>,
    /// Units filled; only completed orders say so here.
    pub filled: Option<Decimal>,
    /// A reason or warning in words, possibly empty.
    pub remark: String,
}

/// State and quantities of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusReport {
    /// Transport handle; `None` where the gateway gives none.
    pub order_id: Option<OrderId>,
    /// Owner.
    pub client_id: ClientId,
    /// IB's identity.
    pub perm_id: Option<PermId>,
    /// State, where the gateway's word is one we know.
    pub status: Option<OrderStatus>,
    /// Units filled.
    pub filled: Decimal,
    /// Units open.
    pub remaining: Decimal,
    /// Volume-weighted price of the fills.
    pub average_price: Option<f64>,
    /// Why the order waits, such as `trigger`.
    pub why_held: String,
}

/// A coded message naming an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderNotice {
    /// The order it names.
    pub order_id: OrderId,
    /// IB's code.
    pub code: i32,
    /// IB's text.
    pub message: String,
}
