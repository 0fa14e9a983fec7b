//! Ticks one by one: trades, quotes and middles.

use crate::feed::fields::{Fields, Value};
use crate::feed::message::{TickByTick, TickByTickEvent};
use crate::feed::reading::{
    BadField, Read, is_epoch, named, number_of, only, quoted, request, size_of, text_of, whole,
};

/// What was read of a nested message: the time, if it is there, and the event.
struct Told<'a>(Option<i64>, TickByTickEvent<'a>);

/// `tickByTick`.
pub(super) fn tick(message: &[u8]) -> Read<TickByTick<'_>> {
    let (mut id, mut kind) = (None, None);
    let (mut trade, mut quote, mut middle) = (None, None, None);
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => id = value.int(),
            2 => kind = value.int(),
            3 => trade = only("historicalTickLast", trade, value)?,
            4 => quote = only("historicalTickBidAsk", quote, value)?,
            5 => middle = only("historicalTickMidPoint", middle, value)?,
            _ => {}
        }
    }
    whole(&fields)?;
    let Told(time, event) = match (kind, trade, quote, middle) {
        (Some(1 | 2), Some(trade), None, None) => read_trade(trade),
        (Some(3), None, Some(quote), None) => read_quote(quote),
        (Some(4), None, None, Some(middle)) => read_middle(middle),
        _ => Err(BadField("tickType")),
    }?;
    let time = named("time", time.filter(|time| is_epoch(*time)))?;
    Ok(TickByTick { request_id: request(id)?, time, event })
}

fn read_trade(message: &[u8]) -> Read<Told<'_>> {
    let (mut time, mut price, mut size) = (None, None, None);
    let (mut exchange, mut conditions, mut attributes) = ("", "", [false; 2]);
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => time = value.long(),
            2 => read_attributes("tickAttribLast", value, &mut attributes)?,
            3 => price = number_of("price", value)?,
            4 => size = size_of("size", value)?,
            5 => exchange = text_of("exchange", value)?,
            6 => conditions = text_of("specialConditions", value)?,
            _ => {}
        }
    }
    whole(&fields)?;
    let [past_limit, unreported] = attributes;
    let price = quoted(price, size);
    let trade =
        TickByTickEvent::Trade { price, size, exchange, conditions, past_limit, unreported };
    Ok(Told(time, trade))
}

fn read_quote(message: &[u8]) -> Read<Told<'_>> {
    let (mut time, mut attributes) = (None, [false; 2]);
    let (mut bid, mut ask, mut bid_size, mut ask_size) = (None, None, None, None);
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => time = value.long(),
            2 => read_attributes("tickAttribBidAsk", value, &mut attributes)?,
            3 => bid = number_of("priceBid", value)?,
            4 => ask = number_of("priceAsk", value)?,
            5 => bid_size = size_of("sizeBid", value)?,
            6 => ask_size = size_of("sizeAsk", value)?,
            _ => {}
        }
    }
    whole(&fields)?;
    let [bid_past_low, ask_past_high] = attributes;
    let (bid, ask) = (quoted(bid, bid_size), quoted(ask, ask_size));
    let quote =
        TickByTickEvent::BidAsk { bid, ask, bid_size, ask_size, bid_past_low, ask_past_high };
    Ok(Told(time, quote))
}

fn read_middle(message: &[u8]) -> Read<Told<'_>> {
    let (mut time, mut price, mut size) = (None, None, None);
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => time = value.long(),
            2 => price = number_of("price", value)?,
            3 => size = size_of("size", value)?,
            _ => {}
        }
    }
    whole(&fields)?;
    Ok(Told(time, TickByTickEvent::MidPoint { price: quoted(price, size) }))
}

/// Fields 1 and 2 of an attribute message: both messages have two.
fn read_attributes(field: &'static str, value: Value<'_>, attributes: &mut [bool; 2]) -> Read<()> {
    let mut fields = Fields::new(named(field, value.bytes())?);
    for (number, value) in fields.by_ref() {
        match number {
            1 => attributes[0] = named(field, value.flag())?,
            2 => attributes[1] = named(field, value.flag())?,
            _ => {}
        }
    }
    named(field, fields.is_whole().then_some(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::decode::encoded::{Flags, Middle, Quote, TickByTickData, Trade, body};
    use crate::feed::{Malformed, Message, decode};

    const TIME: i64 = 1_795_000_000;

    fn sent(kind: i32, data: TickByTickData) -> Vec<u8> {
        body(99, &TickByTickData { request_id: Some(5), tick_type: Some(kind), ..data })
    }

    fn quote(bid: f64, bid_size: &str) -> Vec<u8> {
        let quote = Quote {
            time: Some(TIME),
            attributes: Some(Flags { first: None, second: Some(true) }),
            bid: Some(bid),
            ask: Some(f64::NAN),
            bid_size: Some(bid_size.to_owned()),
            ask_size: None,
        };
        sent(3, TickByTickData { quote: Some(quote), ..TickByTickData::default() })
    }

    #[test]
    fn quotes_without_a_side_have_none() {
        let table = [(190.25, "9", Some(190.25)), (-1.0, "0", None), (-1.0, "5", Some(-1.0))];

        for (price, size, expected) in table {
            let body = quote(price, size);
            let Ok(Message::TickByTick(TickByTick { time, event, .. })) = decode(&body) else {
                panic!("no quote at {price}")
            };
            let TickByTickEvent::BidAsk { bid, ask, ask_size, bid_past_low, ask_past_high, .. } =
                event
            else {
                panic!("no quote at {price}")
            };
            assert_eq!((time, bid, ask, ask_size), (TIME, expected, None, None));
            assert!(ask_past_high && !bid_past_low);
        }
    }

    #[test]
    fn a_time_out_of_the_calendar_is_malformed() {
        for time in [None, Some(-1), Some(i64::MAX)] {
            let middle = Some(Middle { time, price: Some(1.5), size: None });
            let body = sent(4, TickByTickData { middle, ..TickByTickData::default() });

            assert_eq!(decode(&body), Err(Malformed { message: 99, field: "time" }), "{time:?}");
        }
    }

    #[test]
    fn a_tick_of_another_type_than_announced_is_malformed() {
        let bad = Err(Malformed { message: 99, field: "tickType" });
        let trade = Trade { time: Some(TIME), price: Some(1.5), ..Trade::default() };
        let data = TickByTickData { trade: Some(trade), ..TickByTickData::default() };

        for kind in [0, 3, 4, 5] {
            assert_eq!(decode(&sent(kind, data.clone())), bad, "{kind}");
        }
        for kind in [1, 2] {
            assert!(decode(&sent(kind, data.clone())).is_ok(), "{kind}");
        }
        assert_eq!(decode(&sent(1, TickByTickData::default())), bad);
        let twice = TickByTickData { middle: Some(Middle::default()), ..data };
        assert_eq!(decode(&sent(1, twice)), bad);
    }
}
