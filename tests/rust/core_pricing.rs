//! Positions wait for the portfolios that price them, and for nothing without end.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use std::collections::BTreeMap;
use std::sync::Arc;

use aioibkr_core::client::ReadOptions;
use aioibkr_core::model::{AccountId, Position};
use aioibkr_core::{Client, ErrorKind};
use aioibkr_mock_gateway::{Fault, MockGateway, Prices, Quirk, Settings};

use crate::core_gateway::{MILLI, SECOND, connected, eventually, gateway};

const OWN: &str = "DU1111111";
const OTHER: &str = "DU2222222";

/// Two accounts that hold the same and something else.
fn two_accounts() -> MockGateway {
    let accounts = vec![OWN.to_owned(), OTHER.to_owned(), "DU3333333".to_owned()];
    let gateway = MockGateway::start(Settings { accounts, ..Settings::default() }).unwrap();
    for (symbol, last) in [("AAPL", 190.0), ("MSFT", 400.0)] {
        let prices = Prices {
            bid: Some(last - 0.1),
            ask: Some(last + 0.1),
            last: Some(last),
            ..Prices::default()
        };
        gateway.set_price(symbol, prices).unwrap();
    }
    gateway.set_position(OWN, "AAPL", 10.0, 180.0).unwrap();
    gateway.set_position(OTHER, "AAPL", 5.0, 180.0).unwrap();
    gateway.set_position(OTHER, "MSFT", -2.0, 410.0).unwrap();
    gateway
}

fn other() -> Option<AccountId> {
    Some(AccountId(OTHER.into()))
}

/// Market values by account and symbol.
fn values(rows: &[Arc<Position>]) -> BTreeMap<(&str, &str), Option<f64>> {
    let value = |row: &Arc<Position>| row.market_value;
    rows.iter().map(|row| ((&*row.account.0, &*row.contract.symbol), value(row))).collect()
}

fn all_values() -> BTreeMap<(&'static str, &'static str), Option<f64>> {
    let rows = [((OWN, "AAPL"), 1900.0), ((OTHER, "AAPL"), 950.0), ((OTHER, "MSFT"), -800.0)];
    rows.map(|(key, value)| (key, Some(value))).into()
}

async fn unknown(client: &Client) -> aioibkr_core::Error {
    client.positions(None, Some(300 * MILLI)).await.unwrap_err()
}

#[tokio::test]
async fn core_first_positions_are_priced_after_each_connect() {
    let gateway = two_accounts();

    for _ in 0..5 {
        let client = connected(&gateway).await;
        let rows = client.positions(None, None).await.unwrap();
        assert_eq!(values(&rows), all_values());
        client.close().await.unwrap();
    }
}

#[tokio::test]
async fn core_positions_of_every_account_are_priced_after_a_reconnect_and_1101() {
    let gateway = two_accounts();
    let client = connected(&gateway).await;
    client.positions(None, None).await.unwrap();

    gateway.drop_connections().unwrap();
    eventually("the next link", || client.generation().0 == 2 && client.is_connected()).await;
    assert_eq!(values(&client.positions(None, None).await.unwrap()), all_values());

    gateway.notice(1101);
    eventually("the next question", || gateway.requests(Some("req_positions")).unwrap().len() == 3)
        .await;
    assert_eq!(values(&client.positions(None, None).await.unwrap()), all_values());
}

#[tokio::test]
async fn core_an_account_asked_for_later_is_priced_and_the_own_one_goes_on() {
    let gateway = two_accounts();
    let client = connected(&gateway).await;
    client.positions(Some(AccountId(OWN.into())), None).await.unwrap();

    let later = client.positions(other(), None).await.unwrap();
    gateway.set_account_value(OWN, "NetLiquidation", "4711", "USD").unwrap();

    assert!(later.iter().all(|row| row.market_value.is_some()), "{later:?}");
    for _ in 0..200 {
        let snapshot = client.account_snapshot(None, None).await.unwrap();
        if snapshot.number("NetLiquidation") == Some(4711.0) {
            return;
        }
        tokio::time::sleep(25 * MILLI).await;
    }
    unreachable!("the own account is no longer told of");
}

#[tokio::test]
async fn core_what_another_account_bought_since_is_priced_too() {
    let gateway = two_accounts();
    let client = connected(&gateway).await;
    client.positions(other(), None).await.unwrap();

    gateway.set_position(OTHER, "MSFT", 3.0, 390.0).unwrap();
    eventually("the new row", || {
        let rows = futures_util::FutureExt::now_or_never(client.holdings(other(), None));
        rows.unwrap().unwrap().iter().any(|row| row.quantity == 3.into())
    })
    .await;

    let rows = client.positions(other(), None).await.unwrap();
    assert_eq!(values(&rows)[&(OTHER, "MSFT")], Some(1200.0));
}

#[tokio::test]
async fn core_a_portfolio_that_never_comes_is_named_and_delays_nobody_else() {
    let gateway = two_accounts();
    let _mute = gateway.inject(Fault::Mute("acct_download_end".into())).unwrap();
    let client = connected(&gateway).await;

    let error = unknown(&client).await;
    let held = client.holdings(None, None).await.unwrap();

    assert_eq!(error.kind(), ErrorKind::StateUnknown);
    assert_eq!(error.details()["missing"], "portfolio");
    assert_eq!(error.details()["account"], format!("{OWN}, {OTHER}"));
    assert_eq!(held.len(), 3);
    assert!(client.is_connected());
}

#[tokio::test]
async fn core_a_portfolio_that_is_late_is_awaited() {
    let gateway = two_accounts();
    let late = gateway.inject(Fault::Delay("acct_download_end".into(), 300 * MILLI)).unwrap();
    let client = connected(&gateway).await;

    let rows = client.positions(None, Some(5 * SECOND)).await.unwrap();

    assert_eq!(values(&rows), all_values());
    drop(late);
}

#[tokio::test]
async fn core_an_impatient_reader_is_told_that_the_portfolio_is_missing() {
    let gateway = two_accounts();
    let client = connected(&gateway).await;
    client.wait_ready(Some(5 * SECOND)).await.unwrap();
    let at_once = client.with_read_options(ReadOptions { wait: false, ..ReadOptions::default() });

    let error = at_once.positions(other(), None).await.unwrap_err();

    assert_eq!(error.details()["missing"], "portfolio");
    eventually("what was asked for", || {
        let rows = futures_util::FutureExt::now_or_never(at_once.positions(other(), None));
        rows.unwrap().is_ok()
    })
    .await;
}

#[tokio::test]
async fn core_positions_without_a_mark_are_told_without_one() {
    let gateway = two_accounts();
    let _marks = gateway.inject(Quirk::MissingMarks).unwrap();
    let client = connected(&gateway).await;

    let rows = client.positions(None, Some(5 * SECOND)).await.unwrap();

    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row.market_price.is_none() && row.market_value.is_none()));
}

#[tokio::test]
async fn core_nothing_held_needs_no_portfolio() {
    let gateway = gateway();
    let _mute = gateway.inject(Fault::Mute("acct_download_end".into())).unwrap();
    let client = connected(&gateway).await;

    assert_eq!(client.positions(None, Some(5 * SECOND)).await.unwrap(), []);
}

#[tokio::test]
async fn core_the_first_summary_has_its_profit_and_loss() {
    let gateway = gateway();
    gateway.set_pnl("DU1234567", 12.5, 100.0, 0.0).unwrap();
    let _late = gateway.inject(Fault::Delay("pnl".into(), 100 * MILLI)).unwrap();
    let client = connected(&gateway).await;

    let snapshot = client.account_snapshot(None, None).await.unwrap();

    assert_eq!(snapshot.pnl.daily, Some(12.5));
}

#[tokio::test]
async fn core_profit_and_loss_that_is_kept_back_keeps_nothing_else_back() {
    let gateway = gateway();
    let _mute = gateway.inject(Fault::Mute("pnl".into())).unwrap();
    let client = connected(&gateway).await;

    let snapshot = client.account_snapshot(None, Some(5 * SECOND)).await.unwrap();

    assert_eq!(snapshot.pnl.daily, None);
    assert!(snapshot.number("NetLiquidation").is_some());
}
