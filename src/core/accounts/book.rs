//! What is known of every account: a pure fold of account events. Nothing is known until the
//! gateway has said that a first download is complete.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use rust_decimal::Decimal;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::ledger::Ledger;
use super::pricing::{self, Pricing};
use super::subscriptions::Mark;
use crate::clock;
use crate::model::{
    AccountId, AccountSnapshot, ContractId, Generation, Pnl, Position, SubscriptionKind,
};
use crate::session::AccountEvent;

/// The book of one generation; a new generation starts from nothing known.
#[derive(Debug, Clone, Default)]
pub(crate) struct AccountBook {
    generation: Option<Generation>,
    main: Option<AccountId>,
    followed: BTreeSet<AccountId>,
    ledgers: BTreeMap<AccountId, Ledger>,
    positions: BTreeMap<(AccountId, ContractId), Held>,
    positions_known: bool,
    positions_at: Option<OffsetDateTime>,
    /// Why subscriptions had to be made again, until they are live.
    troubles: BTreeMap<(SubscriptionKind, AccountId), String>,
    /// What is held with its prices, made when first asked for after a change.
    rows: OnceLock<Vec<Arc<Position>>>,
    began_at: Option<OffsetDateTime>,
    /// How often a book was begun.
    begun: u64,
    /// Since when it may no longer be right.
    doubtful_since: Option<OffsetDateTime>,
    /// The last book that knew an account, and when it was last right.
    earlier: Option<(Arc<AccountBook>, OffsetDateTime)>,
}

/// A row of the positions, and when it came.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) position: Position,
    pub(super) changed_at: Instant,
}

impl AccountBook {
    /// Starts over for a link whose client acts for `main`.
    pub(super) fn begin(&mut self, generation: Generation, main: Option<AccountId>) {
        let began_at = Some(clock::now());
        let begun = self.begun + 1;
        let earlier = self.take_as_earlier();
        *self = Self {
            generation: Some(generation),
            main,
            began_at,
            begun,
            earlier,
            ..Self::default()
        };
    }

    /// What is left for the next book: this one if it knew anything, else what it had.
    fn take_as_earlier(&mut self) -> Option<(Arc<Self>, OffsetDateTime)> {
        let before = self.earlier.take();
        if !self.main.as_ref().is_some_and(|main| self.is_whole(main)) {
            return before;
        }
        let as_of = self.doubtful_since.unwrap_or_else(clock::now);
        Some((Arc::new(std::mem::take(self)), as_of))
    }

    /// Whether what is asked of an account's kept figures is known.
    pub(super) fn is_whole(&self, account: &AccountId) -> bool {
        let ledger = self.ledgers.get(account);
        self.positions_known && ledger.is_some_and(|ledger| ledger.values_at().is_some())
    }

    /// Notes since when the book of that link is in doubt, the first of several times, or that it
    /// is not; says whether that is news.
    pub(super) fn doubt(&mut self, link: Generation, since: Option<OffsetDateTime>) -> bool {
        if !self.is_of(link) {
            return false;
        }
        let known = self.doubtful_since;
        self.doubtful_since = since.map(|since| known.map_or(since, |known| known.min(since)));
        known != self.doubtful_since
    }

    /// Since when it is in doubt.
    pub(super) fn doubtful_since(&self) -> Option<OffsetDateTime> {
        self.doubtful_since
    }

    /// The last book that knew an account, and when it was last right.
    pub(super) fn earlier(&self) -> Option<(&Self, OffsetDateTime)> {
        self.earlier.as_ref().map(|(book, as_of)| (&**book, *as_of))
    }

    /// Whether the book speaks of that link.
    pub(super) fn is_of(&self, generation: Generation) -> bool {
        self.generation == Some(generation)
    }

    /// Notes that an account is subscribed.
    pub(super) fn follow(&mut self, account: AccountId) {
        self.followed.insert(account);
    }

    /// Whether an account is subscribed.
    pub(super) fn follows(&self, account: &AccountId) -> bool {
        self.followed.contains(account)
    }

    /// Forgets what is known of positions, because the stream lost rows.
    pub(super) fn restart_positions(&mut self) {
        self.positions.clear();
        self.rows.take();
        (self.positions_known, self.positions_at) = (false, None);
    }

    /// Forgets what is known of an account's values, because the stream lost rows.
    pub(super) fn restart_values(&mut self, account: &AccountId) {
        if let Some(ledger) = self.ledgers.get_mut(account) {
            ledger.restart();
            self.rows.take();
        }
    }

    /// Notes why a subscription has to be made again.
    pub(super) fn trouble(&mut self, kind: SubscriptionKind, account: &AccountId, why: String) {
        self.troubles.insert((kind, account.clone()), why);
    }

    /// Why a part of an account had to be subscribed again, by the part's name.
    pub(super) fn why_missing(&self, part: &str, account: &AccountId) -> Option<String> {
        let (kind, account) = match part {
            "account values" => (SubscriptionKind::AccountValues, account.clone()),
            "pnl" => (SubscriptionKind::Pnl, account.clone()),
            "positions" => (SubscriptionKind::Positions, AccountId(String::new())),
            _ => return None,
        };
        self.troubles.get(&(kind, account)).cloned()
    }

    /// The account the client acts for.
    pub(super) fn main(&self) -> Option<&AccountId> {
        self.main.as_ref()
    }

    /// When the book of the present or last link was begun.
    pub(super) fn began_at(&self) -> OffsetDateTime {
        self.began_at.unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// Whether another book was kept before this one.
    pub(super) fn is_renewed(&self) -> bool {
        self.begun > 1
    }

    /// Every subscription the book is kept by; none before the first link.
    pub(super) fn marks(&self) -> Vec<Mark> {
        if self.generation.is_none() {
            return Vec::new();
        }
        let nobody = AccountId(String::new());
        let mark = |kind, account: Option<&AccountId>, live_since| {
            let key = (kind, account.unwrap_or(&nobody).clone());
            let trouble = self.troubles.get(&key).cloned();
            Mark { kind, account: account.cloned(), live_since, trouble }
        };
        let mut marks = vec![mark(SubscriptionKind::Positions, None, self.positions_at)];
        for account in &self.followed {
            let ledger = self.ledgers.get(account);
            let values_at = ledger.and_then(Ledger::values_at);
            marks.push(mark(SubscriptionKind::AccountValues, Some(account), values_at));
            let pnl_at = ledger.and_then(Ledger::pnl_at);
            marks.push(mark(SubscriptionKind::Pnl, Some(account), pnl_at));
        }
        marks
    }

    /// Takes one event of `account`'s subscriptions.
    pub(super) fn apply(&mut self, account: &AccountId, event: AccountEvent, now: OffsetDateTime) {
        if event.is_position() {
            self.rows.take();
        }
        match event {
            AccountEvent::Value(row) => self.ledger(&row.account.clone()).value(row, now),
            AccountEvent::Portfolio(row) => self.ledger(&row.account.clone()).portfolio(row, now),
            AccountEvent::ValuesComplete => self.ledger(account).values_complete(now),
            AccountEvent::DownloadComplete => self.ledger(account).download_complete(now),
            AccountEvent::Position(row) => self.position(row),
            AccountEvent::PositionsComplete => {
                self.positions_known = true;
                self.positions_at.get_or_insert(now);
            }
            AccountEvent::Pnl(pnl) => self.ledger(account).pnl_came(pnl, now),
        }
    }

    /// The portfolio of the main account follows its positions by itself; another account's has to
    /// be asked for again.
    fn position(&mut self, position: Position) {
        let Some(id) = position.contract.contract_id else { return };
        let account = position.account.clone();
        let is_told = self.row(&account, id).is_some_and(|row| row.quantity == position.quantity);
        if !is_told && position.quantity != Decimal::ZERO && self.main.as_ref() != Some(&account) {
            self.ledger(&account).expire_portfolio();
        }
        self.positions.insert((account, id), Held { position, changed_at: Instant::now() });
    }

    fn ledger(&mut self, account: &AccountId) -> &mut Ledger {
        self.ledgers.entry(account.clone()).or_default()
    }

    /// Names of what is not known of a link: the main account's values, all positions.
    pub(super) fn missing(&self, link: Generation) -> Vec<&'static str> {
        let main = self.main.as_ref().and_then(|account| self.ledgers.get(account));
        let values_known = main.is_some_and(|ledger| ledger.values_at().is_some());
        let parts = [("account values", values_known), ("positions", self.positions_known)];
        let missing = parts.into_iter().filter(|(_, is_known)| !is_known || !self.is_of(link));
        missing.map(|(name, _)| name).collect()
    }

    /// Everything known of an account, once its values are complete.
    pub(super) fn snapshot(&self, account: &AccountId) -> Option<Arc<AccountSnapshot>> {
        self.ledgers.get(account)?.snapshot(account)
    }

    /// Until when profit and loss may still come that belongs into an account's snapshot.
    pub(super) fn pnl_settles(&self, account: &AccountId) -> Option<Instant> {
        let ledger = self.ledgers.get(account).filter(|ledger| ledger.pnl().is_none())?;
        ledger.settles_from().map(|from| from + pricing::SETTLING)
    }

    /// P&L of an account, once sent.
    pub(super) fn pnl(&self, account: &AccountId) -> Option<Pnl> {
        self.ledgers.get(account)?.pnl()
    }

    /// Positions with a quantity, of one account or of all, once they are complete, with what is
    /// known of their prices.
    pub(super) fn positions(&self, account: Option<&AccountId>) -> Option<Vec<Arc<Position>>> {
        let rows = self.positions_known.then(|| self.rows.get_or_init(|| self.priced_rows()))?;
        let wanted = |row: &&Arc<Position>| account.is_none_or(|account| *account == row.account);
        Some(rows.iter().filter(wanted).cloned().collect())
    }

    fn priced_rows(&self) -> Vec<Arc<Position>> {
        self.held(None).map(|held| Arc::new(self.priced(&held.position))).collect()
    }

    /// The same, and whether what prices them has come.
    pub(super) fn pricing(&self, account: Option<&AccountId>, now: Instant) -> Option<Pricing> {
        let rows = self.positions(account)?;
        let unpriced = |held: &&Held| {
            let account = &held.position.account;
            let at = self.ledgers.get(account).and_then(Ledger::portfolio_at);
            !pricing::is_current(at, self.main.as_ref() == Some(account), now)
        };
        let missing: BTreeSet<_> =
            self.held(account).filter(unpriced).map(|held| held.position.account.clone()).collect();
        let settles = self.held(account).filter(|held| !self.is_told(held));
        let until = settles.map(|held| held.changed_at + pricing::SETTLING).max();
        Some(match until.filter(|until| *until > now) {
            _ if !missing.is_empty() => Pricing::Missing(missing),
            Some(until) => Pricing::Settling(rows, until),
            None => Pricing::Told(rows),
        })
    }

    fn held<'a>(&'a self, account: Option<&'a AccountId>) -> impl Iterator<Item = &'a Held> {
        self.positions.values().filter(move |held| {
            account.is_none_or(|account| *account == held.position.account)
                && held.position.quantity != Decimal::ZERO
        })
    }

    /// Whether the portfolio speaks of what is held.
    fn is_told(&self, held: &Held) -> bool {
        let Held { position, .. } = held;
        let id = position.contract.contract_id;
        let row = id.and_then(|id| self.row(&position.account, id));
        row.is_some_and(|row| row.quantity == position.quantity)
    }

    fn row(&self, account: &AccountId, id: ContractId) -> Option<&Position> {
        self.ledgers.get(account)?.row(id)
    }

    /// Market price and P&L come from the portfolio where it speaks of the same quantity.
    fn priced(&self, position: &Position) -> Position {
        let id = position.contract.contract_id;
        let Some(row) = id.and_then(|id| self.row(&position.account, id)) else {
            return position.clone();
        };
        let is_current = row.quantity == position.quantity;
        Position {
            market_price: row.market_price,
            market_value: row.market_value.filter(|_| is_current),
            unrealized_pnl: row.unrealized_pnl.filter(|_| is_current),
            realized_pnl: row.realized_pnl,
            ..position.clone()
        }
    }
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
