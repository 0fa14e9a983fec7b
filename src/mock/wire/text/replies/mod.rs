//! Layouts of what the gateway sends, a file per family (FORMAT section 5.2).

mod account;
mod contract;
pub(super) mod history;
mod market_data;
mod news;
mod orders;
mod session;
