//! Prices that move by themselves: a seeded walk along the tick grid. Pure: the same seed, instrument
//! and step give the same prices on every machine.

use std::time::Duration;

use rust_decimal::Decimal;

use super::instrument::Instrument;
use super::quote::{Quote, QuoteChange};
use super::random;

/// How the price of an instrument moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceProcess {
    /// Market time between two steps.
    pub interval: Duration,
    /// A step moves the last price by at most so many ticks, up or down.
    pub most_ticks: u32,
}

impl PriceProcess {
    /// The change of one step, counted from zero.
    pub(crate) fn step(
        self,
        instrument: &Instrument,
        quote: &Quote,
        seed: u64,
        step: u64,
    ) -> QuoteChange {
        let series = seed ^ u64::from(instrument.con_id.0.unsigned_abs()).rotate_left(32);
        let draw = |salt: u64, range: u64| {
            Decimal::from(random::mix(series, step.wrapping_mul(4) + salt) % range)
        };
        let most = u64::from(self.most_ticks);
        let ticks = draw(0, 2 * most + 1) - Decimal::from(most);
        let before = quote.mark().unwrap_or(instrument.base_price);
        let tick = instrument.tick;
        // A price stays two ticks above nothing, so that the bid is a price as well.
        let last = (before + ticks * tick).max(tick * Decimal::TWO);
        let hundreds = |salt: u64| (draw(salt, 9) + Decimal::ONE) * Decimal::ONE_HUNDRED;
        let traded = hundreds(3);
        QuoteChange {
            bid: Some(last - tick),
            ask: Some(last + tick),
            last: Some(last),
            bid_size: Some(hundreds(1)),
            ask_size: Some(hundreds(2)),
            last_size: Some(traded),
            volume: Some(quote.volume + traded),
            ..QuoteChange::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::listing::Listing;
    use time::macros::date;

    #[test]
    fn test_a_walk_is_the_same_for_the_same_seed_and_stays_on_the_grid() {
        let listing = Listing::new(date!(2026 - 11 - 21));
        let instrument = listing.get(listing.called("AAPL")[0]).unwrap();
        let process = PriceProcess { interval: Duration::from_secs(1), most_ticks: 5 };
        let walk = |seed: u64| {
            let mut quote = Quote::seeded(instrument, 1, 0);
            let mut path = Vec::new();
            for step in 0..200 {
                quote.apply(&process.step(instrument, &quote, seed, step), 0);
                path.push(quote.last.unwrap());
            }
            path
        };

        let path = walk(7);

        assert_eq!(path, walk(7));
        assert_ne!(path, walk(8));
        assert!(path.iter().all(|price| instrument.is_on_grid(*price)));
        let most = instrument.tick * Decimal::from(5);
        assert!(path.windows(2).all(|pair| (pair[1] - pair[0]).abs() <= most));
    }
}
