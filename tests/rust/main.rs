//! One binary for every Rust test that goes through a public door.

mod mock_accounts;
mod mock_fixture;
mod mock_history;
mod mock_market_data;
mod mock_market_rules;
mod mock_order_clients;
mod mock_order_life;
mod mock_order_story;
mod mock_order_types;
mod mock_orders;
mod mock_session;
mod mock_wire;
