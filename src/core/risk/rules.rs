//! The rules. Unknown refuses, and a rule is judged by itself: whatever one of them finds, the
//! others are asked too, unless what they ask about is unknown already.
//!
//! Order of the rules: quantity, prices, size, value, buying power or held quantity, position share,
//! daily loss, open orders, orders of the day.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::Violations;
use crate::model::{Action, Contract, Order, RiskLimits, RiskView};

/// Prices of this size and above cannot be meant.
const HIGHEST_PRICE: f64 = 1e12;

/// The safety rules, which always hold: a quantity and prices that can be meant.
pub(crate) fn check_order(order: &Order, contract: &Contract) -> Violations {
    let mut broken = Violations::default();
    if order.quantity <= Decimal::ZERO {
        broken.add("quantity", format!("quantity {} is not above 0", order.quantity));
    }
    let kind = &order.order_type;
    let limit = ("price", "limit price", kind.needs_limit_price());
    let stop = ("stop", "stop price", kind.needs_stop_price());
    for ((rule, name, is_needed), price) in [(limit, order.limit_price), (stop, order.stop_price)] {
        let lowest = if contract.trades_below_zero() { f64::MIN } else { 0.0 };
        if let Some(message) = price_fault((name, lowest), price, is_needed) {
            broken.add(rule, message);
        }
    }
    broken
}

fn price_fault((name, lowest): (&str, f64), price: Option<f64>, is_needed: bool) -> Option<String> {
    match price {
        Some(price) if price.abs() < HIGHEST_PRICE && price > lowest => None,
        Some(price) if lowest < 0.0 => Some(format!("{name} {price} is not a price")),
        Some(price) => Some(format!("{name} {price} is not a number above 0")),
        None => is_needed.then(|| format!("the order needs a {name}")),
    }
}

/// The limits, which hold where they are set, added to what is broken already.
pub(crate) fn check_limits(
    order: &Order,
    view: &RiskView,
    limits: &RiskLimits,
    broken: &mut Violations,
) {
    check_size(order, limits, broken);
    let price = check_value(order, view, limits, broken);
    let opening = check_held(order, view, limits, broken);
    if let Some(units) = opening.filter(|units| *units > Decimal::ZERO) {
        let opened = Opened { units, price };
        check_power(order, view, opened, broken);
        check_share(order, view, limits, opened, broken);
        check_loss(view, limits, broken);
    }
    check_counts(view, limits, broken);
}

/// What the order opens or adds, and what a unit costs in base currency, where that is known.
#[derive(Clone, Copy)]
struct Opened {
    units: Decimal,
    price: Option<f64>,
}

fn check_size(order: &Order, limits: &RiskLimits, broken: &mut Violations) {
    if let Some(most) = limits.max_order_size.filter(|most| order.quantity > *most) {
        let quantity = order.quantity;
        broken.add("size", format!("quantity {quantity} exceeds the largest order size {most}"));
    }
}

/// The money the order moves; returns what a unit costs, multiplier counted, if a price is known.
fn check_value(
    order: &Order,
    view: &RiskView,
    limits: &RiskLimits,
    broken: &mut Violations,
) -> Option<f64> {
    let Some(price) = worth(view) else {
        broken.add("price", "no price is known to value the order at".into());
        return None;
    };
    let unit = price * multiplier(view);
    let value = unit * double(order.quantity);
    if let Some(most) = limits.max_order_value.filter(|most| value.is_nan() || value > *most) {
        let message = format!("order value {value:.2} (quantity times price) exceeds {most:.2}");
        broken.add("value", message);
    }
    Some(unit)
}

/// The part of the order that opens or adds to a position, rather than closing one; a sell needs the
/// quantity it sells.
fn check_held(
    order: &Order,
    view: &RiskView,
    limits: &RiskLimits,
    broken: &mut Violations,
) -> Option<Decimal> {
    let Some(held) = view.held else {
        broken.add("position", "the held quantity is not known".into());
        return None;
    };
    let closable = match order.action {
        Action::Buy => (-held).max(Decimal::ZERO),
        Action::Sell | Action::SellShort | Action::SellLong => {
            (held.max(Decimal::ZERO) - view.pending_sells).max(Decimal::ZERO)
        }
    };
    let opening = (order.quantity - closable).max(Decimal::ZERO);
    if order.action.is_sale() && opening > Decimal::ZERO && !limits.allow_short {
        let (quantity, offered) = (order.quantity, view.pending_sells);
        let message = format!(
            "Insufficient position: quantity {quantity} to sell, {held} held, {offered} already offered"
        );
        broken.add("position", message);
    }
    Some(opening)
}

/// A buy needs buying power for what it opens.
fn check_power(order: &Order, view: &RiskView, opened: Opened, broken: &mut Violations) {
    if order.action.is_sale() {
        return;
    }
    let Some(power) = finite(view.buying_power) else {
        return broken.add("buying_power", "the buying power is not known".into());
    };
    let Some(price) = opened.price else { return };
    let cost = price * double(opened.units);
    if cost.is_nan() || cost > power {
        let message = format!("Insufficient buying power: {cost:.2} needed, {power:.2} there");
        broken.add("buying_power", message);
    }
}

/// The position after the order, as a share of net liquidation.
fn check_share(
    order: &Order,
    view: &RiskView,
    limits: &RiskLimits,
    opened: Opened,
    broken: &mut Violations,
) {
    let Some(most) = limits.max_position_pct else { return };
    let Some(net) = positive(view.net_liquidation) else {
        return broken.add("position_share", "the net liquidation is not known".into());
    };
    let Some(price) = opened.price else { return };
    let held = view.held.unwrap_or_default();
    let share = double((held + order.action.sign() * order.quantity).abs()) * price / net;
    if share.is_nan() || share > most {
        let message =
            format!("the position would be {share:.3} of net liquidation, {most} is allowed");
        broken.add("position_share", message);
    }
}

fn check_loss(view: &RiskView, limits: &RiskLimits, broken: &mut Violations) {
    let Some(limit) = limits.daily_loss_limit else { return };
    let Some(pnl) = finite(view.daily_pnl) else {
        return broken.add("daily_loss", "the P&L of the day is not known".into());
    };
    if pnl <= -limit {
        let loss = -pnl;
        broken.add(
            "daily_loss",
            format!("the day's loss {loss:.2} has reached the limit {limit:.2}"),
        );
    }
}

fn check_counts(view: &RiskView, limits: &RiskLimits, broken: &mut Violations) {
    match (limits.max_open_orders, view.open_orders) {
        (None, _) => {}
        (Some(_), None) => broken.add("open_orders", "the open orders are not known".into()),
        (Some(most), Some(open)) if open >= most => {
            broken.add("open_orders", format!("{open} orders are open, {most} are allowed"));
        }
        (Some(_), Some(_)) => {}
    }
    if let Some(most) = limits.max_daily_orders.filter(|most| view.orders_today >= *most) {
        let placed = view.orders_today;
        let message = format!("{placed} orders were placed today, {most} are allowed");
        broken.add("daily_orders", message);
    }
}

fn multiplier(view: &RiskView) -> f64 {
    if view.multiplier > 0.0 { view.multiplier } else { 1.0 }
}

/// What a unit is worth, whichever way the money goes.
fn worth(view: &RiskView) -> Option<f64> {
    match view.trades_below_zero {
        true => finite(view.price).map(f64::abs),
        false => positive(view.price),
    }
}

fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

fn positive(value: Option<f64>) -> Option<f64> {
    finite(value).filter(|value| *value > 0.0)
}

fn double(value: Decimal) -> f64 {
    value.to_f64().unwrap_or(f64::INFINITY)
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
