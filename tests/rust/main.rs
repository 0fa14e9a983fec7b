//! One binary for every Rust test that goes through a public door.

mod core_gateway;
mod core_orders;
mod core_reading;
mod core_refusals;
mod core_session;
mod core_stalled;
mod mock_accounts;
mod mock_bad_input;
mod mock_faults;
mod mock_fixture;
mod mock_history;
mod mock_limits;
mod mock_market_data;
mod mock_orders;
mod mock_raw;
mod mock_replay;
mod mock_scenario;
mod mock_session;
mod mock_wire;
