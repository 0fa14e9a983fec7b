//! A client of the mock gateway that speaks text: a request is a line of fields with bars between them,
//! a reply the list of its fields.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use std::io::{Read, Write};
use std::net::TcpStream;

use aioibkr_mock_gateway::{MockGateway, Profile, Settings};

use crate::mock_fixture::PATIENCE;

/// The first field of replies: their ids.
pub(crate) const ERROR: &str = "4";
pub(crate) const TIME: &str = "49";

/// A stock as the contract of a request.
pub(crate) const AAPL: &str = "0|AAPL|STK||0.0|||SMART||USD||";

pub(crate) type Frame = Vec<String>;

/// A client of server version 178.
pub(crate) struct TextClient {
    pub(crate) socket: TcpStream,
    /// The fields of the version frame.
    pub(crate) version: Vec<Vec<u8>>,
    /// What came between START_API and the answer to the first request.
    pub(crate) welcome: Vec<Frame>,
}

impl TextClient {
    pub(crate) fn connect(gateway: &MockGateway, client_id: i32) -> Self {
        let mut client = Self::start(gateway, client_id);
        client.welcome = client.settle();
        client
    }

    /// Connects up to START_API, without reading what answers it.
    pub(crate) fn start(gateway: &MockGateway, client_id: i32) -> Self {
        let mut socket = TcpStream::connect(gateway.address()).expect("a listening gateway");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        socket.set_nodelay(true).expect("a socket without delay");
        socket.write_all(b"API\0\0\0\0\x09v157..178").expect("an open socket");
        let mut client = Self { socket, version: Vec::new(), welcome: Vec::new() };
        let version = client.body();
        client.version = version.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
        client.send(&format!("71|2|{client_id}|"));
        client
    }

    pub(crate) fn send(&mut self, line: &str) {
        let body = format!("{line}|").replace('|', "\0");
        let length = u32::try_from(body.len()).expect("a short body").to_be_bytes();
        self.socket.write_all(&[&length[..], body.as_bytes()].concat()).expect("an open socket");
    }

    fn body(&mut self) -> Vec<u8> {
        let mut length = [0; 4];
        self.socket.read_exact(&mut length).expect("a frame");
        let mut body = vec![0; u32::from_be_bytes(length) as usize];
        self.socket.read_exact(&mut body).expect("a whole frame");
        body
    }

    pub(crate) fn read(&mut self) -> Frame {
        let body = self.body();
        let text = String::from_utf8(body).expect("text");
        text.trim_end_matches('\0').split('\0').map(str::to_owned).collect()
    }

    /// Reads frames up to and with the first of this id.
    pub(crate) fn read_until(&mut self, id: &str) -> Frame {
        loop {
            let frame = self.read();
            if frame[0] == id {
                return frame;
            }
        }
    }

    /// Everything that came before the answer to a request sent now.
    pub(crate) fn settle(&mut self) -> Vec<Frame> {
        self.send("49|1");
        let mut frames = Vec::new();
        loop {
            let frame = self.read();
            if frame[0] == TIME {
                return frames;
            }
            frames.push(frame);
        }
    }

    /// Sends a request and returns everything that answers it at once.
    pub(crate) fn ask(&mut self, line: &str) -> Vec<Frame> {
        self.send(line);
        self.settle()
    }

    /// Reads up to the end of the stream.
    pub(crate) fn ends(&mut self) -> bool {
        self.socket.read_to_end(&mut Vec::new()).is_ok()
    }
}

/// Request id and code of each error.
pub(crate) fn errors(frames: &[Frame]) -> Vec<(i32, i32)> {
    let errors = frames.iter().filter(|frame| frame[0] == ERROR);
    let number = |text: &str| text.parse().expect("a number");
    errors.map(|frame| (number(&frame[2]), number(&frame[3]))).collect()
}

/// The frames of one id.
pub(crate) fn of<'a>(frames: &'a [Frame], id: &str) -> Vec<&'a Frame> {
    frames.iter().filter(|frame| frame[0] == id).collect()
}

/// The first field of each frame.
pub(crate) fn ids(frames: &[Frame]) -> Vec<&str> {
    frames.iter().map(|frame| frame[0].as_str()).collect()
}

/// A gateway that is set up this way.
pub(crate) fn set_up(profile: Profile) -> MockGateway {
    MockGateway::start(Settings { profile, ..Settings::default() }).expect("a free port")
}

/// An order for AAPL; what it leaves out is empty up to the last field.
pub(crate) fn order(id: i32, terms: &str) -> String {
    let [action, quantity, kind, limit] = terms.split(' ').collect::<Vec<_>>()[..] else {
        panic!("action, quantity, type and limit: {terms}");
    };
    let terms = format!("{action}|{quantity}|{kind}|{limit}||DAY||||0||1");
    format!("3|{id}|{AAPL}|||{terms}{}", "|".repeat(110))
}
