//! The state of one market at one moment. What is missing is `None`, never NaN, -1 or 1.797e308;
//! how it becomes so is decided where ticks are folded, in `market_data`.

use std::sync::Arc;

use time::OffsetDateTime;

use super::quote_field::QuoteTimes;
use super::{Contract, Generation, Greeks, MarketDataType, QuoteField};

/// The state of one market at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Quote {
    /// The qualified contract.
    pub contract: Arc<Contract>,
    /// Best bid.
    pub bid: Option<f64>,
    /// Best ask.
    pub ask: Option<f64>,
    /// Last trade.
    pub last: Option<f64>,
    /// Size at the bid.
    pub bid_size: Option<f64>,
    /// Size at the ask.
    pub ask_size: Option<f64>,
    /// Size of the last trade.
    pub last_size: Option<f64>,
    /// Volume of the day.
    pub volume: Option<f64>,
    /// Opening price.
    pub open: Option<f64>,
    /// High of the day.
    pub high: Option<f64>,
    /// Low of the day.
    pub low: Option<f64>,
    /// Previous close.
    pub close: Option<f64>,
    /// Mark price, from which IB computes values of positions.
    pub mark: Option<f64>,
    /// Exchanges at the bid, IB's letters.
    pub bid_exchange: Option<Arc<str>>,
    /// Exchanges at the ask, IB's letters.
    pub ask_exchange: Option<Arc<str>>,
    /// Exchange of the last trade, IB's letter.
    pub last_exchange: Option<Arc<str>>,
    /// What the bid of an option implies.
    pub bid_greeks: Option<Arc<Greeks>>,
    /// What the ask of an option implies.
    pub ask_greeks: Option<Arc<Greeks>>,
    /// What the last trade of an option implies.
    pub last_greeks: Option<Arc<Greeks>>,
    /// What IB's model price of an option implies.
    pub model_greeks: Option<Arc<Greeks>>,
    /// Whether trading is halted.
    pub halted: Option<bool>,
    /// How easy it is to borrow: above 2.5 a thousand shares, above 1.5 on request, else not.
    pub shortable: Option<f64>,
    /// Shares that can be borrowed.
    pub shortable_shares: Option<f64>,
    /// When the last trade happened, by the exchange, to the second.
    pub last_timestamp: Option<OffsetDateTime>,
    /// Smallest price step.
    pub min_tick: Option<f64>,
    /// Which data this is; said by the gateway.
    pub market_data_type: MarketDataType,
    /// When the newest field arrived; of a gap, when the newest one before it did.
    pub received_at: OffsetDateTime,
    /// The link it came from.
    pub generation: Generation,
    /// Whether this quote tells that what was known before is known no longer, because the link
    /// was lost or the stream opened again. All its values are `None`.
    pub is_gap: bool,
    times: QuoteTimes,
}

impl Quote {
    /// An empty quote of a contract.
    #[must_use]
    pub fn empty(
        contract: Arc<Contract>,
        received_at: OffsetDateTime,
        generation: Generation,
    ) -> Self {
        Self {
            contract,
            bid: None,
            ask: None,
            last: None,
            bid_size: None,
            ask_size: None,
            last_size: None,
            volume: None,
            open: None,
            high: None,
            low: None,
            close: None,
            mark: None,
            bid_exchange: None,
            ask_exchange: None,
            last_exchange: None,
            bid_greeks: None,
            ask_greeks: None,
            last_greeks: None,
            model_greeks: None,
            halted: None,
            shortable: None,
            shortable_shares: None,
            last_timestamp: None,
            min_tick: None,
            market_data_type: MarketDataType::Live,
            received_at,
            generation,
            is_gap: false,
            times: QuoteTimes::never(),
        }
    }

    /// Middle of bid and ask, when both are there.
    #[must_use]
    pub fn mid(&self) -> Option<f64> {
        Some(f64::midpoint(self.bid?, self.ask?))
    }

    /// The last trade if it lies within bid and ask, else the middle, else last, else close.
    #[must_use]
    pub fn market_price(&self) -> Option<f64> {
        let inside = |last: &f64| match (self.bid, self.ask) {
            (Some(bid), Some(ask)) => (bid..=ask).contains(last),
            _ => true,
        };
        self.last.filter(inside).or(self.mid()).or(self.last).or(self.close)
    }

    /// Whether the prices are late.
    #[must_use]
    pub fn is_delayed(&self) -> bool {
        self.market_data_type.is_delayed()
    }

    /// When a field was told last, be it that it is missing; `None` if it never was.
    #[must_use]
    pub fn time_of(&self, field: QuoteField) -> Option<OffsetDateTime> {
        self.times.of(field)
    }

    /// Notes when a field was told, in nanoseconds since 1970 UTC.
    #[inline]
    pub(crate) fn mark_told(&mut self, field: QuoteField, time_ns: i64) {
        self.times.mark(field, time_ns);
    }
}
