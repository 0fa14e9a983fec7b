//! The built-in instruments, and finding those a request describes.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use time::Date;

use super::catalogue;
use super::ids::ConId;
use super::instrument::{Instrument, Right, SecurityKind};

/// The security type that means the front month of a future.
pub(crate) const CONTINUOUS: &str = "CONTFUT";

/// What a request says about a contract; empty text and `None` mean "any".
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    pub(crate) con_id: Option<ConId>,
    pub(crate) symbol: String,
    pub(crate) security_type: String,
    pub(crate) expiry: String,
    pub(crate) strike: Option<Decimal>,
    pub(crate) right: Option<Right>,
    pub(crate) exchange: String,
    pub(crate) primary_exchange: String,
    pub(crate) currency: String,
    pub(crate) local_symbol: String,
    pub(crate) trading_class: String,
    /// The CUSIP of a bond.
    pub(crate) cusip: String,
}

impl Query {
    /// Whether it says nothing that could single out a contract.
    pub(crate) fn is_blank(&self) -> bool {
        self.con_id.is_none()
            && self.symbol.is_empty()
            && self.local_symbol.is_empty()
            && self.cusip.is_empty()
    }

    fn fits(&self, instrument: &Instrument) -> bool {
        if let Some(con_id) = self.con_id {
            return instrument.con_id == con_id;
        }
        self.is_of_kind(instrument.kind)
            && self.names(instrument)
            && fits(&self.local_symbol, &instrument.local_symbol)
            && fits(&self.currency, &instrument.currency)
            && fits(&self.primary_exchange, &instrument.primary_exchange)
            && fits(&self.trading_class, &instrument.trading_class)
            && instrument.expiry.starts_with(&self.expiry)
            && self.is_option_like(instrument)
            && self.is_routed_to(instrument)
    }

    fn is_of_kind(&self, kind: SecurityKind) -> bool {
        kind.code() == self.security_type || (self.is_continuous() && kind == SecurityKind::Future)
    }

    /// Whether it asks for a continuous future, which is the front month.
    pub(crate) fn is_continuous(&self) -> bool {
        self.security_type == CONTINUOUS
    }

    /// Bonds are asked for by their CUSIP, which some clients write where the symbol goes.
    fn names(&self, instrument: &Instrument) -> bool {
        let Some(bond) = instrument.bond() else {
            return self.cusip.is_empty() && fits(&self.symbol, &instrument.symbol);
        };
        fits(&self.cusip, &bond.cusip)
            && (fits(&self.symbol, &instrument.symbol) || self.symbol == bond.cusip)
    }

    fn is_option_like(&self, instrument: &Instrument) -> bool {
        let Some(option) = instrument.option() else { return true };
        self.strike.is_none_or(|strike| strike == option.strike)
            && self.right.is_none_or(|right| right == option.right)
    }

    fn is_routed_to(&self, instrument: &Instrument) -> bool {
        self.exchange.is_empty()
            || instrument.valid_exchanges.split(',').any(|name| name == self.exchange)
    }
}

fn fits(asked: &str, is: &str) -> bool {
    asked.is_empty() || asked == is
}

/// All instruments of the exchange, in the order answers list them.
pub(crate) struct Listing {
    instruments: Vec<Instrument>,
    places: BTreeMap<ConId, usize>,
}

impl Listing {
    /// The built-in instruments; the futures are the front months of `today`.
    pub(crate) fn new(today: Date) -> Self {
        let mut listing = Self { instruments: Vec::new(), places: BTreeMap::new() };
        catalogue::instruments(today).into_iter().for_each(|instrument| listing.add(instrument));
        listing
    }

    /// Lists an instrument, in place of one with the same number.
    pub(crate) fn add(&mut self, instrument: Instrument) {
        if let Some(place) = self.places.get(&instrument.con_id) {
            self.instruments[*place] = instrument;
        } else {
            self.places.insert(instrument.con_id, self.instruments.len());
            self.instruments.push(instrument);
        }
    }

    pub(crate) fn all(&self) -> &[Instrument] {
        &self.instruments
    }

    pub(crate) fn find(&self, query: &Query) -> Vec<&Instrument> {
        let most = if query.is_continuous() { 1 } else { usize::MAX };
        self.instruments.iter().filter(|instrument| query.fits(instrument)).take(most).collect()
    }

    pub(crate) fn get(&self, con_id: ConId) -> Option<&Instrument> {
        self.places.get(&con_id).map(|place| &self.instruments[*place])
    }

    /// The options on an instrument.
    pub(crate) fn options_on(&self, underlying: ConId) -> impl Iterator<Item = &Instrument> {
        let is_on = move |found: &Instrument| {
            found.kind != SecurityKind::Warrant
                && found.option().is_some_and(|terms| terms.underlying == underlying)
        };
        self.instruments.iter().filter(move |instrument| is_on(instrument))
    }

    /// Every instrument people call by this symbol.
    pub(crate) fn called(&self, symbol: &str) -> Vec<ConId> {
        let named = self.instruments.iter().filter(|instrument| instrument.is_called(symbol));
        named.map(|instrument| instrument.con_id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Month;

    fn listing() -> Listing {
        Listing::new(Date::from_calendar_date(2026, Month::November, 21).unwrap())
    }

    fn query(symbol: &str, security_type: &str) -> Query {
        Query { symbol: symbol.into(), security_type: security_type.into(), ..Query::default() }
    }

    #[test]
    fn test_a_description_finds_exactly_what_it_fits() {
        let nyse = Query { primary_exchange: "NYSE".into(), ..query("AMB", "STK") };
        let by_id = Query { con_id: Some(ConId(265_598)), ..Query::default() };
        let euros = Query { currency: "EUR".into(), ..query("AAPL", "STK") };
        let december = Query { expiry: "202612".into(), ..query("ES", "FUT") };
        let cases = [
            (query("AAPL", "STK"), 1),
            (query("AMB", "STK"), 2),
            (nyse, 1),
            (by_id, 1),
            (euros, 0),
            (query("EUR", "CASH"), 1),
            (query("ES", "FUT"), 4),
            (december, 1),
            (query("NOPE", "STK"), 0),
            (query("AAPL", "OPT"), 88),
            (Query { right: Some(Right::Call), ..query("AAPL", "OPT") }, 44),
            (Query { strike: Some(Decimal::from(190)), ..query("AAPL", "OPT") }, 8),
            (query("900000AA1", "BOND"), 1),
            (query("IBM", "BOND"), 1),
            (query("SPX", "IND"), 1),
            (query("BTC", "CRYPTO"), 1),
            (query("ES", "CONTFUT"), 1),
            (query("ES", "FOP"), 14),
            (query("AAPL", "CFD"), 1),
            (query("AAPL", "WAR"), 1),
            (query("MOKFX", "FUND"), 1),
        ];

        for (query, expected) in cases {
            assert_eq!(listing().find(&query).len(), expected, "{query:?}");
        }
    }

    #[test]
    fn test_the_front_future_expires_on_the_third_friday() {
        let listing = listing();

        let front = listing.find(&query("ES", "FUT"))[0];

        assert_eq!((front.expiry.as_str(), front.local_symbol.as_str()), ("20261218", "ESZ6"));
    }

    #[test]
    fn test_a_symbol_means_neither_its_options_nor_its_bonds() {
        let listing = listing();

        let counts = ["AAPL", "IBM", "ES"].map(|symbol| listing.called(symbol).len());

        assert_eq!(counts, [1, 1, 4]);
        assert_eq!(listing.called("AAPL  261218C00190000").len(), 1);
    }
}
