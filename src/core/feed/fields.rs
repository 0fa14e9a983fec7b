//! Reads protobuf fields in place: no allocation, no copy, unknown fields skipped. What a field means
//! is left to the decoders.

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
    /// The value as a signed 32-bit integer; `None` also if it needs more bits.
    #[inline]
    #[must_use]
    pub fn int(self) -> Option<i32> {
        i32::try_from(self.long()?).ok()
    }

    /// The value as a signed 64-bit integer.
    #[inline]
    #[must_use]
    pub fn long(self) -> Option<i64> {
        match self {
            Self::Varint(value) => Some(value as i64),
            Self::Fixed64(_) | Self::Fixed32(_) | Self::Bytes(_) => None,
        }
    }

    /// The value as a boolean.
    #[must_use]
    pub fn flag(self) -> Option<bool> {
        self.long().map(|value| value != 0)
    }

    /// The value as a double.
    #[inline]
    #[must_use]
    pub fn double(self) -> Option<f64> {
        match self {
            Self::Fixed64(bits) => Some(f64::from_bits(bits)),
            Self::Varint(_) | Self::Fixed32(_) | Self::Bytes(_) => None,
        }
    }

    /// The value as bytes.
    #[inline]
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
                // The tenth byte has room for one bit.
                return (index < 9 || byte < 2).then_some(value);
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
        // There is no field 0.
        (key >= 8).then_some((key >> 3, value))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_messages_end_early_and_say_so() {
        for message in [&[0x08][..], &[0x11, 1, 2], &[0x12, 9, 1], &[0x0b, 1], &[0xff; 12], &[0, 1]]
        {
            let mut fields = Fields::new(message);

            assert_eq!(fields.by_ref().count(), 0, "{message:?}");
            assert!(!fields.is_whole(), "{message:?}");
        }
    }

    #[test]
    fn integers_are_never_cut_short() {
        let value = |value: i64| Value::Varint(value as u64);
        let table = [
            (value(-1), Some(-1)),
            (value(i64::from(i32::MAX)), Some(i32::MAX)),
            (value(i64::from(i32::MAX) + 1), None),
            (value(1 << 32), None),
            (Value::Fixed32(1), None),
        ];

        for (value, expected) in table {
            assert_eq!(value.int(), expected, "{value:?}");
        }
    }
}
