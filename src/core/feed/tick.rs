//! One streaming message as a tick.

use super::fields::{Fields, decimal};

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
        TICK_PRICE => price(message),
        TICK_SIZE => size(message),
        TICK_GENERIC => generic(message),
        _ => None,
    }
}

const EMPTY: Tick = Tick { request_id: -1, tick_type: -1, price: None, size: None, attributes: 0 };

#[inline]
fn price(message: &[u8]) -> Option<Tick> {
    let mut tick = EMPTY;
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => tick.request_id = value.int()?,
            2 => tick.tick_type = value.int()?,
            3 => tick.price = value.double().filter(|price| price.is_finite()),
            4 => tick.size = decimal(value.bytes()?),
            5 => tick.attributes = (value.int()? & 7) as u8,
            _ => {}
        }
    }
    // -1 with no size is IB's way to say that there is no bid or ask.
    let is_missing = tick.price == Some(-1.0) && tick.size.is_none_or(|size| size == 0.0);
    tick.price = tick.price.filter(|_| !is_missing);
    fields.is_whole().then_some(tick)
}

#[inline]
fn size(message: &[u8]) -> Option<Tick> {
    let mut tick = EMPTY;
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => tick.request_id = value.int()?,
            2 => tick.tick_type = value.int()?,
            3 => tick.size = decimal(value.bytes()?),
            _ => {}
        }
    }
    fields.is_whole().then_some(tick)
}

fn generic(message: &[u8]) -> Option<Tick> {
    let mut tick = EMPTY;
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => tick.request_id = value.int()?,
            2 => tick.tick_type = value.int()?,
            3 => tick.price = value.double().filter(|value| value.is_finite()),
            _ => {}
        }
    }
    fields.is_whole().then_some(tick)
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    #[derive(Clone, PartialEq, Message)]
    struct TickPrice {
        #[prost(int32, optional, tag = "1")]
        request_id: Option<i32>,
        #[prost(int32, optional, tag = "2")]
        tick_type: Option<i32>,
        #[prost(double, optional, tag = "3")]
        price: Option<f64>,
        #[prost(string, optional, tag = "4")]
        size: Option<String>,
        #[prost(int32, optional, tag = "5")]
        attributes: Option<i32>,
    }

    fn body(id: u32, message: &impl Message) -> Vec<u8> {
        [&id.to_be_bytes()[..], &message.encode_to_vec()].concat()
    }

    fn price_tick(price: f64, size: &str) -> Option<Tick> {
        decode_tick(&body(
            TICK_PRICE,
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
        assert_eq!(price_tick(-1.0, "0").unwrap().price, None);
        assert_eq!(price_tick(-1.0, "5").unwrap().price, Some(-1.0), "a spread may trade at -1");
    }

    #[test]
    fn other_messages_and_garbage_are_not_ticks() {
        assert_eq!(decode_tick(&[]), None);
        assert_eq!(decode_tick(&209u32.to_be_bytes()), None);
        assert_eq!(decode_tick(&[0, 0, 0, 201, 0x09, 1]), None);
    }
}
