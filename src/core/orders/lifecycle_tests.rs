//! The fold of order events, as tables.

use super::*;
use crate::clock;
use crate::model::{
    Action, ClientId, Contract, ExecutionId, Order, OrderId, OrderKey, OrderRef, PermId,
};
use OrderStatus::{
    ApiCancelled, Cancelled, Filled, Inactive, PendingCancel, PendingSubmit, PreSubmitted,
    Submitted, Unknown,
};

fn trade(quantity: i64) -> Trade {
    Trade {
        key: OrderKey::new("k").ok(),
        order_id: OrderId(1),
        client_id: ClientId(7),
        perm_id: None,
        account: None,
        contract: Contract::stock("AAPL"),
        order: Order::market(Action::Buy, quantity.into()),
        status: PendingSubmit,
        filled: Decimal::ZERO,
        remaining: quantity.into(),
        average_price: None,
        fills: Vec::new(),
        log: Vec::new(),
        why_held: String::new(),
        rejection: None,
        submitted_at: None,
        filled_at: None,
        repeated: false,
    }
}

fn report(status: OrderStatus, filled: i64, remaining: i64) -> StatusReport {
    StatusReport {
        order_id: Some(OrderId(1)),
        client_id: ClientId(7),
        perm_id: Some(PermId(9)),
        status: Some(status),
        filled: filled.into(),
        remaining: remaining.into(),
        average_price: None,
        why_held: String::new(),
    }
}

fn fill(id: &str, quantity: i64, price: f64) -> Execution {
    Execution { exchange: "NASDAQ".into(), ..Execution::of_test(id, quantity, price) }
}

fn error(code: i32) -> OrderNotice {
    OrderNotice { order_id: OrderId(1), code, message: "text".into() }
}

#[test]
fn states_never_regress() {
    let table = [
        (PendingSubmit, PreSubmitted, PreSubmitted),
        (PreSubmitted, Submitted, Submitted),
        (Submitted, PreSubmitted, PreSubmitted),
        (Submitted, PendingSubmit, Submitted),
        (Submitted, PendingCancel, PendingCancel),
        (PendingCancel, Filled, Filled),
        (PendingCancel, Cancelled, Cancelled),
        (Filled, Submitted, Filled),
        (Filled, Cancelled, Filled),
        (Cancelled, Submitted, Cancelled),
        (Cancelled, Filled, Filled),
        (ApiCancelled, Cancelled, ApiCancelled),
        (Inactive, Submitted, Submitted),
        (Inactive, PendingSubmit, Inactive),
        (Unknown, Submitted, Submitted),
        (Unknown, Filled, Filled),
    ];

    for (present, said, expected) in table {
        assert_eq!(advance(present, said), expected, "{present} said {said}");
    }
}

#[test]
fn a_partial_fill_moves_the_quantities_and_not_the_state() {
    let mut trade = trade(10);

    status(&mut trade, &report(Submitted, 4, 6), clock::now());

    assert_eq!((trade.status, trade.filled, trade.remaining), (Submitted, 4.into(), 6.into()));
    assert!(trade.is_acknowledged());
}

#[test]
fn executions_alone_fill_an_order() {
    let mut trade = trade(10);

    execution(&mut trade, &fill("a.01", 4, 10.0), clock::now());
    assert_eq!((trade.status, trade.filled), (Submitted, 4.into()));
    execution(&mut trade, &fill("b.01", 6, 20.0), clock::now());

    assert_eq!((trade.status, trade.filled, trade.remaining), (Filled, 10.into(), 0.into()));
    assert_eq!(trade.average_price, Some(16.0));
    assert!(trade.filled_at.is_some());
}

#[test]
fn an_execution_counts_once() {
    let mut trade = trade(10);

    execution(&mut trade, &fill("a.01", 4, 10.0), clock::now());
    execution(&mut trade, &fill("a.01", 4, 10.0), clock::now());
    execution(&mut trade, &fill("a.02", 5, 11.0), clock::now());

    assert_eq!(trade.fills.len(), 1, "a correction replaces");
    assert_eq!(trade.filled, Decimal::from(5));
}

#[test]
fn a_late_status_does_not_take_fills_back() {
    let mut trade = trade(10);

    execution(&mut trade, &fill("a.01", 10, 10.0), clock::now());
    status(&mut trade, &report(Submitted, 0, 10), clock::now());

    assert_eq!((trade.status, trade.filled, trade.remaining), (Filled, 10.into(), 0.into()));
}

#[test]
fn an_error_before_the_acknowledgement_rejects() {
    for code in [201, 110, 321, 200, 103, 460] {
        let mut trade = trade(10);

        notice(&mut trade, &error(code), clock::now());

        assert!(is_rejected(&trade), "{code}");
        assert!(trade.is_done(), "{code}");
    }
}

#[test]
fn remarks_change_nothing() {
    for code in [399, 404, 2109, 10349, 2168, 2169, 202, 161] {
        let mut trade = trade(10);

        notice(&mut trade, &error(code), clock::now());

        assert_eq!(trade.status, PendingSubmit, "{code}");
        assert_eq!(trade.rejection, None, "{code}");
        assert_eq!(trade.log[0].code, Some(code));
    }
}

#[test]
fn an_error_after_the_acknowledgement_waits_for_the_state() {
    let mut trade = trade(10);
    status(&mut trade, &report(PreSubmitted, 0, 10), clock::now());

    notice(&mut trade, &error(201), clock::now());
    assert_eq!(trade.status, PreSubmitted);
    status(&mut trade, &report(Inactive, 0, 10), clock::now());

    assert!(is_rejected(&trade));
}

#[test]
fn a_completed_order_keeps_its_ordered_size() {
    let order_ref = OrderRef { reference: String::new(), key: None };
    let seen = OpenOrder {
        order_id: None,
        client_id: ClientId(7),
        perm_id: Some(PermId(9)),
        contract: Contract::stock("AAPL"),
        order: Order::market(Action::Buy, 400.into()),
        echo: None,
        order_ref,
        status: Some(Cancelled),
        filled: Some(600.into()),
        remark: String::new(),
    };
    let mut partly = trade(1000);
    completed(&mut partly, &seen, clock::now());
    assert_eq!((partly.filled, partly.remaining), (600.into(), 400.into()));
    assert_eq!(partly.order.quantity, Decimal::from(1000));
}

#[test]
fn commissions_join_their_execution() {
    let mut trade = trade(10);
    let seen = Commission {
        execution_id: ExecutionId("a.01".into()),
        amount: Some(1.0),
        currency: "USD".into(),
        realized_pnl: None,
        bond_yield: None,
        yield_redemption_date: String::new(),
    };

    assert!(!commission(&mut trade, &seen), "the execution is not there yet");
    execution(&mut trade, &fill("a.01", 10, 10.0), clock::now());
    assert!(commission(&mut trade, &seen));

    assert_eq!(trade.commission(), Some(1.0));
}
