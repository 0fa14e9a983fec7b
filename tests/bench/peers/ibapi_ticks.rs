//! Market data with the plain `ibapi` crate: a subscription and a task for each line.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use ibapi::Client;
use ibapi::contracts::Contract;
use ibapi::market_data::realtime::TickTypes;
use ibapi::subscriptions::{Subscription, SubscriptionItem};
use serde_json::json;

use crate::plain_ibapi::runtime;
use crate::{Outcome, cpu_nanoseconds, symbol};

const CLIENT_ID: i32 = 4004;
/// How long the first bursts of all lines may take.
const QUIET: Duration = Duration::from_millis(500);

type Failure = Box<dyn std::error::Error>;

/// What all readers share.
#[derive(Default)]
struct Tally {
    seen: AtomicU64,
    is_open: AtomicBool,
    /// When the flood reached the first reader: CPU time and time.
    started: OnceLock<(i128, Instant)>,
}

/// Reads a flood of `ticks` over all lines. The crate drops what a reader is too slow for, so the
/// outcome says how many were lost.
pub(crate) fn flood(address: &str, lines: i32, ticks: u64) -> Outcome {
    let count = ticks / u64::try_from(lines)?;
    runtime()?.block_on(async {
        let (_client, subscriptions) = subscribe(address, lines).await?;
        let tally = Arc::new(Tally::default());
        let read = |subscription| tokio::spawn(read(subscription, Arc::clone(&tally), count));
        let readers: Vec<_> = subscriptions.into_iter().map(read).collect();
        tokio::time::sleep(QUIET).await;
        tally.is_open.store(true, Ordering::Relaxed);
        println!("ready");
        for reader in readers {
            reader.await?;
        }
        let (cpu, wall) = tally.started.get().ok_or("no tick came")?;
        let seen = tally.seen.load(Ordering::Relaxed);
        Ok(json!({
            "ticks": seen,
            "cpu_ns": i64::try_from(cpu_nanoseconds() - cpu)?,
            "wall_s": wall.elapsed().as_secs_f64(),
            "lost": (count * u64::try_from(lines)?).saturating_sub(seen),
        }))
    })
}

/// Opens lines and says how large the process is.
pub(crate) fn memory(address: &str, lines: i32) -> Outcome {
    runtime()?.block_on(async {
        let (_client, subscriptions) = subscribe(address, lines).await?;
        tokio::time::sleep(QUIET).await;
        println!("ready");
        let pages = std::fs::read_to_string("/proc/self/statm")?;
        let pages: u64 = pages.split(' ').nth(1).ok_or("statm has no size")?.parse()?;
        let page = rustix::param::page_size() as u64;
        drop(subscriptions);
        Ok(json!({ "rss_mb": (pages * page) as f64 / 1e6 }))
    })
}

async fn subscribe(
    address: &str,
    lines: i32,
) -> Result<(Client, Vec<Subscription<TickTypes>>), Failure> {
    let client = Client::connect(address, CLIENT_ID).await?;
    let mut subscriptions = Vec::new();
    for line in 1..=lines {
        let contract = Contract::stock(symbol(line)).build();
        subscriptions.push(client.market_data(&contract).subscribe().await?);
    }
    Ok((client, subscriptions))
}

/// Reads one line up to the tick numbered `count`.
async fn read(mut subscription: Subscription<TickTypes>, tally: Arc<Tally>, count: u64) {
    while let Some(item) = subscription.next().await {
        let Ok(SubscriptionItem::Data(TickTypes::PriceSize(tick))) = item else { continue };
        if !tally.is_open.load(Ordering::Relaxed) {
            continue;
        }
        tally.started.get_or_init(|| (cpu_nanoseconds(), Instant::now()));
        tally.seen.fetch_add(1, Ordering::Relaxed);
        if tick.size >= count as f64 {
            return;
        }
    }
}
