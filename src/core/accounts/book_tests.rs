//! What the book makes of account events.

use super::*;
use crate::model::{AccountValue, Contract};

fn account(name: &str) -> AccountId {
    AccountId(name.into())
}

fn value(owner: &str, tag: &str, value: &str, currency: &str) -> AccountEvent {
    AccountEvent::Value(AccountValue {
        account: account(owner),
        tag: tag.into(),
        value: value.into(),
        currency: currency.into(),
        is_ledger: false,
    })
}

fn position(quantity: i64, price: Option<f64>) -> Position {
    let mut contract = Contract::stock("AAPL");
    contract.contract_id = Some(ContractId(1));
    Position {
        account: account("DU1"),
        contract,
        quantity: quantity.into(),
        average_cost: 100.0,
        market_price: price,
        market_value: price.map(|price| price * 10.0),
        unrealized_pnl: price,
        realized_pnl: None,
    }
}

fn book(events: Vec<AccountEvent>) -> AccountBook {
    let mut book = AccountBook::default();
    book.begin(Generation(1), Some(account("DU1")));
    for event in events {
        book.apply(&account("DU1"), event, clock::now());
    }
    book
}

#[test]
fn accounts_and_currencies_never_mix() {
    let book = book(vec![
        value("DU1", "NetLiquidation", "1000", "USD"),
        value("DU1", "NetLiquidation", "900", "BASE"),
        value("DU2", "NetLiquidation", "5", "USD"),
        value("DU1", "CashBalance", "10", "EUR"),
        value("DU1", "CashBalance", "20", "USD"),
        value("DU1", "ExchangeRate", "1.00", "USD"),
        value("DU1", "ExchangeRate", "1.08", "EUR"),
        AccountEvent::ValuesComplete,
    ]);

    let snapshot = book.snapshot(&account("DU1")).unwrap();

    assert_eq!(snapshot.currency, "USD");
    assert_eq!(snapshot.number("NetLiquidation"), Some(1000.0));
    assert_eq!(snapshot.number("CashBalance"), Some(20.0));
    assert_eq!(book.snapshot(&account("DU2")), None, "its download is not complete");
}

#[test]
fn nothing_is_known_before_the_end_marks() {
    let mut book = book(vec![
        value("DU1", "NetLiquidation", "1000", "USD"),
        AccountEvent::Position(position(10, None)),
    ]);
    assert_eq!(book.snapshot(&account("DU1")), None);
    assert_eq!(book.positions(None), None, "unknown is not empty");
    assert_eq!(book.missing(Generation(1)), ["account values", "positions"]);

    book.apply(&account("DU1"), AccountEvent::ValuesComplete, clock::now());
    assert_eq!(book.missing(Generation(1)), ["positions"]);
    book.apply(&account("DU1"), AccountEvent::PositionsComplete, clock::now());

    assert!(book.missing(Generation(1)).is_empty());
    assert_eq!(book.positions(None).unwrap().len(), 1);
}

#[test]
fn a_position_without_a_price_stays() {
    let book = book(vec![
        AccountEvent::Position(position(10, None)),
        AccountEvent::Portfolio(position(10, None)),
        AccountEvent::PositionsComplete,
    ]);

    let positions = book.positions(None).unwrap();

    assert_eq!(positions[0].quantity, Decimal::TEN);
    assert_eq!(positions[0].market_price, None);
}

#[test]
fn closed_positions_disappear() {
    let book = book(vec![
        AccountEvent::Position(position(10, None)),
        AccountEvent::PositionsComplete,
        AccountEvent::Position(position(0, None)),
    ]);

    assert_eq!(book.positions(None), Some(Vec::new()));
}

#[test]
fn the_portfolio_prices_only_the_same_quantity() {
    let book = book(vec![
        AccountEvent::Position(position(10, None)),
        AccountEvent::Portfolio(position(7, Some(101.0))),
        AccountEvent::PositionsComplete,
    ]);

    let positions = book.positions(None).unwrap();

    assert_eq!(positions[0].market_price, Some(101.0));
    assert_eq!(positions[0].market_value, None, "it speaks of another quantity");
}

#[test]
fn a_new_link_starts_from_nothing() {
    let mut book = book(vec![AccountEvent::ValuesComplete, AccountEvent::PositionsComplete]);

    let before_the_next = book.missing(Generation(2));
    book.begin(Generation(2), Some(account("DU1")));

    assert_eq!(book.missing(Generation(2)), before_the_next);
    assert_eq!(before_the_next, ["account values", "positions"]);
    assert_eq!(book.positions(None), None);
}
