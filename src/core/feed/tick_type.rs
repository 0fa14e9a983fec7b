//! What IB's tick types mean.

use std::borrow::Cow;

use crate::model::QuoteField;

/// The field of a quote that a price, size or generic tick moves; `None` for types a quote does not
/// keep.
#[inline]
#[must_use]
pub fn field(tick_type: i32) -> Option<QuoteField> {
    use QuoteField as Field;
    Some(match tick_type {
        1 | 66 => Field::Bid,
        2 | 67 => Field::Ask,
        4 | 68 => Field::Last,
        0 | 69 => Field::BidSize,
        3 | 70 => Field::AskSize,
        5 | 71 => Field::LastSize,
        6 | 72 => Field::High,
        7 | 73 => Field::Low,
        8 | 74 => Field::Volume,
        9 | 75 => Field::Close,
        14 | 76 => Field::Open,
        37 => Field::Mark,
        46 => Field::Shortable,
        49 | 90 => Field::Halted,
        89 => Field::ShortableShares,
        _ => return None,
    })
}

/// The name of a tick type: that of the quote's field where it moves one, else IB's in words. A delayed
/// type has the name of the live one; [`is_delayed`] tells them apart. A type that IB added later is
/// `tick_` and its number.
#[must_use]
pub fn name(tick_type: i32) -> Cow<'static, str> {
    let known = usize::try_from(tick_type).ok().and_then(|place| NAMES.get(place));
    known.map_or_else(|| format!("tick_{tick_type}").into(), |name| Cow::Borrowed(*name))
}

/// Whether a tick type carries delayed data.
#[must_use]
pub fn is_delayed(tick_type: i32) -> bool {
    matches!(tick_type, 66..=76 | 80..=83 | 88 | 90 | 103 | 104)
}

/// IB's tick types in the order of their numbers.
const NAMES: [&str; 105] = [
    "bid_size",
    "bid",
    "ask",
    "ask_size",
    "last",
    "last_size",
    "high",
    "low",
    "volume",
    "close",
    "bid_option_computation",
    "ask_option_computation",
    "last_option_computation",
    "model_option_computation",
    "open",
    "low_13_week",
    "high_13_week",
    "low_26_week",
    "high_26_week",
    "low_52_week",
    "high_52_week",
    "average_volume",
    "open_interest",
    "option_historical_volatility",
    "option_implied_volatility",
    "option_bid_exchange",
    "option_ask_exchange",
    "option_call_open_interest",
    "option_put_open_interest",
    "option_call_volume",
    "option_put_volume",
    "index_future_premium",
    "bid_exchange",
    "ask_exchange",
    "auction_volume",
    "auction_price",
    "auction_imbalance",
    "mark",
    "bid_efp_computation",
    "ask_efp_computation",
    "last_efp_computation",
    "open_efp_computation",
    "high_efp_computation",
    "low_efp_computation",
    "close_efp_computation",
    "last_timestamp",
    "shortable",
    "fundamental_ratios",
    "rt_volume",
    "halted",
    "bid_yield",
    "ask_yield",
    "last_yield",
    "custom_option_computation",
    "trade_count",
    "trade_rate",
    "volume_rate",
    "last_rth_trade",
    "rt_historical_volatility",
    "dividends",
    "bond_factor_multiplier",
    "regulatory_imbalance",
    "news",
    "short_term_volume_3_minutes",
    "short_term_volume_5_minutes",
    "short_term_volume_10_minutes",
    "bid",
    "ask",
    "last",
    "bid_size",
    "ask_size",
    "last_size",
    "high",
    "low",
    "volume",
    "close",
    "open",
    "rt_trade_volume",
    "creditman_mark_price",
    "creditman_slow_mark_price",
    "bid_option_computation",
    "ask_option_computation",
    "last_option_computation",
    "model_option_computation",
    "last_exchange",
    "last_regulatory_time",
    "futures_open_interest",
    "average_option_volume",
    "last_timestamp",
    "shortable_shares",
    "halted",
    "reuters_2_mutual_funds",
    "etf_nav_close",
    "etf_nav_prior_close",
    "etf_nav_bid",
    "etf_nav_ask",
    "etf_nav_last",
    "etf_frozen_nav_last",
    "etf_nav_high",
    "etf_nav_low",
    "social_market_analytics",
    "estimated_ipo_midpoint",
    "final_ipo_last",
    "bid_yield",
    "ask_yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_a_field_has_its_name() {
        for tick_type in 0..200 {
            if let Some(field) = field(tick_type) {
                assert_eq!(name(tick_type), field.as_str(), "{tick_type}");
            }
        }
    }

    #[test]
    fn every_type_has_a_name() {
        let table = [
            (48, "rt_volume"),
            (59, "dividends"),
            (77, "rt_trade_volume"),
            (88, "last_timestamp"),
            (101, "estimated_ipo_midpoint"),
            (104, "ask_yield"),
            (105, "tick_105"),
            (-1, "tick_-1"),
        ];

        for (tick_type, expected) in table {
            assert_eq!(name(tick_type), expected);
        }
    }
}
