//! Contracts and numbers between the wire's types and ours. Nothing is rounded in silence, and no
//! sentinel leaves this file as a number.

use std::str::FromStr;

use ibapi::contracts as wire;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::model::{Contract, ContractDetails, ContractId, Right, SecurityType};

/// The decimal a double stands for: its shortest form, so 10.1 stays 10.1.
pub(super) fn decimal(value: f64) -> Option<Decimal> {
    if !value.is_finite() || value.abs() >= 1e18 {
        return None;
    }
    Decimal::from_str(&value.to_string()).ok()
}

/// The double nearest to a decimal.
pub(super) fn double(value: Decimal) -> f64 {
    value.to_string().parse().ok().or_else(|| value.to_f64()).unwrap_or(f64::NAN)
}

/// A double that the wire may leave unset.
pub(super) fn known(value: f64) -> Option<f64> {
    (value.is_finite() && value.abs() < f64::MAX).then_some(value)
}

/// What IB's one text of the last trade says: `20261218`, `202612`, `20261218 19:30:00 GB`, and with
/// dashes for bonds. Only the day names a contract; a gateway refuses an order with the rest.
struct LastTrade<'a> {
    day: &'a str,
    time: &'a str,
    zone: &'a str,
}

impl<'a> LastTrade<'a> {
    /// Splits a text that begins with a day or a month; any other is left whole.
    fn read(text: &'a str) -> Self {
        let text = text.trim();
        let is_break = |letter: char| letter == '-' || letter.is_whitespace();
        let mut parts = text.splitn(3, is_break).map(str::trim);
        let day = parts.next().unwrap_or_default();
        if !matches!(day.len(), 6 | 8) || !day.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self { day: text, time: "", zone: "" };
        }
        let (time, zone) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        Self { day, time, zone }
    }
}

/// A contract for the wire. Unset parts are left out of the frame.
pub(super) fn contract_to_wire(contract: &Contract) -> wire::Contract {
    wire::Contract {
        contract_id: contract.contract_id.map_or(0, |id| id.0),
        symbol: contract.symbol.as_str().into(),
        security_type: security_type_to_wire(&contract.security_type),
        last_trade_date_or_contract_month: LastTrade::read(&contract.expiry).day.into(),
        strike: contract.strike.unwrap_or(0.0),
        right: contract.right.map(right_to_wire),
        multiplier: contract.multiplier.clone(),
        exchange: contract.exchange.as_str().into(),
        currency: contract.currency.as_str().into(),
        local_symbol: contract.local_symbol.clone(),
        primary_exchange: contract.primary_exchange.as_str().into(),
        trading_class: contract.trading_class.clone(),
        include_expired: contract.include_expired,
        security_id_type: security_id_type(&contract.security_id_type),
        security_id: contract.security_id.clone(),
        ..wire::Contract::default()
    }
}

/// A contract of the wire.
pub(super) fn contract_from_wire(contract: wire::Contract) -> Contract {
    let security_type = SecurityType::from_wire(contract.security_type.as_str());
    Contract {
        contract_id: (contract.contract_id != 0).then_some(ContractId(contract.contract_id)),
        strike: known(contract.strike).filter(|strike| *strike != 0.0),
        right: contract.right.and_then(|right| Right::from_wire(right.as_str())),
        expiry: LastTrade::read(&contract.last_trade_date_or_contract_month).day.into(),
        multiplier: contract.multiplier,
        exchange: contract.exchange.to_string(),
        primary_exchange: contract.primary_exchange.to_string(),
        currency: contract.currency.to_string(),
        local_symbol: contract.local_symbol,
        trading_class: contract.trading_class,
        include_expired: contract.include_expired,
        security_id_type: contract
            .security_id_type
            .map(|kind| kind.to_string())
            .unwrap_or_default(),
        security_id: contract.security_id,
        ..Contract::new(security_type, contract.symbol.to_string())
    }
}

/// One row of contract details.
pub(super) fn details_from_wire(details: wire::ContractDetails) -> ContractDetails {
    let text = details.contract.last_trade_date_or_contract_month.clone();
    let LastTrade { time, zone, .. } = LastTrade::read(&text);
    let time = if time.is_empty() { details.last_trade_time.as_str() } else { time };
    ContractDetails {
        contract: contract_from_wire(details.contract),
        market_name: details.market_name,
        min_tick: known(details.min_tick).filter(|step| *step > 0.0),
        price_magnifier: details.price_magnifier,
        long_name: details.long_name,
        order_types: details.order_types.join(","),
        valid_exchanges: details.valid_exchanges.join(","),
        market_rule_ids: details.market_rule_ids.join(","),
        industry: details.industry,
        category: details.category,
        subcategory: details.subcategory,
        time_zone: if zone.is_empty() { details.time_zone_id } else { zone.into() },
        contract_month: details.contract_month,
        real_expiration_date: details.real_expiration_date,
        last_trade_time: time.into(),
        settlement_method: details.settlement_method,
        under_contract_id: (details.under_contract_id != 0)
            .then_some(ContractId(details.under_contract_id)),
        under_symbol: details.under_symbol,
        under_security_type: details.under_security_type,
        trading_hours: details.trading_hours.join(";"),
        liquid_hours: details.liquid_hours.join(";"),
        stock_type: details.stock_type,
        min_size: details.min_size,
        size_increment: details.size_increment,
    }
}

fn security_type_to_wire(kind: &SecurityType) -> wire::SecurityType {
    let name = kind.as_str();
    wire::SecurityType::from_str(name).unwrap_or_else(|_| wire::SecurityType::Other(name.into()))
}

fn right_to_wire(right: Right) -> wire::OptionRight {
    match right {
        Right::Call => wire::OptionRight::Call,
        Right::Put => wire::OptionRight::Put,
    }
}

fn security_id_type(name: &str) -> Option<wire::SecurityIdType> {
    wire::SecurityIdType::from_str(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_become_the_decimal_a_person_would_write() {
        let table =
            [(10.5, "10.5"), (0.1, "0.1"), (100.0, "100"), (-3.0, "-3"), (1e-7, "0.0000001")];

        for (double, text) in table {
            assert_eq!(decimal(double), Some(Decimal::from_str(text).unwrap()), "{double}");
        }
    }

    #[test]
    fn sentinels_are_not_numbers() {
        for unset in [f64::MAX, f64::NAN, f64::INFINITY] {
            assert_eq!(known(unset), None);
            assert_eq!(decimal(unset), None);
        }
    }

    #[test]
    fn the_expiry_is_the_day_whatever_stands_behind_it() {
        let table = [
            ("20261218", ("20261218", "", "")),
            ("202612", ("202612", "", "")),
            ("20261218 19:30:00 GB", ("20261218", "19:30:00", "GB")),
            ("20261218 08:30 US/Central", ("20261218", "08:30", "US/Central")),
            ("20340215-10:00-EST", ("20340215", "10:00", "EST")),
            (" 20261218 ", ("20261218", "", "")),
            ("DEC 26", ("DEC 26", "", "")),
            ("", ("", "", "")),
        ];

        for (text, expected) in table {
            let LastTrade { day, time, zone } = LastTrade::read(text);
            assert_eq!((day, time, zone), expected, "{text:?}");
        }
    }

    #[test]
    fn a_time_told_with_the_expiry_is_never_sent_back() {
        let told = || wire::Contract {
            last_trade_date_or_contract_month: "20261218 19:30:00 GB".into(),
            ..wire::Contract::default()
        };

        let contract = contract_from_wire(told());
        assert_eq!(contract.expiry, "20261218");
        let timed = Contract { expiry: "20261218 19:30:00 GB".into(), ..contract.clone() };
        for contract in [&contract, &timed] {
            let sent = contract_to_wire(contract).last_trade_date_or_contract_month;
            assert_eq!(sent, "20261218");
        }

        let details = wire::ContractDetails {
            contract: told(),
            time_zone_id: "US/Eastern".into(),
            ..wire::ContractDetails::default()
        };
        let details = details_from_wire(details);
        assert_eq!((&*details.last_trade_time, &*details.time_zone), ("19:30:00", "GB"));
        assert_eq!(details.min_tick, None, "an absent price step is no step of 0");
    }

    #[test]
    fn a_contract_keeps_its_fields_on_the_wire_and_back() {
        let mut contract = Contract::new(SecurityType::Option, "AAPL");
        contract.contract_id = Some(ContractId(7));
        contract.strike = Some(190.0);
        contract.right = Some(Right::Call);
        contract.expiry = "20270115".into();
        contract.exchange = "SMART".into();
        contract.currency = "USD".into();
        contract.multiplier = "100".into();

        assert_eq!(contract_from_wire(contract_to_wire(&contract)), contract);
    }
}
