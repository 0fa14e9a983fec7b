//! What generic ticks tell of an instrument: computed from its quote where that is possible, seeded
//! where not, or as a test set it.

use rust_decimal::Decimal;

use super::instrument::{Instrument, SecurityKind};
use super::number::{decimal, text};
use super::option_chain::SEEDED_VOLATILITY;
use super::quote::Quote;
use super::random;

/// Which message shows a statistic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Price,
    Size,
    Number,
    Text,
}

/// One tick of a generic tick list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Statistic {
    /// The number a client asks for it by.
    pub(crate) generic: i32,
    /// The type of the tick that shows it.
    pub(crate) tick: i32,
    pub(crate) form: Form,
    pub(crate) name: &'static str,
}

const fn row(generic: i32, tick: i32, form: Form, name: &'static str) -> Statistic {
    Statistic { generic, tick, form, name }
}

/// Every statistic there is, in the order it is told.
pub(crate) const STATISTICS: [Statistic; 43] = [
    row(100, 29, Form::Size, "call_volume"),
    row(100, 30, Form::Size, "put_volume"),
    row(101, 27, Form::Size, "call_open_interest"),
    row(101, 28, Form::Size, "put_open_interest"),
    row(104, 23, Form::Number, "historical_volatility"),
    row(105, 87, Form::Size, "average_option_volume"),
    row(106, 24, Form::Number, "implied_volatility"),
    row(162, 31, Form::Number, "index_future_premium"),
    row(165, 15, Form::Price, "low_13_weeks"),
    row(165, 16, Form::Price, "high_13_weeks"),
    row(165, 17, Form::Price, "low_26_weeks"),
    row(165, 18, Form::Price, "high_26_weeks"),
    row(165, 19, Form::Price, "low_52_weeks"),
    row(165, 20, Form::Price, "high_52_weeks"),
    row(165, 21, Form::Size, "average_volume"),
    row(221, 37, Form::Price, "mark_price"),
    row(225, 34, Form::Size, "auction_volume"),
    row(225, 35, Form::Price, "auction_price"),
    row(225, 36, Form::Size, "auction_imbalance"),
    row(225, 61, Form::Size, "regulatory_imbalance"),
    row(232, 37, Form::Price, "mark_price"),
    row(233, 48, Form::Text, "rt_volume"),
    row(236, 46, Form::Number, "shortable"),
    row(236, 89, Form::Size, "shortable_shares"),
    row(293, 54, Form::Number, "trade_count"),
    row(294, 55, Form::Number, "trade_rate"),
    row(295, 56, Form::Number, "volume_rate"),
    row(318, 57, Form::Price, "last_regular_trade"),
    row(375, 77, Form::Text, "rt_trade_volume"),
    row(411, 58, Form::Number, "real_time_volatility"),
    row(456, 59, Form::Text, "dividends"),
    row(460, 60, Form::Number, "bond_factor"),
    row(586, 101, Form::Price, "estimated_ipo_midpoint"),
    row(586, 102, Form::Price, "final_ipo_price"),
    row(588, 86, Form::Size, "futures_open_interest"),
    row(595, 63, Form::Size, "volume_3_minutes"),
    row(595, 64, Form::Size, "volume_5_minutes"),
    row(595, 65, Form::Size, "volume_10_minutes"),
    row(614, 92, Form::Price, "etf_nav_close"),
    row(614, 93, Form::Price, "etf_nav_prior_close"),
    row(614, 94, Form::Price, "etf_nav_bid"),
    row(614, 95, Form::Price, "etf_nav_ask"),
    row(619, 79, Form::Price, "slow_mark_price"),
];

impl Statistic {
    /// Whether a kind of security has it.
    pub(crate) fn is_of(&self, kind: SecurityKind) -> bool {
        match self.generic {
            100 | 101 | 105 | 236 | 456 | 586 | 614 => kind == SecurityKind::Stock,
            162 => matches!(kind, SecurityKind::Index | SecurityKind::Future),
            460 => kind == SecurityKind::Bond,
            588 => kind == SecurityKind::Future,
            104 | 106 | 411 => !matches!(kind, SecurityKind::Bond | SecurityKind::Crypto),
            225 | 233 | 293 | 294 | 295 | 318 | 375 | 595 => kind != SecurityKind::Index,
            _ => true,
        }
    }

    /// Whether it changes with every price.
    pub(crate) fn moves_with_price(&self) -> bool {
        matches!(self.generic, 221 | 232 | 619)
    }

    /// Whether it changes with every trade.
    pub(crate) fn moves_with_trade(&self) -> bool {
        matches!(self.generic, 233 | 375)
    }

    /// Its value where no test set one; `None` where there is nothing to tell.
    pub(crate) fn computed(
        &self,
        instrument: &Instrument,
        seed: u64,
        quote: &Quote,
    ) -> Option<String> {
        let id = u64::from(instrument.con_id.0.unsigned_abs());
        let draw = Decimal::from(random::mix(seed ^ self.tick.unsigned_abs() as u64, id) % 1_000);
        let mark = quote.mark()?;
        let share = |percent: i64| {
            let step = instrument.step_at(mark);
            ((mark * Decimal::new(percent, 2)) / step).round() * step
        };
        Some(match self.name {
            "historical_volatility" | "implied_volatility" | "real_time_volatility" => {
                text(decimal(SEEDED_VOLATILITY)?)
            }
            "low_13_weeks" => text(share(90)),
            "high_13_weeks" => text(share(110)),
            "low_26_weeks" => text(share(80)),
            "high_26_weeks" => text(share(120)),
            "low_52_weeks" => text(share(70)),
            "high_52_weeks" => text(share(130)),
            "average_volume" => text(quote.volume),
            "mark_price" | "slow_mark_price" => text(mark),
            "last_regular_trade" => text(quote.last?),
            "rt_volume" | "rt_trade_volume" => real_time_volume(quote)?,
            // Above 2.5: a thousand shares or more can be borrowed.
            "shortable" => "3".to_owned(),
            "shortable_shares" => text(draw * Decimal::ONE_THOUSAND + Decimal::ONE_THOUSAND),
            "bond_factor" => "1".to_owned(),
            "trade_count"
            | "trade_rate"
            | "volume_rate"
            | "call_volume"
            | "put_volume"
            | "call_open_interest"
            | "put_open_interest"
            | "average_option_volume"
            | "futures_open_interest"
            | "volume_3_minutes"
            | "volume_5_minutes"
            | "volume_10_minutes" => text(draw),
            _ => return None,
        })
    }
}

/// Price, size, milliseconds, volume, average price, and whether one maker took it all.
fn real_time_volume(quote: &Quote) -> Option<String> {
    let (last, size, volume) = (quote.last?, quote.last_size, quote.volume);
    let millis = quote.last_time * 1_000;
    Some(format!("{};{};{millis};{};{};true", text(last), text(size), text(volume), text(last)))
}

/// The statistic a test means by a name.
pub(crate) fn named(name: &str) -> Option<&'static Statistic> {
    STATISTICS.iter().find(|statistic| statistic.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::listing::Listing;

    #[test]
    fn test_statistics_follow_the_quote() {
        let listing = Listing::new(time::macros::date!(2026 - 11 - 21));
        let aapl = listing.get(listing.called("AAPL")[0]).unwrap();
        let quote = Quote {
            last: Some(Decimal::from(200)),
            last_size: Decimal::from(3),
            volume: Decimal::from(500),
            last_time: 7,
            ..Quote::default()
        };
        let value = |name: &str| named(name).unwrap().computed(aapl, 1, &quote);

        assert_eq!(value("mark_price").as_deref(), Some("200"));
        assert_eq!(value("low_13_weeks").as_deref(), Some("180"));
        assert_eq!(value("rt_volume").as_deref(), Some("200;3;7000;500;200;true"));
        assert_eq!(value("dividends"), None);
    }
}
