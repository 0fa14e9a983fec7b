//! The books of one account: cash, holdings and realized gains, all following from its fills.
//!
//! Costs are kept as totals, never as rounded averages, so that at every moment and in every currency
//! `cash = deposits - cost of holdings paid in full + realized gains` holds exactly. A currency pair
//! moves the cash of both its currencies; the holding kept of it only tells its gains.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::ids::ConId;
use super::instrument::{Instrument, SecurityKind};
use super::money::Money;

/// The currency every account is kept in.
pub(crate) const BASE_CURRENCY: &str = "USD";

/// What the broker starts a paper account with.
pub(crate) const STARTING_CASH: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);

/// A position: signed quantity and what it cost, with the multiplier and commissions (A11).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Holding {
    pub(crate) quantity: Decimal,
    /// Signed like the quantity.
    pub(crate) cost: Decimal,
    /// The commissions within the cost.
    pub(crate) fees: Decimal,
    /// As `cost`, but holdings from before today at the close before: base of the daily figure.
    pub(crate) day_cost: Decimal,
    /// Gains realized today; `None` if nothing was closed today (A16).
    pub(crate) realized: Option<Decimal>,
}

impl Holding {
    pub(crate) fn average_cost(&self) -> Decimal {
        if self.quantity.is_zero() { Decimal::ZERO } else { self.cost / self.quantity }
    }
}

/// A signed trade with the money it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fill {
    /// Positive for a purchase.
    pub(crate) quantity: Decimal,
    pub(crate) price: Decimal,
    pub(crate) commission: Decimal,
}

/// The books of one account.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    pub(crate) cash: Money,
    pub(crate) holdings: BTreeMap<ConId, Holding>,
    /// Realized today over all instruments.
    pub(crate) realized: Money,
    /// Realized today against the closes before, for the daily figure.
    pub(crate) day_realized: Money,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            cash: Money::of(BASE_CURRENCY, STARTING_CASH),
            holdings: BTreeMap::new(),
            realized: Money::default(),
            day_realized: Money::default(),
        }
    }
}

impl Ledger {
    /// Books a fill. Returns the gain it realized, after both commissions (E7); `None` if it only
    /// opens (E6).
    pub(crate) fn book(&mut self, instrument: &Instrument, fill: Fill) -> Option<Decimal> {
        let holding = self.holdings.entry(instrument.con_id).or_default();
        let amount = fill.quantity * fill.price * instrument.multiplier;
        let split = Split::of(holding.quantity, fill, amount);
        let gains = holding.close(&split);
        holding.open(&split);
        let currency = &instrument.currency;
        self.cash.add(currency, -fill.commission);
        if instrument.kind == SecurityKind::Cash {
            self.cash.add(&instrument.symbol, fill.quantity);
        }
        if instrument.kind.is_paid_in_full() {
            self.cash.add(currency, -amount);
        }
        let gains = gains?;
        if !instrument.kind.is_paid_in_full() {
            self.cash.add(currency, gains.before_fees);
        }
        self.realized.add(currency, gains.real);
        self.day_realized.add(currency, gains.of_day);
        Some(gains.real)
    }

    /// Starts a new day: holdings count at their present values per unit, gains from nothing.
    pub(crate) fn start_day(&mut self, value: impl Fn(ConId) -> Option<Decimal>) {
        self.holdings.retain(|_, holding| !holding.quantity.is_zero());
        for (con_id, holding) in &mut self.holdings {
            let per_unit = value(*con_id).unwrap_or_else(|| holding.average_cost());
            holding.day_cost = per_unit * holding.quantity;
            holding.realized = None;
        }
        (self.realized, self.day_realized) = (Money::default(), Money::default());
    }

    pub(crate) fn quantity(&self, con_id: ConId) -> Decimal {
        self.holdings.get(&con_id).map_or(Decimal::ZERO, |holding| holding.quantity)
    }
}

/// A fill divided into what closes the present holding and what opens a new one.
struct Split {
    closing: Decimal,
    closing_amount: Decimal,
    closing_commission: Decimal,
    opening: Decimal,
    opening_amount: Decimal,
    opening_commission: Decimal,
}

impl Split {
    fn of(held: Decimal, fill: Fill, amount: Decimal) -> Self {
        let is_closing =
            !held.is_zero() && held.is_sign_negative() != fill.quantity.is_sign_negative();
        let size = if is_closing { held.abs().min(fill.quantity.abs()) } else { Decimal::ZERO };
        let closing = if fill.quantity.is_sign_negative() { -size } else { size };
        let opening = fill.quantity - closing;
        let share = |total: Decimal| match opening.is_zero() {
            true => total,
            false => total * closing / fill.quantity,
        };
        let (closing_amount, closing_commission) = (share(amount), share(fill.commission));
        Self {
            closing,
            closing_amount,
            closing_commission,
            opening,
            opening_amount: amount - closing_amount,
            opening_commission: fill.commission - closing_commission,
        }
    }
}

/// What closing a part of a holding gained.
struct Gains {
    /// After the commissions of opening and closing.
    real: Decimal,
    /// Against the close before today.
    of_day: Decimal,
    /// As if there were no commissions.
    before_fees: Decimal,
}

impl Holding {
    /// Takes the closed part out, at its share of the costs.
    fn close(&mut self, split: &Split) -> Option<Gains> {
        if split.closing.is_zero() {
            return None;
        }
        let part = |total: Decimal, quantity: Decimal| match quantity + split.closing {
            left if left.is_zero() => total,
            _ => total * -split.closing / quantity,
        };
        let held = self.quantity;
        let (cost, fees) = (part(self.cost, held), part(self.fees, held));
        let day_cost = part(self.day_cost, held);
        let proceeds = -split.closing_amount - split.closing_commission;
        self.quantity += split.closing;
        self.cost -= cost;
        self.fees -= fees;
        self.day_cost -= day_cost;
        let real = proceeds - cost;
        self.realized = Some(self.realized.unwrap_or_default() + real);
        let before_fees = real + split.closing_commission + fees;
        Some(Gains { real, of_day: proceeds - day_cost, before_fees })
    }

    fn open(&mut self, split: &Split) {
        let cost = split.opening_amount + split.opening_commission;
        self.quantity += split.opening;
        self.cost += cost;
        self.fees += split.opening_commission;
        self.day_cost += cost;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::listing::Listing;
    use crate::exchange::random;
    use time::{Date, Month};

    fn instrument(symbol: &str) -> Instrument {
        let listing = Listing::new(Date::from_calendar_date(2026, Month::May, 4).unwrap());
        listing.get(listing.called(symbol)[0]).unwrap().clone()
    }

    fn fill(quantity: i64, price: i64, cents: i64) -> Fill {
        Fill {
            quantity: Decimal::from(quantity),
            price: Decimal::from(price),
            commission: Decimal::new(cents, 2),
        }
    }

    #[test]
    fn test_a_round_trip_realizes_the_difference_less_both_commissions() {
        let (mut ledger, aapl) = (Ledger::default(), instrument("AAPL"));

        let opened = ledger.book(&aapl, fill(10, 100, 100));
        let average = ledger.holdings[&aapl.con_id].average_cost();
        let closed = ledger.book(&aapl, fill(-10, 110, 100));

        assert_eq!((opened, closed), (None, Some(Decimal::from(98))));
        assert_eq!(average, Decimal::new(1001, 1));
        assert_eq!(ledger.cash.get("USD"), STARTING_CASH + Decimal::from(98));
    }

    #[test]
    fn test_a_trade_through_zero_closes_and_opens() {
        let (mut ledger, aapl) = (Ledger::default(), instrument("AAPL"));
        ledger.book(&aapl, fill(10, 100, 0));

        let realized = ledger.book(&aapl, fill(-30, 110, 300));

        let holding = &ledger.holdings[&aapl.con_id];
        assert_eq!(realized, Some(Decimal::from(99)));
        assert_eq!(holding.quantity, Decimal::from(-20));
        assert_eq!(holding.average_cost(), Decimal::new(1099, 1));
    }

    #[test]
    fn test_a_future_moves_cash_by_gains_and_commissions_only() {
        let (mut ledger, es) = (Ledger::default(), instrument("ES"));
        ledger.book(&es, fill(1, 5600, 225));

        let realized = ledger.book(&es, fill(-1, 5610, 225));

        assert_eq!(realized, Some(Decimal::new(49550, 2)));
        assert_eq!(ledger.cash.get("USD"), STARTING_CASH + Decimal::new(49550, 2));
    }

    #[test]
    fn test_a_currency_pair_moves_the_cash_of_both_currencies() {
        let (mut ledger, euro) = (Ledger::default(), instrument("EUR"));

        ledger.book(&euro, fill(10_000, 1, 200));
        let realized = ledger.book(&euro, fill(-4_000, 2, 200));

        assert_eq!(ledger.cash.get("EUR"), Decimal::from(6_000));
        assert_eq!(ledger.cash.get("USD"), STARTING_CASH - Decimal::from(2_004));
        assert_eq!(realized, Some(Decimal::new(399_720, 2)));
    }

    #[test]
    fn test_the_books_balance_after_every_one_of_many_random_fills() {
        for seed in 1..=20 {
            let (mut ledger, aapl) = (Ledger::default(), instrument("AAPL"));
            let (mut quantity, mut spent, mut realized) =
                (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
            for index in 0..200 {
                let pick = |salt: u64, range: u64| {
                    i64::try_from(random::mix(seed, index * 7 + salt) % range).unwrap()
                };
                let next = fill(
                    (pick(0, 20) + 1) * (1 - 2 * pick(3, 2)),
                    90 + pick(1, 20),
                    100 + pick(2, 50),
                );
                quantity += next.quantity;
                spent += next.quantity * next.price + next.commission;
                realized += ledger.book(&aapl, next).unwrap_or_default();

                let holding = &ledger.holdings[&aapl.con_id];
                assert_eq!(holding.quantity, quantity, "seed {seed}, fill {index}");
                assert_eq!(
                    ledger.cash.get("USD"),
                    STARTING_CASH - spent,
                    "seed {seed}, fill {index}"
                );
                let drift = (ledger.realized.get("USD") - (holding.cost - spent)).abs();
                assert!(drift < Decimal::new(1, 15), "seed {seed}, fill {index}: {drift}");
                assert_eq!(ledger.realized.get("USD"), realized, "seed {seed}, fill {index}");
            }
        }
    }
}
