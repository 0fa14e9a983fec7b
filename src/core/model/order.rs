//! Orders as a caller wishes them.

use std::fmt;

use rust_decimal::Decimal;

use super::AccountId;

/// Buy or sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// `BUY`
    Buy,
    /// `SELL`
    Sell,
    /// `SSHORT`: a short sale of an institutional account that tells long from short.
    SellShort,
    /// `SLONG`: a sale of a long position not yet delivered, for accounts set up for it.
    SellLong,
}

impl Action {
    /// IB's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buy => "BUY",
            Self::Sell => "SELL",
            Self::SellShort => "SSHORT",
            Self::SellLong => "SLONG",
        }
    }

    /// Reads IB's word, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "BUY" => Some(Self::Buy),
            "SELL" => Some(Self::Sell),
            "SSHORT" => Some(Self::SellShort),
            "SLONG" => Some(Self::SellLong),
            _ => None,
        }
    }

    /// Whether it sells, in whichever way.
    #[must_use]
    pub fn is_sale(self) -> bool {
        self != Self::Buy
    }

    /// 1 for a buy, -1 for a sale.
    #[must_use]
    pub fn sign(self) -> Decimal {
        match self {
            Self::Buy => Decimal::ONE,
            Self::Sell | Self::SellShort | Self::SellLong => Decimal::NEGATIVE_ONE,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Order types this package prices and checks; the others pass by IB's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OrderType {
    /// `MKT`
    Market,
    /// `LMT`, needs a limit price.
    Limit,
    /// `STP`, needs a stop price.
    Stop,
    /// `STP LMT`, needs both.
    StopLimit,
    /// Any other type by IB's name.
    Other(String),
}

impl OrderType {
    /// IB's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Market => "MKT",
            Self::Limit => "LMT",
            Self::Stop => "STP",
            Self::StopLimit => "STP LMT",
            Self::Other(name) => name,
        }
    }

    /// Reads IB's name.
    #[must_use]
    pub fn from_wire(name: &str) -> Self {
        match name {
            "MKT" => Self::Market,
            "LMT" => Self::Limit,
            "STP" => Self::Stop,
            "STP LMT" => Self::StopLimit,
            other => Self::Other(other.into()),
        }
    }

    /// Whether a limit price must be given.
    #[must_use]
    pub fn needs_limit_price(&self) -> bool {
        matches!(self, Self::Limit | Self::StopLimit)
    }

    /// Whether a stop price must be given.
    #[must_use]
    pub fn needs_stop_price(&self) -> bool {
        matches!(self, Self::Stop | Self::StopLimit)
    }
}

/// How long an order works.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum TimeInForce {
    /// `DAY`
    #[default]
    Day,
    /// `GTC`
    GoodTillCancelled,
    /// Any other by IB's name: `IOC`, `FOK`, `OPG`, `GTD` …
    Other(String),
}

impl TimeInForce {
    /// IB's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Day => "DAY",
            Self::GoodTillCancelled => "GTC",
            Self::Other(name) => name,
        }
    }

    /// Reads IB's name.
    #[must_use]
    pub fn from_wire(name: &str) -> Self {
        match name {
            "DAY" | "" => Self::Day,
            "GTC" => Self::GoodTillCancelled,
            other => Self::Other(other.into()),
        }
    }
}

/// An order as a caller wishes it. Prices are per unit in the contract's currency.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Buy or sell.
    pub action: Action,
    /// Units, more than 0, fractions allowed where IB allows them.
    pub quantity: Decimal,
    /// Order type.
    pub order_type: OrderType,
    /// Limit price, where the type has one.
    pub limit_price: Option<f64>,
    /// Stop price, where the type has one (IB's `auxPrice`).
    pub stop_price: Option<f64>,
    /// How long the order works.
    pub time_in_force: TimeInForce,
    /// Also work outside regular trading hours.
    pub outside_rth: bool,
    /// The account, where it is not the client's own.
    pub account: Option<AccountId>,
    /// The user's own tag.
    pub order_ref: String,
}

impl Order {
    /// A market day order.
    #[must_use]
    pub fn market(action: Action, quantity: Decimal) -> Self {
        Self {
            action,
            quantity,
            order_type: OrderType::Market,
            limit_price: None,
            stop_price: None,
            time_in_force: TimeInForce::Day,
            outside_rth: false,
            account: None,
            order_ref: String::new(),
        }
    }

    /// A limit day order.
    #[must_use]
    pub fn limit(action: Action, quantity: Decimal, limit_price: f64) -> Self {
        Self {
            order_type: OrderType::Limit,
            limit_price: Some(limit_price),
            ..Self::market(action, quantity)
        }
    }
}
