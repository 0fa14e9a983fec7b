//! Amounts in several currencies, side by side.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

/// One amount per currency; a currency that is not there counts as nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Money(BTreeMap<String, Decimal>);

impl Money {
    pub(crate) fn of(currency: &str, amount: Decimal) -> Self {
        let mut money = Self::default();
        money.add(currency, amount);
        money
    }

    pub(crate) fn add(&mut self, currency: &str, amount: Decimal) {
        match self.0.get_mut(currency) {
            Some(held) => *held += amount,
            None => drop(self.0.insert(currency.to_owned(), amount)),
        }
    }

    pub(crate) fn get(&self, currency: &str) -> Decimal {
        self.0.get(currency).copied().unwrap_or_default()
    }

    pub(crate) fn currencies(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The sum at these rates.
    pub(crate) fn total(&self, rate: impl Fn(&str) -> Decimal) -> Decimal {
        self.0.iter().map(|(currency, amount)| *amount * rate(currency)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_amounts_add_up_by_currency_and_at_a_rate() {
        let mut money = Money::of("USD", Decimal::TEN);
        money.add("EUR", Decimal::TWO);
        money.add("EUR", Decimal::ONE);

        let rate = |currency: &str| if currency == "EUR" { Decimal::TWO } else { Decimal::ONE };

        assert_eq!(money.get("EUR"), Decimal::from(3));
        assert_eq!(money.get("JPY"), Decimal::ZERO);
        assert_eq!(money.total(rate), Decimal::from(16));
    }
}
