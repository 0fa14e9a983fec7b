//! The feed's requests, as a gateway reads them, beside those of a foreign client.

use std::io::Write;

use aioibkr_core::feed::request::{self, DepthTerms, RealTimeBarsTerms, TickByTickTerms};
use aioibkr_core::feed::{Message, decode};
use aioibkr_core::model::{self, BarSize, BarsRequest, TickByTickKind, WhatToShow};
use aioibkr_mock_gateway::MockGateway;
use ibapi::prelude::*;

use crate::mock_fixture::{gateway, gateway_with_client};
use crate::mock_raw::{ERROR, RawClient, until};

const ID: i32 = 5;

/// A contract with every field that both can send.
fn ours() -> model::Contract {
    model::Contract {
        contract_id: Some(model::ContractId(4242)),
        expiry: "20270115".into(),
        strike: Some(190.0),
        right: Some(model::Right::Call),
        multiplier: "100".into(),
        exchange: "SMART".into(),
        primary_exchange: "CBOE".into(),
        currency: "USD".into(),
        local_symbol: "AAPL  270115C00190000".into(),
        trading_class: "AAPL".into(),
        include_expired: true,
        security_id_type: "ISIN".into(),
        security_id: "US0378331005".into(),
        ..model::Contract::new(model::SecurityType::Option, "AAPL")
    }
}

fn theirs() -> Contract {
    Contract {
        contract_id: 4242,
        symbol: "AAPL".into(),
        security_type: SecurityType::Option,
        last_trade_date_or_contract_month: "20270115".into(),
        strike: 190.0,
        right: Some(OptionRight::Call),
        multiplier: "100".into(),
        exchange: "SMART".into(),
        primary_exchange: "CBOE".into(),
        currency: "USD".into(),
        local_symbol: "AAPL  270115C00190000".into(),
        trading_class: "AAPL".into(),
        include_expired: true,
        security_id_type: Some(ibapi::contracts::SecurityIdType::Isin),
        security_id: "US0378331005".into(),
        ..Contract::default()
    }
}

/// The fields of the requests of a kind that one client sent, apart from the request id.
fn sent(gateway: &MockGateway, client_id: i32, kind: &str) -> Vec<Vec<(String, String)>> {
    let requests = gateway.requests(Some(kind)).unwrap();
    let of_client = requests.into_iter().filter(|request| request.client_id == client_id);
    let without_id = |fields: Vec<(String, String)>| {
        fields.into_iter().filter(|(name, _)| name != "req_id" && name != "reqId").collect()
    };
    of_client.map(|request| without_id(request.fields)).collect()
}

/// What the gateway read of a request of ours and of theirs.
fn both(gateway: &MockGateway, kind: &str, frame: &[u8]) -> [Vec<(String, String)>; 2] {
    let mut feed = RawClient::connect(gateway, 8);
    feed.0.write_all(frame).unwrap();
    until(|| [7, 8].iter().all(|client| sent(gateway, *client, kind).len() == 1));
    [8, 7].map(|client| sent(gateway, client, kind).remove(0))
}

#[tokio::test]
async fn test_feed_market_data_is_asked_as_ibapi_asks() {
    let (gateway, client) = gateway_with_client().await;
    let contract = theirs();
    let ticks = client.market_data(&contract).generic_ticks(&["106", "233"]).subscribe().await;

    let frame = request::market_data(ID, &ours(), "106,233");
    let [ours, theirs] = both(&gateway, "req_mkt_data", &frame);

    drop(ticks);
    assert!(ours.len() >= 16, "every field is there: {ours:?}");
    assert_eq!(ours, theirs);
}

#[tokio::test]
async fn test_feed_depth_and_ticks_are_asked_as_ibapi_asks() {
    let (gateway, client) = gateway_with_client().await;
    let contract = theirs();
    let depth = client.market_depth(&contract, 7).smart_depth(SmartDepth::Yes).subscribe().await;
    let ticks = client.tick_by_tick(&contract, 3).bid_ask(IgnoreSize::Yes).await;

    let rows = DepthTerms { rows: 7, is_smart: true };
    let depths = both(&gateway, "req_mkt_depth", &request::depth(ID, &ours(), rows));
    let kind = TickByTickKind::BidAsk;
    let terms = TickByTickTerms { kind, number_of_ticks: 3, ignore_size: true };
    let frame = request::tick_by_tick(ID, &ours(), terms);
    let tick_by_ticks = both(&gateway, "req_tick_by_tick_data", &frame);

    drop((depth, ticks));
    assert_eq!(depths[0], depths[1]);
    assert_eq!(tick_by_ticks[0], tick_by_ticks[1]);
}

#[tokio::test]
async fn test_feed_bars_are_asked_as_ibapi_asks() {
    let (gateway, client) = gateway_with_client().await;
    let contract = theirs();
    let bars = client.historical_data(&contract, HistoricalBarSize::Min).duration(2.days());
    let bars = bars.trading_hours(TradingHours::Regular).stream().await;

    let asked = BarsRequest {
        duration: "2 D".into(),
        bar_size: BarSize::from_name("1 min").unwrap(),
        what_to_show: WhatToShow::Trades,
        use_rth: true,
        end: None,
    };
    let frame = request::history(ID, &ours(), &asked);
    let [ours, theirs] = both(&gateway, "req_historical_data", &frame);

    drop(bars);
    assert_eq!(ours, theirs);
}

/// They send a bar size of 0, which gateways take as well.
#[tokio::test]
async fn test_feed_real_time_bars_are_asked_as_ibapi_asks() {
    let (gateway, client) = gateway_with_client().await;
    let contract = theirs();
    let bars = client.realtime_bars(&contract).trading_hours(TradingHours::Regular);
    let bars = bars.subscribe().await;

    let terms = RealTimeBarsTerms { what_to_show: WhatToShow::Trades, use_rth: true };
    let frame = request::real_time_bars(ID, &ours(), terms);
    let [mut ours, theirs] = both(&gateway, "req_real_time_bars", &frame);

    drop(bars);
    let size = ours.iter_mut().find(|(name, _)| name == "bar_size" || name == "barSize").unwrap();
    assert_eq!(std::mem::replace(&mut size.1, "0".into()), "5");
    assert_eq!(ours, theirs);
}

#[test]
fn test_feed_cancels_are_understood() {
    let gateway = gateway();
    let mut feed = RawClient::connect(&gateway, 8);
    let contract = model::Contract::stock("AAPL");
    let terms = DepthTerms { rows: 5, is_smart: true };
    feed.0.write_all(&request::market_data(ID, &contract, "")).unwrap();
    feed.0.write_all(&request::depth(ID + 1, &contract, terms)).unwrap();

    feed.0.write_all(&request::cancel_market_data(ID)).unwrap();
    feed.0.write_all(&request::cancel_depth(ID + 1, true)).unwrap();
    feed.0.write_all(&request::cancel_tick_by_tick(ID + 2)).unwrap();
    let refused = loop {
        let body = feed.read_until(ERROR);
        let Ok(Message::Error(error)) = decode(&body) else { panic!("no error: {body:?}") };
        if matches!(error.code, 300 | 310) {
            break error.request_id;
        }
    };

    assert_eq!(refused, Some(ID + 2), "only what was never asked for is unknown");
}
