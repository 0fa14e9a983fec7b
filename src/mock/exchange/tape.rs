//! What happened on the market of an instrument since the gateway started: prints and quotes, in the
//! order they came. Bounded: the oldest are forgotten.

use std::collections::VecDeque;

use rust_decimal::Decimal;

use super::quote::Quote;

/// Most entries of each kind that are kept.
const MOST: usize = 10_000;

/// A trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Print {
    /// Epoch seconds.
    pub(crate) time: i64,
    pub(crate) price: Decimal,
    pub(crate) size: Decimal,
    pub(crate) exchange: String,
}

/// Both sides of the market at a moment; `None` is a side without a price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sides {
    /// Epoch seconds.
    pub(crate) time: i64,
    pub(crate) bid: Option<Decimal>,
    pub(crate) ask: Option<Decimal>,
    pub(crate) bid_size: Decimal,
    pub(crate) ask_size: Decimal,
}

impl Sides {
    pub(crate) fn of(quote: &Quote, time: i64) -> Self {
        let Quote { bid, ask, bid_size, ask_size, .. } = *quote;
        Self { time, bid, ask, bid_size, ask_size }
    }

    /// `None` unless both sides have a price.
    pub(crate) fn middle(&self) -> Option<Decimal> {
        Some((self.bid? + self.ask?) / Decimal::TWO)
    }

    pub(crate) fn has_prices_of(&self, other: &Self) -> bool {
        (self.bid, self.ask) == (other.bid, other.ask)
    }

    pub(crate) fn shows_what(&self, other: &Self) -> bool {
        self.has_prices_of(other)
            && (self.bid_size, self.ask_size) == (other.bid_size, other.ask_size)
    }
}

/// Something with a time.
pub(crate) trait Timed {
    /// Epoch seconds.
    fn time(&self) -> i64;
}

impl Timed for Print {
    fn time(&self) -> i64 {
        self.time
    }
}

impl Timed for Sides {
    fn time(&self) -> i64 {
        self.time
    }
}

/// The tape of one instrument.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tape {
    pub(crate) prints: VecDeque<Print>,
    pub(crate) sides: VecDeque<Sides>,
}

impl Tape {
    pub(crate) fn print(&mut self, print: Print) {
        push(&mut self.prints, print);
    }

    pub(crate) fn quote(&mut self, sides: Sides) {
        push(&mut self.sides, sides);
    }
}

fn push<T>(entries: &mut VecDeque<T>, entry: T) {
    if entries.len() == MOST {
        entries.pop_front();
    }
    entries.push_back(entry);
}
