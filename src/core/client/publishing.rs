//! What a client tells of itself: events, failures, readiness, outages.

use std::sync::{Arc, Weak};

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::{Client, Inner, ReadOptions};
use crate::clock;
use crate::events::{self, Listener, Notify, Outage};
use crate::model::{
    AlertKind, Contract, Event, Failure, FailureCategory, Generation, LinkName, Readiness,
    SessionState, Topic, expected_until,
};
use crate::session::Status;

impl Client {
    /// Listens to a topic from now on. At most `capacity` events wait for a slow listener, the newest;
    /// of what happens to orders all do. `notify` is called, from any thread, when there may be news.
    /// A listener keeps no client alive.
    #[must_use]
    pub fn hear(&self, topic: Topic, capacity: usize, notify: Notify) -> Listener {
        self.0.events.listen(topic, capacity, notify)
    }

    /// The newest failures of requests, orders and links, of one category or all, the oldest first.
    #[must_use]
    pub fn failures(&self, category: Option<FailureCategory>) -> Vec<Failure> {
        self.0.events.failures(category)
    }

    /// Begins to tell of readiness and of outages.
    pub(super) fn begin_publishing(&self, runtime: &Handle) {
        let mut tasks = self.tasks();
        tasks.spawn_on(tell_readiness(self), runtime);
        tasks.spawn_on(tell_outages(self), runtime);
    }

    /// What to call when a stream of these contracts drops items: alerts of one stream are the same.
    pub(super) fn lag_alarm(&self, contracts: &[Arc<Contract>]) -> Notify {
        const NAMED: usize = 3;
        let mut names: Vec<_> =
            contracts.iter().take(NAMED).map(|contract| contract.symbol.clone()).collect();
        if contracts.len() > NAMED {
            names.push(format!("and {} more", contracts.len() - NAMED));
        }
        let (events, subject) = (self.0.events.clone(), names.join(", "));
        Arc::new(move || {
            let message =
                format!("the reader of a stream of {subject} is too slow: items are lost");
            events.raise(events::alert(AlertKind::Lagged, &subject, message));
        })
    }

    /// The end of the window in which the present outage goes on.
    pub(super) fn expected_outage_until(&self) -> Option<time::OffsetDateTime> {
        let is_out = is_out(&self.0.session.status());
        is_out.then(|| expected_until(&self.0.config.alerts.windows, clock::now())).flatten()
    }
}

/// Tells whenever readiness comes or goes; each link's readiness is told, however short the time without.
fn tell_readiness(client: &Client) -> impl Future<Output = ()> + Send + use<> {
    let mut accounts = client.0.accounts.watch();
    let mut orders = client.0.orders.watch();
    let mut session = client.0.session.watch();
    let weak = Arc::downgrade(&client.0);
    async move {
        let mut told = (false, Generation(0));
        loop {
            let Some(standing) = readiness(&weak) else { return };
            told = tell_change(&weak, told, standing);
            let is_over = session.borrow().state.is_closed();
            if is_over {
                return;
            }
            let changed = tokio::select! {
                changed = session.changed() => changed,
                changed = accounts.changed() => changed,
                changed = orders.changed() => changed,
            };
            if changed.is_err() {
                return;
            }
        }
    }
}

/// Whether the client is ready, and for which link.
type Standing = (bool, Generation);

fn readiness(client: &Weak<Inner>) -> Option<Standing> {
    let client = Client(client.upgrade()?, ReadOptions::default());
    Some((client.is_ready(), client.generation()))
}

/// Tells what changed since `told`; returns what is told now.
fn tell_change(client: &Weak<Inner>, told: Standing, now: Standing) -> Standing {
    let Some(inner) = client.upgrade() else { return told };
    changes(told, now).into_iter().fold(told, |_, (is_ready, generation)| {
        let time = clock::now();
        inner.events.tell(Event::Ready(Readiness { is_ready, generation, time }));
        (is_ready, generation)
    })
}

/// What is to be told of: a link that is ready after another was has not been so in between.
fn changes(told: Standing, now: Standing) -> Vec<Standing> {
    match (told, now) {
        ((true, before), (true, present)) if before != present => vec![(false, before), now],
        ((before, _), (present, _)) if before != present => vec![now],
        _ => Vec::new(),
    }
}

/// Raises `blind` while the control link is out for too long.
fn tell_outages(client: &Client) -> impl Future<Output = ()> + Send + use<> {
    let (events, rules) = (client.0.events.clone(), client.0.config.alerts.clone());
    let mut session = client.0.session.watch();
    async move {
        let mut outage = Outage::default();
        loop {
            let status = session.borrow_and_update().clone();
            if status.state.is_closed() {
                return;
            }
            let standing = (is_out(&status), status.generation);
            let look = outage.look(standing, (Instant::now(), clock::now()), &rules);
            if let Some(lasted) = look.blind_for {
                events.raise(blind(&status, lasted.as_secs_f64()));
            }
            drop(status);
            tokio::select! {
                changed = session.changed() => if changed.is_err() { return },
                () = until(look.next) => {}
            }
        }
    }
}

async fn until(next: Option<Instant>) {
    match next {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Whether somebody wants a live link and there is none.
fn is_out(status: &Status) -> bool {
    match status.state {
        SessionState::Live | SessionState::Closed => false,
        SessionState::Idle => status.reason.is_some(),
        SessionState::Connecting
        | SessionState::Handshaking
        | SessionState::Suspect
        | SessionState::Degraded
        | SessionState::Waiting
        | SessionState::Tripped => true,
    }
}

fn blind(status: &Status, seconds: f64) -> crate::model::Alert {
    let state = status.state;
    let message = format!("no live link to the gateway for {seconds:.0} s: it is {state}");
    let message = match &status.reason {
        Some(reason) => format!("{message}: {reason}"),
        None => message,
    };
    let mut alert = events::alert(AlertKind::Blind, LinkName::Control.as_str(), message);
    alert.context.extend([("state", state.to_string()), ("seconds", format!("{seconds:.3}"))]);
    alert
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_is_told_when_it_changes_and_of_each_link() {
        let (first, second) = (Generation(1), Generation(2));
        let table = [
            ((false, Generation(0)), (false, first), vec![]),
            ((false, first), (true, first), vec![(true, first)]),
            ((true, first), (true, first), vec![]),
            ((true, first), (false, second), vec![(false, second)]),
            ((true, first), (true, second), vec![(false, first), (true, second)]),
        ];

        for (told, now, expected) in table {
            assert_eq!(changes(told, now), expected, "{told:?} {now:?}");
        }
    }
}
