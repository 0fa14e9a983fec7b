//! A bar that grows: what prices since its start make of it. Pure.

use rust_decimal::Decimal;

use super::bars::{Bar, BarSize, Show, Trades};
use super::calendar::{eastern, from_eastern};
use super::number::{decimal, double};
use super::quote::Quote;

use time::{Date, Duration, PrimitiveDateTime, Time};

/// What moves a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) price: Decimal,
    /// Units traded; `None` for a price nobody traded at.
    pub(crate) size: Option<Decimal>,
}

/// A bar that is not over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FormingBar {
    /// Epoch seconds.
    pub(crate) start: i64,
    open: Decimal,
    high: Decimal,
    low: Decimal,
    close: Decimal,
    volume: Decimal,
    turnover: Decimal,
    count: i32,
    has_trades: bool,
}

impl FormingBar {
    /// A bar nothing has happened in yet: its prices are where the one before ended.
    pub(crate) fn new(start: i64, price: Decimal, has_trades: bool) -> Self {
        Self {
            start,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Decimal::ZERO,
            turnover: Decimal::ZERO,
            count: 0,
            has_trades,
        }
    }

    /// A bar of history that is not over yet, and goes on from where history left it.
    pub(crate) fn continuing(bar: &Bar) -> Self {
        let price = |value: f64| decimal(value).unwrap_or_default();
        let trades = bar.trades.unwrap_or(Trades { volume: 0.0, wap: 0.0, count: 1 });
        Self {
            start: bar.start,
            open: price(bar.open),
            high: price(bar.high),
            low: price(bar.low),
            close: price(bar.close),
            volume: price(trades.volume),
            turnover: price(trades.volume) * price(trades.wap),
            count: trades.count.max(1),
            has_trades: bar.trades.is_some(),
        }
    }

    /// The bar after this one.
    pub(crate) fn next(&self, start: i64) -> Self {
        Self::new(start, self.close, self.has_trades)
    }

    /// The first trade of an untraded bar is its open.
    pub(crate) fn add(&mut self, moved: Move) {
        if self.count == 0 {
            (self.open, self.high, self.low) = (moved.price, moved.price, moved.price);
        }
        self.high = self.high.max(moved.price);
        self.low = self.low.min(moved.price);
        self.close = moved.price;
        self.count += 1;
        if let Some(size) = moved.size {
            self.volume += size;
            self.turnover += size * moved.price;
        }
    }

    /// As it stands; bars without trades say so (H6).
    pub(crate) fn bar(&self) -> Bar {
        let average = match self.volume {
            volume if volume.is_zero() => self.close,
            volume => (self.turnover / volume).round_dp(3),
        };
        let trades =
            Trades { volume: double(self.volume), wap: double(average), count: self.count };
        Bar {
            start: self.start,
            open: double(self.open),
            high: double(self.high),
            low: double(self.low),
            close: double(self.close),
            trades: self.has_trades.then_some(trades),
        }
    }
}

/// The price of a quote that bars of this kind show.
pub(crate) fn shown_price(quote: &Quote, show: Show) -> Option<Decimal> {
    match show {
        Show::Trades | Show::Volatility => quote.last,
        Show::Bid => quote.bid,
        Show::Ask => quote.ask,
        Show::Midpoint | Show::BidAsk => Some((quote.bid? + quote.ask?) / Decimal::TWO),
    }
}

/// When the bar that holds this moment started, and when the next one does: whole multiples of the
/// size on the local clock, or local days, weeks and months.
pub(crate) fn span_of(moment: i64, size: BarSize) -> (i64, i64) {
    let local = eastern(moment);
    let midnight = |date: Date| from_eastern(PrimitiveDateTime::new(date, Time::MIDNIGHT));
    let days = |date: Date, count: i64| date.saturating_add(Duration::days(count));
    match size {
        BarSize::Seconds(size) => {
            let offset = i64::from(local.offset().whole_seconds());
            let start = (moment + offset).div_euclid(size) * size - offset;
            (start, start + size)
        }
        BarSize::Day => (midnight(local.date()), midnight(days(local.date(), 1))),
        BarSize::Week => {
            let past = i64::from(local.weekday().number_days_from_monday());
            let monday = days(local.date(), -past);
            (midnight(monday), midnight(days(monday, 7)))
        }
        BarSize::Month => {
            let first = days(local.date(), 1 - i64::from(local.day()));
            let length = i64::from(first.month().length(first.year()));
            (midnight(first), midnight(days(first, length)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn moved(price: i64, size: i64) -> Move {
        Move { price: Decimal::from(price), size: Some(Decimal::from(size)) }
    }

    #[test]
    fn test_a_bar_holds_what_was_added_to_it() {
        let mut forming = FormingBar::new(0, Decimal::from(9), true);
        for one in [moved(10, 1), moved(12, 2), moved(8, 1)] {
            forming.add(one);
        }

        let bar = forming.bar();

        assert_eq!((bar.open, bar.high, bar.low, bar.close), (10.0, 12.0, 8.0, 8.0));
        assert_eq!(bar.trades, Some(Trades { volume: 4.0, wap: 10.5, count: 3 }));
        assert_eq!(forming.next(5).bar().open, 8.0);
    }

    #[test]
    fn test_spans_lie_on_the_local_clock() {
        let moment = datetime!(2026-11-20 15:07:33 UTC).unix_timestamp();
        let cases = [
            (BarSize::Seconds(5), datetime!(2026-11-20 15:07:30 UTC), 5),
            (BarSize::Seconds(3_600), datetime!(2026-11-20 15:00 UTC), 3_600),
            (BarSize::Day, datetime!(2026-11-20 05:00 UTC), 86_400),
            (BarSize::Week, datetime!(2026-11-16 05:00 UTC), 7 * 86_400),
            (BarSize::Month, datetime!(2026-11-01 04:00 UTC), 30 * 86_400 + 3_600),
        ];

        for (size, start, length) in cases {
            let (from, to) = span_of(moment, size);
            assert_eq!((from, to - from), (start.unix_timestamp(), length), "{size:?}");
        }
    }
}
