//! Frames: a big-endian length and that many bytes. A protobuf body starts with its message id plus
//! 200, also big-endian. Owns the limits of both; leaves the meaning of a body to others.

use std::io;

use prost::Message;
use tokio::io::{AsyncRead, AsyncReadExt};

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

async fn read_length<R: AsyncRead + Unpin>(from: &mut R) -> io::Result<Option<u32>> {
    match from.read_u32().await {
        Ok(length) => Ok(Some(length)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
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
    /// A text message under a raw id: not spoken at these server versions.
    Text(u32),
    /// Too short to hold an id.
    Headless,
}

/// Splits a body by the rule of server versions 201 and later.
pub(crate) fn split(body: &[u8]) -> Body<'_> {
    let Some((head, rest)) = body.split_first_chunk::<ID_BYTES>() else { return Body::Headless };
    match u32::from_be_bytes(*head) {
        id if id > PROTOBUF_OFFSET => Body::Protobuf(id - PROTOBUF_OFFSET, rest),
        id => Body::Text(id),
    }
}

/// Appends a text frame, used for the handshake only.
pub(crate) fn push_text(into: &mut Vec<u8>, body: &[u8]) {
    push_length(into, body.len());
    into.extend_from_slice(body);
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
    let bytes = length.to_be_bytes();
    into.extend_from_slice(&bytes[bytes.len() - LENGTH_BYTES..]);
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

        assert_eq!(split(&body), Body::Protobuf(9, &[8, 5]));
    }

    #[test]
    fn test_bodies_are_split_by_their_wire_id() {
        let cases: [(&[u8], Body<'_>); 4] = [
            (&[0, 0, 1, 15], Body::Protobuf(71, &[])),
            (&[0, 0, 0, 71, 50, 0], Body::Text(71)),
            (&[0, 0, 0, 200], Body::Text(200)),
            (&[0, 0, 1], Body::Headless),
        ];

        for (body, expected) in cases {
            assert_eq!(split(body), expected);
        }
    }

    #[tokio::test]
    async fn test_a_length_over_the_limit_is_an_error_and_an_end_is_not() {
        let mut body = Vec::new();

        let too_long = read(&mut [1u8, 0, 0, 0].as_slice(), &mut body).await;
        let ended = read(&mut [].as_slice(), &mut body).await;

        assert_eq!(too_long.unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert!(!ended.unwrap());
    }
}
