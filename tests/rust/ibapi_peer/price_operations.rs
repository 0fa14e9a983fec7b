//! Quotes, snapshots, depth, ticks one by one and real-time bars.

use std::collections::HashMap;

use ibapi::contracts::tick_types::TickType;
use ibapi::market_data::realtime::MarketDepths;
use ibapi::prelude::*;
use serde_json::{Value, json};

use crate::contract_operations::listed_futures;
use crate::session::{Failure, PATIENCE, Read, Session, code_of, first, next, sorted, stock};

const KINDS: [(&str, TickType); 11] = [
    ("bid", TickType::Bid),
    ("ask", TickType::Ask),
    ("last", TickType::Last),
    ("bid_size", TickType::BidSize),
    ("ask_size", TickType::AskSize),
    ("last_size", TickType::LastSize),
    ("volume", TickType::Volume),
    ("open", TickType::Open),
    ("high", TickType::High),
    ("low", TickType::Low),
    ("close", TickType::Close),
];

/// The prices and sizes in a tick.
fn values(tick: &TickTypes) -> Vec<(TickType, f64)> {
    match tick {
        TickTypes::Price(tick) => vec![(tick.tick_type, tick.price)],
        TickTypes::Size(tick) => vec![(tick.tick_type, tick.size)],
        TickTypes::PriceSize(tick) => {
            vec![(tick.price_tick_type, tick.price), (tick.size_tick_type, tick.size)]
        }
        _ => Vec::new(),
    }
}

pub(crate) async fn quote(session: &mut Session) -> Read {
    let contract = stock("AAPL");
    let mut ticks = session.client.market_data(&contract).subscribe().await?.filter_data();
    let mut shown: HashMap<String, f64> = HashMap::new();
    while shown.len() < KINDS.len() {
        for (kind, value) in values(&next(&mut ticks).await?) {
            if let Some((name, _)) = KINDS.iter().find(|(_, known)| *known == kind) {
                shown.entry((*name).to_owned()).or_insert(value);
            }
        }
    }
    Ok(json!(shown))
}

pub(crate) async fn snapshot(session: &mut Session) -> Read {
    let contract = stock("AAPL");
    let ticks = session.client.market_data(&contract).snapshot_once(PATIENCE).await?;
    let shown: Vec<_> = ticks.iter().flat_map(values).collect();
    let price = |kind: TickType| shown.iter().find(|(known, _)| *known == kind).map(|row| row.1);
    Ok(json!([price(TickType::Bid), price(TickType::Ask), price(TickType::Last)]))
}

pub(crate) async fn not_entitled(session: &mut Session) -> Read {
    let contract = stock("TSLA");
    let mut ticks = session.client.market_data(&contract).subscribe().await?;
    let refused = ticks.next().await.ok_or("no answer")?;
    Ok(json!(refused.err().as_ref().and_then(code_of)))
}

pub(crate) async fn delayed_quote(session: &mut Session) -> Read {
    session.client.switch_market_data_type(MarketDataType::Delayed).await?;
    let contract = stock("TSLA");
    let mut ticks = session.client.market_data(&contract).subscribe().await?.filter_data();
    let (mut kind, mut shown) = (None, HashMap::new());
    while !(shown.contains_key("bid") && shown.contains_key("ask")) {
        let tick = next(&mut ticks).await?;
        if let TickTypes::MarketDataType(told) = tick {
            kind = Some(i32::from(told == MarketDataType::Delayed) * 3);
            continue;
        }
        for (kind, value) in values(&tick) {
            match kind {
                TickType::DelayedBid => shown.insert("bid", value),
                TickType::DelayedAsk => shown.insert("ask", value),
                _ => None,
            };
        }
    }
    session.client.switch_market_data_type(MarketDataType::Realtime).await?;
    Ok(json!([kind, shown["bid"], shown["ask"]]))
}

pub(crate) async fn depth(session: &mut Session) -> Read {
    let contract = listed_futures(session).await?.into_iter().next().ok_or("no future")?;
    let rows = session.client.market_depth(&contract, 5).subscribe().await?;
    let mut rows = rows.filter_data();
    let mut book = Vec::new();
    while book.len() < 3 {
        if let MarketDepths::MarketDepth(row) = next(&mut rows).await? {
            book.push((-row.side, row.position, json!([row.price, row.size])));
        }
    }
    Ok(in_order(book))
}

pub(crate) async fn smart_depth(session: &mut Session) -> Read {
    let contract = stock("AAPL");
    let rows = session.client.market_depth(&contract, 5).smart_depth(SmartDepth::Yes);
    let mut rows = rows.subscribe().await?.filter_data();
    let mut book = Vec::new();
    while book.len() < 2 {
        if let MarketDepths::MarketDepthL2(row) = next(&mut rows).await? {
            book.push((-row.side, row.position, json!([row.price, row.size, row.market_maker])));
        }
    }
    Ok(in_order(book))
}

/// Bids first, best first.
fn in_order(mut book: Vec<(i32, i32, Value)>) -> Value {
    book.sort_by_key(|row| (row.0, row.1));
    book.into_iter().map(|row| row.2).collect()
}

pub(crate) async fn generic_tick(session: &mut Session) -> Read {
    let contract = stock("LIVE");
    let ticks = session.client.market_data(&contract).generic_ticks(&["106"]).subscribe().await?;
    let volatility = first(ticks.filter_data(), |tick| match tick {
        TickTypes::Generic(tick) if tick.tick_type == TickType::OptionImpliedVol => {
            Some(tick.value)
        }
        _ => None,
    });
    Ok(json!(volatility.await?))
}

pub(crate) async fn tick_by_tick_last(session: &mut Session) -> Read {
    let contract = stock("LIVE");
    let ticks = session.client.tick_by_tick(&contract, 0).last().await?;
    let tick = next(&mut ticks.filter_data()).await?;
    Ok(json!([tick.price, tick.size, tick.exchange]))
}

/// The first four ticks, each once.
async fn four<S, T>(mut ticks: S, row: impl Fn(T) -> Value) -> Result<Value, Failure>
where
    S: futures_util::Stream<Item = Result<T, Error>> + Unpin,
{
    let mut rows = Vec::new();
    while rows.len() < 4 {
        rows.push(row(next(&mut ticks).await?));
    }
    Ok(sorted(rows))
}

pub(crate) async fn tick_by_tick_bid_ask(session: &mut Session) -> Read {
    let contract = stock("LIVE");
    let ticks = session.client.tick_by_tick(&contract, 0).bid_ask(IgnoreSize::No).await?;
    four(ticks.filter_data(), |tick| {
        json!([tick.bid_price, tick.ask_price, tick.bid_size, tick.ask_size])
    })
    .await
}

pub(crate) async fn tick_by_tick_mid_point(session: &mut Session) -> Read {
    let contract = stock("LIVE");
    let ticks = session.client.tick_by_tick(&contract, 0).mid_point().await?;
    four(ticks.filter_data(), |tick| json!(tick.mid_point)).await
}

pub(crate) async fn real_time_bars(session: &mut Session) -> Read {
    let contract = stock("LIVE");
    let bars = session.client.realtime_bars(&contract).trading_hours(TradingHours::Extended);
    let bars = bars.subscribe().await?.filter_data();
    let bar = first(bars, |bar| (bar.volume > 0.0).then_some(bar)).await?;
    let each = bar.volume / f64::from(bar.count);
    Ok(json!([bar.open, bar.high, bar.low, bar.close, bar.wap, each]))
}
