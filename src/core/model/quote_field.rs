//! The fields of a quote by name, and when each was told last.

use time::OffsetDateTime;

/// A field of a quote that the market moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QuoteField {
    /// Best bid.
    Bid,
    /// Best ask.
    Ask,
    /// Last trade.
    Last,
    /// Size at the bid.
    BidSize,
    /// Size at the ask.
    AskSize,
    /// Size of the last trade.
    LastSize,
    /// Volume of the day.
    Volume,
    /// Opening price.
    Open,
    /// High of the day.
    High,
    /// Low of the day.
    Low,
    /// Previous close.
    Close,
    /// Mark price.
    Mark,
    /// Exchanges at the bid.
    BidExchange,
    /// Exchanges at the ask.
    AskExchange,
    /// Exchange of the last trade.
    LastExchange,
    /// Greeks of the bid.
    BidGreeks,
    /// Greeks of the ask.
    AskGreeks,
    /// Greeks of the last trade.
    LastGreeks,
    /// Greeks of IB's model price.
    ModelGreeks,
    /// Whether trading is halted.
    Halted,
    /// How hard it is to borrow.
    Shortable,
    /// Shares to borrow.
    ShortableShares,
    /// Time of the last trade.
    LastTimestamp,
}

impl QuoteField {
    /// Every field, in the order of the enum.
    pub const ALL: [Self; 23] = [
        Self::Bid,
        Self::Ask,
        Self::Last,
        Self::BidSize,
        Self::AskSize,
        Self::LastSize,
        Self::Volume,
        Self::Open,
        Self::High,
        Self::Low,
        Self::Close,
        Self::Mark,
        Self::BidExchange,
        Self::AskExchange,
        Self::LastExchange,
        Self::BidGreeks,
        Self::AskGreeks,
        Self::LastGreeks,
        Self::ModelGreeks,
        Self::Halted,
        Self::Shortable,
        Self::ShortableShares,
        Self::LastTimestamp,
    ];

    /// The name of the field in `Quote`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bid => "bid",
            Self::Ask => "ask",
            Self::Last => "last",
            Self::BidSize => "bid_size",
            Self::AskSize => "ask_size",
            Self::LastSize => "last_size",
            Self::Volume => "volume",
            Self::Open => "open",
            Self::High => "high",
            Self::Low => "low",
            Self::Close => "close",
            Self::Mark => "mark",
            Self::BidExchange => "bid_exchange",
            Self::AskExchange => "ask_exchange",
            Self::LastExchange => "last_exchange",
            Self::BidGreeks => "bid_greeks",
            Self::AskGreeks => "ask_greeks",
            Self::LastGreeks => "last_greeks",
            Self::ModelGreeks => "model_greeks",
            Self::Halted => "halted",
            Self::Shortable => "shortable",
            Self::ShortableShares => "shortable_shares",
            Self::LastTimestamp => "last_timestamp",
        }
    }

    /// Reads the name of a field.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == name)
    }
}

/// When each field was told last, in nanoseconds since 1970 UTC: one number per field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct QuoteTimes([i64; QuoteField::ALL.len()]);

/// The time of a field that was never told; a real one is 292 years later at least.
const NEVER: i64 = i64::MIN;

impl QuoteTimes {
    /// No field was told.
    pub(super) const fn never() -> Self {
        Self([NEVER; QuoteField::ALL.len()])
    }

    /// Notes that a field was told.
    #[inline]
    pub(super) fn mark(&mut self, field: QuoteField, time_ns: i64) {
        self.0[field as usize] = time_ns;
    }

    /// When a field was told last.
    pub(super) fn of(&self, field: QuoteField) -> Option<OffsetDateTime> {
        let time_ns = self.0[field as usize];
        // Every i64 of nanoseconds is a moment the type can hold.
        let moment = || OffsetDateTime::from_unix_timestamp_nanos(i128::from(time_ns)).ok();
        (time_ns != NEVER).then(moment).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_a_place_and_a_name_of_its_own() {
        for (place, field) in QuoteField::ALL.into_iter().enumerate() {
            assert_eq!(field as usize, place, "{field:?}");
            assert_eq!(QuoteField::from_name(field.as_str()), Some(field));
        }
        assert_eq!(QuoteField::from_name("mid"), None, "computed, so never told");
    }

    #[test]
    fn a_time_belongs_to_its_field_alone() {
        let mut times = QuoteTimes::never();

        times.mark(QuoteField::Ask, 5);

        let moment = OffsetDateTime::UNIX_EPOCH + time::Duration::nanoseconds(5);
        assert_eq!(times.of(QuoteField::Ask), Some(moment));
        assert_eq!(times.of(QuoteField::Bid), None);
    }
}
