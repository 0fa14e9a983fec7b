//! Frames: a big-endian length and that many bytes, which start with the message id: the first text
//! field up to server version 200, four big-endian bytes since, with 200 added for a protobuf body.
//! Owns the limits of both; leaves the meaning of a body to others.

use std::io;

use prost::Message;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::text;
use super::version::ServerVersion;

/// The longest body either side accepts; a longer one cannot be framed.
pub(crate) const MAX_BODY: usize = 0x00FF_FFFF;
/// Bytes of a body that are made room for at a time.
const KEPT: usize = 64 * 1024;
const LENGTH_BYTES: usize = 4;
const ID_BYTES: usize = 4;
const PROTOBUF_OFFSET: u32 = 200;

/// The next body, into `body`. `false` is the end of the stream between two frames. Memory grows with
/// the bytes that come, not with the length that is announced, and is given back after a long frame.
pub(crate) async fn read<R>(from: &mut R, body: &mut Vec<u8>) -> io::Result<bool>
where
    R: AsyncRead + Unpin,
{
    let Some(length) = read_length(from).await? else { return Ok(false) };
    let length = checked_length(length)?;
    body.clear();
    body.shrink_to(KEPT);
    while body.len() < length {
        let begun = body.len();
        body.resize(length.min(begun + KEPT), 0);
        from.read_exact(&mut body[begun..]).await?;
    }
    Ok(true)
}

/// `None` is the end of the stream before the first byte of a length.
async fn read_length<R: AsyncRead + Unpin>(from: &mut R) -> io::Result<Option<u32>> {
    let mut length = [0; LENGTH_BYTES];
    if from.read(&mut length[..1]).await? == 0 {
        return Ok(None);
    }
    from.read_exact(&mut length[1..]).await?;
    Ok(Some(u32::from_be_bytes(length)))
}

fn checked_length(length: u32) -> io::Result<usize> {
    match usize::try_from(length) {
        Ok(length) if length <= MAX_BODY => Ok(length),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("frame of {length} bytes is longer than {MAX_BODY}"),
        )),
    }
}

/// A received body split by its encoding.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Body<'a> {
    /// Message id (already without the offset) and its proto3 bytes.
    Protobuf(u32, &'a [u8]),
    /// Message id and its NUL-terminated fields.
    Text(u32, &'a [u8]),
    /// Too short to hold an id.
    Headless,
}

/// Splits a body by the rule of a server version.
pub(crate) fn split(version: ServerVersion, body: &[u8]) -> Body<'_> {
    match version.has_raw_ids() {
        true => split_raw(body),
        false => split_text(body),
    }
}

fn split_raw(body: &[u8]) -> Body<'_> {
    let Some((head, rest)) = body.split_first_chunk::<ID_BYTES>() else { return Body::Headless };
    match u32::from_be_bytes(*head) {
        id if id > PROTOBUF_OFFSET => Body::Protobuf(id - PROTOBUF_OFFSET, rest),
        id => Body::Text(id, rest),
    }
}

fn split_text(body: &[u8]) -> Body<'_> {
    let mut rest = body;
    let id =
        text::cut_field(&mut rest).and_then(|field| std::str::from_utf8(field).ok()?.parse().ok());
    id.map_or(Body::Headless, |id| Body::Text(id, rest))
}

/// Appends a frame without a message id, as the handshake has.
pub(crate) fn push_bare(into: &mut Vec<u8>, body: &[u8]) {
    push_length(into, body.len());
    into.extend_from_slice(body);
}

/// Appends a text frame whose fields `write` appends. `false`, and nothing appended, if the body is
/// too long to be framed.
pub(crate) fn push_text(
    into: &mut Vec<u8>,
    version: ServerVersion,
    id: u32,
    write: impl FnOnce(&mut Vec<u8>),
) -> bool {
    let start = into.len();
    into.extend_from_slice(&[0; LENGTH_BYTES]);
    match version.has_raw_ids() {
        true => into.extend_from_slice(&id.to_be_bytes()),
        false => text::push_number(into, id),
    }
    write(into);
    let length = into.len() - start - LENGTH_BYTES;
    if length > MAX_BODY {
        into.truncate(start);
        return false;
    }
    into[start..start + LENGTH_BYTES].copy_from_slice(&length_bytes(length));
    true
}

/// Appends a protobuf frame. `false`, and nothing appended, if the body is too long to be framed.
pub(crate) fn push_protobuf<M: Message>(into: &mut Vec<u8>, id: u32, message: &M) -> bool {
    let length = ID_BYTES + message.encoded_len();
    if length > MAX_BODY {
        return false;
    }
    push_length(into, length);
    into.extend_from_slice(&(id + PROTOBUF_OFFSET).to_be_bytes());
    message.encode_raw(into);
    true
}

fn push_length(into: &mut Vec<u8>, length: usize) {
    debug_assert!(length <= MAX_BODY, "callers keep bodies within the limit");
    into.extend_from_slice(&length_bytes(length));
}

fn length_bytes(length: usize) -> [u8; LENGTH_BYTES] {
    // Callers keep the length within the limit, which four bytes hold.
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::pb;

    #[tokio::test]
    async fn test_a_pushed_frame_reads_back() {
        let mut bytes = Vec::new();
        assert!(push_protobuf(&mut bytes, 9, &pb::NextValidId { order_id: Some(5) }));
        let mut body = Vec::new();

        assert!(read(&mut bytes.as_slice(), &mut body).await.unwrap());

        assert_eq!(split(ServerVersion(226), &body), Body::Protobuf(9, &[8, 5]));
    }

    #[test]
    fn test_bodies_are_split_by_their_wire_id() {
        let cases: [(i32, &[u8], Body<'_>); 7] = [
            (201, &[0, 0, 1, 15], Body::Protobuf(71, &[])),
            (201, &[0, 0, 0, 71, 50, 0], Body::Text(71, b"2\0")),
            (201, &[0, 0, 0, 200], Body::Text(200, &[])),
            (201, &[0, 0, 1], Body::Headless),
            (200, b"71\x002\0", Body::Text(71, b"2\0")),
            (200, b"-71\x002\0", Body::Headless),
            (200, b"", Body::Headless),
        ];

        for (version, body, expected) in cases {
            assert_eq!(split(ServerVersion(version), body), expected);
        }
    }

    #[tokio::test]
    async fn test_a_length_over_the_limit_is_an_error_and_an_end_is_not() {
        let mut body = Vec::new();

        let too_long = read(&mut [1u8, 0, 0, 0].as_slice(), &mut body).await;
        let ended = read(&mut [].as_slice(), &mut body).await;
        let cut = read(&mut [0u8, 0].as_slice(), &mut body).await;

        assert_eq!(too_long.unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(cut.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert!(!ended.unwrap());
    }
}
