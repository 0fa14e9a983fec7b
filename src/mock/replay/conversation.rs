//! A recorded connection read into what the client asked, and which frames answer it. Pure.
//!
//! A frame answers the last request before it of the kind it belongs to, if it is one that names no
//! request; else the last one with an id it names; else the last request of all. Orders that are listed
//! answer the request for the list as long as its end has not come, and a commission report answers
//! what the execution before it does.

use std::time::Duration;

use super::ids::{Space, ids};
use super::recording::{Recording, Way};
use super::transcript::{Said, Transcript};
use crate::wire::encoding;
use crate::wire::frame::{self, Body};
use crate::wire::{ReplyKind, Request, RequestKind, ServerVersion};

/// A recorded frame to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) body: Vec<u8>,
    /// How long after the request.
    pub(super) after: Duration,
}

/// A recorded request and its answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) kind: u32,
    pub(super) id: Option<(Space, i32)>,
    pub(super) told: Vec<Told>,
    at: u64,
}

/// A connection that got as far as a server version.
#[derive(Debug)]
pub(super) struct Conversation {
    /// The frame with the server version.
    pub(super) greeting: Vec<u8>,
    pub(super) version: ServerVersion,
    pub(super) asked: Vec<Asked>,
    /// The request whose list of orders has not ended.
    listing: Option<usize>,
    /// What the last execution answers.
    execution: Option<usize>,
}

impl Conversation {
    /// The conversations of a recording, by the number of their connection.
    pub(super) fn all(recording: &Recording) -> Vec<Self> {
        let transcripts = Transcript::all(recording).into_iter();
        transcripts.map(|(_, transcript)| Self::of(transcript)).collect()
    }

    fn of(Transcript { greeting, version, said }: Transcript) -> Self {
        let (asked, listing, execution) = (Vec::new(), None, None);
        let mut conversation = Self { greeting, version, asked, listing, execution };
        said.into_iter().for_each(|said| conversation.add(said));
        conversation
    }

    fn add(&mut self, Said { way, micros: at, body }: Said) {
        if way == Way::ToGateway {
            let (kind, id) = request_of(self.version, &body);
            if LISTS.contains(&RequestKind::from_id(kind)) {
                self.listing = Some(self.asked.len());
            }
            self.asked.push(Asked { kind, id, at, told: Vec::new() });
        } else if let Some(place) = self.origin(&body)
            && let Some(asked) = self.asked.get_mut(place)
        {
            let after = Duration::from_micros(at.saturating_sub(asked.at));
            asked.told.push(Told { body, after });
        }
    }

    /// The request a frame answers.
    fn origin(&mut self, body: &[u8]) -> Option<usize> {
        let number = message_id(self.version, body);
        let kind = ReplyKind::from_id(number);
        let found =
            self.by_list(kind).or_else(|| self.by_kind(number)).or_else(|| self.by_id(body));
        let found = found.or_else(|| self.asked.len().checked_sub(1));
        if kind == Some(ReplyKind::ExecutionData) {
            self.execution = found;
        }
        found
    }

    fn by_list(&mut self, kind: Option<ReplyKind>) -> Option<usize> {
        match kind {
            Some(ReplyKind::OpenOrder | ReplyKind::OrderStatus) => self.listing,
            Some(ReplyKind::OpenOrderEnd) => self.listing.take(),
            Some(ReplyKind::CommissionAndFeesReport) => self.execution,
            _ => None,
        }
    }

    fn by_id(&self, body: &[u8]) -> Option<usize> {
        let asked_with = |(space, id): (Space, i32)| {
            self.asked.iter().rposition(|asked| match (asked.id, space) {
                (_, Space::Client) | (None, _) => false,
                (Some((_, asked)), Space::Either) => asked == id,
                (asked, _) => asked == Some((space, id)),
            })
        };
        ids(self.version, body).into_iter().find_map(asked_with)
    }

    fn by_kind(&self, kind: u32) -> Option<usize> {
        let (_, origins) = ORIGINS.iter().find(|(reply, _)| *reply == kind)?;
        self.asked.iter().rposition(|asked| origins.contains(&asked.kind))
    }
}

/// Requests for a list of orders.
const LISTS: [Option<RequestKind>; 3] = [
    Some(RequestKind::ReqOpenOrders),
    Some(RequestKind::ReqAllOpenOrders),
    Some(RequestKind::ReqAutoOpenOrders),
];

/// Replies that name no request, and the requests they come for.
const ORIGINS: [(u32, &[u32]); 18] = [
    (6, &[6]),
    (7, &[6]),
    (8, &[6]),
    (54, &[6]),
    (9, &[8, 71]),
    (15, &[17, 71]),
    (14, &[12]),
    (16, &[18]),
    (19, &[24]),
    (49, &[49]),
    (53, &[5, 15, 16]),
    (61, &[61]),
    (62, &[61]),
    (78, &[80]),
    (80, &[82]),
    (85, &[85]),
    (101, &[99]),
    (102, &[99]),
];

/// The message id of a body, whichever encoding it has; 0 where there is none.
fn message_id(version: ServerVersion, body: &[u8]) -> u32 {
    match frame::split(version, body) {
        Body::Protobuf(id, _) | Body::Text(id, _) => id,
        Body::Headless => 0,
    }
}

/// The kind of a request and its id, or the client's own.
pub(super) fn request_of(version: ServerVersion, body: &[u8]) -> (u32, Option<(Space, i32)>) {
    let id = encoding::decode(version, body).ok().and_then(|request| {
        Some(match &request {
            Request::StartApi(start) => (Space::Client, start.client_id.unwrap_or_default()),
            Request::PlaceOrder(_) | Request::CancelOrder(_) | Request::ExerciseOptions(_) => {
                (Space::Order, request.id()?)
            }
            _ => (Space::Request, request.id()?),
        })
    });
    (message_id(version, body), id)
}

#[cfg(test)]
impl Conversation {
    /// A conversation of these frames, a millisecond apart, behind its greeting.
    pub(super) fn made_of(version: &str, frames: &[(Way, Vec<u8>)]) -> Self {
        let mut reading = super::transcript::Reading::new();
        reading.read(Way::ToGateway, format!("API\0\0\0\0\x04v{version}").as_bytes(), 0);
        reading.read(Way::ToClient, format!("\0\0\0\x04{version}\0").as_bytes(), 0);
        for (micros, (way, body)) in (1000..).step_by(1000).zip(frames) {
            let length = u32::try_from(body.len()).unwrap().to_be_bytes();
            reading.read(*way, &[&length, body.as_slice()].concat(), micros);
        }
        Self::of(reading.transcript().unwrap())
    }
}
