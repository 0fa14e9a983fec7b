//! Market rules: the price step that applies from a price on.

use rust_decimal::Decimal;

/// The number of a market rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MarketRule(pub(crate) i32);

impl MarketRule {
    /// Low edge and step, ascending; `None` for a rule nobody knows.
    pub(crate) fn steps(self) -> Option<&'static [(Decimal, Decimal)]> {
        let found = RULES.iter().find(|(number, _)| *number == self.0);
        found.map(|(_, steps)| *steps)
    }

    /// The step at a price, by its distance from zero.
    pub(crate) fn step_at(self, price: Decimal) -> Option<Decimal> {
        let from = self.steps()?.iter().rev().find(|(edge, _)| *edge <= price.abs());
        from.map(|(_, step)| *step)
    }
}

const fn dec(digits: u32, places: u32) -> Decimal {
    Decimal::from_parts(digits, 0, 0, false, places)
}

const ZERO: Decimal = Decimal::ZERO;

pub(crate) const CENTS: MarketRule = MarketRule(26);
pub(crate) const QUARTERS: MarketRule = MarketRule(67);
pub(crate) const HALF_PIPS: MarketRule = MarketRule(239);
/// Options: a cent below three dollars, five cents from there.
pub(crate) const PENNIES_THEN_NICKELS: MarketRule = MarketRule(109);
pub(crate) const THOUSANDTHS: MarketRule = MarketRule(1_563);

type Steps = &'static [(Decimal, Decimal)];

const RULES: [(i32, Steps); 6] = [
    (26, &[(ZERO, dec(1, 2))]),
    (32, &[(ZERO, dec(5, 2)), (dec(3, 0), dec(1, 1))]),
    (67, &[(ZERO, dec(25, 2))]),
    (109, &[(ZERO, dec(1, 2)), (dec(3, 0), dec(5, 2))]),
    (239, &[(ZERO, dec(5, 5))]),
    (1_563, &[(ZERO, dec(1, 3))]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_the_step_grows_at_its_edge() {
        let cases = [("2.99", "0.01"), ("3", "0.05"), ("12.5", "0.05"), ("-0.5", "0.01")];

        for (price, step) in cases {
            let found = PENNIES_THEN_NICKELS.step_at(price.parse().unwrap());
            assert_eq!(found, Some(step.parse().unwrap()), "{price}");
        }
        assert_eq!(MarketRule(9_999).step_at(Decimal::ONE), None);
    }
}
