//! An order: what was asked for and how far it has come.
//!
//! | from | to | when |
//! |---|---|---|
//! | held | PreSubmitted, Submitted | transmitted |
//! | PreSubmitted | Submitted | triggered, the parent filled, conditions met, the market opened |
//! | PreSubmitted, Submitted | Filled | nothing remains |
//! | PreSubmitted, Submitted | PendingCancel, Cancelled | cancelled or expired |
//! | (new) | Inactive | refused by the broker |

use rust_decimal::Decimal;

use super::ids::{OrderKey, PermId};
use super::ticket::Ticket;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Action {
    #[default]
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

    pub(crate) const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Not transmitted: known to the gateway only (O30, O70).
    Held,
    /// Sent only where a setting asks for it (O4).
    PendingSubmit,
    PreSubmitted,
    Submitted,
    PendingCancel,
    Cancelled,
    /// Cancelled before it was transmitted.
    ApiCancelled,
    Filled,
    Inactive,
}

impl Status {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Held => "ApiPending",
            Self::PendingSubmit => "PendingSubmit",
            Self::PreSubmitted => "PreSubmitted",
            Self::Submitted => "Submitted",
            Self::PendingCancel => "PendingCancel",
            Self::Cancelled => "Cancelled",
            Self::ApiCancelled => "ApiCancelled",
            Self::Filled => "Filled",
            Self::Inactive => "Inactive",
        }
    }

    pub(crate) const fn is_working(self) -> bool {
        matches!(
            self,
            Self::PendingSubmit | Self::PreSubmitted | Self::Submitted | Self::PendingCancel
        )
    }

    pub(crate) const fn is_complete(self) -> bool {
        matches!(self, Self::Cancelled | Self::ApiCancelled | Self::Filled | Self::Inactive)
    }
}

/// What keeps an order out of the market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waits {
    /// A child whose parent has not filled yet (O71).
    pub(crate) for_parent: bool,
    /// Its conditions do not hold yet, or its time has not come.
    pub(crate) for_conditions: bool,
    /// The market is closed.
    pub(crate) for_open: bool,
    /// Its client took it out of the market for a while (O13).
    pub(crate) for_activation: bool,
    /// Shares to sell short are searched (O7).
    pub(crate) for_shares: bool,
}

impl Waits {
    pub(crate) const fn any(self) -> bool {
        self.for_parent
            || self.for_conditions
            || self.for_open
            || self.for_activation
            || self.for_shares
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
    /// Where it works now, if the exchange works its price out.
    pub(crate) working_price: Option<Decimal>,
    pub(crate) waits: Waits,
    /// How often its client's words were taken: once when placed, once for each change.
    pub(crate) wordings: u32,
    /// Became a market order by a change: its status comes before its execution (O52).
    pub(crate) is_made_market: bool,
    /// Entered by hand and bound by client 0, which gives it an id (I8).
    pub(crate) is_bound: bool,
    /// Epoch seconds from which its day counts.
    pub(crate) active_at: i64,
    /// Executions of the exchange before it became active.
    pub(crate) trades_before: usize,
    /// Epoch seconds up to which time has been looked at.
    pub(crate) reviewed_at: i64,
    /// Epoch seconds of the last change.
    pub(crate) changed_at: i64,
    /// Why it ended, as completed orders tell it.
    pub(crate) end_note: String,
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
            working_price: None,
            waits: Waits::default(),
            wordings: 1,
            is_made_market: false,
            is_bound: false,
            active_at: now,
            trades_before: 0,
            reviewed_at: now,
            changed_at: now,
            end_note: String::new(),
        }
    }

    pub(crate) fn remaining(&self) -> Decimal {
        self.ticket.quantity - self.filled
    }

    pub(crate) fn average_price(&self) -> Decimal {
        if self.filled.is_zero() { Decimal::ZERO } else { self.turnover / self.filled }
    }

    pub(crate) fn awaits_trigger(&self) -> bool {
        self.ticket.kind.waits_for_trigger() && !self.is_triggered
    }

    /// What its openOrder shows as its quantity: nothing for a child that was reached before its
    /// parent filled (O73).
    pub(crate) fn shown_quantity(&self) -> Decimal {
        let is_early = self.is_triggered && self.waits.for_parent;
        if is_early { Decimal::ZERO } else { self.ticket.quantity }
    }

    /// Why it is not in the market (O7).
    pub(crate) fn why_held(&self) -> &'static str {
        match self.status.is_working() {
            true if self.waits.for_shares => "locate",
            true if self.awaits_trigger() => "trigger",
            _ => "",
        }
    }
}
