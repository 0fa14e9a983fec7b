//! The few messages that open the feed link.

use std::io;

use tokio::net::TcpStream;

use crate::config::MINIMUM_SERVER_VERSION;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{AccountId, ClientId};
use crate::stranger;

use super::opening::{Ready, send};
use super::{Fields, FrameBuffer, FrameError, Message, decode, request};

const MANAGED_ACCOUNTS: u32 = 215;
const NEXT_VALID_ID: u32 = 209;
pub(super) const CLIENT_ID_IN_USE: i32 = 326;
const NEWEST_SERVER_VERSION: i32 = 226;

/// What a gateway says of itself before the first request.
#[derive(Debug, Clone)]
pub(super) struct Greeting {
    pub(super) server_version: i32,
    pub(super) accounts: Vec<AccountId>,
}

/// Opens a session on a fresh socket and waits until the gateway is ready for requests.
pub(super) async fn shake(
    socket: &mut TcpStream,
    frames: &mut FrameBuffer,
    client_id: ClientId,
) -> Result<Greeting> {
    let versions = format!("v{MINIMUM_SERVER_VERSION}..{NEWEST_SERVER_VERSION}");
    send(socket, &[b"API\0", &request::framed(versions.as_bytes())[..]].concat()).await?;
    let server_version = check_version(&read_frame(socket, frames).await?)?;
    send(socket, &request::start_api(client_id)).await?;
    let mut accounts = Vec::new();
    loop {
        let body = read_frame(socket, frames).await?;
        if let Ok(Message::Error(error)) = decode(&body) {
            refuse_held_id(error.code, client_id)?;
        }
        if let Some(message) = body.strip_prefix(&MANAGED_ACCOUNTS.to_be_bytes()) {
            accounts = account_list(message);
        }
        if body.starts_with(&NEXT_VALID_ID.to_be_bytes()) {
            return Ok(Greeting { server_version, accounts });
        }
    }
}

/// The accounts of a `managedAccounts` message.
fn account_list(message: &[u8]) -> Vec<AccountId> {
    let list = Fields::new(message).find(|(number, _)| *number == 1);
    let text = list.and_then(|(_, value)| std::str::from_utf8(value.bytes()?).ok());
    let names = text.unwrap_or_default().split(',').map(str::trim);
    names.filter(|name| !name.is_empty()).map(|name| AccountId(name.into())).collect()
}

async fn read_frame(socket: &TcpStream, frames: &mut FrameBuffer) -> Result<Vec<u8>> {
    loop {
        if let Some(body) = frames.next_frame().map_err(unlike)? {
            return Ok(body.to_vec());
        }
        socket.readable().await.map_err(|error| lost(&error))?;
        match frames.fill(&mut Ready(socket)) {
            Ok(0) => return Err(hung_up()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(lost(&error)),
        }
    }
}

fn hung_up() -> Error {
    let text = "the gateway closed the feed link during the handshake";
    Error::new(ErrorKind::HandshakeFailed, text)
}

fn check_version(reply: &[u8]) -> Result<i32> {
    let text = reply.split(|byte| *byte == 0).next().unwrap_or_default();
    let version = std::str::from_utf8(text).ok().and_then(|text| text.parse::<i32>().ok());
    match version {
        Some(version) if version >= MINIMUM_SERVER_VERSION => Ok(version),
        Some(version) => Err(Error::new(
            ErrorKind::GatewayTooOld,
            format!("gateway speaks server version {version}, needed is {MINIMUM_SERVER_VERSION}"),
        )),
        None => Err(not_a_gateway(&"no server version in its reply")),
    }
}

fn refuse_held_id(code: i32, client_id: ClientId) -> Result<()> {
    if code != CLIENT_ID_IN_USE {
        return Ok(());
    }
    let text = format!("client id {client_id} of the feed link is in use");
    Err(Error::new(ErrorKind::ClientIdInUse, text).with_code(CLIENT_ID_IN_USE))
}

/// The error of a frame that no gateway sends: perhaps the answer of another kind of server.
fn unlike(error: FrameError) -> Error {
    let length = u32::try_from(error.length).ok();
    match length.and_then(stranger::describe) {
        Some(told) => not_a_gateway(&told),
        None => not_a_gateway(&error),
    }
}

fn not_a_gateway(reason: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::HandshakeFailed, format!("the peer is not a gateway: {reason}"))
}

pub(super) fn lost(error: &io::Error) -> Error {
    Error::new(ErrorKind::ConnectionLost, format!("the feed link was lost: {error}"))
        .with_source(io::Error::from(error.kind()))
}
