//! The book of an instrument by rows, and what changes from one book to another. Pure.

use rust_decimal::Decimal;

use super::instrument::Instrument;
use super::quote::Quote;

/// One row of one side.
#[derive(Default, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) price: Decimal,
    pub(crate) size: Decimal,
    /// The maker or exchange behind it.
    pub(crate) maker: String,
}

/// Both sides, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Depth {
    pub(crate) bids: Vec<Level>,
    pub(crate) asks: Vec<Level>,
}

/// Rows of a book nobody set.
const ROWS: i64 = 5;

impl Depth {
    /// A book around a quote: its best rows are the quote's, further ones a step apart and larger.
    pub(crate) fn around(quote: &Quote, instrument: &Instrument, makers: &[&str]) -> Self {
        let side = |best: Option<Decimal>, size: Decimal, direction: Decimal| {
            let rows = best.into_iter().flat_map(move |best| (0..ROWS).map(move |row| (best, row)));
            let level = |(best, row): (Decimal, i64)| Level {
                price: best + direction * instrument.step_at(best) * Decimal::from(row),
                size: size + Decimal::from(100 * row),
                maker: maker(makers, row),
            };
            rows.map(level).filter(|level| level.price > Decimal::ZERO).collect()
        };
        Self {
            bids: side(quote.bid, quote.bid_size, Decimal::NEGATIVE_ONE),
            asks: side(quote.ask, quote.ask_size, Decimal::ONE),
        }
    }

    /// The best rows of each side.
    pub(crate) fn cut(mut self, rows: usize) -> Self {
        self.bids.truncate(rows);
        self.asks.truncate(rows);
        self
    }
}

fn maker(makers: &[&str], row: i64) -> String {
    let place = usize::try_from(row).unwrap_or_default().checked_rem(makers.len());
    place.map_or_else(String::new, |place| makers[place].to_owned())
}

/// What to do to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Insert = 0,
    Update = 1,
    Delete = 2,
}

/// One change of a side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) position: usize,
    pub(crate) operation: Operation,
    pub(crate) is_bid: bool,
    pub(crate) level: Level,
}

/// What turns one book into another: asks first, row by row, deletions from the far end.
pub(crate) fn changes(from: &Depth, to: &Depth) -> Vec<Change> {
    let mut found = side(&from.asks, &to.asks, false);
    found.extend(side(&from.bids, &to.bids, true));
    found
}

fn side(from: &[Level], to: &[Level], is_bid: bool) -> Vec<Change> {
    let mut found = Vec::new();
    for (position, level) in to.iter().enumerate() {
        let operation = match from.get(position) {
            None => Operation::Insert,
            Some(before) if before == level => continue,
            Some(_) => Operation::Update,
        };
        found.push(Change { position, operation, is_bid, level: level.clone() });
    }
    for position in (to.len()..from.len()).rev() {
        let gone = Level { price: Decimal::ZERO, size: Decimal::ZERO, ..from[position].clone() };
        found.push(Change { position, operation: Operation::Delete, is_bid, level: gone });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(prices: &[i64]) -> Vec<Level> {
        let level = |price: &i64| Level {
            price: Decimal::from(*price),
            size: Decimal::ONE,
            maker: String::new(),
        };
        prices.iter().map(level).collect()
    }

    #[test]
    fn test_changes_turn_one_side_into_the_other() {
        let cases: [(&[i64], &[i64]); 5] = [
            (&[], &[1, 2]),
            (&[1, 2], &[]),
            (&[1, 2, 3], &[1, 5]),
            (&[1], &[2, 3, 4]),
            (&[7], &[7]),
        ];

        for (from, to) in cases {
            let mut book = levels(from);
            for change in side(&levels(from), &levels(to), true) {
                match change.operation {
                    Operation::Insert => book.insert(change.position, change.level),
                    Operation::Update => book[change.position] = change.level,
                    Operation::Delete => drop(book.remove(change.position)),
                }
            }
            assert_eq!(book, levels(to));
        }
    }
}
