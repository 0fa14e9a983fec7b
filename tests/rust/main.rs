//! One binary for every Rust test that goes through a public door.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what cannot be set up fails its test")]

mod core_gateway;
mod core_orders;
mod core_reading;
mod core_refusals;
mod core_session;
mod core_stalled;
mod mock_accounts;
mod mock_advisor;
mod mock_bad_input;
mod mock_combos;
mod mock_depth;
mod mock_faults;
mod mock_fixture;
mod mock_history;
mod mock_limits;
mod mock_market_data;
mod mock_market_rules;
mod mock_news;
mod mock_order_clients;
mod mock_order_life;
mod mock_order_story;
mod mock_order_types;
mod mock_orders;
mod mock_prices;
mod mock_raw;
mod mock_reference;
mod mock_replay;
mod mock_scenario;
mod mock_session;
mod mock_ticks;
mod mock_walking;
mod mock_wire;
