//! What a client asks for with an order, in the exchange's terms. Decimals are already checked to be
//! numbers and times to be moments.

use rust_decimal::Decimal;

use super::condition::Conditions;
use super::ids::{ConId, OrderId};
use super::order::Action;
use super::order_kind::OrderKind;
use super::pegging::Peg;

/// How long an order lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tif {
    #[default]
    Day,
    /// Until cancelled.
    Gtc,
    /// Until a moment.
    Gtd,
    /// What does not fill at once is cancelled.
    Ioc,
    /// Fills whole at once or not at all.
    Fok,
    /// For the opening auction only.
    Opg,
}

impl Tif {
    /// Empty is DAY; words for sessions this exchange does not have mean DAY as well.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "" | "DAY" | "DTC" | "AUC" | "OVERNIGHT" | "OVERNIGHT + DAY" | "OND" | "Minutes" => {
                Some(Self::Day)
            }
            "GTC" | "GTX" => Some(Self::Gtc),
            "GTD" => Some(Self::Gtd),
            "IOC" => Some(Self::Ioc),
            "FOK" => Some(Self::Fok),
            "OPG" => Some(Self::Opg),
            _ => None,
        }
    }

    /// Whether it ends with the trading day.
    pub(crate) const fn ends_with_day(self) -> bool {
        matches!(self, Self::Day | Self::Ioc | Self::Fok | Self::Opg)
    }
}

/// What a fill of one member of a one-cancels-all group does to the others (O74).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OcaKind {
    Cancel,
    /// Reduced in proportion; while one member trades the others are held back.
    ReduceWithBlock,
    /// What the gateway takes when none is given (O11).
    #[default]
    Reduce,
}

impl OcaKind {
    pub(crate) const fn of(number: i32) -> Self {
        match number {
            1 => Self::Cancel,
            2 => Self::ReduceWithBlock,
            _ => Self::Reduce,
        }
    }
}

/// A part of a combination, for one unit of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leg {
    pub(crate) con_id: ConId,
    pub(crate) ratio: Decimal,
    pub(crate) action: Action,
}

/// What a client asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) account: String,
    pub(crate) con_id: ConId,
    /// Empty unless a combination is traded.
    pub(crate) legs: Vec<Leg>,
    pub(crate) action: Action,
    pub(crate) kind: OrderKind,
    /// What its price is worked out from, for the types that need it.
    pub(crate) peg: Peg,
    pub(crate) quantity: Decimal,
    pub(crate) limit: Option<Decimal>,
    /// The price that sets it off; a trailing order's moves with the market.
    pub(crate) stop: Option<Decimal>,
    /// Distance a trailing or pegged order keeps from the market.
    pub(crate) offset: Option<Decimal>,
    /// The same as a percentage of the price.
    pub(crate) percent: Option<Decimal>,
    /// Distance of a trailing order's limit from its stop.
    pub(crate) limit_offset: Option<Decimal>,
    /// Which prices set it off, as numbered on the wire; 0 is the default for the order type.
    pub(crate) trigger_method: i32,
    pub(crate) tif: Tif,
    /// Epoch seconds.
    pub(crate) good_till: Option<i64>,
    /// Epoch seconds.
    pub(crate) good_after: Option<i64>,
    pub(crate) outside_rth: bool,
    pub(crate) all_or_none: bool,
    /// The first fill is at least this.
    pub(crate) min_quantity: Decimal,
    pub(crate) conditions: Conditions,
    pub(crate) transmit: bool,
    /// Kept out of the market until changed (O13).
    pub(crate) is_deactivated: bool,
    pub(crate) parent: Option<OrderId>,
    pub(crate) oca_group: String,
    pub(crate) oca_kind: OcaKind,
    /// The group of accounts an advisor trades for; empty for one account.
    pub(crate) fa_group: String,
    pub(crate) order_ref: String,
}

impl Ticket {
    /// Whether it must be filled whole by one execution.
    pub(crate) const fn is_indivisible(&self) -> bool {
        self.all_or_none || matches!(self.tif, Tif::Fok)
    }

    pub(crate) fn signed_quantity(&self) -> Decimal {
        self.quantity * self.action.sign()
    }
}
