//! Contract lookups.

use ibapi::subscriptions::SubscriptionItem;

use super::codes;
use super::convert::{contract_to_wire, details_from_wire};
use super::link::Link;
use crate::clock::Deadline;
use crate::error::Result;
use crate::model::{Contract, ContractDetails, SecurityType};

/// Rows a lookup may have in flight that can match a whole chain.
const CHAIN_ROWS: usize = 20_000;

/// Rows any other lookup may have in flight: one for each exchange and currency. The room is taken
/// before the first row comes, some 120 bytes each for the next power of two.
const FEW_ROWS: usize = 1_023;

const REQUEST: &str = "contract_details";

impl Link {
    /// Every contract that matches; an unknown one is `ContractNotFound`.
    pub(crate) async fn contract_details(
        &self,
        contract: &Contract,
        deadline: Deadline,
    ) -> Result<Vec<ContractDetails>> {
        let wire = contract_to_wire(contract);
        let rows = self.contract_rows(&wire, most_rows(contract), deadline).await;
        rows.map_err(|error| codes::about(error, contract))
    }

    async fn contract_rows(
        &self,
        wire: &ibapi::contracts::Contract,
        most: usize,
        deadline: Deadline,
    ) -> Result<Vec<ContractDetails>> {
        let opened = self.client().contract_details_stream(wire).buffer_limit(most);
        let stream = self.ask(REQUEST, deadline, opened.subscribe()).await?;
        let rows = self.subscribed(stream, REQUEST, |item| match item {
            SubscriptionItem::Data(row) => Some(Ok(details_from_wire(row))),
            SubscriptionItem::Notice(_) => None,
        });
        self.collect(REQUEST, deadline, rows).await
    }
}

/// How many rows may come faster than they are read.
fn most_rows(contract: &Contract) -> usize {
    use SecurityType as Kind;
    if contract.contract_id.is_some() {
        return FEW_ROWS;
    }
    match contract.security_type {
        Kind::Stock | Kind::Index | Kind::Forex | Kind::Cfd | Kind::Crypto | Kind::Combo => {
            FEW_ROWS
        }
        Kind::Option
        | Kind::Future
        | Kind::FutureOption
        | Kind::Warrant
        | Kind::Bond
        | Kind::Fund
        | Kind::Other(_) => CHAIN_ROWS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ContractId;

    #[test]
    fn only_what_can_match_a_chain_takes_room_for_one() {
        let of = |security_type| Contract { security_type, ..Contract::stock("AAPL") };
        let known = Contract { contract_id: Some(ContractId(7)), ..of(SecurityType::Option) };

        let rooms = [Contract::stock("AAPL"), of(SecurityType::Option), known];

        let rows = rooms.each_ref().map(most_rows);
        assert_eq!(rows, [FEW_ROWS, CHAIN_ROWS, FEW_ROWS]);
    }
}
