//! The rules by tables: one at a time, all at once, and what is unknown.

use super::*;
use crate::model::{Contract, OrderType, SecurityType};

fn view() -> RiskView {
    RiskView {
        price: Some(100.0),
        trades_below_zero: false,
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

fn rules(order: &Order, view: &RiskView) -> Vec<&'static str> {
    broken(order, view).rules()
}

fn broken(order: &Order, view: &RiskView) -> Violations {
    let mut broken = check_order(order, &Contract::stock("AAPL"));
    check_limits(order, view, &RiskLimits::default(), &mut broken);
    broken
}

#[test]
fn each_limit_names_its_rule() {
    type Change = fn(&mut RiskView);
    let table: [(Order, Change, &[&str]); 14] = [
        (buy(10), |_| {}, &[]),
        (buy(1001), |_| {}, &["size", "value", "position_share"]),
        (buy(501), |_| {}, &["value"]),
        (buy(10), |v| v.multiplier = 100.0, &["value"]),
        (buy(10), |v| v.buying_power = Some(999.0), &["buying_power"]),
        (sell(10), |_| {}, &["position"]),
        (sell(10), |v| v.held = Some(10.into()), &[]),
        (sell(10), |v| (v.held, v.pending_sells) = (Some(10.into()), 1.into()), &["position"]),
        (buy(10), |v| v.net_liquidation = Some(9_999.0), &["position_share"]),
        (buy(10), |v| v.held = Some(991.into()), &["position_share"]),
        (buy(10), |v| v.daily_pnl = Some(-1000.0), &["daily_loss"]),
        (sell(10), |v| (v.held, v.daily_pnl) = (Some(10.into()), Some(-9e9)), &[]),
        (buy(10), |v| v.open_orders = Some(10), &["open_orders"]),
        (buy(10), |v| v.orders_today = 100, &["daily_orders"]),
    ];

    for (index, (order, change, expected)) in table.into_iter().enumerate() {
        let mut view = view();
        change(&mut view);
        assert_eq!(rules(&order, &view), expected, "row {index}");
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
        assert_eq!(rules(&buy(10), &view).len(), 1, "row {index}");
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
        let error = check_order(&order, &Contract::stock("AAPL")).verdict().unwrap_err();
        assert_eq!(error.details()["rule"], rule, "{order:?}");
        assert!(error.message().contains(rule), "{error}");
    }
}

#[test]
fn a_cover_needs_no_buying_power() {
    let view = RiskView { held: Some((-10).into()), buying_power: Some(0.0), ..view() };

    assert!(rules(&buy(10), &view).is_empty());
    assert_eq!(rules(&buy(11), &view), ["buying_power"]);
}

/// A view in which every limit is broken by any order that opens something.
fn exhausted() -> RiskView {
    RiskView {
        buying_power: Some(1.0),
        net_liquidation: Some(1000.0),
        daily_pnl: Some(-1000.0),
        open_orders: Some(10),
        orders_today: 100,
        ..view()
    }
}

#[test]
fn every_broken_rule_is_told_in_the_order_of_the_contract() {
    let stop = Order { stop_price: Some(-1.0), order_type: OrderType::StopLimit, ..buy(2000) };
    let table: [(Order, &[&str]); 4] = [
        (
            buy(2000),
            &[
                "size",
                "value",
                "buying_power",
                "position_share",
                "daily_loss",
                "open_orders",
                "daily_orders",
            ],
        ),
        (
            sell(2000),
            &[
                "size",
                "value",
                "position",
                "position_share",
                "daily_loss",
                "open_orders",
                "daily_orders",
            ],
        ),
        (
            stop,
            &[
                "price",
                "stop",
                "size",
                "value",
                "buying_power",
                "position_share",
                "daily_loss",
                "open_orders",
                "daily_orders",
            ],
        ),
        (buy(0), &["quantity", "open_orders", "daily_orders"]),
    ];

    for (order, expected) in table {
        assert_eq!(rules(&order, &exhausted()), expected, "{order:?}");
    }
}

#[test]
fn a_refusal_is_named_by_its_first_rule_and_tells_of_all() {
    let error = broken(&buy(2000), &exhausted()).verdict().unwrap_err();

    assert_eq!(error.details()["rule"], "size");
    assert_eq!(
        error.details()["rules"],
        "size,value,buying_power,position_share,daily_loss,open_orders,daily_orders"
    );
    for words in ["quantity 2000", "order value", "Insufficient buying power", "10 orders are open"]
    {
        assert!(error.message().contains(words), "{error}");
    }
}

#[test]
fn what_is_unknown_hides_no_other_broken_rule() {
    let nothing = RiskView { open_orders: Some(10), ..RiskView::default() };
    let no_price = RiskView { price: None, ..exhausted() };

    assert_eq!(rules(&buy(2000), &nothing), ["size", "price", "position", "open_orders"]);
    assert_eq!(rules(&buy(10), &no_price), ["price", "daily_loss", "open_orders", "daily_orders"]);
}

#[test]
fn a_price_that_makes_no_sense_is_told_once() {
    let nan = Order { limit_price: Some(f64::NAN), order_type: OrderType::Limit, ..buy(1) };
    let view = RiskView { price: None, ..view() };

    assert_eq!(rules(&nan, &view), ["price"]);
    assert!(broken(&nan, &view).verdict().unwrap_err().message().contains("limit price NaN"));
}

#[test]
fn limits_that_are_off_refuse_nothing() {
    let off = RiskLimits {
        max_order_size: None,
        max_order_value: None,
        max_position_pct: None,
        daily_loss_limit: None,
        max_open_orders: None,
        max_daily_orders: None,
        allow_short: true,
    };
    for order in [sell(1_000_000), Order { quantity: Decimal::ONE, ..buy(1) }] {
        let mut broken = check_order(&order, &Contract::stock("AAPL"));
        check_limits(
            &order,
            &RiskView { buying_power: Some(1e9), ..exhausted() },
            &off,
            &mut broken,
        );
        assert!(broken.verdict().is_ok(), "{order:?} {broken:?}");
    }
}

#[test]
fn futures_and_combinations_may_have_prices_below_zero() {
    let limit = |price| Order::limit(Action::Buy, Decimal::ONE, price);
    let future = Contract::new(SecurityType::Future, "CL");
    let combo = Contract::new(SecurityType::Combo, "CL");
    let stock = Contract::stock("AAPL");
    let table = [
        (&future, -37.5, true),
        (&future, 0.0, true),
        (&combo, -0.25, true),
        (&stock, 0.0, false),
        (&stock, -1.0, false),
        (&future, f64::NAN, false),
        (&future, -1e12, false),
        (&combo, f64::NEG_INFINITY, false),
    ];

    for (contract, price, allowed) in table {
        let is_allowed = check_order(&limit(price), contract).verdict().is_ok();
        assert_eq!(is_allowed, allowed, "{contract} at {price}");
    }
}

#[test]
fn an_order_below_zero_is_valued_by_its_size() {
    let mut view = RiskView { price: Some(-100.0), trades_below_zero: true, ..view() };
    let mut broken = Violations::default();

    check_limits(&buy(501), &view, &RiskLimits::default(), &mut broken);
    assert_eq!(broken.rules(), ["value"]);
    view.trades_below_zero = false;
    check_limits(&buy(1), &view, &RiskLimits::default(), &mut broken);
    assert!(broken.rules().contains(&"price"));
}
