//! What a mock gateway has no reason to send: every way IB has to say "none", numbers at the edge
//! of a double and fields out of order. A scripted server sends the same frames to an `ibapi`
//! client, and both have to read the same.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use aioibkr_core::feed::{Fields, FrameBuffer, decode};
use ibapi::prelude::*;

use crate::feed_rows::{row, tick_row};
use crate::mock_fixture::{aapl, next};

const MANAGED_ACCOUNTS: u32 = 15;
const NEXT_VALID_ID: u32 = 9;
const MARKET_DATA: u32 = 1;

/// A message without its request id: IB's number, and its other fields.
type Scripted = (u32, Vec<u8>);

fn int(number: u8, value: i32) -> Vec<u8> {
    let mut field = vec![number << 3];
    // As every encoder does it, a negative one takes ten bytes.
    let mut rest = i64::from(value) as u64;
    while rest >= 0x80 {
        field.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    field.push(rest as u8);
    field
}

fn double(number: u8, value: f64) -> Vec<u8> {
    [&[number << 3 | 1][..], &value.to_le_bytes()].concat()
}

fn text(number: u8, value: &str) -> Vec<u8> {
    let length = u8::try_from(value.len()).expect("a short text");
    [&[number << 3 | 2, length], value.as_bytes()].concat()
}

fn price(kind: i32, price: f64, size: &str) -> Scripted {
    (1, [int(2, kind), double(3, price), text(4, size), int(5, 3)].concat())
}

fn size(kind: i32, size: &str) -> Scripted {
    (2, [int(2, kind), text(3, size)].concat())
}

/// The same number in all eight fields of a computation.
fn greeks(kind: i32, greek: f64) -> Scripted {
    let fields = (4..=11).flat_map(|number| double(number, greek));
    (21, [int(2, kind), int(3, 0)].concat().into_iter().chain(fields).collect())
}

fn script() -> Vec<Scripted> {
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

/// The script as bodies for one request.
fn bodies(request_id: i32) -> Vec<Vec<u8>> {
    let body = |(number, fields): Scripted| {
        [&(200 + number).to_be_bytes()[..], &int(1, request_id), &fields].concat()
    };
    script().into_iter().map(body).collect()
}

fn framed(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a short body");
    [&length.to_be_bytes()[..], body].concat()
}

/// Serves one client: the script to each line it opens, until it goes.
fn serve(mut client: TcpStream) -> std::io::Result<()> {
    let mut greeting = [0; 4];
    client.read_exact(&mut greeting)?;
    client.write_all(&framed(b"226\x0020261121 10:00:00 UTC\0"))?;
    let accounts = [&(200 + MANAGED_ACCOUNTS).to_be_bytes()[..], &text(1, "DU1")].concat();
    let next_id = [&(200 + NEXT_VALID_ID).to_be_bytes()[..], &int(1, 1)].concat();
    let mut frames = FrameBuffer::default();
    while frames.fill(&mut client)? > 0 {
        while let Some(body) = frames.next_frame().map_err(std::io::Error::other)? {
            let (id, fields) = body.split_first_chunk().expect("a frame with an id");
            match u32::from_be_bytes(*id) {
                271 => client.write_all(&[framed(&accounts), framed(&next_id)].concat())?,
                id if id == 200 + MARKET_DATA => {
                    let (_, request_id) = Fields::new(fields).next().expect("a request id");
                    let bodies = bodies(request_id.int().expect("a request id"));
                    client.write_all(
                        &bodies.iter().flat_map(|body| framed(body)).collect::<Vec<_>>(),
                    )?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn scripted_server() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port on loopback");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let (client, _) = listener.accept().expect("a client");
        // A client that is gone ends the script.
        let _ = serve(client);
    });
    address
}

/// (M8, M20)
#[tokio::test]
async fn feed_agrees_with_ibapi_on_every_way_to_say_none() {
    let client = Client::connect(&scripted_server().to_string(), 7).await.unwrap();
    let contract = aapl();
    let ticks = client.market_data(&contract).subscribe().await.unwrap();
    let request_id = ticks.request_id().unwrap();
    let mut ticks = ticks.filter_data();

    let bodies = bodies(request_id);

    for body in &bodies {
        let (id, feed) = row(&decode(body).unwrap()).unwrap();
        let theirs = tick_row(next(&mut ticks).await.unwrap());
        assert_eq!((id, feed), (request_id, theirs), "{body:?}");
    }
}
