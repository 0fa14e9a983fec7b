//! A trade: an order together with everything the gateway has said about it.

use std::fmt;

use rust_decimal::Decimal;
use time::OffsetDateTime;

use super::{AccountId, Action, ClientId, Contract, ExecutionId, Order, OrderId, OrderKey, PermId};

/// IB's order states. There is no "partially filled": that is `Submitted` with a filled quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderStatus {
    /// Known here, not acknowledged by the gateway.
    PendingSubmit,
    /// Accepted by IB, waiting for its moment (a stop for its trigger).
    PreSubmitted,
    /// Working.
    Submitted,
    /// A cancel was asked for; the order can still fill.
    PendingCancel,
    /// Cancelled before it reached the exchange.
    ApiCancelled,
    /// Cancelled.
    Cancelled,
    /// Filled completely.
    Filled,
    /// Refused or held; IB may revive it after a change.
    Inactive,
    /// Not among the gateway's open orders any more, and nothing told how it ended. Ours, not IB's.
    Unknown,
}

impl OrderStatus {
    /// Every state with its word.
    pub const NAMES: [(Self, &'static str); 9] = [
        (Self::PendingSubmit, "PendingSubmit"),
        (Self::PreSubmitted, "PreSubmitted"),
        (Self::Submitted, "Submitted"),
        (Self::PendingCancel, "PendingCancel"),
        (Self::ApiCancelled, "ApiCancelled"),
        (Self::Cancelled, "Cancelled"),
        (Self::Filled, "Filled"),
        (Self::Inactive, "Inactive"),
        (Self::Unknown, "Unknown"),
    ];

    /// IB's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }

    /// Reads IB's word.
    #[must_use]
    pub fn from_wire(name: &str) -> Option<Self> {
        let named = Self::NAMES.iter().find(|(_, word)| *word == name);
        named.map(|(state, _)| *state).filter(|state| *state != Self::Unknown)
    }

    /// Whether the order can no longer fill.
    #[must_use]
    pub fn is_done(self) -> bool {
        matches!(
            self,
            Self::ApiCancelled | Self::Cancelled | Self::Filled | Self::Inactive | Self::Unknown
        )
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One execution (IB's `execDetails`).
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// IB's identity of the execution.
    pub execution_id: ExecutionId,
    /// The order's identity in the account.
    pub perm_id: Option<PermId>,
    /// The order's transport handle; `None` where IB gives none.
    pub order_id: Option<OrderId>,
    /// The client that placed the order.
    pub client_id: ClientId,
    /// The account.
    pub account: AccountId,
    /// What was traded.
    pub contract: Contract,
    /// Bought or sold.
    pub action: Action,
    /// Units.
    pub quantity: Decimal,
    /// Price per unit.
    pub price: f64,
    /// Venue.
    pub exchange: String,
    /// When, UTC; `None` if IB's text could not be read.
    pub time: Option<OffsetDateTime>,
    /// The order's reference as sent, our key included.
    pub order_ref: String,
    /// Units of the order filled so far, this execution included (IB: `cumQty`).
    pub cumulative_quantity: Option<Decimal>,
    /// Average price of the order's fills so far, per unit (IB: `avgPrice`).
    pub average_price: Option<f64>,
    /// What it did to liquidity: 1 added, 2 removed, 3 routed out (IB: `lastLiquidity`).
    pub last_liquidity: Option<i32>,
    /// Whether IB closed the position by force (IB: `liquidation`).
    pub is_liquidation: bool,
    /// Whether the price may still be revised (IB: `pendingPriceRevision`).
    pub price_revision_pending: bool,
    /// Rule of the economic value (IB: `evRule`).
    pub ev_rule: String,
    /// Multiplier of the economic value (IB: `evMultiplier`).
    pub ev_multiplier: Option<f64>,
    /// Portfolio model of the order (IB: `modelCode`).
    pub model_code: String,
    /// Who submitted the order (IB: `submitter`).
    pub submitter: String,
}

#[cfg(test)]
impl Execution {
    /// A purchase of AAPL by client 7 for its order 1, with nothing said besides.
    pub(crate) fn of_test(id: &str, quantity: i64, price: f64) -> Self {
        Self {
            execution_id: ExecutionId(id.into()),
            perm_id: Some(PermId(9)),
            order_id: Some(OrderId(1)),
            client_id: ClientId(7),
            account: AccountId("DU1".into()),
            contract: Contract::stock("AAPL"),
            action: Action::Buy,
            quantity: quantity.into(),
            price,
            exchange: String::new(),
            time: None,
            order_ref: String::new(),
            cumulative_quantity: None,
            average_price: None,
            last_liquidity: None,
            is_liquidation: false,
            price_revision_pending: false,
            ev_rule: String::new(),
            ev_multiplier: None,
            model_code: String::new(),
            submitter: String::new(),
        }
    }
}

/// The commission of one execution; parts IB has not computed are `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Commission {
    /// The execution it belongs to.
    pub execution_id: ExecutionId,
    /// Amount; negative for rebates.
    pub amount: Option<f64>,
    /// Currency of the amount.
    pub currency: String,
    /// Realized P&L of a closing trade.
    pub realized_pnl: Option<f64>,
    /// Yield of a bond (IB: `yield`).
    pub bond_yield: Option<f64>,
    /// Redemption date the yield is for, as IB writes it; empty where there is none (IB: `yieldRedemptionDate`).
    pub yield_redemption_date: String,
}

/// An execution with its commission, once known.
#[derive(Debug, Clone, PartialEq)]
pub struct Fill {
    /// The execution.
    pub execution: Execution,
    /// Its commission.
    pub commission: Option<Commission>,
}

/// One line of a trade's log.
#[derive(Debug, Clone, PartialEq)]
pub struct TradeEvent {
    /// When it was seen.
    pub time: OffsetDateTime,
    /// The state after it.
    pub status: OrderStatus,
    /// What happened, in words.
    pub message: String,
    /// IB's code, for refusals and warnings.
    pub code: Option<i32>,
}

/// An order and everything known about it. Snapshots are immutable; the desk makes new ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Trade {
    /// Our key; `None` on orders of other programs.
    pub key: Option<OrderKey>,
    /// Transport handle.
    pub order_id: OrderId,
    /// The client that owns the order.
    pub client_id: ClientId,
    /// IB's identity, once acknowledged.
    pub perm_id: Option<PermId>,
    /// The account.
    pub account: Option<AccountId>,
    /// What is traded.
    pub contract: Contract,
    /// The order as last wished or as the gateway echoes it.
    pub order: Order,
    /// IB's state.
    pub status: OrderStatus,
    /// Units filled.
    pub filled: Decimal,
    /// Units still open.
    pub remaining: Decimal,
    /// Volume-weighted fill price; `None` before the first fill.
    pub average_price: Option<f64>,
    /// Executions in the order they came.
    pub fills: Vec<Fill>,
    /// What happened to it.
    pub log: Vec<TradeEvent>,
    /// Why IB holds it, such as `trigger` or `locate`.
    pub why_held: String,
    /// The refusal, if it was refused: IB's code and text.
    pub rejection: Option<(i32, String)>,
    /// When it was sent; `None` for orders found at the gateway.
    pub submitted_at: Option<OffsetDateTime>,
    /// When it was filled completely.
    pub filled_at: Option<OffsetDateTime>,
    /// Whether `place` was answered from an earlier trade with the same key.
    pub repeated: bool,
}

impl Trade {
    /// Sum of the known commissions; `None` before the first.
    #[must_use]
    pub fn commission(&self) -> Option<f64> {
        let known = self.fills.iter().filter_map(|fill| fill.commission.as_ref()?.amount);
        known.fold(None, |sum, amount| Some(sum.unwrap_or(0.0) + amount))
    }

    /// Whether the gateway has confirmed that it knows the order.
    #[must_use]
    pub fn is_acknowledged(&self) -> bool {
        self.perm_id.is_some()
            || !self.fills.is_empty()
            || !matches!(self.status, OrderStatus::PendingSubmit)
    }

    /// What a person calls it by: its key, or the order id of one that has none.
    #[must_use]
    pub fn name(&self) -> String {
        self.key.as_ref().map_or_else(|| self.order_id.to_string(), ToString::to_string)
    }

    /// Whether it ended and nothing tells how.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.status == OrderStatus::Unknown
    }

    /// Whether it can no longer fill.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.status.is_done()
    }
}
