//! Ticks of the past: a seeded run of them up to the start of the gateway, what its tape holds after
//! that. Whole seconds only: a request for a number of ticks gets its last second complete (T4).

use rust_decimal::Decimal;

use super::bars::{Path, Show};
use super::calendar::{eastern, session};
use super::instrument::Instrument;
use super::number::decimal;
use super::random;
use super::tape::{Print, Sides, Tape, Timed};

/// From where a request counts its ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    /// The first ones at or after this moment.
    Start(i64),
    /// The last ones before this moment.
    End(i64),
}

/// A request for ticks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TickQuery {
    pub(crate) from: From,
    pub(crate) count: usize,
    pub(crate) is_regular: bool,
    /// When the tape begins.
    pub(crate) opened: i64,
    pub(crate) now: i64,
}

/// Days a search goes on without finding anything.
const REACH_DAYS: i64 = 10;
const DAY_SECONDS: i64 = 86_400;

/// The trades of a query, oldest first.
pub(crate) fn prints(
    instrument: &Instrument,
    seed: u64,
    tape: &Tape,
    query: TickQuery,
) -> Vec<Print> {
    let source = Source::new(instrument, seed, Show::Trades);
    collect(instrument, query, tape.prints.iter(), |second| source.prints(second))
}

/// The quotes of a query, oldest first.
pub(crate) fn sides(
    instrument: &Instrument,
    seed: u64,
    tape: &Tape,
    query: TickQuery,
) -> Vec<Sides> {
    let source = Source::new(instrument, seed, Show::Midpoint);
    collect(instrument, query, tape.sides.iter(), |second| source.sides(second))
}

fn collect<'a, T: Timed + Clone + 'a>(
    instrument: &Instrument,
    query: TickQuery,
    taped: impl DoubleEndedIterator<Item = &'a T> + Clone,
    seeded: impl Fn(i64) -> Vec<T>,
) -> Vec<T> {
    let is_open = |second: i64| {
        let session = session(instrument.kind, eastern(second).date(), query.is_regular);
        session.is_some_and(|session| (session.start..session.end).contains(&second))
    };
    let seeded = |second: i64| if is_open(second) { seeded(second) } else { Vec::new() };
    match query.from {
        From::Start(start) => forward(query, start, taped, seeded),
        From::End(end) => backward(query, end, taped, seeded),
    }
}

fn forward<'a, T: Timed + Clone + 'a>(
    query: TickQuery,
    start: i64,
    taped: impl Iterator<Item = &'a T>,
    seeded: impl Fn(i64) -> Vec<T>,
) -> Vec<T> {
    let until = query.opened.min(query.now).min(start + REACH_DAYS * DAY_SECONDS);
    let mut found = Vec::new();
    for second in start..until {
        if found.len() >= query.count {
            return found;
        }
        found.extend(seeded(second));
    }
    for tick in taped.filter(|tick| tick.time() >= start) {
        let is_new_second = found.last().is_none_or(|last: &T| last.time() != tick.time());
        if found.len() >= query.count && is_new_second {
            break;
        }
        found.push(tick.clone());
    }
    found
}

fn backward<'a, T: Timed + Clone + 'a>(
    query: TickQuery,
    end: i64,
    taped: impl DoubleEndedIterator<Item = &'a T>,
    seeded: impl Fn(i64) -> Vec<T>,
) -> Vec<T> {
    let mut found = Vec::new();
    for tick in taped.rev().filter(|tick| tick.time() < end) {
        let is_new_second = found.last().is_none_or(|last: &T| last.time() != tick.time());
        if found.len() >= query.count && is_new_second {
            break;
        }
        found.push(tick.clone());
    }
    let mut second = query.opened.min(end) - 1;
    let oldest = second - REACH_DAYS * DAY_SECONDS;
    while found.len() < query.count && second > oldest {
        found.extend(seeded(second).into_iter().rev());
        second -= 1;
    }
    found.reverse();
    found
}

/// The seeded ticks of an instrument: up to three in a second, around the path of its bars.
struct Source<'a> {
    instrument: &'a Instrument,
    path: Path,
    seed: u64,
}

impl<'a> Source<'a> {
    fn new(instrument: &'a Instrument, seed: u64, show: Show) -> Self {
        Self { instrument, path: Path::new(instrument, seed, show), seed }
    }

    fn draws(&self, second: i64) -> impl Iterator<Item = u64> {
        let draw = random::mix(self.seed ^ 0x7163, second.unsigned_abs());
        (0..draw % 4).map(move |place| draw >> (8 * (place + 1)))
    }

    fn price(&self, second: i64) -> Decimal {
        decimal(self.path.shown(second)).unwrap_or(self.instrument.base_price)
    }

    fn prints(&self, second: i64) -> Vec<Print> {
        let price = self.price(second);
        let print = |draw: u64| Print {
            time: second,
            price,
            size: size(draw),
            exchange: self.instrument.primary_exchange.clone(),
        };
        self.draws(second).map(print).collect()
    }

    fn sides(&self, second: i64) -> Vec<Sides> {
        let (price, tick) = (self.price(second), self.instrument.tick);
        let sides = |draw: u64| Sides {
            time: second,
            bid: Some(price - tick),
            ask: Some(price + tick),
            bid_size: size(draw),
            ask_size: size(draw >> 4),
        };
        self.draws(second).map(sides).collect()
    }
}

fn size(draw: u64) -> Decimal {
    Decimal::from((draw % 5 + 1) * 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::listing::Listing;
    use time::macros::{date, datetime};

    fn run(from: From, count: usize, tape: &Tape) -> Vec<i64> {
        let listing = Listing::new(date!(2026 - 11 - 21));
        let aapl = listing.get(listing.called("AAPL")[0]).unwrap();
        let now = datetime!(2026-11-20 20:00 UTC).unix_timestamp();
        let query = TickQuery { from, count, is_regular: true, opened: now, now: now + 10 };
        prints(aapl, 1, tape, query).iter().map(|print| print.time).collect()
    }

    #[test]
    fn test_a_number_of_ticks_comes_with_its_whole_last_second() {
        let start = datetime!(2026-11-20 14:30 UTC).unix_timestamp();
        let all = run(From::Start(start), 1_000, &Tape::default());

        for count in 1..20 {
            let some = run(From::Start(start), count, &Tape::default());

            let last = *some.last().unwrap();
            let whole = all.iter().filter(|time| **time <= last).count();
            assert!(some.len() >= count);
            assert_eq!(some.len(), whole, "{count}");
        }
    }

    #[test]
    fn test_the_tape_follows_what_was_seeded() {
        let opened = datetime!(2026-11-20 20:00 UTC).unix_timestamp();
        let mut tape = Tape::default();
        let print = Print {
            time: opened + 3,
            price: Decimal::ONE,
            size: Decimal::ONE,
            exchange: String::new(),
        };
        tape.print(print);

        let last = run(From::End(opened + 10), 2, &tape);
        let first = run(From::Start(opened), 5, &tape);

        assert_eq!(last.last(), Some(&(opened + 3)));
        assert!(last.len() >= 2 && last[0] < opened, "{last:?}");
        assert_eq!(first, [opened + 3]);
    }
}
