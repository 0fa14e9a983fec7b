//! Fields as values with a meaning, and the name of the field that has none.

use super::amount::{UNSET, decimal, known};
use super::fields::{Fields, Value};

/// The field that cannot be read, by IB's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadField(pub(super) &'static str);

/// What was read, or the field that makes the message malformed.
pub(super) type Read<T> = Result<T, BadField>;

/// A value that has to be there.
#[inline]
pub(super) fn named<T>(field: &'static str, value: Option<T>) -> Read<T> {
    value.ok_or(BadField(field))
}

/// A double; `None` if it is unset.
#[inline]
pub(super) fn number_of(field: &'static str, value: Value<'_>) -> Read<Option<f64>> {
    named(field, value.double()).map(known)
}

/// A double written as text; `None` if it is unset.
#[inline]
pub(super) fn amount_of(field: &'static str, value: Value<'_>) -> Read<Option<f64>> {
    let text = named(field, value.bytes())?;
    decimal(text).map_err(|_| BadField(field))
}

/// A number of units written as text; `None` if it is unset or IB's -1.
#[inline]
pub(super) fn size_of(field: &'static str, value: Value<'_>) -> Read<Option<f64>> {
    let amount = amount_of(field, value)?;
    Ok(amount.filter(|size| *size >= 0.0))
}

/// A text.
pub(super) fn text_of<'a>(field: &'static str, value: Value<'a>) -> Read<&'a str> {
    let bytes = named(field, value.bytes())?;
    std::str::from_utf8(bytes).map_err(|_| BadField(field))
}

/// A nested message that may stand only once.
pub(super) fn only<'a>(
    field: &'static str,
    seen: Option<&'a [u8]>,
    value: Value<'a>,
) -> Read<Option<&'a [u8]>> {
    match seen {
        Some(_) => Err(BadField(field)),
        None => named(field, value.bytes()).map(Some),
    }
}

/// The request a message names.
pub(super) fn request(id: Option<i32>) -> Read<i32> {
    named("reqId", id.filter(|id| is_identity(*id)))
}

/// Whether an integer names something: not negative, and set.
#[inline]
pub(super) fn is_identity(number: i32) -> bool {
    (0..UNSET).contains(&number)
}

/// A time the calendar has: seconds from 1970 to the end of 9999, UTC.
pub(super) fn is_epoch(seconds: i64) -> bool {
    const LAST: i64 = 253_402_300_799;
    (0..=LAST).contains(&seconds)
}

/// A price beside a size. -1 with no size is IB's way to say that there is none.
#[inline]
pub(super) fn quoted(price: Option<f64>, size: Option<f64>) -> Option<f64> {
    let is_missing = price == Some(-1.0) && size.is_none_or(|size| size == 0.0);
    price.filter(|_| !is_missing)
}

/// A price of a tick. Only of a bid or an ask -1 without a size says that there is none; an index may
/// stand at -1 and has no size (M8, M10).
#[inline]
pub(super) fn quoted_tick(tick_type: i32, price: Option<f64>, size: Option<f64>) -> Option<f64> {
    match tick_type {
        1 | 2 | 66 | 67 => quoted(price, size),
        _ => price,
    }
}

/// All fields were well formed.
#[inline]
pub(super) fn whole(fields: &Fields<'_>) -> Read<()> {
    named("protobuf", fields.is_whole().then_some(()))
}
