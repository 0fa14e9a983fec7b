//! What a client reads: time, accounts, contracts, market data.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::{Client, unfinished};
use crate::error::Result;
use crate::model::{
    AccountId, AccountSnapshot, Bar, BarsRequest, Contract, ContractDetails, ContractId, Pnl,
    Position, Quote,
};

impl Client {
    /// The gateway's clock.
    ///
    /// # Errors
    /// `RequestTimeout`, or the connection errors every read may end with.
    pub async fn server_time(&self, _timeout: Option<Duration>) -> Result<OffsetDateTime> {
        Err(unfinished())
    }

    /// The accounts the login manages, asked anew.
    ///
    /// # Errors
    /// `RequestTimeout`, or the connection errors every read may end with.
    pub async fn managed_accounts(&self, _timeout: Option<Duration>) -> Result<Vec<AccountId>> {
        Err(unfinished())
    }

    /// Everything known about one account (default: the client's), from the kept subscription.
    ///
    /// # Errors
    /// `StateUnknown` when the first download is not complete within the timeout, `Config` for an
    /// account the login does not manage.
    pub async fn account_snapshot(
        &self,
        _account: Option<AccountId>,
        _timeout: Option<Duration>,
    ) -> Result<Arc<AccountSnapshot>> {
        Err(unfinished())
    }

    /// Profit and loss of an account (default: the client's).
    ///
    /// # Errors
    /// As [`account_snapshot`](Self::account_snapshot).
    pub async fn pnl(
        &self,
        _account: Option<AccountId>,
        _timeout: Option<Duration>,
    ) -> Result<Pnl> {
        Err(unfinished())
    }

    /// Positions of one account, or of all; only those with a quantity. A price that is not known
    /// is `None`, the position stays.
    ///
    /// # Errors
    /// As [`account_snapshot`](Self::account_snapshot).
    pub async fn positions(
        &self,
        _account: Option<AccountId>,
        _timeout: Option<Duration>,
    ) -> Result<Vec<Position>> {
        Err(unfinished())
    }

    /// Every contract that matches.
    ///
    /// # Errors
    /// `ContractNotFound`, `RequestTimeout`, connection errors.
    pub async fn contract_details(
        &self,
        _contract: Contract,
        _timeout: Option<Duration>,
    ) -> Result<Vec<ContractDetails>> {
        Err(unfinished())
    }

    /// The one contract that matches, with its identity; remembered per request.
    ///
    /// # Errors
    /// `ContractNotFound`, `AmbiguousContract` with the detail `candidates`.
    pub async fn qualify(
        &self,
        _contract: Contract,
        _timeout: Option<Duration>,
    ) -> Result<Contract> {
        Err(unfinished())
    }

    /// One fresh quote, at most `max_age` old. The line is released afterwards.
    ///
    /// # Errors
    /// `NotEntitled`, `LineLimit`, `MarketData` when no price arrives in time.
    pub async fn quote(
        &self,
        _contract: Contract,
        _max_age: Option<Duration>,
        _timeout: Option<Duration>,
    ) -> Result<Quote> {
        Err(unfinished())
    }

    /// Opens a line that is kept until [`unsubscribe_quote`](Self::unsubscribe_quote), conflated
    /// to the latest state; returns after the first price. Idempotent.
    ///
    /// # Errors
    /// As [`quote`](Self::quote).
    pub async fn subscribe_quote(
        &self,
        _contract: Contract,
        _timeout: Option<Duration>,
    ) -> Result<Quote> {
        Err(unfinished())
    }

    /// The latest state of a kept line.
    #[must_use]
    pub fn latest_quote(&self, _contract_id: ContractId) -> Option<Quote> {
        None
    }

    /// Releases a kept line; without one, nothing happens.
    pub async fn unsubscribe_quote(&self, _contract_id: ContractId) {}

    /// Historical bars, oldest first; none where the gateway has none.
    ///
    /// # Errors
    /// `Config` for a duration IB does not accept, `PacingViolation`, `RequestTimeout` …
    pub async fn bars(
        &self,
        _contract: Contract,
        _request: BarsRequest,
        _timeout: Option<Duration>,
    ) -> Result<Vec<Bar>> {
        Err(unfinished())
    }
}
