//! Where each order type works at one market: AAPL at 189.90 to 190.10, and a call on it.

use super::*;
use crate::exchange::listing::{Listing, Query};
use Action::{Buy, Sell};
use Placing::{At, Nowhere, OutOfRange};

const NOON: i64 = 1_795_280_400;

fn dec(hundredths: i64) -> Decimal {
    Decimal::new(hundredths, 2)
}

fn at(bid: i64, ask: i64) -> Quote {
    Quote { bid: Some(dec(bid)), ask: Some(dec(ask)), bid_size: dec(30_000), ..Quote::default() }
}

fn instrument(symbol: &str, security_type: &str, right: Option<Right>) -> Instrument {
    let listing = Listing::new(time::macros::date!(2026 - 11 - 21));
    let query = Query {
        symbol: symbol.into(),
        security_type: security_type.into(),
        strike: right.map(|_| Decimal::from(190)),
        right,
        ..Query::default()
    };
    listing.find(&query)[0].clone()
}

fn ticket(action: Action, kind: OrderKind, peg: Peg) -> Ticket {
    Ticket { action, kind, offset: Some(dec(10)), peg, ..Ticket::default() }
}

fn place(ticket: &Ticket, instrument: &Instrument, reference: Option<&Quote>) -> Placing {
    let quote = at(18_990, 19_010);
    placing(ticket, None, Surroundings { instrument, quote: &quote, reference, now: NOON })
}

#[test]
fn test_a_price_follows_the_market_of_its_own_instrument() {
    let competing = Peg { compete_offset: Some(dec(2)), ..Peg::default() };
    let shy = Peg { compete_size: Decimal::from(500), ..competing.clone() };
    let middle = Peg { middle_offset_whole: dec(3), ..Peg::default() };
    let cases = [
        (ticket(Buy, OrderKind::PegMarket, Peg::default()), 19_000),
        (ticket(Sell, OrderKind::PegMarket, Peg::default()), 19_000),
        (ticket(Buy, OrderKind::Relative, Peg::default()), 19_000),
        (ticket(Sell, OrderKind::Relative, Peg::default()), 19_000),
        (ticket(Buy, OrderKind::PegBest, competing.clone()), 18_992),
        (ticket(Buy, OrderKind::PegBest, shy), 18_990),
        (ticket(Sell, OrderKind::PegBest, competing), 19_008),
        (ticket(Buy, OrderKind::PegBest, middle), 18_997),
        (ticket(Buy, OrderKind::MarketProtected, Peg::default()), 19_022),
        (ticket(Sell, OrderKind::MarketProtected, Peg::default()), 18_978),
        (
            Ticket {
                limit: Some(dec(18_950)),
                ..ticket(Buy, OrderKind::PegMarket, Peg::default())
            },
            18_950,
        ),
        (
            Ticket {
                stop: Some(dec(18_000)),
                ..ticket(Sell, OrderKind::StopProtected, Peg::default())
            },
            17_988,
        ),
    ];

    for (ticket, expected) in cases {
        let placed = place(&ticket, &instrument("AAPL", "STK", None), None);
        assert_eq!(placed, At(dec(expected)), "{ticket:?}");
    }
}

#[test]
fn test_a_price_follows_a_stock_by_its_delta() {
    let peg = Peg {
        starting_price: Some(dec(500)),
        reference_price: Some(dec(19_000)),
        delta: dec(50),
        highest: Some(dec(19_500)),
        ..Peg::default()
    };
    let cases = [
        (Right::Call, Some(at(19_190, 19_210)), At(dec(600))),
        (Right::Put, Some(at(19_190, 19_210)), At(dec(400))),
        (Right::Call, Some(at(19_590, 19_610)), OutOfRange),
        (Right::Call, None, Nowhere),
    ];

    for (right, stock, expected) in cases {
        let option = instrument("AAPL", "OPT", Some(right));
        let order = ticket(Buy, OrderKind::PegStock, peg.clone());
        assert_eq!(place(&order, &option, stock.as_ref()), expected, "{right:?} {stock:?}");
    }
}

#[test]
fn test_a_price_follows_a_benchmark_in_whole_steps() {
    let peg = |is_opposed| Peg {
        starting_price: Some(dec(19_000)),
        reference_price: Some(dec(40_000)),
        change: dec(5),
        reference_change: dec(100),
        is_opposed,
        ..Peg::default()
    };
    let cases = [(false, 40_250, 19_010), (true, 40_250, 18_990), (false, 39_950, 19_000)];

    for (is_opposed, benchmark, expected) in cases {
        let order = ticket(Buy, OrderKind::PegBenchmark, peg(is_opposed));
        let benchmark = at(benchmark - 1, benchmark + 1);
        let placed = place(&order, &instrument("AAPL", "STK", None), Some(&benchmark));
        assert_eq!(placed, At(dec(expected)), "{benchmark:?}");
    }
}

#[test]
fn test_a_volatility_is_worth_more_on_a_dearer_stock_and_at_a_higher_volatility() {
    let call = instrument("AAPL", "OPT", Some(Right::Call));
    let worth = |volatility: i64, stock: i64| {
        let volatility = Decimal::new(volatility, 2);
        let peg = Peg { volatility, is_continuous: true, ..Peg::default() };
        let order = ticket(Buy, OrderKind::Volatility, peg);
        match place(&order, &call, Some(&at(stock - 10, stock + 10))) {
            At(price) => price,
            other => panic!("{other:?}"),
        }
    };

    let middle = worth(25, 19_000);

    assert!(worth(30, 19_000) > middle && worth(25, 19_200) > middle);
    assert!(call.is_on_grid(middle), "{middle}");
    assert_eq!(yearly(25.0, false), Some(dec(25)));
    assert!(yearly(1.0, true).unwrap() > Decimal::new(158, 3));
}

#[test]
fn test_a_resting_price_stays_when_the_market_comes_to_it() {
    let aapl = instrument("AAPL", "STK", None);
    let order = ticket(Buy, OrderKind::PegMarket, Peg::default());
    let fallen = at(18_970, 18_980);
    let around = |quote| Surroundings { instrument: &aapl, quote, reference: None, now: NOON };

    assert_eq!(placing(&order, Some(dec(19_000)), around(&fallen)), At(dec(19_000)));
    assert_eq!(placing(&order, Some(dec(18_970)), around(&fallen)), At(dec(18_970)));
    assert_eq!(placing(&order, None, around(&Quote::default())), Nowhere);
}

#[test]
fn test_what_a_ticket_leaves_open_is_taken_from_the_market() {
    let call = instrument("AAPL", "OPT", Some(Right::Call));
    let (quote, stock) = (at(500, 520), at(18_990, 19_010));
    let around =
        Surroundings { instrument: &call, quote: &quote, reference: Some(&stock), now: NOON };

    let peg = started(ticket(Buy, OrderKind::PegStock, Peg::default()), around).peg;

    assert_eq!((peg.starting_price, peg.reference_price), (Some(dec(510)), Some(dec(19_000))));
}
