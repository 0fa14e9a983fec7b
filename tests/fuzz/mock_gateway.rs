//! The mock gateway's parsers, and whole conversations with it.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use aioibkr_mock_gateway::{
    MockGateway, Recording, Replay, Scenario, Settings, read_frames, read_request,
};

/// What is cut into frames is the front of the stream, byte by byte.
pub(crate) fn frames(data: &[u8]) {
    let (bodies, rest) = read_frames(data);

    let framed: Vec<u8> = bodies.iter().flat_map(|body| in_frame(body)).collect();
    assert!(data.starts_with(&framed), "other bytes came out than went in");
    match rest.map(|error| error.kind()) {
        None => assert_eq!(framed.len(), data.len(), "the whole stream is frames"),
        Some(ErrorKind::UnexpectedEof) => assert!(framed.len() < data.len()),
        Some(kind) => assert_eq!(kind, ErrorKind::InvalidData),
    }
}

/// The first byte says which server version, the second which message; its fields follow.
pub(crate) fn protobuf_requests(data: &[u8]) {
    let [version, id, fields @ ..] = data else { return };
    let wire_id = 200 + u32::from(*id);
    let body = [&wire_id.to_be_bytes(), fields].concat();

    read_twice(201 + i32::from(version % 26), &body);
}

/// The first byte says which server version; the message id and the fields follow as text.
pub(crate) fn text_requests(data: &[u8]) {
    let Some((version, body)) = data.split_first() else { return };
    let version = 157 + i32::from(version % 56);
    let id = || std::str::from_utf8(body.split(|byte| *byte == 0).next()?).ok()?.parse().ok();
    let raw_id: Option<u32> = (version > 200).then(id).flatten();

    match raw_id {
        Some(id) => {
            let fields = body.iter().position(|byte| *byte == 0).map_or(body.len(), |end| end + 1);
            read_twice(version, &[&id.to_be_bytes(), &body[fields..]].concat());
        }
        None => read_twice(version, body),
    }
}

/// A body means the same whenever it is read, and a refusal says why.
fn read_twice(version: i32, body: &[u8]) {
    let read = read_request(version, 1, body);

    assert_eq!(read, read_request(version, 1, body), "version {version}");
    match read {
        Ok(request) => assert!(!request.kind.is_empty()),
        Err(error) => assert!(error.to_string().len() > "this is no request: ".len()),
    }
}

/// What is read as a recording is written as the same recording.
pub(crate) fn recordings(data: &[u8]) {
    let text = String::from_utf8_lossy(data);

    match Recording::parse(&text) {
        Ok(recording) => assert_eq!(Recording::parse(&recording.to_string()), Ok(recording)),
        Err(error) => assert!(error.to_string().contains("line "), "{error}"),
    }
}

/// A scenario that is refused is refused with a line.
pub(crate) fn scenarios(data: &[u8]) {
    let text = String::from_utf8_lossy(data);

    match Scenario::parse(&text) {
        Ok(scenario) => assert_eq!(Scenario::parse(&text), Ok(scenario)),
        Err(error) => assert!(error.to_string().contains("line "), "{error}"),
    }
}

/// The first byte says which server version; the frames that follow are requests. However they are
/// answered, the client is still served behind them.
pub(crate) fn sessions(data: &[u8]) {
    let Some((version, stream)) = data.split_first() else { return };
    let client = if version % 2 == 0 { IN_TEXT } else { IN_PROTOBUF };
    let settings = Settings { max_server_version: client.version, ..Settings::default() };
    let gateway = MockGateway::start(settings).expect("a free port on loopback");
    let (requests, _) = read_frames(stream);
    let greeting = format!("v{0}..{0}", client.version);

    let mut socket = connected(gateway.address());
    let sent = [greeting.as_bytes(), client.start]
        .into_iter()
        .chain(requests.iter().map(Vec::as_slice))
        .chain([client.probe]);
    let sent = socket.write_all(&greeted(sent));
    let served = served(&mut socket, client.answer);

    assert!(served.is_ok(), "no answer behind {} requests: {served:?}, {sent:?}", requests.len());
}

/// What a client sends in one of the encodings: START_API, and a request nobody else would make.
struct Spoken {
    version: i32,
    start: &'static [u8],
    probe: &'static [u8],
    answer: &'static [u8],
}

const IN_TEXT: Spoken = Spoken {
    version: 176,
    start: b"71\x002\x001\0\0",
    probe: b"104\x00987654\0",
    answer: b"107\x00987654\0",
};

const IN_PROTOBUF: Spoken = Spoken {
    version: 226,
    start: &[0, 0, 1, 15, 8, 1],
    probe: &[0, 0, 1, 48, 8, 0x86, 0xA4, 0x3C],
    answer: &[0, 0, 1, 51, 8, 0x86, 0xA4, 0x3C],
};

/// Reads frames up to the one that begins like this.
fn served(socket: &mut TcpStream, answer: &[u8]) -> std::io::Result<()> {
    let mut socket = std::io::BufReader::new(socket);
    loop {
        let mut length = [0; 4];
        socket.read_exact(&mut length)?;
        let mut body = vec![0; u32::from_be_bytes(length) as usize];
        socket.read_exact(&mut body)?;
        if body.starts_with(answer) {
            return Ok(());
        }
    }
}

/// A recording is played to a client that sends what was recorded; every answer is a whole frame.
pub(crate) fn replays(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(recording) = Recording::parse(&text) else { return };
    let asked: Vec<u8> = text.lines().filter_map(asked_in).flatten().collect();
    let (requests, _) = read_frames(asked.get(4..).unwrap_or_default());
    let settings =
        Settings { replay: Some(Replay { recording, speed: 0.0 }), ..Settings::default() };
    let gateway = MockGateway::start(settings).expect("a free port on loopback");

    let mut socket = connected(gateway.address());
    // A gateway that does not play this version closes before all is sent.
    let _ = socket.write_all(&greeted(requests.iter().map(Vec::as_slice)));
    let _ = socket.shutdown(Shutdown::Write);
    let mut told = Vec::new();
    let ended = socket.read_to_end(&mut told);

    assert!(!ended.is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "it never ends");
    assert!(TcpStream::connect(gateway.address()).is_ok(), "the gateway still listens");
}

/// The bytes a line of a recording says a client sent.
fn asked_in(line: &str) -> Option<Vec<u8>> {
    let (_, hex) = line.split_once(" > ")?;
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    hex.as_bytes().chunks(2).map(byte).collect()
}

fn connected(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).expect("a listening gateway");
    socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    socket
}

/// Frames behind a client's greeting.
fn greeted<'a>(bodies: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    b"API\0".iter().copied().chain(bodies.flat_map(in_frame)).collect()
}

fn in_frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a body a test can hold");
    [&length.to_be_bytes(), body].concat()
}
