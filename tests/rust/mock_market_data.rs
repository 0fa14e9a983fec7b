//! Contract details and market data of the mock gateway, as a foreign client sees them.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use aioibkr_mock_gateway::Prices;
use ibapi::contracts::tick_types::TickType;
use ibapi::market_data::MarketDataType;
use ibapi::prelude::*;

use crate::mock_fixture::{PATIENCE, aapl, gateway_with_client, market, next};

#[tokio::test]
async fn test_contract_details_of_a_stock() {
    let (_gateway, client) = gateway_with_client().await;

    let details = client.contract_details(&aapl()).await.unwrap();

    let [row] = details.as_slice() else { panic!("one row: {details:?}") };
    assert_eq!((row.contract.contract_id, row.long_name.as_str()), (265_598, "APPLE INC"));
    assert_eq!((row.min_tick, row.time_zone_id.as_str()), (0.01, "US/Eastern"));
}

#[tokio::test]
async fn test_an_ambiguous_symbol_gives_several_rows_and_an_unknown_one_a_200() {
    let (_gateway, client) = gateway_with_client().await;

    let several = client.contract_details(&Contract::stock("AMB").build()).await.unwrap();
    let unknown = client.contract_details(&Contract::stock("NOPE").build()).await;

    assert_eq!(several.len(), 2);
    assert!(unknown.unwrap_err().to_string().contains("200"));
}

#[tokio::test]
async fn test_a_quote_shows_the_prices_that_were_set_and_follows_them() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).unwrap();
    let contract = aapl();
    let mut ticks = client.market_data(&contract).subscribe().await.unwrap().filter_data();

    let bid = price_of(&mut ticks, TickType::Bid).await;
    let last = price_of(&mut ticks, TickType::Last).await;
    gateway.set_price("AAPL", Prices { bid: Some(191.25), ..Prices::default() }).unwrap();
    let moved = price_of(&mut ticks, TickType::Bid).await;
    gateway.clear_price("AAPL").unwrap();
    let gone = price_of(&mut ticks, TickType::Bid).await;

    assert_eq!((bid, last, moved, gone), (189.9, 190.0, 191.25, -1.0));
}

#[tokio::test]
async fn test_without_entitlement_delayed_ticks_follow_a_warning() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).unwrap();
    gateway.set_entitlement("AAPL", false).unwrap();
    let contract = aapl();

    let mut live = client.market_data(&contract).subscribe().await.unwrap();
    let refused = next(&mut live).await;
    client.switch_market_data_type(MarketDataType::Delayed).await.unwrap();
    let delayed = client.market_data(&contract).subscribe().await.unwrap();
    let bid = price_of(&mut delayed.filter_data(), TickType::DelayedBid).await;

    assert!(refused.unwrap_err().to_string().contains("354"));
    assert_eq!(bid, 189.9);
}

#[tokio::test]
async fn test_a_complete_snapshot_ends() {
    let (_gateway, client) = gateway_with_client().await;
    let contract = aapl();

    let ticks = client.market_data(&contract).snapshot_once(PATIENCE).await.unwrap();

    assert!(ticks.len() > 5, "{ticks:?}");
}

#[tokio::test]
async fn test_every_tick_of_a_flood_arrives_in_order() {
    const COUNT: u64 = 50_000;
    let (gateway, client) = gateway_with_client().await;
    let contract = aapl();
    let mut ticks = client.market_data(&contract).subscribe().await.unwrap().filter_data();
    price_of(&mut ticks, TickType::Open).await;

    let flood = gateway.flood("AAPL", COUNT).unwrap();
    for number in 1..=COUNT {
        let TickTypes::PriceSize(tick) = next(&mut ticks).await.unwrap() else { panic!("a tick") };
        assert_eq!(tick.size, number as f64);
        assert_eq!(tick.price, 100.0 + (number % 10_000) as f64 * 0.01);
    }

    assert_eq!(flood.wait(), COUNT);
}

#[tokio::test]
async fn test_a_flood_ends_when_its_client_leaves() {
    let (gateway, client) = gateway_with_client().await;
    let contract = aapl();
    let mut ticks = client.market_data(&contract).subscribe().await.unwrap().filter_data();
    price_of(&mut ticks, TickType::Open).await;

    let flood = gateway.flood("AAPL", u64::MAX / 2).unwrap();
    gateway.drop_connections().unwrap();

    assert!(flood.wait() < u64::MAX / 2);
}

/// The price of the next tick of a kind.
pub(crate) async fn price_of<S>(ticks: &mut S, kind: TickType) -> f64
where
    S: futures_util::Stream<Item = Result<TickTypes, Error>> + Unpin,
{
    loop {
        match next(ticks).await.expect("a tick without an error") {
            TickTypes::Price(tick) if tick.tick_type == kind => return tick.price,
            TickTypes::PriceSize(tick) if tick.price_tick_type == kind => return tick.price,
            _ => {}
        }
    }
}
