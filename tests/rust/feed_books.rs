//! Properties of the feed over a real socket: books equal the exchange's own and quotes equal a
//! fold of their ticks, whatever happens. A failure names the command that repeats it.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use aioibkr_core::Client;
use aioibkr_core::market_data::TickColumns;
use aioibkr_core::model::{DepthBook, DepthLevel, Quote};
use aioibkr_mock_gateway::{DepthRow, Fault, MockGateway, Prices};

use crate::core_gateway::eventually;
use crate::feed_reader::{
    FEED, asked, depth, feed_generation, feed_link, market, quotes, strike_once, ticks,
};

const ROWS: usize = 5;

/// Xorshift: the same seed gives the same numbers.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn seeded(seed: u64) -> Self {
        // The state must not be 0; multiplying by an odd number keeps seeds apart.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }
}

/// The seeds to try: the one of the environment, to repeat a failure, else all of these.
fn seeds() -> Vec<u64> {
    match std::env::var("FEED_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => vec![1, 2, 3],
    }
}

/// The command that repeats a failure.
fn repeat(test: &str, seed: u64) -> String {
    format!("repeat with: FEED_SEED={seed} cargo nextest run -p aioibkr-tests -E 'test({test})'")
}

fn random_side(random: &mut Random, best: f64, step: f64) -> Vec<DepthRow> {
    let makers = ["ARCA", "NASDAQ", "BATS"];
    let rows = random.below(ROWS as u64 + 3);
    let row = |row| DepthRow {
        price: best + step * (row + random.below(2)) as f64,
        size: 1.0 + random.below(9) as f64,
        maker: makers[random.below(3) as usize].into(),
    };
    (0..rows).map(row).collect()
}

fn same_side(told: &[DepthLevel], set: &[DepthRow]) -> bool {
    let set = &set[..set.len().min(ROWS)];
    let same = |(told, set): (&DepthLevel, &DepthRow)| {
        (told.price, told.size, told.market_maker.as_deref().unwrap_or_default())
            == (set.price, set.size, set.maker.as_str())
    };
    told.len() == set.len() && told.iter().zip(set).all(same)
}

/// Changes the book many times, at times with a reset or with a link that is lost; returns the
/// sides as they are at the end.
async fn stir(
    gateway: &MockGateway,
    client: &Client,
    random: &mut Random,
) -> (Vec<DepthRow>, Vec<DepthRow>) {
    match random.below(12) {
        0 => gateway.reset_depth("AAPL").unwrap(),
        1 => {
            let next = feed_generation(client).0 + 1;
            strike_once(gateway, FEED, Fault::Reset("market_depth_l2".into()));
            gateway.reset_depth("AAPL").unwrap();
            let (bids, asks) = ([row(1.0)], [row(2.0)]);
            gateway.set_depth("AAPL", &bids, &asks).unwrap();
            feed_link(client, next).await;
        }
        _ => {}
    }
    let mut sides = (Vec::new(), Vec::new());
    for _ in 0..=random.below(60) {
        sides = (random_side(random, 100.0, -1.0), random_side(random, 101.0, 1.0));
        gateway.set_depth("AAPL", &sides.0, &sides.1).unwrap();
    }
    sides
}

fn row(price: f64) -> DepthRow {
    DepthRow { price, size: 1.0, maker: "ARCA".into() }
}

#[tokio::test]
async fn feed_books_equal_the_exchange_through_resets_and_lost_links() {
    for seed in seeds() {
        let mut random = Random::seeded(seed);
        let (gateway, client) = market().await;
        let books = depth(&client, "AAPL", ROWS as i32).await;

        for round in 0..150 {
            let (bids, asks) = stir(&gateway, &client, &mut random).await;
            let is_same =
                |book: &DepthBook| same_side(&book.bids, &bids) && same_side(&book.asks, &asks);
            let waiting = books.find(|book| is_same(book));
            let found = tokio::time::timeout(crate::core_gateway::SECOND * 5, waiting).await;

            let latest = books.stream.latest(0);
            let report = || repeat("feed_books_equal", seed);
            assert!(found.is_ok(), "round {round}: {latest:?} {bids:?} {asks:?}\n{}", report());
            assert_eq!(found.unwrap().anomalies, 0, "round {round}\n{}", report());
        }
    }
}

/// The quote that ticks make: what the test expects, in as few words as it takes.
#[derive(Debug, Default, PartialEq)]
struct Fold([Option<f64>; 11]);

/// Tick types of bid, ask, last, their sizes, volume, high, low, open and close.
const FIELDS: [i32; 11] = [1, 2, 4, 0, 3, 5, 8, 6, 7, 14, 9];

impl Fold {
    fn add(&mut self, rows: &TickColumns) {
        for row in 0..rows.time.len() {
            let number = |value: f64| (!value.is_nan()).then_some(value);
            let (price, size) = (number(rows.price[row]), number(rows.size[row]));
            let Some(place) = FIELDS.iter().position(|kind| *kind == rows.tick_type[row]) else {
                continue;
            };
            match place {
                3..=6 => self.0[place] = size,
                _ => self.0[place] = price,
            }
            if place < 3 && size.is_some() {
                self.0[place + 3] = size;
            }
        }
    }

    fn of(quote: &Quote) -> Self {
        Self([
            quote.bid,
            quote.ask,
            quote.last,
            quote.bid_size,
            quote.ask_size,
            quote.last_size,
            quote.volume,
            quote.high,
            quote.low,
            quote.open,
            quote.close,
        ])
    }
}

fn random_prices(random: &mut Random) -> Prices {
    let mut some = |least: f64| {
        let value = least + random.below(500) as f64 / 100.0;
        (random.below(3) == 0).then_some(value)
    };
    Prices {
        bid: some(90.0),
        ask: some(95.0),
        last: some(92.0),
        bid_size: some(1.0),
        ask_size: some(0.0),
        last_size: some(1.0),
        volume: some(1000.0),
        high: some(99.0),
        low: some(80.0),
        close: some(91.0),
        open: None,
    }
}

/// Moves the market, at times away or off the link; ends with `mark`, which is told last.
async fn move_market(gateway: &MockGateway, client: &Client, random: &mut Random, mark: f64) {
    for _ in 0..=random.below(40) {
        match random.below(10) {
            0 => gateway.clear_price("AAPL").unwrap(),
            _ => gateway.set_price("AAPL", random_prices(random)).unwrap(),
        }
    }
    if random.below(6) == 0 {
        let (next, requests) = (feed_generation(client).0 + 1, asked(gateway, "req_mkt_data"));
        strike_once(gateway, FEED, Fault::Reset("tick_price".into()));
        gateway.set_price("AAPL", Prices { bid: Some(1.0), ..Prices::default() }).unwrap();
        feed_link(client, next).await;
        eventually("the line", || asked(gateway, "req_mkt_data") > requests).await;
    }
    gateway.set_price("AAPL", Prices { open: Some(mark), ..Prices::default() }).unwrap();
}

#[tokio::test]
async fn feed_quotes_equal_a_fold_of_their_ticks() {
    for seed in seeds() {
        let mut random = Random::seeded(seed);
        let (gateway, client) = market().await;
        let (ticks, quotes) = (ticks(&client, &["AAPL"]).await, quotes(&client, &["AAPL"]).await);
        let mut fold = Fold::default();

        for round in 0..60 {
            let mark = Some(f64::from(round) + 1.0);
            move_market(&gateway, &client, &mut random, f64::from(round) + 1.0).await;
            while fold.0[9] != mark {
                let batch = ticks.next().await.unwrap();
                if batch.is_gap {
                    fold = Fold::default();
                }
                fold.add(&batch.rows);
            }
            let quote = quotes.find(|quote| quote.open == mark).await;

            let report = repeat("feed_quotes_equal", seed);
            assert_eq!(Fold::of(&quote), fold, "round {round}\n{report}");
        }
        assert_eq!(ticks.stream.lost(), 0);
    }
}
