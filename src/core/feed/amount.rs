//! Numbers as IB writes them: what is a value, and what says that there is none.

/// IB's "unset" of a field that holds an integer.
pub(super) const UNSET: i32 = i32::MAX;

/// A double that may be unset: NaN, an infinity or the largest double.
#[inline]
pub(super) fn known(value: f64) -> Option<f64> {
    (value.abs() < f64::MAX).then_some(value)
}

/// A decimal number in text, such as a size, with `None` for "unset" and for no text at all.
/// Plain numbers are read without going through `str`.
///
/// # Errors
/// The text is no number.
#[inline]
pub(super) fn decimal(text: &[u8]) -> Result<Option<f64>, NotANumber> {
    if text.is_empty() || text.len() > SHORT {
        return slow_decimal(text);
    }
    let mut digits = 0u64;
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return short_decimal(text);
        }
        digits = digits * 10 + u64::from(digit);
    }
    // Fifteen digits are exact in a double.
    if digits == UNSET as u64 { slow_decimal(text) } else { Ok(Some(digits as f64)) }
}

/// Longest text whose digits fit a double exactly.
const SHORT: usize = 15;

/// A short number with a point.
fn short_decimal(text: &[u8]) -> Result<Option<f64>, NotANumber> {
    const POWERS: [f64; SHORT] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14];
    let (mut digits, mut point) = (0u64, None);
    for (index, &byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => digits = digits * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() && text.len() > 1 => point = Some(index),
            _ => return slow_decimal(text),
        }
    }
    let places = point.map_or(0, |point| text.len() - point - 1);
    match POWERS.get(places) {
        // Both are exact, so the quotient is the correctly rounded value.
        Some(power) => Ok(Some(digits as f64 / power)),
        None => slow_decimal(text),
    }
}

/// A text that should have been a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotANumber;

/// "Unset" of a decimal, in the spellings that would pass for a number. With a point they are one.
const UNSET_TEXTS: [&[u8]; 3] = [b"2147483647", b"9223372036854775807", b"-9223372036854775808"];

#[cold]
fn slow_decimal(text: &[u8]) -> Result<Option<f64>, NotANumber> {
    if text.is_empty() || UNSET_TEXTS.contains(&text) {
        return Ok(None);
    }
    let text = std::str::from_utf8(text).map_err(|_| NotANumber)?;
    text.parse().map(known).map_err(|_| NotANumber)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_equal_the_standard_parser() {
        let texts =
            ["0", "1", "100", "0.5", "10.25", "123456789.123", "1e3", "-1", "007", "1.", ".5"];
        let long = [
            "2147483647.0",
            "02147483647",
            "0.1234567890123456",
            "0.1234567890123",
            "9007199254740993",
        ];

        for text in texts.into_iter().chain(long) {
            assert_eq!(decimal(text.as_bytes()), Ok(text.parse().ok()), "{text}");
        }
    }

    #[test]
    fn unset_decimals_are_none() {
        let integers = ["2147483647", "9223372036854775807", "-9223372036854775808"];
        let doubles = ["", "NaN", "inf", "Infinity", "1.7976931348623157E308", "1e999"];

        for text in integers.into_iter().chain(doubles) {
            assert_eq!(decimal(text.as_bytes()), Ok(None), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [&b"1.2.3"[..], b"x", b".", b" 1", b"1 ", b"\xff", b"17976931348623157x0000"] {
            assert_eq!(decimal(text), Err(NotANumber), "{text:?}");
        }
    }

    #[test]
    fn unset_doubles_are_none() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN] {
            assert_eq!(known(value), None, "{value}");
        }
        assert_eq!(known(-1.5), Some(-1.5));
    }
}
