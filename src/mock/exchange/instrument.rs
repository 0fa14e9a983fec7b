//! One tradable contract and what never changes about it.

use rust_decimal::Decimal;

use super::ids::ConId;

/// What kind of security an instrument is; decides margin, sessions and message details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecurityKind {
    Stock,
    Cash,
    Future,
}

impl SecurityKind {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Stock => "STK",
            Self::Cash => "CASH",
            Self::Future => "FUT",
        }
    }

    /// A bought stock or currency is paid for; a future only moves cash by its gains and losses.
    pub(crate) const fn is_paid_in_full(self) -> bool {
        match self {
            Self::Stock | Self::Cash => true,
            Self::Future => false,
        }
    }
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
    pub(crate) primary_exchange: &'static str,
    /// Comma list of what a request may name as its exchange.
    pub(crate) valid_exchanges: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) multiplier: Decimal,
    pub(crate) tick: Decimal,
    /// `YYYYMMDD`, empty for what does not expire.
    pub(crate) expiry: String,
    pub(crate) industry: &'static str,
    /// Price the seeded market starts near.
    pub(crate) base_price: Decimal,
}

impl Instrument {
    /// The exchange a request for this instrument is routed through by default.
    pub(crate) fn route(&self) -> &'static str {
        match self.kind {
            SecurityKind::Stock => "SMART",
            SecurityKind::Cash | SecurityKind::Future => self.primary_exchange,
        }
    }

    /// Positions show the listing exchange of a stock and none for a future (A10).
    pub(crate) fn position_exchange(&self) -> &'static str {
        match self.kind {
            SecurityKind::Stock | SecurityKind::Cash => self.primary_exchange,
            SecurityKind::Future => "",
        }
    }

    pub(crate) fn is_called(&self, symbol: &str) -> bool {
        self.symbol == symbol || self.local_symbol == symbol
    }

    /// Whether a price lies on the grid orders must keep to.
    pub(crate) fn is_on_grid(&self, price: Decimal) -> bool {
        (price % self.tick).is_zero()
    }
}
