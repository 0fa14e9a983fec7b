//! What a run leaves behind: facts only, with times since its start. `check` judges them.

use std::time::Duration;

use aioibkr_core::ErrorKind;
use aioibkr_core::model::SessionState;

/// Everything that is known of one run.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    pub(super) awaits: Vec<Await>,
    pub(super) attempts: Vec<Attempt>,
    /// How the client stood, whenever that changed, in order.
    pub(super) samples: Vec<Sample>,
    /// What the gateway read from the control link, in order.
    pub(super) wire: Vec<Sent>,
    /// When the gateway answered nothing on the control link.
    pub(super) silences: Vec<Silence>,
    /// Restores whose lists came late.
    pub(super) restores: Vec<Restore>,
    pub(super) ending: Ending,
    /// Messages the gateway read on all links, and how long that took.
    pub(super) messages: usize,
    pub(super) lasted: Duration,
    /// The limit of the client.
    pub(super) messages_per_second: usize,
    /// How late this machine was in waking tasks.
    pub(super) lag: Duration,
}

/// One await of a caller.
#[derive(Clone, Debug)]
pub(super) struct Await {
    pub(super) what: String,
    pub(super) allowed: Duration,
    pub(super) took: Duration,
}

/// One wish to place an order.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) key: String,
    pub(super) from: Duration,
    pub(super) until: Duration,
    /// How it ended; `None` is an acknowledged order.
    pub(super) error: Option<ErrorKind>,
}

/// How the client stood at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) at: Duration,
    pub(super) state: SessionState,
    pub(super) generation: u64,
}

/// One request the gateway read.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) kind: String,
    /// The reference of an order.
    pub(super) order_ref: Option<String>,
}

/// A time in which the gateway answered nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Silence {
    pub(super) from: Duration,
    pub(super) until: Duration,
    /// By when a client has to doubt.
    pub(super) limit: Duration,
}

/// A restore during which the gateway told its executions late.
#[derive(Clone, Debug)]
pub(super) struct Restore {
    /// It was not asked for them before.
    pub(super) asked_after: Duration,
    /// How long it kept them to itself.
    pub(super) held: Duration,
    /// Orders it had read by then.
    pub(super) written_by: Vec<(String, Duration)>,
}

/// How everything stood once the fault was over and time enough had passed.
#[derive(Clone, Debug, Default)]
pub(super) struct Ending {
    /// What the client lacked: a live link, readiness.
    pub(super) lacks: Option<String>,
    /// Streams the client was asked for.
    pub(super) streams: Vec<(String, Standing)>,
    /// Streams that went on with another link and told of no gap.
    pub(super) ungapped: Vec<String>,
    /// Orders as the client knows them.
    pub(super) trades: Vec<OrderEnd>,
    /// Orders as the gateway knows them.
    pub(super) orders: Vec<OrderEnd>,
    /// Positions by account and symbol the client tells; `None` if it says that it does not know.
    pub(super) positions: Option<Vec<(String, String)>>,
    /// The same from the gateway's executions.
    pub(super) held: Vec<(String, String)>,
    /// Calls that were not answered although nothing was wrong any more.
    pub(super) unanswered: Vec<String>,
}

/// How a stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It brings what the market does.
    Delivers,
    /// It ended, or its line did, with a reason.
    SaysWhy,
    /// Neither.
    Silent,
}

/// An order at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OrderEnd {
    /// Its reference on the wire.
    pub(super) reference: String,
    pub(super) status: String,
    pub(super) filled: String,
    /// Identities of its executions, sorted.
    pub(super) executions: Vec<String>,
}

impl History {
    /// Whether the control link was live at any moment between two times.
    pub(super) fn was_live(&self, from: Duration, until: Duration) -> bool {
        self.states(from, until).any(|state| state == SessionState::Live)
    }

    /// Whether it was anything else at any moment between two times.
    pub(super) fn left_live(&self, from: Duration, until: Duration) -> bool {
        self.states(from, until).any(|state| state != SessionState::Live)
    }

    fn states(&self, from: Duration, until: Duration) -> impl Iterator<Item = SessionState> {
        let ends = self.samples.iter().skip(1).map(|next| next.at).chain([Duration::MAX]);
        let spans = self.samples.iter().zip(ends);
        let overlapping = spans.filter(move |(sample, end)| sample.at <= until && *end >= from);
        overlapping.map(|(sample, _)| sample.state)
    }

    /// Whether a new link came between two times.
    pub(super) fn was_relinked(&self, from: Duration, until: Duration) -> bool {
        let before = self.samples.iter().rev().find(|sample| sample.at <= from);
        let after = self.samples.iter().rev().find(|sample| sample.at <= until);
        before.map(|sample| sample.generation) != after.map(|sample| sample.generation)
    }
}
