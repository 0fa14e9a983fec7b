//! What deserves an alert, and which alerts are held back: pure, of (event, what was raised, now).
//!
//! | kind | raised when | subject |
//! |---|---|---|
//! | `link_lost` | a session goes from a link to none, unless it was closed | the link |
//! | `suspect` `degraded` `tripped` | a session enters that state | the link |
//! | `order_unknown` | a call ends with an order whose fate is unknown | the order |
//! | `order_identity` | ids of an order contradict what is known | its key |
//! | `blind` | the outage lasts too long, see `outage` | the link |
//! | `lagged` | a stream drops items | its contracts |

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::time::Instant;

use crate::clock;
use crate::model::{Alert, AlertKind, Event, SessionState, StateChange};

/// Subjects remembered; of more the one longest quiet is forgotten.
const REMEMBERED: usize = 1024;

/// An alert about something, now.
pub(crate) fn alert(kind: AlertKind, subject: &str, message: String) -> Alert {
    let context = BTreeMap::from([("subject", subject.to_owned())]);
    let (subject, time) = (subject.to_owned(), clock::now());
    Alert { kind, subject, message, context, suppressed: 0, time }
}

/// The alert an event deserves.
pub(super) fn of(event: &Event) -> Option<Alert> {
    match event {
        Event::State(change) => of_state(change),
        Event::Failure(failure) => {
            let order = failure.order.as_ref()?;
            Some(alert(AlertKind::OrderUnknown, order, failure.message.clone()))
        }
        Event::Ready(_)
        | Event::Notice(_)
        | Event::Alert(_)
        | Event::OrderStatus(_)
        | Event::Execution(_)
        | Event::Commission(_)
        | Event::Keepalive(_)
        | Event::Update(_) => None,
    }
}

fn of_state(change: &StateChange) -> Option<Alert> {
    let kind = match change.to {
        SessionState::Closed => return None,
        SessionState::Suspect => AlertKind::Suspect,
        SessionState::Degraded => AlertKind::Degraded,
        SessionState::Tripped => AlertKind::Tripped,
        SessionState::Waiting | SessionState::Idle if change.is_disconnected() => {
            AlertKind::LinkLost
        }
        SessionState::Idle
        | SessionState::Connecting
        | SessionState::Handshaking
        | SessionState::Live
        | SessionState::Waiting => return None,
    };
    let reason = change.reason.clone().unwrap_or_else(|| format!("it is {}", change.to));
    let mut alert = alert(kind, change.link.as_str(), format!("{} link: {reason}", change.link));
    alert.context.extend([
        ("link", change.link.to_string()),
        ("from", change.from.to_string()),
        ("to", change.to.to_string()),
        ("generation", change.generation.to_string()),
    ]);
    Some(alert)
}

/// Holds back what was raised a short time ago.
pub(super) struct Dedupe {
    repeat_after: Duration,
    raised: HashMap<(AlertKind, String), Raised>,
}

struct Raised {
    at: Instant,
    held_back: u64,
}

impl Dedupe {
    pub(super) fn new(repeat_after: Duration) -> Self {
        Self { repeat_after, raised: HashMap::new() }
    }

    /// The alert, saying how many of its like were held back before it; `None` if it is one of them.
    pub(super) fn admit(&mut self, mut alert: Alert, now: Instant) -> Option<Alert> {
        let key = (alert.kind, alert.subject.clone());
        if let Some(raised) = self.raised.get_mut(&key) {
            if now.saturating_duration_since(raised.at) < self.repeat_after {
                raised.held_back += 1;
                return None;
            }
            alert.suppressed = raised.held_back;
            if raised.held_back > 0 {
                alert.context.insert("suppressed", raised.held_back.to_string());
            }
        }
        self.forget_one();
        self.raised.insert(key, Raised { at: now, held_back: 0 });
        Some(alert)
    }

    fn forget_one(&mut self) {
        if self.raised.len() < REMEMBERED {
            return;
        }
        let oldest = self.raised.iter().min_by_key(|(_, raised)| raised.at);
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            self.raised.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Generation, LinkName};
    use SessionState::{Closed, Connecting, Degraded, Idle, Live, Suspect, Tripped, Waiting};

    const SECOND: Duration = Duration::from_secs(1);

    fn lagged(subject: &str) -> Alert {
        alert(AlertKind::Lagged, subject, String::new())
    }

    #[test]
    fn states_that_need_a_person_raise_an_alert() {
        let table = [
            (Live, Waiting, Some(AlertKind::LinkLost)),
            (Suspect, Idle, Some(AlertKind::LinkLost)),
            (Live, Closed, None),
            (Live, Suspect, Some(AlertKind::Suspect)),
            (Live, Degraded, Some(AlertKind::Degraded)),
            (Suspect, Live, None),
            (Connecting, Waiting, None),
            (Connecting, Tripped, Some(AlertKind::Tripped)),
            (Waiting, Connecting, None),
        ];

        for (from, to, expected) in table {
            let change = StateChange {
                link: LinkName::Feed,
                from,
                to,
                generation: Generation(1),
                reason: None,
                time: clock::now(),
            };
            let raised = of(&Event::State(change));
            assert_eq!(raised.map(|alert| alert.kind), expected, "{from} {to}");
        }
    }

    #[test]
    fn the_same_alert_is_held_back_and_the_next_says_how_often() {
        let (mut dedupe, born) = (Dedupe::new(300 * SECOND), Instant::now());
        let mut at = |seconds: u32, subject: &str| {
            dedupe.admit(lagged(subject), born + seconds * SECOND).map(|alert| alert.suppressed)
        };

        let raised = [at(0, "AAPL"), at(1, "AAPL"), at(299, "AAPL"), at(299, "MSFT")];
        let next = [at(300, "AAPL"), at(301, "AAPL"), at(600, "AAPL"), at(900, "AAPL")];

        assert_eq!(raised, [Some(0), None, None, Some(0)]);
        assert_eq!(next, [Some(2), None, Some(1), Some(0)]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (mut dedupe, born) = (Dedupe::new(300 * SECOND), Instant::now());

        for number in 0..5000_u32 {
            dedupe.admit(lagged(&number.to_string()), born + number * Duration::from_millis(1));
        }

        assert_eq!(dedupe.raised.len(), REMEMBERED);
        assert!(dedupe.admit(lagged("4999"), born + 5 * SECOND).is_none(), "the newest is held");
    }
}
