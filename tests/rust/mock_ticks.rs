//! Ticks one by one, past ticks, and bars that form, as a foreign client sees them.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use std::time::Duration;

use aioibkr_mock_gateway::{HistoryBar, MockGateway, Prices, Settings};
use futures_util::StreamExt;
use ibapi::market_data::historical::HistoricalBarUpdate;
use ibapi::prelude::*;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::mock_fixture::{aapl, connect, gateway_with_client, market, next};

#[tokio::test]
async fn test_every_print_and_every_quote_is_told() {
    let (gateway, client) = gateway_with_client().await;
    let contract = aapl();
    let trades = client.tick_by_tick(&contract, 0).all_last().await.unwrap();
    let quotes = client.tick_by_tick(&contract, 0).bid_ask(IgnoreSize::Yes).await.unwrap();
    let middles = client.tick_by_tick(&contract, 0).mid_point().await.unwrap();
    client.server_time().await.unwrap();

    gateway.trade("AAPL", 190.5, 7.0).unwrap();
    gateway.set_price("AAPL", Prices { bid_size: Some(9.0), ..Prices::default() }).unwrap();
    gateway.set_price("AAPL", market(190.25, 190.75, 190.5)).unwrap();

    let trade = next(&mut trades.filter_data()).await.unwrap();
    let quote = next(&mut quotes.filter_data()).await.unwrap();
    let middle = next(&mut middles.filter_data()).await.unwrap();
    assert_eq!((trade.price, trade.size, trade.exchange.as_str()), (190.5, 7.0, "NASDAQ"));
    // The change of a size alone was left out.
    assert_eq!((quote.bid_price, quote.ask_price, quote.bid_size), (190.25, 190.75, 9.0));
    assert_eq!(middle.mid_point, 190.5);
}

/// (T2) Options have no live ticks.
#[tokio::test]
async fn test_an_option_has_no_tick_by_tick() {
    let (_gateway, client) = gateway_with_client().await;
    let contract = Contract {
        local_symbol: "AAPL  NONE".into(),
        security_type: SecurityType::Option,
        ..Contract::default()
    };
    let option = Contract { symbol: "AAPL".into(), strike: 190.0, ..contract.clone() };
    let option = Contract { local_symbol: String::new(), ..option };
    let found = client.contract_details(&option).await.unwrap().remove(0).contract;

    let mut refused = client.tick_by_tick(&found, 0).last().await.unwrap();
    let mut unknown = client.tick_by_tick(&contract, 0).last().await.unwrap();

    assert!(next(&mut refused).await.unwrap_err().to_string().contains("10189"));
    assert!(next(&mut unknown).await.unwrap_err().to_string().contains("200"));
}

#[tokio::test]
async fn test_prints_of_the_day_are_past_ticks() {
    let (gateway, client) = gateway_with_client().await;
    let contract = aapl();
    gateway.trade("AAPL", 190.5, 7.0).unwrap();
    gateway.trade("AAPL", 190.75, 8.0).unwrap();
    let end = OffsetDateTime::now_utc() + Duration::from_secs(5);

    let ticks = client
        .historical_ticks(&contract, 2)
        .ending(end)
        .trading_hours(TradingHours::Extended)
        .trade()
        .await
        .unwrap();
    let mut ticks = ticks.filter_data();
    let mut found = Vec::new();
    while let Some(tick) = ticks.next().await {
        found.push(tick.unwrap());
    }

    let last: Vec<_> = found.iter().rev().take(2).map(|tick| tick.price).collect();
    assert_eq!(last, [190.75, 190.5]);
}

/// (T4) The last second comes whole.
#[tokio::test]
async fn test_a_thousand_ticks_may_be_more() {
    let (_gateway, client) = gateway_with_client().await;
    let contract = aapl();

    let ticks = client
        .historical_ticks(&contract, 1_000)
        .starting(datetime!(2026-11-19 14:30:00 UTC))
        .bid_ask(IgnoreSize::No)
        .await
        .unwrap();
    let mut ticks = ticks.filter_data();
    let mut times = Vec::new();
    while let Some(tick) = ticks.next().await {
        times.push(tick.unwrap().timestamp);
    }

    assert!(times.len() >= 1_000);
    assert!(times.is_sorted());
    assert!(times[999] == times[times.len() - 1]);
}

/// (H6) Five seconds, scaled: a bar holds the prints since the one before.
#[tokio::test]
async fn test_a_real_time_bar_holds_its_prints() {
    let settings = Settings { real_time_bar: Duration::from_millis(150), ..Settings::default() };
    let gateway = MockGateway::start(settings).expect("a free port on loopback");
    let client = connect(&gateway, 1).await;
    let contract = aapl();
    let bars = client.realtime_bars(&contract).subscribe().await.unwrap();
    let mut bars = bars.filter_data();
    next(&mut bars).await.unwrap();

    gateway.trade("AAPL", 190.0, 10.0).unwrap();
    gateway.trade("AAPL", 192.0, 10.0).unwrap();
    gateway.trade("AAPL", 191.0, 20.0).unwrap();
    let mut bar = next(&mut bars).await.unwrap();
    while bar.volume == 0.0 {
        bar = next(&mut bars).await.unwrap();
    }

    assert_eq!((bar.open, bar.high, bar.low, bar.close), (190.0, 192.0, 190.0, 191.0));
    assert_eq!((bar.volume, bar.wap, bar.count), (40.0, 191.0, 3));
}

/// (H16) The first batch, its end, then the last bar as it moves.
#[tokio::test]
async fn test_history_keeps_up_to_date() {
    let (gateway, client) = gateway_with_client().await;
    let contract = aapl();
    let bars = client
        .historical_data(&contract, HistoricalBarSize::Day)
        .duration(5.days())
        .stream()
        .await
        .unwrap();
    let mut bars = bars.filter_data();

    let first = next(&mut bars).await.unwrap();
    let mut item = next(&mut bars).await.unwrap();
    if matches!(item, HistoricalBarUpdate::End { .. }) {
        gateway.trade("AAPL", 1_000.0, 5.0).unwrap();
        item = next(&mut bars).await.unwrap();
    }

    let HistoricalBarUpdate::Historical(batch) = first else { panic!("a batch: {first:?}") };
    let HistoricalBarUpdate::Update(bar) = item else { panic!("an update: {item:?}") };
    assert_eq!(batch.bars.len(), 5);
    assert_eq!((bar.high, bar.close), (1_000.0, 1_000.0));
}

/// (H7)
#[tokio::test]
async fn test_a_schedule_lists_sessions() {
    let (_gateway, client) = gateway_with_client().await;
    let contract = aapl();

    let schedule = client
        .historical_schedules(&contract, 2.days())
        .ending(datetime!(2026-11-20 22:00:00 UTC))
        .fetch()
        .await
        .unwrap();

    let [thursday, friday] = schedule.sessions.as_slice() else { panic!("{schedule:?}") };
    assert_eq!(friday.start, datetime!(2026-11-20 14:30:00 UTC));
    assert_eq!(friday.end, datetime!(2026-11-20 21:00:00 UTC));
    assert_eq!(thursday.reference, time::macros::date!(2026 - 11 - 19));
    assert_eq!(schedule.time_zone, "US/Eastern");
}

/// (M21)
#[tokio::test]
async fn test_head_and_histogram_are_of_the_bars_that_were_set() {
    let (gateway, client) = gateway_with_client().await;
    let start = datetime!(2026-11-20 15:00:00 UTC).unix_timestamp();
    let bar = |n: i64, close: f64| HistoryBar {
        start: start + 60 * n,
        open: close,
        high: close,
        low: close,
        close,
        volume: 100.0,
    };
    gateway.set_bars("AAPL", &[bar(0, 10.0), bar(1, 11.0), bar(2, 10.0)]).unwrap();
    let contract = aapl();

    let (show, hours) = (HistoricalWhatToShow::Trades, TradingHours::Regular);
    let head = client.head_timestamp(&contract, show, hours).await.unwrap();
    let entries = client.histogram_data(&contract, hours, HistoricalBarSize::Day).await.unwrap();

    let rows: Vec<_> = entries.iter().map(|entry| (entry.price, entry.size)).collect();
    assert_eq!(head.unix_timestamp(), start);
    assert_eq!(rows, [(10.0, Some(200.0)), (11.0, Some(100.0))]);
}
