//! One streaming message as a tick.

use super::amount::UNSET;
use super::fields::Fields;
use super::in_order;
use super::reading::{Read, is_identity, named, number_of, quoted_tick, size_of, whole};

const PROTOBUF: u32 = 200;
const TICK_PRICE: u32 = PROTOBUF + 1;
const TICK_SIZE: u32 = PROTOBUF + 2;
const TICK_GENERIC: u32 = PROTOBUF + 45;

/// One change of one field of one market, as the gateway sent it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tick {
    /// The request the gateway named.
    pub request_id: i32,
    /// IB's tick type.
    pub tick_type: i32,
    /// Price, or the value of a generic tick; `None` on size ticks and where IB sends no price.
    pub price: Option<f64>,
    /// Size, where the message carries one.
    pub size: Option<f64>,
    /// Attribute bits of price ticks: 1 can auto-execute, 2 past limit, 4 pre-open.
    pub attributes: u8,
}

/// Reads a frame's body as a tick; `None` if it is another message, or malformed.
#[inline]
#[must_use]
pub fn decode_tick(body: &[u8]) -> Option<Tick> {
    let (id, message) = body.split_first_chunk::<4>()?;
    match u32::from_be_bytes(*id) {
        TICK_PRICE => in_order::price(message).or_else(|| price(message).ok()),
        TICK_SIZE => in_order::size(message).or_else(|| size(message).ok()),
        TICK_GENERIC => generic(message).ok(),
        _ => None,
    }
}

const EMPTY: Tick = Tick { request_id: -1, tick_type: -1, price: None, size: None, attributes: 0 };

pub(super) fn price(message: &[u8]) -> Read<Tick> {
    let mut tick = EMPTY;
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => tick.request_id = named("reqId", value.int())?,
            2 => tick.tick_type = named("tickType", value.int())?,
            3 => tick.price = number_of("price", value)?,
            4 => tick.size = size_of("size", value)?,
            5 => tick.attributes = attributes(named("attrMask", value.int())?),
            _ => {}
        }
    }
    tick.price = quoted_tick(tick.tick_type, tick.price, tick.size);
    checked(tick, &fields)
}

pub(super) fn size(message: &[u8]) -> Read<Tick> {
    let mut tick = EMPTY;
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => tick.request_id = named("reqId", value.int())?,
            2 => tick.tick_type = named("tickType", value.int())?,
            3 => tick.size = size_of("size", value)?,
            _ => {}
        }
    }
    checked(tick, &fields)
}

pub(super) fn generic(message: &[u8]) -> Read<Tick> {
    let mut tick = EMPTY;
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => tick.request_id = named("reqId", value.int())?,
            2 => tick.tick_type = named("tickType", value.int())?,
            3 => tick.price = number_of("value", value)?,
            _ => {}
        }
    }
    checked(tick, &fields)
}

/// Attribute bits; an unset mask has none.
#[inline]
pub(super) fn attributes(mask: i32) -> u8 {
    if mask == UNSET { 0 } else { (mask & 7) as u8 }
}

/// A tick that names its request and its type.
fn checked(tick: Tick, fields: &Fields<'_>) -> Read<Tick> {
    whole(fields)?;
    named("reqId", is_identity(tick.request_id).then_some(()))?;
    named("tickType", is_identity(tick.tick_type).then_some(tick))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::decode::encoded::{TickGeneric, TickPrice, TickSize, body};
    use crate::feed::{Malformed, decode};

    fn price_tick(price: f64, size: &str) -> Option<Tick> {
        decode_tick(&body(
            1,
            &TickPrice {
                request_id: Some(9),
                tick_type: Some(4),
                price: Some(price),
                size: Some(size.into()),
                attributes: Some(3),
            },
        ))
    }

    #[test]
    fn a_price_tick_carries_price_size_and_attributes() {
        let expected = Tick {
            request_id: 9,
            tick_type: 4,
            price: Some(189.25),
            size: Some(100.5),
            attributes: 3,
        };

        assert_eq!(price_tick(189.25, "100.5"), Some(expected));
    }

    #[test]
    fn absent_prices_are_none() {
        for price in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(price_tick(price, "1").unwrap().price, None, "{price}");
        }
        assert_eq!(price_tick(-1.0, "0").unwrap().price, Some(-1.0), "an index may be at -1 (M10)");
        assert_eq!(price_tick(-1.0, "5").unwrap().price, Some(-1.0), "a spread may trade at -1");
    }

    #[test]
    fn other_messages_and_garbage_are_not_ticks() {
        assert_eq!(decode_tick(&[]), None);
        assert_eq!(decode_tick(&209u32.to_be_bytes()), None);
        assert_eq!(decode_tick(&[0, 0, 0, 201, 0x09, 1]), None);
    }

    #[test]
    fn unset_values_are_none() {
        assert_eq!(price_tick(f64::MAX, "1").unwrap().price, None);
        for size in ["", "-1", "2147483647", "9223372036854775807", "1.7976931348623157E308"] {
            assert_eq!(price_tick(1.5, size).unwrap().size, None, "{size}");
        }
        let mask = TickPrice {
            request_id: Some(1),
            tick_type: Some(1),
            attributes: Some(i32::MAX),
            ..TickPrice::default()
        };
        assert_eq!(decode_tick(&body(1, &mask)).unwrap().attributes, 0);
    }

    #[test]
    fn ticks_of_every_layout_are_read() {
        let id = Some(300_000);
        let size = TickSize { request_id: id, tick_type: Some(8), size: Some("12.5".to_owned()) };
        let generic = TickGeneric { request_id: id, tick_type: Some(49), value: Some(2.0) };
        let bare = TickPrice { request_id: id, tick_type: Some(9), ..TickPrice::default() };
        let none = Tick { request_id: 300_000, ..EMPTY };

        let table = [
            (body(2, &size), Tick { tick_type: 8, size: Some(12.5), ..none }),
            (body(45, &generic), Tick { tick_type: 49, price: Some(2.0), ..none }),
            (body(1, &bare), Tick { tick_type: 9, ..none }),
            // The type before the request.
            (vec![0, 0, 0, 202, 16, 8, 8, 1], Tick { request_id: 1, tick_type: 8, ..EMPTY }),
        ];

        for (body, expected) in table {
            assert_eq!(decode_tick(&body), Some(expected), "{body:?}");
        }
    }

    #[test]
    fn a_bad_tick_names_its_field() {
        let price = |request_id, tick_type, size: &str| TickPrice {
            request_id,
            tick_type,
            size: Some(size.to_owned()),
            ..TickPrice::default()
        };
        let table = [
            ("reqId", price(None, Some(1), "1")),
            ("reqId", price(Some(-1), Some(1), "1")),
            ("reqId", price(Some(i32::MAX), Some(1), "1")),
            ("tickType", price(Some(1), None, "1")),
            ("tickType", price(Some(1), Some(-1), "1")),
            ("size", price(Some(1), Some(1), "many")),
        ];

        for (field, tick) in table {
            let expected = Err(Malformed { message: 1, field });
            assert_eq!(decode(&body(1, &tick)), expected, "{tick:?}");
        }
    }
}
