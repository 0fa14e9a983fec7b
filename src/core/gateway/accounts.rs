//! Account values, portfolio rows, positions and P&L.

use std::time::Duration;

use ibapi::Error as WireError;
use ibapi::accounts::types::AccountId as WireAccount;
use ibapi::accounts::{
    AccountPortfolioValue, AccountUpdate, AccountUpdateMulti, PnL, PositionUpdate,
};
use ibapi::subscriptions::SubscriptionItem;

use super::convert::{contract_from_wire, decimal, known};
use super::link::{Items, Link};
use crate::clock::Deadline;
use crate::error::Result;
use crate::model::{AccountId, AccountValue, Pnl, Position};

/// Between two looks whether the stream of another account was let go.
const FREED: Duration = Duration::from_millis(5);

/// One item of an account's subscriptions.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AccountEvent {
    /// A value changed.
    Value(AccountValue),
    /// A portfolio row: a position with its market price and P&L.
    Portfolio(Position),
    /// The first download of values is complete.
    ValuesComplete,
    /// A download of values and portfolio is complete.
    DownloadComplete,
    /// A position row, without market price.
    Position(Position),
    /// The first download of positions is complete.
    PositionsComplete,
    /// P&L of the account.
    Pnl(Pnl),
}

impl AccountEvent {
    /// Whether it is about positions, and not about values.
    pub(crate) fn is_position(&self) -> bool {
        match self {
            Self::Portfolio(_)
            | Self::DownloadComplete
            | Self::Position(_)
            | Self::PositionsComplete => true,
            Self::Value(_) | Self::ValuesComplete | Self::Pnl(_) => false,
        }
    }

    /// Whether it is about the values of an account, or about all it has.
    pub(crate) fn is_value(&self) -> bool {
        !self.is_position() || *self == Self::DownloadComplete
    }
}

impl Link {
    /// Values and portfolio of one account; the gateway keeps one such stream per connection, so one
    /// of another account that was let go is awaited.
    pub(crate) async fn account_updates(
        &self,
        account: &AccountId,
        deadline: Deadline,
    ) -> Result<Items<AccountEvent>> {
        let wire = WireAccount(account.0.clone());
        let opened = async {
            loop {
                match self.client().account_updates(&wire).await {
                    // The crate lets go in a task of its own, which tells nobody of its end.
                    Err(WireError::AccountUpdatesInUse { .. }) => tokio::time::sleep(FREED).await,
                    opened => break opened,
                }
            }
        };
        let stream = self.ask("account_updates", deadline, opened).await?;
        let account = account.clone();
        Ok(self.subscribed(stream, "account_updates", move |item| match item {
            SubscriptionItem::Data(update) => account_event(&account, update).map(Ok),
            SubscriptionItem::Notice(_) => None,
        }))
    }

    /// Values of one account, any number of accounts at once, without portfolio.
    pub(crate) async fn account_values(
        &self,
        account: &AccountId,
        deadline: Deadline,
    ) -> Result<Items<AccountEvent>> {
        let wire = WireAccount(account.0.clone());
        let opened = self.client().account_updates_multi(Some(&wire), None);
        let stream = self.ask("account_updates_multi", deadline, opened).await?;
        let account = account.clone();
        Ok(self.subscribed(stream, "account_updates_multi", move |item| match item {
            SubscriptionItem::Data(AccountUpdateMulti::AccountMultiValue(row)) => {
                let account = owner(Some(row.account), &account);
                let row = AccountValue::new(account, &row.key, row.value, row.currency);
                Some(Ok(AccountEvent::Value(row)))
            }
            SubscriptionItem::Data(AccountUpdateMulti::End) => {
                Some(Ok(AccountEvent::ValuesComplete))
            }
            SubscriptionItem::Notice(_) => None,
        }))
    }

    /// Positions of every account.
    pub(crate) async fn positions(&self, deadline: Deadline) -> Result<Items<AccountEvent>> {
        let stream = self.ask("positions", deadline, self.client().positions()).await?;
        Ok(self.subscribed(stream, "positions", |item| match item {
            SubscriptionItem::Data(update) => position_event(update).map(Ok),
            SubscriptionItem::Notice(_) => None,
        }))
    }

    /// P&L of one account.
    pub(crate) async fn pnl(
        &self,
        account: &AccountId,
        deadline: Deadline,
    ) -> Result<Items<AccountEvent>> {
        let wire = WireAccount(account.0.clone());
        let stream = self.ask("pnl", deadline, self.client().pnl(&wire, None)).await?;
        Ok(self.subscribed(stream, "pnl", |item| match item {
            SubscriptionItem::Data(figures) => Some(Ok(AccountEvent::Pnl(pnl(&figures)))),
            SubscriptionItem::Notice(_) => None,
        }))
    }
}

fn account_event(account: &AccountId, update: AccountUpdate) -> Option<AccountEvent> {
    match update {
        AccountUpdate::AccountValue(row) => {
            let account = owner(row.account, account);
            let row = AccountValue::new(account, &row.key, row.value, row.currency);
            Some(AccountEvent::Value(row))
        }
        AccountUpdate::PortfolioValue(row) => portfolio(account, row).map(AccountEvent::Portfolio),
        AccountUpdate::UpdateTime(_) => None,
        AccountUpdate::End => Some(AccountEvent::DownloadComplete),
    }
}

fn portfolio(account: &AccountId, row: AccountPortfolioValue) -> Option<Position> {
    Some(Position {
        account: owner(row.account, account),
        contract: contract_from_wire(row.contract),
        quantity: decimal(row.position)?,
        average_cost: known(row.average_cost).unwrap_or(0.0),
        market_price: known(row.market_price),
        market_value: known(row.market_value),
        unrealized_pnl: known(row.unrealized_pnl),
        realized_pnl: known(row.realized_pnl),
    })
}

fn position_event(update: PositionUpdate) -> Option<AccountEvent> {
    let PositionUpdate::Position(row) = update else {
        return Some(AccountEvent::PositionsComplete);
    };
    Some(AccountEvent::Position(Position {
        account: AccountId(row.account),
        contract: contract_from_wire(row.contract),
        quantity: decimal(row.position)?,
        average_cost: known(row.average_cost).unwrap_or(0.0),
        market_price: None,
        market_value: None,
        unrealized_pnl: None,
        realized_pnl: None,
    }))
}

fn pnl(figures: &PnL) -> Pnl {
    Pnl {
        daily: known(figures.daily_pnl),
        unrealized: figures.unrealized_pnl.and_then(known),
        realized: figures.realized_pnl.and_then(known),
    }
}

fn owner(named: Option<String>, asked: &AccountId) -> AccountId {
    named.filter(|name| !name.is_empty()).map_or_else(|| asked.clone(), AccountId)
}
