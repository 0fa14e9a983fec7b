//! Contracts: what can be traded or looked up.

use std::fmt;

use super::ContractId;
use crate::error::{Error, Result};

/// IB's security types, by their wire names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SecurityType {
    /// `STK`
    Stock,
    /// `OPT`
    Option,
    /// `FUT`
    Future,
    /// `FOP`
    FutureOption,
    /// `CASH`
    Forex,
    /// `IND`
    Index,
    /// `CFD`
    Cfd,
    /// `CRYPTO`
    Crypto,
    /// `BOND`
    Bond,
    /// `FUND`
    Fund,
    /// `WAR`
    Warrant,
    /// `BAG`
    Combo,
    /// Any other name IB uses.
    Other(String),
}

impl SecurityType {
    const NAMES: [(Self, &'static str); 12] = [
        (Self::Stock, "STK"),
        (Self::Option, "OPT"),
        (Self::Future, "FUT"),
        (Self::FutureOption, "FOP"),
        (Self::Forex, "CASH"),
        (Self::Index, "IND"),
        (Self::Cfd, "CFD"),
        (Self::Crypto, "CRYPTO"),
        (Self::Bond, "BOND"),
        (Self::Fund, "FUND"),
        (Self::Warrant, "WAR"),
        (Self::Combo, "BAG"),
    ];

    /// Reads IB's name.
    #[must_use]
    pub fn from_wire(name: &str) -> Self {
        let known = Self::NAMES.iter().find(|(_, wire)| *wire == name);
        known.map_or_else(|| Self::Other(name.into()), |(kind, _)| kind.clone())
    }

    /// IB's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(name) => name,
            known => {
                Self::NAMES.iter().find(|(kind, _)| kind == known).map_or("", |(_, name)| name)
            }
        }
    }
}

impl fmt::Display for SecurityType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Call or put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// Right to buy.
    Call,
    /// Right to sell.
    Put,
}

impl Right {
    /// IB's one-letter name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Call => "C",
            Self::Put => "P",
        }
    }

    /// Reads `C`, `CALL`, `P`, `PUT`; `None` for everything else (IB sends `?` and `0`).
    #[must_use]
    pub fn from_wire(name: &str) -> Option<Self> {
        match name {
            "C" | "CALL" => Some(Self::Call),
            "P" | "PUT" => Some(Self::Put),
            _ => None,
        }
    }
}

/// A contract, fully named or only as far as a lookup needs. Empty text means not given.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {
    /// IB's identity; `None` until qualified.
    pub contract_id: Option<ContractId>,
    /// Symbol of the instrument or its underlying.
    pub symbol: String,
    /// Kind of instrument.
    pub security_type: SecurityType,
    /// `YYYYMMDD` or `YYYYMM` for expiring instruments.
    pub expiry: String,
    /// Strike price of options.
    pub strike: Option<f64>,
    /// Call or put.
    pub right: Option<Right>,
    /// Contract multiplier as IB writes it.
    pub multiplier: String,
    /// Routing exchange, such as `SMART`.
    pub exchange: String,
    /// Listing exchange, to tell ambiguous symbols apart.
    pub primary_exchange: String,
    /// Trading currency.
    pub currency: String,
    /// Exchange's own symbol.
    pub local_symbol: String,
    /// Trading class.
    pub trading_class: String,
    /// Also find contracts that have expired.
    pub include_expired: bool,
    /// Kind of the alternative identifier: `ISIN`, `CUSIP`, `FIGI` …
    pub security_id_type: String,
    /// The alternative identifier.
    pub security_id: String,
}

impl Contract {
    /// Whether IB can know it by its names: they are printable ASCII.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) naming the field and its value.
    pub(crate) fn check_names(&self) -> Result<()> {
        let names = [
            ("symbol", self.symbol.as_str()),
            ("security_type", self.security_type.as_str()),
            ("expiry", &self.expiry),
            ("multiplier", &self.multiplier),
            ("exchange", &self.exchange),
            ("primary_exchange", &self.primary_exchange),
            ("currency", &self.currency),
            ("local_symbol", &self.local_symbol),
            ("trading_class", &self.trading_class),
            ("security_id_type", &self.security_id_type),
            ("security_id", &self.security_id),
        ];
        let is_printable = |name: &str| name.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        match names.into_iter().find(|(_, name)| !is_printable(name)) {
            Some((field, name)) => Err(Error::config(format!(
                "contract {field} {name:?}: IB's names are printable ASCII"
            ))),
            None => Ok(()),
        }
    }

    /// An otherwise empty contract of a kind.
    #[must_use]
    pub fn new(security_type: SecurityType, symbol: impl Into<String>) -> Self {
        Self {
            contract_id: None,
            symbol: symbol.into(),
            security_type,
            expiry: String::new(),
            strike: None,
            right: None,
            multiplier: String::new(),
            exchange: String::new(),
            primary_exchange: String::new(),
            currency: String::new(),
            local_symbol: String::new(),
            trading_class: String::new(),
            include_expired: false,
            security_id_type: String::new(),
            security_id: String::new(),
        }
    }

    /// A stock routed by `SMART` in US dollars.
    #[must_use]
    pub fn stock(symbol: impl Into<String>) -> Self {
        let mut contract = Self::new(SecurityType::Stock, symbol);
        contract.exchange = "SMART".into();
        contract.currency = "USD".into();
        contract
    }

    /// Whether it says what kind of instrument it is; an identity alone does not.
    #[must_use]
    pub fn is_kind_known(&self) -> bool {
        !self.security_type.as_str().is_empty()
    }

    /// Whether it can trade at zero and below: futures did, and a combination is a difference.
    #[must_use]
    pub fn trades_below_zero(&self) -> bool {
        matches!(self.security_type, SecurityType::Future | SecurityType::Combo)
    }

    /// Units of the underlying per contract; 1 where IB gives none.
    #[must_use]
    pub fn multiplier_value(&self) -> f64 {
        self.multiplier.parse().ok().filter(|value: &f64| *value > 0.0).unwrap_or(1.0)
    }
}

impl fmt::Display for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.security_type, self.symbol)?;
        for part in [&self.expiry, &self.exchange, &self.primary_exchange, &self.currency] {
            if !part.is_empty() {
                write!(f, " {part}")?;
            }
        }
        match self.contract_id {
            Some(id) => write!(f, " (conId {id})"),
            None => Ok(()),
        }
    }
}

/// What IB knows about one contract (`contractDetails`).
#[derive(Debug, Clone, PartialEq)]
pub struct ContractDetails {
    /// The contract, with its identity.
    pub contract: Contract,
    /// IB's market name.
    pub market_name: String,
    /// Smallest price step; `None` where IB gives none.
    pub min_tick: Option<f64>,
    /// What prices are divided by to get the currency's unit: 100 for prices in pence (IB: `priceMagnifier`).
    pub price_magnifier: i32,
    /// Full name.
    pub long_name: String,
    /// Comma-separated order types the contract accepts.
    pub order_types: String,
    /// Comma-separated exchanges it trades on.
    pub valid_exchanges: String,
    /// Comma-separated market rule ids, one per valid exchange.
    pub market_rule_ids: String,
    /// Industry classification.
    pub industry: String,
    /// Category below the industry.
    pub category: String,
    /// Subcategory below the category.
    pub subcategory: String,
    /// Time zone of the trading hours, IANA or IB's name.
    pub time_zone: String,
    /// Month the contract is named after, `YYYYMM` (IB: `contractMonth`).
    pub contract_month: String,
    /// Day it really expires, `YYYYMMDD` (IB: `realExpirationDate`).
    pub real_expiration_date: String,
    /// Time of day of the last trade in `time_zone`, as IB writes it (IB: `lastTradeTime`).
    pub last_trade_time: String,
    /// How it is settled, as IB names it (IB: `settlementMethod`).
    pub settlement_method: String,
    /// Identity of the underlying (IB: `underConId`).
    pub under_contract_id: Option<ContractId>,
    /// Symbol of the underlying (IB: `underSymbol`).
    pub under_symbol: String,
    /// Security type of the underlying (IB: `underSecType`).
    pub under_security_type: String,
    /// Trading hours as IB writes them.
    pub trading_hours: String,
    /// Liquid hours as IB writes them.
    pub liquid_hours: String,
    /// Kind of stock: `COMMON`, `ETF` …
    pub stock_type: String,
    /// Smallest order size, where given.
    pub min_size: Option<f64>,
    /// Step of order sizes, where given.
    pub size_increment: Option<f64>,
}
