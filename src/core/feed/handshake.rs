//! Agreeing on a version and waiting until the gateway takes requests.

use std::io::{self, Read, Write};

use crate::config::MINIMUM_SERVER_VERSION;
use crate::error::{Error, ErrorKind, Result};
use crate::model::ClientId;

use super::message::{GatewayError, Message};
use super::{FrameBuffer, decode, request};

/// IB's number of the message that says that requests are taken.
const NEXT_VALID_ID: u32 = 9;
const CLIENT_ID_IN_USE: i32 = 326;
const NEWEST_SERVER_VERSION: i32 = 226;

/// Reads a frame's body as an error message; `None` if it is another message.
pub(super) fn decode_error(body: &[u8]) -> Option<GatewayError<'_>> {
    if let Ok(Message::Error(error)) = decode(body) { Some(error) } else { None }
}

/// Opens a session on a fresh socket and waits until the gateway is ready for requests.
pub(super) fn open<S: Read + Write>(
    socket: &mut S,
    frames: &mut FrameBuffer,
    client_id: ClientId,
) -> Result<()> {
    let versions = format!("v{MINIMUM_SERVER_VERSION}..{NEWEST_SERVER_VERSION}");
    let greeting = [b"API\0", &request::framed(versions.as_bytes())[..]].concat();
    socket.write_all(&greeting).map_err(|error| lost(&error))?;
    check_version(&read_frame(socket, frames)?)?;
    socket.write_all(&request::start_api(client_id)).map_err(|error| lost(&error))?;
    loop {
        let body = read_frame(socket, frames)?;
        if let Some(error) = decode_error(&body) {
            refuse_held_id(&error, client_id)?;
        }
        if decode(&body) == Ok(Message::Other(NEXT_VALID_ID)) {
            return Ok(());
        }
    }
}

fn read_frame<S: Read>(socket: &mut S, frames: &mut FrameBuffer) -> Result<Vec<u8>> {
    loop {
        if let Some(body) = frames.next_frame().map_err(|error| not_a_gateway(&error))? {
            return Ok(body.to_vec());
        }
        if frames.fill(socket).map_err(|error| lost(&error))? == 0 {
            return Err(Error::new(
                ErrorKind::HandshakeFailed,
                "the peer closed the feed link during the handshake",
            ));
        }
    }
}

fn check_version(reply: &[u8]) -> Result<()> {
    let text = reply.split(|byte| *byte == 0).next().unwrap_or_default();
    let version = std::str::from_utf8(text).ok().and_then(|text| text.parse::<i32>().ok());
    match version {
        Some(version) if version >= MINIMUM_SERVER_VERSION => Ok(()),
        Some(version) => Err(Error::new(
            ErrorKind::GatewayTooOld,
            format!("gateway speaks server version {version}, needed is {MINIMUM_SERVER_VERSION}"),
        )),
        None => Err(not_a_gateway(&"no server version in its reply")),
    }
}

fn refuse_held_id(error: &GatewayError<'_>, client_id: ClientId) -> Result<()> {
    if error.code != CLIENT_ID_IN_USE {
        return Ok(());
    }
    let text = format!("client id {client_id} of the feed link is in use");
    Err(Error::new(ErrorKind::ClientIdInUse, text).with_code(CLIENT_ID_IN_USE))
}

fn not_a_gateway(reason: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::HandshakeFailed, format!("the peer is not a gateway: {reason}"))
}

pub(super) fn lost(error: &io::Error) -> Error {
    Error::new(ErrorKind::ConnectionLost, format!("the feed link was lost: {error}"))
}
