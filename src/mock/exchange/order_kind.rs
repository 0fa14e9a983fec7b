//! The order types of the exchange: their words on the wire and the prices each of them needs.

/// What decides when and at what price an order may fill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    PegMarket,
    PegBest,
    PegStock,
    PegBenchmark,
    /// Priced by the volatility of an option.
    Volatility,
    /// A market order that trades no further than a band away.
    MarketProtected,
    /// As `MarketProtected`, once its stop is reached.
    StopProtected,
}

const WORDS: [(&str, OrderKind); 21] = [
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
    ("PEG MKT", OrderKind::PegMarket),
    ("PEG BEST", OrderKind::PegBest),
    ("PEG STK", OrderKind::PegStock),
    ("PEG BENCH", OrderKind::PegBenchmark),
    ("VOL", OrderKind::Volatility),
    ("MKT PRT", OrderKind::MarketProtected),
    ("STP PRT", OrderKind::StopProtected),
];

impl OrderKind {
    pub(crate) fn parse(word: &str) -> Option<Self> {
        // Two spellings of one type are in use.
        let word = match word {
            "TRAILLMT" | "TRAIL LMT" => "TRAIL LIMIT",
            "STPLMT" => "STP LMT",
            "PEGMID" => "PEG MID",
            "PEGMKT" => "PEG MKT",
            "PEGBEST" => "PEG BEST",
            "PEGSTK" => "PEG STK",
            "PEGBENCH" => "PEG BENCH",
            other => other,
        };
        WORDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
    }

    pub(crate) fn code(self) -> &'static str {
        WORDS.iter().find(|(_, known)| *known == self).map_or("", |(word, _)| word)
    }

    pub(crate) const fn needs_limit(self) -> bool {
        matches!(self, Self::Limit | Self::StopLimit | Self::LimitIfTouched | Self::LimitOnClose)
    }

    /// Whether a limit price means something to it; clients send one with any order.
    pub(crate) const fn takes_limit(self) -> bool {
        self.needs_limit()
            || matches!(
                self,
                Self::TrailLimit
                    | Self::Midprice
                    | Self::Relative
                    | Self::PegMid
                    | Self::PegMarket
                    | Self::PegBest
                    | Self::PegStock
                    | Self::PegBenchmark
            )
    }

    /// Whether its auxiliary price is the price that sets it off.
    pub(crate) const fn needs_stop(self) -> bool {
        matches!(
            self,
            Self::Stop
                | Self::StopLimit
                | Self::StopProtected
                | Self::MarketIfTouched
                | Self::LimitIfTouched
        )
    }

    /// Whether its price is worked out by `pegging`.
    pub(crate) const fn is_worked_out(self) -> bool {
        matches!(
            self,
            Self::Relative
                | Self::PegMarket
                | Self::PegBest
                | Self::PegStock
                | Self::PegBenchmark
                | Self::Volatility
                | Self::MarketProtected
                | Self::StopProtected
        )
    }

    /// Whether it trades no further than a band away.
    pub(crate) const fn is_protected(self) -> bool {
        matches!(self, Self::MarketProtected | Self::StopProtected)
    }

    /// Whether it is an order for an option, whose underlying its price follows.
    pub(crate) const fn follows_underlying(self) -> bool {
        matches!(self, Self::PegStock | Self::Volatility)
    }

    /// Whether its auxiliary price is a distance from the market.
    pub(crate) const fn takes_offset(self) -> bool {
        self.trails() || matches!(self, Self::Relative | Self::PegMid | Self::PegMarket)
    }

    pub(crate) const fn trails(self) -> bool {
        matches!(self, Self::Trail | Self::TrailLimit)
    }

    /// Whether it is shown twice on accept, with a passing limit price in the first frame (O8).
    pub(crate) const fn is_stop(self) -> bool {
        self.trails() || matches!(self, Self::Stop | Self::StopLimit | Self::StopProtected)
    }

    pub(crate) const fn is_touched_by_better_prices(self) -> bool {
        matches!(self, Self::MarketIfTouched | Self::LimitIfTouched)
    }

    /// Whether it rests until its trigger price is reached.
    pub(crate) const fn waits_for_trigger(self) -> bool {
        self.trails() || self.needs_stop()
    }

    /// Whether it trades in the closing auction only.
    pub(crate) const fn trades_at_close(self) -> bool {
        matches!(self, Self::MarketOnClose | Self::LimitOnClose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_words_come_back() {
        for (word, kind) in WORDS {
            assert_eq!(OrderKind::parse(word), Some(kind));
            assert_eq!(kind.code(), word);
        }
        assert_eq!(OrderKind::parse("PEGBENCH").unwrap().code(), "PEG BENCH");
        assert_eq!(OrderKind::parse("NOPE"), None);
    }
}
