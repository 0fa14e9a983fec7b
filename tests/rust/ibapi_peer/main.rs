//! The `ibapi` crate against a gateway: does each operation of the conformance list and prints what it
//! read as JSON. Runs with `HOST PORT`; links nothing of ours.

mod account_operations;
mod contract_operations;
mod history_operations;
mod order_operations;
mod price_operations;
mod session;

use std::io::Write;

use account_operations::*;
use contract_operations::*;
use history_operations::*;
use order_operations::*;
use price_operations::*;
use session::{PATIENCE, Read, Session};

/// Does the operations in turn; one that fails is an answer too.
macro_rules! operations {
    ($session:ident: $($name:ident)+) => {{
        let mut read = serde_json::Map::new();
        $(
            let done = tokio::time::timeout(PATIENCE, $name($session)).await;
            let done: Read = done.unwrap_or_else(|late| Err(late.into()));
            let answer = done.unwrap_or_else(|failure| format!("failed: {failure}").into());
            read.insert(stringify!($name).to_owned(), answer);
        )+
        read
    }};
}

async fn all(session: &mut Session) -> serde_json::Map<String, serde_json::Value> {
    operations!(session:
        server_version managed_accounts server_time account_summary account_value portfolio
        positions contract_details futures forex ambiguous_contract unknown_contract quote snapshot
        not_entitled delayed_quote historical_bars pnl pnl_single market_order limit_order
        open_orders all_open_orders cancel global_cancel refused_order what_if completed_orders
        executions positions_multi account_updates_multi family_codes user_info symbol_search
        option_parameters market_rule smart_components depth_exchanges depth smart_depth
        generic_tick tick_by_tick_last tick_by_tick_bid_ask tick_by_tick_mid_point real_time_bars
        historical_bars_set live_bars historical_ticks historical_quotes head_timestamp histogram
        schedule scanner_parameters scanner news_providers historical_news news_article
        news_bulletins option_contract option_price implied_volatility bracket_order modify_order
    )
}

#[tokio::main]
async fn main() -> Result<(), session::Failure> {
    let mut words = std::env::args().skip(1);
    let (host, port) = (words.next().ok_or("no host")?, words.next().ok_or("no port")?);
    let mut session = Session::connect(&format!("{host}:{port}")).await?;
    let read = all(&mut session).await;
    writeln!(std::io::stdout(), "{}", serde_json::Value::Object(read))?;
    session.client.disconnect().await;
    Ok(())
}
