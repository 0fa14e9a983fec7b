//! What a client reads: time, accounts, contracts, market data.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::Client;
use super::access_log::{about, about_account};
use crate::clock::{self, Deadline};
use crate::error::{Error, ErrorKind, Result};
use crate::market_data::check_duration;
use crate::metrics::RequestKind;
use crate::model::{
    AccountId, AccountSnapshot, Bar, BarsRequest, Contract, ContractDetails, ContractId,
    KeptAccount, Pnl, Position, Quote,
};

impl Client {
    /// The gateway's clock: up to a second behind, because gateways tell whole seconds, and the time the
    /// answer was on its way. Asked again within `Keepalive::spacing`, it is the last answer and the
    /// time that went by since on our own steady clock.
    ///
    /// # Errors
    /// `RequestTimeout`, or the connection errors every read may end with.
    pub async fn server_time(&self, timeout: Option<Duration>) -> Result<OffsetDateTime> {
        let deadline = self.deadline(timeout, self.0.config.deadlines.read);
        self.read(RequestKind::ServerTime, deadline, || async {
            self.0.session.live("server_time", deadline).await?.server_time(deadline).await
        })
        .await
    }

    /// The accounts the login manages, asked anew.
    ///
    /// # Errors
    /// `RequestTimeout`, or the connection errors every read may end with.
    pub async fn managed_accounts(&self, timeout: Option<Duration>) -> Result<Vec<AccountId>> {
        let deadline = self.deadline(timeout, self.0.config.deadlines.read);
        self.read(RequestKind::ManagedAccounts, deadline, || async {
            let link = self.0.session.live("managed_accounts", deadline).await?;
            link.managed_accounts(deadline).await
        })
        .await
    }

    /// Everything known about one account (default: the client's), from the kept subscription.
    ///
    /// # Errors
    /// `StateUnknown` when the first download of this link is not complete within the timeout, or at
    /// once as [`ReadOptions`](super::ReadOptions) has it; `Config` for an account the login does not manage.
    pub async fn account_snapshot(
        &self,
        account: Option<AccountId>,
        timeout: Option<Duration>,
    ) -> Result<Arc<AccountSnapshot>> {
        let deadline = self.deadline(timeout, self.0.config.deadlines.account);
        self.read(
            about_account(RequestKind::AccountSummary, account.as_ref()),
            deadline,
            || async {
                self.known_now(&[])?;
                let deadline = self.kept_by(deadline);
                let account = self.managed("account_snapshot", account.clone(), deadline).await?;
                self.0.accounts.snapshot(&account, deadline).await
            },
        )
        .await
    }

    /// What is kept of an account (default: the client's) for a caller who takes figures that were
    /// right at most `max_age` ago instead of waiting for a link: of the link that is suspect or
    /// without IB's servers, or of the last one. `None` while a live link tells them, and where
    /// nothing is kept that is young enough. Asks and waits for nothing, in any state.
    #[must_use]
    pub fn kept_account(
        &self,
        account: Option<&AccountId>,
        max_age: Duration,
    ) -> Option<KeptAccount> {
        self.0.accounts.kept(account.or(self.0.config.account.as_ref()), max_age)
    }

    /// Values and P&L of an account (default: the client's) as the live link tells them, once
    /// positions are known too; `None` while it does not. The same values are the same allocation.
    /// Asks and waits for nothing, and is not counted.
    #[must_use]
    pub fn account_now(&self, account: Option<&AccountId>) -> Option<(Arc<AccountSnapshot>, Pnl)> {
        self.0.accounts.told(account.or(self.0.config.account.as_ref()))
    }

    /// When the orders of this session were last known to be right, for a caller who takes them if
    /// that was at most `max_age` ago. `None` as of [`kept_account`](Self::kept_account).
    #[must_use]
    pub fn kept_orders_as_of(&self, max_age: Duration) -> Option<OffsetDateTime> {
        let as_of = self.0.accounts.doubtful_since()?;
        let age = clock::now() - as_of;
        (self.0.orders.were_known() && !age.is_negative() && age <= max_age).then_some(as_of)
    }

    /// Profit and loss of an account (default: the client's).
    ///
    /// # Errors
    /// As [`account_snapshot`](Self::account_snapshot).
    pub async fn pnl(&self, account: Option<AccountId>, timeout: Option<Duration>) -> Result<Pnl> {
        let deadline = self.deadline(timeout, self.0.config.deadlines.account);
        self.read(about_account(RequestKind::Pnl, account.as_ref()), deadline, || async {
            self.known_now(&[])?;
            let deadline = self.kept_by(deadline);
            let account = self.managed("pnl", account.clone(), deadline).await?;
            self.0.accounts.pnl(&account, deadline).await
        })
        .await
    }

    /// Positions of one account, or of all; only those with a quantity. They wait for the portfolios
    /// that price them; a price that IB does not tell is `None`, the position stays.
    ///
    /// # Errors
    /// As [`account_snapshot`](Self::account_snapshot); `StateUnknown` names the accounts whose
    /// portfolio is not known.
    pub async fn positions(
        &self,
        account: Option<AccountId>,
        timeout: Option<Duration>,
    ) -> Result<Vec<Arc<Position>>> {
        let deadline = self.deadline(timeout, self.0.config.deadlines.positions);
        self.read(about_account(RequestKind::Positions, account.as_ref()), deadline, || async {
            let (account, deadline) = self.holder(account.clone(), deadline).await?;
            self.0.accounts.positions(account.as_ref(), deadline).await
        })
        .await
    }

    /// The same without waiting for prices: one that is not known yet is `None`.
    ///
    /// # Errors
    /// As [`account_snapshot`](Self::account_snapshot).
    pub async fn holdings(
        &self,
        account: Option<AccountId>,
        timeout: Option<Duration>,
    ) -> Result<Vec<Arc<Position>>> {
        let deadline = self.deadline(timeout, self.0.config.deadlines.positions);
        self.read(about_account(RequestKind::Positions, account.as_ref()), deadline, || async {
            let (account, deadline) = self.holder(account.clone(), deadline).await?;
            self.0.accounts.holdings(account.as_ref(), deadline).await
        })
        .await
    }

    /// Whose positions are asked for, and by when they must be known.
    async fn holder(
        &self,
        account: Option<AccountId>,
        deadline: Deadline,
    ) -> Result<(Option<AccountId>, Deadline)> {
        self.known_now(&[])?;
        let deadline = self.kept_by(deadline);
        let account = match account {
            Some(account) => Some(self.managed("positions", Some(account), deadline).await?),
            None => None,
        };
        Ok((account, deadline))
    }

    /// Every contract that matches.
    ///
    /// # Errors
    /// `ContractNotFound`, `RequestTimeout`, connection errors.
    pub async fn contract_details(
        &self,
        contract: Contract,
        timeout: Option<Duration>,
    ) -> Result<Vec<ContractDetails>> {
        let deadline = self.deadline(timeout, self.0.config.deadlines.read);
        self.read(about(RequestKind::ContractDetails, || contract.to_string()), deadline, || {
            self.0.contracts.details(&contract, deadline)
        })
        .await
    }

    /// The one contract that matches, with its identity; remembered per request.
    ///
    /// # Errors
    /// `ContractNotFound`, `AmbiguousContract` with the detail `candidates`.
    pub async fn qualify(&self, contract: Contract, timeout: Option<Duration>) -> Result<Contract> {
        let deadline = self.deadline(timeout, self.0.config.deadlines.read);
        self.read(about(RequestKind::Qualify, || contract.to_string()), deadline, || {
            self.0.contracts.qualify(&contract, deadline)
        })
        .await
    }

    /// One fresh quote, at most `max_age` old. The line is released afterwards.
    ///
    /// # Errors
    /// `NotEntitled`, `LineLimit`, `MarketData` when no price arrives in time.
    pub async fn quote(
        &self,
        contract: Contract,
        max_age: Option<Duration>,
        timeout: Option<Duration>,
    ) -> Result<Quote> {
        let deadline = self.deadline(timeout, self.0.config.deadlines.market_data);
        self.read(about(RequestKind::Quote, || contract.to_string()), deadline, || async {
            let contract = self.0.contracts.qualify(&contract, deadline).await?;
            let kept = contract.contract_id.and_then(|id| self.0.kept.latest(id));
            match kept.filter(|quote| is_fresh(quote, max_age)) {
                Some(quote) => Ok(quote),
                None => self.0.lines.quote(&contract, deadline).await,
            }
        })
        .await
    }

    /// Opens a line of the feed that is kept until [`unsubscribe_quote`](Self::unsubscribe_quote), conflated
    /// to the latest state; returns after the first price. Idempotent.
    ///
    /// # Errors
    /// As [`quote`](Self::quote).
    pub async fn subscribe_quote(
        &self,
        contract: Contract,
        timeout: Option<Duration>,
    ) -> Result<Quote> {
        let deadline = self.deadline(timeout, self.0.config.deadlines.market_data);
        self.counted(about(RequestKind::SubscribeQuote, || contract.to_string()), async {
            let contract = self.0.contracts.qualify(&contract, deadline).await?;
            self.0.kept.keep(&contract, deadline).await
        })
        .await
    }

    /// The latest state of a kept line; its generation tells which link it came from.
    #[must_use]
    pub fn latest_quote(&self, contract_id: ContractId) -> Option<Quote> {
        self.0.kept.latest(contract_id)
    }

    /// Releases a kept line; without one, nothing happens.
    pub async fn unsubscribe_quote(&self, contract_id: ContractId) {
        self.0.kept.release(contract_id);
    }

    /// Historical bars, oldest first; none where the gateway has none.
    ///
    /// # Errors
    /// `Config` for a duration IB does not accept, `PacingViolation`, `RequestTimeout` …
    pub async fn bars(
        &self,
        contract: Contract,
        request: BarsRequest,
        timeout: Option<Duration>,
    ) -> Result<Vec<Bar>> {
        let deadline = self.deadline(timeout, self.0.config.deadlines.history);
        check_duration(&request.duration)?;
        self.read(about(RequestKind::Bars, || contract.to_string()), deadline, || async {
            let contract = self.0.contracts.qualify(&contract, deadline).await?;
            let link = self.0.session.live("bars", deadline).await?;
            link.bars(&contract, &request, deadline).await
        })
        .await
    }

    /// The account a request is about: the one named, which must be managed, else the client's.
    pub(super) async fn managed(
        &self,
        request: &str,
        account: Option<AccountId>,
        deadline: Deadline,
    ) -> Result<AccountId> {
        let link = self.0.session.kept(request, deadline).await?;
        let managed = link.accounts();
        let own = || self.0.config.account.clone().or_else(|| managed.first().cloned());
        let wanted = account.or_else(own);
        match wanted {
            Some(account) if managed.contains(&account) => Ok(account),
            Some(account) => Err(account.unmanaged(managed)),
            None => Err(Error::new(ErrorKind::StateUnknown, "the gateway named no account")),
        }
    }
}

/// Whether a quote is young enough, by its newest field. One from the future says that the clock was
/// set back, and nothing of its age.
fn is_fresh(quote: &Quote, max_age: Option<Duration>) -> bool {
    let age = clock::now() - quote.received_at;
    max_age.is_none_or(|most| !age.is_negative() && age <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Generation;

    #[test]
    fn freshness_is_counted_from_the_newest_field() {
        let old = clock::now() - Duration::from_secs(10);
        let quote = Quote::empty(Arc::new(Contract::stock("AAPL")), old, Generation(1));
        let table = [(None, true), (Some(60), true), (Some(5), false), (Some(0), false)];

        for (seconds, fresh) in table {
            let max_age = seconds.map(Duration::from_secs);
            assert_eq!(is_fresh(&quote, max_age), fresh, "{seconds:?}");
        }
    }

    #[test]
    fn a_quote_is_not_fresh_because_the_clock_was_set_back() {
        let later = clock::now() + Duration::from_secs(3600);
        let quote = Quote::empty(Arc::new(Contract::stock("AAPL")), later, Generation(1));

        assert!(!is_fresh(&quote, Some(Duration::from_secs(60))));
        assert!(is_fresh(&quote, None));
    }
}
