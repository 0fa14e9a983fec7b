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

/// Exchange, kind, and whether it shows makers (`Deep2`) or prices only (`Deep`).
const DEPTH: [(&str, SecurityKind, &str); 8] = [
    ("NASDAQ", SecurityKind::Stock, "Deep2"),
    ("ARCA", SecurityKind::Stock, "Deep2"),
    ("BATS", SecurityKind::Stock, "Deep2"),
    ("NYSE", SecurityKind::Stock, "Deep"),
    ("IEX", SecurityKind::Stock, "Deep"),
    ("CME", SecurityKind::Future, "Deep"),
    ("IDEALPRO", SecurityKind::Cash, "Deep"),
    ("PAXOS", SecurityKind::Crypto, "Deep"),
];

pub(super) fn depth_exchanges(to: &Outlet) {
    let row =
        |(exchange, kind, service): (&str, SecurityKind, &str)| pb::DepthMarketDataDescription {
            exchange: Some(exchange.to_owned()),
            sec_type: Some(kind.code().to_owned()),
            listing_exch: Some(String::new()),
            service_data_type: Some(service.to_owned()),
            agg_group: Some(i32::MAX),
        };
    to.send(&pb::MarketDepthExchanges { depth_market_data_descriptions: DEPTH.map(row).to_vec() });
}
