//! The ticks that show a quote, live or under the delayed ids (M14). Pure: quote in, ticks out.

use rust_decimal::Decimal;

use crate::client::Outlet;
use crate::exchange::number::{double, text};
use crate::exchange::{Quote, QuoteChange};
use crate::wire::pb;

/// Which parts of a quote are to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) bid: bool,
    pub(crate) ask: bool,
    pub(crate) last: bool,
    pub(crate) volume: bool,
    pub(crate) high: bool,
    pub(crate) low: bool,
    pub(crate) open: bool,
    pub(crate) close: bool,
}

impl Parts {
    pub(super) const ALL: Self = Self {
        bid: true,
        ask: true,
        last: true,
        volume: true,
        high: true,
        low: true,
        open: true,
        close: true,
    };

    /// Bid and ask, as when the market goes away.
    pub(super) const SIDES: Self = Self {
        bid: true,
        ask: true,
        last: false,
        volume: false,
        high: false,
        low: false,
        open: false,
        close: false,
    };

    /// The last trade.
    pub(super) const LAST: Self = Self { bid: false, ask: false, last: true, ..Self::SIDES };

    /// The parts of either.
    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            bid: self.bid || other.bid,
            ask: self.ask || other.ask,
            last: self.last || other.last,
            volume: self.volume || other.volume,
            high: self.high || other.high,
            low: self.low || other.low,
            open: self.open || other.open,
            close: self.close || other.close,
        }
    }

    /// What a change touched, the day's range included if it widened.
    pub(super) fn of(change: &QuoteChange, before: &Quote, after: &Quote) -> Self {
        Self {
            bid: change.bid.is_some() || change.bid_size.is_some(),
            ask: change.ask.is_some() || change.ask_size.is_some(),
            last: change.last.is_some() || change.last_size.is_some(),
            volume: change.volume.is_some(),
            high: change.high.is_some() || before.high != after.high,
            low: change.low.is_some() || before.low != after.low,
            open: change.open.is_some(),
            close: change.close.is_some(),
        }
    }
}

/// One tick message of a quote, written once and then addressed to one request after the other.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tick {
    Price(pb::TickPrice),
    Size(pb::TickSize),
    Text(pb::TickString),
}

/// Tick ids: live and delayed.
type Ids = (i32, i32);
const BID: Ids = (1, 66);
const ASK: Ids = (2, 67);
const LAST: Ids = (4, 68);
const BID_SIZE: Ids = (0, 69);
const ASK_SIZE: Ids = (3, 70);
const LAST_SIZE: Ids = (5, 71);
const HIGH: Ids = (6, 72);
const LOW: Ids = (7, 73);
const VOLUME: Ids = (8, 74);
const CLOSE: Ids = (9, 75);
const OPEN: Ids = (14, 76);
const LAST_TIME: Ids = (45, 88);

/// A quote is no more ticks than these.
const MOST: usize = 12;

/// The ticks of the parts asked for; a size follows its price (M9).
pub(super) fn ticks(quote: &Quote, parts: Parts, is_delayed: bool) -> Vec<Tick> {
    let mut list = List { ticks: Vec::with_capacity(MOST), is_delayed };
    if parts.bid {
        list.side(BID, BID_SIZE, quote.bid, quote.bid_size);
    }
    if parts.ask {
        list.side(ASK, ASK_SIZE, quote.ask, quote.ask_size);
    }
    if let Some(last) = quote.last.filter(|_| parts.last) {
        let size = text(quote.last_size);
        list.price(LAST, last, size.clone(), false);
        list.size(LAST_SIZE, size);
        list.text(LAST_TIME, quote.last_time.to_string());
    }
    if parts.volume {
        list.size(VOLUME, text(quote.volume));
    }
    let of_day = [
        (parts.high, HIGH, quote.high),
        (parts.low, LOW, quote.low),
        (parts.close, CLOSE, quote.close),
        (parts.open, OPEN, quote.open),
    ];
    for (_, ids, price) in of_day.into_iter().filter(|(is_told, ..)| *is_told) {
        if let Some(price) = price {
            list.price(ids, price, text(Decimal::ZERO), false);
        }
    }
    list.ticks
}

struct List {
    ticks: Vec<Tick>,
    is_delayed: bool,
}

impl List {
    const fn kind(&self, ids: Ids) -> i32 {
        if self.is_delayed { ids.1 } else { ids.0 }
    }

    /// A side without a price is -1 with size 0 (M8).
    fn side(&mut self, price_ids: Ids, size_ids: Ids, price: Option<Decimal>, size: Decimal) {
        let size = text(if price.is_some() { size } else { Decimal::ZERO });
        let shown = price.unwrap_or(Decimal::NEGATIVE_ONE);
        self.price(price_ids, shown, size.clone(), price.is_some());
        self.size(size_ids, size);
    }

    fn price(&mut self, ids: Ids, price: Decimal, size: String, can_execute: bool) {
        let can_execute = can_execute && !self.is_delayed;
        self.ticks.push(Tick::Price(pb::TickPrice {
            req_id: None,
            tick_type: Some(self.kind(ids)),
            price: Some(double(price)),
            size: Some(size),
            attr_mask: Some(i32::from(can_execute)),
        }));
    }

    fn size(&mut self, ids: Ids, size: String) {
        let tick_type = Some(self.kind(ids));
        self.ticks.push(Tick::Size(pb::TickSize { req_id: None, tick_type, size: Some(size) }));
    }

    fn text(&mut self, ids: Ids, value: String) {
        let tick_type = Some(self.kind(ids));
        self.ticks.push(Tick::Text(pb::TickString { req_id: None, tick_type, value: Some(value) }));
    }
}

/// Sends ticks under a request id, as one batch.
pub(super) fn send(to: &Outlet, id: i32, ticks: &mut [Tick]) {
    to.batch(|batch| {
        for tick in ticks {
            match tick {
                Tick::Price(tick) => {
                    tick.req_id = Some(id);
                    batch.send(tick);
                }
                Tick::Size(tick) => {
                    tick.req_id = Some(id);
                    batch.send(tick);
                }
                Tick::Text(tick) => {
                    tick.req_id = Some(id);
                    batch.send(tick);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(ticks: &[Tick]) -> Vec<i32> {
        let kind = |tick: &Tick| match tick {
            Tick::Price(tick) => tick.tick_type(),
            Tick::Size(tick) => tick.tick_type(),
            Tick::Text(tick) => tick.tick_type(),
        };
        ticks.iter().map(kind).collect()
    }

    fn quote() -> Quote {
        let price = Some(Decimal::from(10));
        Quote { bid: price, ask: price, last: price, close: price, ..Quote::default() }
    }

    #[test]
    fn test_a_quote_is_told_under_live_or_delayed_ids() {
        let live = kinds(&ticks(&quote(), Parts::ALL, false));
        let delayed = kinds(&ticks(&quote(), Parts::ALL, true));

        assert_eq!(live, [1, 0, 2, 3, 4, 5, 45, 8, 9]);
        assert_eq!(delayed, [66, 69, 67, 70, 68, 71, 88, 74, 75]);
    }

    #[test]
    fn test_a_missing_side_is_minus_one_with_size_zero() {
        let quote = Quote { bid: None, bid_size: Decimal::from(5), ..quote() };

        let told = ticks(&quote, Parts::SIDES, false);

        let (Tick::Price(price), Tick::Size(size)) = (&told[0], &told[1]) else {
            panic!("{told:?}")
        };
        assert_eq!((price.tick_type(), price.price(), price.size()), (1, -1.0, "0"));
        assert_eq!(price.attr_mask(), 0);
        assert_eq!((size.tick_type(), size.size()), (0, "0"));
    }
}
