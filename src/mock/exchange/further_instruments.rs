//! The built-in instruments of the rarer kinds: options on a future, a contract for difference, a fund
//! and a warrant. Each is called by its local symbol.

use rust_decimal::Decimal;
use time::{Date, Month};

use super::calendar::third_friday;
use super::ids::ConId;
use super::instrument::{Instrument, OptionTerms, Right, SecurityKind, Terms};
use super::market_rule;

/// Strikes of the future's options on each side of the middle one, and how far apart they are.
const REACH: i32 = 3;
const APART: Decimal = Decimal::from_parts(50, 0, 0, false, 0);

const FIRST_FUTURE_OPTION: i32 = 900_000_100;

/// Those that go with a stock and a future.
pub(super) fn further(stock: &Instrument, future: &Instrument, today: Date) -> Vec<Instrument> {
    let mut all = future_options(future);
    all.extend([difference(stock), fund(), warrant(stock, today)]);
    all
}

/// Calls and puts on a future that expire with it.
fn future_options(future: &Instrument) -> Vec<Instrument> {
    let both = [Right::Call, Right::Put];
    let places = (-REACH..=REACH).flat_map(|place| both.map(|right| (place, right)));
    let listed = (FIRST_FUTURE_OPTION..).zip(places);
    listed.map(|(con_id, (place, right))| future_option(future, con_id, place, right)).collect()
}

fn future_option(future: &Instrument, con_id: i32, place: i32, right: Right) -> Instrument {
    let strike = future.base_price + APART * Decimal::from(place);
    Instrument {
        con_id: ConId(con_id),
        kind: SecurityKind::FutureOption,
        local_symbol: format!("{} {}{strike}", future.local_symbol, right.code()),
        terms: Terms::Option(OptionTerms { underlying: future.con_id, strike, right }),
        base_price: APART,
        ..future.clone()
    }
}

/// A contract for difference on a stock; IB marks its local symbol with an n.
fn difference(stock: &Instrument) -> Instrument {
    Instrument {
        con_id: ConId(900_000_020),
        kind: SecurityKind::Cfd,
        local_symbol: format!("{}n", stock.symbol),
        trading_class: format!("{}n", stock.symbol),
        primary_exchange: "SMART".to_owned(),
        valid_exchanges: "SMART".to_owned(),
        ..stock.clone()
    }
}

fn fund() -> Instrument {
    Instrument {
        con_id: ConId(900_000_021),
        kind: SecurityKind::Fund,
        symbol: "MOKFX".to_owned(),
        local_symbol: "MOKFX".to_owned(),
        trading_class: "MOKFX".to_owned(),
        long_name: "MOCK INDEX FUND".to_owned(),
        primary_exchange: "FUNDSERV".to_owned(),
        valid_exchanges: "FUNDSERV".to_owned(),
        currency: "USD".to_owned(),
        multiplier: Decimal::ONE,
        tick: Decimal::new(1, 2),
        rule: market_rule::CENTS,
        expiry: String::new(),
        industry: "Funds".to_owned(),
        base_price: Decimal::from(120),
        terms: Terms::Plain,
    }
}

/// A call that ends in December after next.
fn warrant(stock: &Instrument, today: Date) -> Instrument {
    let ends = third_friday(today.year() + 1, Month::December);
    let strike = stock.base_price;
    let terms = OptionTerms { underlying: stock.con_id, strike, right: Right::Call };
    Instrument {
        con_id: ConId(900_000_022),
        kind: SecurityKind::Warrant,
        local_symbol: format!("{} WT", stock.symbol),
        trading_class: format!("{} WT", stock.symbol),
        primary_exchange: "FWB".to_owned(),
        valid_exchanges: "FWB".to_owned(),
        multiplier: Decimal::new(1, 1),
        expiry: format!("{}{:02}{:02}", ends.year(), u8::from(ends.month()), ends.day()),
        base_price: Decimal::TEN,
        terms: Terms::Option(terms),
        ..stock.clone()
    }
}
