//! What clients sent, in order, kept as the bytes they sent. Promises a bound: the oldest requests
//! are forgotten when more than [`LIMIT`] bytes are kept.

use std::collections::VecDeque;

use crate::exchange::ClientId;
use crate::wire::field::Sink;
use crate::wire::{Request, RequestKind, ServerVersion, encoding};

/// Most bytes of requests that are kept, not counting their bookkeeping.
pub(crate) const LIMIT: usize = 16 * 1024 * 1024;

/// Each entry counts at least this much, so that empty requests are bounded too.
const ENTRY_COST: usize = 64;

/// A request as a client sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// The id the client connected under.
    pub client_id: i32,
    /// The message table's name in lower case, such as `place_order`.
    pub kind: String,
    /// The fields that were present, nested names dotted: `("contract.symbol", "AAPL")`.
    pub fields: Vec<(String, String)>,
}

/// Who sent a request, and the version its encoding follows.
pub(crate) type Sender = (ClientId, ServerVersion);

struct Entry {
    client: ClientId,
    version: ServerVersion,
    kind: RequestKind,
    body: Box<[u8]>,
}

impl Entry {
    fn cost(&self) -> usize {
        self.body.len() + ENTRY_COST
    }
}

#[derive(Default)]
pub(crate) struct RequestLog {
    entries: VecDeque<Entry>,
    bytes: usize,
}

impl RequestLog {
    pub(crate) fn add(&mut self, (client, version): Sender, kind: RequestKind, body: &[u8]) {
        let entry = Entry { client, version, kind, body: body.into() };
        self.bytes += entry.cost();
        self.entries.push_back(entry);
        while self.bytes > LIMIT {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.bytes -= oldest.cost();
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The requests of one kind, or all.
    pub(crate) fn records(&self, kind: Option<RequestKind>) -> Vec<RequestRecord> {
        let asked = |entry: &&Entry| kind.is_none_or(|kind| kind == entry.kind);
        let asked = self.entries.iter().filter(asked);
        asked.map(|entry| record((entry.client, entry.version), entry.kind, &entry.body)).collect()
    }
}

/// A request's body decoded for a person.
pub(crate) fn record((client, version): Sender, kind: RequestKind, body: &[u8]) -> RequestRecord {
    match encoding::decode(version, body) {
        Ok(request) => shown(client, &request),
        // What cannot be decoded is shown without fields: the client got an error for it.
        Err(_) => {
            RequestRecord { client_id: client.0, kind: kind.name().to_owned(), fields: Vec::new() }
        }
    }
}

/// A decoded request for a person.
pub(crate) fn shown(client: ClientId, request: &Request) -> RequestRecord {
    RequestRecord {
        client_id: client.0,
        kind: request.kind().name().to_owned(),
        fields: Sink::rows_of(request),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_requests_are_told_by_kind_with_their_fields() {
        let mut log = RequestLog::default();
        log.add((ClientId(3), ServerVersion(226)), RequestKind::ReqIds, &[0, 0, 0, 208, 8, 1]);
        log.add((ClientId(3), ServerVersion(176)), RequestKind::ReqPositions, b"61\x001\0");
        log.add((ClientId(4), ServerVersion(176)), RequestKind::ReqIds, b"8\x001\x001\0");

        let records = log.records(Some(RequestKind::ReqIds));

        let fields = vec![("numIds".to_owned(), "1".to_owned())];
        let expected =
            |client_id| RequestRecord { client_id, kind: "req_ids".into(), fields: fields.clone() };
        assert_eq!(records, [expected(3), expected(4)]);
        assert_eq!(log.records(None).len(), 3);
    }

    #[test]
    fn test_the_oldest_requests_are_forgotten() {
        let mut log = RequestLog::default();
        let body = vec![0; LIMIT / 4];

        for client in 0..10 {
            log.add((ClientId(client), ServerVersion(226)), RequestKind::ReqIds, &body);
        }

        let kept: Vec<_> = log.records(None).iter().map(|record| record.client_id).collect();
        assert_eq!(kept, [7, 8, 9]);
    }
}
