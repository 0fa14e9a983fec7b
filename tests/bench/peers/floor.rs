//! The floor of the tick path: what any reader of the same bytes must do.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use prost::Message;
use serde_json::json;

use crate::{Outcome, cpu_nanoseconds};

const CLIENT_ID: i32 = 4001;
pub(crate) const TICK_PRICE: u32 = 1;
pub(crate) const TICK_SIZE: u32 = 2;
const NEXT_VALID_ID: u32 = 9;
/// Sent once per line, when it is opened.
const TICK_REQ_PARAMS: u32 = 81;

/// How messages are written.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Wire {
    Protobuf,
    /// As up to server version 200.
    Text,
}

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

/// A socket, and what was read of it and not consumed.
pub(crate) struct Reader {
    pub(crate) socket: TcpStream,
    wire: Wire,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

/// Reads `ticks` ticks of a flood; decodes them too if asked.
pub(crate) fn run(mut reader: Reader, ticks: u64, decode: bool) -> Outcome {
    println!("ready");
    let first = reader.wait_for_flood()?;
    let (cpu, wall) = (cpu_nanoseconds(), Instant::now());
    let mut seen = first;
    let mut checksum = 0.0;
    while seen < ticks {
        reader.fill()?;
        seen += reader.consume(decode, &mut checksum)?;
    }
    let (cpu, wall) = (cpu_nanoseconds() - cpu, wall.elapsed());
    Ok(json!({
        "ticks": seen - first,
        "cpu_ns": i64::try_from(cpu)?,
        "wall_s": wall.as_secs_f64(),
        "checksum": checksum,
    }))
}

/// Connects and opens market data lines of one stock, request ids 1, 2, 3 …; returns once the
/// gateway has opened the last.
pub(crate) fn open(
    host: &str,
    port: u16,
    lines: i32,
) -> Result<Reader, Box<dyn std::error::Error>> {
    let mut reader = connect(host, port, Wire::Protobuf, CLIENT_ID)?;
    (1..=lines).try_for_each(|line| reader.open_line(line))?;
    Ok(reader)
}

/// Connects up to the next valid id.
pub(crate) fn connect(
    host: &str,
    port: u16,
    wire: Wire,
    client: i32,
) -> Result<Reader, Box<dyn std::error::Error>> {
    let mut reader = Reader { wire, ..Reader::new(TcpStream::connect((host, port))?) };
    reader.socket.write_all(match wire {
        Wire::Protobuf => b"API\0\0\0\0\x09v213..226",
        Wire::Text => b"API\0\0\0\0\x09v157..176",
    })?;
    while reader.take()?.is_none() {
        reader.fill()?;
    }
    match wire {
        Wire::Protobuf => reader.send(71, &[&[8], &varint(client)[..]].concat())?,
        Wire::Text => reader.send_text(&format!("71|2|{client}||"))?,
    }
    reader.wait_for(NEXT_VALID_ID)?;
    Ok(reader)
}

impl Reader {
    pub(crate) fn new(socket: TcpStream) -> Self {
        let bytes = vec![0; 256 * 1024];
        Self { socket, wire: Wire::Protobuf, bytes, start: 0, end: 0 }
    }

    fn send(&mut self, id: u32, message: &[u8]) -> std::io::Result<()> {
        let length = u32::try_from(message.len() + 4).unwrap_or(u32::MAX);
        let frame = [&length.to_be_bytes()[..], &(id + 200).to_be_bytes(), message].concat();
        self.socket.write_all(&frame)
    }

    /// Sends a frame of fields, with a bar for each NUL.
    fn send_text(&mut self, fields: &str) -> std::io::Result<()> {
        let fields = fields.replace('|', "\0");
        let length = u32::try_from(fields.len()).unwrap_or(u32::MAX);
        self.socket.write_all(&[&length.to_be_bytes()[..], fields.as_bytes()].concat())
    }

    /// Opens a market data line of a line's stock under its number as request id.
    pub(crate) fn open_line(&mut self, line: i32) -> Result<(), Box<dyn std::error::Error>> {
        match self.wire {
            Wire::Text => {
                let symbol = crate::symbol(line);
                let contract = format!("0|{symbol}|STK||0|||SMART||USD||");
                self.send_text(&format!("1|11|{line}|{contract}|0||0|0||"))?;
            }
            Wire::Protobuf => {
                // MarketDataRequest {reqId, contract {symbol, secType STK, exchange SMART, currency USD}}
                let symbol = format!("\x12\x06{}", crate::symbol(line));
                let rest = b"\x1a\x03STK\x42\x05SMART\x52\x03USD";
                let contract = [symbol.as_bytes(), rest].concat();
                let length = u8::try_from(contract.len())?;
                let id = [&[8], &varint(line)[..]].concat();
                self.send(1, &[&id[..], &[0x12, length], &contract].concat())?;
            }
        }
        self.wait_for(TICK_REQ_PARAMS)
    }

    /// Reads up to a message with this id.
    fn wait_for(&mut self, wanted: u32) -> Result<(), Box<dyn std::error::Error>> {
        loop {
            match self.next()? {
                Some((id, _)) if id == wanted => return Ok(()),
                Some(_) => {}
                None => self.fill()?,
            }
        }
    }

    pub(crate) fn fill(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        match self.socket.read(&mut self.bytes[self.end..])? {
            0 => Err("the gateway closed the connection".into()),
            read => {
                self.end += read;
                Ok(())
            }
        }
    }

    /// The next body, if it is whole.
    fn take(&mut self) -> Result<Option<&[u8]>, Box<dyn std::error::Error>> {
        let rest = &self.bytes[self.start..self.end];
        let Some((prefix, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_be_bytes(*prefix) as usize;
        let Some(body) = rest.get(..length) else { return Ok(None) };
        self.start += 4 + length;
        Ok(Some(body))
    }

    /// The id of the next message, the same in either form, and its fields.
    #[expect(clippy::type_complexity, reason = "id and fields of one frame")]
    pub(crate) fn next(&mut self) -> Result<Option<(u32, &[u8])>, Box<dyn std::error::Error>> {
        let wire = self.wire;
        let Some(body) = self.take()? else { return Ok(None) };
        if wire == Wire::Text {
            let end = body.iter().position(|byte| *byte == 0).ok_or("frame without an id")?;
            return Ok(Some((std::str::from_utf8(&body[..end])?.parse()?, &body[end + 1..])));
        }
        let (id, message) = body.split_first_chunk::<4>().ok_or("frame without an id")?;
        Ok(Some((u32::from_be_bytes(*id) - 200, message)))
    }

    fn consume(
        &mut self,
        decode: bool,
        checksum: &mut f64,
    ) -> Result<u64, Box<dyn std::error::Error>> {
        let mut ticks = 0;
        while let Some((id, message)) = self.next()? {
            if id != TICK_PRICE {
                continue;
            }
            ticks += 1;
            if decode {
                let tick = TickPrice::decode(message)?;
                *checksum += tick.price.unwrap_or_default();
            }
        }
        Ok(ticks)
    }

    /// The first burst of a subscription is a handful of ticks; a flood comes by the thousand.
    fn wait_for_flood(&mut self) -> Result<u64, Box<dyn std::error::Error>> {
        let mut ignored = 0.0;
        loop {
            self.fill()?;
            let ticks = self.consume(false, &mut ignored)?;
            if ticks > 100 {
                return Ok(ticks);
            }
        }
    }
}

fn varint(value: i32) -> Vec<u8> {
    let mut rest = value.unsigned_abs();
    let mut bytes = Vec::new();
    while rest >= 0x80 {
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}
