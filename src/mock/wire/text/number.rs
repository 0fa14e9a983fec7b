//! Numbers in text fields: the shortest form that reads back to the same value, and the spellings of
//! "not set" and of infinity.

use std::fmt::Display;
use std::io::Write;

use crate::wire::{UNSET_DOUBLE, UNSET_INT};

const UNSET_DOUBLE_TEXT: &str = "1.7976931348623157E308";
const UNSET_INT_TEXT: &str = "2147483647";
const UNSET_LONG_TEXT: &str = "9223372036854775807";
/// Each of these, or an empty field, is a decimal that is not set.
const UNSET_DECIMALS: [&str; 4] =
    [UNSET_INT_TEXT, UNSET_LONG_TEXT, UNSET_DOUBLE_TEXT, "-9223372036854775808"];

/// A value that is one text field.
pub(super) trait Scalar: Sized {
    /// `Ok(None)` is a field that is not set.
    fn read(text: &str) -> Result<Option<Self>, ()>;

    /// Appends the value as text.
    fn show(&self, into: &mut Vec<u8>);
}

/// Appends a number as a whole field, its NUL included.
pub(crate) fn push(into: &mut Vec<u8>, number: impl Display) {
    append(into, number);
    into.push(0);
}

fn append(into: &mut Vec<u8>, value: impl Display) {
    // Writing to memory cannot fail.
    let _ = write!(into, "{value}");
}

impl Scalar for i32 {
    fn read(text: &str) -> Result<Option<Self>, ()> {
        integer(text, UNSET_INT)
    }

    fn show(&self, into: &mut Vec<u8>) {
        append(into, self);
    }
}

impl Scalar for i64 {
    fn read(text: &str) -> Result<Option<Self>, ()> {
        integer(text, Self::MAX)
    }

    fn show(&self, into: &mut Vec<u8>) {
        append(into, self);
    }
}

fn integer<N: std::str::FromStr + PartialEq>(text: &str, unset: N) -> Result<Option<N>, ()> {
    if text.is_empty() {
        return Ok(None);
    }
    let number: N = text.parse().map_err(drop)?;
    Ok(Some(number).filter(|number| *number != unset))
}

impl Scalar for f64 {
    /// Clients disagree on the spelling of infinity (FORMAT section 1).
    fn read(text: &str) -> Result<Option<Self>, ()> {
        match text {
            "" => Ok(None),
            "Infinity" | "Infinite" => Ok(Some(Self::INFINITY)),
            _ => {
                let number: Self = text.parse().map_err(drop)?;
                let finite = Some(number).filter(|number| number.is_finite()).ok_or(())?;
                Ok(Some(finite).filter(|number| *number != UNSET_DOUBLE))
            }
        }
    }

    fn show(&self, into: &mut Vec<u8>) {
        const LARGE: f64 = 1e15;
        const SMALL: f64 = 1e-5;
        let size = self.abs();
        match *self {
            number if number == UNSET_DOUBLE => append(into, UNSET_DOUBLE_TEXT),
            number if number.is_infinite() => append(into, "Infinity"),
            number if size != 0.0 && !(SMALL..LARGE).contains(&size) => {
                append(into, format_args!("{number:E}"));
            }
            number => append(into, number),
        }
    }
}

impl Scalar for bool {
    /// False is read as not set, as clients leave it out of a protobuf message.
    fn read(text: &str) -> Result<Option<Self>, ()> {
        match text {
            "" | "0" | "false" | "False" => Ok(None),
            "1" | "true" | "True" => Ok(Some(true)),
            _ => Err(()),
        }
    }

    fn show(&self, into: &mut Vec<u8>) {
        append(into, u8::from(*self));
    }
}

/// Checks a number that messages keep as text, such as a quantity.
pub(super) fn decimal(text: &str) -> Result<Option<String>, ()> {
    if text.is_empty() || UNSET_DECIMALS.contains(&text) {
        return Ok(None);
    }
    let number: f64 = text.parse().map_err(drop)?;
    if number.is_finite() { Ok(Some(text.to_owned())) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(number: f64) -> String {
        let mut bytes = Vec::new();
        number.show(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn test_doubles_are_shown_short_and_read_back() {
        let cases = [
            (190.1, "190.1"),
            (100.0, "100"),
            (0.0, "0"),
            (-0.01, "-0.01"),
            (1e-7, "1E-7"),
            (2.5e17, "2.5E17"),
            (f64::INFINITY, "Infinity"),
        ];

        for (number, text) in cases {
            assert_eq!(shown(number), text);
            assert_eq!(f64::read(text), Ok(Some(number)));
        }
        assert_eq!(shown(UNSET_DOUBLE), UNSET_DOUBLE_TEXT);
    }

    #[test]
    fn test_what_is_not_set_has_several_spellings() {
        assert_eq!(f64::read(UNSET_DOUBLE_TEXT), Ok(None));
        assert_eq!(f64::read("1.7976931348623157e+308"), Ok(None));
        assert_eq!(i32::read(UNSET_INT_TEXT), Ok(None));
        assert_eq!(i64::read(UNSET_LONG_TEXT), Ok(None));
        assert_eq!(decimal(UNSET_INT_TEXT), Ok(None));
        assert_eq!(bool::read("0"), Ok(None));
        assert_eq!(f64::read("Infinite"), Ok(Some(f64::INFINITY)));
    }

    #[test]
    fn test_what_is_no_number_is_refused() {
        assert_eq!(i32::read("7.5"), Err(()));
        assert_eq!(f64::read("nan"), Err(()));
        assert_eq!(decimal("seven"), Err(()));
        assert_eq!(bool::read("2"), Err(()));
    }
}
