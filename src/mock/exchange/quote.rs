//! The prices of one instrument: what they are, how they start and how they change.

use rust_decimal::Decimal;

use super::instrument::Instrument;
use super::order::Action;
use super::random;

/// The market of one instrument. `None` is "no such price now".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quote {
    pub(crate) bid: Option<Decimal>,
    pub(crate) ask: Option<Decimal>,
    pub(crate) last: Option<Decimal>,
    pub(crate) bid_size: Decimal,
    pub(crate) ask_size: Decimal,
    pub(crate) last_size: Decimal,
    pub(crate) volume: Decimal,
    pub(crate) open: Option<Decimal>,
    pub(crate) high: Option<Decimal>,
    pub(crate) low: Option<Decimal>,
    /// The close of the session before.
    pub(crate) close: Option<Decimal>,
    /// Epoch seconds of the last trade.
    pub(crate) last_time: i64,
    /// How much of the shown sizes orders have taken since these were set.
    pub(crate) bid_taken: Decimal,
    pub(crate) ask_taken: Decimal,
}

/// New values for some fields of a quote; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct QuoteChange {
    pub(crate) bid: Option<Decimal>,
    pub(crate) ask: Option<Decimal>,
    pub(crate) last: Option<Decimal>,
    pub(crate) bid_size: Option<Decimal>,
    pub(crate) ask_size: Option<Decimal>,
    pub(crate) last_size: Option<Decimal>,
    pub(crate) volume: Option<Decimal>,
    pub(crate) open: Option<Decimal>,
    pub(crate) high: Option<Decimal>,
    pub(crate) low: Option<Decimal>,
    pub(crate) close: Option<Decimal>,
}

impl Quote {
    /// The seeded start: within half a percent of the base price, two ticks wide.
    pub(crate) fn seeded(instrument: &Instrument, seed: u64, now: i64) -> Self {
        let tick = instrument.tick;
        let id = u64::from(instrument.con_id.0.unsigned_abs());
        let share = Decimal::from(random::mix(seed, id) % 101) - Decimal::from(50);
        let last = on_grid(instrument.base_price * (Decimal::ONE + share / SHARE_STEPS), tick);
        Self::around(last, instrument, now)
    }

    /// A market around a last price, two steps wide. What does not trade has no sizes (M10).
    pub(crate) fn around(last: Decimal, instrument: &Instrument, now: i64) -> Self {
        let tick = instrument.step_at(last);
        let near = |share: i64| on_grid(last * Decimal::new(share, 3), tick).max(tick);
        let size = |units: i64| {
            if instrument.is_tradable() { Decimal::from(units) } else { Decimal::ZERO }
        };
        Self {
            bid: instrument.is_tradable().then(|| last - tick),
            ask: instrument.is_tradable().then(|| last + tick),
            last: Some(last),
            bid_size: size(300),
            ask_size: size(200),
            last_size: size(100),
            volume: size(1_000_000),
            open: Some(near(998)),
            high: Some(near(1_006).max(last)),
            low: Some(near(994).min(last)),
            close: Some(near(996)),
            last_time: now,
            ..Self::default()
        }
    }

    /// Applies a change; the day's range widens to hold a new last price.
    pub(crate) fn apply(&mut self, change: &QuoteChange, now: i64) {
        put(&mut self.bid, change.bid);
        put(&mut self.ask, change.ask);
        put(&mut self.last, change.last);
        put(&mut self.open, change.open);
        put(&mut self.high, change.high);
        put(&mut self.low, change.low);
        put(&mut self.close, change.close);
        self.bid_size = change.bid_size.unwrap_or(self.bid_size);
        self.ask_size = change.ask_size.unwrap_or(self.ask_size);
        self.last_size = change.last_size.unwrap_or(self.last_size);
        self.volume = change.volume.unwrap_or(self.volume);
        if change.bid.or(change.bid_size).is_some() {
            self.bid_taken = Decimal::ZERO;
        }
        if change.ask.or(change.ask_size).is_some() {
            self.ask_taken = Decimal::ZERO;
        }
        if let Some(last) = change.last {
            self.high = change.high.or_else(|| self.high.map(|high| high.max(last)));
            self.low = change.low.or_else(|| self.low.map(|low| low.min(last)));
            self.last_time = now;
        }
    }

    /// Takes away bid, ask and last, as outside every session (M8).
    pub(crate) fn clear(&mut self) {
        (self.bid, self.ask, self.last) = (None, None, None);
        (self.bid_size, self.ask_size, self.last_size) =
            (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
    }

    /// What is left of the size an order would trade against.
    pub(crate) fn untaken(&self, action: Action) -> Decimal {
        match action {
            Action::Buy => self.ask_size - self.ask_taken,
            Action::Sell => self.bid_size - self.bid_taken,
        }
    }

    /// An order traded against the other side.
    pub(crate) fn take(&mut self, action: Action, quantity: Decimal) {
        match action {
            Action::Buy => self.ask_taken += quantity,
            Action::Sell => self.bid_taken += quantity,
        }
    }

    /// A new day: the last price is the close before, the day's figures start anew.
    pub(crate) fn start_day(&mut self) {
        self.close = self.mark();
        (self.open, self.high, self.low) = (self.last, self.last, self.last);
        self.volume = Decimal::ZERO;
    }

    pub(crate) fn has_market(&self) -> bool {
        self.bid.is_some() || self.ask.is_some() || self.last.is_some()
    }

    /// What a position is valued at: last, else the middle, else the close before.
    pub(crate) fn mark(&self) -> Option<Decimal> {
        self.last.or_else(|| self.middle()).or(self.close)
    }

    pub(crate) fn middle(&self) -> Option<Decimal> {
        Some((self.bid? + self.ask?) / Decimal::TWO)
    }
}

/// A step is a hundredth of a percent.
const SHARE_STEPS: Decimal = Decimal::from_parts(10_000, 0, 0, false, 0);

fn put(field: &mut Option<Decimal>, value: Option<Decimal>) {
    if value.is_some() {
        *field = value;
    }
}

fn on_grid(price: Decimal, tick: Decimal) -> Decimal {
    (price / tick).round() * tick
}
