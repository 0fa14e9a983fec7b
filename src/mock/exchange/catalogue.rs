//! The built-in instruments: stocks, currencies, futures, an index, cryptocurrencies, a bond, and the
//! option chains of two stocks.

use rust_decimal::Decimal;
use time::{Date, Month};

use super::calendar::third_friday;
use super::further_instruments::further;
use super::ids::ConId;
use super::instrument::{BondTerms, Instrument, SecurityKind, Terms};
use super::market_rule;
use super::option_chain::chain;

pub(crate) const STOCK_EXCHANGES: &str =
    "SMART,AMEX,NYSE,CBOE,ARCA,NASDAQ,BATS,IEX,EDGEA,IBKRATS,OVERNIGHT";

/// Stocks with an option chain.
const OPTIONABLE: [&str; 2] = ["AAPL", "SPY"];

/// Every built-in instrument; what expires is reckoned from `today`.
pub(super) fn instruments(today: Date) -> Vec<Instrument> {
    let mut instruments: Vec<_> = STOCKS.iter().map(stock).collect();
    let chains = (1..).zip(OPTIONABLE).filter_map(|(number, symbol)| {
        let underlying = instruments.iter().find(|stock| stock.symbol == symbol)?;
        Some(chain(underlying, number, today))
    });
    let options: Vec<_> = chains.flatten().collect();
    instruments.extend(CURRENCIES.map(forex));
    instruments.extend(front_months(today).map(future));
    instruments.push(index());
    instruments.extend(COINS.map(crypto));
    instruments.push(bond());
    instruments.extend(options);
    let stock = instruments.iter().find(|one| one.kind == SecurityKind::Stock);
    let future = instruments.iter().find(|one| one.kind == SecurityKind::Future);
    let rest = stock.zip(future).map(|(stock, future)| further(stock, future, today));
    instruments.extend(rest.into_iter().flatten());
    instruments
}

/// Contract id, symbol, long name, price in hundred-thousandths.
const CURRENCIES: [(i32, &str, &str, i64); 2] = [
    (12_087_792, "EUR", "European Monetary Union Euro", 108_500),
    (12_087_797, "GBP", "British Pound", 127_000),
];

/// Contract id, symbol, long name, price in dollars.
const COINS: [(i32, &str, &str, i64); 2] = [
    (479_624_278, "BTC", "Bitcoin cryptocurrency", 65_000),
    (495_759_171, "ETH", "Ethereum cryptocurrency", 3_200),
];

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
        primary_exchange: primary_exchange.to_owned(),
        valid_exchanges: STOCK_EXCHANGES.to_owned(),
        currency: "USD".to_owned(),
        multiplier: Decimal::ONE,
        tick: Decimal::new(1, 2),
        rule: market_rule::CENTS,
        expiry: String::new(),
        industry: industry.to_owned(),
        base_price: Decimal::new(cents, 2),
        terms: Terms::Plain,
    }
}

fn forex((con_id, symbol, long_name, steps): (i32, &str, &str, i64)) -> Instrument {
    Instrument {
        con_id: ConId(con_id),
        kind: SecurityKind::Cash,
        symbol: symbol.to_owned(),
        local_symbol: format!("{symbol}.USD"),
        trading_class: format!("{symbol}.USD"),
        long_name: long_name.to_owned(),
        primary_exchange: "IDEALPRO".to_owned(),
        valid_exchanges: "IDEALPRO".to_owned(),
        currency: "USD".to_owned(),
        multiplier: Decimal::ONE,
        tick: Decimal::new(5, 5),
        rule: market_rule::HALF_PIPS,
        expiry: String::new(),
        industry: String::new(),
        base_price: Decimal::new(steps, 5),
        terms: Terms::Plain,
    }
}

/// An index is quoted and never traded.
fn index() -> Instrument {
    Instrument {
        con_id: ConId(416_904),
        kind: SecurityKind::Index,
        symbol: "SPX".to_owned(),
        local_symbol: "SPX".to_owned(),
        trading_class: "SPX".to_owned(),
        long_name: "S&P 500 Stock Index".to_owned(),
        primary_exchange: "CBOE".to_owned(),
        valid_exchanges: "CBOE".to_owned(),
        currency: "USD".to_owned(),
        multiplier: Decimal::ONE,
        tick: Decimal::new(1, 2),
        rule: market_rule::CENTS,
        expiry: String::new(),
        industry: "Indices".to_owned(),
        base_price: Decimal::from(5_500),
        terms: Terms::Plain,
    }
}

fn crypto((con_id, symbol, long_name, price): (i32, &str, &str, i64)) -> Instrument {
    Instrument {
        con_id: ConId(con_id),
        kind: SecurityKind::Crypto,
        symbol: symbol.to_owned(),
        local_symbol: format!("{symbol}.USD"),
        trading_class: symbol.to_owned(),
        long_name: long_name.to_owned(),
        primary_exchange: "PAXOS".to_owned(),
        valid_exchanges: "PAXOS".to_owned(),
        currency: "USD".to_owned(),
        multiplier: Decimal::ONE,
        tick: Decimal::new(25, 2),
        rule: market_rule::QUARTERS,
        expiry: String::new(),
        industry: String::new(),
        base_price: Decimal::from(price),
        terms: Terms::Plain,
    }
}

fn bond() -> Instrument {
    let terms = BondTerms {
        cusip: "900000AA1".to_owned(),
        coupon: Decimal::from(4),
        issued: "20200515".to_owned(),
        ratings: "A3/A-".to_owned(),
    };
    Instrument {
        con_id: ConId(900_000_010),
        kind: SecurityKind::Bond,
        symbol: "IBM".to_owned(),
        local_symbol: "IBM 4 05/15/40".to_owned(),
        trading_class: "IBM".to_owned(),
        long_name: "INTL BUSINESS MACHINES CORP 4 05/15/40".to_owned(),
        primary_exchange: "SMART".to_owned(),
        valid_exchanges: "SMART".to_owned(),
        currency: "USD".to_owned(),
        multiplier: Decimal::ONE,
        tick: Decimal::new(1, 3),
        rule: market_rule::THOUSANDTHS,
        expiry: "20400515".to_owned(),
        industry: "Technology".to_owned(),
        base_price: Decimal::from(96),
        terms: Terms::Bond(terms),
    }
}

/// The four quarterly months that have not expired on `today`.
fn front_months(today: Date) -> impl Iterator<Item = Date> {
    const QUARTERS: [Month; 4] = [Month::March, Month::June, Month::September, Month::December];
    let years = [today.year(), today.year() + 1];
    let all = years.into_iter().flat_map(|year| QUARTERS.map(|month| third_friday(year, month)));
    all.filter(move |expiry| *expiry >= today).take(4)
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
        primary_exchange: "CME".to_owned(),
        valid_exchanges: "CME,QBALGO".to_owned(),
        currency: "USD".to_owned(),
        multiplier: Decimal::from(50),
        tick: Decimal::new(25, 2),
        rule: market_rule::QUARTERS,
        expiry: format!("{}{month:02}{:02}", expiry.year(), expiry.day()),
        industry: String::new(),
        base_price: Decimal::from(5_600),
        terms: Terms::Plain,
    }
}
