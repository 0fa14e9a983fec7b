//! Historical bars of the mock gateway, as a foreign client sees them.

use aioibkr_mock_gateway::HistoryBar;
use ibapi::market_data::historical::BarTimestamp;
use ibapi::prelude::*;
use time::macros::datetime;

use crate::mock_fixture::{aapl, gateway_with_client};

#[tokio::test]
async fn test_hourly_bars_of_a_session() {
    let (_gateway, client) = gateway_with_client().await;
    let contract = aapl();

    let history = client
        .historical_data(&contract, HistoricalBarSize::Hour)
        .what_to_show(HistoricalWhatToShow::Trades)
        .duration(1.days())
        .ending(datetime!(2026-11-20 22:00:00 UTC))
        .fetch()
        .await
        .unwrap();

    let BarTimestamp::DateTime(first) = history.bars[0].date else { panic!("a time") };
    let BarTimestamp::DateTime(second) = history.bars[1].date else { panic!("a time") };
    assert_eq!(history.bars.len(), 7);
    assert_eq!(first, datetime!(2026-11-20 14:30:00 UTC));
    assert_eq!(second, datetime!(2026-11-20 15:00:00 UTC));
}

#[tokio::test]
async fn test_midpoint_bars_have_no_trades() {
    let (_gateway, client) = gateway_with_client().await;
    let contract = aapl();

    let history = client
        .historical_data(&contract, HistoricalBarSize::Day)
        .what_to_show(HistoricalWhatToShow::MidPoint)
        .duration(5.days())
        .ending(datetime!(2026-11-20 22:00:00 UTC))
        .fetch()
        .await
        .unwrap();

    assert_eq!(history.bars.len(), 5);
    assert!(history.bars.iter().all(|bar| bar.volume == -1.0 && bar.count == -1));
    assert_eq!(history.bars[4].date, BarTimestamp::Date(time::macros::date!(2026 - 11 - 20)));
}

#[tokio::test]
async fn test_bars_that_were_set_are_what_is_answered() {
    let (gateway, client) = gateway_with_client().await;
    let start = datetime!(2026-11-20 15:00:00 UTC).unix_timestamp();
    let bar = HistoryBar { start, open: 1.0, high: 4.0, low: 0.5, close: 2.0, volume: 1000.0 };
    gateway.set_bars("AAPL", &[bar]).unwrap();
    let contract = aapl();

    let history = client
        .historical_data(&contract, HistoricalBarSize::Min)
        .duration(1.days())
        .ending(datetime!(2026-11-20 22:00:00 UTC))
        .fetch()
        .await
        .unwrap();

    let [shown] = history.bars.as_slice() else { panic!("one bar") };
    assert_eq!((shown.open, shown.high, shown.low, shown.close), (1.0, 4.0, 0.5, 2.0));
    assert_eq!(shown.volume, 1000.0);
}
