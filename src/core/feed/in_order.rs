//! Price and size ticks in the layout every gateway writes: all fields, in order. No loop over
//! fields, no table: one comparison per field. Whatever is laid out differently is `None` here and
//! takes the general way through [`Fields`](super::Fields), which yields the same values.

use super::amount::{decimal, known};
use super::reading::{is_identity, quoted_tick};
use super::tick::{Tick, attributes};

/// Fields 1 to 5 of `tickPrice`.
#[inline]
pub(super) fn price(message: &[u8]) -> Option<Tick> {
    let (request_id, rest) = int(message, 0x08)?;
    let (tick_type, rest) = int(rest, 0x10)?;
    let (price, rest) = double(rest, 0x19)?;
    let (size, rest) = size_text(rest, 0x22)?;
    let (mask, rest) = int(rest, 0x28)?;
    let price = quoted_tick(tick_type, price, size);
    let tick = Tick { request_id, tick_type, price, size, attributes: attributes(mask) };
    rest.is_empty().then_some(tick)
}

/// Fields 1 to 3 of `tickSize`.
#[inline]
pub(super) fn size(message: &[u8]) -> Option<Tick> {
    let (request_id, rest) = int(message, 0x08)?;
    let (tick_type, rest) = int(rest, 0x10)?;
    let (size, rest) = size_text(rest, 0x1a)?;
    let tick = Tick { request_id, tick_type, price: None, size, attributes: 0 };
    rest.is_empty().then_some(tick)
}

/// An integer of one or two bytes inline, of up to five otherwise; never negative.
#[inline]
fn int(message: &[u8], key: u8) -> Option<(i32, &[u8])> {
    let (&[found, first], rest) = message.split_first_chunk::<2>()?;
    if found != key {
        return None;
    }
    if first < 0x80 {
        return Some((i32::from(first), rest));
    }
    long_int(first, rest)
}

fn long_int(first: u8, mut rest: &[u8]) -> Option<(i32, &[u8])> {
    let mut value = i64::from(first & 0x7f);
    for shift in [7, 14, 21, 28] {
        let (&byte, tail) = rest.split_first()?;
        rest = tail;
        value |= i64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            let value = i32::try_from(value).ok().filter(|value| is_identity(*value));
            return value.map(|value| (value, rest));
        }
    }
    None
}

#[inline]
fn double(message: &[u8], key: u8) -> Option<(Option<f64>, &[u8])> {
    let (found, rest) = message.split_first()?;
    let (bits, rest) = rest.split_first_chunk::<8>()?;
    (*found == key).then(|| (known(f64::from_bits(u64::from_le_bytes(*bits))), rest))
}

/// A size whose text is shorter than 128 bytes.
#[inline]
fn size_text(message: &[u8], key: u8) -> Option<(Option<f64>, &[u8])> {
    let (&[found, length], rest) = message.split_first_chunk::<2>()?;
    if found != key || length > 0x7f {
        return None;
    }
    let (text, rest) = rest.split_at_checked(usize::from(length))?;
    let size = decimal(text).ok()?;
    Some((size.filter(|size| *size >= 0.0), rest))
}
