//! Contracts: lookups, and the one contract a request stands for, remembered.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::clock::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::lock::lock;
use crate::model::{Contract, ContractDetails};
use crate::session::Session;

/// Requests remembered before the cache starts over.
const REMEMBERED: usize = 4096;

/// Looks contracts up and remembers what each request stood for.
pub(crate) struct Contracts {
    session: Session,
    qualified: Mutex<HashMap<String, Contract>>,
}

impl Contracts {
    /// An empty cache.
    pub(crate) fn new(session: Session) -> Self {
        Self { session, qualified: Mutex::default() }
    }

    /// Every contract that matches.
    pub(crate) async fn details(
        &self,
        contract: &Contract,
        deadline: Deadline,
    ) -> Result<Vec<ContractDetails>> {
        contract.check_names()?;
        let link = self.session.live("contract_details", deadline).await?;
        link.contract_details(contract, deadline).await
    }

    /// The one contract that matches.
    pub(crate) async fn qualify(
        &self,
        contract: &Contract,
        deadline: Deadline,
    ) -> Result<Contract> {
        let key = cache_key(contract);
        if let Some(known) = self.cache().get(&key) {
            return Ok(known.clone());
        }
        let rows = self.details(contract, deadline).await?;
        let found = only(contract, rows.into_iter().map(|row| row.contract).collect())?;
        let one = with_what_was_said(contract, found);
        self.remember(key, &one);
        Ok(one)
    }

    fn remember(&self, key: String, contract: &Contract) {
        let mut cache = self.cache();
        if cache.len() >= REMEMBERED {
            cache.clear();
        }
        cache.insert(cache_key(contract), contract.clone());
        cache.insert(key, contract.clone());
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, HashMap<String, Contract>> {
        // A panic while inserting leaves a valid map.
        lock(&self.qualified)
    }
}

/// What two requests must share to stand for the same contract: every field, separated by a
/// character no field contains.
fn cache_key(contract: &Contract) -> String {
    // Without `..`: a new field has to say whether it tells requests apart.
    let Contract {
        contract_id,
        symbol,
        security_type,
        expiry,
        strike,
        right,
        multiplier,
        exchange,
        primary_exchange,
        currency,
        local_symbol,
        trading_class,
        include_expired,
        security_id_type,
        security_id,
    } = contract;
    let id = contract_id.map(|id| id.to_string()).unwrap_or_default();
    let strike = strike.map(|strike| strike.to_string()).unwrap_or_default();
    [
        id.as_str(),
        symbol,
        security_type.as_str(),
        expiry,
        &strike,
        right.map_or("", |right| right.as_str()),
        multiplier,
        exchange,
        primary_exchange,
        currency,
        local_symbol,
        trading_class,
        if *include_expired { "expired" } else { "" },
        security_id_type,
        security_id,
    ]
    .join("\u{1f}")
}

/// The contract found, still saying what was said when it was asked for and IB does not repeat: that
/// it may have expired, and the identifier it was looked up by.
fn with_what_was_said(asked: &Contract, found: Contract) -> Contract {
    let is_silent = found.security_id.is_empty();
    let said = if is_silent { asked } else { &found };
    Contract {
        include_expired: asked.include_expired || found.include_expired,
        security_id_type: said.security_id_type.clone(),
        security_id: said.security_id.clone(),
        ..found
    }
}

/// The one contract among the rows. Several rows of one identity are one contract; the row of the
/// exchange asked for, else of `SMART`, speaks for it.
fn only(asked: &Contract, rows: Vec<Contract>) -> Result<Contract> {
    let mut found: Vec<Contract> = Vec::new();
    for row in rows {
        match found.iter_mut().find(|known| known.contract_id == row.contract_id) {
            Some(known) if speaks_better(asked, &row, known) => *known = row,
            Some(_) => {}
            None => found.push(row),
        }
    }
    match found.len() {
        0 => Err(none_found(asked)),
        1 => found.pop().ok_or_else(|| none_found(asked)),
        _ => Err(ambiguous(asked, &found)),
    }
}

fn speaks_better(asked: &Contract, row: &Contract, known: &Contract) -> bool {
    let rank =
        |contract: &Contract| (contract.exchange == asked.exchange, contract.exchange == "SMART");
    rank(row) > rank(known)
}

fn none_found(asked: &Contract) -> Error {
    Error::new(ErrorKind::ContractNotFound, format!("no contract matches {asked}"))
        .with_detail("contract", asked)
        .with_detail("symbol", &asked.symbol)
}

fn ambiguous(asked: &Contract, found: &[Contract]) -> Error {
    let named = |contract: &Contract| {
        let local = &contract.local_symbol;
        if local.is_empty() { contract.to_string() } else { format!("{contract} {local}") }
    };
    let candidates = found.iter().map(named).collect::<Vec<_>>().join("; ");
    let message = format!("{asked} matches {} contracts: {candidates}", found.len());
    Error::new(ErrorKind::AmbiguousContract, message)
        .with_detail("contract", asked)
        .with_detail("symbol", &asked.symbol)
        .with_detail("candidates", candidates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ContractId, Right, SecurityType};

    fn row(id: i32, exchange: &str) -> Contract {
        let mut contract = Contract::stock("AAPL");
        contract.contract_id = Some(ContractId(id));
        contract.exchange = exchange.into();
        contract
    }

    #[test]
    fn rows_of_one_identity_are_one_contract() {
        let asked = Contract::stock("AAPL");
        let table = [
            (vec![row(1, "SMART")], "SMART"),
            (vec![row(1, "NYSE"), row(1, "SMART")], "SMART"),
            (vec![row(1, "SMART"), row(1, "NYSE")], "SMART"),
        ];

        for (rows, exchange) in table {
            assert_eq!(only(&asked, rows).unwrap().exchange, exchange);
        }
    }

    #[test]
    fn what_ib_does_not_repeat_is_still_said() {
        let mut asked = Contract::stock("AAPL");
        asked.include_expired = true;
        (asked.security_id_type, asked.security_id) = ("ISIN".into(), "US0378331005".into());

        let found = with_what_was_said(&asked, row(1, "SMART"));

        let expected = Contract {
            include_expired: true,
            security_id_type: "ISIN".into(),
            security_id: "US0378331005".into(),
            ..row(1, "SMART")
        };
        assert_eq!(found, expected);
        assert_eq!(with_what_was_said(&row(1, "SMART"), found.clone()), found);
    }

    #[test]
    fn several_identities_are_ambiguous_and_named() {
        let error =
            only(&Contract::stock("AAPL"), vec![row(1, "SMART"), row(2, "SMART")]).unwrap_err();

        assert_eq!(error.kind(), ErrorKind::AmbiguousContract);
        assert!(error.details()["candidates"].contains("conId 2"), "{error}");
    }

    #[test]
    fn no_row_is_not_found() {
        let error = only(&Contract::stock("NOPE"), Vec::new()).unwrap_err();

        assert_eq!(error.kind(), ErrorKind::ContractNotFound);
        assert!(error.message().contains("NOPE"));
    }

    #[test]
    fn every_field_tells_requests_apart() {
        let base = Contract::new(SecurityType::Option, "X");
        let changes: [fn(&mut Contract); 14] = [
            |c| c.contract_id = Some(ContractId(1)),
            |c| c.symbol = "Y".into(),
            |c| c.security_type = SecurityType::Stock,
            |c| c.expiry = "20270101".into(),
            |c| c.strike = Some(1.0),
            |c| c.right = Some(Right::Put),
            |c| c.multiplier = "100".into(),
            |c| c.exchange = "SMART".into(),
            |c| c.primary_exchange = "SMART".into(),
            |c| c.currency = "SMART".into(),
            |c| c.local_symbol = "SMART".into(),
            |c| c.trading_class = "SMART".into(),
            |c| c.include_expired = true,
            |c| c.security_id = "SMART".into(),
        ];
        let mut keys = vec![cache_key(&base)];

        for change in changes {
            let mut contract = base.clone();
            change(&mut contract);
            keys.push(cache_key(&contract));
        }

        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), changes.len() + 1);
    }
}
