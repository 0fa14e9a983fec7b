//! What a session tells of its links.

use super::{Events, codes, failures};
use crate::clock;
use crate::error::Error;
use crate::model::{
    Event, FailureCategory, Generation, KeepaliveEvent, KeepaliveStep, LinkName, LinkNotice,
    Notice, StateChange,
};

/// The events of one of a client's links.
#[derive(Clone)]
pub(crate) struct LinkEvents {
    events: Events,
    link: LinkName,
}

impl LinkEvents {
    pub(super) fn new(events: Events, link: LinkName) -> Self {
        Self { events, link }
    }

    /// Which link.
    pub(crate) fn link(&self) -> LinkName {
        self.link
    }

    /// The session went to another state.
    pub(crate) fn changed(&self, change: StateChange) {
        self.events.tell(Event::State(change));
    }

    /// The gateway said something; `request_id` is the order or request it named.
    pub(crate) fn noticed(&self, generation: Generation, notice: &Notice, request_id: Option<i32>) {
        let (class, meaning) = codes::meaning(notice.code);
        self.events.tell(Event::Notice(LinkNotice {
            link: self.link,
            generation,
            code: notice.code,
            message: notice.message.trim().to_owned(),
            class,
            meaning,
            request_id,
            time: notice.time,
        }));
    }

    /// The watch over the link's silence took a step.
    pub(crate) fn watched(&self, generation: Generation, step: KeepaliveStep) {
        let (link, time) = (self.link, clock::now());
        self.events.tell(Event::Keepalive(KeepaliveEvent { link, step, generation, time }));
    }

    /// A try to open a link failed, or a link ended.
    pub(crate) fn failed(&self, error: &Error) {
        self.events.tell(Event::Failure(failures::failure(error, Some(self.link), clock::now())));
    }

    /// A link ended because its socket did.
    pub(crate) fn socket_ended(&self, error: &Error) {
        let failure = failures::failure(error, Some(self.link), clock::now());
        let category = FailureCategory::Socket;
        self.events.tell(Event::Failure(crate::model::Failure { category, ..failure }));
    }
}
