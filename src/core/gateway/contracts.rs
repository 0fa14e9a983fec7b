//! Contract lookups.

use std::time::Duration;

use super::codes;
use super::convert::{contract_to_wire, details_from_wire};
use super::link::Link;
use crate::clock::Deadline;
use crate::error::Result;
use crate::model::{Contract, ContractDetails};

/// Rows one lookup may have in flight; a whole option chain fits.
const MOST_ROWS: usize = 20_000;

/// The deadline around the request bounds it; this one must not come first.
const NO_LIMIT: Duration = Duration::from_secs(24 * 3600);

impl Link {
    /// Every contract that matches; an unknown one is `ContractNotFound`.
    pub(crate) async fn contract_details(
        &self,
        contract: &Contract,
        deadline: Deadline,
    ) -> Result<Vec<ContractDetails>> {
        let wire = contract_to_wire(contract);
        let rows = async {
            let stream = self.client().contract_details_stream(&wire).buffer_limit(MOST_ROWS);
            stream.subscribe().await?.collect_to_end_within(NO_LIMIT).await
        };
        let rows = self.ask("contract_details", deadline, rows).await;
        let rows = rows.map_err(|error| codes::about(error, contract))?;
        Ok(rows.into_iter().map(details_from_wire).collect())
    }
}
