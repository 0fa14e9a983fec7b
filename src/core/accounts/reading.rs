//! Reads of the account book: each waits, within its deadline, for what it needs of the present link.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Accounts;
use super::book::AccountBook;
use super::follow::Demand;
use super::pricing::Pricing;
use crate::clock::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{AccountId, AccountSnapshot, Pnl, Position};
use crate::session::Link;

/// How long a portfolio that was asked for is awaited before it is asked for again.
const AGAIN: Duration = Duration::from_secs(1);

impl Accounts {
    /// Everything known about an account, once its first download is complete. P&L is there too,
    /// unless the gateway keeps it back.
    pub(crate) async fn snapshot(
        &self,
        account: &AccountId,
        deadline: Deadline,
    ) -> Result<Arc<AccountSnapshot>> {
        let wish = Wish::values(account, deadline);
        let link = self.demand(&wish).await?;
        let snapshot = self.find(&link, &wish, |book| book.snapshot(account)).await?;
        let settles = self.book.borrow().pnl_settles(account);
        let Some(until) = settles.filter(|until| *until > Instant::now()) else {
            return Ok(snapshot);
        };
        self.changed(&link, until.min(deadline.at()), |book| book.pnl(account).is_some()).await;
        self.find(&link, &wish, |book| book.snapshot(account)).await
    }

    /// The same as soon as the values are known, whatever is known of P&L.
    pub(crate) async fn values(
        &self,
        account: &AccountId,
        deadline: Deadline,
    ) -> Result<Arc<AccountSnapshot>> {
        let wish = Wish::values(account, deadline);
        let link = self.demand(&wish).await?;
        self.find(&link, &wish, |book| book.snapshot(account)).await
    }

    /// P&L of an account, once the gateway has sent it.
    pub(crate) async fn pnl(&self, account: &AccountId, deadline: Deadline) -> Result<Pnl> {
        let wish = Wish { request: "pnl", part: "pnl", account, deadline };
        let link = self.demand(&wish).await?;
        self.find(&link, &wish, |book| book.pnl(account)).await
    }

    /// What is held in one account or in all, once that is known, whatever is known of its prices.
    pub(crate) async fn holdings(
        &self,
        account: Option<&AccountId>,
        deadline: Deadline,
    ) -> Result<Vec<Arc<Position>>> {
        let everybody = everybody();
        let wish = Wish::positions(account.unwrap_or(&everybody), deadline);
        let link = self.session.kept(wish.request, deadline).await?;
        self.find(&link, &wish, |book| book.positions(account)).await
    }

    /// Positions of one account or of all, once the portfolios that price them have come. A row the
    /// gateway does not send, or sends without a price, leaves its figures unknown.
    pub(crate) async fn positions(
        &self,
        account: Option<&AccountId>,
        deadline: Deadline,
    ) -> Result<Vec<Arc<Position>>> {
        let everybody = everybody();
        let wish = Wish::positions(account.unwrap_or(&everybody), deadline);
        let link = self.session.kept(wish.request, deadline).await?;
        loop {
            let now = Instant::now();
            let until = match self.find(&link, &wish, |book| book.pricing(account, now)).await? {
                Pricing::Told(rows) => return Ok(rows),
                Pricing::Settling(rows, _) if deadline.at() <= now => return Ok(rows),
                Pricing::Settling(_, until) => until,
                Pricing::Missing(accounts) => {
                    self.ask_portfolios(&accounts);
                    if deadline.at() <= now {
                        return Err(wish.unpriced(&accounts));
                    }
                    now + AGAIN
                }
            };
            let is_told = |book: &AccountBook| {
                matches!(book.pricing(account, Instant::now()), Some(Pricing::Told(_)))
            };
            self.changed(&link, until.min(deadline.at()), is_told).await;
        }
    }

    fn ask_portfolios(&self, accounts: &BTreeSet<AccountId>) {
        for account in accounts {
            self.ask(Demand::Portfolio(account.clone()));
        }
    }

    /// Sees to it that the account is followed, and returns the link it is followed on.
    async fn demand(&self, wish: &Wish<'_>) -> Result<Link> {
        let link = self.session.kept(wish.request, wish.deadline).await?;
        let is_followed = self.book.borrow().follows(wish.account);
        if !is_followed {
            self.ask(Demand::Values(wish.account.clone()));
        }
        Ok(link)
    }

    fn ask(&self, demand: Demand) {
        if self.demands.try_send(demand).is_err() {
            log::warn!(target: "aioibkr::accounts", "too many accounts asked for at once");
        }
    }

    /// Reads the book of that link once `find` finds something in it.
    async fn find<T>(
        &self,
        link: &Link,
        wish: &Wish<'_>,
        find: impl Fn(&AccountBook) -> Option<T>,
    ) -> Result<T> {
        let here = |book: &AccountBook| {
            if book.is_of(link.generation()) { find(book) } else { None }
        };
        if let Some(found) = here(&self.book.borrow()) {
            return Ok(found);
        }
        let mut book = self.book.subscribe();
        let mut found = None;
        let awaited = book.wait_for(|book| {
            found = here(book);
            found.is_some()
        });
        tokio::select! {
            biased;
            _ = awaited => {}
            () = link.ended() => {}
            () = tokio::time::sleep_until(wish.deadline.at()) => {
                let why = self.book.borrow().why_missing(wish.part, wish.account);
                return Err(wish.unknown(why.as_deref()));
            }
        }
        found.ok_or_else(|| self.session.no_link(wish.request))
    }

    /// Resolves when the book has it, when the link has ended, or at that moment.
    async fn changed(&self, link: &Link, until: Instant, has_it: impl Fn(&AccountBook) -> bool) {
        let mut book = self.book.subscribe();
        let found = book.wait_for(|book| !book.is_of(link.generation()) || has_it(book));
        tokio::select! {
            // Whoever asked looks at what there is then.
            _ = timeout_at(until, found) => {}
            () = link.ended() => {}
        }
    }
}

fn everybody() -> AccountId {
    AccountId("all accounts".into())
}

/// What somebody asks of the book.
struct Wish<'a> {
    request: &'static str,
    /// What has to be known for it.
    part: &'static str,
    account: &'a AccountId,
    deadline: Deadline,
}

impl<'a> Wish<'a> {
    fn values(account: &'a AccountId, deadline: Deadline) -> Self {
        Self { request: "account_snapshot", part: "account values", account, deadline }
    }

    fn positions(account: &'a AccountId, deadline: Deadline) -> Self {
        Self { request: "positions", part: "positions", account, deadline }
    }

    fn unknown(&self, why: Option<&str>) -> Error {
        let (request, account) = (self.request, self.account);
        let why = why.unwrap_or("the gateway has not sent it yet");
        let message = format!("{request} of {account}: {why}");
        self.error(message, self.part, &account.0)
    }

    fn unpriced(&self, accounts: &BTreeSet<AccountId>) -> Error {
        let names = accounts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let message = format!(
            "positions of {names}: the gateway has not sent the portfolio that prices them; \
             what is held is known and can be read without prices"
        );
        self.error(message, "portfolio", &names)
    }

    fn error(&self, message: String, missing: &str, account: &str) -> Error {
        Error::new(ErrorKind::StateUnknown, message)
            .with_detail("request", self.request)
            .with_detail("account", account)
            .with_detail("missing", missing)
            .with_detail("timeout", self.deadline.within().as_secs_f64())
    }
}
