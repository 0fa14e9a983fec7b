//! What a mock gateway has no reason to send: every way IB has to say "none", numbers at the edge
//! of a double and fields out of order. A scripted server sends the same frames to an `ibapi`
//! client, and both have to read the same.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use aioibkr_core::feed::{Fields, FrameBuffer, decode};
use futures_util::Stream;
use ibapi::prelude::*;

use crate::feed_rows::{
    bar_row, book_row, history_row, middle_row, quote_row, row, tick_row, trade_row,
};
use crate::mock_fixture::{aapl, next};

const MANAGED_ACCOUNTS: u32 = 15;
const NEXT_VALID_ID: u32 = 9;
const START_API: u32 = 71;
/// The numbers of the requests that a script answers.
const MARKET_DATA: u32 = 1;
const DEPTH: u32 = 10;
const HISTORY: u32 = 20;
const REAL_TIME_BARS: u32 = 50;
const TICK_BY_TICK: u32 = 97;

/// A message without its request id: IB's number, and its other fields.
type Scripted = (u32, Vec<u8>);

fn varint(mut rest: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while rest >= 0x80 {
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}

/// As every encoder does it, a negative one takes ten bytes.
fn int(number: u8, value: i64) -> Vec<u8> {
    [&[number << 3][..], &varint(value as u64)].concat()
}

fn double(number: u8, value: f64) -> Vec<u8> {
    [&[number << 3 | 1][..], &value.to_le_bytes()].concat()
}

fn text(number: u8, value: &str) -> Vec<u8> {
    nested(number, value.as_bytes())
}

fn nested(number: u8, message: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2][..], &varint(message.len() as u64), message].concat()
}

fn price(kind: i64, price: f64, size: &str) -> Scripted {
    (1, [int(2, kind), double(3, price), text(4, size), int(5, 3)].concat())
}

fn size(kind: i64, size: &str) -> Scripted {
    (2, [int(2, kind), text(3, size)].concat())
}

/// The same number in all eight fields of a computation.
fn greeks(kind: i64, greek: f64) -> Scripted {
    let fields = (4..=11).flat_map(|number| double(number, greek));
    (21, [int(2, kind), int(3, 0)].concat().into_iter().chain(fields).collect())
}

fn market_data() -> Vec<Scripted> {
    let unset = f64::MAX;
    let prices = [
        price(1, -1.0, "0"),
        price(1, -1.0, "5"),
        price(2, unset, "7"),
        price(4, f64::NAN, "2147483647"),
        price(66, f64::INFINITY, ""),
        price(9, 1.5, "0"),
        price(68, 5e-324, "9223372036854775807"),
        (1, [text(4, "3.5"), double(3, 10.0), int(2, 4)].concat()),
        (1, [int(2, 6), int(5, 4), double(3, -0.25)].concat()),
    ];
    let sizes = ["1e3", "0.12345678901234567", "123456789012345678", "2147483647.0", "007", "0.1"];
    let computations = [-1.0, -2.0, 0.0, unset, f64::NAN, 0.5].map(|greek| greeks(13, greek));
    let others = [
        (45, [int(2, 49), double(3, -1.0)].concat()),
        (45, [int(2, 23), double(3, unset)].concat()),
        (46, [int(2, 45), text(3, "1795000000")].concat()),
        (46, [int(2, 84), text(3, "")].concat()),
        (81, [text(2, "1.7976931348623157E308"), text(3, "9c0001"), int(4, 3)].concat()),
        (81, text(2, "0.00025")),
        (58, int(2, 4)),
        (57, Vec::new()),
    ];
    let sizes = sizes.map(|text| size(8, text));
    prices.into_iter().chain(sizes).chain(computations).chain(others).collect()
}

const TIME: i64 = 1_795_000_000;

/// Flags, price, size, exchange and conditions of trades of both kinds.
fn trades() -> Vec<Scripted> {
    let trade = |kind, (first, second), price, size: &str, texts: (&str, &str)| {
        let flags = nested(2, &[int(1, first), int(2, second)].concat());
        let texts = [text(5, texts.0), text(6, texts.1)].concat();
        let values = [double(3, price), text(4, size), texts].concat();
        (99, [int(2, kind), nested(3, &[int(1, TIME), flags, values].concat())].concat())
    };
    vec![
        trade(1, (0, 0), 190.25, "7", ("NASDAQ", "")),
        trade(2, (1, 0), 190.1, "0.5", ("ARCA", " T I")),
        trade(2, (0, 1), -37.63, "100", ("", "\u{e4}")),
        trade(1, (1, 1), -1.0, "0", ("NYSE", "")),
        trade(1, (0, 0), f64::MAX, "2147483647", ("NYSE", "")),
        (99, [nested(3, &[double(3, 1.5), int(1, TIME)].concat()), int(2, 1)].concat()),
    ]
}

fn quotes() -> Vec<Scripted> {
    let quote = |(first, second), (bid, ask), (bid_size, ask_size)| {
        let flags = nested(2, &[int(1, first), int(2, second)].concat());
        let sizes = [text(5, bid_size), text(6, ask_size)].concat();
        let prices = [double(3, bid), double(4, ask)].concat();
        (99, [int(2, 3), nested(4, &[int(1, TIME), flags, prices, sizes].concat())].concat())
    };
    vec![
        quote((1, 0), (190.25, 190.5), ("9", "0.5")),
        quote((0, 1), (-1.0, 190.5), ("0", "3")),
        quote((0, 0), (-1.0, -1.0), ("2", "0")),
        quote((1, 1), (f64::NAN, f64::MAX), ("", "1")),
    ]
}

fn middles() -> Vec<Scripted> {
    let middle = |price| {
        let tick = [int(1, TIME), double(2, price), text(3, "0")].concat();
        (99, [int(2, 4), nested(5, &tick)].concat())
    };
    [190.375, -1.0, f64::MAX, f64::NAN, -0.5].map(middle).into()
}

fn depth() -> Vec<Scripted> {
    let row = |position, (operation, side), price, size: &str| {
        let place = [int(1, position), int(2, operation), int(3, side)].concat();
        nested(2, &[place, double(4, price), text(5, size)].concat())
    };
    let made = |row: Vec<u8>, maker: &str| {
        // The maker goes into the row, behind its key and length.
        (13, nested(2, &[&row[2..], &text(6, maker), &int(7, 1)].concat()))
    };
    vec![
        (12, row(0, (0, 0), 190.5, "100")),
        (12, row(9, (1, 1), -37.63, "0.00000001")),
        (12, row(3, (2, 0), 0.0, "0")),
        made(row(0, (0, 1), 190.25, "100"), "ARCA"),
        made(row(120, (2, 1), 0.0, "0"), ""),
    ]
}

/// Open to close from 2 on, then volume, average and count, as both kinds of bars have them.
fn bar(first: u8, (volume, average, count): (&str, &str, i64)) -> Vec<u8> {
    let prices = (first..).zip([1.0, 4.0, -37.63, 2.5]).flat_map(|(n, price)| double(n, price));
    let traded = [text(first + 4, volume), text(first + 5, average), int(first + 6, count)];
    prices.chain(traded.concat()).collect()
}

const TRADED: [(&str, &str, i64); 4] =
    [("40", "1.75", 3), ("-1", "-1", -1), ("0.5", "1.123456789012345678", 1), ("0", "0", 0)];

fn real_time_bars() -> Vec<Scripted> {
    TRADED.map(|traded| (50, [int(2, TIME), bar(3, traded)].concat())).into()
}

fn history() -> Vec<Scripted> {
    let bar = |date: &str, traded| nested(2, &[text(1, date), bar(2, traded)].concat());
    let dates = ["20240229", "1795000000", "19991231", "0"];
    let bars = dates.into_iter().zip(TRADED).map(|(date, traded)| bar(date, traded));
    let bars: Vec<_> = bars.collect();
    let window = [text(2, "20261101-00:00:00"), text(3, "20261121-00:00:00")].concat();
    let updates = bars.iter().map(|bar| (90, bar.clone()));
    [(17, bars.concat()), (108, window)].into_iter().chain(updates).collect()
}

/// A script as bodies for one request.
fn bodies(script: &[Scripted], request_id: i32) -> Vec<Vec<u8>> {
    let body = |(number, fields): &Scripted| {
        [&(200 + number).to_be_bytes()[..], &int(1, request_id.into()), fields].concat()
    };
    script.iter().map(body).collect()
}

fn framed(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a short body");
    [&length.to_be_bytes()[..], body].concat()
}

/// Serves one client until it goes: the script to each request of one kind.
fn serve(mut client: TcpStream, request: u32, script: &[Scripted]) -> std::io::Result<()> {
    let mut greeting = [0; 4];
    client.read_exact(&mut greeting)?;
    client.write_all(&framed(b"226\x0020261121 10:00:00 UTC\0"))?;
    let mut frames = FrameBuffer::default();
    while frames.fill(&mut client)? > 0 {
        while let Some(body) = frames.next_frame().map_err(std::io::Error::other)? {
            for answer in answers(body, request, script) {
                client.write_all(&framed(&answer))?;
            }
        }
    }
    Ok(())
}

fn answers(body: &[u8], request: u32, script: &[Scripted]) -> Vec<Vec<u8>> {
    let (id, fields) = body.split_first_chunk().expect("a frame with an id");
    let number = u32::from_be_bytes(*id).checked_sub(200);
    if number == Some(START_API) {
        let accounts = [&(200 + MANAGED_ACCOUNTS).to_be_bytes()[..], &text(1, "DU1")].concat();
        let next_id = [&(200 + NEXT_VALID_ID).to_be_bytes()[..], &int(1, 1)].concat();
        return vec![accounts, next_id];
    }
    if number != Some(request) {
        return Vec::new();
    }
    let (_, id) = Fields::new(fields).next().expect("a request id");
    bodies(script, id.int().expect("a request id"))
}

async fn scripted(request: u32, script: &[Scripted]) -> Client {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port on loopback");
    let address = listener.local_addr().expect("an address");
    let script = script.to_vec();
    std::thread::spawn(move || {
        let (client, _) = listener.accept().expect("a client");
        // A client that is gone ends the script.
        let _ = serve(client, request, &script);
    });
    Client::connect(&address.to_string(), 7).await.expect("the script accepts")
}

/// Each frame of the script is the same to both.
async fn assert_agree<T>(
    script: &[Scripted],
    (id, mut stream): (Option<i32>, impl Stream<Item = Result<T, Error>> + Unpin),
    their_row: impl Fn(T) -> String,
) {
    let id = id.expect("a request with an id");
    for body in bodies(script, id) {
        let ours = row(&decode(&body).expect("a sound frame")).expect("a value of a stream");
        let theirs = their_row(next(&mut stream).await.expect("an item without an error"));
        assert_eq!(ours, (id, theirs), "{body:?}");
    }
}

/// (M8, M20)
#[tokio::test]
async fn feed_agrees_with_ibapi_on_every_way_to_say_none() {
    let script = market_data();
    let client = scripted(MARKET_DATA, &script).await;
    let contract = aapl();

    let ticks = client.market_data(&contract).subscribe().await.unwrap();

    assert_agree(&script, (ticks.request_id(), ticks.filter_data()), tick_row).await;
}

#[tokio::test]
async fn feed_agrees_with_ibapi_on_scripted_tick_by_ticks() {
    let contract = aapl();

    let script = trades();
    let client = scripted(TICK_BY_TICK, &script).await;
    let ticks = client.tick_by_tick(&contract, 0).all_last().await.unwrap();
    assert_agree(&script, (ticks.request_id(), ticks.filter_data()), trade_row).await;

    let script = quotes();
    let client = scripted(TICK_BY_TICK, &script).await;
    let ticks = client.tick_by_tick(&contract, 0).bid_ask(IgnoreSize::No).await.unwrap();
    assert_agree(&script, (ticks.request_id(), ticks.filter_data()), quote_row).await;

    let script = middles();
    let client = scripted(TICK_BY_TICK, &script).await;
    let ticks = client.tick_by_tick(&contract, 0).mid_point().await.unwrap();
    assert_agree(&script, (ticks.request_id(), ticks.filter_data()), middle_row).await;
}

#[tokio::test]
async fn feed_agrees_with_ibapi_on_scripted_depth() {
    let script = depth();
    let client = scripted(DEPTH, &script).await;
    let contract = aapl();

    let book = client.market_depth(&contract, 5).subscribe().await.unwrap();

    assert_agree(&script, (book.request_id(), book.filter_data()), book_row).await;
}

/// (H6)
#[tokio::test]
async fn feed_agrees_with_ibapi_on_scripted_bars() {
    let contract = aapl();

    let script = real_time_bars();
    let client = scripted(REAL_TIME_BARS, &script).await;
    let bars = client.realtime_bars(&contract).subscribe().await.unwrap();
    assert_agree(&script, (bars.request_id(), bars.filter_data()), bar_row).await;

    let script = history();
    let client = scripted(HISTORY, &script).await;
    let bars = client.historical_data(&contract, HistoricalBarSize::Day).duration(5.days());
    let bars = bars.stream().await.unwrap();
    assert_agree(&script, (bars.request_id(), bars.filter_data()), history_row).await;
}
