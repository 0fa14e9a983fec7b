//! What a client does about orders. Nothing here waits for a lock or holds an order's fate: the
//! desk does.

use std::sync::Arc;
use std::time::Duration;

use super::{Client, unfinished};
use crate::error::Result;
use crate::model::{Contract, Fill, Order, OrderId, OrderKey, Trade};
use crate::orders::TradeHandle;

impl Client {
    /// Places an order and returns once the gateway acknowledged it. The same `key` with the same
    /// order returns the same trade. Dropping the future does not undo anything.
    ///
    /// # Errors
    /// `OrderRefused` (nothing was sent), `OrderRejected`, `OrderOutcomeUnknown` when the deadline
    /// passed after the write began, `DuplicateOrderKey`, `LiveTradingDisabled`, `ReadOnly`.
    pub async fn place(
        &self,
        _contract: Contract,
        _order: Order,
        _key: Option<OrderKey>,
        _timeout: Option<Duration>,
    ) -> Result<TradeHandle> {
        Err(unfinished())
    }

    /// Applies the same refusals as [`place`](Self::place) and sends nothing.
    ///
    /// # Errors
    /// Those of `place` that are decided here.
    pub async fn check_order(
        &self,
        _contract: Contract,
        _order: Order,
        _timeout: Option<Duration>,
    ) -> Result<()> {
        Err(unfinished())
    }

    /// Changes a working order; returns once the gateway echoes the new values.
    ///
    /// # Errors
    /// `OrderRejected` (the old order works on), `Order` when it can no longer be changed.
    pub async fn modify(
        &self,
        _order_id: OrderId,
        _order: Order,
        _timeout: Option<Duration>,
    ) -> Result<TradeHandle> {
        Err(unfinished())
    }

    /// Cancels an order; returns once the gateway confirmed it.
    ///
    /// # Errors
    /// `Order` with the detail `status` when it is unknown or already done,
    /// `OrderOutcomeUnknown` when no confirmation came in time.
    pub async fn cancel(
        &self,
        _order_id: OrderId,
        _timeout: Option<Duration>,
    ) -> Result<Arc<Trade>> {
        Err(unfinished())
    }

    /// Asks the gateway to cancel every working order of the login (reqGlobalCancel) and returns
    /// how many of this client's orders ended.
    ///
    /// # Errors
    /// `OrderOutcomeUnknown` when some are still working at the deadline.
    pub async fn cancel_all(&self, _timeout: Option<Duration>) -> Result<usize> {
        Err(unfinished())
    }

    /// This client's order with that id.
    #[must_use]
    pub fn trade(&self, _order_id: OrderId) -> Option<TradeHandle> {
        None
    }

    /// This client's orders of this session, finished ones included.
    #[must_use]
    pub fn trades(&self) -> Vec<TradeHandle> {
        Vec::new()
    }

    /// Working orders of every client of the login, as listed when the link opened and kept since.
    ///
    /// # Errors
    /// `StateUnknown` when they are not known within the timeout.
    pub async fn open_orders(&self, _timeout: Option<Duration>) -> Result<Vec<Arc<Trade>>> {
        Err(unfinished())
    }

    /// Orders that ended lately, asked anew.
    ///
    /// # Errors
    /// Connection errors.
    pub async fn completed_orders(&self, _timeout: Option<Duration>) -> Result<Vec<Trade>> {
        Err(unfinished())
    }

    /// Executions since midnight with their commissions, asked anew.
    ///
    /// # Errors
    /// Connection errors.
    pub async fn executions(&self, _timeout: Option<Duration>) -> Result<Vec<Fill>> {
        Err(unfinished())
    }
}
