//! Accounts, contracts and market data through the client.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use aioibkr_core::model::{
    AccountId, BarSize, BarsRequest, Contract, MarketDataType, SecurityType, WhatToShow,
};
use aioibkr_core::{Config, ErrorKind};
use aioibkr_mock_gateway::{Fault, MockGateway, Prices, Settings};
use rust_decimal::Decimal;

use crate::core_gateway::{MILLI, SECOND, config, connected, connected_with, eventually, gateway};

fn account() -> AccountId {
    AccountId("DU1234567".into())
}

#[tokio::test]
async fn core_account_values_are_those_of_the_account() {
    let gateway = gateway();
    gateway.set_account_value("DU1234567", "NetLiquidation", "250000", "USD").unwrap();
    let client = connected(&gateway).await;

    let snapshot = client.account_snapshot(None, None).await.unwrap();

    assert_eq!(snapshot.account, account());
    assert_eq!(snapshot.number("NetLiquidation"), Some(250_000.0));
    client.wait_ready(Some(5 * SECOND)).await.unwrap();
    assert!(client.is_ready());
}

#[tokio::test]
async fn core_two_accounts_never_mix() {
    let accounts = vec!["DU1111111".to_owned(), "DU2222222".to_owned()];
    let gateway = MockGateway::start(Settings { accounts, ..Settings::default() }).unwrap();
    gateway.set_account_value("DU1111111", "NetLiquidation", "1000", "USD").unwrap();
    gateway.set_account_value("DU2222222", "NetLiquidation", "2000", "USD").unwrap();
    let client = connected(&gateway).await;

    for (name, value) in [("DU1111111", 1000.0), ("DU2222222", 2000.0)] {
        let snapshot = client.account_snapshot(Some(AccountId(name.into())), None).await.unwrap();
        assert_eq!(snapshot.number("NetLiquidation"), Some(value), "{name}");
    }
}

#[tokio::test]
async fn core_an_account_of_somebody_else_is_named() {
    let gateway = gateway();
    let client = connected(&gateway).await;

    let error = client.account_snapshot(Some(AccountId("U9".into())), None).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("U9") && error.message().contains("DU1234567"), "{error}");
}

#[tokio::test]
async fn core_account_values_that_never_come_are_unknown() {
    let gateway = gateway();
    let _mute = gateway.inject(Fault::Mute("acct_download_end".into())).unwrap();
    let client = connected(&gateway).await;

    let error = client.account_snapshot(None, Some(200 * MILLI)).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::StateUnknown);
    assert!(!client.is_ready());
}

#[tokio::test]
async fn core_positions_come_with_their_price_and_without() {
    let gateway = gateway();
    gateway.set_position("DU1234567", "AAPL", 10.5, 180.0).unwrap();
    gateway.set_price("AAPL", prices(190.0)).unwrap();
    let client = connected(&gateway).await;

    let positions = client.positions(None, None).await.unwrap();

    assert_eq!(positions.len(), 1);
    assert_eq!(positions[0].contract.symbol, "AAPL");
    assert_eq!(positions[0].quantity, Decimal::new(105, 1));
}

#[tokio::test]
async fn core_a_position_without_a_price_is_not_forgotten() {
    let gateway = gateway();
    gateway.set_position("DU1234567", "AAPL", 10.0, 180.0).unwrap();
    gateway.clear_price("AAPL").unwrap();
    let client = connected(&gateway).await;

    let positions = client.positions(Some(account()), None).await.unwrap();

    assert_eq!(positions.len(), 1);
}

#[tokio::test]
async fn core_pnl_is_that_of_the_gateway() {
    let gateway = gateway();
    gateway.set_pnl("DU1234567", 12.5, 100.0, 0.0).unwrap();
    let client = connected(&gateway).await;

    let pnl = client.pnl(None, None).await.unwrap();

    assert_eq!(pnl.daily, Some(12.5));
    assert_eq!(pnl.unrealized, Some(100.0));
}

#[tokio::test]
async fn core_accounts_are_known_again_after_a_reconnect() {
    let gateway = gateway();
    let client = connected(&gateway).await;
    client.account_snapshot(None, None).await.unwrap();
    gateway.set_account_value("DU1234567", "NetLiquidation", "77", "USD").unwrap();

    gateway.drop_connections().unwrap();
    eventually("the next link", || client.generation().0 == 2).await;

    let snapshot = client.account_snapshot(None, None).await.unwrap();
    assert_eq!(snapshot.number("NetLiquidation"), Some(77.0));
}

#[tokio::test]
async fn core_a_contract_is_qualified_once() {
    let gateway = gateway();
    let client = connected(&gateway).await;

    let first = client.qualify(Contract::stock("AAPL"), None).await.unwrap();
    let second = client.qualify(first.clone(), None).await.unwrap();
    client.qualify(Contract::stock("AAPL"), None).await.unwrap();

    assert!(first.contract_id.is_some());
    assert_eq!(first, second);
    assert_eq!(gateway.requests(Some("req_contract_data")).unwrap().len(), 1);
}

#[tokio::test]
async fn core_an_unknown_contract_is_named() {
    let gateway = gateway();
    let client = connected(&gateway).await;

    let error = client.qualify(Contract::stock("NOSUCH"), None).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::ContractNotFound);
    assert_eq!(error.details()["symbol"], "NOSUCH");
}

#[tokio::test]
async fn core_an_ambiguous_contract_names_its_candidates() {
    let gateway = gateway();
    let client = connected(&gateway).await;

    let asked = Contract::new(SecurityType::Future, "ES");
    let error = client.qualify(asked, None).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::AmbiguousContract);
    assert!(error.details()["candidates"].contains("ES"), "{error}");
}

#[tokio::test]
async fn core_a_quote_is_fresh_and_leaves_no_line_behind() {
    let gateway = gateway();
    gateway.set_price("AAPL", prices(190.0)).unwrap();
    let client = connected(&gateway).await;

    let quote = client.quote(Contract::stock("AAPL"), None, None).await.unwrap();

    assert_eq!((quote.bid, quote.ask, quote.last), (Some(189.9), Some(190.1), Some(190.0)));
    assert_eq!(quote.market_data_type, MarketDataType::Live);
    eventually("the line is released", || {
        gateway.requests(Some("cancel_mkt_data")).unwrap().len() == 1
    })
    .await;
}

#[tokio::test]
async fn core_concurrent_quotes_share_a_line() {
    let gateway = gateway();
    let client = connected(&gateway).await;
    client.qualify(Contract::stock("AAPL"), None).await.unwrap();
    let _late = gateway.inject(Fault::Delay("tick_price".into(), 100 * MILLI)).unwrap();

    let quotes = (0..20).map(|_| client.quote(Contract::stock("AAPL"), None, None));
    let quotes = futures_util::future::join_all(quotes).await;

    assert!(quotes.iter().all(Result::is_ok), "{quotes:?}");
    assert_eq!(gateway.requests(Some("req_mkt_data")).unwrap().len(), 1);
}

#[tokio::test]
async fn core_a_missing_price_is_an_error_and_not_a_number() {
    let gateway = gateway();
    let client = connected(&gateway).await;
    client.qualify(Contract::stock("AAPL"), None).await.unwrap();
    let _mute = gateway.inject(Fault::Mute("req_mkt_data".into())).unwrap();

    let timeout = Some(200 * MILLI);
    let error = client.quote(Contract::stock("AAPL"), None, timeout).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::MarketData);
    assert!(error.message().contains("price"), "{error}");
}

#[tokio::test]
async fn core_delayed_data_stands_in_and_says_so() {
    let gateway = gateway();
    gateway.set_entitlement("AAPL", false).unwrap();
    let client = connected(&gateway).await;

    let quote = client.quote(Contract::stock("AAPL"), None, None).await.unwrap();

    assert!(quote.is_delayed());
    assert!(quote.market_price().is_some());
}

#[tokio::test]
async fn core_without_the_fallback_a_missing_entitlement_is_an_error() {
    let gateway = gateway();
    gateway.set_entitlement("AAPL", false).unwrap();
    let client = connected_with(Config { delayed_fallback: false, ..config(&gateway) }).await;

    let timeout = Some(500 * MILLI);
    let error = client.quote(Contract::stock("AAPL"), None, timeout).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::NotEntitled);
}

#[tokio::test]
async fn core_a_kept_line_follows_the_price_over_a_reconnect() {
    let gateway = gateway();
    gateway.set_price("AAPL", prices(190.0)).unwrap();
    let client = connected(&gateway).await;
    let quote = client.subscribe_quote(Contract::stock("AAPL"), None).await.unwrap();
    let id = quote.contract.contract_id.unwrap();
    client.subscribe_quote(Contract::stock("AAPL"), None).await.unwrap();
    assert_eq!(gateway.requests(Some("req_mkt_data")).unwrap().len(), 1, "idempotent");

    gateway.set_price("AAPL", prices(200.0)).unwrap();
    let last = || client.latest_quote(id).and_then(|quote| quote.last);
    eventually("the new price", || last() == Some(200.0)).await;

    gateway.drop_connections().unwrap();
    eventually("the next link", || client.generation().0 == 2).await;
    gateway.set_price("AAPL", prices(210.0)).unwrap();
    eventually("a price of the next link", || last() == Some(210.0)).await;

    client.unsubscribe_quote(id).await;
    assert!(client.latest_quote(id).is_none());
}

#[tokio::test]
async fn core_bars_are_the_gateways() {
    let gateway = gateway();
    let client = connected(&gateway).await;

    let bars = client.bars(Contract::stock("AAPL"), bars_request("2 D"), None).await.unwrap();

    assert!(!bars.is_empty());
    assert!(bars.windows(2).all(|pair| pair[0].time < pair[1].time));
    assert!(bars.iter().all(|bar| bar.low <= bar.high));
}

#[tokio::test]
async fn core_a_bad_duration_is_not_sent() {
    let gateway = gateway();
    let client = connected(&gateway).await;

    let error = client.bars(Contract::stock("AAPL"), bars_request("1 H"), None).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(gateway.requests(Some("req_historical_data")).unwrap().is_empty());
}

fn bars_request(duration: &str) -> BarsRequest {
    BarsRequest {
        duration: duration.into(),
        bar_size: BarSize::from_name("1 hour").unwrap(),
        what_to_show: WhatToShow::Trades,
        use_rth: true,
        end: None,
    }
}

fn prices(last: f64) -> Prices {
    Prices { bid: Some(last - 0.1), ask: Some(last + 0.1), last: Some(last), ..Prices::default() }
}

#[tokio::test]
async fn core_no_history_is_an_empty_answer() {
    let gateway = gateway();
    gateway.set_bars("AAPL", &[]).unwrap();
    let client = connected(&gateway).await;

    let bars = client.bars(Contract::stock("AAPL"), bars_request("1 D"), None).await.unwrap();

    assert!(bars.is_empty());
}

/// Every future of the client may move between threads.
#[test]
fn core_everything_is_send() {
    fn is_send<T: Send>(_: T) {}
    fn check(client: &aioibkr_core::Client) {
        is_send(client.clone());
        is_send(client.open());
        is_send(client.close());
        is_send(client.wait_ready(None));
        is_send(client.account_snapshot(None, None));
        is_send(client.pnl(None, None));
        is_send(client.positions(None, None));
        is_send(client.quote(Contract::stock("AAPL"), None, None));
        is_send(client.subscribe_quote(Contract::stock("AAPL"), None));
        is_send(client.bars(Contract::stock("AAPL"), bars_request("1 D"), None));
        is_send(client.open_orders(None));
        is_send(client.completed_orders(None));
        is_send(client.executions(None));
        is_send(client.cancel_all(None));
    }
    let _ = check;
}
