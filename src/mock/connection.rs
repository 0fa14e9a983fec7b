//! Serves one client from its first byte to its last. Whatever cannot be framed ends this
//! connection and no other; a request that cannot be understood is answered with an error.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::cli;
use crate::client::{ConnectionId, Due, NO_REQUEST, Outlet, coded};
use crate::exchange::ClientId;
use crate::faults::Fate;
use crate::handler;
use crate::handshake::{self, GREETING, Versions};
use crate::notices;
use crate::outbox::Outbox;
use crate::request_log;
use crate::wire::frame::{self, Body};
use crate::wire::{Reply, Request, RequestKind, pb};
use crate::world::Shared;

const READ_BUFFER: usize = 64 * 1024;

type Reader = BufReader<OwnedReadHalf>;

/// Serves a client until either side ends the connection.
pub(crate) async fn serve(stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::with_capacity(READ_BUFFER, reader);
    if negotiate(&mut reader, &mut writer, &shared).await?.is_none() {
        return Ok(());
    }
    let Some(client) = await_start(&mut reader, &shared).await? else { return Ok(()) };
    let outbox = Arc::new(Outbox::new(shared.settings.unread_limit));
    let admitted = shared.world().admit(client, &outbox);
    let Some(outlet) = admitted else { return refuse_id(&mut writer).await };
    let _seat = Seat { shared: Arc::clone(&shared), connection: outlet.connection };
    tokio::select! {
        ended = read_requests(&mut reader, &outlet, &shared) => ended,
        ended = outbox.write_to(&mut writer) => ended,
    }
}

/// A client's place among the connected ones; given up however its connection ends.
struct Seat {
    shared: Arc<Shared>,
    connection: ConnectionId,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.shared.world().dismiss(self.connection);
    }
}

/// Agrees on a server version. `None` if there is none both sides speak: the socket is closed (FORMAT
/// section 2).
async fn negotiate(
    reader: &mut Reader,
    writer: &mut OwnedWriteHalf,
    shared: &Shared,
) -> io::Result<Option<i32>> {
    let mut greeting = [0; GREETING.len()];
    reader.read_exact(&mut greeting).await?;
    if greeting != *GREETING {
        return Ok(None);
    }
    let mut body = Vec::new();
    if !frame::read(reader, &mut body).await? {
        return Ok(None);
    }
    let versions = Versions::parse(&body);
    let Some(version) = versions.and_then(|versions| versions.choose(&shared.settings)) else {
        return Ok(None);
    };
    writer.write_all(&handshake::reply(version)).await?;
    Ok(Some(version))
}

/// Reads up to START_API; what comes before it is not answered.
async fn await_start(reader: &mut Reader, shared: &Shared) -> io::Result<Option<ClientId>> {
    let mut body = Vec::new();
    while frame::read(reader, &mut body).await? {
        if let Ok(Request::StartApi(start)) = decode(&body) {
            let client = ClientId(start.client_id.unwrap_or_default());
            note(client, RequestKind::StartApi, &body, shared);
            return Ok(Some(client));
        }
    }
    Ok(None)
}

async fn refuse_id(writer: &mut OwnedWriteHalf) -> io::Result<()> {
    const HELD: i32 = 326;
    let mut bytes = Vec::new();
    let error = coded(NO_REQUEST, HELD, notices::text(HELD));
    frame::push_protobuf(&mut bytes, pb::ErrorMessage::KIND.id(), &error);
    writer.write_all(&bytes).await?;
    writer.shutdown().await
}

async fn read_requests(reader: &mut Reader, outlet: &Outlet, shared: &Shared) -> io::Result<()> {
    let mut body = Vec::new();
    while frame::read(reader, &mut body).await? {
        match decode(&body) {
            Ok(request) => {
                note(outlet.client, request.kind(), &body, shared);
                take(request, outlet, shared);
            }
            // Without its fields no request id is known (S19).
            Err(Misread(cause)) => {
                outlet.error(NO_REQUEST, 320, format!("Error reading request. {cause}"));
            }
        }
    }
    Ok(())
}

/// Serves a request, unless a fault loses or delays it.
fn take(request: Request, outlet: &Outlet, shared: &Shared) {
    match shared.faults.fate_of(request.kind().name()) {
        Fate::Pass => handler::serve(&mut shared.world(), outlet, request),
        Fate::Lost => {}
        Fate::Late(delay) => {
            shared.schedule.plan(delay, Due::Request(outlet.clone(), Box::new(request)));
        }
    }
}

/// Records a request, and prints it if that was asked for.
fn note(client: ClientId, kind: RequestKind, body: &[u8], shared: &Shared) {
    let Body::Protobuf(_, fields) = frame::split(body) else { return };
    if shared.settings.print_requests {
        cli::print_request(&request_log::record(client, kind, fields));
    }
    shared.log().add(client, kind, fields);
}

/// Why a body is not a request.
#[derive(Debug, PartialEq, Eq)]
struct Misread(String);

impl Misread {
    fn new(cause: impl Into<String>) -> Self {
        Self(cause.into())
    }
}

fn decode(body: &[u8]) -> Result<Request, Misread> {
    let (id, fields) = match frame::split(body) {
        Body::Protobuf(id, fields) => (id, fields),
        Body::Text(id) => {
            return Err(Misread::new(format!("message {id} is not in protobuf form")));
        }
        Body::Headless => return Err(Misread::new("message without an id")),
    };
    let kind = RequestKind::from_id(id)
        .ok_or_else(|| Misread::new(format!("message id {id} is unknown")))?;
    let decoded = Request::decode(kind, fields)
        .map_err(|error| Misread::new(format!("{} cannot be parsed: {error}", kind.name())))?;
    decoded.ok_or_else(|| Misread::new(format!("{} has no protobuf form", kind.name())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_bodies_that_are_no_request_say_why() {
        let cases: [(&[u8], &str); 3] = [
            (&[0, 0], "message without an id"),
            (&[0, 0, 0, 49], "message 49 is not in protobuf form"),
            (&[0, 0, 1, 200], "message id 256 is unknown"),
        ];

        for (body, cause) in cases {
            assert_eq!(decode(body), Err(Misread::new(cause)));
        }
        assert!(decode(&[0, 0, 0, 249]).is_ok());
        assert!(decode(&[0, 0, 0, 208, 0xFF]).is_err());
    }
}
