//! The list of what streams want, line by line and stream by stream, and how each stands: what was
//! wished for stays on it until its stream is closed, so nothing is missing without a word.

use std::sync::Arc;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::super::outlet::StreamId;
use super::super::standing::Standing;
use super::{Desired, Line, LineKey, Wish};
use crate::clock;
use crate::model::{Contract, Subscription, SubscriptionKind, SubscriptionState};

/// One stream's wish, kept until the stream is closed.
pub(super) struct Wished {
    pub(super) stream: StreamId,
    slot: usize,
    key: LineKey,
    contract: Arc<Contract>,
    standing: Arc<Standing>,
}

impl Wished {
    pub(super) fn of(wish: &Wish) -> Self {
        Self {
            stream: wish.outlet.stream,
            slot: wish.outlet.slot,
            key: wish.key.clone(),
            contract: Arc::clone(&wish.contract),
            standing: Arc::clone(&wish.standing),
        }
    }
}

/// How one line stands.
struct Stand {
    state: SubscriptionState,
    since: OffsetDateTime,
    reason: Option<String>,
}

impl Desired {
    /// Every wish of every open stream. `lost` says why there is no link, if there is none.
    pub(in super::super) fn subscriptions(&self, lost: Option<&str>) -> Vec<Subscription> {
        self.wished.iter().filter_map(|wished| self.subscription(wished, lost)).collect()
    }

    fn subscription(&self, wished: &Wished, lost: Option<&str>) -> Option<Subscription> {
        let failure = wished.standing.failure(wished.slot);
        let (generation, stand) = match failure {
            Some(failure) => (failure.generation, Stand::failed(failure.at, &failure.error)),
            None => (self.generation, self.lines.get(&wished.key)?.stand(lost)),
        };
        let Stand { state, since, reason } = stand;
        let kind = SubscriptionKind::of_line(&wished.key.kind);
        let contract = Some(Arc::clone(&wished.contract));
        Some(Subscription { kind, contract, account: None, state, generation, since, reason })
    }
}

impl Stand {
    fn failed(at: OffsetDateTime, error: &crate::Error) -> Self {
        let (state, reason) = (SubscriptionState::Failed, Some(error.message().to_owned()));
        Self { state, since: at, reason }
    }
}

impl Line {
    /// How the line stands; on a link that has brought nothing, why that may be.
    fn stand(&self, lost: Option<&str>) -> Stand {
        let items = self.pulse.items();
        let told = self.pulse.first().filter(|_| items > self.silent_at && self.is_asked());
        let state = match told {
            Some(_) if self.pulse.is_delayed() => SubscriptionState::Delayed,
            Some(_) => SubscriptionState::Live,
            None if self.has_brought || items > 0 => SubscriptionState::Restoring,
            None => SubscriptionState::Opening,
        };
        let since = told.and_then(clock::at).unwrap_or_else(|| wall(self.turned_at));
        let silent = if self.is_asked() { self.advice() } else { lost.map(str::to_owned) };
        Stand { state, since, reason: silent.filter(|_| told.is_none()) }
    }

    fn is_asked(&self) -> bool {
        self.request_id.is_some()
    }

    fn advice(&self) -> Option<String> {
        let (outlet, standing) = self.listeners.first()?;
        standing.advice().get(&outlet.slot).map(|advice| advice.message().to_owned())
    }
}

/// The wall clock at an instant that has passed.
fn wall(instant: Instant) -> OffsetDateTime {
    clock::now() - instant.elapsed()
}
