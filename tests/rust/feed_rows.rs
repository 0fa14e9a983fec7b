//! One line of text for each value of a stream, from the feed's messages and from the `ibapi`
//! crate's items. Where the crate shows IB's way to say "none" as a number, the line says `None`;
//! what either leaves out is not compared.

use aioibkr_core::feed::{
    DepthOperation, FeedBar, FeedBarTime, Message, OptionTick, Tick, TickByTickEvent,
};
use ibapi::contracts::OptionComputation;
use ibapi::market_data::historical::{Bar as PastBar, BarTimestamp, HistoricalBarUpdate};
use ibapi::market_data::realtime::{Bar, BidAsk, MarketDepths, MidPoint, TickAttribute, Trade};
use ibapi::prelude::*;

const RESET: i32 = 317;

/// The request and the line of a message that a stream carries.
pub(crate) fn row(message: &Message<'_>) -> Option<(i32, String)> {
    match message {
        Message::Tick(tick) => Some((tick.request_id, our_tick(tick))),
        Message::TickText(text) => Some((text.request_id, told_text(text.tick_type, text.value))),
        Message::OptionTick(tick) => Some((tick.request_id, our_option(tick))),
        Message::TickParameters(p) => {
            let permissions = p.snapshot_permissions.unwrap_or(0);
            Some((p.request_id, parameters(p.min_tick.unwrap_or(0.0), p.bbo_exchange, permissions)))
        }
        Message::MarketDataType { request_id, kind } => Some((*request_id, format!("type {kind}"))),
        Message::TickByTick(tick) => Some((tick.request_id, our_event(tick.time, &tick.event))),
        Message::Depth(update) => {
            let place = (update.position, update.operation, i32::from(update.is_bid));
            Some((
                update.request_id,
                depth(place, (update.price, update.size), update.market_maker),
            ))
        }
        Message::RealTimeBar(bar) => Some((bar.request_id, format!("bar {:?}", our_bar(bar)))),
        Message::Bars { request_id, bars } => {
            let bars: Vec<_> = bars.iter().map(our_bar).collect();
            Some((*request_id, format!("bars {bars:?}")))
        }
        Message::BarUpdate(bar) => Some((bar.request_id, format!("update {:?}", our_bar(bar)))),
        Message::BarsEnd { request_id } => Some((*request_id, "end".to_owned())),
        Message::SnapshotEnd { request_id } => Some((*request_id, "snapshot end".to_owned())),
        // The crate hands a reset on as data, and other notices apart.
        Message::Error(error) if error.code == RESET => {
            error.request_id.map(|id| (id, "reset".to_owned()))
        }
        Message::Error(_) | Message::ServerTime | Message::Other(_) => None,
    }
}

/// A number, unless it says that there is none.
fn known(value: f64) -> Option<f64> {
    (value.is_finite() && value.abs() < f64::MAX).then_some(value)
}

/// A price beside its size.
fn quoted(price: f64, size: f64) -> Option<f64> {
    known(price).filter(|price| *price != -1.0 || size != 0.0)
}

fn told(kind: i32, price: Option<f64>, size: Option<f64>, attributes: u8) -> String {
    format!("tick {kind} {price:?} {size:?} {attributes}")
}

/// The crate shows sizes only beside bid, ask and last.
fn our_tick(tick: &Tick) -> String {
    let has_size = tick.price.is_none() || [1, 2, 4, 66, 67, 68].contains(&tick.tick_type);
    told(tick.tick_type, tick.price, tick.size.filter(|_| has_size), tick.attributes)
}

/// The line of an item of market data.
pub(crate) fn tick_row(tick: TickTypes) -> String {
    match tick {
        TickTypes::Price(t) => told(t.tick_type as i32, known(t.price), None, bits(&t.attributes)),
        TickTypes::PriceSize(t) => {
            let price = quoted(t.price, t.size);
            told(t.price_tick_type as i32, price, Some(t.size), bits(&t.attributes))
        }
        TickTypes::Size(t) => told(t.tick_type as i32, None, Some(t.size), 0),
        TickTypes::Generic(t) => told(t.tick_type as i32, known(t.value), None, 0),
        TickTypes::String(t) => told_text(t.tick_type as i32, &t.value),
        TickTypes::OptionComputation(t) => their_option(&t),
        TickTypes::SnapshotEnd => "snapshot end".to_owned(),
        TickTypes::RequestParameters(p) => {
            parameters(p.min_tick, &p.bbo_exchange, p.snapshot_permissions)
        }
        TickTypes::MarketDataType(kind) => format!("type {}", kind as i32),
    }
}

fn bits(attributes: &TickAttribute) -> u8 {
    let bits = [attributes.can_auto_execute, attributes.past_limit, attributes.pre_open];
    (0..).zip(bits).map(|(bit, is_set)| u8::from(is_set) << bit).sum()
}

fn told_text(kind: i32, text: &str) -> String {
    format!("text {kind} {text}")
}

fn parameters(min_tick: f64, bbo_exchange: &str, permissions: i32) -> String {
    format!("parameters {min_tick:?} {bbo_exchange} {permissions}")
}

fn option(kind: i32, greeks: [Option<f64>; 8]) -> String {
    format!("option {kind} {greeks:?}")
}

fn our_option(t: &OptionTick) -> String {
    let prices = [t.implied_volatility, t.delta, t.option_price, t.pv_dividend];
    let [implied, delta, price, dividend] = prices;
    option(
        t.tick_type,
        [implied, delta, price, dividend, t.gamma, t.vega, t.theta, t.underlying_price],
    )
}

fn their_option(t: &OptionComputation) -> String {
    let greeks = [
        // To the crate only -1 says "none"; to IB every negative one does.
        t.implied_volatility.filter(|volatility| *volatility >= 0.0),
        t.delta,
        t.option_price,
        t.present_value_dividend,
        t.gamma,
        t.vega,
        t.theta,
        t.underlying_price,
    ];
    option(t.field as i32, greeks.map(|greek| greek.and_then(known)))
}

fn trade(
    time: i64,
    values: (Option<f64>, f64),
    place: (&str, &str),
    flags: (bool, bool),
) -> String {
    format!("trade {time} {values:?} {place:?} {flags:?}")
}

fn quote(time: i64, sides: [(Option<f64>, f64); 2], flags: (bool, bool)) -> String {
    format!("quote {time} {sides:?} {flags:?}")
}

/// An absent size is zero in the crate.
fn our_event(time: i64, event: &TickByTickEvent<'_>) -> String {
    match *event {
        TickByTickEvent::Trade { price, size, exchange, conditions, past_limit, unreported } => {
            let values = (price, size.unwrap_or(0.0));
            trade(time, values, (exchange, conditions), (past_limit, unreported))
        }
        TickByTickEvent::BidAsk { bid, ask, bid_size, ask_size, bid_past_low, ask_past_high } => {
            let sides = [(bid, bid_size.unwrap_or(0.0)), (ask, ask_size.unwrap_or(0.0))];
            quote(time, sides, (bid_past_low, ask_past_high))
        }
        TickByTickEvent::MidPoint { price } => format!("middle {time} {price:?}"),
    }
}

/// The line of a trade.
pub(crate) fn trade_row(t: Trade) -> String {
    let flags = (t.trade_attribute.past_limit, t.trade_attribute.unreported);
    let values = (quoted(t.price, t.size), t.size);
    trade(t.time.unix_timestamp(), values, (&t.exchange, &t.special_conditions), flags)
}

/// The line of a quote.
pub(crate) fn quote_row(t: BidAsk) -> String {
    let flags = (t.bid_ask_attribute.bid_past_low, t.bid_ask_attribute.ask_past_high);
    let side = |price, size| (quoted(price, size), size);
    let sides = [side(t.bid_price, t.bid_size), side(t.ask_price, t.ask_size)];
    quote(t.time.unix_timestamp(), sides, flags)
}

/// The line of a middle.
pub(crate) fn middle_row(t: MidPoint) -> String {
    format!("middle {} {:?}", t.time.unix_timestamp(), quoted(t.mid_point, 0.0))
}

fn depth(place: (i32, DepthOperation, i32), (price, size): (f64, f64), maker: &str) -> String {
    let (position, operation, side) = place;
    format!("depth {position} {operation:?} {side} {price:?} {size:?} {maker}")
}

/// The line of a change of a book.
pub(crate) fn book_row(change: MarketDepths) -> String {
    let operations = [DepthOperation::Insert, DepthOperation::Update, DepthOperation::Delete];
    let operation = |number: i32| operations[usize::try_from(number).unwrap()];
    match change {
        MarketDepths::MarketDepth(r) => {
            depth((r.position, operation(r.operation), r.side), (r.price, r.size), "")
        }
        MarketDepths::MarketDepthL2(r) => {
            let place = (r.position, operation(r.operation), r.side);
            depth(place, (r.price, r.size), &r.market_maker)
        }
        MarketDepths::Reset => "reset".to_owned(),
    }
}

/// Time, prices, and what only trades have.
type BarRow = (String, [f64; 4], Option<f64>, Option<f64>, Option<i32>);

fn our_bar(bar: &FeedBar<'_>) -> BarRow {
    let time = match bar.time {
        FeedBarTime::Epoch(seconds) => seconds.to_string(),
        FeedBarTime::Date(date) => date.to_owned(),
    };
    (time, [bar.open, bar.high, bar.low, bar.close], bar.volume, bar.average, bar.count)
}

/// -1 is IB's way to say that trades are not counted.
fn traded(volume: f64, average: f64, count: i32) -> (Option<f64>, Option<f64>, Option<i32>) {
    let counted = |value: f64| known(value).filter(|value| *value != -1.0);
    (counted(volume), counted(average), (count >= 0).then_some(count))
}

/// The line of a bar of five seconds.
pub(crate) fn bar_row(bar: Bar) -> String {
    let (volume, average, count) = traded(bar.volume, bar.wap, bar.count);
    let prices = [bar.open, bar.high, bar.low, bar.close];
    let row: BarRow = (bar.date.unix_timestamp().to_string(), prices, volume, average, count);
    format!("bar {row:?}")
}

/// The line of a batch of bars, its end, or a bar that moved.
pub(crate) fn history_row(item: HistoricalBarUpdate) -> String {
    match item {
        HistoricalBarUpdate::Historical(batch) => {
            let bars: Vec<_> = batch.bars.iter().map(past_bar).collect();
            format!("bars {bars:?}")
        }
        HistoricalBarUpdate::Update(bar) => format!("update {:?}", past_bar(&bar)),
        HistoricalBarUpdate::End { .. } => "end".to_owned(),
    }
}

fn past_bar(bar: &PastBar) -> BarRow {
    let (volume, average, count) = traded(bar.volume, bar.wap, bar.count);
    let time = match bar.date {
        BarTimestamp::Date(date) => {
            format!("{}{:02}{:02}", date.year(), u8::from(date.month()), date.day())
        }
        BarTimestamp::DateTime(time) => time.unix_timestamp().to_string(),
    };
    (time, [bar.open, bar.high, bar.low, bar.close], volume, average, count)
}
