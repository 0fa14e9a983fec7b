//! One binary for every Rust test that goes through a public door.

mod core_gateway;
mod core_orders;
mod core_reading;
mod core_session;
