//! Texts, greeks and parameters of a market.

use crate::feed::amount::UNSET;
use crate::feed::fields::Fields;
use crate::feed::message::{Message, OptionTick, TickParameters, TickText};
use crate::feed::reading::{
    Read, amount_of, is_identity, named, number_of, request, text_of, whole,
};

/// `tickString`.
pub(super) fn text(message: &[u8]) -> Read<TickText<'_>> {
    let (mut id, mut kind, mut text) = (None, None, "");
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => id = value.int(),
            2 => kind = value.int(),
            3 => text = text_of("value", value)?,
            _ => {}
        }
    }
    whole(&fields)?;
    Ok(TickText { request_id: request(id)?, tick_type: tick_type(kind)?, value: text })
}

/// `tickReqParams`.
pub(super) fn parameters(message: &[u8]) -> Read<TickParameters<'_>> {
    let (mut id, mut min_tick, mut bbo_exchange, mut permissions) = (None, None, "", None);
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => id = value.int(),
            2 => min_tick = amount_of("minTick", value)?,
            3 => bbo_exchange = text_of("bboExchange", value)?,
            4 => permissions = Some(named("snapshotPermissions", value.int())?),
            _ => {}
        }
    }
    whole(&fields)?;
    let snapshot_permissions = permissions.filter(|number| *number != UNSET);
    Ok(TickParameters { request_id: request(id)?, min_tick, bbo_exchange, snapshot_permissions })
}

/// `marketDataType`.
pub(super) fn data_type(message: &[u8]) -> Read<Message<'static>> {
    let (mut id, mut kind) = (None, None);
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => id = value.int(),
            2 => kind = value.int(),
            _ => {}
        }
    }
    whole(&fields)?;
    let kind = named("marketDataType", kind.filter(|kind| (1..=4).contains(kind)))?;
    Ok(Message::MarketDataType { request_id: request(id)?, kind })
}

/// `tickOptionComputation`.
pub(super) fn option(message: &[u8]) -> Read<OptionTick> {
    let (mut id, mut kind) = (None, None);
    let mut values = [None; GREEKS.len()];
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => id = value.int(),
            2 => kind = value.int(),
            FIRST_GREEK..=LAST_GREEK => {
                let index = (number - FIRST_GREEK) as usize;
                let (field, not_computed) = GREEKS[index];
                values[index] = number_of(field, value)?.filter(|value| *value != not_computed);
            }
            _ => {}
        }
    }
    whole(&fields)?;
    Ok(option_tick(request(id)?, tick_type(kind)?, values))
}

const FIRST_GREEK: u64 = 4;
const LAST_GREEK: u64 = FIRST_GREEK + GREEKS.len() as u64 - 1;

/// Fields 4 to 11: the name, and IB's way to say "not computed".
const GREEKS: [(&str, f64); 8] = [
    ("impliedVol", -1.0),
    ("delta", -2.0),
    ("optPrice", -1.0),
    ("pvDividend", -1.0),
    ("gamma", -2.0),
    ("vega", -2.0),
    ("theta", -2.0),
    ("undPrice", -1.0),
];

fn option_tick(request_id: i32, tick_type: i32, values: [Option<f64>; 8]) -> OptionTick {
    let [implied, delta, option_price, pv_dividend, gamma, vega, theta, underlying_price] = values;
    OptionTick {
        request_id,
        tick_type,
        // No volatility is negative, whatever the number.
        implied_volatility: implied.filter(|volatility| *volatility >= 0.0),
        delta,
        option_price,
        pv_dividend,
        gamma,
        vega,
        theta,
        underlying_price,
    }
}

fn tick_type(kind: Option<i32>) -> Read<i32> {
    named("tickType", kind.filter(|kind| is_identity(*kind)))
}

#[cfg(test)]
mod tests {
    use crate::feed::decode::encoded::{Ids, OptionComputation, ReqParams, TickString, body};
    use crate::feed::{Malformed, Message, OptionTick, TickParameters, TickText, decode};

    #[test]
    fn greeks_that_are_not_computed_are_none() {
        let computation = OptionComputation {
            request_id: Some(3),
            tick_type: Some(13),
            attribute: Some(0),
            implied_volatility: Some(-1.0),
            delta: Some(-2.0),
            option_price: Some(-1.0),
            pv_dividend: Some(f64::MAX),
            gamma: Some(f64::NAN),
            vega: Some(f64::INFINITY),
            theta: None,
            underlying_price: Some(-1.0),
        };

        let body = body(21, &computation);

        let Ok(Message::OptionTick(tick)) = decode(&body) else { panic!("no option tick") };
        assert_eq!((tick.request_id, tick.tick_type), (3, 13));
        let prices = [tick.implied_volatility, tick.option_price, tick.pv_dividend];
        assert_eq!(prices, [None; 3]);
        let greeks = [tick.delta, tick.gamma, tick.vega, tick.theta, tick.underlying_price];
        assert_eq!(greeks, [None; 5]);
    }

    #[test]
    fn greeks_keep_what_only_looks_like_a_sentinel_of_another() {
        let computation = OptionComputation {
            request_id: Some(3),
            tick_type: Some(13),
            delta: Some(-1.0),
            theta: Some(-1.0),
            implied_volatility: Some(0.0),
            ..OptionComputation::default()
        };

        let body = body(21, &computation);

        let Ok(Message::OptionTick(OptionTick { delta, theta, implied_volatility, .. })) =
            decode(&body)
        else {
            panic!("no option tick")
        };
        assert_eq!((delta, theta, implied_volatility), (Some(-1.0), Some(-1.0), Some(0.0)));
    }

    #[test]
    fn parameters_are_read_and_unset_ones_are_none() {
        let sent = |min_tick: &str, permissions| {
            let bbo_exchange = Some("9c0001".to_owned());
            let min_tick = Some(min_tick.to_owned());
            body(81, &ReqParams { request_id: Some(1), min_tick, bbo_exchange, permissions })
        };
        let read = |min_tick, snapshot_permissions| {
            let bbo_exchange = "9c0001";
            TickParameters { request_id: 1, min_tick, bbo_exchange, snapshot_permissions }
        };

        let table = [
            (sent("0.01", Some(3)), read(Some(0.01), Some(3))),
            (sent("", Some(i32::MAX)), read(None, None)),
            (sent("1.7976931348623157E308", None), read(None, None)),
        ];

        for (body, expected) in table {
            assert_eq!(decode(&body), Ok(Message::TickParameters(expected)));
        }
    }

    #[test]
    fn market_data_types_are_one_to_four() {
        for kind in 1..=4 {
            let body = body(58, &Ids { first: Some(1), second: Some(kind) });
            assert_eq!(decode(&body), Ok(Message::MarketDataType { request_id: 1, kind }));
        }
        for kind in [None, Some(0), Some(5), Some(i32::MAX)] {
            let body = body(58, &Ids { first: Some(1), second: kind });
            let expected = Malformed { message: 58, field: "marketDataType" };
            assert_eq!(decode(&body), Err(expected), "{kind:?}");
        }
    }

    #[test]
    fn texts_are_text_and_name_their_request() {
        let text = TickString {
            request_id: Some(4),
            tick_type: Some(48),
            value: Some("190.5;7;1795000000000;7;190.5;true".to_owned()),
        };
        let sent = body(46, &text);
        let mut broken = sent.clone();
        *broken.last_mut().unwrap() = 0xff;

        let read =
            TickText { request_id: 4, tick_type: 48, value: "190.5;7;1795000000000;7;190.5;true" };
        assert_eq!(decode(&sent), Ok(Message::TickText(read)));
        assert_eq!(decode(&broken), Err(Malformed { message: 46, field: "value" }));
        let nameless = body(46, &TickString { request_id: None, ..text });
        assert_eq!(decode(&nameless), Err(Malformed { message: 46, field: "reqId" }));
    }
}
