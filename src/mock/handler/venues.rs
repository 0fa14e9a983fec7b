//! Venues and their rules: market rules (91), the exchanges behind SMART quotes (83) and those with
//! depth (82).

use crate::client::{NO_REQUEST, Outlet};
use crate::exchange::SecurityKind;
use crate::exchange::market_rule::MarketRule;
use crate::exchange::number::double;
use crate::wire::pb;

/// An unknown rule is refused without a request id (K10).
pub(super) fn market_rule(to: &Outlet, request: &pb::MarketRuleRequest) {
    let number = request.market_rule_id();
    let Some(steps) = MarketRule(number).steps() else {
        return to.error(
            NO_REQUEST,
            322,
            format!("Error processing request. Unknown market rule {number}"),
        );
    };
    let increment = |(edge, step): &_| pb::PriceIncrement {
        low_edge: Some(double(*edge)),
        increment: Some(double(*step)),
    };
    to.send(&pb::MarketRule {
        market_rule_id: Some(number),
        price_increments: steps.iter().map(increment).collect(),
    });
}

/// The mapping every quote of this gateway names.
pub(super) const BBO_EXCHANGE: &str = "9c0001";

/// Exchange and letter; the bit number is the place.
const COMPONENTS: [(&str, &str); 8] = [
    ("AMEX", "A"),
    ("NYSE", "N"),
    ("ARCA", "P"),
    ("NASDAQ", "Q"),
    ("CBOE", "W"),
    ("BATS", "Z"),
    ("IEX", "V"),
    ("EDGEA", "J"),
];

pub(super) fn smart_components(to: &Outlet, request: &pb::SmartComponentsRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    if request.bbo_exchange() != BBO_EXCHANGE {
        let cause =
            format!("Error validating request. Unknown exchange {}", request.bbo_exchange());
        return to.error(id, 321, cause);
    }
    let component = |(bit, (exchange, letter)): (i32, (&str, &str))| pb::SmartComponent {
        bit_number: Some(bit),
        exchange: Some(exchange.to_owned()),
        exchange_letter: Some(letter.to_owned()),
    };
    to.send(&pb::SmartComponents {
        req_id: Some(id),
        smart_components: (0..).zip(COMPONENTS).map(component).collect(),
    });
}

/// What an exchange shows of its book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// Prices and sizes.
    Prices,
    /// Who is behind each row, too.
    Makers,
}

impl Service {
    const fn code(self) -> &'static str {
        match self {
            Self::Prices => "Deep",
            Self::Makers => "Deep2",
        }
    }
}

const DEPTH: [(&str, SecurityKind, Service); 8] = [
    ("NASDAQ", SecurityKind::Stock, Service::Makers),
    ("ARCA", SecurityKind::Stock, Service::Makers),
    ("BATS", SecurityKind::Stock, Service::Makers),
    ("NYSE", SecurityKind::Stock, Service::Prices),
    ("IEX", SecurityKind::Stock, Service::Prices),
    ("CME", SecurityKind::Future, Service::Prices),
    ("IDEALPRO", SecurityKind::Cash, Service::Prices),
    ("PAXOS", SecurityKind::Crypto, Service::Prices),
];

/// What an exchange shows of the books of a kind of security; `None` if nothing.
pub(super) fn depth_service(exchange: &str, kind: SecurityKind) -> Option<Service> {
    let found = DEPTH.iter().find(|(name, of, _)| *name == exchange && *of == kind);
    found.map(|(_, _, service)| *service)
}

/// The books of several exchanges together exist for stocks, each row with its exchange.
pub(super) fn smart_depth(kind: SecurityKind) -> Option<Service> {
    (kind == SecurityKind::Stock).then_some(Service::Makers)
}

/// The exchanges behind them.
pub(super) fn smart_makers() -> Vec<&'static str> {
    let stocks = DEPTH.iter().filter(|(_, kind, _)| *kind == SecurityKind::Stock);
    stocks.map(|(name, ..)| *name).collect()
}

pub(super) fn depth_exchanges(to: &Outlet) {
    let row =
        |(exchange, kind, service): (&str, SecurityKind, Service)| pb::DepthMarketDataDescription {
            exchange: Some(exchange.to_owned()),
            sec_type: Some(kind.code().to_owned()),
            listing_exch: Some(String::new()),
            service_data_type: Some(service.code().to_owned()),
            agg_group: Some(i32::MAX),
        };
    to.send(&pb::MarketDepthExchanges { depth_market_data_descriptions: DEPTH.map(row).to_vec() });
}
