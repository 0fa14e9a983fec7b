//! Which trade a message of the gateway speaks of: pure.
//!
//! Our own key comes first, then the permId, then the client's order id:
//!
//! | the message names | it speaks of the trade with | unless |
//! |---|---|---|
//! | a key | that key | its permId is another one, and it has ended or has another order id |
//! | a permId | that permId | one of the two has a key that the other has not, or it is ours by key and has another order id |
//! | an order id | that client and order id | the permIds differ, or the message has a key and the trade another |
//!
//! What is found by none of them is another order. Ids that contradict what is known are a
//! [`Contradiction`]: a person should look at the gateway.

use std::fmt;
use std::sync::Arc;

use crate::model::{
    ClientId, Execution, OpenOrder, OrderId, OrderKey, OrderRef, PermId, StatusReport, Trade,
};

/// What a message names its order by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Identity {
    pub(super) key: Option<OrderKey>,
    pub(super) perm_id: Option<PermId>,
    pub(super) client_id: ClientId,
    pub(super) order_id: Option<OrderId>,
}

impl Identity {
    pub(super) fn of_order(seen: &OpenOrder) -> Self {
        let key = seen.order_ref.key.clone();
        let OpenOrder { perm_id, client_id, order_id, .. } = *seen;
        Self { key, perm_id, client_id, order_id }
    }

    /// A status names no key.
    pub(super) fn of_status(report: &StatusReport) -> Self {
        let StatusReport { perm_id, client_id, order_id, .. } = *report;
        Self { key: None, perm_id, client_id, order_id }
    }

    pub(super) fn of_execution(seen: &Execution) -> Self {
        let key = OrderRef::from_wire(&seen.order_ref).key;
        let Execution { perm_id, client_id, order_id, .. } = *seen;
        Self { key, perm_id, client_id, order_id }
    }

    /// Whether a trade with the same key is meant. A gateway that numbered its orders anew shows a
    /// working one under another permId and the old order id; any other such order is a second one.
    pub(super) fn means_by_key(&self, trade: &Trade) -> bool {
        match (self.perm_id, trade.perm_id) {
            (Some(seen), Some(known)) if seen == known => true,
            (Some(_), Some(_)) => self.has_order_id_of(trade) == Some(true) && !trade.is_done(),
            _ => self.has_order_id_of(trade) != Some(false),
        }
    }

    /// Whether a trade with the same permId is meant.
    pub(super) fn means_by_perm_id(&self, trade: &Trade) -> bool {
        match (&self.key, &trade.key) {
            (Some(_), Some(_)) => false,
            (None, Some(_)) => self.has_order_id_of(trade) != Some(false),
            (_, None) => true,
        }
    }

    /// Whether a trade with the same client and order id is meant.
    pub(super) fn means_by_order_id(&self, trade: &Trade) -> bool {
        let is_other = |seen: PermId| trade.perm_id.is_some_and(|known| known != seen);
        !self.perm_id.is_some_and(is_other) && (self.key.is_none() || trade.key.is_none())
    }

    /// Whether client and order id agree, where both are known.
    fn has_order_id_of(&self, trade: &Trade) -> Option<bool> {
        let seen = self.order_id?;
        let agree = self.client_id == trade.client_id && seen == trade.order_id;
        (trade.order_id.0 != 0).then_some(agree)
    }
}

/// Ids of an order that contradict what is known.
#[derive(Debug, Clone)]
pub(super) enum Contradiction {
    /// A permId names two orders.
    SharedPermId { known: Arc<Trade>, seen: Arc<Trade> },
    /// A key names two orders.
    SharedKey { known: Arc<Trade>, seen: Arc<Trade> },
    /// The same order has another permId than before.
    Renumbered { known: Arc<Trade>, seen: Arc<Trade> },
}

impl Contradiction {
    /// Whether it is about orders of a client, or about ids that no client gives.
    pub(super) fn concerns(&self, client: ClientId) -> bool {
        match self {
            Self::SharedPermId { .. } | Self::Renumbered { .. } => true,
            Self::SharedKey { known, seen } => {
                [known, seen].iter().any(|of| of.client_id == client)
            }
        }
    }

    /// The order as it is seen now.
    pub(super) fn seen(&self) -> &Trade {
        match self {
            Self::SharedPermId { seen, .. }
            | Self::SharedKey { seen, .. }
            | Self::Renumbered { seen, .. } => seen,
        }
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SharedPermId { known, seen } => write!(
                f,
                "permId {} names two orders: {} and {}; they are kept apart",
                number(seen),
                name(known),
                name(seen)
            ),
            Self::SharedKey { known, seen } => write!(
                f,
                "two orders carry one key: {} with permId {} and {} with permId {}",
                name(known),
                number(known),
                name(seen),
                number(seen)
            ),
            Self::Renumbered { known, seen } => {
                write!(f, "{} has permId {} and had {}", name(seen), number(seen), number(known))
            }
        }
    }
}

fn number(trade: &Trade) -> String {
    trade.perm_id.map_or_else(|| "unknown".into(), |id| id.to_string())
}

fn name(trade: &Trade) -> String {
    let key = trade.key.as_ref().map_or_else(|| "without a key".into(), |key| format!("key {key}"));
    format!("order {} of client {} ({key})", trade.order_id, trade.client_id)
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
