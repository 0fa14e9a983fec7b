//! Asking a new link what became of everything: open orders, completed orders, executions. Which of
//! them are still missing can be seen at any moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crate::clock::Deadline;
use crate::error::Result;
use crate::model::{Generation, OrderEvent};
use crate::session::{Link, Listing};

/// One of the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    Open,
    Completed,
    Executions,
}

impl List {
    const ALL: [Self; 3] = [Self::Open, Self::Completed, Self::Executions];

    /// The list's name as users see it.
    fn name(self) -> &'static str {
        match self {
            Self::Open => "open orders",
            Self::Completed => "completed orders",
            Self::Executions => "executions",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }

    /// Time for the first answer, of the time for a whole download: some gateways never send the
    /// end of completed orders and executions when there are none (E2, P7).
    fn within(self, download: Duration) -> Duration {
        match self {
            Self::Open => download,
            Self::Completed | Self::Executions => download * 3 / 10,
        }
    }

    async fn ask(self, link: &Link, deadline: Deadline) -> Result<Listing> {
        match self {
            Self::Open => link.open_orders(deadline).await,
            Self::Completed => link.completed_orders(deadline).await,
            Self::Executions => link.executions(deadline).await,
        }
    }
}

/// Which lists have come. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress(Arc<AtomicU8>);

impl Progress {
    /// Whether both tell of the same question.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn note(&self, list: List) {
        self.0.fetch_or(list.bit(), Ordering::AcqRel);
    }

    /// Names of the lists a link still owes, whose orders are not known: all of them, where those
    /// that came were another question's, or wait to be applied.
    pub(super) fn lacking(&self) -> Vec<&'static str> {
        let come = self.0.load(Ordering::Acquire);
        let is_over = List::ALL.iter().all(|list| come & list.bit() != 0);
        let lacking = List::ALL.into_iter().filter(|list| is_over || come & list.bit() == 0);
        lacking.map(List::name).collect()
    }
}

/// What a link said about all orders.
pub(super) struct Lists {
    /// The link that said it.
    pub(super) generation: Generation,
    /// Everything listed, in an order that may be applied.
    pub(super) events: Vec<OrderEvent>,
    /// Whether every list was complete: only then is absence a fact.
    pub(super) complete: bool,
}

/// Asks for all three lists at once, and fails if one of them cannot be had. A list that is on its
/// way has `download` to come.
pub(super) async fn ask(link: Link, download: Duration, progress: Progress) -> Result<Lists> {
    let listed = |list| listed(&link, list, download, &progress);
    let [open, completed, executions] = List::ALL.map(listed);
    let (open, completed, executions) = tokio::try_join!(open, completed, executions)?;
    let lists = [open, completed, executions];
    let complete = lists.iter().all(|list| list.complete);
    let events = lists.into_iter().flat_map(|list| list.events).collect();
    Ok(Lists { generation: link.generation(), events, complete })
}

async fn listed(
    link: &Link,
    list: List,
    download: Duration,
    progress: &Progress,
) -> Result<Listing> {
    let first = list.ask(link, Deadline::after(list.within(download))).await?;
    let listing = match first.complete {
        true => first,
        false => ask_again(link, list, download, first.events.is_empty()).await?,
    };
    progress.note(list);
    Ok(listing)
}

/// Asks once more for a list whose end did not come: it was lost, it is late because the list is
/// long, or this gateway does not end an empty one. The last is believed only of a gateway that
/// answers something else meanwhile; absence from such a list proves nothing.
async fn ask_again(
    link: &Link,
    list: List,
    download: Duration,
    was_empty: bool,
) -> Result<Listing> {
    let is_empty = was_empty && list != List::Open;
    let within = Deadline::after(if is_empty { list.within(download) } else { download });
    let second = list.ask(link, within).await?;
    if second.complete {
        return Ok(second);
    }
    if !is_empty || !second.events.is_empty() {
        return Err(within.missed(list.name()));
    }
    link.managed_accounts(Deadline::after(list.within(download))).await?;
    log::warn!(target: "aioibkr::orders", "{} were not ended: taken for none", list.name());
    Ok(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_not_come_is_named_and_never_is_it_nothing() {
        let progress = Progress::default();
        let mut named = vec![progress.lacking()];
        for list in [List::Executions, List::Open, List::Completed] {
            progress.note(list);
            named.push(progress.lacking());
        }

        let expected: [&[&str]; 4] = [
            &["open orders", "completed orders", "executions"],
            &["open orders", "completed orders"],
            &["completed orders"],
            &["open orders", "completed orders", "executions"],
        ];
        assert_eq!(named, expected);
    }
}
