//! The plain `ibapi` crate at the same work, without our core and without Python.

use std::sync::Arc;
use std::time::Instant;

use ibapi::Client;
use ibapi::contracts::Contract;
use ibapi::market_data::TradingHours;
use ibapi::market_data::historical::{BarSize, Duration, WhatToShow};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use crate::{Outcome, cpu_nanoseconds};

const CLIENT_ID: i32 = 4002;

pub(crate) fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Server-time requests, one after the other and then 100 tasks at once.
pub(crate) fn server_time(address: &str, sequential: usize, concurrent: usize) -> Outcome {
    runtime()?.block_on(async {
        let client = Arc::new(Client::connect(address, CLIENT_ID).await?);
        println!("ready");
        let mut latencies = Vec::with_capacity(sequential);
        for _ in 0..sequential {
            let start = Instant::now();
            client.server_time().await?;
            latencies.push(start.elapsed().as_secs_f64());
        }
        latencies.sort_by(f64::total_cmp);
        let start = Instant::now();
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let client = Arc::clone(&client);
                tokio::spawn(async move {
                    for _ in 0..concurrent / 100 {
                        client.server_time().await?;
                    }
                    Ok::<(), ibapi::Error>(())
                })
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        let wall = start.elapsed().as_secs_f64();
        Ok(json!({
            "sequential_p50_s": latencies[sequential / 2],
            "concurrent_per_s": concurrent as f64 / wall,
        }))
    })
}

/// One-second bars over a number of trading days.
pub(crate) fn bars(address: &str, days: i32) -> Outcome {
    runtime()?.block_on(async {
        let client = Client::connect(address, CLIENT_ID).await?;
        println!("ready");
        let contract = Contract::stock("AAPL").build();
        let (cpu, wall) = (cpu_nanoseconds(), Instant::now());
        let data = client
            .historical_data(&contract, BarSize::Sec)
            .what_to_show(WhatToShow::Trades)
            .trading_hours(TradingHours::Regular)
            .duration(Duration::days(days))
            .fetch()
            .await?;
        Ok(json!({
            "bars": data.bars.len(),
            "cpu_ns": i64::try_from(cpu_nanoseconds() - cpu)?,
            "wall_s": wall.elapsed().as_secs_f64(),
        }))
    })
}
