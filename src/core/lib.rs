//! Everything of aioibkr that is true without Python.
//!
//! | module | owns |
//! |---|---|
//! | [`model`] | values only: ids, contracts, orders, market data, accounts |
//! | [`error`] | the one opaque [`Error`] and the questions one may ask it |
//! | [`config`] | what a caller may choose about a connection |
//! | [`clock`] | the only reader of the wall clock; deadlines |
//! | `life` | when a link last gave a sign of life |
//! | [`lease`] | which program of this machine holds which client id |
//! | `lock` | how locks are taken |
//! | [`metrics`] | what a client counts |
//! | [`events`] | what happens to a client: listeners, failures, alerts |
//! | `pacing` | IB's limits on what may be sent, one schedule per gateway address |
//! | `stranger` | what listens where a gateway was meant |
//! | [`feed`] | the market-data link: socket, thread and decoder of its own |
//! | `gateway` | the one door to the gateway: names the ibapi crate |
//! | [`session`] | opens links, one after the other; its state machine |
//! | `contracts` | lookup, qualification, cache |
//! | [`market_data`] | quotes, streams of the feed link, historical bars |
//! | `accounts` | values, positions, P&L |
//! | `risk` | whether an order may be sent: pure rules |
//! | [`orders`] | the desk, the one task that owns the book of orders |
//! | [`client`] | the client: composition of all the others |
//!
//! Layer rule: values, then services, then `client`, the one file that imports all of them;
//! nothing imports upwards.

mod accounts;
pub mod client;
pub mod clock;
pub mod config;
mod contracts;
pub mod error;
pub mod events;
pub mod feed;
mod gateway;
pub mod lease;
mod life;
mod lock;
pub mod market_data;
pub mod metrics;
pub mod model;
pub mod orders;
mod pacing;
mod risk;
pub mod session;
mod stranger;

pub use client::Client;
pub use config::Config;
pub use error::{Error, ErrorKind, Result};
pub use metrics::Metrics;
pub use orders::TradeHandle;
