//! Messages as a gateway writes them, for tests: with prost, which the decoder does without.

use prost::Message as Prost;

use crate::feed::Tick;
use crate::feed::message::{
    DepthOperation, DepthUpdate, FeedBar, FeedBarTime, GatewayError, Message, OptionTick,
    TickByTick, TickByTickEvent, TickParameters, TickText,
};

/// A frame's body.
pub(in crate::feed) fn body(number: u32, message: &impl Prost) -> Vec<u8> {
    [&(200 + number).to_be_bytes()[..], &message.encode_to_vec()].concat()
}

/// The body that says what `message` says; what is `None` is absent.
pub(in crate::feed) fn encode(message: &Message<'_>) -> Vec<u8> {
    match message {
        Message::Tick(tick) => body(1, &TickPrice::from(tick)),
        Message::TickText(text) => body(46, &TickString::from(text)),
        Message::OptionTick(tick) => body(21, &OptionComputation::from(tick)),
        Message::TickParameters(parameters) => body(81, &ReqParams::from(parameters)),
        Message::MarketDataType { request_id, kind } => body(58, &ids(*request_id, Some(*kind))),
        Message::TickByTick(tick) => body(99, &TickByTickData::from(tick)),
        Message::Depth(update) if update.market_maker.is_empty() => body(12, &Depth::from(update)),
        Message::Depth(update) => body(13, &Depth::from(update)),
        Message::RealTimeBar(bar) => body(50, &RealTimeBar::from(bar)),
        Message::Bars { request_id, bars } => {
            let bars = bars.iter().map(HistoricalBar::from).collect();
            body(17, &History { request_id: Some(*request_id), bars })
        }
        Message::BarUpdate(bar) => {
            let bars = vec![HistoricalBar::from(bar)];
            body(90, &History { request_id: Some(bar.request_id), bars })
        }
        Message::BarsEnd { request_id } => body(108, &ids(*request_id, None)),
        Message::SnapshotEnd { request_id } => body(57, &ids(*request_id, None)),
        Message::Error(error) => body(4, &ErrorMessage::from(error)),
        Message::ServerTime => body(49, &ids(1_795_000_000, None)),
        Message::Other(number) => (200 + number).to_be_bytes().to_vec(),
    }
}

fn ids(first: i32, second: Option<i32>) -> Ids {
    Ids { first: Some(first), second }
}

fn written(value: Option<f64>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Declares messages of optional scalar fields.
macro_rules! messages {
    ($($name:ident { $($field:ident: $kind:tt $rust:ty = $tag:literal,)* })*) => {
        $(
            #[derive(Clone, PartialEq, Prost)]
            pub(in crate::feed) struct $name {
                $(#[prost($kind, optional, tag = $tag)] pub(in crate::feed) $field: Option<$rust>,)*
            }
        )*
    };
}

messages! {
    Ids { first: int32 i32 = "1", second: int32 i32 = "2", }
    TickPrice {
        request_id: int32 i32 = "1", tick_type: int32 i32 = "2", price: double f64 = "3",
        size: string String = "4", attributes: int32 i32 = "5",
    }
    TickSize { request_id: int32 i32 = "1", tick_type: int32 i32 = "2", size: string String = "3", }
    TickGeneric { request_id: int32 i32 = "1", tick_type: int32 i32 = "2", value: double f64 = "3", }
    TickString { request_id: int32 i32 = "1", tick_type: int32 i32 = "2", value: string String = "3", }
    ReqParams {
        request_id: int32 i32 = "1", min_tick: string String = "2",
        bbo_exchange: string String = "3", permissions: int32 i32 = "4",
    }
    OptionComputation {
        request_id: int32 i32 = "1", tick_type: int32 i32 = "2", attribute: int32 i32 = "3",
        implied_volatility: double f64 = "4", delta: double f64 = "5",
        option_price: double f64 = "6", pv_dividend: double f64 = "7", gamma: double f64 = "8",
        vega: double f64 = "9", theta: double f64 = "10", underlying_price: double f64 = "11",
    }
    TickByTickData {
        request_id: int32 i32 = "1", tick_type: int32 i32 = "2", trade: message Trade = "3",
        quote: message Quote = "4", middle: message Middle = "5",
    }
    Flags { first: bool bool = "1", second: bool bool = "2", }
    Trade {
        time: int64 i64 = "1", attributes: message Flags = "2", price: double f64 = "3",
        size: string String = "4", exchange: string String = "5", conditions: string String = "6",
    }
    Quote {
        time: int64 i64 = "1", attributes: message Flags = "2", bid: double f64 = "3",
        ask: double f64 = "4", bid_size: string String = "5", ask_size: string String = "6",
    }
    Middle { time: int64 i64 = "1", price: double f64 = "2", size: string String = "3", }
    Depth { request_id: int32 i32 = "1", row: message DepthRow = "2", }
    DepthRow {
        position: int32 i32 = "1", operation: int32 i32 = "2", side: int32 i32 = "3",
        price: double f64 = "4", size: string String = "5", market_maker: string String = "6",
        is_smart: bool bool = "7",
    }
    RealTimeBar {
        request_id: int32 i32 = "1", time: int64 i64 = "2", open: double f64 = "3",
        high: double f64 = "4", low: double f64 = "5", close: double f64 = "6",
        volume: string String = "7", average: string String = "8", count: int32 i32 = "9",
    }
    HistoricalBar {
        date: string String = "1", open: double f64 = "2", high: double f64 = "3",
        low: double f64 = "4", close: double f64 = "5", volume: string String = "6",
        average: string String = "7", count: int32 i32 = "8",
    }
    ErrorMessage {
        request_id: int32 i32 = "1", time: int64 i64 = "2", code: int32 i32 = "3",
        text: string String = "4", advanced: string String = "5",
    }
}

/// `HistoricalData`, and with one bar `HistoricalDataUpdate`.
#[derive(Clone, PartialEq, Prost)]
pub(in crate::feed) struct History {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::feed) request_id: Option<i32>,
    #[prost(message, repeated, tag = "2")]
    pub(in crate::feed) bars: Vec<HistoricalBar>,
}

impl From<&Tick> for TickPrice {
    fn from(tick: &Tick) -> Self {
        Self {
            request_id: Some(tick.request_id),
            tick_type: Some(tick.tick_type),
            price: tick.price,
            size: written(tick.size),
            attributes: Some(i32::from(tick.attributes)),
        }
    }
}

impl From<&TickText<'_>> for TickString {
    fn from(text: &TickText<'_>) -> Self {
        Self {
            request_id: Some(text.request_id),
            tick_type: Some(text.tick_type),
            value: Some(text.value.to_owned()),
        }
    }
}

impl From<&TickParameters<'_>> for ReqParams {
    fn from(parameters: &TickParameters<'_>) -> Self {
        Self {
            request_id: Some(parameters.request_id),
            min_tick: written(parameters.min_tick),
            bbo_exchange: given(parameters.bbo_exchange),
            permissions: parameters.snapshot_permissions,
        }
    }
}

impl From<&OptionTick> for OptionComputation {
    fn from(tick: &OptionTick) -> Self {
        Self {
            request_id: Some(tick.request_id),
            tick_type: Some(tick.tick_type),
            attribute: Some(0),
            implied_volatility: tick.implied_volatility,
            delta: tick.delta,
            option_price: tick.option_price,
            pv_dividend: tick.pv_dividend,
            gamma: tick.gamma,
            vega: tick.vega,
            theta: tick.theta,
            underlying_price: tick.underlying_price,
        }
    }
}

impl From<&TickByTick<'_>> for TickByTickData {
    fn from(tick: &TickByTick<'_>) -> Self {
        let (time, none) = (Some(tick.time), Self::default());
        let flags = |first, second| Some(Flags { first: Some(first), second: Some(second) });
        let (kind, told) = match tick.event {
            TickByTickEvent::Trade {
                price,
                size,
                exchange,
                conditions,
                past_limit,
                unreported,
            } => {
                let attributes = flags(past_limit, unreported);
                let (exchange, conditions) = (given(exchange), given(conditions));
                let trade =
                    Trade { time, attributes, price, size: written(size), exchange, conditions };
                (1, Self { trade: Some(trade), ..none })
            }
            TickByTickEvent::BidAsk {
                bid,
                ask,
                bid_size,
                ask_size,
                bid_past_low,
                ask_past_high,
            } => {
                let attributes = flags(bid_past_low, ask_past_high);
                let (bid_size, ask_size) = (written(bid_size), written(ask_size));
                let quote = Quote { time, attributes, bid, ask, bid_size, ask_size };
                (3, Self { quote: Some(quote), ..none })
            }
            TickByTickEvent::MidPoint { price } => {
                let middle = Middle { time, price, size: Some("1".to_owned()) };
                (4, Self { middle: Some(middle), ..none })
            }
        };
        Self { request_id: Some(tick.request_id), tick_type: Some(kind), ..told }
    }
}

impl From<&DepthUpdate<'_>> for Depth {
    fn from(update: &DepthUpdate<'_>) -> Self {
        let operation = match update.operation {
            DepthOperation::Insert => 0,
            DepthOperation::Update => 1,
            DepthOperation::Delete => 2,
        };
        let row = DepthRow {
            position: Some(update.position),
            operation: Some(operation),
            side: Some(i32::from(update.is_bid)),
            price: Some(update.price),
            size: written(Some(update.size)),
            market_maker: given(update.market_maker),
            is_smart: None,
        };
        Self { request_id: Some(update.request_id), row: Some(row) }
    }
}

impl From<&FeedBar<'_>> for RealTimeBar {
    fn from(bar: &FeedBar<'_>) -> Self {
        let FeedBarTime::Epoch(time) = bar.time else { panic!("a day has no five seconds") };
        Self {
            request_id: Some(bar.request_id),
            time: Some(time),
            open: Some(bar.open),
            high: Some(bar.high),
            low: Some(bar.low),
            close: Some(bar.close),
            volume: written(bar.volume),
            average: written(bar.average),
            count: bar.count,
        }
    }
}

impl From<&FeedBar<'_>> for HistoricalBar {
    fn from(bar: &FeedBar<'_>) -> Self {
        Self {
            date: Some(match bar.time {
                FeedBarTime::Epoch(seconds) => seconds.to_string(),
                FeedBarTime::Date(date) => date.to_owned(),
            }),
            open: Some(bar.open),
            high: Some(bar.high),
            low: Some(bar.low),
            close: Some(bar.close),
            volume: written(bar.volume),
            average: written(bar.average),
            count: bar.count,
        }
    }
}

impl From<&GatewayError<'_>> for ErrorMessage {
    fn from(error: &GatewayError<'_>) -> Self {
        Self {
            request_id: Some(error.request_id.unwrap_or(-1)),
            time: Some(1_795_000_000_000),
            code: Some(error.code),
            text: given(error.text),
            advanced: None,
        }
    }
}
