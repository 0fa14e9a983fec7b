//! Decimals in and out of the two number forms of the wire.

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

/// The shortest decimal that a finite double stands for; `None` if it is not finite or too large.
pub(crate) fn decimal(value: f64) -> Option<Decimal> {
    if value.is_finite() { Decimal::from_f64(value).map(|d| d.normalize()) } else { None }
}

/// The nearest double, for the fields that are doubles on the wire.
pub(crate) fn double(value: Decimal) -> f64 {
    // Every decimal is within the range of a double.
    value.to_f64().unwrap_or_default()
}

/// The text of a decimal field: no exponent, no trailing zeros, "0" for nothing.
pub(crate) fn text(value: Decimal) -> String {
    value.normalize().to_string()
}

/// Money as account values show it: two places.
pub(crate) fn money(value: Decimal) -> String {
    format!("{:.2}", value.round_dp(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_doubles_become_the_decimal_a_person_would_write() {
        let cases = [(0.1, "0.1"), (189.95, "189.95"), (1e6, "1000000"), (-0.0, "0")];

        for (value, expected) in cases {
            assert_eq!(text(decimal(value).unwrap()), expected);
        }
        assert_eq!(decimal(f64::NAN), None);
        assert_eq!(decimal(1e300), None);
    }
}
