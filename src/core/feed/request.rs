//! What is asked on the feed link, each request as one whole frame. Ids and limits are the caller's;
//! what is unset is left out of the frame, because the gateway takes an explicit strike of zero for
//! a contract it does not know, and stays silent (K6).

mod wire;

use prost::Message;

use crate::model::{BarsRequest, ClientId, Contract, MarketDataType, TickByTickKind, WhatToShow};

/// Added to IB's message number where the message is protobuf.
const PROTOBUF: u32 = 200;

/// The only size real-time bars have, in seconds.
const REAL_TIME_BAR: i32 = 5;

/// Dates as seconds since 1970, days as `YYYYMMDD`.
const EPOCH_DATES: i32 = 2;

/// What ticks one by one are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TickByTickTerms {
    /// Which ticks.
    pub kind: TickByTickKind,
    /// How many past ticks come first; 0 for none.
    pub number_of_ticks: i32,
    /// Leave out quotes of which only the size changes.
    pub ignore_size: bool,
}

/// What a book is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DepthTerms {
    /// Rows of each side.
    pub rows: i32,
    /// All exchanges together (SMART depth), else the contract's own.
    pub is_smart: bool,
}

/// What real-time bars are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RealTimeBarsTerms {
    /// What the bars are made of.
    pub what_to_show: WhatToShow,
    /// Regular trading hours only.
    pub use_rth: bool,
}

/// Starts the session, after the versions were agreed on.
#[must_use]
pub fn start_api(client_id: ClientId) -> Vec<u8> {
    frame(71, &wire::StartApi { client_id: Some(client_id.0) })
}

/// Opens a market-data line; `generic_ticks` are IB's numbers, separated by commas.
#[must_use]
pub fn market_data(request_id: i32, contract: &Contract, generic_ticks: &str) -> Vec<u8> {
    let request = wire::MarketData {
        request_id: Some(request_id),
        contract: Some(contract.into()),
        generic_ticks: wire::given(generic_ticks),
    };
    frame(1, &request)
}

/// Closes a market-data line.
#[must_use]
pub fn cancel_market_data(request_id: i32) -> Vec<u8> {
    cancel(2, request_id)
}

/// Chooses the data of all later lines of the link.
#[must_use]
pub fn market_data_type(kind: MarketDataType) -> Vec<u8> {
    frame(59, &wire::Number { number: Some(kind.number()) })
}

/// Asks for ticks one by one.
#[must_use]
pub fn tick_by_tick(request_id: i32, contract: &Contract, terms: TickByTickTerms) -> Vec<u8> {
    let request = wire::TickByTick {
        request_id: Some(request_id),
        contract: Some(contract.into()),
        kind: Some(terms.kind.as_str().to_owned()),
        number_of_ticks: Some(terms.number_of_ticks),
        ignore_size: wire::flag(terms.ignore_size),
    };
    frame(97, &request)
}

/// Ends ticks one by one.
#[must_use]
pub fn cancel_tick_by_tick(request_id: i32) -> Vec<u8> {
    cancel(98, request_id)
}

/// Asks for a book.
#[must_use]
pub fn depth(request_id: i32, contract: &Contract, terms: DepthTerms) -> Vec<u8> {
    let request = wire::Depth {
        request_id: Some(request_id),
        contract: Some(contract.into()),
        rows: Some(terms.rows),
        is_smart: wire::flag(terms.is_smart),
    };
    frame(10, &request)
}

/// Ends a book; `is_smart` has to be that of the request, else the gateway refuses (D3).
#[must_use]
pub fn cancel_depth(request_id: i32, is_smart: bool) -> Vec<u8> {
    let is_smart = wire::flag(is_smart);
    frame(11, &wire::CancelDepth { request_id: Some(request_id), is_smart })
}

/// Asks for bars of five seconds.
#[must_use]
pub fn real_time_bars(request_id: i32, contract: &Contract, terms: RealTimeBarsTerms) -> Vec<u8> {
    let request = wire::RealTimeBars {
        request_id: Some(request_id),
        contract: Some(contract.into()),
        bar_size: Some(REAL_TIME_BAR),
        what_to_show: Some(terms.what_to_show.as_str().to_owned()),
        use_rth: wire::flag(terms.use_rth),
    };
    frame(50, &request)
}

/// Ends bars of five seconds.
#[must_use]
pub fn cancel_real_time_bars(request_id: i32) -> Vec<u8> {
    cancel(51, request_id)
}

/// Asks for bars that are kept up to date. They end now: `asked.end` is not sent, because the
/// gateway refuses it (H16).
#[must_use]
pub fn history(request_id: i32, contract: &Contract, asked: &BarsRequest) -> Vec<u8> {
    let request = wire::History {
        request_id: Some(request_id),
        contract: Some(contract.into()),
        bar_size: Some(asked.bar_size.as_str().to_owned()),
        duration: Some(asked.duration.clone()),
        use_rth: wire::flag(asked.use_rth),
        what_to_show: Some(asked.what_to_show.as_str().to_owned()),
        date_format: Some(EPOCH_DATES),
        keep_up_to_date: Some(true),
    };
    frame(20, &request)
}

/// Ends bars that are kept up to date.
#[must_use]
pub fn cancel_history(request_id: i32) -> Vec<u8> {
    cancel(25, request_id)
}

/// Asks for the gateway's time, in milliseconds or in seconds.
#[must_use]
pub fn server_time(millis: bool) -> Vec<u8> {
    frame(if millis { 105 } else { 49 }, &wire::Empty {})
}

fn cancel(number: u32, request_id: i32) -> Vec<u8> {
    frame(number, &wire::Number { number: Some(request_id) })
}

fn frame(number: u32, message: &impl Message) -> Vec<u8> {
    let body = [&(PROTOBUF + number).to_be_bytes()[..], &message.encode_to_vec()].concat();
    framed(&body)
}

/// A body behind its length.
pub(super) fn framed(body: &[u8]) -> Vec<u8> {
    // Our own requests are far below the 16 MiB limit of a frame.
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::fields::{Fields, Value};
    use crate::model::{BarSize, ContractId, Right, SecurityType};

    /// IB's message number and the fields of the one frame that was written.
    fn read(frame: &[u8]) -> (u32, Vec<(u64, Value<'_>)>) {
        let (length, body) = frame.split_first_chunk::<4>().unwrap();
        let (id, message) = body.split_first_chunk::<4>().unwrap();
        assert_eq!(u32::from_be_bytes(*length) as usize, body.len());
        (u32::from_be_bytes(*id) - PROTOBUF, Fields::new(message).collect())
    }

    fn text(text: &str) -> Value<'_> {
        Value::Bytes(text.as_bytes())
    }

    fn double(value: f64) -> Value<'static> {
        Value::Fixed64(value.to_bits())
    }

    fn option() -> Contract {
        Contract {
            contract_id: Some(ContractId(7)),
            expiry: "20270115".into(),
            strike: Some(190.0),
            right: Some(Right::Put),
            multiplier: "100".into(),
            exchange: "SMART".into(),
            primary_exchange: "CBOE".into(),
            currency: "USD".into(),
            local_symbol: "AAPL  270115P00190000".into(),
            trading_class: "AAPL".into(),
            include_expired: true,
            security_id_type: "ISIN".into(),
            security_id: "US0378331005".into(),
            ..Contract::new(SecurityType::Option, "AAPL")
        }
    }

    #[test]
    fn a_contract_carries_every_field() {
        let frame = market_data(1, &option(), "");

        let (_, fields) = read(&frame);
        let [_, (2, Value::Bytes(contract))] = fields[..] else { panic!("{fields:?}") };
        let fields: Vec<_> = Fields::new(contract).collect();
        let expected = [
            (1, Value::Varint(7)),
            (2, text("AAPL")),
            (3, text("OPT")),
            (4, text("20270115")),
            (5, double(190.0)),
            (6, text("P")),
            (7, double(100.0)),
            (8, text("SMART")),
            (9, text("CBOE")),
            (10, text("USD")),
            (11, text("AAPL  270115P00190000")),
            (12, text("AAPL")),
            (13, text("ISIN")),
            (14, text("US0378331005")),
            (18, Value::Varint(1)),
        ];
        assert_eq!(fields, expected);
    }

    /// (K6)
    #[test]
    fn what_is_not_given_is_absent() {
        for strike in [None, Some(0.0), Some(f64::NAN), Some(f64::INFINITY)] {
            let contract = Contract { strike, ..Contract::stock("AAPL") };
            let frame = market_data(1, &contract, "");
            let (number, fields) = read(&frame);
            let [(1, Value::Varint(1)), (2, Value::Bytes(contract))] = fields[..] else {
                panic!("{fields:?}")
            };
            let present: Vec<_> = Fields::new(contract).map(|(field, _)| field).collect();
            assert_eq!((number, present), (1, vec![2, 3, 8, 10]), "{strike:?}");
        }
    }

    #[test]
    fn bars_are_kept_up_to_date_and_dated_in_seconds() {
        let asked = BarsRequest {
            duration: "60 S".into(),
            bar_size: BarSize::from_name("5 secs").unwrap(),
            what_to_show: WhatToShow::Midpoint,
            use_rth: false,
            end: Some(time::OffsetDateTime::UNIX_EPOCH),
        };

        let frame = history(3, &Contract::stock("AAPL"), &asked);

        let (number, fields) = read(&frame);
        let rest = [
            (4, text("5 secs")),
            (5, text("60 S")),
            (7, text("MIDPOINT")),
            (8, Value::Varint(2)),
            (9, Value::Varint(1)),
        ];
        assert_eq!((number, &fields[2..]), (20, &rest[..]));
    }

    #[test]
    fn short_requests_are_a_number_and_an_id() {
        let id = |value| vec![(1, Value::Varint(value))];
        let table = [
            (start_api(ClientId(9)), 71, id(9)),
            (cancel_market_data(1), 2, id(1)),
            (cancel_tick_by_tick(2), 98, id(2)),
            (cancel_real_time_bars(3), 51, id(3)),
            (cancel_history(4), 25, id(4)),
            (cancel_depth(5, false), 11, id(5)),
            (cancel_depth(5, true), 11, [id(5), vec![(2, Value::Varint(1))]].concat()),
            (market_data_type(MarketDataType::Delayed), 59, id(3)),
            (server_time(false), 49, Vec::new()),
            (server_time(true), 105, Vec::new()),
        ];

        for (frame, number, fields) in table {
            assert_eq!(read(&frame), (number, fields));
        }
    }
}
