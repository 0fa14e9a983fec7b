//! What a client sent, read as the gateway reads it and without a gateway: for tools that look into
//! captured traffic, and for fuzzers. Promises an answer for any bytes; what a request means is left
//! to the gateway.

use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::error::Error;
use crate::exchange::ClientId;
use crate::request_log::{self, RequestRecord};
use crate::settings::SERVER_VERSIONS;
use crate::wire::encoding::{self, Misread};
use crate::wire::{ServerVersion, frame};

/// The bodies of the whole frames at the front of a stream, and what is wrong with the rest of it.
///
/// The stream begins behind the client's greeting, `API` and a zero byte. `None` beside the bodies is a
/// stream that ends between two frames; `UnexpectedEof` one that ends within a frame, `InvalidData` one
/// with a frame longer than a gateway takes.
#[must_use]
pub fn read_frames(mut stream: &[u8]) -> (Vec<Vec<u8>>, Option<io::Error>) {
    let mut bodies = Vec::new();
    loop {
        let mut body = Vec::new();
        match at_once(frame::read(&mut stream, &mut body)) {
            Ok(true) => bodies.push(body),
            Ok(false) => return (bodies, None),
            Err(error) => return (bodies, Some(error)),
        }
    }
}

/// The outcome of reading from memory, which never waits.
fn at_once<T>(reading: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match pin!(reading).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

/// The request in a frame's body, from a client that agreed on a server version.
///
/// # Errors
/// A version this gateway does not speak, or a body that is no request; the text says why.
pub fn read_request(
    server_version: i32,
    client_id: i32,
    body: &[u8],
) -> Result<RequestRecord, Error> {
    if !SERVER_VERSIONS.contains(&server_version) {
        return Err(Error::BadServerVersions { min: server_version, max: server_version });
    }
    let version = ServerVersion(server_version);
    let request =
        encoding::decode(version, body).map_err(|Misread(cause)| Error::BadRequest(cause))?;
    Ok(request_log::shown(ClientId(client_id), &request))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_whole_frames_are_cut_and_the_rest_is_explained() {
        let cut = |stream: &[u8]| {
            let (bodies, rest) = read_frames(stream);
            (bodies.len(), rest.map(|error| error.kind()))
        };

        assert_eq!(cut(b"\0\0\0\x01a\0\0\0\0"), (2, None));
        assert_eq!(cut(b"\0\0\0\x01a\0\0\0\x02b"), (1, Some(io::ErrorKind::UnexpectedEof)));
        assert_eq!(cut(b"\0\0\0\x01a\x01\0\0\0"), (1, Some(io::ErrorKind::InvalidData)));
    }

    #[test]
    fn test_a_request_is_read_alike_in_text_and_in_protobuf() {
        let in_text = read_request(176, 7, b"8\x001\x005\0").unwrap();
        let in_protobuf = read_request(226, 7, &[0, 0, 0, 208, 8, 5]).unwrap();

        assert_eq!(in_text, in_protobuf);
        assert_eq!(in_text.fields, [("numIds".to_owned(), "5".to_owned())]);
        assert!(read_request(100, 7, b"8\x001\x005\0").is_err());
        assert!(read_request(176, 7, b"8\x001\x00five\0").is_err());
    }
}
