//! A frame's body as a message, read in place.
//!
//! | module | owns |
//! |---|---|
//! | `market` | texts, greeks and parameters of a market |
//! | `tick_by_tick` | the three kinds of ticks one by one |
//! | `depth` | changes of a book |
//! | `bars` | bars, alone and by the answer |
//! | `session` | errors |
//!
//! Every value is either what the gateway meant, the documented `None`, or the reason why the whole
//! message is [`Malformed`]. Nothing is allocated but the bars of a whole answer.

mod bars;
mod depth;
mod market;
mod session;
mod tick_by_tick;

#[cfg(test)]
pub(super) mod encoded;
#[cfg(test)]
mod fuzz_tests;

use std::fmt;

use super::fields::Fields;
use super::message::Message;
use super::reading::{BadField, Read, request, whole};
use super::tick::{self, decode_tick};

/// From this wire id on, a message is protobuf.
const PROTOBUF: u32 = 200;

/// IB's numbers are far below this; a greater one is no message id.
const NO_MESSAGE: u32 = 1_000;

/// A message that cannot be read, or whose values cannot be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// IB's message number; 0 if there is none.
    pub message: u32,
    /// IB's name of the field; `protobuf` if the message ends in the middle of one.
    pub field: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {} has a bad {}", self.message, self.field)
    }
}

impl std::error::Error for Malformed {}

impl Malformed {
    /// Whether the bytes are no message at all, so that what follows cannot be trusted either; else
    /// one field is out of its range.
    #[must_use]
    pub fn is_garbage(&self) -> bool {
        matches!(self.field, "protobuf" | "message id")
    }
}

/// Reads a frame's body, as [`FrameBuffer`](super::FrameBuffer) hands it out.
///
/// # Errors
/// The message is malformed; the frames after it are not touched by that.
#[inline]
pub fn decode(body: &[u8]) -> Result<Message<'_>, Malformed> {
    match decode_tick(body) {
        Some(tick) => Ok(Message::Tick(tick)),
        None => decode_other(body),
    }
}

/// All messages; malformed ticks come here to have their field named.
fn decode_other(body: &[u8]) -> Result<Message<'_>, Malformed> {
    let Some((id, message)) = body.split_first_chunk::<4>() else {
        return Err(Malformed { message: 0, field: "message id" });
    };
    let id = u32::from_be_bytes(*id);
    if id > NO_MESSAGE {
        return Err(Malformed { message: id, field: "message id" });
    }
    match id.checked_sub(PROTOBUF).filter(|number| *number > 0) {
        Some(number) => {
            read(number, message).map_err(|BadField(field)| Malformed { message: number, field })
        }
        None => Ok(Message::Other(id)),
    }
}

fn read(number: u32, message: &[u8]) -> Read<Message<'_>> {
    match number {
        1 => tick::price(message).map(Message::Tick),
        2 => tick::size(message).map(Message::Tick),
        4 => session::error(message).map(Message::Error),
        12 | 13 => depth::update(message).map(Message::Depth),
        17 => bars::history(message),
        21 => market::option(message).map(Message::OptionTick),
        45 => tick::generic(message).map(Message::Tick),
        46 => market::text(message).map(Message::TickText),
        49 | 109 => session::server_time(message).map(|()| Message::ServerTime),
        50 => bars::real_time(message).map(Message::RealTimeBar),
        57 => addressed(message).map(|request_id| Message::SnapshotEnd { request_id }),
        58 => market::data_type(message),
        81 => market::parameters(message).map(Message::TickParameters),
        90 => bars::update(message).map(Message::BarUpdate),
        99 => tick_by_tick::tick(message).map(Message::TickByTick),
        108 => addressed(message).map(|request_id| Message::BarsEnd { request_id }),
        _ => Ok(Message::Other(number)),
    }
}

/// The request id of a message of which nothing else is needed.
fn addressed(message: &[u8]) -> Read<i32> {
    let mut id = None;
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        if number == 1 {
            id = value.int();
        }
    }
    whole(&fields)?;
    request(id)
}
