//! The built-in instruments, and finding those a request describes.

use rust_decimal::Decimal;
use time::{Date, Month, Weekday};

use super::ids::ConId;
use super::instrument::{Instrument, SecurityKind};

/// What a request says about a contract; empty text and `None` mean "any".
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    pub(crate) con_id: Option<ConId>,
    pub(crate) symbol: String,
    pub(crate) security_type: String,
    pub(crate) expiry: String,
    pub(crate) exchange: String,
    pub(crate) primary_exchange: String,
    pub(crate) currency: String,
    pub(crate) local_symbol: String,
    pub(crate) trading_class: String,
}

impl Query {
    /// Whether it says nothing that could single out a contract.
    pub(crate) fn is_blank(&self) -> bool {
        self.con_id.is_none() && self.symbol.is_empty() && self.local_symbol.is_empty()
    }

    fn fits(&self, instrument: &Instrument) -> bool {
        if let Some(con_id) = self.con_id {
            return instrument.con_id == con_id;
        }
        instrument.kind.code() == self.security_type
            && fits(&self.symbol, &instrument.symbol)
            && fits(&self.local_symbol, &instrument.local_symbol)
            && fits(&self.currency, instrument.currency)
            && fits(&self.primary_exchange, instrument.primary_exchange)
            && fits(&self.trading_class, &instrument.trading_class)
            && instrument.expiry.starts_with(&self.expiry)
            && self.is_routed_to(instrument)
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
}

impl Listing {
    /// The built-in instruments; the futures are the front months of `today`.
    pub(crate) fn new(today: Date) -> Self {
        let mut instruments: Vec<_> = STOCKS.iter().map(stock).collect();
        instruments.push(euro());
        instruments.extend(front_months(today).map(future));
        Self { instruments }
    }

    pub(crate) fn all(&self) -> &[Instrument] {
        &self.instruments
    }

    pub(crate) fn find(&self, query: &Query) -> Vec<&Instrument> {
        self.instruments.iter().filter(|instrument| query.fits(instrument)).collect()
    }

    pub(crate) fn get(&self, con_id: ConId) -> Option<&Instrument> {
        self.instruments.iter().find(|instrument| instrument.con_id == con_id)
    }

    /// Every instrument people call by this symbol.
    pub(crate) fn called(&self, symbol: &str) -> Vec<ConId> {
        let named = self.instruments.iter().filter(|instrument| instrument.is_called(symbol));
        named.map(|instrument| instrument.con_id).collect()
    }
}

type StockRow = (i32, &'static str, &'static str, &'static str, &'static str, i64);

/// Contract id, symbol, listing exchange, long name, industry, price in cents.
const STOCKS: [StockRow; 12] = [
    (265_598, "AAPL", "NASDAQ", "APPLE INC", "Technology", 19_000),
    (272_093, "MSFT", "NASDAQ", "MICROSOFT CORP", "Technology", 42_500),
    (208_813_720, "GOOG", "NASDAQ", "ALPHABET INC-CL C", "Communications", 17_500),
    (3_691_937, "AMZN", "NASDAQ", "AMAZON.COM INC", "Communications", 18_500),
    (4_815_747, "NVDA", "NASDAQ", "NVIDIA CORP", "Technology", 12_500),
    (76_792_991, "TSLA", "NASDAQ", "TESLA INC", "Consumer, Cyclical", 25_000),
    (107_113_386, "META", "NASDAQ", "META PLATFORMS INC-CLASS A", "Communications", 50_000),
    (756_733, "SPY", "ARCA", "STATE STREET SPDR S&P 500 ET", "Funds", 55_000),
    (8_314, "IBM", "NYSE", "INTL BUSINESS MACHINES CORP", "Technology", 21_000),
    (320_227_571, "QQQ", "NASDAQ", "INVESCO QQQ TRUST SERIES 1", "Funds", 48_000),
    (900_000_001, "AMB", "NYSE", "AMBIGUOUS HOLDINGS", "Financial", 4_000),
    (900_000_002, "AMB", "NASDAQ", "AMBIGUOUS INDUSTRIES", "Industrial", 4_100),
];

fn stock(row: &StockRow) -> Instrument {
    let (con_id, symbol, primary_exchange, long_name, industry, cents) = *row;
    Instrument {
        con_id: ConId(con_id),
        kind: SecurityKind::Stock,
        symbol: symbol.to_owned(),
        local_symbol: symbol.to_owned(),
        trading_class: if primary_exchange == "NASDAQ" { "NMS" } else { symbol }.to_owned(),
        long_name: long_name.to_owned(),
        primary_exchange,
        valid_exchanges: "SMART,AMEX,NYSE,CBOE,ARCA,NASDAQ,BATS,IEX,EDGEA,IBKRATS,OVERNIGHT",
        currency: "USD",
        multiplier: Decimal::ONE,
        tick: Decimal::new(1, 2),
        expiry: String::new(),
        industry,
        base_price: Decimal::new(cents, 2),
    }
}

fn euro() -> Instrument {
    Instrument {
        con_id: ConId(12_087_792),
        kind: SecurityKind::Cash,
        symbol: "EUR".to_owned(),
        local_symbol: "EUR.USD".to_owned(),
        trading_class: "EUR.USD".to_owned(),
        long_name: "European Monetary Union Euro".to_owned(),
        primary_exchange: "IDEALPRO",
        valid_exchanges: "IDEALPRO",
        currency: "USD",
        multiplier: Decimal::ONE,
        tick: Decimal::new(5, 5),
        expiry: String::new(),
        industry: "",
        base_price: Decimal::new(108_500, 5),
    }
}

/// The four quarterly months that have not expired on `today`.
fn front_months(today: Date) -> impl Iterator<Item = Date> {
    const QUARTERS: [Month; 4] = [Month::March, Month::June, Month::September, Month::December];
    let years = [today.year(), today.year() + 1];
    let all = years.into_iter().flat_map(|year| QUARTERS.map(|month| third_friday(year, month)));
    all.filter(move |expiry| *expiry >= today).take(4)
}

fn third_friday(year: i32, month: Month) -> Date {
    let days = (15..=21).filter_map(|day| Date::from_calendar_date(year, month, day).ok());
    // One of any seven days in a row is a Friday, so the fallback is never taken.
    days.into_iter().find(|day| day.weekday() == Weekday::Friday).unwrap_or(Date::MAX)
}

fn future(expiry: Date) -> Instrument {
    let letter = match expiry.month() {
        Month::March => 'H',
        Month::June => 'M',
        Month::September => 'U',
        _ => 'Z',
    };
    let month = u8::from(expiry.month());
    Instrument {
        con_id: ConId(495_500_000 + expiry.year() * 100 + i32::from(month)),
        kind: SecurityKind::Future,
        symbol: "ES".to_owned(),
        local_symbol: format!("ES{letter}{}", expiry.year() % 10),
        trading_class: "ES".to_owned(),
        long_name: "E-mini S&P 500".to_owned(),
        primary_exchange: "CME",
        valid_exchanges: "CME,QBALGO",
        currency: "USD",
        multiplier: Decimal::from(50),
        tick: Decimal::new(25, 2),
        expiry: format!("{}{month:02}{:02}", expiry.year(), expiry.day()),
        industry: "",
        base_price: Decimal::from(5_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
