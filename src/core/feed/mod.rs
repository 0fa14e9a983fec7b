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
//! | `columns` | ticks by column, bounded, with an exact count of what did not fit |
//! | [`request`] | what is asked on the link |
//! | `handshake` | agreeing on a version, and waiting until requests are taken |
//! | `link` | the thread that reads the socket straight into the columns |
//!
//! A flood here never delays the control link: the two share neither socket nor thread.

mod amount;
mod columns;
mod decode;
mod fields;
mod frames;
mod handshake;
mod in_order;
mod link;
mod message;
mod reading;
pub mod request;
mod tick;

pub use columns::TickColumns;
pub use decode::{Malformed, decode};
pub use fields::Fields;
pub use frames::{FrameBuffer, FrameError};
pub use link::{FeedConfig, FeedLink};
pub use message::{
    DepthOperation, DepthUpdate, FeedBar, FeedBarTime, GatewayError, Message, OptionTick,
    TickByTick, TickByTickEvent, TickParameters, TickText,
};
pub use tick::{Tick, decode_tick};
