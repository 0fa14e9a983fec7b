//! More ticks than a reader takes: what is kept, what is counted, what waits (invariant 8, memory
//! is bounded with a stalled consumer). A flood numbers its ticks by their size.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use std::time::Duration;

use aioibkr_core::market_data::{Next, QuoteStream, TickColumns, TickStream};
use aioibkr_core::model::{Generation, Overflow};
use aioibkr_core::{Client, ErrorKind};
use aioibkr_mock_gateway::{FloodHandle, MockGateway, Prices};

use crate::core_gateway::{MILLI, eventually};
use crate::feed_books::Random;
use crate::feed_reader::{Reader, is_last, market, quotes, set_last, ticks_with};

const OPEN_PRICE: i32 = 14;
const LAST_PRICE: i32 = 4;
/// Most ticks that one read of the socket can bring: its bytes by those of the shortest tick.
const ONE_READ: usize = 256 * 1024 / 24;

/// A tick stream of AAPL that has taken everything told before.
async fn settled(
    gateway: &MockGateway,
    client: &Client,
    capacity: usize,
    overflow: Overflow,
) -> Reader<TickStream> {
    let ticks = ticks_with(client, &["AAPL"], capacity, overflow).await;
    mark(gateway, 1.0);
    ticks.find(|batch| has_mark(&batch.rows, 1.0)).await;
    ticks
}

/// Sends one tick, which is told from all others by its price.
fn mark(gateway: &MockGateway, price: f64) {
    gateway.set_price("AAPL", Prices { open: Some(price), ..Prices::default() }).unwrap();
}

fn has_mark(rows: &TickColumns, price: f64) -> bool {
    rows.tick_type.last() == Some(&OPEN_PRICE) && rows.price.last() == Some(&price)
}

/// Numbers of the flood's ticks among the rows.
fn numbers(rows: &TickColumns) -> Vec<u64> {
    let is_flood = |row: &usize| rows.tick_type[*row] == LAST_PRICE;
    (0..rows.time.len()).filter(is_flood).map(|row| rows.size[row] as u64).collect()
}

/// What can be taken without waiting.
fn take_waiting(ticks: &Reader<TickStream>) -> Vec<u64> {
    let mut taken = Vec::new();
    while let Next::Item(batch) = ticks.stream.take() {
        taken.extend(numbers(&batch.rows));
    }
    taken
}

fn is_ascending(numbers: &[u64]) -> bool {
    numbers.windows(2).all(|pair| pair[0] < pair[1])
}

/// Blocks a thread that is not the test's until everything is written.
async fn written(flood: FloodHandle) -> u64 {
    tokio::task::spawn_blocking(move || flood.wait()).await.unwrap()
}

/// Reads to the mark with pauses as the seed has them; returns the flood's ticks.
async fn read_slowly(ticks: &Reader<TickStream>, seed: u64, longest: Duration) -> Vec<u64> {
    let (mut random, mut taken) = (Random::seeded(seed), Vec::new());
    loop {
        let batch = ticks.next().await.unwrap();
        taken.extend(numbers(&batch.rows));
        if has_mark(&batch.rows, 2.0) {
            return taken;
        }
        if random.below(4) == 0 {
            tokio::time::sleep(longest * random.below(100) as u32 / 100).await;
        }
    }
}

/// Marks the end of what was told, and waits until all before it has been handed over: a quote is
/// published before the ticks of the same read are, so the second mark vouches for the first.
async fn told(gateway: &MockGateway, quotes: &Reader<QuoteStream>) {
    for price in [2.0, 3.0] {
        mark(gateway, price);
        quotes.find(|quote| quote.open == Some(price)).await;
    }
}

#[tokio::test]
async fn feed_conflate_keeps_the_newest_and_counts_the_rest_when_nobody_reads() {
    const COUNT: u64 = 200_000;
    let (gateway, client) = market().await;
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;
    for capacity in [1, 7, 1000, 50_000] {
        let ticks = settled(&gateway, &client, capacity, Overflow::Conflate).await;
        let lost_before = ticks.stream.lost();

        written(gateway.flood("AAPL", COUNT).unwrap()).await;
        told(&gateway, &quotes).await;
        let kept = take_waiting(&ticks);

        assert!(kept.len() <= capacity && (kept.len() + 2) * 4 >= capacity * 3, "{}", kept.len());
        assert!(kept == (COUNT - kept.len() as u64 + 1..=COUNT).collect::<Vec<_>>());
        let marks = ticks.stream.lost() - lost_before + kept.len() as u64 - COUNT;
        assert!(marks <= 2, "{marks}");
    }
}

#[tokio::test]
async fn feed_conflate_counts_exactly_at_any_speed() {
    const COUNT: u64 = 200_000;
    let (gateway, client) = market().await;
    for (seed, longest) in [(1, Duration::ZERO), (2, 2 * MILLI), (3, 20 * MILLI)] {
        let ticks = settled(&gateway, &client, 3000, Overflow::Conflate).await;

        let flood = gateway.flood("AAPL", COUNT).unwrap();
        let (taken, ()) = tokio::join!(read_slowly(&ticks, seed, longest), async {
            written(flood).await;
            mark(&gateway, 2.0);
        });

        assert!(is_ascending(&taken), "seed {seed}");
        assert_eq!(taken.len() as u64 + ticks.stream.lost(), COUNT, "seed {seed}");
        assert_eq!(taken.last(), Some(&COUNT));
    }
}

#[tokio::test]
async fn feed_block_loses_nothing_at_any_speed() {
    const COUNT: u64 = 100_000;
    let (gateway, client) = market().await;
    for (seed, capacity, longest) in [(1, 1, Duration::ZERO), (2, 500, MILLI), (3, 40_000, MILLI)] {
        let ticks = settled(&gateway, &client, capacity, Overflow::Block).await;

        let flood = gateway.flood("AAPL", COUNT).unwrap();
        let (taken, ()) = tokio::join!(read_slowly(&ticks, seed, longest), async {
            written(flood).await;
            mark(&gateway, 2.0);
        });

        assert!(taken == (1..=COUNT).collect::<Vec<_>>(), "seed {seed}: {} taken", taken.len());
        assert_eq!(ticks.stream.lost(), 0);
    }
}

/// Waits until a flood writes no more; returns how far it got.
async fn at_a_standstill(flood: &FloodHandle) -> u64 {
    loop {
        let before = flood.written();
        tokio::time::sleep(200 * MILLI).await;
        if before > 0 && flood.written() == before {
            return before;
        }
    }
}

#[tokio::test]
async fn feed_block_holds_the_gateway_back_and_not_the_control_link() {
    const COUNT: u64 = 5_000_000;
    let (gateway, client) = market().await;
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;
    let ticks = settled(&gateway, &client, 1000, Overflow::Block).await;

    let flood = gateway.flood("AAPL", COUNT).unwrap();
    let reached = at_a_standstill(&flood).await;
    assert!(reached < COUNT / 2, "{reached} of {COUNT}");
    assert!(client.server_time(None).await.is_ok());
    flood.cancel();
    ticks.stream.close();
    let kept = take_waiting(&ticks);

    assert!((1000..=1000 + ONE_READ).contains(&kept.len()), "{}", kept.len());
    set_last(&gateway, "AAPL", 99.0);
    quotes.find(is_last(99.0)).await;
}

/// What the socket still holds when a link ends is told before the gap, as far as it came.
#[tokio::test]
async fn feed_block_tells_all_that_came_before_a_lost_link() {
    let (gateway, client) = market().await;
    let ticks = settled(&gateway, &client, 1000, Overflow::Block).await;
    let flood = gateway.flood("AAPL", 5_000_000).unwrap();
    at_a_standstill(&flood).await;

    gateway.drop_connections().unwrap();
    let mut taken = Vec::new();
    loop {
        let batch = ticks.next().await.unwrap();
        if batch.is_gap {
            break;
        }
        taken.extend(numbers(&batch.rows));
    }

    assert!(taken.len() > 1000 && taken == (1..=taken.len() as u64).collect::<Vec<_>>());
    assert_eq!((ticks.stream.lost(), ticks.next().await.unwrap().generation), (0, Generation(2)));
}

#[tokio::test]
async fn feed_fail_ends_the_stream_and_says_how_many_were_not_kept() {
    const COUNT: u64 = 50_000;
    let (gateway, client) = market().await;
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;
    let ticks = settled(&gateway, &client, 1000, Overflow::Fail).await;

    written(gateway.flood("AAPL", COUNT).unwrap()).await;
    told(&gateway, &quotes).await;
    let kept = take_waiting(&ticks);
    let error = ticks.end().await.expect("a reader that is too slow");

    assert_eq!(error.kind(), ErrorKind::StreamLagged);
    assert!(kept.len() <= 1000, "{}", kept.len());
    assert_eq!(kept, (1..=kept.len() as u64).collect::<Vec<_>>(), "the oldest are kept");
    let marks = ticks.stream.lost() + kept.len() as u64 - COUNT;
    assert!((1..=2).contains(&marks), "{marks}");
    assert!(error.details()["lost"].parse::<u64>().unwrap() >= COUNT - kept.len() as u64);
}

#[tokio::test]
async fn feed_a_reader_in_time_never_lags() {
    let (gateway, client) = market().await;
    let ticks = settled(&gateway, &client, 100_000, Overflow::Fail).await;

    let flood = gateway.flood("AAPL", 100_000).unwrap();
    let (taken, ()) = tokio::join!(read_slowly(&ticks, 1, Duration::ZERO), async {
        written(flood).await;
        mark(&gateway, 2.0);
    });

    assert!(taken == (1..=100_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn feed_quotes_conflate_a_flood_and_count_what_was_replaced() {
    const COUNT: u64 = 100_000;
    let (gateway, client) = market().await;
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;

    written(gateway.flood("AAPL", COUNT).unwrap()).await;
    mark(&gateway, 2.0);
    let latest = || quotes.stream.latest(0).and_then(|quote| quote.open);
    eventually("the end of the flood", || latest() == Some(2.0)).await;

    let quote = quotes.next().await.unwrap();
    assert_eq!((quote.open, quote.last_size), (Some(2.0), Some(COUNT as f64)));
    assert!(quotes.stream.lost() > 0);
    assert!(!quotes.stream.has_news(), "one value waits, however many were told");
}
