//! Since when what is kept may no longer be right: figures that are told nevertheless carry it.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::watch;

use super::Accounts;
use super::book::AccountBook;
use crate::clock;
use crate::model::{AccountId, AccountSnapshot, KeptAccount, Pnl, SessionState};
use crate::session::{Link, Session, Status};

impl Accounts {
    /// What is kept of an account, the client's own by default, for a caller who takes figures that
    /// were right at most `max_age` ago. `None` while a live link tells them, when they are older,
    /// never came, or the client was closed. Asks and waits for nothing.
    pub(crate) fn kept(
        &self,
        account: Option<&AccountId>,
        max_age: Duration,
    ) -> Option<KeptAccount> {
        let status = self.session.status();
        let book = self.book.borrow();
        let is_told = |book: &AccountBook, account: &AccountId| {
            is_sure(&status) && book.is_of(status.generation) && book.is_whole(account)
        };
        let account = account.or(book.main()).or(status.accounts.first())?;
        if status.state.is_closed() || is_told(&book, account) {
            return None;
        }
        let as_of = as_of(&status, &book);
        let present = || kept(&book, account, as_of);
        let earlier = || book.earlier().and_then(|(book, as_of)| kept(book, account, as_of));
        let kept = present().or_else(earlier)?;
        // A clock that was set back says nothing of an age.
        let age = clock::now() - kept.as_of;
        (!age.is_negative() && age <= max_age).then_some(kept)
    }

    /// Values and P&L of an account, the client's own by default, as the live link tells them;
    /// `None` while it does not. Asks and waits for nothing.
    pub(crate) fn told(&self, account: Option<&AccountId>) -> Option<(Arc<AccountSnapshot>, Pnl)> {
        let status = self.session.status();
        if !is_sure(&status) {
            return None;
        }
        let book = self.book.borrow();
        let account = account.or(book.main())?;
        let is_told = book.is_of(status.generation) && book.is_whole(account);
        if is_told { book.snapshot(account).zip(book.pnl(account)) } else { None }
    }

    /// Since when the link is not live; `None` while it is, before the first and once closed.
    pub(crate) fn doubtful_since(&self) -> Option<OffsetDateTime> {
        let status = self.session.status();
        let is_closed = status.state.is_closed();
        let is_doubtful = status.generation.0 > 0 && !is_closed && !is_sure(&status);
        is_doubtful.then(|| as_of(&status, &self.book.borrow()))
    }
}

/// Whether a live link keeps what is known; its end is felt a moment before it is published.
fn is_sure(status: &Status) -> bool {
    status.is_live() && status.link.as_ref().is_some_and(Link::is_up)
}

fn kept(book: &AccountBook, account: &AccountId, as_of: OffsetDateTime) -> Option<KeptAccount> {
    let snapshot = book.snapshot(account)?;
    let positions = book.positions(Some(account))?;
    Some(KeptAccount { snapshot, pnl: book.pnl(account), positions, as_of })
}

/// When the book was last known to be right.
fn as_of(status: &Status, book: &AccountBook) -> OffsetDateTime {
    book.doubtful_since().unwrap_or_else(|| last_sign(status))
}

/// When a link that is not live last was, as far as is known: a silent one with its last sign.
fn last_sign(status: &Status) -> OffsetDateTime {
    match &status.link {
        Some(link) if status.state == SessionState::Suspect => {
            clock::now() - link.life().last().elapsed()
        }
        Some(_) if status.is_live() => clock::now(),
        Some(_) | None => status.since,
    }
}

/// Notes in the book since when it is in doubt, until the session is closed.
pub(super) async fn note(session: Session, book: &watch::Sender<AccountBook>) {
    let mut status = session.watch();
    loop {
        let present = status.borrow_and_update().clone();
        if !present.state.is_closed() {
            let doubt = (!present.is_live()).then(|| last_sign(&present));
            book.send_if_modified(|book| book.doubt(present.generation, doubt));
        }
        if status.changed().await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Generation;
    use crate::session::AccountEvent;

    fn account() -> AccountId {
        AccountId("DU1".into())
    }

    fn whole(book: &mut AccountBook, link: u64) {
        book.begin(Generation(link), Some(account()));
        for event in [AccountEvent::DownloadComplete, AccountEvent::PositionsComplete] {
            book.apply(&account(), event, clock::now());
        }
    }

    #[test]
    fn the_first_doubt_counts_until_it_is_lifted() {
        let (first, later) = (clock::now(), clock::now() + Duration::from_secs(5));
        let mut book = AccountBook::default();
        whole(&mut book, 1);

        assert!(book.doubt(Generation(1), Some(first)));
        assert!(!book.doubt(Generation(1), Some(later)));
        assert_eq!(book.doubtful_since(), Some(first));
        assert!(!book.doubt(Generation(2), None), "another link says nothing of this book");
        assert!(book.doubt(Generation(1), None));
        assert_eq!(book.doubtful_since(), None);
    }

    #[test]
    fn a_new_link_leaves_what_was_known_with_its_moment() {
        let lost = clock::now() - Duration::from_secs(5);
        let mut book = AccountBook::default();
        whole(&mut book, 1);
        book.doubt(Generation(1), Some(lost));

        book.begin(Generation(2), Some(account()));
        book.begin(Generation(3), Some(account()));

        assert!(!book.is_whole(&account()));
        let (earlier, as_of) = book.earlier().unwrap();
        assert!(earlier.is_of(Generation(1)) && earlier.is_whole(&account()));
        assert_eq!(as_of, lost);
    }
}
