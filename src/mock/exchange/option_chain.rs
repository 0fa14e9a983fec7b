//! The built-in option chains: which strikes and expiries there are, and what an option is worth.

use rust_decimal::Decimal;
use time::{Date, Month, PrimitiveDateTime, Time};

use super::black_scholes::{self, Greeks, Inputs};
use super::calendar::{from_eastern, third_friday};
use super::ids::ConId;
use super::instrument::{Instrument, OptionTerms, Right, SecurityKind, Terms};
use super::market_rule::PENNIES_THEN_NICKELS;
use super::number::{decimal, double};

/// Interest the model reckons with, a fraction a year.
const RATE: f64 = 0.04;
/// Volatility the seeded market is priced at.
pub(crate) const SEEDED_VOLATILITY: f64 = 0.25;

const EXPIRIES: usize = 4;
/// Strikes on each side of the middle one.
const REACH: i64 = 5;
pub(crate) const EXCHANGES: &str = "SMART,AMEX,BATS,BOX,CBOE,CBOE2,EDGX,EMERALD,GEMINI,IBUSOPT,ISE,MEMX,MERCURY,MIAX,NASDAQBX,\
     NASDAQOM,PEARL,PHLX,PSE,SAPPHIRE";

/// Every option of a chain: the next four monthly expiries, eleven strikes, calls and puts.
pub(crate) fn chain(underlying: &Instrument, index: i32, today: Date) -> Vec<Instrument> {
    let step = strike_step(underlying.base_price);
    let middle = (underlying.base_price / step).round() * step;
    let mut options = Vec::new();
    for expiry in third_fridays(today).take(EXPIRIES) {
        for offset in -REACH..=REACH {
            for right in [Right::Call, Right::Put] {
                let strike = middle + step * Decimal::from(offset);
                let terms = OptionTerms { underlying: underlying.con_id, strike, right };
                let con_id = number(index, expiry, offset, right);
                options.push(priced(option(underlying, terms, expiry, con_id), underlying, today));
            }
        }
    }
    options
}

/// At what it is worth as the day begins.
fn priced(option: Instrument, underlying: &Instrument, today: Date) -> Instrument {
    let morning = from_eastern(PrimitiveDateTime::new(today, Time::MIDNIGHT));
    let price = seeded_price(&option, underlying.base_price, morning);
    Instrument { base_price: price.unwrap_or(option.base_price), ..option }
}

fn strike_step(price: Decimal) -> Decimal {
    Decimal::from(if price < Decimal::from(300) { 5 } else { 10 })
}

/// The third Fridays from today on.
fn third_fridays(today: Date) -> impl Iterator<Item = Date> {
    let months = (today.year()..=today.year() + 1)
        .flat_map(|year| (1..=12u8).filter_map(move |m| Some((year, Month::try_from(m).ok()?))));
    months.map(|(year, month)| third_friday(year, month)).filter(move |day| *day >= today)
}

/// A contract number no other option has: a block per chain, a row per month, a place per strike.
fn number(index: i32, expiry: Date, offset: i64, right: Right) -> ConId {
    let month = (expiry.year() - 2_000) * 12 + i32::from(u8::from(expiry.month()));
    let place = i32::try_from(offset + REACH).unwrap_or_default() * 2 + right as i32;
    ConId(700_000_000 + index * 1_000_000 + month * 100 + place)
}

fn option(underlying: &Instrument, terms: OptionTerms, expiry: Date, con_id: ConId) -> Instrument {
    let date = stamp(expiry);
    Instrument {
        con_id,
        kind: SecurityKind::Option,
        symbol: underlying.symbol.clone(),
        local_symbol: local_symbol(&underlying.symbol, &date, terms),
        trading_class: underlying.symbol.clone(),
        long_name: underlying.long_name.clone(),
        primary_exchange: "CBOE".to_owned(),
        valid_exchanges: EXCHANGES.to_owned(),
        currency: underlying.currency.clone(),
        multiplier: Decimal::ONE_HUNDRED,
        tick: Decimal::new(1, 2),
        rule: PENNIES_THEN_NICKELS,
        expiry: date,
        industry: underlying.industry.clone(),
        base_price: Decimal::ONE,
        terms: Terms::Option(terms),
    }
}

/// The symbol padded to six, date, right, and the strike in thousandths (A10).
pub(crate) fn local_symbol(symbol: &str, date: &str, terms: OptionTerms) -> String {
    let (right, strike) = (terms.right.code(), (terms.strike * Decimal::ONE_THOUSAND).round());
    let short = date.get(2..).unwrap_or_default();
    format!("{symbol:<6}{short}{right}{:0>8}", strike.normalize().to_string())
}

fn stamp(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), u8::from(date.month()), date.day())
}

/// What the model says of an option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Model {
    inputs: Inputs,
}

impl Model {
    /// `None` for what is not an option, is past its expiry or has an underlying without a price.
    pub(crate) fn new(option: &Instrument, underlying: Decimal, now: i64) -> Option<Self> {
        let OptionTerms { strike, right, .. } = option.option()?;
        let years = years_left(&option.expiry, now)?;
        let (underlying, strike) = (double(underlying), double(strike));
        Some(Self { inputs: Inputs { right, underlying, strike, years, rate: RATE } })
    }

    pub(crate) fn value(self, volatility: f64) -> Option<Greeks> {
        black_scholes::value(self.inputs, volatility)
    }

    pub(crate) fn implied_volatility(self, price: f64) -> Option<f64> {
        black_scholes::implied_volatility(self.inputs, price)
    }

    pub(crate) const fn underlying(self) -> f64 {
        self.inputs.underlying
    }
}

/// What an option is worth at a volatility, on its price grid and at least two steps.
pub(crate) fn seeded_price(option: &Instrument, underlying: Decimal, now: i64) -> Option<Decimal> {
    let price = Model::new(option, underlying, now)?.value(SEEDED_VOLATILITY)?.price;
    let price = decimal(price)?;
    let step = option.step_at(price);
    Some(((price / step).round() * step).max(step * Decimal::TWO))
}

/// Years to the close of the expiry's session.
#[expect(clippy::cast_precision_loss, reason = "seconds to any expiry fit a double exactly")]
fn years_left(expiry: &str, now: i64) -> Option<f64> {
    const YEAR: f64 = 365.0 * 86_400.0;
    let form = time::macros::format_description!("[year][month][day]");
    let date = Date::parse(expiry, form).ok()?;
    let close = from_eastern(PrimitiveDateTime::new(date, Time::from_hms(16, 0, 0).ok()?));
    (close > now).then(|| (close - now) as f64 / YEAR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::listing::{Listing, Query};
    use time::macros::date;

    fn options_of(symbol: &str) -> Vec<Instrument> {
        let listing = Listing::new(date!(2026 - 11 - 21));
        let query =
            Query { symbol: symbol.into(), security_type: "OPT".into(), ..Query::default() };
        listing.find(&query).into_iter().cloned().collect()
    }

    #[test]
    fn test_a_chain_has_every_expiry_strike_and_right_once() {
        let options = options_of("AAPL");

        let mut numbers: Vec<_> = options.iter().map(|option| option.con_id).collect();
        numbers.sort();
        numbers.dedup();
        assert_eq!((options.len(), numbers.len()), (88, 88));
        assert_eq!(options[0].local_symbol, "AAPL  261218C00165000");
        assert_eq!(options[0].expiry, "20261218");
    }

    #[test]
    fn test_seeded_prices_lie_on_the_grid_and_imply_a_volatility() {
        let now = time::macros::datetime!(2026-11-21 15:00 UTC).unix_timestamp();

        for option in options_of("SPY") {
            let price = seeded_price(&option, Decimal::from(550), now).unwrap();

            assert!(option.is_on_grid(price), "{} at {price}", option.local_symbol);
        }
    }
}
