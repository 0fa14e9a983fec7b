//! The judge: which invariants of the design a history breaks. Pure, so that each rule is shown a
//! history it must object to.
//!
//! | number | invariant |
//! |---|---|
//! | 1 | one intent, at most one live order |
//! | 2 | no order is written while the link is not live and reconciled |
//! | 3 | each execution is delivered exactly once |
//! | 4 | every await ends by its deadline |
//! | 5 | after a reconnect the subscriptions equal the desired set, or each missing one says why |
//! | 6 | positions agree with executions, or are unknown |
//! | 7 | the message rate limit holds |
//! | 9 | order events are never dropped |
//! | 0 | a link that answers nothing is not live (what a state means) |

use std::collections::BTreeSet;
use std::time::Duration;

use aioibkr_core::ErrorKind;

use super::history::{Attempt, History, Standing};

/// How much later than its deadline an await may end on an idle machine.
const GRACE: Duration = Duration::from_millis(400);

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) invariant: u8,
    pub(super) what: String,
}

/// What one invariant objects to.
type Rule = fn(&History) -> Vec<String>;

/// Every invariant that is broken.
pub(super) fn check(history: &History) -> Vec<Violation> {
    let rules: [(u8, Rule); 9] = [
        (0, silent_links_are_doubted),
        (1, one_intent_is_one_order),
        (2, writes_wait_for_a_reconciled_link),
        (3, executions_come_once),
        (4, awaits_end),
        (5, everything_is_restored),
        (6, positions_agree),
        (7, the_rate_holds),
        (9, orders_agree),
    ];
    let found = rules.into_iter().flat_map(|(invariant, rule)| {
        rule(history).into_iter().map(move |what| Violation { invariant, what })
    });
    found.collect()
}

fn silent_links_are_doubted(history: &History) -> Vec<String> {
    let believed = history.silences.iter().filter(|silence| {
        let doubted_by = silence.from + silence.limit + GRACE + history.lag;
        doubted_by < silence.until && !history.left_live(silence.from, silence.until)
    });
    believed.map(|silence| format!("live through {silence:?}")).collect()
}

fn one_intent_is_one_order(history: &History) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let orders = history.ending.orders.iter().map(|order| &order.reference);
    orders.filter(|key| !seen.insert(*key)).map(|key| format!("two orders of {key}")).collect()
}

fn writes_wait_for_a_reconciled_link(history: &History) -> Vec<String> {
    let mut broken = unreconciled_writes(history);
    broken.extend(early_writes(history));
    let refused = history.attempts.iter().filter(|attempt| {
        !history.was_live(attempt.from, attempt.until)
            && !history.was_relinked(attempt.from, attempt.until)
    });
    for attempt in refused {
        let is_doubtful = attempt.error == Some(ErrorKind::OrderOutcomeUnknown);
        if is_doubtful || is_on_the_wire(history, attempt) {
            broken.push(format!("{} was written while the link was not live", attempt.key));
        }
    }
    let unsent = history.attempts.iter().filter(|attempt| {
        attempt.error == Some(ErrorKind::OrderRefused) && is_on_the_wire(history, attempt)
    });
    broken.extend(unsent.map(|attempt| format!("{} was refused and written", attempt.key)));
    broken
}

fn is_on_the_wire(history: &History, attempt: &Attempt) -> bool {
    let is_it = |reference: &String| reference.ends_with(&format!("|{}", attempt.key));
    history.wire.iter().any(|sent| sent.order_ref.as_ref().is_some_and(is_it))
}

/// Orders that were written on a link before it was asked for everything.
fn unreconciled_writes(history: &History) -> Vec<String> {
    const LISTS: [&str; 3] = ["req_all_open_orders", "req_completed_orders", "req_executions"];
    let (mut asked, mut broken) = (BTreeSet::new(), Vec::new());
    for sent in &history.wire {
        match sent.kind.as_str() {
            "start_api" => asked.clear(),
            "place_order" if asked.len() < LISTS.len() => {
                broken
                    .push(format!("{:?} was written before the lists were asked", sent.order_ref));
            }
            kind if LISTS.contains(&kind) => drop(asked.insert(kind)),
            _ => {}
        }
    }
    broken
}

/// Orders that were written before the gateway had told its executions.
fn early_writes(history: &History) -> Vec<String> {
    let early = history.restores.iter().flat_map(|restore| {
        let told_after = restore.asked_after + restore.held;
        restore.written_by.iter().filter(move |(_, by)| *by < told_after)
    });
    early.map(|(key, by)| format!("{key} was written by {by:?}, before all was known")).collect()
}

fn executions_come_once(history: &History) -> Vec<String> {
    let mut broken = Vec::new();
    for trade in &history.ending.trades {
        let once: BTreeSet<_> = trade.executions.iter().collect();
        if once.len() != trade.executions.len() {
            broken.push(format!("{}: twice among {:?}", trade.reference, trade.executions));
        }
        let order = history.ending.orders.iter().find(|order| order.reference == trade.reference);
        if let Some(order) = order.filter(|order| order.executions != trade.executions) {
            let (told, done) = (&trade.executions, &order.executions);
            broken.push(format!("{}: told {told:?}, executed {done:?}", trade.reference));
        }
    }
    broken
}

fn awaits_end(history: &History) -> Vec<String> {
    let late = history.awaits.iter().filter(|one| one.took > one.allowed + GRACE + history.lag);
    let late = late.map(|one| format!("{} took {:?} of {:?}", one.what, one.took, one.allowed));
    let unanswered = history.ending.unanswered.iter();
    late.chain(unanswered.map(|what| format!("not answered afterwards: {what}"))).collect()
}

fn everything_is_restored(history: &History) -> Vec<String> {
    let lacks = history.ending.lacks.iter().map(|what| format!("the client lacks {what}"));
    let streams = history.ending.streams.iter();
    let silent = streams.filter(|(_, standing)| *standing == Standing::Silent);
    let silent = silent.map(|(name, _)| format!("{name} is silent"));
    let ungapped = history.ending.ungapped.iter().map(|name| format!("{name} told of no gap"));
    lacks.chain(silent).chain(ungapped).collect()
}

fn positions_agree(history: &History) -> Vec<String> {
    let ending = &history.ending;
    match &ending.positions {
        Some(told) if *told != ending.held => {
            vec![format!("told {told:?}, held {:?}", ending.held)]
        }
        Some(_) | None => Vec::new(),
    }
}

fn the_rate_holds(history: &History) -> Vec<String> {
    let seconds = history.lasted.as_secs() as usize + 2;
    let most = seconds * history.messages_per_second;
    let messages = history.messages;
    if messages > most { vec![format!("{messages} messages, {most} allowed")] } else { Vec::new() }
}

fn orders_agree(history: &History) -> Vec<String> {
    let mut broken = Vec::new();
    for order in &history.ending.orders {
        let known = history.ending.trades.iter().find(|trade| trade.reference == order.reference);
        match known {
            None => broken.push(format!("{} is not known", order.reference)),
            Some(trade) if (&trade.status, &trade.filled) != (&order.status, &order.filled) => {
                broken.push(format!("known as {trade:?}, is {order:?}"));
            }
            Some(_) => {}
        }
    }
    broken
}
