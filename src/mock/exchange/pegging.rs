//! Orders whose price the exchange works out: pegged to a market, to a stock or to a benchmark, priced
//! by volatility, or protected by a band. Pure: the same ticket in the same surroundings has the same
//! price.
//!
//! | type | price of a purchase (of a sale: mirrored) |
//! |---|---|
//! | `REL` | best bid plus the offset |
//! | `PEG MKT` | best ask less the offset |
//! | `PEG BEST` | best bid plus the amount it competes by, or the middle less the offset of a whole or half tick |
//! | `PEG STK` | starting price plus delta times the move of the underlying; a put's delta counts as negative |
//! | `PEG BENCH` | starting price plus the pegged change for each whole reference change of the benchmark |
//! | `VOL` | what the option is worth at the volatility |
//! | `MKT PRT`, `STP PRT` | the market's price when it comes there, or the stop, plus the band |
//!
//! A limit caps each of the pegged prices. Stocks and benchmarks may have a range; outside of it the
//! order is taken out.

use rust_decimal::Decimal;

use super::ids::ConId;
use super::instrument::{Instrument, Right};
use super::matching::{is_within, opposite, own_side};
use super::number::{decimal, double};
use super::option_chain::Model;
use super::order::Action;
use super::order_kind::OrderKind;
use super::quote::Quote;
use super::ticket::Ticket;

/// How many price steps a protected order may trade away from where it began; what an exchange really
/// sets differs by contract.
const BAND: Decimal = Decimal::from_parts(12, 0, 0, false, 0);

/// Trading days a year, for volatilities given by the day.
const TRADING_DAYS: f64 = 252.0;

/// What a price that the exchange works out is made of; each order type uses its own part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Peg {
    /// The instrument the price follows besides its own.
    pub(crate) reference: Option<ConId>,
    pub(crate) starting_price: Option<Decimal>,
    /// The price of the reference at which the starting price holds.
    pub(crate) reference_price: Option<Decimal>,
    pub(crate) delta: Decimal,
    /// The order lives while the reference is within these.
    pub(crate) lowest: Option<Decimal>,
    pub(crate) highest: Option<Decimal>,
    pub(crate) change: Decimal,
    pub(crate) reference_change: Decimal,
    /// The price falls when the benchmark rises.
    pub(crate) is_opposed: bool,
    /// What a better price must show to be competed with.
    pub(crate) compete_size: Decimal,
    /// By how much it is outdone; `None` goes up to the middle.
    pub(crate) compete_offset: Option<Decimal>,
    pub(crate) middle_offset_whole: Decimal,
    pub(crate) middle_offset_half: Decimal,
    /// A fraction a year.
    pub(crate) volatility: Decimal,
    /// The price follows the underlying; otherwise it is worked out once.
    pub(crate) is_continuous: bool,
    /// The underlying counts at its bid or ask instead of its middle.
    pub(crate) is_by_side: bool,
}

/// A volatility of the wire, in percent a year or a day, as a fraction a year.
pub(crate) fn yearly(percent: f64, is_daily: bool) -> Option<Decimal> {
    let scale = if is_daily { TRADING_DAYS.sqrt() } else { 1.0 };
    decimal(percent / 100.0 * scale)
}

/// What the price is worked out in.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) instrument: &'a Instrument,
    pub(crate) quote: &'a Quote,
    /// The market of the reference, where there is one.
    pub(crate) reference: Option<&'a Quote>,
    /// Epoch seconds.
    pub(crate) now: i64,
}

/// Where an order works now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placing {
    At(Decimal),
    /// There is nothing to work its price out from.
    Nowhere,
    /// The reference has left its range.
    OutOfRange,
}

/// The ticket with what it leaves to the market at its start: the middle of its own quote and that of
/// the reference.
pub(crate) fn started(mut ticket: Ticket, around: Surroundings<'_>) -> Ticket {
    let peg = &mut ticket.peg;
    peg.starting_price = peg.starting_price.or_else(|| around.quote.middle());
    peg.reference_price = peg.reference_price.or_else(|| around.reference.and_then(Quote::mark));
    ticket
}

/// Where the order works, given where it did before.
pub(crate) fn placing(
    ticket: &Ticket,
    before: Option<Decimal>,
    around: Surroundings<'_>,
) -> Placing {
    if is_out_of_range(&ticket.peg, around.reference) {
        return Placing::OutOfRange;
    }
    let is_reached = |price: &Decimal| {
        let other = opposite(ticket.action, around.quote);
        other.is_some_and(|other| is_within(ticket.action, other, *price))
    };
    let is_fixed = ticket.kind.is_protected()
        || (ticket.kind == OrderKind::Volatility && !ticket.peg.is_continuous);
    // The market came to where it rested: it trades there before it could move away.
    if let Some(price) = before.filter(|price| is_fixed || is_reached(price)) {
        return Placing::At(price);
    }
    let price = worked_out(ticket, around).map(|price| on_grid(price, around.instrument));
    price.map_or(Placing::Nowhere, |price| Placing::At(capped(ticket, price)))
}

fn is_out_of_range(peg: &Peg, reference: Option<&Quote>) -> bool {
    let Some(price) = reference.and_then(Quote::mark) else { return false };
    let real = |bound: Option<Decimal>| bound.filter(|bound| !bound.is_zero());
    real(peg.lowest).is_some_and(|lowest| price < lowest)
        || real(peg.highest).is_some_and(|highest| price > highest)
}

fn worked_out(ticket: &Ticket, around: Surroundings<'_>) -> Option<Decimal> {
    let (peg, sign) = (&ticket.peg, ticket.action.sign());
    let offset = ticket.offset.unwrap_or_default();
    match ticket.kind {
        OrderKind::Relative => Some(own_side(ticket.action, around.quote)? + offset * sign),
        OrderKind::PegMarket => Some(opposite(ticket.action, around.quote)? - offset * sign),
        OrderKind::PegBest => best(ticket, around),
        OrderKind::PegStock => {
            let move_of_stock = around.reference?.mark()? - peg.reference_price?;
            let is_put = around.instrument.option()?.right == Right::Put;
            let delta = if is_put { -peg.delta.abs() } else { peg.delta.abs() };
            Some(peg.starting_price? + delta * move_of_stock)
        }
        OrderKind::PegBenchmark => {
            let move_of_benchmark = around.reference?.mark()? - peg.reference_price?;
            let steps = move_of_benchmark.checked_div(peg.reference_change)?.trunc();
            let change = if peg.is_opposed { -peg.change } else { peg.change };
            Some(peg.starting_price? + change * steps)
        }
        OrderKind::Volatility => worth(ticket, around),
        OrderKind::MarketProtected => {
            let price = opposite(ticket.action, around.quote)?;
            Some(price + BAND * around.instrument.step_at(price) * sign)
        }
        OrderKind::StopProtected => {
            let stop = ticket.stop?;
            Some(stop + BAND * around.instrument.step_at(stop) * sign)
        }
        _ => None,
    }
}

/// Outdoes the best price of its own side if that shows enough, or goes up to the middle.
fn best(ticket: &Ticket, around: Surroundings<'_>) -> Option<Decimal> {
    let (peg, sign) = (&ticket.peg, ticket.action.sign());
    let Some(offset) = peg.compete_offset else {
        let middle = around.quote.middle()?;
        let is_whole = around.instrument.is_on_grid(middle);
        let away = if is_whole { peg.middle_offset_whole } else { peg.middle_offset_half };
        return Some(middle - away * sign);
    };
    let side = own_side(ticket.action, around.quote)?;
    let size = match ticket.action {
        Action::Buy => around.quote.bid_size,
        Action::Sell => around.quote.ask_size,
    };
    Some(if size >= peg.compete_size { side + offset * sign } else { side })
}

/// The value of an option at the order's volatility.
fn worth(ticket: &Ticket, around: Surroundings<'_>) -> Option<Decimal> {
    let reference = around.reference?;
    let right = around.instrument.option()?.right;
    // Buying a call or selling a put is priced at the bid of the stock, the others at its ask.
    let is_at_bid = (ticket.action == Action::Buy) == (right == Right::Call);
    let underlying = match (ticket.peg.is_by_side, is_at_bid) {
        (false, _) => reference.middle().or_else(|| reference.mark())?,
        (true, true) => reference.bid?,
        (true, false) => reference.ask?,
    };
    let model = Model::new(around.instrument, underlying, around.now)?;
    decimal(model.value(double(ticket.peg.volatility))?.price)
}

fn on_grid(price: Decimal, instrument: &Instrument) -> Decimal {
    let step = instrument.step_at(price);
    (price / step).round() * step
}

/// No worse for its owner than the limit, where there is one.
fn capped(ticket: &Ticket, price: Decimal) -> Decimal {
    let limit = ticket.limit.filter(|limit| !limit.is_zero());
    match (limit, ticket.action) {
        (None, _) => price,
        (Some(limit), Action::Buy) => price.min(limit),
        (Some(limit), Action::Sell) => price.max(limit),
    }
}

#[cfg(test)]
#[path = "pegging_tests.rs"]
mod tests;
