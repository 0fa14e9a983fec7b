//! The list of account subscriptions: what each followed account brings, and why it does not.

use time::OffsetDateTime;

use super::book::AccountBook;
use crate::model::{AccountId, Generation, Subscription, SubscriptionKind, SubscriptionState};

/// When a subscription of the book became live, and why it is not.
pub(super) struct Mark {
    pub(super) kind: SubscriptionKind,
    /// `None` for what is of all accounts.
    pub(super) account: Option<AccountId>,
    pub(super) live_since: Option<OffsetDateTime>,
    pub(super) trouble: Option<String>,
}

/// The link a client has, or why it has none.
pub(super) enum Present<'a> {
    Link(Generation),
    Lost(Generation, &'a str),
}

/// Every subscription of the book. One that is not of the present link is being restored.
pub(super) fn list(book: &AccountBook, present: &Present<'_>) -> Vec<Subscription> {
    let row = |mark: Mark| {
        let (generation, lost) = match present {
            Present::Link(generation) => (*generation, None),
            Present::Lost(generation, reason) => (*generation, Some((*reason).to_owned())),
        };
        let is_current = lost.is_none() && book.is_of(generation);
        let live_since = mark.live_since.filter(|_| is_current);
        let state = match live_since {
            Some(_) => SubscriptionState::Live,
            None if book.is_renewed() || lost.is_some() => SubscriptionState::Restoring,
            None => SubscriptionState::Opening,
        };
        let reason = lost.or(mark.trouble).filter(|_| live_since.is_none());
        let since = live_since.unwrap_or(book.began_at());
        let Mark { kind, account, .. } = mark;
        Subscription { kind, contract: None, account, state, generation, since, reason }
    };
    book.marks().into_iter().map(row).collect()
}
