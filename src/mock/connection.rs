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
use crate::request_log::{self, Sender};
use crate::wire::encoding::{self, Misread};
use crate::wire::{ReplyKind, Request, RequestKind, ServerVersion, frame};
use crate::world::Shared;

const READ_BUFFER: usize = 64 * 1024;

type Reader = BufReader<OwnedReadHalf>;

/// Serves a client until either side ends the connection.
pub(crate) async fn serve(stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::with_capacity(READ_BUFFER, reader);
    let Some(version) = negotiate(&mut reader, &mut writer, &shared).await? else { return Ok(()) };
    let Some(client) = await_start(&mut reader, version, &shared).await? else { return Ok(()) };
    let outbox = Arc::new(Outbox::new(shared.settings.unread_limit));
    let admitted = shared.world().admit(client, version, &outbox);
    let Some(outlet) = admitted else { return refuse_id(&mut writer, version).await };
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
) -> io::Result<Option<ServerVersion>> {
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
async fn await_start(
    reader: &mut Reader,
    version: ServerVersion,
    shared: &Shared,
) -> io::Result<Option<ClientId>> {
    let mut body = Vec::new();
    while frame::read(reader, &mut body).await? {
        if let Ok(Request::StartApi(start)) = encoding::decode(version, &body) {
            let client = ClientId(start.client_id.unwrap_or_default());
            note((client, version), RequestKind::StartApi, &body, shared);
            return Ok(Some(client));
        }
    }
    Ok(None)
}

async fn refuse_id(writer: &mut OwnedWriteHalf, version: ServerVersion) -> io::Result<()> {
    const HELD: i32 = 326;
    let mut bytes = Vec::new();
    let error = coded(NO_REQUEST, HELD, notices::text(HELD));
    encoding::push(&mut bytes, version, ReplyKind::ErrMsg, &error);
    writer.write_all(&bytes).await?;
    writer.shutdown().await
}

async fn read_requests(reader: &mut Reader, outlet: &Outlet, shared: &Shared) -> io::Result<()> {
    let mut body = Vec::new();
    while frame::read(reader, &mut body).await? {
        match encoding::decode(outlet.version, &body) {
            Ok(request) => {
                note((outlet.client, outlet.version), request.kind(), &body, shared);
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
fn note(sender: Sender, kind: RequestKind, body: &[u8], shared: &Shared) {
    if shared.settings.print_requests {
        cli::print_request(&request_log::record(sender, kind, body));
    }
    shared.log().add(sender, kind, body);
}
