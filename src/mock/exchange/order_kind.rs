//! The order types of the exchange: their words on the wire and the prices each of them needs.

/// What decides when and at what price an order may fill.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum OrderKind {
    #[default]
    Market,
    Limit,
    Stop,
    StopLimit,
    /// A stop that follows the price at a distance.
    Trail,
    TrailLimit,
    /// The mirror image of a stop: waits for a better price, then goes to the market.
    MarketIfTouched,
    LimitIfTouched,
    MarketOnClose,
    LimitOnClose,
    /// Trades once like a market order; what is left becomes a limit at that price.
    MarketToLimit,
    Midprice,
    /// Rests at the best price of its own side, moved by an offset.
    Relative,
    PegMid,
    /// Accepted and shown, but never filled by this exchange.
    Resting(String),
}

const WORDS: [(&str, OrderKind); 14] = [
    ("MKT", OrderKind::Market),
    ("LMT", OrderKind::Limit),
    ("STP", OrderKind::Stop),
    ("STP LMT", OrderKind::StopLimit),
    ("TRAIL", OrderKind::Trail),
    ("TRAIL LIMIT", OrderKind::TrailLimit),
    ("MIT", OrderKind::MarketIfTouched),
    ("LIT", OrderKind::LimitIfTouched),
    ("MOC", OrderKind::MarketOnClose),
    ("LOC", OrderKind::LimitOnClose),
    ("MTL", OrderKind::MarketToLimit),
    ("MIDPRICE", OrderKind::Midprice),
    ("REL", OrderKind::Relative),
    ("PEG MID", OrderKind::PegMid),
];

/// Types that are accepted and rest in the market without ever trading here.
const RESTING: [&str; 7] =
    ["STP PRT", "MKT PRT", "PEG MKT", "PEG STK", "PEG BEST", "PEG BENCH", "VOL"];

impl OrderKind {
    pub(crate) fn parse(word: &str) -> Option<Self> {
        // Two spellings of one type are in use.
        let word = match word {
            "TRAILLMT" | "TRAIL LMT" => "TRAIL LIMIT",
            "STPLMT" => "STP LMT",
            "PEGMID" => "PEG MID",
            other => other,
        };
        let known = WORDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| kind.clone());
        known.or_else(|| RESTING.contains(&word).then(|| Self::Resting(word.to_owned())))
    }

    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Resting(code) => code,
            kind => WORDS.iter().find(|(_, known)| known == kind).map_or("", |(word, _)| word),
        }
    }

    pub(crate) const fn needs_limit(&self) -> bool {
        matches!(self, Self::Limit | Self::StopLimit | Self::LimitIfTouched | Self::LimitOnClose)
    }

    /// Whether a limit price means something to it; clients send one with any order.
    pub(crate) const fn takes_limit(&self) -> bool {
        self.needs_limit()
            || matches!(
                self,
                Self::TrailLimit
                    | Self::Midprice
                    | Self::Relative
                    | Self::PegMid
                    | Self::Resting(_)
            )
    }

    /// Whether its auxiliary price is the price that sets it off.
    pub(crate) const fn needs_stop(&self) -> bool {
        matches!(self, Self::Stop | Self::StopLimit | Self::MarketIfTouched | Self::LimitIfTouched)
    }

    /// As [`Self::takes_limit`], for a stop price.
    pub(crate) const fn takes_stop(&self) -> bool {
        self.needs_stop() || matches!(self, Self::Resting(_))
    }

    /// Whether its auxiliary price is a distance from the market.
    pub(crate) const fn takes_offset(&self) -> bool {
        self.trails() || matches!(self, Self::Relative | Self::PegMid)
    }

    pub(crate) const fn trails(&self) -> bool {
        matches!(self, Self::Trail | Self::TrailLimit)
    }

    /// Whether it is shown twice on accept, with a passing limit price in the first frame (O8).
    pub(crate) const fn is_stop(&self) -> bool {
        self.trails() || matches!(self, Self::Stop | Self::StopLimit)
    }

    pub(crate) const fn is_touched_by_better_prices(&self) -> bool {
        matches!(self, Self::MarketIfTouched | Self::LimitIfTouched)
    }

    /// Whether it rests until its trigger price is reached.
    pub(crate) const fn waits_for_trigger(&self) -> bool {
        self.trails() || self.needs_stop()
    }

    /// Whether it trades in the closing auction only.
    pub(crate) const fn trades_at_close(&self) -> bool {
        matches!(self, Self::MarketOnClose | Self::LimitOnClose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_words_come_back() {
        for (word, kind) in WORDS {
            assert_eq!(OrderKind::parse(word), Some(kind.clone()));
            assert_eq!(kind.code(), word);
        }
        assert_eq!(OrderKind::parse("VOL").unwrap().code(), "VOL");
        assert_eq!(OrderKind::parse("NOPE"), None);
    }
}
