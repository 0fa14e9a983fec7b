//! Reads protobuf fields in place: no allocation, no copy, unknown fields skipped.

/// One field's value, as it lies on the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Integers and booleans.
    Varint(u64),
    /// Doubles, as bits.
    Fixed64(u64),
    /// Floats, as bits.
    Fixed32(u32),
    /// Text, bytes and nested messages.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The value as a signed 32-bit integer.
    #[must_use]
    pub fn int(self) -> Option<i32> {
        match self {
            Self::Varint(value) => Some(value as i32),
            Self::Fixed64(_) | Self::Fixed32(_) | Self::Bytes(_) => None,
        }
    }

    /// The value as a double.
    #[must_use]
    pub fn double(self) -> Option<f64> {
        match self {
            Self::Fixed64(bits) => Some(f64::from_bits(bits)),
            Self::Varint(_) | Self::Fixed32(_) | Self::Bytes(_) => None,
        }
    }

    /// The value as bytes.
    #[must_use]
    pub fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Varint(_) | Self::Fixed32(_) | Self::Fixed64(_) => None,
        }
    }
}

/// The fields of one message, in wire order. Ends early at the first malformed field; ask
/// [`Fields::is_whole`] afterwards.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    rest: &'a [u8],
    whole: bool,
}

impl<'a> Fields<'a> {
    /// Starts at the first field of a message.
    #[must_use]
    pub fn new(message: &'a [u8]) -> Self {
        Self { rest: message, whole: true }
    }

    /// Whether everything read so far was well formed.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    #[inline]
    fn varint(&mut self) -> Option<u64> {
        let (&first, rest) = self.rest.split_first()?;
        if first < 0x80 {
            self.rest = rest;
            return Some(u64::from(first));
        }
        self.long_varint()
    }

    fn long_varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for (index, &byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                self.rest = &self.rest[index + 1..];
                return Some(value);
            }
        }
        None
    }

    #[inline]
    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => {
                let (bits, rest) = self.rest.split_first_chunk::<8>()?;
                self.rest = rest;
                Value::Fixed64(u64::from_le_bytes(*bits))
            }
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                let (bytes, rest) = self.rest.split_at_checked(length)?;
                self.rest = rest;
                Value::Bytes(bytes)
            }
            5 => {
                let (bits, rest) = self.rest.split_first_chunk::<4>()?;
                self.rest = rest;
                Value::Fixed32(u32::from_le_bytes(*bits))
            }
            _ => return None,
        };
        Some((key >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.rest = &[];
            self.whole = false;
        }
        field
    }
}

/// A decimal number in text, such as a size. Plain numbers are read without going through `str`.
#[must_use]
pub(super) fn decimal(text: &[u8]) -> Option<f64> {
    const EXACT: u64 = 1 << 53;
    const POWERS: [f64; 10] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
    let (mut digits, mut places, mut after_point) = (0u64, 0usize, false);
    if text.is_empty() || text.len() > 15 {
        return slow_decimal(text);
    }
    for &byte in text {
        match byte {
            b'0'..=b'9' => {
                digits = digits * 10 + u64::from(byte - b'0');
                places += usize::from(after_point);
            }
            b'.' if !after_point => after_point = true,
            _ => return slow_decimal(text),
        }
    }
    match POWERS.get(places) {
        // Both are exact, so the quotient is the correctly rounded value.
        Some(power) if digits < EXACT => Some(digits as f64 / power),
        _ => slow_decimal(text),
    }
}

fn slow_decimal(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_equal_the_standard_parser() {
        for text in ["0", "1", "100", "0.5", "10.25", "123456789.123", "1e3", "-1", "007", "1."] {
            assert_eq!(decimal(text.as_bytes()), text.parse().ok(), "{text}");
        }
        for text in ["", "NaN", "inf", "1.2.3", "x", "1797693134862315700000000000x"] {
            assert_eq!(decimal(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn malformed_messages_end_early_and_say_so() {
        for message in [&[0x08][..], &[0x11, 1, 2], &[0x12, 9, 1], &[0x0b, 1], &[0xff; 12]] {
            let mut fields = Fields::new(message);

            assert_eq!(fields.by_ref().count(), 0, "{message:?}");
            assert!(!fields.is_whole(), "{message:?}");
        }
    }
}
