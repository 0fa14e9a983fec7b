//! The market-data link: its own socket, its own thread, its own decoder of streaming messages.
//!
//! | module | owns |
//! |---|---|
//! | `frames` | cutting a byte stream into frames without copying |
//! | `fields` | reading protobuf fields in place |
//! | `amount` | numbers, and what says that there is none |
//! | `reading` | fields as values with a meaning |
//! | `message` | the streaming messages as values |
//! | `tick` | one streaming message as a tick |
//! | `in_order` | the same, in the layout every gateway writes |
//! | `decode` | a frame's body as a message |
//! | `request` | what is asked of a gateway, as frames |
//! | `opening` | a socket to the first address and client id that is free |
//! | `handshake` | the few messages that open the link |
//! | `link` | the thread that owns the socket, and the handle of it |
//! | `tick_type` | which field of a quote a tick type moves |
//! | `sink` | who takes what the thread decodes |
//!
//! A flood here never delays the control link: the two share neither socket nor thread.

mod amount;
mod decode;
mod fields;
mod frames;
mod handshake;
mod in_order;
mod link;
mod message;
mod opening;
mod reading;
pub mod request;
mod sink;
mod tick;
mod tick_type;

pub use decode::{Malformed, decode};
pub use fields::Fields;
pub use frames::{FrameBuffer, FrameError};
pub use link::FeedLink;
pub use message::{
    DepthOperation, DepthUpdate, FeedBar, FeedBarTime, GatewayError, Message, OptionTick,
    TickByTick, TickByTickEvent, TickParameters, TickText,
};
pub use opening::{FeedLinkOptions, Opening};
pub use sink::Sink;
pub use tick::{Tick, decode_tick};
pub use tick_type::{field, is_delayed, name as tick_name};
