//! Historical bars: a seeded price path cut at the edges of sessions and of local hours.
//!
//! The path is a pure function of seed, instrument and time, so bars of different sizes and of
//! different requests agree with each other.

use time::{Date, Duration, Month};

use super::calendar::{Session, eastern, session};
use super::instrument::{Instrument, SecurityKind};
use super::number::double;
use super::option_chain::SEEDED_VOLATILITY;
use super::random;

/// One bar. `volume`, `wap` and `count` are `None` where there are no trades (H6).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bar {
    /// Epoch seconds of its start.
    pub(crate) start: i64,
    pub(crate) open: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) close: f64,
    pub(crate) trades: Option<Trades>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trades {
    pub(crate) volume: f64,
    pub(crate) wap: f64,
    pub(crate) count: i32,
}

/// Bars a test put in place of the seeded ones, oldest first.
pub(crate) type BarSeries = Vec<Bar>;

/// How long a bar is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BarSize {
    Seconds(i64),
    Day,
    Week,
    Month,
}

impl BarSize {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let found = BAR_SIZES.iter().find(|(name, _)| *name == text);
        found.map(|(_, size)| *size)
    }
}

const BAR_SIZES: [(&str, BarSize); 27] = [
    ("1 secs", BarSize::Seconds(1)),
    ("1 sec", BarSize::Seconds(1)),
    ("5 secs", BarSize::Seconds(5)),
    ("10 secs", BarSize::Seconds(10)),
    ("15 secs", BarSize::Seconds(15)),
    ("30 secs", BarSize::Seconds(30)),
    ("1 min", BarSize::Seconds(60)),
    ("2 mins", BarSize::Seconds(120)),
    ("3 mins", BarSize::Seconds(180)),
    ("5 mins", BarSize::Seconds(300)),
    ("10 mins", BarSize::Seconds(600)),
    ("15 mins", BarSize::Seconds(900)),
    ("20 mins", BarSize::Seconds(1_200)),
    ("30 mins", BarSize::Seconds(1_800)),
    ("1 hour", BarSize::Seconds(3_600)),
    ("2 hours", BarSize::Seconds(7_200)),
    ("3 hours", BarSize::Seconds(10_800)),
    ("4 hours", BarSize::Seconds(14_400)),
    ("8 hours", BarSize::Seconds(28_800)),
    ("1 day", BarSize::Day),
    ("1D", BarSize::Day),
    ("1 week", BarSize::Week),
    ("1 weeks", BarSize::Week),
    ("1W", BarSize::Week),
    ("1 month", BarSize::Month),
    ("1 months", BarSize::Month),
    ("1M", BarSize::Month),
];

/// How far back a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// Seconds of trading, at most a day (H8).
    Seconds(i64),
    /// Sessions.
    Days(i64),
    Weeks(i64),
    Months(i64),
}

impl Span {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (count, unit) = text.trim().split_once(' ')?;
        let count: i64 = count.parse().ok().filter(|count| (1..=MOST_UNITS).contains(count))?;
        match unit.trim() {
            "S" => Some(Self::Seconds(count)).filter(|_| count <= DAY_SECONDS),
            "D" => Some(Self::Days(count)),
            "W" => Some(Self::Weeks(count)),
            "M" => Some(Self::Months(count)),
            "Y" => Some(Self::Months(12 * count)),
            _ => None,
        }
    }

    /// Wall-clock arithmetic on the date (H3).
    pub(crate) fn before(self, end: Date) -> Date {
        let days = |days: i64| end.checked_sub(Duration::days(days)).unwrap_or(Date::MIN);
        match self {
            Self::Seconds(seconds) => days(seconds / DAY_SECONDS),
            Self::Days(count) => days(count),
            Self::Weeks(count) => days(7 * count),
            Self::Months(count) => months_before(end, count),
        }
    }
}

const DAY_SECONDS: i64 = 86_400;
const MOST_UNITS: i64 = 100_000;
/// History starts here: nothing in it is older.
const FIRST_YEAR: i32 = 1980;

fn months_before(date: Date, count: i64) -> Date {
    let month = i64::from(date.year()) * 12 + i64::from(u8::from(date.month())) - 1 - count;
    let year = i32::try_from(month.div_euclid(12)).unwrap_or(FIRST_YEAR).max(FIRST_YEAR);
    let number = u8::try_from(month.rem_euclid(12) + 1).unwrap_or(1);
    let month = Month::try_from(number).unwrap_or(Month::January);
    let day = date.day().min(month.length(year));
    Date::from_calendar_date(year, month, day).unwrap_or(date)
}

/// Which price of the instrument a bar shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    Trades,
    Midpoint,
    Bid,
    Ask,
    /// Averages of both sides, and the reach from the lowest bid to the highest ask.
    BidAsk,
    /// A volatility, as a fraction a year.
    Volatility,
}

/// What bars are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BarQuery {
    /// Epoch seconds; no bar starts at or after it.
    pub(crate) end: i64,
    pub(crate) span: Span,
    pub(crate) size: BarSize,
    pub(crate) show: Show,
    pub(crate) is_regular: bool,
}

/// The bars of a query, oldest first.
pub(crate) fn bars(instrument: &Instrument, seed: u64, query: BarQuery) -> Vec<Bar> {
    let path = Path::new(instrument, seed, query.show);
    let sessions = sessions(instrument.kind, query);
    let mut bars: Vec<_> = match query.size {
        BarSize::Seconds(size) => {
            let edges = sessions.iter().flat_map(|session| edges(session, size));
            edges.filter(|(start, _)| *start < query.end).map(|edge| path.bar(edge)).collect()
        }
        BarSize::Day => grouped(&sessions, &path, |date| date.to_julian_day()),
        BarSize::Week => grouped(&sessions, &path, |date| date.to_julian_day() / 7),
        BarSize::Month => {
            grouped(&sessions, &path, |date| date.year() * 12 + i32::from(u8::from(date.month())))
        }
    };
    if let (Span::Seconds(seconds), BarSize::Seconds(size)) = (query.span, query.size) {
        let wanted = usize::try_from(seconds / size).unwrap_or(0).max(1);
        bars.drain(..bars.len().saturating_sub(wanted));
    }
    bars
}

/// The sessions a query reaches back over, oldest first.
pub(crate) fn sessions(kind: SecurityKind, query: BarQuery) -> Vec<Session> {
    let last = eastern(query.end).date();
    let first = match query.span {
        Span::Seconds(_) | Span::Days(_) => Date::MIN,
        Span::Weeks(_) | Span::Months(_) => query.span.before(last),
    };
    let mut left = match query.span {
        Span::Days(count) => count,
        _ => i64::MAX,
    };
    let mut seconds = if let Span::Seconds(seconds) = query.span { seconds } else { i64::MAX };
    let mut found = Vec::new();
    let mut date = Some(last);
    while let Some(day) = date.filter(|day| *day >= first && day.year() >= FIRST_YEAR) {
        if left <= 0 || seconds <= 0 {
            break;
        }
        let session = session(kind, day, query.is_regular);
        if let Some(session) = session.filter(|session| session.start < query.end) {
            left -= 1;
            seconds -= session.end.min(query.end) - session.start;
            found.push(session);
        }
        date = day.previous_day();
    }
    found.reverse();
    found
}

/// When the first session there is starts.
pub(crate) fn first_session(kind: SecurityKind, is_regular: bool) -> i64 {
    let mut date = Date::from_calendar_date(FIRST_YEAR, Month::January, 1).ok();
    while let Some(day) = date {
        if let Some(session) = session(kind, day, is_regular) {
            return session.start;
        }
        date = day.next_day();
    }
    0
}

/// Bars start with the session, then on whole multiples of their size on the local clock (H4).
fn edges(session: &Session, size: i64) -> impl Iterator<Item = (i64, i64)> {
    let offset = i64::from(eastern(session.start).offset().whole_seconds());
    let (mut start, end) = (session.start, session.end);
    std::iter::from_fn(move || {
        if start >= end {
            return None;
        }
        let next = (((start + offset).div_euclid(size) + 1) * size - offset).min(end);
        let edge = (start, next);
        start = next;
        Some(edge)
    })
}

/// One bar per run of sessions that share a key.
fn grouped(sessions: &[Session], path: &Path, key: impl Fn(Date) -> i32) -> Vec<Bar> {
    let runs = sessions.chunk_by(|one, next| key(one.date) == key(next.date));
    runs.filter_map(|run| Some(path.bar((run.first()?.start, run.last()?.end)))).collect()
}

/// The price of an instrument over time: waves of many lengths around its base price.
pub(super) struct Path {
    base: f64,
    /// One over the price step.
    steps: f64,
    shift: f64,
    /// How far lows and highs lie beyond the path.
    reach: f64,
    seed: u64,
    has_trades: bool,
    phases: [f64; WAVES.len()],
}

/// Period in seconds and height as a share of the price.
const WAVES: [(f64, f64); 6] = [
    (31_557_600.0, 0.10),
    (2_592_000.0, 0.04),
    (259_200.0, 0.015),
    (21_600.0, 0.006),
    (1_200.0, 0.002),
    (90.0, 0.0005),
];

impl Path {
    pub(super) fn new(instrument: &Instrument, seed: u64, show: Show) -> Self {
        let seed = random::mix(seed, u64::from(instrument.con_id.0.unsigned_abs()));
        let mut phases = [0.0; WAVES.len()];
        for (index, phase) in (0u64..).zip(&mut phases) {
            *phase = random::unit(seed, index) * std::f64::consts::TAU;
        }
        let tick = double(instrument.tick);
        let (shift, reach) = match show {
            Show::Trades | Show::Midpoint | Show::Volatility => (0.0, 0.0),
            Show::Bid => (-tick, 0.0),
            Show::Ask => (tick, 0.0),
            Show::BidAsk => (0.0, tick),
        };
        let (base, steps) = match show {
            Show::Volatility => (SEEDED_VOLATILITY, 1e6),
            _ => (double(instrument.base_price), (1.0 / tick).round()),
        };
        let has_trades = show == Show::Trades;
        Self { base, steps, shift, reach, seed, has_trades, phases }
    }

    #[expect(clippy::cast_precision_loss, reason = "epoch seconds fit a double exactly")]
    fn price(&self, time: i64) -> f64 {
        let waves = WAVES.iter().zip(&self.phases);
        let share: f64 = waves
            .map(|((period, height), phase)| {
                height * (time as f64 / period * std::f64::consts::TAU + phase).sin()
            })
            .sum();
        self.base * (1.0 + share)
    }

    /// The price at a moment, on the grid.
    pub(super) fn shown(&self, time: i64) -> f64 {
        self.on_grid(self.price(time) + self.shift)
    }

    fn on_grid(&self, price: f64) -> f64 {
        (price * self.steps).round() / self.steps
    }

    fn bar(&self, (start, end): (i64, i64)) -> Bar {
        let index = start.unsigned_abs();
        let [first, middle, last] = [start, start.midpoint(end), end].map(|time| self.price(time));
        let reach = |salt: u64| random::unit(self.seed ^ salt, index) * 0.0004 * self.base;
        let high = first.max(middle).max(last) + reach(1) + self.reach;
        let low = first.min(middle).min(last) - reach(2) - self.reach;
        let [open, high, low, close] =
            [first, high, low, last].map(|price| self.on_grid(price + self.shift));
        let trades = self.has_trades.then(|| self.trades(index, end - start, (high + low) / 2.0));
        Bar { start, open, high, low, close, trades }
    }

    /// Whole volumes and averages of three places (H6).
    #[expect(clippy::cast_precision_loss, reason = "volumes stay far below 2^53")]
    fn trades(&self, index: u64, seconds: i64, middle: f64) -> Trades {
        let pace = 50 + random::mix(self.seed ^ 3, index) % 100;
        let volume = (pace * seconds.unsigned_abs()).max(1);
        let count = i32::try_from(volume / 40).unwrap_or(i32::MAX).max(1);
        Trades { volume: volume as f64, wap: (middle * 1e3).round() / 1e3, count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::listing::Listing;
    use time::macros::{date, datetime};

    fn aapl() -> Instrument {
        let listing = Listing::new(date!(2026 - 11 - 21));
        listing.get(listing.called("AAPL")[0]).unwrap().clone()
    }

    fn query(span: Span, size: BarSize) -> BarQuery {
        let end = datetime!(2026-11-21 12:00:00 UTC).unix_timestamp();
        BarQuery { end, span, size, show: Show::Trades, is_regular: true }
    }

    #[test]
    fn test_hourly_bars_of_a_regular_day_start_at_half_past_nine_then_on_the_hour() {
        let bars = bars(&aapl(), 1, query(Span::Days(1), BarSize::Seconds(3_600)));

        let starts: Vec<_> = bars.iter().map(|bar| eastern(bar.start)).collect();
        let clock: Vec<_> = starts.iter().map(|time| (time.hour(), time.minute())).collect();
        assert_eq!(clock, [(9, 30), (10, 0), (11, 0), (12, 0), (13, 0), (14, 0), (15, 0)]);
        assert_eq!(starts[0].date(), date!(2026 - 11 - 20));
    }

    #[test]
    fn test_spans_give_the_bars_they_name() {
        let cases = [
            (Span::Days(2), BarSize::Seconds(60), 780),
            (Span::Seconds(300), BarSize::Seconds(5), 60),
            (Span::Seconds(60), BarSize::Seconds(60), 1),
            (Span::Weeks(1), BarSize::Day, 5),
            (Span::Days(5), BarSize::Day, 5),
            (Span::Months(1), BarSize::Week, 5),
            (Span::Months(12), BarSize::Month, 13),
        ];

        for (span, size, expected) in cases {
            assert_eq!(bars(&aapl(), 1, query(span, size)).len(), expected, "{span:?} {size:?}");
        }
    }

    #[test]
    fn test_every_bar_holds_its_open_and_close() {
        let bars = bars(&aapl(), 7, query(Span::Days(3), BarSize::Seconds(60)));

        for bar in bars {
            assert!(bar.low <= bar.open.min(bar.close), "{bar:?}");
            assert!(bar.high >= bar.open.max(bar.close), "{bar:?}");
        }
    }

    #[test]
    fn test_durations_are_a_count_and_a_unit() {
        let cases = [
            ("30 D", Some(Span::Days(30))),
            ("86400 S", Some(Span::Seconds(86_400))),
            ("86401 S", None),
            ("2 Y", Some(Span::Months(24))),
            ("1 X", None),
            ("D", None),
            ("0 D", None),
        ];

        for (text, expected) in cases {
            assert_eq!(Span::parse(text), expected, "{text}");
        }
    }
}
