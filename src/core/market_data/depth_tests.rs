//! The table of what fits, and books against a naive model.

use super::super::random::Random;
use super::*;

const ROWS: usize = 3;

fn empty_fold(rows: usize) -> DepthFold {
    DepthFold::new(Arc::new(Contract::stock("AAPL")), rows, Generation(1))
}

fn update(operation: DepthOperation, position: i32, price: f64) -> DepthUpdate<'static> {
    DepthUpdate {
        request_id: 1,
        position,
        operation,
        is_bid: true,
        price,
        size: 10.0,
        market_maker: "",
    }
}

/// A book with bids of 9, 8 … from the top.
fn fold_of(bids: usize) -> DepthFold {
    let mut fold = empty_fold(ROWS);
    for row in 0..bids {
        fold.apply(1, &update(DepthOperation::Insert, row as i32, 9.0 - row as f64));
    }
    fold
}

fn prices(rows: &[DepthLevel]) -> Vec<f64> {
    rows.iter().map(|row| row.price).collect()
}

#[test]
fn each_update_fits_or_is_counted() {
    use DepthOperation::{Delete, Insert, Update};
    let table: [(usize, DepthOperation, i32, &[f64], u64); 17] = [
        (2, Insert, 0, &[5.0, 9.0, 8.0], 0),
        (2, Insert, 1, &[9.0, 5.0, 8.0], 0),
        (2, Insert, 2, &[9.0, 8.0, 5.0], 0),
        (1, Insert, 2, &[9.0], 1),
        (3, Insert, 0, &[5.0, 9.0, 8.0], 0),
        (3, Insert, 3, &[9.0, 8.0, 7.0], 0),
        (3, Insert, 4, &[9.0, 8.0, 7.0], 1),
        (2, Insert, -1, &[9.0, 8.0], 1),
        (2, Update, 1, &[9.0, 5.0], 0),
        (2, Update, 2, &[9.0, 8.0, 5.0], 0),
        (1, Update, 2, &[9.0], 1),
        (3, Update, 3, &[9.0, 8.0, 7.0], 0),
        (2, Delete, 0, &[8.0], 0),
        (2, Delete, 2, &[9.0, 8.0], 1),
        (3, Delete, 3, &[9.0, 8.0, 7.0], 0),
        (3, Delete, i32::MAX, &[9.0, 8.0, 7.0], 1),
        (0, Delete, 0, &[], 1),
    ];

    for (bids, operation, position, expected, anomalies) in table {
        let mut fold = fold_of(bids);
        fold.apply(2, &update(operation, position, 5.0));

        let book = fold.book();
        let case = format!("{operation:?} of {position} among {bids}");
        assert_eq!((&*prices(&book.bids), book.anomalies), (expected, anomalies), "{case}");
    }
}

#[test]
fn a_row_that_is_no_number_does_not_fit() {
    let unsound = [(f64::NAN, 1.0), (f64::INFINITY, 1.0), (f64::MAX, 1.0), (1.0, f64::NAN)];
    for (price, size) in unsound.into_iter().chain([(1.0, -1.0), (1.0, f64::MAX)]) {
        let mut fold = fold_of(1);

        fold.apply(2, &DepthUpdate { size, ..update(DepthOperation::Update, 0, price) });
        assert_eq!((prices(&fold.book().bids), fold.book().anomalies), (vec![9.0], 1));

        fold.apply(2, &DepthUpdate { size, ..update(DepthOperation::Delete, 0, price) });
        assert_eq!((fold.book().bids.len(), fold.book().anomalies), (0, 1), "{price} {size}");
    }
}

#[test]
fn a_reset_book_is_a_gap_until_its_first_row_d1() {
    let mut fold = fold_of(2);
    fold.apply(5, &update(DepthOperation::Delete, 9, 0.0));

    fold.reset();
    let gap = fold.book();
    fold.apply(7, &update(DepthOperation::Insert, 0, 4.0));

    assert_eq!((gap.is_gap, gap.bids.len(), gap.asks.len(), gap.anomalies), (true, 0, 0, 1));
    assert_eq!(gap.received_at.unix_timestamp_nanos(), 1, "the ignored delete is no news");
    assert_eq!((fold.book().is_gap, prices(&fold.book().bids)), (false, vec![4.0]));
}

#[test]
fn a_new_link_empties_the_book() {
    let mut fold = fold_of(2);

    fold.gap(Generation(2));

    let book = fold.book();
    assert_eq!((book.generation, book.is_gap, book.bids.len()), (Generation(2), true, 0));
}

#[test]
fn a_market_maker_is_shared_among_its_rows() {
    let mut fold = empty_fold(ROWS);
    for is_bid in [true, false] {
        let row =
            DepthUpdate { is_bid, market_maker: "ARCA", ..update(DepthOperation::Insert, 0, 1.0) };
        fold.apply(1, &row);
    }

    let book = fold.book();
    let makers = book.bids[0].market_maker.as_ref().zip(book.asks[0].market_maker.as_ref());
    assert!(makers.is_some_and(|(bid, ask)| &**bid == "ARCA" && Arc::ptr_eq(bid, ask)));
    assert_eq!(fold_of(1).book().bids[0].market_maker, None);
}

#[test]
fn a_book_may_be_crossed_and_says_so() {
    let mut fold = fold_of(1);
    fold.apply(2, &DepthUpdate { is_bid: false, ..update(DepthOperation::Insert, 0, 9.0) });
    assert!(!fold.book().is_crossed(), "locked, not crossed");

    fold.apply(3, &DepthUpdate { is_bid: false, ..update(DepthOperation::Update, 0, 8.5) });

    assert!(fold.book().is_crossed());
    assert_eq!(fold.book().anomalies, 0);
}

/// One side as the table of the module says, made anew for every update.
#[derive(Debug, Default)]
struct NaiveSide(Vec<(f64, f64, &'static str)>);

impl NaiveSide {
    /// Applies an update; `false` if it does not fit.
    fn apply(&mut self, update: &DepthUpdate<'static>, rows: usize) -> bool {
        let row = (update.price, update.size, update.market_maker);
        let is_sound = update.price.is_finite() && update.size >= 0.0;
        let place = update.position;
        if place < 0 || place as usize > self.0.len() {
            return false;
        }
        let place = place as usize;
        let (above, from) = self.0.split_at(place);
        let below = from.get(1..).unwrap_or_default();
        let (whole, fits) = match update.operation {
            DepthOperation::Delete => ([above, below].concat(), !from.is_empty() || place == rows),
            _ if !is_sound => return false,
            DepthOperation::Insert => ([above, &[row], from].concat(), true),
            DepthOperation::Update => ([above, &[row], below].concat(), true),
        };
        self.0 = whole.into_iter().take(rows).collect();
        fits
    }

    fn equals(&self, rows: &[DepthLevel]) -> bool {
        let is_same = |(naive, row): (&(f64, f64, &str), &DepthLevel)| {
            *naive == (row.price, row.size, row.market_maker.as_deref().unwrap_or_default())
        };
        self.0.len() == rows.len() && self.0.iter().zip(rows).all(is_same)
    }
}

fn random_update(random: &mut Random, rows: usize) -> DepthUpdate<'static> {
    use DepthOperation::{Delete, Insert, Update};
    DepthUpdate {
        request_id: 1,
        position: random.below(rows as u64 + 3) as i32 - 1,
        operation: random.pick(&[Insert, Insert, Update, Update, Delete]),
        is_bid: random.below(2) == 0,
        price: if random.below(50) == 0 { f64::NAN } else { random.below(1_000) as f64 / 4.0 },
        size: random.below(500) as f64 - 1.0,
        market_maker: random.pick(&["", "ARCA", "NYSE", "ISLAND"]),
    }
}

#[test]
fn books_equal_a_naive_model_after_a_million_updates() {
    for (seed, rows) in [(1, 1), (2, 5), (3, 10), (4, 20)] {
        let mut random = Random::seeded(seed);
        let mut fold = empty_fold(rows);
        let (mut sides, mut anomalies) = ([NaiveSide::default(), NaiveSide::default()], 0);

        for count in 0..250_000 {
            if random.below(2_000) == 0 {
                fold.reset();
                sides = Default::default();
            }
            let update = random_update(&mut random, rows);
            fold.apply(count, &update);
            let side = &mut sides[usize::from(update.is_bid)];
            anomalies += u64::from(!side.apply(&update, rows));

            let told = if update.is_bid { &fold.bids } else { &fold.asks };
            assert!(
                side.equals(told),
                "seed {seed}, update {count}: {update:?}\n{side:?}\n{told:?}"
            );
        }
        assert_eq!(fold.book().anomalies, anomalies, "seed {seed}");
    }
}
