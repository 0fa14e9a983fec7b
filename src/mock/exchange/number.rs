//! Decimals in and out of the two number forms of the wire.

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

/// The shortest decimal that a finite double stands for; `None` if it is not finite or too large.
pub(crate) fn decimal(value: f64) -> Option<Decimal> {
    if value.is_finite() { Decimal::from_f64(value).map(|d| d.normalize()) } else { None }
}

/// The nearest double, for the fields that are doubles on the wire.
pub(crate) fn double(value: Decimal) -> f64 {
    // Both numbers are exact, so that one division gives the nearest double.
    match (exact(value.mantissa()), TENS.get(value.scale() as usize)) {
        (Some(digits), Some(ten)) => digits / ten,
        // Every decimal is within the range of a double.
        _ => value.to_f64().unwrap_or_default(),
    }
}

/// Powers of ten that are doubles without rounding.
const TENS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// An integer that is a double without rounding.
#[expect(clippy::cast_precision_loss, reason = "it has no more bits than a double")]
fn exact(integer: i128) -> Option<f64> {
    const MOST: u64 = 1 << 53;
    let small = i64::try_from(integer).ok().filter(|small| small.unsigned_abs() <= MOST);
    small.map(|small| small as f64)
}

/// The text of a decimal field: no exponent, no trailing zeros, "0" for nothing.
pub(crate) fn text(value: Decimal) -> String {
    match i64::try_from(value.mantissa()) {
        // Most sizes are whole.
        Ok(whole) if value.scale() == 0 => whole.to_string(),
        _ => value.normalize().to_string(),
    }
}

/// Money as account values show it: two places.
pub(crate) fn money(value: Decimal) -> String {
    format!("{:.2}", value.round_dp(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_decimals_become_the_nearest_double() {
        let cases =
            ["0", "189.95", "-0.01", "0.1234567890123456789", "79228162514264337593543950335"];

        for text in cases {
            let nearest: f64 = text.parse().unwrap();
            assert_eq!(double(text.parse().unwrap()), nearest, "{text}");
        }
    }

    #[test]
    fn test_doubles_become_the_decimal_a_person_would_write() {
        let cases = [(0.1, "0.1"), (189.95, "189.95"), (1e6, "1000000"), (-0.0, "0")];

        for (value, expected) in cases {
            assert_eq!(text(decimal(value).unwrap()), expected);
        }
        assert_eq!(text(Decimal::new(1_500, 1)), "150");
        assert_eq!(text(Decimal::new(-1_050, 3)), "-1.05");
        assert_eq!(decimal(f64::NAN), None);
        assert_eq!(decimal(1e300), None);
    }
}
