//! The requests as prost lays them out. Every field is optional: absent differs from zero.

use prost::Message;

use crate::model;

#[derive(Clone, PartialEq, Message)]
pub(super) struct Empty {}

/// A message of one integer, such as the request that is cancelled.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Number {
    #[prost(int32, optional, tag = "1")]
    pub(super) number: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct StartApi {
    #[prost(int32, optional, tag = "1")]
    pub(super) client_id: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct MarketData {
    #[prost(int32, optional, tag = "1")]
    pub(super) request_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(super) contract: Option<Contract>,
    #[prost(string, optional, tag = "3")]
    pub(super) generic_ticks: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TickByTick {
    #[prost(int32, optional, tag = "1")]
    pub(super) request_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(super) contract: Option<Contract>,
    #[prost(string, optional, tag = "3")]
    pub(super) kind: Option<String>,
    #[prost(int32, optional, tag = "4")]
    pub(super) number_of_ticks: Option<i32>,
    #[prost(bool, optional, tag = "5")]
    pub(super) ignore_size: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Depth {
    #[prost(int32, optional, tag = "1")]
    pub(super) request_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(super) contract: Option<Contract>,
    #[prost(int32, optional, tag = "3")]
    pub(super) rows: Option<i32>,
    #[prost(bool, optional, tag = "4")]
    pub(super) is_smart: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct CancelDepth {
    #[prost(int32, optional, tag = "1")]
    pub(super) request_id: Option<i32>,
    #[prost(bool, optional, tag = "2")]
    pub(super) is_smart: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct RealTimeBars {
    #[prost(int32, optional, tag = "1")]
    pub(super) request_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(super) contract: Option<Contract>,
    #[prost(int32, optional, tag = "3")]
    pub(super) bar_size: Option<i32>,
    #[prost(string, optional, tag = "4")]
    pub(super) what_to_show: Option<String>,
    #[prost(bool, optional, tag = "5")]
    pub(super) use_rth: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct History {
    #[prost(int32, optional, tag = "1")]
    pub(super) request_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(super) contract: Option<Contract>,
    #[prost(string, optional, tag = "4")]
    pub(super) bar_size: Option<String>,
    #[prost(string, optional, tag = "5")]
    pub(super) duration: Option<String>,
    #[prost(bool, optional, tag = "6")]
    pub(super) use_rth: Option<bool>,
    #[prost(string, optional, tag = "7")]
    pub(super) what_to_show: Option<String>,
    #[prost(int32, optional, tag = "8")]
    pub(super) date_format: Option<i32>,
    #[prost(bool, optional, tag = "9")]
    pub(super) keep_up_to_date: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Contract {
    #[prost(int32, optional, tag = "1")]
    pub(super) contract_id: Option<i32>,
    #[prost(string, optional, tag = "2")]
    pub(super) symbol: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(super) security_type: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(super) expiry: Option<String>,
    #[prost(double, optional, tag = "5")]
    pub(super) strike: Option<f64>,
    #[prost(string, optional, tag = "6")]
    pub(super) right: Option<String>,
    #[prost(double, optional, tag = "7")]
    pub(super) multiplier: Option<f64>,
    #[prost(string, optional, tag = "8")]
    pub(super) exchange: Option<String>,
    #[prost(string, optional, tag = "9")]
    pub(super) primary_exchange: Option<String>,
    #[prost(string, optional, tag = "10")]
    pub(super) currency: Option<String>,
    #[prost(string, optional, tag = "11")]
    pub(super) local_symbol: Option<String>,
    #[prost(string, optional, tag = "12")]
    pub(super) trading_class: Option<String>,
    #[prost(string, optional, tag = "13")]
    pub(super) security_id_type: Option<String>,
    #[prost(string, optional, tag = "14")]
    pub(super) security_id: Option<String>,
    #[prost(bool, optional, tag = "18")]
    pub(super) include_expired: Option<bool>,
}

impl From<&model::Contract> for Contract {
    fn from(contract: &model::Contract) -> Self {
        let finite = |value: &f64| value.is_finite() && *value != 0.0;
        Self {
            contract_id: contract.contract_id.map(|id| id.0).filter(|id| *id != 0),
            symbol: given(&contract.symbol),
            security_type: given(contract.security_type.as_str()),
            expiry: given(&contract.expiry),
            strike: contract.strike.filter(finite),
            right: contract.right.map(|right| right.as_str().to_owned()),
            multiplier: contract.multiplier.parse().ok().filter(finite),
            exchange: given(&contract.exchange),
            primary_exchange: given(&contract.primary_exchange),
            currency: given(&contract.currency),
            local_symbol: given(&contract.local_symbol),
            trading_class: given(&contract.trading_class),
            security_id_type: given(&contract.security_id_type),
            security_id: given(&contract.security_id),
            include_expired: flag(contract.include_expired),
        }
    }
}

/// A text that is left out when empty.
pub(super) fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A boolean that is left out when false.
pub(super) fn flag(value: bool) -> Option<bool> {
    value.then_some(true)
}
