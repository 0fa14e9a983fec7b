//! What each message of the gateway makes of a trade: a pure fold.
//!
//! The state moves only by openOrder, orderStatus, completedOrder and executions. `Filled` is
//! final; `Cancelled` and `ApiCancelled` give way only to `Filled`; nothing returns to
//! `PendingSubmit`; the working states follow the gateway's word. `Unknown` gives way to any word. Codes are annotations, with one
//! exception: an error that ends an order the gateway has not acknowledged is its rejection. A code
//! of which nobody knows what it ends is none: lists tell whether the order is alive.

use rust_decimal::Decimal;
use time::OffsetDateTime;

use crate::events::codes::{self, Ends};
use crate::model::{
    Commission, Execution, Fill, OpenOrder, Order, OrderNotice, OrderStatus, SecurityType,
    StatusReport, Trade, TradeEvent,
};

/// Lines a trade's log keeps.
const LOG_LINES: usize = 256;

/// The order was cancelled.
pub(super) const CANCELLED: i32 = 202;

/// The order to be cancelled is not among those the gateway has.
pub(super) const UNKNOWN_ORDER: i32 = 10147;

/// What a code that names an order says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// The order is what it was.
    Remark,
    /// An order that is not acknowledged is refused; of one that is, the change.
    Refuses,
    /// The change is refused, the order is what it was.
    RefusesChange,
    /// The cancel is refused.
    RefusesCancel,
    /// Nobody knows: something else has to tell whether the order is alive.
    Doubtful,
}

/// What a code says of the order that it names.
pub(super) fn word(code: i32) -> Word {
    match codes::ends(code) {
        // The confirmation of a cancel: the state comes with it.
        _ if code == CANCELLED => Word::Remark,
        Some(Ends::Nothing) => Word::Remark,
        Some(Ends::Order | Ends::Request) => Word::Refuses,
        Some(Ends::Change) => Word::RefusesChange,
        Some(Ends::Cancel) => Word::RefusesCancel,
        Some(Ends::Depends | Ends::Link) | None => Word::Doubtful,
    }
}

/// Whether a code says that a cancel was refused.
pub(super) fn refuses_cancel(code: i32) -> bool {
    word(code) == Word::RefusesCancel
}

/// The state after the gateway said `said`.
fn advance(present: OrderStatus, said: OrderStatus) -> OrderStatus {
    use OrderStatus::{
        ApiCancelled, Cancelled, Filled, Inactive, PendingCancel, PendingSubmit, PreSubmitted,
        Submitted, Unknown,
    };
    match (present, said) {
        (Filled, _) | (_, Filled) => Filled,
        (Cancelled | ApiCancelled, _) | (_, PendingSubmit) => present,
        (PendingSubmit | PreSubmitted | Submitted | PendingCancel | Inactive | Unknown, said) => {
            said
        }
    }
}

/// Takes an `openOrder`.
pub(super) fn open(trade: &mut Trade, seen: &OpenOrder, now: OffsetDateTime) {
    identify(trade, seen);
    trade.order = seen.order.clone();
    trade.remaining = remaining(trade);
    say(trade, seen.status, &seen.remark, now);
}

/// Takes a `completedOrder`, with the terms that were in force; its quantity is what was not filled, so
/// the trade keeps its own.
pub(super) fn completed(trade: &mut Trade, seen: &OpenOrder, now: OffsetDateTime) {
    identify(trade, seen);
    trade.order = Order { quantity: trade.order.quantity, ..seen.order.clone() };
    trade.filled = trade.filled.max(seen.filled.unwrap_or_default());
    trade.remaining = remaining(trade);
    say(trade, seen.status, &seen.remark, now);
}

fn identify(trade: &mut Trade, seen: &OpenOrder) {
    trade.perm_id = seen.perm_id.or(trade.perm_id);
    trade.account = seen.order.account.clone().or(trade.account.take());
    if let Some(order_id) = seen.order_id {
        trade.order_id = order_id;
    }
    if trade.contract.contract_id.is_none() {
        trade.contract = seen.contract.clone();
    }
    if trade.key.is_none() {
        trade.key.clone_from(&seen.order_ref.key);
    }
}

/// Takes an `orderStatus`.
pub(super) fn status(trade: &mut Trade, report: &StatusReport, now: OffsetDateTime) {
    trade.perm_id = trade.perm_id.or(report.perm_id);
    trade.why_held.clone_from(&report.why_held);
    if report.filled >= trade.filled {
        trade.filled = report.filled;
        trade.remaining = report.remaining;
        trade.average_price = report.average_price.or(trade.average_price);
    }
    say(trade, report.status, "", now);
}

/// Takes an execution; a correction replaces what it corrects.
pub(super) fn execution(trade: &mut Trade, seen: &Execution, now: OffsetDateTime) {
    trade.perm_id = trade.perm_id.or(seen.perm_id);
    if trade.fills.iter().any(|fill| fill.execution.execution_id == seen.execution_id) {
        return;
    }
    let base = execution_base(&seen.execution_id.0).to_owned();
    let fill = Fill { execution: seen.clone(), commission: None };
    let corrected = |fill: &&mut Fill| execution_base(&fill.execution.execution_id.0) == base;
    match trade.fills.iter_mut().find(corrected) {
        Some(known) => *known = fill,
        None => trade.fills.push(fill),
    }
    count_fills(trade);
    let message = format!("{} {} at {}", seen.action, seen.quantity, seen.price);
    let is_whole = trade.order.quantity > Decimal::ZERO && trade.filled >= trade.order.quantity;
    let said = if is_whole { OrderStatus::Filled } else { working(trade.status) };
    move_to(trade, said, now);
    log(trade, message, None, now);
}

/// An execution proves that the order works, if nothing more is known.
fn working(present: OrderStatus) -> OrderStatus {
    match present {
        OrderStatus::PendingSubmit => OrderStatus::Submitted,
        known => known,
    }
}

/// What identifies an execution through its corrections: all but the last group of its id.
pub(super) fn execution_base(id: &str) -> &str {
    id.rsplit_once('.').map_or(id, |(base, _)| base)
}

/// Filled quantity and average from the executions; the gateway's own report stays if it is ahead.
fn count_fills(trade: &mut Trade) {
    let is_combo = trade.contract.security_type == SecurityType::Combo;
    let counted = trade
        .fills
        .iter()
        .filter(|fill| !is_combo || fill.execution.contract.security_type == SecurityType::Combo);
    let (mut filled, mut money) = (Decimal::ZERO, 0.0);
    for fill in counted {
        filled += fill.execution.quantity;
        money += fill.execution.price * as_double(fill.execution.quantity);
    }
    if filled >= trade.filled && filled > Decimal::ZERO {
        trade.filled = filled;
        trade.average_price = Some(money / as_double(filled));
    }
    trade.remaining = remaining(trade);
}

fn as_double(quantity: Decimal) -> f64 {
    quantity.to_string().parse().unwrap_or(0.0)
}

fn remaining(trade: &Trade) -> Decimal {
    (trade.order.quantity - trade.filled).max(Decimal::ZERO)
}

/// Joins a commission to its execution; says whether there was one.
pub(super) fn commission(trade: &mut Trade, seen: &Commission) -> bool {
    let is_its = |fill: &&mut Fill| fill.execution.execution_id == seen.execution_id;
    match trade.fills.iter_mut().find(is_its) {
        Some(fill) => {
            let was_computed = fill.commission.as_ref().is_some_and(|it| it.amount.is_some());
            if seen.amount.is_some() || !was_computed {
                fill.commission = Some(seen.clone());
            }
            true
        }
        None => false,
    }
}

/// Takes a coded message; an error before the acknowledgement is the order's rejection.
pub(super) fn notice(trade: &mut Trade, seen: &OrderNotice, now: OffsetDateTime) {
    let is_first_word = !trade.is_acknowledged();
    if word(seen.code) == Word::Refuses && (is_first_word || seen.code == 201) {
        reject(trade, seen);
        trade.status = if is_first_word { OrderStatus::Inactive } else { trade.status };
    }
    log(trade, seen.message.trim().to_owned(), Some(seen.code), now);
}

fn reject(trade: &mut Trade, said: &OrderNotice) {
    trade.rejection = Some((said.code, said.message.trim().to_owned()));
}

/// Takes it that an order was refused by a word nobody knew: the gateway does not list it.
pub(super) fn refused_unlisted(trade: &mut Trade, said: &OrderNotice, now: OffsetDateTime) {
    reject(trade, said);
    trade.status = OrderStatus::Inactive;
    log(trade, "the gateway does not list the order".to_owned(), Some(said.code), now);
}

/// Takes a coded message that speaks of something else than the order's life, such as a change.
pub(super) fn remark(trade: &mut Trade, seen: &OrderNotice, now: OffsetDateTime) {
    log(trade, seen.message.trim().to_owned(), Some(seen.code), now);
}

/// Marks an order that the gateway does not know, though its outcome was open.
pub(super) fn never_arrived(trade: &mut Trade, now: OffsetDateTime) {
    trade.status = OrderStatus::Inactive;
    let message = "the gateway does not know the order after the reconnect: it never arrived";
    log(trade, message.to_owned(), None, now);
}

/// Marks an order that is not among the open ones any more, though nothing told how it ended.
pub(super) fn ended_unseen(trade: &mut Trade, now: OffsetDateTime) {
    trade.status = OrderStatus::Unknown;
    let message = "no longer among the open orders, and not among executions or completed orders";
    log(trade, message.to_owned(), None, now);
}

/// Whether the gateway refused the order before it ever worked.
pub(super) fn is_rejected(trade: &Trade) -> bool {
    trade.status == OrderStatus::Inactive && trade.rejection.is_some()
}

fn say(trade: &mut Trade, said: Option<OrderStatus>, remark: &str, now: OffsetDateTime) {
    let before = trade.status;
    if let Some(said) = said {
        move_to(trade, said, now);
    }
    if trade.status != before || !remark.is_empty() {
        log(trade, remark.to_owned(), None, now);
    }
}

fn move_to(trade: &mut Trade, said: OrderStatus, now: OffsetDateTime) {
    trade.status = advance(trade.status, said);
    if trade.status == OrderStatus::Filled && trade.filled_at.is_none() {
        let last = trade.fills.iter().filter_map(|fill| fill.execution.time).max();
        // IB's execution time has whole seconds: it can lie before the moment of sending.
        trade.filled_at = Some(last.unwrap_or(now)).max(trade.submitted_at);
    }
}

pub(super) fn log(trade: &mut Trade, message: String, code: Option<i32>, time: OffsetDateTime) {
    let line = TradeEvent { time, status: trade.status, message, code };
    let is_repeat = trade.log.last().is_some_and(|last| {
        last.status == line.status && last.message == line.message && last.code == line.code
    });
    if is_repeat {
        return;
    }
    if trade.log.len() >= LOG_LINES {
        trade.log.remove(0);
    }
    trade.log.push(line);
}

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;
