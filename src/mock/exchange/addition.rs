//! An instrument a test adds to the listing: checked, and completed where it says nothing.

use rust_decimal::Decimal;
use time::Date;

use super::catalogue::STOCK_EXCHANGES;
use super::ids::ConId;
use super::instrument::{Instrument, OptionTerms, Right, SecurityKind, Terms};
use super::listing::Listing;
use super::market_rule::MarketRule;
use super::number::decimal;
use super::option_chain::{EXCHANGES, local_symbol};

/// An instrument to add. Only `con_id`, `symbol` and `price` have to be given.
#[derive(Clone, Debug, PartialEq)]
pub struct NewInstrument {
    /// Contract number; an instrument that has it already is replaced.
    pub con_id: i32,
    /// Symbol; for an option that of its underlying.
    pub symbol: String,
    /// `STK`, `CASH`, `FUT`, `OPT`, `IND`, `CRYPTO`, `FOP`, `FUND`, `CFD` or `WAR`.
    pub security_type: String,
    /// Where it is listed.
    pub exchange: String,
    /// Currency of its price.
    pub currency: String,
    /// Price the market starts near.
    pub price: f64,
    /// Smallest price step.
    pub tick: f64,
    /// Units of the underlying in one contract.
    pub multiplier: f64,
    /// `YYYYMMDD` for futures, options and warrants.
    pub expiry: String,
    /// Strike of an option.
    pub strike: f64,
    /// `C` or `P` for an option.
    pub right: String,
    /// Full name.
    pub long_name: String,
}

impl Default for NewInstrument {
    fn default() -> Self {
        Self {
            con_id: 0,
            symbol: String::new(),
            security_type: "STK".to_owned(),
            exchange: "NASDAQ".to_owned(),
            currency: "USD".to_owned(),
            price: 0.0,
            tick: 0.01,
            multiplier: 1.0,
            expiry: String::new(),
            strike: 0.0,
            right: String::new(),
            long_name: String::new(),
        }
    }
}

const KINDS: [SecurityKind; 10] = [
    SecurityKind::Stock,
    SecurityKind::Cash,
    SecurityKind::Future,
    SecurityKind::Option,
    SecurityKind::Index,
    SecurityKind::Crypto,
    SecurityKind::FutureOption,
    SecurityKind::Fund,
    SecurityKind::Cfd,
    SecurityKind::Warrant,
];

/// A rule no table knows, so that an instrument's own tick applies.
const OWN_TICK: MarketRule = MarketRule(0);

impl NewInstrument {
    /// The instrument it describes, or what is wrong with the description.
    pub(crate) fn checked(&self, listing: &Listing) -> Result<Instrument, &'static str> {
        let kind = KINDS.into_iter().find(|kind| kind.code() == self.security_type);
        let kind = kind.ok_or("security type is not one that can be added")?;
        if self.con_id <= 0 || self.symbol.is_empty() {
            return Err("a contract number above zero and a symbol are needed");
        }
        let is_option = matches!(
            kind,
            SecurityKind::Option | SecurityKind::FutureOption | SecurityKind::Warrant
        );
        let expires = is_option || kind == SecurityKind::Future;
        if expires && !is_date(&self.expiry) {
            return Err("expiry is not YYYYMMDD");
        }
        let terms = match kind {
            _ if is_option => Terms::Option(self.terms(listing)?),
            _ => Terms::Plain,
        };
        Ok(Instrument {
            con_id: ConId(self.con_id),
            kind,
            symbol: self.symbol.clone(),
            local_symbol: self.local_symbol(kind, &terms),
            trading_class: self.symbol.clone(),
            long_name: self.long_name.clone(),
            primary_exchange: self.exchange.clone(),
            valid_exchanges: self.exchanges(kind),
            currency: self.currency.clone(),
            multiplier: positive(self.multiplier).ok_or("multiplier is not above zero")?,
            tick: positive(self.tick).ok_or("tick is not above zero")?,
            rule: OWN_TICK,
            expiry: self.expiry.clone(),
            industry: String::new(),
            base_price: positive(self.price).ok_or("price is not above zero")?,
            terms,
        })
    }

    fn terms(&self, listing: &Listing) -> Result<OptionTerms, &'static str> {
        let underlying = listing.called(&self.symbol).first().copied();
        Ok(OptionTerms {
            underlying: underlying.ok_or("an option needs a listed underlying")?,
            strike: positive(self.strike).ok_or("strike is not above zero")?,
            right: Right::parse(&self.right).ok_or("right is neither C nor P")?,
        })
    }

    fn local_symbol(&self, kind: SecurityKind, terms: &Terms) -> String {
        match terms {
            Terms::Option(terms) => local_symbol(&self.symbol, &self.expiry, *terms),
            _ if kind == SecurityKind::Cash => format!("{}.{}", self.symbol, self.currency),
            _ => self.symbol.clone(),
        }
    }

    /// What is routed smart can be asked for on every exchange of its kind.
    fn exchanges(&self, kind: SecurityKind) -> String {
        let known = match kind {
            SecurityKind::Stock => STOCK_EXCHANGES,
            SecurityKind::Option => EXCHANGES,
            _ => return self.exchange.clone(),
        };
        match known.split(',').any(|name| name == self.exchange) {
            true => known.to_owned(),
            false => format!("{known},{}", self.exchange),
        }
    }
}

fn positive(value: f64) -> Option<Decimal> {
    decimal(value).filter(|value| *value > Decimal::ZERO)
}

fn is_date(text: &str) -> bool {
    Date::parse(text, time::macros::format_description!("[year][month][day]")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_what_cannot_be_listed_says_why() {
        let listing = Listing::new(time::macros::date!(2026 - 11 - 21));
        let stock =
            NewInstrument { con_id: 1, symbol: "XYZ".into(), price: 10.0, ..Default::default() };
        let option = NewInstrument {
            security_type: "OPT".into(),
            expiry: "20261218".into(),
            right: "C".into(),
            strike: 10.0,
            ..stock.clone()
        };
        let cases = [
            (stock.clone(), true),
            (NewInstrument { price: f64::NAN, ..stock.clone() }, false),
            (NewInstrument { con_id: 0, ..stock.clone() }, false),
            (NewInstrument { security_type: "XXX".into(), ..stock.clone() }, false),
            (NewInstrument { security_type: "FUT".into(), ..stock }, false),
            (option.clone(), false),
            (NewInstrument { symbol: "AAPL".into(), ..option }, true),
        ];

        for (new, expected) in cases {
            assert_eq!(new.checked(&listing).is_ok(), expected, "{new:?}");
        }
    }
}
