//! One binary for every Rust test that goes through a public door.

mod core_gateway;
mod core_orders;
mod core_reading;
mod core_session;
mod core_stalled;
mod mock_accounts;
mod mock_fixture;
mod mock_history;
mod mock_market_data;
mod mock_orders;
mod mock_session;
mod mock_wire;
