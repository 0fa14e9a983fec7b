//! What happened on the exchange, in the order a gateway tells of it.

use rust_decimal::Decimal;

use super::ids::{ConId, OrderKey, PermId};
use super::order::{Action, Order};

/// One thing to tell.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A coded text on an order id.
    Coded { to: OrderKey, code: i32, text: String },
    /// The order in its present state: openOrder and orderStatus as a pair (O1). A stop's first
    /// openOrder carries a passing limit price (O8).
    Shown { order: Box<Order>, passing_limit: Option<Decimal> },
    /// The order's openOrder alone (O10).
    Opened(Box<Order>),
    /// The order's orderStatus alone (O26).
    Stated(Box<Order>),
    /// An execution.
    Executed(Box<Execution>),
    /// A position has another quantity or cost.
    Moved { account: String, con_id: ConId },
    /// The commission of an execution told before (O53).
    Charged(Box<Execution>),
}

/// A fill, whole or partial.
#[derive(Clone, Debug)]
pub(crate) struct Execution {
    pub(crate) exec_id: String,
    pub(crate) key: OrderKey,
    pub(crate) perm_id: PermId,
    pub(crate) order_ref: String,
    pub(crate) account: String,
    pub(crate) con_id: ConId,
    pub(crate) action: Action,
    pub(crate) quantity: Decimal,
    pub(crate) price: Decimal,
    /// Filled by the order up to and including this execution, and at what average.
    pub(crate) cumulative: Decimal,
    pub(crate) average_price: Decimal,
    pub(crate) commission: Decimal,
    /// `None` on a trade that only opens (E6).
    pub(crate) realized: Option<Decimal>,
    /// A correction took its place (B17).
    pub(crate) is_replaced: bool,
    /// Epoch seconds.
    pub(crate) time: i64,
}
