//! Whether an order may be sent: pure rules over the order and what is known.
//!
//! Unknown refuses. Order of the rules: quantity, prices, size, value, buying power or held
//! quantity, position share, daily loss, open orders, orders of the day.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::error::{Error, Result};
use crate::model::{Action, Order, RiskLimits, RiskView};

/// The safety rules, which always hold: a quantity and prices that can be meant.
pub(crate) fn check_order(order: &Order) -> Result<()> {
    if order.quantity <= Decimal::ZERO {
        let quantity = order.quantity;
        return Err(Error::refused("quantity", format!("quantity {quantity} is not above 0")));
    }
    let kind = &order.order_type;
    check_price("price", "limit price", order.limit_price, kind.needs_limit_price())?;
    check_price("stop", "stop price", order.stop_price, kind.needs_stop_price())
}

fn check_price(rule: &'static str, name: &str, price: Option<f64>, is_needed: bool) -> Result<()> {
    match price {
        Some(price) if price.is_finite() && price > 0.0 && price < 1e12 => Ok(()),
        Some(price) => Err(Error::refused(rule, format!("{name} {price} is not a number above 0"))),
        None if is_needed => Err(Error::refused(rule, format!("the order needs a {name}"))),
        None => Ok(()),
    }
}

/// The limits, which hold where they are set.
pub(crate) fn check_limits(order: &Order, view: &RiskView, limits: &RiskLimits) -> Result<()> {
    check_order(order)?;
    check_size(order, limits)?;
    let value = order_value(order, view)?;
    check_value(value, limits)?;
    let opening = opening_quantity(order, view)?;
    check_means(order, view, limits, opening)?;
    if opening > Decimal::ZERO {
        check_share(order, view, limits)?;
        check_loss(view, limits)?;
    }
    check_counts(view, limits)
}

fn check_size(order: &Order, limits: &RiskLimits) -> Result<()> {
    match limits.max_order_size {
        Some(most) if order.quantity > most => Err(Error::refused(
            "size",
            format!("quantity {} exceeds the largest order size {most}", order.quantity),
        )),
        _ => Ok(()),
    }
}

/// Money the order moves, base currency.
fn order_value(order: &Order, view: &RiskView) -> Result<f64> {
    let price = positive(view.price);
    let unknown = || Error::refused("price", "no price is known to value the order at");
    Ok(price.ok_or_else(unknown)? * double(order.quantity) * multiplier(view))
}

fn check_value(value: f64, limits: &RiskLimits) -> Result<()> {
    match limits.max_order_value {
        Some(most) if value.is_nan() || value > most => Err(Error::refused(
            "value",
            format!("order value {value:.2} (quantity times price) exceeds {most:.2}"),
        )),
        _ => Ok(()),
    }
}

/// The part of the order that opens or adds to a position, rather than closing one.
fn opening_quantity(order: &Order, view: &RiskView) -> Result<Decimal> {
    let unknown = || Error::refused("position", "the held quantity is not known");
    let held = view.held.ok_or_else(unknown)?;
    let closable = match order.action {
        Action::Buy => (-held).max(Decimal::ZERO),
        Action::Sell => (held.max(Decimal::ZERO) - view.pending_sells).max(Decimal::ZERO),
    };
    Ok((order.quantity - closable).max(Decimal::ZERO))
}

/// A buy needs buying power for what it opens; a sell needs the quantity it sells.
fn check_means(
    order: &Order,
    view: &RiskView,
    limits: &RiskLimits,
    opening: Decimal,
) -> Result<()> {
    if opening.is_zero() {
        return Ok(());
    }
    match order.action {
        Action::Sell if !limits.allow_short => {
            let (held, offered) = (view.held.unwrap_or_default(), view.pending_sells);
            let message = format!(
                "Insufficient position: quantity {} to sell, {held} held, {offered} already offered",
                order.quantity
            );
            Err(Error::refused("position", message))
        }
        Action::Sell => Ok(()),
        Action::Buy => {
            let unknown = || Error::refused("buying_power", "the buying power is not known");
            let power = finite(view.buying_power).ok_or_else(unknown)?;
            let price = positive(view.price).unwrap_or(f64::INFINITY);
            let cost = price * double(opening) * multiplier(view);
            if cost <= power {
                return Ok(());
            }
            let message = format!("Insufficient buying power: {cost:.2} needed, {power:.2} there");
            Err(Error::refused("buying_power", message))
        }
    }
}

/// The position after the order, as a share of net liquidation.
fn check_share(order: &Order, view: &RiskView, limits: &RiskLimits) -> Result<()> {
    let Some(most) = limits.max_position_pct else { return Ok(()) };
    let unknown = || Error::refused("position_share", "the net liquidation is not known");
    let net = positive(view.net_liquidation).ok_or_else(unknown)?;
    let held = view.held.unwrap_or_default();
    let after = double((held + order.action.sign() * order.quantity).abs());
    let share = after * positive(view.price).unwrap_or(f64::INFINITY) * multiplier(view) / net;
    if share <= most {
        return Ok(());
    }
    let message = format!("the position would be {share:.3} of net liquidation, {most} is allowed");
    Err(Error::refused("position_share", message))
}

fn check_loss(view: &RiskView, limits: &RiskLimits) -> Result<()> {
    let Some(limit) = limits.daily_loss_limit else { return Ok(()) };
    let unknown = || Error::refused("daily_loss", "the P&L of the day is not known");
    let pnl = finite(view.daily_pnl).ok_or_else(unknown)?;
    if pnl > -limit {
        return Ok(());
    }
    let message = format!("the day's loss {:.2} has reached the limit {limit:.2}", -pnl);
    Err(Error::refused("daily_loss", message))
}

fn check_counts(view: &RiskView, limits: &RiskLimits) -> Result<()> {
    if let Some(most) = limits.max_open_orders {
        let unknown = || Error::refused("open_orders", "the open orders are not known");
        let open = view.open_orders.ok_or_else(unknown)?;
        if open >= most {
            let message = format!("{open} orders are open, {most} are allowed");
            return Err(Error::refused("open_orders", message));
        }
    }
    match limits.max_daily_orders {
        Some(most) if view.orders_today >= most => Err(Error::refused(
            "daily_orders",
            format!("{} orders were placed today, {most} are allowed", view.orders_today),
        )),
        _ => Ok(()),
    }
}

fn multiplier(view: &RiskView) -> f64 {
    if view.multiplier > 0.0 { view.multiplier } else { 1.0 }
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
mod tests {
    use super::*;
    use crate::model::OrderType;

    fn view() -> RiskView {
        RiskView {
            is_live: true,
            price: Some(100.0),
            multiplier: 1.0,
            buying_power: Some(1_000_000.0),
            net_liquidation: Some(1_000_000.0),
            held: Some(Decimal::ZERO),
            pending_sells: Decimal::ZERO,
            daily_pnl: Some(0.0),
            open_orders: Some(0),
            orders_today: 0,
        }
    }

    fn buy(quantity: i64) -> Order {
        Order::market(Action::Buy, quantity.into())
    }

    fn sell(quantity: i64) -> Order {
        Order::market(Action::Sell, quantity.into())
    }

    fn rule(order: &Order, view: &RiskView) -> Option<String> {
        let result = check_limits(order, view, &RiskLimits::default());
        result.err().map(|error| error.details()["rule"].clone())
    }

    #[test]
    fn each_limit_names_its_rule() {
        type Change = fn(&mut RiskView);
        let table: [(Order, Change, Option<&str>); 14] = [
            (buy(10), |_| {}, None),
            (buy(1001), |_| {}, Some("size")),
            (buy(501), |_| {}, Some("value")),
            (buy(10), |v| v.multiplier = 100.0, Some("value")),
            (buy(10), |v| v.buying_power = Some(999.0), Some("buying_power")),
            (sell(10), |_| {}, Some("position")),
            (sell(10), |v| v.held = Some(10.into()), None),
            (
                sell(10),
                |v| (v.held, v.pending_sells) = (Some(10.into()), 1.into()),
                Some("position"),
            ),
            (buy(10), |v| v.net_liquidation = Some(9_999.0), Some("position_share")),
            (buy(10), |v| v.held = Some(991.into()), Some("position_share")),
            (buy(10), |v| v.daily_pnl = Some(-1000.0), Some("daily_loss")),
            (sell(10), |v| (v.held, v.daily_pnl) = (Some(10.into()), Some(-9e9)), None),
            (buy(10), |v| v.open_orders = Some(10), Some("open_orders")),
            (buy(10), |v| v.orders_today = 100, Some("daily_orders")),
        ];

        for (index, (order, change, expected)) in table.into_iter().enumerate() {
            let mut view = view();
            change(&mut view);
            assert_eq!(rule(&order, &view).as_deref(), expected, "row {index}");
        }
    }

    #[test]
    fn whatever_is_unknown_refuses() {
        let unknowns: [fn(&mut RiskView); 9] = [
            |v| v.price = None,
            |v| v.price = Some(f64::NAN),
            |v| v.price = Some(0.0),
            |v| v.buying_power = None,
            |v| v.buying_power = Some(f64::NAN),
            |v| v.net_liquidation = None,
            |v| v.held = None,
            |v| v.daily_pnl = None,
            |v| v.open_orders = None,
        ];

        for (index, forget) in unknowns.into_iter().enumerate() {
            let mut view = view();
            forget(&mut view);
            assert!(rule(&buy(10), &view).is_some(), "row {index}");
        }
    }

    #[test]
    fn nonsense_is_refused_whatever_the_limits() {
        let with = |order_type: OrderType, limit: Option<f64>, stop: Option<f64>| Order {
            order_type,
            limit_price: limit,
            stop_price: stop,
            ..buy(10)
        };
        let table = [
            (buy(0), "quantity"),
            (buy(-5), "quantity"),
            (with(OrderType::Limit, None, None), "price"),
            (with(OrderType::Limit, Some(f64::NAN), None), "price"),
            (with(OrderType::Limit, Some(f64::INFINITY), None), "price"),
            (with(OrderType::Limit, Some(0.0), None), "price"),
            (with(OrderType::Limit, Some(-1.0), None), "price"),
            (with(OrderType::Market, Some(f64::NAN), None), "price"),
            (with(OrderType::Stop, None, None), "stop"),
            (with(OrderType::StopLimit, Some(1.0), None), "stop"),
            (with(OrderType::StopLimit, None, Some(1.0)), "price"),
        ];

        for (order, rule) in table {
            let error = check_order(&order).unwrap_err();
            assert_eq!(error.details()["rule"], rule, "{order:?}");
            assert!(error.message().contains(rule), "{error}");
        }
    }

    #[test]
    fn a_cover_needs_no_buying_power() {
        let view = RiskView { held: Some((-10).into()), buying_power: Some(0.0), ..view() };

        assert_eq!(rule(&buy(10), &view), None);
        assert_eq!(rule(&buy(11), &view).as_deref(), Some("buying_power"));
    }
}
