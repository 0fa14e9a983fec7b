//! Which of the two encodings a message has, by the server version: text up to 200, protobuf from
//! 213, and in between each message changed at a version of its own.

use super::frame::{self, Body};
use super::text::{Layout, Tape};
use super::version::ServerVersion;
use super::{Reply, ReplyKind, Request, RequestKind};

/// Why a body is not a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Misread(pub(crate) String);

impl Misread {
    fn new(cause: impl Into<String>) -> Self {
        Self(cause.into())
    }
}

/// Decodes a request. Either encoding is taken where a message id tells them apart.
pub(crate) fn decode(version: ServerVersion, body: &[u8]) -> Result<Request, Misread> {
    match frame::split(version, body) {
        Body::Protobuf(id, fields) => decode_protobuf(kind(id)?, fields),
        Body::Text(id, fields) => decode_text(version, kind(id)?, fields),
        Body::Headless => Err(Misread::new("message without an id")),
    }
}

fn kind(id: u32) -> Result<RequestKind, Misread> {
    RequestKind::from_id(id).ok_or_else(|| Misread::new(format!("message id {id} is unknown")))
}

fn decode_protobuf(kind: RequestKind, fields: &[u8]) -> Result<Request, Misread> {
    let name = kind.name();
    let decoded = Request::decode(kind, fields)
        .map_err(|error| Misread::new(format!("{name} cannot be parsed: {error}")))?;
    decoded.ok_or_else(|| Misread::new(format!("{name} has no protobuf form")))
}

/// Fields beyond the last one are not looked at: clients differ in trailing options.
fn decode_text(
    version: ServerVersion,
    kind: RequestKind,
    fields: &[u8],
) -> Result<Request, Misread> {
    let name = kind.name();
    let mut tape = Tape::reader(version, kind.id(), fields);
    let Some(request) = Request::read_text(kind, &mut tape) else {
        return Err(Misread::new(format!("{name} has no text form")));
    };
    match tape.into_flaw() {
        None => Ok(request),
        Some(flaw) => Err(Misread::new(format!("{name}: {flaw}"))),
    }
}

/// Appends the frame of a reply. `false`, and nothing appended, if it is too long to be framed.
pub(crate) fn push<R: Reply>(
    into: &mut Vec<u8>,
    version: ServerVersion,
    kind: ReplyKind,
    reply: &R,
) -> bool {
    match is_protobuf(version, kind) {
        true => frame::push_protobuf(into, kind.id(), reply),
        false => push_text(into, version, kind, reply),
    }
}

/// As [`push`], without the copy a text layout is walked over: what is not set may be filled in.
pub(crate) fn push_own<R: Reply>(
    into: &mut Vec<u8>,
    version: ServerVersion,
    reply: &mut R,
) -> bool {
    let kind = R::KIND;
    match is_protobuf(version, kind) {
        true => frame::push_protobuf(into, kind.id(), reply),
        false => lay(into, version, kind, reply),
    }
}

/// Appends a text frame. A layout is walked over a copy, as it may fill in what is not set.
pub(crate) fn push_text<L: Layout + Clone>(
    into: &mut Vec<u8>,
    version: ServerVersion,
    kind: ReplyKind,
    reply: &L,
) -> bool {
    lay(into, version, kind, &mut reply.clone())
}

fn lay<L: Layout>(
    into: &mut Vec<u8>,
    version: ServerVersion,
    kind: ReplyKind,
    reply: &mut L,
) -> bool {
    frame::push_text(into, version, kind.id(), |fields| {
        reply.lay(&mut Tape::writer(version, kind.id(), fields));
    })
}

fn is_protobuf(version: ServerVersion, kind: ReplyKind) -> bool {
    kind.protobuf_since().is_some_and(|since| version >= since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::pb;

    const TEXT: ServerVersion = ServerVersion(176);
    const LAST_TEXT: ServerVersion = ServerVersion(200);
    const MIXED: ServerVersion = ServerVersion(205);
    const PROTOBUF: ServerVersion = ServerVersion(226);

    /// A body in readable form: a bar for each NUL, a tilde for the four bytes of a raw id.
    fn body(text: &str, id: u8) -> Vec<u8> {
        text.replace('|', "\0").replace('~', &format!("\0\0\0{}", char::from(id))).into_bytes()
    }

    #[test]
    fn test_bodies_that_are_no_request_say_why() {
        let cases = [
            (PROTOBUF, vec![0, 0], "message without an id"),
            (PROTOBUF, vec![0, 0, 1, 200], "message id 256 is unknown"),
            (PROTOBUF, body("~", 106), "cancel_contract_data has no text form"),
            (TEXT, body("hello|", 0), "message without an id"),
            (
                TEXT,
                body("62|1|nine|", 0),
                "req_account_summary: field reqId cannot be parsed: \"nine\"",
            ),
            (TEXT, body("62|1|9|All|", 0), "req_account_summary: field tags is missing"),
            (LAST_TEXT, body("7|3|9|0|||||||", 0), "req_executions: field lastNDays is missing"),
            (MIXED, body("~one|", 8), "req_ids: field version cannot be parsed: \"one\""),
        ];

        for (version, body, cause) in cases {
            assert_eq!(decode(version, &body), Err(Misread::new(cause)));
        }
        assert!(decode(PROTOBUF, &[0, 0, 0, 208, 0xFF]).is_err());
    }

    #[test]
    fn test_a_request_is_the_same_in_each_encoding() {
        let expected = Request::ReqIds(pb::IdsRequest { num_ids: Some(1) });
        let cases = [
            (TEXT, body("8|1|1|", 0)),
            (MIXED, body("~1|1|", 8)),
            (MIXED, vec![0, 0, 0, 208, 8, 1]),
            (PROTOBUF, vec![0, 0, 0, 208, 8, 1]),
        ];

        for (version, body) in cases {
            assert_eq!(decode(version, &body).as_ref(), Ok(&expected), "{version:?}");
        }
    }

    #[test]
    fn test_options_are_read_with_and_without_their_count() {
        let contract = "0|AAPL|OPT||0|||SMART||USD|||";
        let read = |tail: &str| {
            let fields = format!("54|3|5|{contract}10.5|190|{tail}");
            match decode(TEXT, &body(&fields, 0)) {
                Ok(Request::ReqCalcImpliedVolat(request)) => request.implied_volatility_options,
                other => panic!("{other:?}"),
            }
        };

        assert_eq!(read("1|a=b;|"), read("a=b;|"));
        assert!(read("|").is_empty() && read("0||").is_empty());
    }

    #[test]
    fn test_a_reply_changes_its_encoding_at_its_own_version() {
        let next = pb::NextValidId { order_id: Some(5) };
        let cases = [
            (200, body("9|1|5|", 0)),
            (201, body("~1|5|", 9)),
            (212, body("~1|5|", 9)),
            (213, vec![0, 0, 0, 209, 8, 5]),
        ];

        for (version, expected) in cases {
            let mut bytes = Vec::new();
            assert!(push(&mut bytes, ServerVersion(version), ReplyKind::NextValidId, &next));
            assert_eq!(bytes[4..], expected, "{version}");
        }
    }
}
