//! What happens to a client, one value per occurrence.

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use super::{Alert, Failure, Fill, Generation, NoticeClass, SessionState, Trade};

/// One of a client's two links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkName {
    /// Orders, accounts, everything that is not streamed.
    Control,
    /// Streams of market data.
    Feed,
}

impl LinkName {
    /// The name as users see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Feed => "feed",
        }
    }
}

impl fmt::Display for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The session of a link went from one state to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    /// Whose session.
    pub link: LinkName,
    /// Where it stood.
    pub from: SessionState,
    /// Where it stands.
    pub to: SessionState,
    /// Number of the present or last link; 0 before the first.
    pub generation: Generation,
    /// Why there is no link, or why it takes no orders; `None` when nothing went wrong.
    pub reason: Option<String>,
    /// When.
    pub time: OffsetDateTime,
}

impl StateChange {
    /// Whether a link has come up.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        !self.from.has_link() && self.to.has_link()
    }

    /// Whether a link has gone, lost or closed.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        self.from.has_link() && !self.to.has_link()
    }
}

/// Whether everything an order needs is known now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// Whether accounts, positions, open orders and executions are known.
    pub is_ready: bool,
    /// The link for which they are, or are not.
    pub generation: Generation,
    /// When.
    pub time: OffsetDateTime,
}

/// A notice, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkNotice {
    /// The link that brought it.
    pub link: LinkName,
    /// Number of that link.
    pub generation: Generation,
    /// IB's code.
    pub code: i32,
    /// IB's text.
    pub message: String,
    /// What the code is about.
    pub class: NoticeClass,
    /// What the code means, in our words; empty for one we do not know.
    pub meaning: &'static str,
    /// The order or request it names.
    pub request_id: Option<i32>,
    /// When it arrived.
    pub time: OffsetDateTime,
}

/// What the watch over a link's silence did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepaliveStep {
    /// It began with the link.
    Started,
    /// It ended with the link.
    Stopped,
    /// Two questions went unanswered: the link is suspect.
    SoftTimeout,
    /// No sign of life came in time: the link is dropped.
    HardTimeout,
}

impl KeepaliveStep {
    /// The name as users see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Stopped => "stopped",
            Self::SoftTimeout => "soft_timeout",
            Self::HardTimeout => "hard_timeout",
        }
    }
}

/// The watch over a link's silence took a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepaliveEvent {
    /// Whose silence.
    pub link: LinkName,
    /// What it did.
    pub step: KeepaliveStep,
    /// Number of the link.
    pub generation: Generation,
    /// When.
    pub time: OffsetDateTime,
}

/// Something kept that can be read at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kept {
    /// Values and P&L of accounts.
    Accounts,
    /// Positions.
    Positions,
    /// Trades.
    Orders,
    /// Subscribed quotes.
    Quotes,
}

impl Kept {
    /// The name as users see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Positions => "positions",
            Self::Orders => "orders",
            Self::Quotes => "quotes",
        }
    }
}

/// One occurrence in the life of a client.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A session changed its state.
    State(StateChange),
    /// Readiness came or went.
    Ready(Readiness),
    /// The gateway said something that is no request's failure.
    Notice(LinkNotice),
    /// A request, an order or a link failed.
    Failure(Failure),
    /// Somebody should look.
    Alert(Alert),
    /// A trade's state, quantities or values changed; the trade as it was then.
    OrderStatus(Arc<Trade>),
    /// A fill, new or corrected.
    Execution(Box<Fill>),
    /// A fill whose commission is known.
    Commission(Box<Fill>),
    /// The watch over a link's silence took a step.
    Keepalive(KeepaliveEvent),
    /// Something kept has changed; it carries no value, so several come as one.
    Update(Kept),
}

/// What one may listen to: the name and what it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Topic {
    /// The control link came up.
    Connected,
    /// The control link went, lost or closed.
    Disconnected,
    /// The client became ready.
    Ready,
    /// Either link's session changed its state.
    State,
    /// Notices of the gateway.
    Notice,
    /// Failures.
    Error,
    /// Alerts.
    Alert,
    /// Changes of trades.
    OrderStatus,
    /// Fills.
    Execution,
    /// Commissions of fills.
    Commission,
    /// Changes of what is kept.
    Update,
    /// The watch over a link's silence began.
    Started,
    /// It ended.
    Stopped,
    /// A link is suspect.
    SoftTimeout,
    /// A silent link is dropped.
    HardTimeout,
}

impl Topic {
    /// Every topic with the name users give it.
    pub const NAMES: [(Self, &'static str); 15] = [
        (Self::Connected, "connected"),
        (Self::Disconnected, "disconnected"),
        (Self::Ready, "ready"),
        (Self::State, "state"),
        (Self::Notice, "notice"),
        (Self::Error, "error"),
        (Self::Alert, "alert"),
        (Self::OrderStatus, "order_status"),
        (Self::Execution, "execution"),
        (Self::Commission, "commission"),
        (Self::Update, "update"),
        (Self::Started, "started"),
        (Self::Stopped, "stopped"),
        (Self::SoftTimeout, "soft_timeout"),
        (Self::HardTimeout, "hard_timeout"),
    ];

    /// Reads a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(topic, _)| *topic)
    }

    /// Whether the topic covers the event.
    #[must_use]
    pub fn covers(self, event: &Event) -> bool {
        match event {
            Event::State(change) => {
                let is_control = change.link == LinkName::Control;
                self == Self::State
                    || self == Self::Connected && is_control && change.is_connected()
                    || self == Self::Disconnected && is_control && change.is_disconnected()
            }
            Event::Ready(readiness) => self == Self::Ready && readiness.is_ready,
            Event::Notice(_) => self == Self::Notice,
            Event::Failure(_) => self == Self::Error,
            Event::Alert(_) => self == Self::Alert,
            Event::OrderStatus(_) => self == Self::OrderStatus,
            Event::Execution(_) => self == Self::Execution,
            Event::Commission(_) => self == Self::Commission,
            Event::Update(_) => self == Self::Update,
            Event::Keepalive(event) => {
                self == match event.step {
                    KeepaliveStep::Started => Self::Started,
                    KeepaliveStep::Stopped => Self::Stopped,
                    KeepaliveStep::SoftTimeout => Self::SoftTimeout,
                    KeepaliveStep::HardTimeout => Self::HardTimeout,
                }
            }
        }
    }

    /// Whether nothing of it may be dropped: what happens to orders and money.
    #[must_use]
    pub fn is_lossless(self) -> bool {
        matches!(self, Self::OrderStatus | Self::Execution | Self::Commission)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SessionState::{Closed, Connecting, Degraded, Live, Suspect, Waiting};

    fn change(link: LinkName, from: SessionState, to: SessionState) -> Event {
        let time = OffsetDateTime::UNIX_EPOCH;
        Event::State(StateChange { link, from, to, generation: Generation(1), reason: None, time })
    }

    #[test]
    fn a_connection_is_the_control_links_and_suspicion_is_no_loss() {
        let table = [
            (LinkName::Control, Connecting, Live, true, false),
            (LinkName::Control, Live, Suspect, false, false),
            (LinkName::Control, Suspect, Degraded, false, false),
            (LinkName::Control, Degraded, Waiting, false, true),
            (LinkName::Control, Live, Closed, false, true),
            (LinkName::Feed, Connecting, Live, false, false),
            (LinkName::Feed, Live, Waiting, false, false),
        ];

        for (link, from, to, connected, disconnected) in table {
            let event = change(link, from, to);
            assert_eq!(Topic::Connected.covers(&event), connected, "{link} {from} {to}");
            assert_eq!(Topic::Disconnected.covers(&event), disconnected, "{link} {from} {to}");
            assert!(Topic::State.covers(&event));
        }
    }

    #[test]
    fn every_topic_has_its_own_name() {
        for (topic, name) in Topic::NAMES {
            assert_eq!(Topic::from_name(name), Some(topic));
        }
        assert_eq!(Topic::from_name("everything"), None);
    }
}
