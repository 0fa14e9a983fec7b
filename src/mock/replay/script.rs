//! A recorded connection as a script: what the client asked, and which frames answer it. Pure: entries
//! in, script and steps out.
//!
//! A frame answers the last request before it with its id; without such an id, the last request of the
//! kind it belongs to; else the last request of all. Requests are matched by kind, each recorded one
//! once and in order; one asked more often gets the last answer again. Ids are those the client uses
//! now, in the protobuf form; messages in text form keep the recorded ids.

use std::time::Duration;

use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint};

use super::conversation::{Conversation, Said};
use super::recording::{Recording, Way};
use crate::wire::frame::{self, Body};
use crate::wire::{Request, RequestKind, ServerVersion};

/// A recorded frame to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    body: Vec<u8>,
    /// How long after the request.
    after: Duration,
}

/// A recorded request and its answers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    kind: u32,
    id: Option<i32>,
    at: u64,
    is_matched: bool,
    told: Vec<Told>,
}

/// One connection of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Script {
    /// The frame with the server version.
    pub(super) greeting: Vec<u8>,
    pub(super) version: ServerVersion,
    asked: Vec<Asked>,
}

impl Script {
    /// The scripts of all connections that got as far as a server version.
    pub(super) fn all(recording: &Recording) -> Vec<Self> {
        Conversation::all(recording).into_iter().map(|(_, one)| Self::of(one)).collect()
    }

    fn of(Conversation { greeting, version, said }: Conversation) -> Self {
        let mut asked: Vec<Asked> = Vec::new();
        for Said { way, micros: at, body } in said {
            if way == Way::ToGateway {
                let (kind, id) = request_of(version, &body);
                asked.push(Asked { kind, id, at, is_matched: false, told: Vec::new() });
            } else if let Some(asked) = asked_for(&mut asked, version, &body) {
                let after = Duration::from_micros(at.saturating_sub(asked.at));
                asked.told.push(Told { body, after });
            }
        }
        Self { greeting, version, asked }
    }

    /// The frames that answer a request, with when; empty if no such request was recorded.
    pub(super) fn answer(&mut self, body: &[u8]) -> Vec<(Duration, Vec<u8>)> {
        let version = self.version;
        let (kind, id) = request_of(version, body);
        let next = self.asked.iter_mut().find(|asked| asked.kind == kind && !asked.is_matched);
        if let Some(asked) = next {
            asked.is_matched = true;
            return asked.answers(version, id);
        }
        let last = self.asked.iter().rfind(|asked| asked.kind == kind);
        last.map_or_else(Vec::new, |asked| asked.answers(version, id))
    }
}

impl Asked {
    fn answers(&self, version: ServerVersion, id: Option<i32>) -> Vec<(Duration, Vec<u8>)> {
        let told = self.told.iter().map(|told| (told.after, told.body.clone()));
        match (self.id, id) {
            (Some(old), Some(new)) => {
                told.map(|(after, body)| (after, with_id(version, body, (old, new)))).collect()
            }
            _ => told.collect(),
        }
    }
}

/// The request a frame answers.
fn asked_for<'a>(
    asked: &'a mut [Asked],
    version: ServerVersion,
    body: &[u8],
) -> Option<&'a mut Asked> {
    let (kind, id) = reply_of(version, body);
    let origins = ORIGINS.iter().find(|(reply, _)| *reply == kind).map(|(_, origins)| *origins);
    let by_id = id.and_then(|id| asked.iter().rposition(|asked| asked.id == Some(id)));
    let by_kind = || {
        let origins = origins?;
        asked.iter().rposition(|asked| origins.contains(&asked.kind))
    };
    let found = by_id.or_else(by_kind).or_else(|| asked.len().checked_sub(1))?;
    asked.get_mut(found)
}

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

/// Replies whose first number is not the id of a request: ids, times, bulletins.
const WITHOUT_ID: [u32; 4] = [9, 14, 49, 109];

/// The message id of a body, whichever encoding it has, and the fields of the protobuf form.
fn parts(version: ServerVersion, body: &[u8]) -> (u32, Option<&[u8]>) {
    match frame::split(version, body) {
        Body::Protobuf(id, fields) => (id, Some(fields)),
        Body::Text(id, _) => (id, None),
        Body::Headless => (0, None),
    }
}

/// The kind of a request and its id; in text form only the kind.
fn request_of(version: ServerVersion, body: &[u8]) -> (u32, Option<i32>) {
    let (kind, fields) = parts(version, body);
    let request = || Request::decode(RequestKind::from_id(kind)?, fields?).ok().flatten();
    (kind, request().and_then(|request| request.id()))
}

fn reply_of(version: ServerVersion, body: &[u8]) -> (u32, Option<i32>) {
    let (kind, fields) = parts(version, body);
    let id = fields.filter(|_| !WITHOUT_ID.contains(&kind)).and_then(first_number);
    (kind, id.map(|(id, _)| id))
}

/// Field 1 as a number if the message begins with it, and where it ends.
fn first_number(fields: &[u8]) -> Option<(i32, usize)> {
    let mut rest = fields;
    let (field, form) = decode_key(&mut rest).ok()?;
    if field != 1 || form != WireType::Varint {
        return None;
    }
    let number = decode_varint(&mut rest).ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "an int32 is its low 32 bits")]
    let id = number as i32;
    Some((id, fields.len() - rest.len()))
}

/// The body with another request id in its first field, if it had the old one.
fn with_id(version: ServerVersion, body: Vec<u8>, (old, new): (i32, i32)) -> Vec<u8> {
    let (kind, Some(fields)) = parts(version, &body) else { return body };
    let found = first_number(fields).filter(|(id, _)| *id == old && !WITHOUT_ID.contains(&kind));
    let Some((_, end)) = found else { return body };
    let mut changed = body[..body.len() - fields.len()].to_vec();
    encode_key(1, WireType::Varint, &mut changed);
    // A negative int32 is written as 64 bits.
    encode_varint(i64::from(new).cast_unsigned(), &mut changed);
    changed.extend_from_slice(&fields[end..]);
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::conversation::Reading;

    /// A body in protobuf form with a number in its first field.
    fn body(id: u32, number: u8) -> Vec<u8> {
        [&(200 + id).to_be_bytes()[..], &[8, number]].concat()
    }

    fn script(frames: &[(Way, Vec<u8>)]) -> Script {
        script_at("213", frames)
    }

    fn script_at(version: &str, frames: &[(Way, Vec<u8>)]) -> Script {
        let mut reading = Reading::new();
        reading.read(Way::ToGateway, format!("API\0\0\0\0\x04v{version}").as_bytes(), 0);
        reading.read(Way::ToClient, format!("\0\0\0\x04{version}\0").as_bytes(), 0);
        for (micros, (way, body)) in (1000..).step_by(1000).zip(frames) {
            let length = u32::try_from(body.len()).unwrap().to_be_bytes();
            reading.read(*way, &[&length, body.as_slice()].concat(), micros);
        }
        Script::of(reading.conversation().unwrap())
    }

    fn bodies(answer: Vec<(Duration, Vec<u8>)>) -> Vec<Vec<u8>> {
        answer.into_iter().map(|(_, body)| body).collect()
    }

    #[test]
    fn test_answers_follow_their_own_request_and_take_its_new_id() {
        let (summary, row, end) = (62, 63, 64);
        let mut script = script(&[
            (Way::ToGateway, body(summary, 5)),
            (Way::ToGateway, body(8, 1)),
            (Way::ToClient, body(row, 5)),
            (Way::ToClient, body(9, 5)),
            (Way::ToClient, body(end, 5)),
        ]);

        let ids = script.answer(&body(8, 1));
        let summary = script.answer(&body(summary, 77));

        assert_eq!(bodies(ids), [body(9, 5)]);
        assert_eq!(summary[0].0, Duration::from_millis(2));
        assert_eq!(bodies(summary), [body(row, 77), body(end, 77)]);
    }

    #[test]
    fn test_requests_are_matched_in_order_and_the_last_answer_is_repeated() {
        let mut script = script(&[
            (Way::ToGateway, body(49, 0)),
            (Way::ToClient, body(49, 1)),
            (Way::ToGateway, body(49, 0)),
            (Way::ToClient, body(49, 2)),
        ]);

        let answers: Vec<_> = (0..3).flat_map(|_| bodies(script.answer(&body(49, 0)))).collect();

        assert_eq!(answers, [body(49, 1), body(49, 2), body(49, 2)]);
        assert_eq!(script.answer(&body(61, 0)), []);
    }

    #[test]
    fn test_text_messages_are_matched_by_their_kind() {
        let mut script = script_at(
            "178",
            &[
                (Way::ToGateway, b"49\x001\0".to_vec()),
                (Way::ToClient, b"49\x001\x00170\0".to_vec()),
            ],
        );

        assert_eq!(bodies(script.answer(b"49\x001\0")), [b"49\x001\x00170\0".to_vec()]);
    }
}
