//! One connection of a recording, cut into whole messages in the order they were said.

use std::collections::BTreeMap;

use super::mask::Whole;
use super::recording::{Happening, Recording, Way};
use crate::handshake::GREETING;
use crate::wire::ServerVersion;

/// A recorded message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) way: Way,
    /// Since the recording began.
    pub(crate) micros: u64,
    pub(crate) body: Vec<u8>,
}

/// What was said on one connection after the server version was agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transcript {
    /// The frame with the server version.
    pub(crate) greeting: Vec<u8>,
    pub(crate) version: ServerVersion,
    pub(crate) said: Vec<Said>,
}

impl Transcript {
    /// Every connection that got as far as a server version, with its number.
    pub(crate) fn all(recording: &Recording) -> Vec<(u32, Self)> {
        let mut connections: BTreeMap<u32, Reading> = BTreeMap::new();
        for entry in &recording.entries {
            if let Happening::Bytes(way, bytes) = &entry.happening {
                let reading = connections.entry(entry.connection).or_insert_with(Reading::new);
                reading.read(*way, bytes, entry.micros);
            }
        }
        let whole = |(number, reading): (u32, Reading)| Some((number, reading.transcript()?));
        connections.into_iter().filter_map(whole).collect()
    }
}

/// A connection being read.
pub(super) struct Reading {
    to_gateway: Whole,
    to_client: Whole,
    said: Vec<Said>,
}

impl Reading {
    pub(super) fn new() -> Self {
        let (to_gateway, to_client) = (Whole::after(GREETING.len()), Whole::after(0));
        Self { to_gateway, to_client, said: Vec::new() }
    }

    pub(super) fn read(&mut self, way: Way, bytes: &[u8], micros: u64) {
        let whole = if way == Way::ToGateway { &mut self.to_gateway } else { &mut self.to_client };
        let said = &mut self.said;
        whole.take(bytes, |body| said.push(Said { way, micros, body: body.to_vec() }));
    }

    /// The client's version range comes first, then the gateway's version.
    pub(super) fn transcript(self) -> Option<Transcript> {
        let mut said = self.said.into_iter();
        let greeting = said.by_ref().find(|said| said.way == Way::ToClient)?.body;
        let version = version_of(&greeting)?;
        Some(Transcript { greeting, version, said: said.collect() })
    }
}

/// The server version is the first field of the gateway's first frame.
fn version_of(greeting: &[u8]) -> Option<ServerVersion> {
    let field = greeting.split(|byte| *byte == 0).next()?;
    std::str::from_utf8(field).ok()?.parse().ok().map(ServerVersion)
}
