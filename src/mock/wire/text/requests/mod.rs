//! Layouts of what clients send, a file per family (FORMAT section 5.1).

mod account;
mod contract;
mod history;
mod market_data;
mod news;
mod orders;
mod scanner;
mod session;
