//! An order: what was asked for and how far it has come.
//!
//! | from | to | when |
//! |---|---|---|
//! | held | PreSubmitted, Submitted | transmitted |
//! | PreSubmitted | Submitted | triggered, or the parent filled |
//! | PreSubmitted, Submitted | Filled | nothing remains |
//! | PreSubmitted, Submitted | PendingCancel, Cancelled | cancelled |
//! | (new) | Inactive | refused by the broker |

use rust_decimal::Decimal;

use super::ids::{ConId, OrderId, OrderKey, PermId};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Buy,
    Sell,
}

impl Action {
    pub(crate) const fn sign(self) -> Decimal {
        match self {
            Self::Buy => Decimal::ONE,
            Self::Sell => Decimal::NEGATIVE_ONE,
        }
    }

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Buy => "BUY",
            Self::Sell => "SELL",
        }
    }

    /// How executions spell the side (E5).
    pub(crate) const fn side(self) -> &'static str {
        match self {
            Self::Buy => "BOT",
            Self::Sell => "SLD",
        }
    }
}

/// What decides when and at what price an order may fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OrderKind {
    Market,
    Limit,
    Stop,
    StopLimit,
    /// Accepted and shown, but never filled by this exchange.
    Resting(String),
}

impl OrderKind {
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Market => "MKT",
            Self::Limit => "LMT",
            Self::Stop => "STP",
            Self::StopLimit => "STP LMT",
            Self::Resting(code) => code,
        }
    }

    pub(crate) const fn needs_limit(&self) -> bool {
        matches!(self, Self::Limit | Self::StopLimit)
    }

    /// Whether a limit price means something to it; clients send one with any order.
    pub(crate) const fn takes_limit(&self) -> bool {
        self.needs_limit() || matches!(self, Self::Resting(_))
    }

    /// As [`Self::takes_limit`], for a stop price.
    pub(crate) const fn takes_stop(&self) -> bool {
        self.waits_for_trigger() || matches!(self, Self::Resting(_))
    }

    /// Whether it needs a stop price and rests until that is reached.
    pub(crate) const fn waits_for_trigger(&self) -> bool {
        matches!(self, Self::Stop | Self::StopLimit)
    }
}

/// What a client asks for. Decimals are already checked to be numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) account: String,
    pub(crate) con_id: ConId,
    pub(crate) action: Action,
    pub(crate) kind: OrderKind,
    pub(crate) quantity: Decimal,
    pub(crate) limit: Option<Decimal>,
    pub(crate) stop: Option<Decimal>,
    pub(crate) tif: String,
    pub(crate) transmit: bool,
    pub(crate) parent: Option<OrderId>,
    pub(crate) oca_group: String,
    pub(crate) order_ref: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Not transmitted: known to the gateway only (O30, O70).
    Held,
    PreSubmitted,
    Submitted,
    PendingCancel,
    Cancelled,
    Filled,
    Inactive,
}

impl Status {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Held => "ApiPending",
            Self::PreSubmitted => "PreSubmitted",
            Self::Submitted => "Submitted",
            Self::PendingCancel => "PendingCancel",
            Self::Cancelled => "Cancelled",
            Self::Filled => "Filled",
            Self::Inactive => "Inactive",
        }
    }

    pub(crate) const fn is_working(self) -> bool {
        matches!(self, Self::PreSubmitted | Self::Submitted | Self::PendingCancel)
    }

    pub(crate) const fn is_complete(self) -> bool {
        matches!(self, Self::Cancelled | Self::Filled | Self::Inactive)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) key: OrderKey,
    pub(crate) perm_id: PermId,
    pub(crate) ticket: Ticket,
    pub(crate) status: Status,
    pub(crate) filled: Decimal,
    /// Sum of price times quantity over its fills.
    pub(crate) turnover: Decimal,
    pub(crate) last_fill_price: Decimal,
    pub(crate) commission: Decimal,
    pub(crate) is_triggered: bool,
    /// A child whose parent has not filled yet (O71).
    pub(crate) waits_for_parent: bool,
    /// Epoch seconds of the last change.
    pub(crate) changed_at: i64,
}

impl Order {
    pub(crate) fn new(key: OrderKey, perm_id: PermId, ticket: Ticket, now: i64) -> Self {
        Self {
            key,
            perm_id,
            ticket,
            status: Status::Held,
            filled: Decimal::ZERO,
            turnover: Decimal::ZERO,
            last_fill_price: Decimal::ZERO,
            commission: Decimal::ZERO,
            is_triggered: false,
            waits_for_parent: false,
            changed_at: now,
        }
    }

    pub(crate) fn remaining(&self) -> Decimal {
        self.ticket.quantity - self.filled
    }

    pub(crate) fn average_price(&self) -> Decimal {
        if self.filled.is_zero() { Decimal::ZERO } else { self.turnover / self.filled }
    }

    /// Why it is not in the market (O7).
    pub(crate) fn why_held(&self) -> &'static str {
        let waits = self.ticket.kind.waits_for_trigger() && !self.is_triggered;
        if waits && self.status.is_working() { "trigger" } else { "" }
    }
}
