//! One line on one link: what is known of its market, and who listens.

use std::sync::Arc;

use super::bar_fold::{BarFold, Delivery, Found, Past};
use super::depth::DepthFold;
use super::feed_bar::bar;
use super::fold::QuoteFold;
use super::outlet::{Outlet, Port, StreamId};
use super::pulse::Pulse;
use super::taps::AllTaps;
use crate::model::{Contract, Generation, LineKind, MarketDataType};
use crate::session::feed::{Message, Tick, TickByTick};

/// IB's code for a book that begins again.
const BOOK_RESET: i32 = 317;

/// A line of the feed link.
pub(super) struct LiveLine {
    generation: Generation,
    market: Market,
    pulse: Arc<Pulse>,
    listeners: Vec<Listener>,
    /// Whether anything has been told of the market on this link.
    is_known: bool,
    /// Whether the change of this read is noted already.
    is_touched: bool,
}

/// A stream at this line.
struct Listener {
    outlet: Outlet,
    /// The stream's tap, if it wants columns.
    tap: Option<usize>,
    /// The contract's number in the stream.
    contract: i32,
}

/// What is known of the market.
enum Market {
    Quote(Box<QuoteFold>),
    Depth(Box<DepthFold>),
    Bars(BarFold),
    /// Nothing is kept: every item is handed on.
    Items,
}

impl LiveLine {
    pub(super) fn new(
        contract: Arc<Contract>,
        kind: &LineKind,
        (generation, pulse): (Generation, Arc<Pulse>),
        past: Past,
    ) -> Self {
        let market = match kind {
            LineKind::Market { .. } => {
                Market::Quote(Box::new(QuoteFold::new(contract, generation)))
            }
            LineKind::Depth { rows, .. } => {
                let rows = usize::try_from(*rows).unwrap_or(0);
                Market::Depth(Box::new(DepthFold::new(contract, rows, generation)))
            }
            LineKind::RealTimeBars { .. } | LineKind::Bars(_) => {
                Market::Bars(BarFold::new(kind, past))
            }
            LineKind::TickByTick(_) => Market::Items,
        };
        Self {
            generation,
            market,
            pulse,
            listeners: Vec::new(),
            is_known: false,
            is_touched: false,
        }
    }

    /// One more stream listens; it is told what is known already.
    pub(super) fn listen(&mut self, outlet: Outlet, taps: &mut AllTaps) {
        if self.is_known {
            self.market.publish(&outlet);
        }
        let contract = i32::try_from(outlet.slot).unwrap_or(i32::MAX);
        self.listeners.push(Listener { tap: taps.open(&outlet), outlet, contract });
    }

    /// A stream listens no more.
    pub(super) fn leave(&mut self, stream: StreamId, taps: &mut AllTaps) {
        let is_leaving = |listener: &mut Listener| listener.outlet.stream == stream;
        for listener in self.listeners.extract_if(.., is_leaving) {
            taps.close(&listener.outlet, listener.tap, self.generation);
        }
    }

    /// Nobody listens any more.
    pub(super) fn leave_all(&mut self, taps: &mut AllTaps) {
        for listener in std::mem::take(&mut self.listeners) {
            taps.close(&listener.outlet, listener.tap, self.generation);
        }
    }

    /// Takes a tick. Returns whether the line is to be published and was not before.
    #[inline]
    pub(super) fn tick(&mut self, time: i64, tick: &Tick, taps: &mut AllTaps) -> bool {
        let Market::Quote(fold) = &mut self.market else { return false };
        fold.tick(time, tick);
        self.is_known = true;
        for listener in &self.listeners {
            if let Some(rows) = listener.tap.and_then(|tap| taps.ticks.rows(tap)) {
                rows.push(time, listener.contract, &fold.shown(tick));
            }
        }
        if self.is_touched {
            return false;
        }
        // Once in a read, whose ticks have one time: what others look at is not in this cache.
        self.pulse.beat(time);
        self.is_touched = true;
        true
    }

    /// Takes any other message. Returns as [`tick`](Self::tick).
    pub(super) fn message(&mut self, time: i64, message: Message<'_>, taps: &mut AllTaps) -> bool {
        self.feel(time, &message);
        match (&mut self.market, message) {
            (Market::Quote(fold), message) => {
                for listener in &self.listeners {
                    listener.other_tick(time, &message, taps);
                }
                if !note(fold, time, message) {
                    return false;
                }
            }
            (Market::Depth(fold), Message::Depth(update)) => fold.apply(time, &update),
            (Market::Depth(fold), Message::Error(error)) if error.code == BOOK_RESET => {
                self.gap(taps);
                return false;
            }
            (Market::Items, Message::TickByTick(tick)) => {
                for listener in &self.listeners {
                    listener.tick_by_tick(time, &tick, taps);
                }
                return false;
            }
            (Market::Bars(fold), Message::RealTimeBar(item) | Message::BarUpdate(item)) => {
                let delivery = bar(&item).map(|bar| fold.bar(bar));
                self.deliver(&delivery.unwrap_or_default());
                return false;
            }
            (Market::Bars(fold), Message::Bars { bars, .. }) => {
                let delivery = fold.history(bars.iter().filter_map(bar).collect());
                self.deliver(&delivery);
                return false;
            }
            (Market::Depth(_) | Market::Bars(_) | Market::Items, _) => return false,
        }
        self.is_known = true;
        !std::mem::replace(&mut self.is_touched, true)
    }

    /// Notes what a message says of the pulse: items are what a market does.
    fn feel(&self, time: i64, message: &Message<'_>) {
        match message {
            Message::Tick(_)
            | Message::TickText(_)
            | Message::OptionTick(_)
            | Message::TickByTick(_)
            | Message::Depth(_)
            | Message::RealTimeBar(_)
            | Message::Bars { .. }
            | Message::BarUpdate(_) => self.pulse.beat(time),
            // 3 and 4 are delayed, 2 and 4 do not move any more.
            Message::MarketDataType { kind, .. } => self.pulse.delayed(matches!(kind, 3 | 4)),
            Message::TickParameters(_)
            | Message::BarsEnd { .. }
            | Message::SnapshotEnd { .. }
            | Message::Error(_)
            | Message::ServerTime
            | Message::Other(_) => {}
        }
    }

    /// What a line of bars missed was fetched, or why it was not.
    pub(super) fn backfill(&mut self, found: Result<Found, String>) {
        if let Market::Bars(fold) = &mut self.market {
            let delivery = fold.backfill(found);
            self.deliver(&delivery);
        }
    }

    fn deliver(&self, delivery: &Delivery) {
        let listeners = self.listeners.iter().map(|listener| &listener.outlet);
        listeners.for_each(|outlet| outlet.bars(self.generation, delivery));
    }

    /// Hands the latest quote or book to whoever listens.
    pub(super) fn publish(&mut self) {
        self.is_touched = false;
        let listeners = || self.listeners.iter().map(|listener| &listener.outlet);
        match &self.market {
            Market::Quote(fold) if listeners().any(|outlet| outlet.port.is_quotes()) => {
                let quote = Arc::new(fold.quote());
                listeners().for_each(|outlet| outlet.quote(&quote));
            }
            Market::Depth(fold) => {
                let book = Arc::new(fold.book());
                listeners().for_each(|outlet| outlet.book(&book));
            }
            Market::Quote(_) | Market::Bars(_) | Market::Items => {}
        }
    }

    /// What was told is no longer current.
    pub(super) fn gap(&mut self, taps: &mut AllTaps) {
        self.is_touched = false;
        taps.hand_over(self.generation);
        let listeners = self.listeners.iter().map(|listener| &listener.outlet);
        match &mut self.market {
            Market::Quote(fold) => {
                fold.gap(self.generation);
                let gap = Arc::new(fold.quote());
                listeners.for_each(|outlet| outlet.quote_gap(&gap));
            }
            Market::Depth(fold) => {
                fold.gap(self.generation);
                let gap = Arc::new(fold.book());
                listeners.for_each(|outlet| outlet.book_gap(&gap));
            }
            Market::Bars(_) | Market::Items => {
                listeners.for_each(|outlet| outlet.item_gap(self.generation));
            }
        }
    }
}

impl Listener {
    /// Hands on a tick that is no number: the reader of ticks gets all of them.
    fn other_tick(&self, time: i64, message: &Message<'_>, taps: &mut AllTaps) {
        let Some(tap) = self.tap else { return };
        match message {
            Message::TickText(tick) => {
                if let Some(rows) = taps.ticks.rows(tap) {
                    rows.push_text(time, self.contract, tick);
                }
            }
            Message::OptionTick(tick) => {
                if let Some(rows) = taps.ticks.rows(tap) {
                    rows.push_option(time, self.contract, tick);
                }
            }
            _ => {}
        }
    }

    fn tick_by_tick(&self, time: i64, tick: &TickByTick<'_>, taps: &mut AllTaps) {
        let rows = self.tap.and_then(|tap| taps.tick_by_tick.rows(tap));
        if let (Some(rows), Port::TickByTick(_, texts)) = (rows, &self.outlet.port) {
            rows.push(time, self.contract, tick, texts);
        }
    }
}

impl Market {
    /// Tells one stream what is known.
    fn publish(&self, outlet: &Outlet) {
        match self {
            Self::Quote(fold) => outlet.quote(&Arc::new(fold.quote())),
            Self::Depth(fold) => outlet.book(&Arc::new(fold.book())),
            Self::Bars(_) | Self::Items => {}
        }
    }
}

/// Takes what a message tells of a quote; false if it is about something else.
fn note(fold: &mut QuoteFold, time: i64, message: Message<'_>) -> bool {
    match message {
        Message::TickText(text) => fold.text(time, &text),
        Message::OptionTick(tick) => fold.option(time, &tick),
        Message::TickParameters(parameters) => fold.parameters(&parameters),
        Message::MarketDataType { kind, .. } => match MarketDataType::from_number(kind) {
            Some(kind) => fold.market_data_type(kind),
            None => return false,
        },
        _ => return false,
    }
    true
}
