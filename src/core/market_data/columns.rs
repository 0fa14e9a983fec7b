//! Ticks by column. A price or size that is not there is NaN here, because a column of doubles has
//! no other way to say so; whoever shows a single value says `None`.

use std::sync::Arc;

use super::rows::Rows;
use crate::model::TextTable;
use crate::session::feed::{OptionTick, Tick, TickByTick, TickByTickEvent, TickText};

/// Declares a struct of columns and what it shares with all others.
macro_rules! columns {
    (
        $(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $cell:ty,)* }
        $(and { $(#[$sparse_doc:meta])* $sparse:ident: $texts:ty })?
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: Vec<$cell>,)*
            $($(#[$sparse_doc])* pub $sparse: $texts,)?
        }

        impl Rows for $name {
            fn count(&self) -> usize {
                self.time.len()
            }

            fn append(&mut self, newer: &mut Self) {
                $(self.$sparse.append(self.time.len(), &mut newer.$sparse);)?
                $(self.$field.append(&mut newer.$field);)*
            }

            fn take(&mut self) -> Self {
                Self {
                    $($field: Rows::take(&mut self.$field),)*
                    $($sparse: std::mem::take(&mut self.$sparse),)?
                }
            }

            fn split_off(&mut self, at: usize) -> Self {
                Self {
                    $($field: self.$field.split_off(at),)*
                    $($sparse: self.$sparse.split_off(at),)?
                }
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
    and {
        /// Texts of the ticks that have one.
        text: SparseTexts
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

impl TickColumns {
    /// Adds one tick that is a text.
    pub(super) fn push_text(&mut self, time: i64, contract: i32, tick: &TickText<'_>) {
        self.text.push(self.count(), tick.value);
        let TickText { request_id, tick_type, .. } = *tick;
        let bare = Tick { request_id, tick_type, price: None, size: None, attributes: 0 };
        self.push(time, contract, &bare);
    }

    /// Adds one computation of an option: its price; greeks are a quote's.
    pub(super) fn push_option(&mut self, time: i64, contract: i32, tick: &OptionTick) {
        let OptionTick { request_id, tick_type, option_price: price, .. } = *tick;
        self.push(
            time,
            contract,
            &Tick { request_id, tick_type, price, size: None, attributes: 0 },
        );
    }
}

/// Texts of some rows. Without any it takes no memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SparseTexts(Vec<(usize, Arc<str>)>);

impl SparseTexts {
    /// The text of a row, if it has one.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&Arc<str>> {
        let place = self.0.binary_search_by_key(&row, |(known, _)| *known).ok()?;
        Some(&self.0[place].1)
    }

    fn push(&mut self, row: usize, text: &str) {
        self.0.push((row, text.into()));
    }

    /// Moves the texts of newer rows behind the `rows` there are.
    fn append(&mut self, rows: usize, newer: &mut Self) {
        self.0.extend(newer.0.drain(..).map(|(row, text)| (rows + row, text)));
    }

    fn split_off(&mut self, at: usize) -> Self {
        let place = self.0.partition_point(|(row, _)| *row < at);
        let later = self.0.split_off(place);
        Self(later.into_iter().map(|(row, text)| (row - at, text)).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A tick per letter: a text for a capital, a price for any other.
    fn columns(letters: &str) -> TickColumns {
        let mut columns = TickColumns::default();
        for letter in letters.chars() {
            let (request_id, value) = (1, &*letter.to_string());
            match letter.is_uppercase() {
                true => columns.push_text(0, 0, &TickText { request_id, tick_type: 48, value }),
                false => {
                    let price = Some(f64::from(u32::from(letter)));
                    let tick = Tick { request_id, tick_type: 1, price, size: None, attributes: 0 };
                    columns.push(0, 0, &tick);
                }
            }
        }
        columns
    }

    fn letters(columns: &TickColumns) -> String {
        let shown = |row: usize| match columns.text.get(row) {
            Some(text) => text.to_string(),
            None => char::from(columns.price[row] as u8).to_string(),
        };
        (0..columns.count()).map(shown).collect()
    }

    #[test]
    fn texts_stay_with_their_rows_however_batches_are_joined_and_split() {
        for (older, newer) in [("aBc", "De"), ("", "Ab"), ("abc", "def"), ("AB", ""), ("A", "B")] {
            let whole = format!("{older}{newer}");
            for at in 0..=whole.len() {
                let (mut columns, mut later) = (columns(older), columns(newer));
                columns.append(&mut later);
                let rest = columns.split_off(at);

                assert_eq!((&*letters(&columns), &*letters(&rest)), whole.split_at(at));
                assert_eq!(letters(&later), "");
                assert_eq!(letters(&columns.take()), whole[..at]);
            }
        }
    }

    #[test]
    fn a_computation_brings_the_price_of_its_option() {
        let tick = OptionTick {
            request_id: 1,
            tick_type: 13,
            implied_volatility: Some(0.2),
            delta: Some(0.5),
            option_price: Some(24.5),
            pv_dividend: None,
            gamma: None,
            vega: None,
            theta: None,
            underlying_price: None,
        };
        let mut columns = TickColumns::default();

        columns.push_option(7, 3, &tick);

        assert_eq!((columns.price[0], columns.contract[0], columns.tick_type[0]), (24.5, 3, 13));
        assert!(columns.size[0].is_nan());
    }

    #[test]
    fn ticks_without_texts_keep_no_room_for_them() {
        assert_eq!(columns("abc").text.0.capacity(), 0);
    }
}
