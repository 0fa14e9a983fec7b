//! One tradable contract and what never changes about it.

use rust_decimal::Decimal;

use super::ids::ConId;
use super::market_rule::MarketRule;

/// What kind of security an instrument is; decides margin, sessions and message details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecurityKind {
    Stock,
    Cash,
    Future,
    Option,
    Index,
    Crypto,
    Bond,
    /// An option on a future.
    FutureOption,
    Fund,
    /// A contract for difference.
    Cfd,
    Warrant,
}

impl SecurityKind {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Stock => "STK",
            Self::Cash => "CASH",
            Self::Future => "FUT",
            Self::Option => "OPT",
            Self::Index => "IND",
            Self::Crypto => "CRYPTO",
            Self::Bond => "BOND",
            Self::FutureOption => "FOP",
            Self::Fund => "FUND",
            Self::Cfd => "CFD",
            Self::Warrant => "WAR",
        }
    }

    /// What is bought is paid for; a future only moves cash by its gains and losses.
    pub(crate) const fn is_paid_in_full(self) -> bool {
        match self {
            Self::Stock
            | Self::Cash
            | Self::Option
            | Self::Crypto
            | Self::Bond
            | Self::FutureOption
            | Self::Fund
            | Self::Warrant => true,
            Self::Future | Self::Index | Self::Cfd => false,
        }
    }

    /// Whether several contracts share one symbol, so that people name one by its local symbol.
    const fn is_named_locally(self) -> bool {
        matches!(self, Self::Option | Self::Bond | Self::FutureOption | Self::Cfd | Self::Warrant)
    }
}

/// Which way an option pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Right {
    Call,
    Put,
}

impl Right {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Call => "C",
            Self::Put => "P",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "C" | "CALL" => Some(Self::Call),
            "P" | "PUT" => Some(Self::Put),
            _ => None,
        }
    }
}

/// What an option is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OptionTerms {
    pub(crate) underlying: ConId,
    pub(crate) strike: Decimal,
    pub(crate) right: Right,
}

/// What a bond pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BondTerms {
    pub(crate) cusip: String,
    /// Percent a year.
    pub(crate) coupon: Decimal,
    /// `YYYYMMDD`; the maturity is the instrument's expiry.
    pub(crate) issued: String,
    pub(crate) ratings: String,
}

/// What only some kinds of security have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Terms {
    Plain,
    Option(OptionTerms),
    Bond(BondTerms),
}

/// A contract of the listing.
#[derive(Clone, Debug)]
pub(crate) struct Instrument {
    pub(crate) con_id: ConId,
    pub(crate) kind: SecurityKind,
    pub(crate) symbol: String,
    pub(crate) local_symbol: String,
    pub(crate) trading_class: String,
    pub(crate) long_name: String,
    /// Where it is listed; fills happen here.
    pub(crate) primary_exchange: String,
    /// Comma list of what a request may name as its exchange.
    pub(crate) valid_exchanges: String,
    pub(crate) currency: String,
    pub(crate) multiplier: Decimal,
    /// The smallest price step there is; [`Self::step_at`] says which applies.
    pub(crate) tick: Decimal,
    pub(crate) rule: MarketRule,
    /// `YYYYMMDD`, empty for what does not expire.
    pub(crate) expiry: String,
    pub(crate) industry: String,
    /// Price the seeded market starts near.
    pub(crate) base_price: Decimal,
    pub(crate) terms: Terms,
}

impl Instrument {
    /// The exchange a request for this instrument is routed through by default.
    pub(crate) fn route(&self) -> &str {
        match self.kind {
            SecurityKind::Stock | SecurityKind::Option | SecurityKind::Bond | SecurityKind::Cfd => {
                "SMART"
            }
            SecurityKind::Cash
            | SecurityKind::Future
            | SecurityKind::Index
            | SecurityKind::Crypto
            | SecurityKind::FutureOption
            | SecurityKind::Fund
            | SecurityKind::Warrant => &self.primary_exchange,
        }
    }

    /// Positions show the listing exchange of a stock and none for futures and options (A10).
    pub(crate) fn position_exchange(&self) -> &str {
        match self.kind {
            SecurityKind::Future | SecurityKind::Option | SecurityKind::FutureOption => "",
            SecurityKind::Stock
            | SecurityKind::Cash
            | SecurityKind::Index
            | SecurityKind::Crypto
            | SecurityKind::Bond
            | SecurityKind::Fund
            | SecurityKind::Cfd
            | SecurityKind::Warrant => &self.primary_exchange,
        }
    }

    /// Whether people mean this instrument by a name. A symbol never means an option or a bond, so
    /// that a price set for a stock is not a price of its options.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.local_symbol == name || (self.symbol == name && !self.kind.is_named_locally())
    }

    /// Whether a price lies on the grid orders must keep to.
    pub(crate) fn is_on_grid(&self, price: Decimal) -> bool {
        (price % self.step_at(price)).is_zero()
    }

    /// The price step that applies at a price.
    pub(crate) fn step_at(&self, price: Decimal) -> Decimal {
        self.rule.step_at(price).unwrap_or(self.tick)
    }

    pub(crate) fn option(&self) -> Option<OptionTerms> {
        match &self.terms {
            Terms::Option(terms) => Some(*terms),
            Terms::Plain | Terms::Bond(_) => None,
        }
    }

    pub(crate) fn bond(&self) -> Option<&BondTerms> {
        match &self.terms {
            Terms::Bond(terms) => Some(terms),
            Terms::Plain | Terms::Option(_) => None,
        }
    }

    pub(crate) fn is_tradable(&self) -> bool {
        self.kind != SecurityKind::Index
    }
}
