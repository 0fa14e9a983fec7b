//! The market-data link: its own socket, its own thread, its own decoder of streaming messages.
//!
//! | module | owns |
//! |---|---|
//! | `frames` | cutting a byte stream into frames without copying |
//! | `fields` | reading protobuf fields in place |
//! | `message` | the streaming messages as values |
//! | `tick` | one streaming message as a tick |
//! | `columns` | ticks by column, bounded, with an exact count of what did not fit |
//! | `handshake` | the few messages that open the link and ask for data |
//! | `link` | the thread that reads the socket straight into the columns |
//!
//! A flood here never delays the control link: the two share neither socket nor thread.

mod columns;
mod fields;
mod frames;
mod handshake;
mod link;
mod message;
mod tick;

pub use columns::TickColumns;
pub use fields::Fields;
pub use frames::{FrameBuffer, FrameError};
pub use link::{FeedConfig, FeedLink};
pub use message::{
    DepthOperation, DepthUpdate, FeedBar, FeedBarTime, GatewayError, Message, OptionTick,
    TickByTick, TickByTickEvent, TickParameters, TickText,
};
pub use tick::{Tick, decode_tick};
