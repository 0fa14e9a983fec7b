//! What callers of the desk wait for, and when they have it. Pure: a goal looks at the trade and
//! at what was just said about it.

use std::sync::Arc;

use crate::clock::Deadline;
use crate::error::{Error, ErrorKind};
use crate::model::{AccountId, Order, OrderEvent, TimeInForce, Trade};

use super::lifecycle::{self, Word};

/// What somebody waits for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Goal {
    /// The gateway knows the order.
    Acknowledged,
    /// The gateway echoes these values; the old ones come back if it refuses.
    Changed { wished: Box<Order>, old: Box<Order> },
    /// The order has ended, or its cancel is confirmed.
    Cancelled,
}

/// How a goal stands.
#[derive(Debug)]
pub(super) enum Standing {
    /// Not decided.
    Open,
    /// Reached.
    Reached,
    /// Out of reach, and why.
    Missed(Error),
}

impl Goal {
    /// Judges the goal by the trade as it is and by the event that made it so.
    pub(super) fn judge(&self, trade: &Arc<Trade>, event: Option<&OrderEvent>) -> Standing {
        match self {
            Self::Acknowledged => acknowledged(trade),
            Self::Changed { wished, old } => changed((wished, old), trade, event),
            Self::Cancelled => cancelled(trade, event),
        }
    }

    /// The error when the deadline passed first.
    pub(super) fn missed(&self, trade: &Trade, deadline: Deadline) -> Error {
        let seconds = deadline.within().as_secs_f64();
        self.unknown(trade, &format!("within {seconds} s"))
    }

    /// The error when the client was closed first.
    pub(super) fn abandoned(&self, trade: &Trade) -> Error {
        self.unknown(trade, "before the client was closed")
    }

    fn unknown(&self, trade: &Trade, when: &str) -> Error {
        let what = match self {
            Self::Acknowledged => "order",
            Self::Changed { .. } => "change of order",
            Self::Cancelled => "cancel of order",
        };
        let id = trade.order_id;
        let message = format!("{what} {id} was not confirmed {when}: its outcome is unknown");
        about(Error::new(ErrorKind::OrderOutcomeUnknown, message), trade)
    }
}

fn acknowledged(trade: &Arc<Trade>) -> Standing {
    if lifecycle::is_rejected(trade) {
        return Standing::Missed(rejected(trade));
    }
    let is_lost = trade.is_done() && trade.perm_id.is_none() && trade.fills.is_empty();
    match trade.is_acknowledged() {
        true if is_lost => Standing::Missed(never_arrived(trade)),
        true => Standing::Reached,
        false => Standing::Open,
    }
}

fn changed(
    (wished, old): (&Order, &Order),
    trade: &Arc<Trade>,
    event: Option<&OrderEvent>,
) -> Standing {
    match event {
        Some(OrderEvent::Open(seen)) if echoes(wished, old, &seen.order) => Standing::Reached,
        // Its quantity is what was not filled, so it tells nothing of that.
        Some(OrderEvent::Completed(seen))
            if echoes(wished, old, &Order { quantity: wished.quantity, ..seen.order.clone() }) =>
        {
            Standing::Reached
        }
        Some(OrderEvent::Notice(said))
            if matches!(lifecycle::word(said.code), Word::Refuses | Word::RefusesChange) =>
        {
            let message = format!(
                "order {}: the change was refused: {} (code {})",
                trade.order_id,
                said.message.trim(),
                said.code
            );
            let error = Error::new(ErrorKind::OrderRejected, message).with_code(said.code);
            Standing::Missed(about(error, trade))
        }
        _ if trade.is_done() => Standing::Missed(done(trade, "changed")),
        _ => Standing::Open,
    }
}

/// Whether the echo shows the change. What was not changed may be echoed in another way, as presets
/// of the gateway do with the time in force; the terms are looked at in any case.
fn echoes(wished: &Order, old: &Order, echo: &Order) -> bool {
    let Rest { time_in_force, outside_rth, account, order_ref } = rest(wished);
    has_terms(wished, echo)
        && (*time_in_force == old.time_in_force || *time_in_force == echo.time_in_force)
        && (outside_rth == old.outside_rth || outside_rth == echo.outside_rth)
        && (account.is_none() || *account == old.account || *account == echo.account)
        && (*order_ref == old.order_ref || *order_ref == echo.order_ref)
}

/// Whether two orders trade as much on the same terms.
pub(super) fn has_terms(wished: &Order, echo: &Order) -> bool {
    wished.action == echo.action
        && wished.quantity == echo.quantity
        && wished.order_type == echo.order_type
        && is_price(wished.limit_price, echo.limit_price)
        && is_price(wished.stop_price, echo.stop_price)
}

/// What an order says besides its terms.
pub(super) struct Rest<'a> {
    pub(super) time_in_force: &'a TimeInForce,
    pub(super) outside_rth: bool,
    pub(super) account: &'a Option<AccountId>,
    pub(super) order_ref: &'a str,
}

/// Splits an order; without `..`, so that a new field has to say where it belongs.
pub(super) fn rest(order: &Order) -> Rest<'_> {
    let Order {
        action: _,
        quantity: _,
        order_type: _,
        limit_price: _,
        stop_price: _,
        time_in_force,
        outside_rth,
        account,
        order_ref,
    } = order;
    Rest { time_in_force, outside_rth: *outside_rth, account, order_ref }
}

/// Whether an echoed price is the one that was wished: a sum of doubles comes back as the decimal it
/// stands for, which is nearer than any price step.
fn is_price(wished: Option<f64>, echo: Option<f64>) -> bool {
    match (wished, echo) {
        (Some(wished), Some(echo)) => (wished - echo).abs() <= NEAR * wished.abs().max(1.0),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// How far apart two doubles of one price may be, as a part of it.
const NEAR: f64 = 1e-9;

fn cancelled(trade: &Arc<Trade>, event: Option<&OrderEvent>) -> Standing {
    use crate::model::OrderStatus::{ApiCancelled, Cancelled, Filled, Inactive, Unknown};

    match (trade.status, event) {
        (Cancelled | ApiCancelled | Inactive, _) => Standing::Reached,
        (Filled, _) => Standing::Missed(done(trade, "cancelled")),
        (Unknown, None) => Standing::Missed(ended_unseen(trade)),
        (_, Some(OrderEvent::Notice(said))) if said.code == lifecycle::CANCELLED => {
            Standing::Reached
        }
        (_, Some(OrderEvent::Notice(said))) if lifecycle::refuses_cancel(said.code) => {
            let message = format!(
                "order {}: the cancel was refused: {} (code {})",
                trade.order_id,
                said.message.trim(),
                said.code
            );
            Standing::Missed(
                about(Error::new(ErrorKind::Order, message), trade).with_code(said.code),
            )
        }
        _ => Standing::Open,
    }
}

/// The gateway's refusal of an order.
pub(super) fn rejected(trade: &Trade) -> Error {
    let (code, text) = trade.rejection.clone().unwrap_or_default();
    let message = format!("order {} was rejected: {text} (code {code})", trade.order_id);
    about(Error::new(ErrorKind::OrderRejected, message), trade).with_code(code)
}

fn never_arrived(trade: &Trade) -> Error {
    let message = format!("order {} never arrived at the gateway", trade.order_id);
    about(Error::new(ErrorKind::Order, message), trade)
}

/// The error of waiting for an order that has ended, nobody tells how.
pub(super) fn ended_unseen(trade: &Trade) -> Error {
    let message = format!(
        "order {} is no longer among the open orders of the gateway, with {} of {} known to be filled: \
         its outcome is unknown; look at positions and executions",
        trade.order_id, trade.filled, trade.order.quantity
    );
    about(Error::new(ErrorKind::OrderOutcomeUnknown, message), trade)
}

/// The error of changing or cancelling an order that has ended.
pub(super) fn done(trade: &Trade, what: &str) -> Error {
    if trade.is_outcome_unknown() {
        return ended_unseen(trade);
    }
    let message = format!(
        "order {} cannot be {what}: it is {} with {} of {} filled",
        trade.order_id, trade.status, trade.filled, trade.order.quantity
    );
    about(Error::new(ErrorKind::Order, message), trade)
}

/// Names the order in an error.
pub(super) fn about(error: Error, trade: &Trade) -> Error {
    let error = error
        .with_detail("order_id", trade.order_id)
        .with_detail("status", trade.status)
        .with_detail("symbol", &trade.contract.symbol);
    match &trade.key {
        Some(key) => error.with_detail("key", key),
        None => error,
    }
}
