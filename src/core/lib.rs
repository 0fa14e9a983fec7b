//! Everything of aioibkr that is true without Python.
//!
//! | module | owns |
//! |---|---|
//! | [`model`] | values only: ids, contracts, orders, market data, accounts |
//! | [`error`] | the one opaque [`Error`] and the questions one may ask it |
//! | [`config`] | what a caller may choose about a connection |
//! | [`clock`] | the only reader of the wall clock |
//! | [`feed`] | the market-data link: socket, thread and decoder of its own |
//!
//! Layer rule: values, then services, then `broker`, the one file that imports all of them;
//! nothing imports upwards.

pub mod clock;
pub mod config;
pub mod error;
pub mod feed;
pub mod model;

pub use config::Config;
pub use error::{Error, ErrorKind, Result};
