//! A client of the mock gateway that speaks in bytes, for what no sound client sends or survives.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use aioibkr_mock_gateway::MockGateway;

use crate::mock_fixture::PATIENCE;

/// Ids as on the wire, 200 included.
pub(crate) const ERROR: u32 = 204;
pub(crate) const NEXT_VALID_ID: u32 = 209;
pub(crate) const CURRENT_TIME: u32 = 249;
const START_API: u32 = 271;

/// A client that speaks in bytes.
pub(crate) struct RawClient(pub(crate) TcpStream);

impl RawClient {
    pub(crate) fn connect(gateway: &MockGateway, client_id: u8) -> Self {
        Self::connect_to(gateway.address(), client_id)
    }

    pub(crate) fn connect_to(address: SocketAddr, client_id: u8) -> Self {
        let mut client = Self::start_at(address, client_id);
        for _farm in 0..3 {
            client.read_until(ERROR);
        }
        client
    }

    /// Connects up to START_API, without reading what answers it.
    pub(crate) fn start(gateway: &MockGateway, client_id: u8) -> Self {
        Self::start_at(gateway.address(), client_id)
    }

    /// Connects with these words for the versions and options.
    pub(crate) fn connect_with(gateway: &MockGateway, client_id: u8, words: &str) -> Self {
        let mut client = Self::greet(gateway.address(), client_id, words);
        for _farm in 0..3 {
            client.read_until(ERROR);
        }
        client
    }

    fn start_at(address: SocketAddr, client_id: u8) -> Self {
        Self::greet(address, client_id, "v213..226")
    }

    fn greet(address: SocketAddr, client_id: u8, words: &str) -> Self {
        let mut socket = TcpStream::connect(address).expect("a listening gateway");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        socket.set_nodelay(true).expect("a socket without delay");
        let length = u32::try_from(words.len()).expect("a short greeting").to_be_bytes();
        socket
            .write_all(&[b"API\0", &length[..], words.as_bytes()].concat())
            .expect("an open socket");
        let mut client = Self(socket);
        client.read_body();
        client.send(START_API, &[8, client_id]);
        client
    }

    /// Connects at a version that speaks text.
    pub(crate) fn connect_in_text(address: SocketAddr, client_id: u8) -> Self {
        let mut socket = TcpStream::connect(address).expect("a listening gateway");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        socket.write_all(b"API\0\0\0\0\x04v176").expect("an open socket");
        let mut client = Self(socket);
        client.read_body();
        client.send_text(&format!("71|2|{client_id}||"));
        client
    }

    /// Sends a message with a bar for each NUL.
    pub(crate) fn send_text(&mut self, message: &str) {
        let body = message.replace('|', "\0").into_bytes();
        let length = u32::try_from(body.len()).expect("a short body").to_be_bytes();
        self.0.write_all(&[&length, body.as_slice()].concat()).expect("an open socket");
    }

    /// Reads messages up to and with the first that begins like this; a bar for each NUL.
    pub(crate) fn read_text_until(&mut self, beginning: &str) -> String {
        loop {
            let message = String::from_utf8_lossy(&self.read_body()).replace('\0', "|");
            if message.starts_with(beginning) {
                return message;
            }
        }
    }

    pub(crate) fn send(&mut self, wire_id: u32, fields: &[u8]) {
        let length = u32::try_from(fields.len() + 4).expect("a short body");
        let frame = [&length.to_be_bytes()[..], &wire_id.to_be_bytes(), fields].concat();
        self.0.write_all(&frame).expect("an open socket");
    }

    pub(crate) fn read_body(&mut self) -> Vec<u8> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).expect("a frame");
        let mut body = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut body).expect("a whole frame");
        body
    }

    /// Reads frames up to and with the first under this id.
    pub(crate) fn read_until(&mut self, wire_id: u32) -> Vec<u8> {
        loop {
            let body = self.read_body();
            if body[..4] == wire_id.to_be_bytes() {
                return body;
            }
        }
    }
}

/// A client of the text era: fields as strings, at server version 200.
pub(crate) struct TextClient(TcpStream);

impl TextClient {
    pub(crate) fn connect(gateway: &MockGateway, client_id: i32) -> Self {
        let mut socket = TcpStream::connect(gateway.address()).expect("a listening gateway");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        socket.write_all(b"API\0\0\0\0\x09v157..200").expect("an open socket");
        let mut client = Self(socket);
        client.read();
        client.send(&["71", "2", &client_id.to_string(), ""]);
        client
    }

    pub(crate) fn send(&mut self, fields: &[&str]) {
        let body: String = fields.iter().flat_map(|field| [field, "\0"]).collect();
        let length = u32::try_from(body.len()).expect("a short body");
        let frame = [&length.to_be_bytes()[..], body.as_bytes()].concat();
        self.0.write_all(&frame).expect("an open socket");
    }

    fn read(&mut self) -> Vec<String> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).expect("a frame");
        let mut body = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut body).expect("a whole frame");
        String::from_utf8_lossy(&body).split('\0').map(str::to_owned).collect()
    }

    /// The fields of the next frame whose first field is this id.
    pub(crate) fn read_until(&mut self, id: &str) -> Vec<String> {
        loop {
            let fields = self.read();
            if fields[0] == id {
                return fields;
            }
        }
    }
}

/// The code of an error frame; a warning of a message rate has none.
pub(crate) fn code_of(error: &[u8]) -> Option<u64> {
    let mut rest = &error[4..];
    while let [tag, tail @ ..] = rest {
        let (value, tail) = varint(tail);
        match tag {
            24 => return Some(value),
            tag if tag & 7 == 2 => rest = &tail[usize::try_from(value).expect("a length")..],
            _ => rest = tail,
        }
    }
    None
}

fn varint(bytes: &[u8]) -> (u64, &[u8]) {
    let length = bytes.iter().position(|byte| *byte < 128).expect("the end of a number") + 1;
    let value = |sum: u64, byte: &u8| sum.wrapping_shl(7) | u64::from(byte & 127);
    (bytes[..length].iter().rev().fold(0, value), &bytes[length..])
}

/// Waits until something holds.
pub(crate) fn until(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < 4 * PATIENCE, "it never came to hold");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Memory of this process; 0 where the system does not tell.
pub(crate) fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let digits = line.map(|line| line.trim().trim_end_matches(" kB").parse());
    digits.and_then(Result::ok).unwrap_or_default()
}
