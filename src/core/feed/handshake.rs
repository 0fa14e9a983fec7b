//! The few messages that open the feed link and ask for data.

use std::io::{self, Read, Write};

use prost::Message;

use crate::config::MINIMUM_SERVER_VERSION;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ClientId, Contract};

use super::FrameBuffer;

const START_API: u32 = 71;
const MARKET_DATA: u32 = 1;
const NEXT_VALID_ID: u32 = 209;
const ERROR_MESSAGE: u32 = 204;
const CLIENT_ID_IN_USE: i32 = 326;
const NEWEST_SERVER_VERSION: i32 = 226;

#[derive(Clone, PartialEq, Message)]
struct StartApiRequest {
    #[prost(int32, optional, tag = "1")]
    client_id: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct MarketDataRequest {
    #[prost(int32, optional, tag = "1")]
    request_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    contract: Option<WireContract>,
    #[prost(string, optional, tag = "3")]
    generic_ticks: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
struct WireContract {
    #[prost(int32, optional, tag = "1")]
    contract_id: Option<i32>,
    #[prost(string, optional, tag = "2")]
    symbol: Option<String>,
    #[prost(string, optional, tag = "3")]
    security_type: Option<String>,
    #[prost(string, optional, tag = "8")]
    exchange: Option<String>,
    #[prost(string, optional, tag = "10")]
    currency: Option<String>,
}

/// The part of IB's error message that is looked at.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ErrorMessage {
    #[prost(int32, optional, tag = "1")]
    pub(super) request_id: Option<i32>,
    #[prost(int32, optional, tag = "3")]
    pub(super) code: Option<i32>,
    #[prost(string, optional, tag = "4")]
    pub(super) text: Option<String>,
}

/// Reads a frame's body as an error message; `None` if it is another message.
pub(super) fn decode_error(body: &[u8]) -> Option<ErrorMessage> {
    let (id, message) = body.split_first_chunk::<4>()?;
    let is_error = u32::from_be_bytes(*id) == ERROR_MESSAGE;
    is_error.then(|| ErrorMessage::decode(message).ok()).flatten()
}

/// Opens a session on a fresh socket and waits until the gateway is ready for requests.
pub(super) fn open<S: Read + Write>(
    socket: &mut S,
    frames: &mut FrameBuffer,
    client_id: ClientId,
) -> Result<()> {
    let versions = format!("v{MINIMUM_SERVER_VERSION}..{NEWEST_SERVER_VERSION}");
    let greeting = [b"API\0", &framed(versions.as_bytes())[..]].concat();
    socket.write_all(&greeting).map_err(|error| lost(&error))?;
    check_version(&read_frame(socket, frames)?)?;
    let start = StartApiRequest { client_id: Some(client_id.0) };
    socket.write_all(&message(START_API, &start)).map_err(|error| lost(&error))?;
    loop {
        let body = read_frame(socket, frames)?;
        if let Some(error) = decode_error(&body) {
            refuse_held_id(&error, client_id)?;
        }
        if body.starts_with(&NEXT_VALID_ID.to_be_bytes()) {
            return Ok(());
        }
    }
}

/// Asks for a contract's market data.
pub(super) fn market_data(request_id: i32, contract: &Contract) -> Vec<u8> {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let request = MarketDataRequest {
        request_id: Some(request_id),
        contract: Some(WireContract {
            contract_id: contract.contract_id.map(|id| id.0),
            symbol: given(&contract.symbol),
            security_type: given(contract.security_type.as_str()),
            exchange: given(&contract.exchange),
            currency: given(&contract.currency),
        }),
        generic_ticks: None,
    };
    message(MARKET_DATA, &request)
}

fn message(id: u32, message: &impl Message) -> Vec<u8> {
    let mut body = (id + 200).to_be_bytes().to_vec();
    body.extend(message.encode_to_vec());
    framed(&body)
}

fn framed(body: &[u8]) -> Vec<u8> {
    // Our own requests are far below the 16 MiB limit of a frame.
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], body].concat()
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

fn refuse_held_id(error: &ErrorMessage, client_id: ClientId) -> Result<()> {
    if error.code != Some(CLIENT_ID_IN_USE) {
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
