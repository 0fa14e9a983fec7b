//! Quotes and single bars as Python sees them.

use std::sync::Arc;

use aioibkr_core::model::QuoteField;
use aioibkr_core::{clock, model};
use pyo3::prelude::*;
use time::UtcDateTime;

use super::contract::Contract;
use super::greeks::Greeks;
use super::hash_of;
use super::text::{Repr, Verbatim};
use crate::convert;
use crate::text::Word;

/// The state of one market at one moment. What is not there is None, never NaN or -1.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Quote(pub(crate) Arc<model::Quote>);

#[pymethods]
impl Quote {
    /// The qualified contract.
    #[getter]
    fn contract(&self) -> Contract {
        Contract(model::Contract::clone(&self.0.contract))
    }

    /// Best bid.
    #[getter]
    fn bid(&self) -> Option<f64> {
        self.0.bid
    }

    /// Best ask.
    #[getter]
    fn ask(&self) -> Option<f64> {
        self.0.ask
    }

    /// Last trade.
    #[getter]
    fn last(&self) -> Option<f64> {
        self.0.last
    }

    /// Size at the bid.
    #[getter]
    fn bid_size(&self) -> Option<f64> {
        self.0.bid_size
    }

    /// Size at the ask.
    #[getter]
    fn ask_size(&self) -> Option<f64> {
        self.0.ask_size
    }

    /// Size of the last trade.
    #[getter]
    fn last_size(&self) -> Option<f64> {
        self.0.last_size
    }

    /// Volume of the day.
    #[getter]
    fn volume(&self) -> Option<f64> {
        self.0.volume
    }

    /// Opening price.
    #[getter]
    fn open(&self) -> Option<f64> {
        self.0.open
    }

    /// High of the day.
    #[getter]
    fn high(&self) -> Option<f64> {
        self.0.high
    }

    /// Low of the day.
    #[getter]
    fn low(&self) -> Option<f64> {
        self.0.low
    }

    /// Previous close.
    #[getter]
    fn close(&self) -> Option<f64> {
        self.0.close
    }

    /// Mark price, from which IB computes values of positions.
    #[getter]
    fn mark(&self) -> Option<f64> {
        self.0.mark
    }

    /// Exchanges at the bid, IB's letters.
    #[getter]
    fn bid_exchange(&self) -> Option<&str> {
        self.0.bid_exchange.as_deref()
    }

    /// Exchanges at the ask, IB's letters.
    #[getter]
    fn ask_exchange(&self) -> Option<&str> {
        self.0.ask_exchange.as_deref()
    }

    /// Exchange of the last trade, IB's letter.
    #[getter]
    fn last_exchange(&self) -> Option<&str> {
        self.0.last_exchange.as_deref()
    }

    /// What the bid of an option implies.
    #[getter]
    fn bid_greeks(&self) -> Option<Greeks> {
        Greeks::of(self.0.bid_greeks.as_ref())
    }

    /// What the ask of an option implies.
    #[getter]
    fn ask_greeks(&self) -> Option<Greeks> {
        Greeks::of(self.0.ask_greeks.as_ref())
    }

    /// What the last trade of an option implies.
    #[getter]
    fn last_greeks(&self) -> Option<Greeks> {
        Greeks::of(self.0.last_greeks.as_ref())
    }

    /// What IB's model price of an option implies.
    #[getter]
    fn model_greeks(&self) -> Option<Greeks> {
        Greeks::of(self.0.model_greeks.as_ref())
    }

    /// Whether trading is halted.
    #[getter]
    fn halted(&self) -> Option<bool> {
        self.0.halted
    }

    /// How easy it is to borrow: above 2.5 a thousand shares, above 1.5 on request, else not.
    #[getter]
    fn shortable(&self) -> Option<f64> {
        self.0.shortable
    }

    /// Shares that can be borrowed.
    #[getter]
    fn shortable_shares(&self) -> Option<f64> {
        self.0.shortable_shares
    }

    /// When the last trade happened, by the exchange, to the second, UTC.
    #[getter]
    fn last_timestamp(&self) -> Option<UtcDateTime> {
        self.0.last_timestamp.map(convert::utc)
    }

    /// Smallest price step.
    #[getter]
    fn min_tick(&self) -> Option<f64> {
        self.0.min_tick
    }

    /// Middle of bid and ask, when both are there.
    #[getter]
    fn mid(&self) -> Option<f64> {
        self.0.mid()
    }

    /// Last within bid and ask, else the middle, else last, else close.
    #[getter]
    fn market_price(&self) -> Option<f64> {
        self.0.market_price()
    }

    /// Which data this is; said by the gateway.
    #[getter]
    fn market_data_type(&self) -> &'static str {
        convert::market_data_name(self.0.market_data_type)
    }

    /// Whether the prices are late.
    #[getter]
    fn is_delayed(&self) -> bool {
        self.0.is_delayed()
    }

    /// When the newest field arrived, UTC; of a gap, when the newest one before it did.
    #[getter]
    fn received_at(&self) -> UtcDateTime {
        convert::utc(self.0.received_at)
    }

    /// Seconds since then, at this moment.
    #[getter]
    fn age(&self) -> f64 {
        (clock::now() - self.0.received_at).as_seconds_f64().max(0.0)
    }

    /// The link it came from.
    #[getter]
    fn generation(&self) -> u64 {
        self.0.generation.0
    }

    /// Whether this tells that what was known before is known no longer; then all is None.
    #[getter]
    fn is_gap(&self) -> bool {
        self.0.is_gap
    }

    /// When a field was told last, UTC, be it that it is missing; None if it never was.
    ///
    /// Raises ``ConfigError`` for a name that is no field the market moves.
    fn time_of(&self, py: Python<'_>, field: Word) -> PyResult<Option<UtcDateTime>> {
        let known = QuoteField::from_name(&field);
        let field = known.ok_or_else(|| convert::invalid(py, unknown_field(&field)))?;
        Ok(self.0.time_of(field).map(convert::utc))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        hash_of((self.contract().__hash__(), self.0.received_at))
    }

    fn __repr__(&self) -> String {
        let quote = &self.0;
        Repr::of("Quote")
            .field("contract", &Verbatim(self.contract().__repr__()))
            .field("bid", &quote.bid)
            .field("ask", &quote.ask)
            .field("last", &quote.last)
            .field("market_data_type", self.market_data_type())
            .field("received_at", &quote.received_at)
            .some("is_gap", quote.is_gap.then_some(&true))
            .end()
    }
}

impl From<model::Quote> for Quote {
    fn from(quote: model::Quote) -> Self {
        Self(Arc::new(quote))
    }
}

fn unknown_field(name: &str) -> String {
    let names = QuoteField::ALL.map(QuoteField::as_str).join(", ");
    format!("field {name:?}: give one of {names}")
}

/// One historical bar. Volume, average and count are None where IB gives none.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Bar(pub(crate) model::Bar);

#[pymethods]
impl Bar {
    /// Start of the bar, UTC; day bars at midnight UTC of their date.
    #[getter]
    fn time(&self) -> UtcDateTime {
        convert::utc(self.0.time)
    }

    /// First price.
    #[getter]
    fn open(&self) -> f64 {
        self.0.open
    }

    /// Highest price.
    #[getter]
    fn high(&self) -> f64 {
        self.0.high
    }

    /// Lowest price.
    #[getter]
    fn low(&self) -> f64 {
        self.0.low
    }

    /// Last price.
    #[getter]
    fn close(&self) -> f64 {
        self.0.close
    }

    /// Units traded.
    #[getter]
    fn volume(&self) -> Option<f64> {
        self.0.volume
    }

    /// Whether a stream missed it and had it from history after that.
    #[getter]
    fn is_backfill(&self) -> bool {
        self.0.is_backfill
    }

    /// Volume-weighted average price.
    #[getter]
    fn average(&self) -> Option<f64> {
        self.0.average
    }

    /// Number of trades.
    #[getter]
    fn count(&self) -> Option<i32> {
        self.0.count
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        hash_of(self.0.time)
    }

    fn __repr__(&self) -> String {
        let bar = &self.0;
        Repr::of("Bar")
            .field("time", &bar.time)
            .field("open", &bar.open)
            .field("high", &bar.high)
            .field("low", &bar.low)
            .field("close", &bar.close)
            .field("volume", &bar.volume)
            .field("average", &bar.average)
            .field("count", &bar.count)
            .end()
    }
}
