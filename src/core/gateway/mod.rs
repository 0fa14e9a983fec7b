//! The one door to the gateway: the only module that names the `ibapi` crate.
//!
//! | file | holds |
//! |---|---|
//! | `connect` | opening one link, and why that failed |
//! | `probe` | which version a gateway that hangs up would offer |
//! | `link` | one live link, its end, requests with deadlines |
//! | `server_time` | the gateway's clock, asked once for all who ask within a time |
//! | `withdrawing` | cancels of dropped requests take turns too |
//! | `zones` | names of time zones |
//! | `codes` | what an error of the wire means |
//! | `convert` | contracts and numbers, both directions |
//! | `accounts` `contracts` `market_data` `history` `orders` | one request family each |
//!
//! Nothing here retries, except that a request without an id is asked once more when an error
//! without an id, which cannot be told apart from its own, ended it.

mod accounts;
mod codes;
mod connect;
mod contracts;
mod convert;
mod history;
mod link;
mod market_data;
mod orders;
mod probe;
mod server_time;
mod times;
mod withdrawing;
mod zones;

pub(crate) use accounts::AccountEvent;
pub(crate) use connect::{Failure, LinkOptions, Opening};
pub(crate) use link::{Items, Link};
pub(crate) use market_data::Tick;
pub(crate) use orders::{Listing, OrderEvents};
