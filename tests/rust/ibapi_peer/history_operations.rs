//! Historical bars, ticks, heads, histograms and schedules.

use std::time::Duration;

use ibapi::market_data::historical::{BarTimestamp, HistoricalBarUpdate};
use ibapi::prelude::*;
use serde_json::json;
use time::macros::{datetime, format_description, offset};
use time::{Date, OffsetDateTime};

use crate::session::{Failure, Read, Session, drain, first, stock};

fn day(date: Date) -> Result<String, Failure> {
    Ok(date.format(format_description!("[year][month][day]"))?)
}

pub(crate) async fn historical_bars(session: &mut Session) -> Read {
    let contract = stock("AAPL");
    let history = session
        .client
        .historical_data(&contract, HistoricalBarSize::Day)
        .what_to_show(HistoricalWhatToShow::Trades)
        .duration(2.days())
        .ending(datetime!(2026-01-05 21:00 UTC))
        .fetch()
        .await?;
    let mut rows = Vec::new();
    for bar in history.bars {
        let BarTimestamp::Date(date) = bar.date else { return Err("a time".into()) };
        let prices = (bar.open, bar.high, bar.low, bar.close);
        let date = day(date)?;
        rows.push(json!([date, prices.0, prices.1, prices.2, prices.3, bar.volume, bar.count]));
    }
    Ok(json!(rows))
}

pub(crate) async fn historical_bars_set(session: &mut Session) -> Read {
    let contract = stock("BARS");
    let history = session
        .client
        .historical_data(&contract, HistoricalBarSize::Min)
        .what_to_show(HistoricalWhatToShow::Trades)
        .duration(1.days())
        .ending(datetime!(2026-11-20 22:00 UTC))
        .fetch()
        .await?;
    let mut rows = Vec::new();
    for bar in history.bars {
        let BarTimestamp::DateTime(start) = bar.date else { return Err("a day".into()) };
        let start = start.unix_timestamp();
        rows.push(json!([start, bar.open, bar.high, bar.low, bar.close, bar.volume]));
    }
    Ok(json!(rows))
}

pub(crate) async fn live_bars(session: &mut Session) -> Read {
    let contract = stock("LIVE");
    let bars = session
        .client
        .historical_data(&contract, HistoricalBarSize::Hour)
        .what_to_show(HistoricalWhatToShow::Trades)
        .trading_hours(TradingHours::Extended)
        .duration(1.days())
        .stream()
        .await?;
    let close = first(bars.filter_data(), |item| match item {
        HistoricalBarUpdate::Update(bar) => Some(bar.close),
        _ => None,
    });
    Ok(json!(close.await?))
}

fn soon() -> OffsetDateTime {
    OffsetDateTime::now_utc() + Duration::from_secs(60)
}

pub(crate) async fn historical_ticks(session: &mut Session) -> Read {
    let contract = stock("PAST");
    let ticks = session.client.historical_ticks(&contract, 2).ending(soon());
    let ticks = ticks.trading_hours(TradingHours::Extended).trade().await?;
    let ticks = drain(ticks.filter_data()).await?;
    let last = ticks.len().saturating_sub(2);
    Ok(ticks.iter().skip(last).map(|tick| json!([tick.price, tick.size])).collect())
}

pub(crate) async fn historical_quotes(session: &mut Session) -> Read {
    let contract = stock("PAST");
    let ticks = session.client.historical_ticks(&contract, 1).ending(soon());
    let ticks = ticks.trading_hours(TradingHours::Extended).bid_ask(IgnoreSize::No).await?;
    let ticks = drain(ticks.filter_data()).await?;
    let tick = ticks.last().ok_or("no tick")?;
    Ok(json!([tick.price_bid, tick.price_ask, tick.size_bid, tick.size_ask]))
}

pub(crate) async fn head_timestamp(session: &mut Session) -> Read {
    let (show, hours) = (HistoricalWhatToShow::Trades, TradingHours::Regular);
    let head = session.client.head_timestamp(&stock("BARS"), show, hours).await?;
    Ok(json!(head.unix_timestamp()))
}

pub(crate) async fn histogram(session: &mut Session) -> Read {
    let (hours, period) = (TradingHours::Regular, HistoricalBarSize::Day);
    let rows = session.client.histogram_data(&stock("BARS"), hours, period).await?;
    Ok(rows.iter().map(|row| json!([row.price, row.size])).collect())
}

pub(crate) async fn schedule(session: &mut Session) -> Read {
    let contract = stock("AAPL");
    let found = session.client.historical_schedules(&contract, 2.days());
    let found = found.ending(datetime!(2026-11-20 22:00 UTC)).fetch().await?;
    let form = format_description!("[year][month][day]-[hour]:[minute]:[second]");
    // November: the wall clock of the zone is five hours behind.
    let local = |time: OffsetDateTime| time.to_offset(offset!(-5)).format(form);
    let mut rows = Vec::new();
    for row in found.sessions {
        rows.push(json!([day(row.reference)?, local(row.start)?, local(row.end)?]));
    }
    Ok(json!([found.time_zone, rows]))
}
