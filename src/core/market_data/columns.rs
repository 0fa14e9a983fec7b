//! Ticks by column. A price or size that is not there is NaN here, because a column of doubles has
//! no other way to say so; whoever shows a single value says `None`.

use super::rows::Rows;
use crate::model::TextTable;
use crate::session::feed::{Tick, TickByTick, TickByTickEvent};

/// Declares a struct of columns and what it shares with all others.
macro_rules! columns {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $cell:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: Vec<$cell>,)*
        }

        impl Rows for $name {
            fn count(&self) -> usize {
                self.time.len()
            }

            fn append(&mut self, newer: &mut Self) {
                $(self.$field.append(&mut newer.$field);)*
            }

            fn take(&mut self) -> Self {
                Self { $($field: Rows::take(&mut self.$field),)* }
            }

            fn split_off(&mut self, at: usize) -> Self {
                Self { $($field: self.$field.split_off(at),)* }
            }
        }
    };
}

columns! {
    /// Changes of market data fields.
    TickColumns {
        /// Receive time of the read that brought the tick, nanoseconds since 1970 UTC.
        time: i64,
        /// Which of the stream's contracts, counted from 0.
        contract: i32,
        /// IB's tick type.
        tick_type: i32,
        /// Price, or the value of a generic tick.
        price: f64,
        /// Size.
        size: f64,
        /// Attribute bits: 1 can auto-execute, 2 past limit, 4 pre-open.
        attributes: u8,
    }
}

columns! {
    /// Tick-by-tick data. Trades have price and size, quotes bid and ask with their sizes,
    /// midpoints a price.
    TickByTickColumns {
        /// Receive time, nanoseconds since 1970 UTC.
        time: i64,
        /// The exchange's time, seconds since 1970 UTC.
        exchange_time: i64,
        /// Which of the stream's contracts, counted from 0.
        contract: i32,
        /// Price of the trade or middle; the bid of a quote.
        price: f64,
        /// Size of the trade; the bid's size of a quote.
        size: f64,
        /// Ask of a quote.
        ask: f64,
        /// Size at the ask of a quote.
        ask_size: f64,
        /// Trade: 1 past limit, 2 unreported. Quote: 1 bid past low, 2 ask past high.
        attributes: u8,
        /// Number of the exchange's name in the stream's table of texts.
        exchange: i32,
        /// Number of the special conditions in the stream's table of texts.
        conditions: i32,
    }
}

impl TickColumns {
    /// Adds one tick of a stream's contract.
    #[inline]
    pub(super) fn push(&mut self, time: i64, contract: i32, tick: &Tick) {
        self.time.push(time);
        self.contract.push(contract);
        self.tick_type.push(tick.tick_type);
        self.price.push(tick.price.unwrap_or(f64::NAN));
        self.size.push(tick.size.unwrap_or(f64::NAN));
        self.attributes.push(tick.attributes);
    }
}

impl TickByTickColumns {
    /// Adds one tick of a stream's contract; names are kept in `texts`.
    pub(super) fn push(
        &mut self,
        time: i64,
        contract: i32,
        tick: &TickByTick<'_>,
        texts: &TextTable,
    ) {
        let row = Row::of(&tick.event, texts);
        self.time.push(time);
        self.exchange_time.push(tick.time);
        self.contract.push(contract);
        self.price.push(row.price.unwrap_or(f64::NAN));
        self.size.push(row.size.unwrap_or(f64::NAN));
        self.ask.push(row.ask.unwrap_or(f64::NAN));
        self.ask_size.push(row.ask_size.unwrap_or(f64::NAN));
        self.attributes.push(row.attributes);
        self.exchange.push(row.exchange);
        self.conditions.push(row.conditions);
    }
}

/// The cells of one tick-by-tick message.
#[derive(Default)]
struct Row {
    price: Option<f64>,
    size: Option<f64>,
    ask: Option<f64>,
    ask_size: Option<f64>,
    attributes: u8,
    exchange: i32,
    conditions: i32,
}

impl Row {
    fn of(event: &TickByTickEvent<'_>, texts: &TextTable) -> Self {
        match *event {
            TickByTickEvent::Trade {
                price,
                size,
                exchange,
                conditions,
                past_limit,
                unreported,
            } => Self {
                price,
                size,
                attributes: u8::from(past_limit) | u8::from(unreported) << 1,
                exchange: texts.number(exchange),
                conditions: texts.number(conditions),
                ..Self::default()
            },
            TickByTickEvent::BidAsk {
                bid,
                ask,
                bid_size,
                ask_size,
                bid_past_low,
                ask_past_high,
            } => Self {
                price: bid,
                size: bid_size,
                ask,
                ask_size,
                attributes: u8::from(bid_past_low) | u8::from(ask_past_high) << 1,
                ..Self::default()
            },
            TickByTickEvent::MidPoint { price } => Self { price, ..Self::default() },
        }
    }
}
