//! Ticks of the feed folded into the latest quote of a contract. Pure: no clock, no I/O, and no
//! allocation on ticks of prices and sizes.
//!
//! What is missing becomes `None` by these rules, the same for delayed data (M14):
//! - A tick whose type is not known here leaves the quote as it is.
//! - A bid or an ask of -1 or 0 is missing if its size is absent or 0 (M8). With a size it is a
//!   price: a combination may trade there.
//! - The other prices carry no size, or 0 for an index (M10), so the kind of contract decides. An
//!   index (TICK-NYSE at -1), a future, a combination and kinds unknown here may stand anywhere; an
//!   option may stand at 0; the rest stands above 0.
//! - A size is as told, 0 included, unless it is negative. A price that goes away without a size
//!   takes the size it had with it.
//! - A time of 0 (M12), an empty exchange and greeks of which none is computed (M20) are missing.
//! - Infinities, NaN and IB's largest double are missing everywhere.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::model::{Contract, Generation, Greeks, MarketDataType, Quote, QuoteField, SecurityType};
use crate::session::feed::{self, OptionTick, Tick, TickParameters, TickText};

/// The latest quote of a contract, tick by tick.
#[derive(Debug, Clone)]
pub(crate) struct QuoteFold {
    quote: Quote,
    /// When the newest field arrived, nanoseconds since 1970 UTC.
    newest_ns: i64,
    /// No price but a bid or an ask stands below this.
    lowest: f64,
}

impl QuoteFold {
    /// Nothing told yet. Until the first tick a quote counts as received in 1970, so that it
    /// passes no test of its age.
    pub(crate) fn new(contract: Arc<Contract>, generation: Generation) -> Self {
        let lowest = lowest_price(&contract.security_type);
        let quote = Quote::empty(contract, OffsetDateTime::UNIX_EPOCH, generation);
        Self { quote, newest_ns: 0, lowest }
    }

    /// Folds a price, a size or a generic tick.
    #[inline]
    pub(crate) fn tick(&mut self, time_ns: i64, tick: &Tick) {
        use QuoteField as Field;
        let quote = &mut self.quote;
        let (price, size) = (price_from(self.lowest, tick.price), amount(tick.size));
        let Some(field) = feed::field(tick.tick_type) else { return };
        let (place, value) = match field {
            Field::Bid => (&mut quote.bid, side_price(tick)),
            Field::Ask => (&mut quote.ask, side_price(tick)),
            Field::Last => (&mut quote.last, price),
            Field::BidSize => (&mut quote.bid_size, size),
            Field::AskSize => (&mut quote.ask_size, size),
            Field::LastSize => (&mut quote.last_size, size),
            Field::High => (&mut quote.high, price),
            Field::Low => (&mut quote.low, price),
            Field::Volume => (&mut quote.volume, size),
            Field::Close => (&mut quote.close, price),
            Field::Open => (&mut quote.open, price),
            Field::Mark => (&mut quote.mark, price),
            Field::Shortable => (&mut quote.shortable, amount(tick.price)),
            Field::ShortableShares => (&mut quote.shortable_shares, size),
            Field::Halted => return self.halt(time_ns, tick.price),
            // Told by other messages.
            Field::BidExchange
            | Field::AskExchange
            | Field::LastExchange
            | Field::BidGreeks
            | Field::AskGreeks
            | Field::LastGreeks
            | Field::ModelGreeks
            | Field::LastTimestamp => return,
        };
        *place = value;
        self.told(time_ns, field);
        if tick.size.is_some() || value.is_none() {
            self.size_along(time_ns, field, size);
        }
    }

    /// The tick as it may be shown: a price that this kind of contract cannot have is none.
    #[inline]
    pub(crate) fn shown(&self, tick: &Tick) -> Tick {
        use QuoteField as Field;
        let is_price = matches!(
            feed::field(tick.tick_type),
            Some(Field::Last | Field::High | Field::Low | Field::Close | Field::Open | Field::Mark)
        );
        if is_price && tick.price.is_some_and(|price| price < self.lowest) {
            return Tick { price: None, ..*tick };
        }
        *tick
    }

    /// Folds a text: exchanges and times.
    pub(crate) fn text(&mut self, time_ns: i64, tick: &TickText<'_>) {
        use QuoteField as Field;
        let quote = &mut self.quote;
        let field = match tick.tick_type {
            32 => exchange(Field::BidExchange, &mut quote.bid_exchange, tick.value),
            33 => exchange(Field::AskExchange, &mut quote.ask_exchange, tick.value),
            84 => exchange(Field::LastExchange, &mut quote.last_exchange, tick.value),
            45 | 88 => {
                quote.last_timestamp = moment(tick.value);
                Field::LastTimestamp
            }
            _ => return,
        };
        self.told(time_ns, field);
    }

    /// Folds what a price of an option implies.
    pub(crate) fn option(&mut self, time_ns: i64, tick: &OptionTick) {
        use QuoteField as Field;
        let quote = &mut self.quote;
        let (field, place) = match tick.tick_type {
            10 | 80 => (Field::BidGreeks, &mut quote.bid_greeks),
            11 | 81 => (Field::AskGreeks, &mut quote.ask_greeks),
            12 | 82 => (Field::LastGreeks, &mut quote.last_greeks),
            13 | 83 => (Field::ModelGreeks, &mut quote.model_greeks),
            _ => return,
        };
        *place = greeks(tick);
        self.told(time_ns, field);
    }

    /// Takes what holds for all ticks of the subscription. It is no news of the market, so no time
    /// is kept.
    pub(crate) fn parameters(&mut self, parameters: &TickParameters<'_>) {
        self.step(parameters.min_tick);
    }

    /// Takes the smallest step of the price; 0 is none.
    pub(crate) fn step(&mut self, step: Option<f64>) {
        self.quote.min_tick = step.filter(|step| is_told(*step) && *step > 0.0);
        self.quote.is_gap = false;
    }

    /// Takes which data follows.
    pub(crate) fn market_data_type(&mut self, kind: MarketDataType) {
        self.quote.market_data_type = kind;
        self.quote.is_gap = false;
    }

    /// The quote as it is now.
    pub(crate) fn quote(&self) -> Quote {
        // Every i64 of nanoseconds is a moment the type can hold.
        let received_at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.newest_ns));
        let received_at = received_at.unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let mut quote = self.quote.clone();
        quote.received_at = received_at;
        quote
    }

    /// Forgets everything: the data of `generation` begins from nothing. The quote is a gap until
    /// something is folded, so it is to be published at once.
    pub(crate) fn gap(&mut self, generation: Generation) {
        let contract = self.quote.contract.clone();
        self.quote = Quote::empty(contract, OffsetDateTime::UNIX_EPOCH, generation);
        self.quote.is_gap = true;
    }

    #[inline]
    fn told(&mut self, time_ns: i64, field: QuoteField) {
        self.quote.mark_told(field, time_ns);
        self.quote.is_gap = false;
        self.newest_ns = time_ns;
    }

    /// The size that came, or went, with a price; other fields have none.
    #[inline]
    fn size_along(&mut self, time_ns: i64, priced: QuoteField, size: Option<f64>) {
        let quote = &mut self.quote;
        let (field, place) = match priced {
            QuoteField::Bid => (QuoteField::BidSize, &mut quote.bid_size),
            QuoteField::Ask => (QuoteField::AskSize, &mut quote.ask_size),
            QuoteField::Last => (QuoteField::LastSize, &mut quote.last_size),
            _ => return,
        };
        *place = size;
        quote.mark_told(field, time_ns);
    }

    /// A number below 0 says that it is not known, 0 that it trades; others name kinds of halts.
    fn halt(&mut self, time_ns: i64, kind: Option<f64>) {
        self.quote.halted = amount(kind).map(|kind| kind != 0.0);
        self.told(time_ns, QuoteField::Halted);
    }
}

/// Where the prices of a kind of contract begin.
fn lowest_price(kind: &SecurityType) -> f64 {
    use SecurityType as Kind;
    match kind {
        Kind::Index | Kind::Future | Kind::Combo | Kind::Other(_) => f64::MIN,
        Kind::Option | Kind::FutureOption | Kind::Warrant => 0.0,
        Kind::Stock | Kind::Forex | Kind::Cfd | Kind::Crypto | Kind::Bond | Kind::Fund => {
            f64::MIN_POSITIVE
        }
    }
}

#[inline]
fn price_from(lowest: f64, price: Option<f64>) -> Option<f64> {
    price.filter(|price| is_told(*price) && *price >= lowest)
}

/// The price of a bid or an ask.
#[inline]
fn side_price(tick: &Tick) -> Option<f64> {
    let is_empty = tick.size.is_none_or(|size| size == 0.0);
    let is_missing = |price: f64| is_empty && (price == -1.0 || price == 0.0);
    tick.price.filter(|price| is_told(*price) && !is_missing(*price))
}

/// A number that is never negative.
#[inline]
fn amount(number: Option<f64>) -> Option<f64> {
    number.filter(|number| is_told(*number) && *number >= 0.0)
}

/// Whether a number is one, and not the largest double, which IB sends for "none".
#[inline]
fn is_told(number: f64) -> bool {
    number.abs() < f64::MAX
}

/// Sets an exchange; the text is copied only if it changes.
fn exchange(field: QuoteField, place: &mut Option<Arc<str>>, letters: &str) -> QuoteField {
    if place.as_deref() != Some(letters) {
        *place = (!letters.is_empty()).then(|| letters.into());
    }
    field
}

/// Seconds since 1970; "0" is a time not known yet (M12), and so is what is no time.
fn moment(seconds: &str) -> Option<OffsetDateTime> {
    let seconds = seconds.parse().ok().filter(|seconds| *seconds > 0)?;
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

fn greeks(tick: &OptionTick) -> Option<Arc<Greeks>> {
    let known = |value: Option<f64>| value.filter(|value| is_told(*value));
    let greeks = Greeks {
        implied_volatility: known(tick.implied_volatility),
        delta: known(tick.delta),
        gamma: known(tick.gamma),
        vega: known(tick.vega),
        theta: known(tick.theta),
        option_price: known(tick.option_price),
        pv_dividend: known(tick.pv_dividend),
        underlying_price: known(tick.underlying_price),
    };
    (greeks != Greeks::default()).then(|| Arc::new(greeks))
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
