//! Serves one client from its first byte to its last. Whatever cannot be framed ends this
//! connection and no other; a request that cannot be understood is answered with an error.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::Instant;

use crate::cli;
use crate::client::{ConnectionId, Due, NO_REQUEST, Outlet, coded, uncoded};
use crate::exchange::ClientId;
use crate::faults::{Ending, Fate, Piece, Quirk};
use crate::handler;
use crate::handshake::{self, GREETING, Versions};
use crate::limits::{Verdict, is_answered_at_once};
use crate::notices;
use crate::outbox::Outbox;
use crate::replay;
use crate::request_log::{self, Sender};
use crate::wire::encoding::{self, Misread};
use crate::wire::{ReplyKind, Request, RequestKind, ServerVersion, frame};
use crate::world::Shared;

const READ_BUFFER: usize = 64 * 1024;

/// How long a connection whose client stopped reading is read on for what has already arrived.
const ARRIVED: Duration = Duration::from_millis(50);

/// How long requests that have arrived are served before other clients have their turn.
const TURN: Duration = Duration::from_millis(1);

type Reader = BufReader<OwnedReadHalf>;

/// Serves a client until either side ends the connection.
pub(crate) async fn serve(stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    if let Some(replay) = &shared.settings.replay {
        return replay::play(stream, replay, &shared).await;
    }
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::with_capacity(READ_BUFFER, reader);
    if shared.faults.meets_at_door(Quirk::AcceptThenReset) {
        return end(Ending::Reset, writer, &shared).await;
    }
    if shared.faults.meets_at_door(Quirk::AcceptThenClose) {
        return close(&mut reader, &mut writer).await;
    }
    let agreed = negotiate(&mut reader, &mut writer, &shared).await?;
    let Some((version, is_paced)) = agreed else { return Ok(()) };
    if shared.faults.meets_at_door(Quirk::VersionThenClose) {
        return close(&mut reader, &mut writer).await;
    }
    let Some(client) = await_start(&mut reader, version, &shared).await? else { return Ok(()) };
    if shared.world().is_full() {
        return Ok(());
    }
    if shared.faults.holds_id(client) {
        return refuse_id(&mut writer, version, &shared).await;
    }
    let outbox = Arc::new(Outbox::new(shared.settings.unread_limit));
    let admitted = shared.world().admit(client, version, &outbox);
    let Some(outlet) = admitted else {
        return refuse_id(&mut writer, version, &shared).await;
    };
    if is_paced {
        outlet.usage.pace(outlet.connection);
    }
    let _seat = Seat { shared: Arc::clone(&shared), connection: outlet.connection };
    let ending = converse(&mut reader, &mut writer, &outlet, &shared).await;
    end(ending, writer, &shared).await?;
    drop(reader);
    outlet.pending.settled().await;
    Ok(())
}

/// Reads and writes until the connection is to end, and how.
async fn converse(
    reader: &mut Reader,
    writer: &mut OwnedWriteHalf,
    outlet: &Outlet,
    shared: &Shared,
) -> Ending {
    let mut reading = pin!(read_requests(reader, outlet, shared));
    let written = tokio::select! {
        // The client ended it; what went wrong with its socket matters to nobody.
        _ = &mut reading => return Ending::Closed,
        written = outlet.outbox.write_to(writer) => written,
    };
    if let Ok(Some(ending @ (Ending::Reset | Ending::HalfOpen(_)))) = written {
        return ending;
    }
    // What has arrived is taken off the socket, or it would be reset; a client that does not read may
    // have written, and that is served before its id is free.
    if let Err(error) = writer.shutdown().await {
        log::debug!("client {} is gone already: {error}", outlet.client.0);
    }
    if tokio::time::timeout(ARRIVED, reading).await.is_err() {
        log::debug!("client {} goes on writing and is cut off", outlet.client.0);
    }
    Ending::Closed
}

/// Ends the stream in order: what has arrived is taken off the socket, or it would be reset.
async fn close(reader: &mut Reader, writer: &mut OwnedWriteHalf) -> io::Result<()> {
    writer.shutdown().await?;
    let mut nowhere = tokio::io::sink();
    let arrived = tokio::io::copy(reader, &mut nowhere);
    if tokio::time::timeout(ARRIVED, arrived).await.is_err() {
        log::debug!("a client that was not let in stays");
    }
    Ok(())
}

/// Ends a connection the way a fault asks for; the socket closes when its other half is dropped.
async fn end(ending: Ending, writer: OwnedWriteHalf, shared: &Shared) -> io::Result<()> {
    match ending {
        Ending::Closed => return Ok(()),
        Ending::Reset => {}
        Ending::HalfOpen(fault) => shared.faults.cleared(fault).await,
    }
    writer.as_ref().set_zero_linger()?;
    // Dropped, it would end the stream in order before the reset.
    writer.forget();
    Ok(())
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

/// Agrees on a server version, and whether the client is to be paced. `None` if there is no version both
/// sides speak: the socket is closed (FORMAT section 2).
async fn negotiate(
    reader: &mut Reader,
    writer: &mut OwnedWriteHalf,
    shared: &Shared,
) -> io::Result<Option<(ServerVersion, bool)>> {
    let mut greeting = [0; GREETING.len()];
    reader.read_exact(&mut greeting).await?;
    if greeting != *GREETING {
        return Ok(None);
    }
    let mut body = Vec::new();
    if !frame::read(reader, &mut body).await? {
        return Ok(None);
    }
    let Some(versions) = Versions::parse(&body) else { return Ok(None) };
    let Some(version) = versions.choose(&shared.settings) else { return Ok(None) };
    writer.write_all(&handshake::reply(version, &shared.settings.profile.host)).await?;
    Ok(Some((version, versions.is_paced)))
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

async fn refuse_id(
    writer: &mut OwnedWriteHalf,
    version: ServerVersion,
    shared: &Shared,
) -> io::Result<()> {
    const HELD: i32 = 326;
    let mut bytes = Vec::new();
    let text = shared.settings.profile.texts.get(&HELD).cloned();
    let error = coded(NO_REQUEST, HELD, text.unwrap_or_else(|| notices::text(HELD)));
    encoding::push(&mut bytes, version, ReplyKind::ErrMsg, &error);
    writer.write_all(&bytes).await?;
    writer.shutdown().await
}

async fn read_requests(reader: &mut Reader, outlet: &Outlet, shared: &Shared) -> io::Result<()> {
    let (mut body, mut turn) = (Vec::new(), Instant::now());
    while frame::read(reader, &mut body).await? {
        if turn.elapsed() > TURN {
            tokio::task::yield_now().await;
            turn = Instant::now();
        }
        slow_down(body.len(), outlet, shared).await;
        await_turn(outlet).await;
        if outlet.outbox.is_ending() || !passes_rate(outlet) {
            continue;
        }
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

/// Waits as long as a slow gateway takes to read this much.
async fn slow_down(bytes: usize, outlet: &Outlet, shared: &Shared) {
    if let Some(rate) = shared.faults.reading_rate(outlet.client) {
        let micros = (bytes as u64).saturating_mul(1_000_000) / u64::from(rate);
        tokio::time::sleep(Duration::from_micros(micros)).await;
    }
}

/// Waits until the message rate has room, if the client asked for that (L3).
async fn await_turn(outlet: &Outlet) {
    while let Some(wait) = outlet.usage.wait(outlet.connection, Instant::now()) {
        tokio::time::sleep(wait).await;
    }
}

/// Serves a request, unless a fault strikes it.
fn take(request: Request, outlet: &Outlet, shared: &Shared) {
    let admitted = outlet.usage.request(outlet.connection, &request, Instant::now());
    let wait = |delay, waiting| {
        shared
            .schedule
            .plan(delay, Due::Request(outlet.clone(), Box::new(request.clone()), waiting));
    };
    match admitted {
        Verdict::Refuse(code, text) | Verdict::Drop(code, text) => {
            return outlet.error(request.id().unwrap_or(NO_REQUEST), code, text);
        }
        Verdict::Later(delay) => return wait(delay, Some(outlet.pending.wait_for_one())),
        Verdict::Pass | Verdict::Warn(_) => {}
    }
    match shared.faults.request_fate(outlet.client, request.kind().name()) {
        Fate::Lost => {}
        Fate::Late(delay) => wait(delay, Some(outlet.pending.wait_for_one())),
        Fate::LateDrained(delay) => wait(delay, None),
        Fate::Ended(ending) => outlet.outbox.push_pieces(vec![Piece::End(ending)]),
        Fate::Stalled(pause) => {
            outlet.outbox.push_pieces(vec![Piece::Pause(pause)]);
            serve_now(request, outlet, shared);
        }
        // The others are about frames and strike no request.
        Fate::Pass
        | Fate::Twice
        | Fate::AfterNext
        | Fate::Truncated
        | Fate::Split
        | Fate::BadLength
        | Fate::Garbage(_) => serve_now(request, outlet, shared),
    }
}

/// Counts a message; one over the rate is refused and in the end its connection dropped (L1).
fn passes_rate(outlet: &Outlet) -> bool {
    match outlet.usage.message(outlet.connection, Instant::now()) {
        Verdict::Pass | Verdict::Later(_) => true,
        Verdict::Warn(text) => {
            outlet.send(&uncoded(text));
            true
        }
        Verdict::Refuse(code, text) => {
            outlet.error(NO_REQUEST, code, text);
            false
        }
        Verdict::Drop(code, text) => {
            outlet.error(NO_REQUEST, code, text);
            outlet.outbox.push_pieces(vec![Piece::End(Ending::Closed)]);
            false
        }
    }
}

/// Serves a request that no limit refuses; what is sent to its client meanwhile is its answer.
pub(crate) fn serve_now(request: Request, outlet: &Outlet, shared: &Shared) {
    let mut world = shared.world();
    let _serving = shared.faults.serving(outlet.connection, request.kind().name());
    let id = request.id().unwrap_or(NO_REQUEST);
    let ends = is_answered_at_once(&request);
    handler::serve(&mut world, outlet, request);
    if ends {
        outlet.usage.end(outlet.connection, id);
    }
}

/// Records a request, and prints it if that was asked for.
fn note(sender: Sender, kind: RequestKind, body: &[u8], shared: &Shared) {
    if shared.settings.print_requests {
        cli::print_request(&request_log::record(sender, kind, body));
    }
    shared.log().add(sender, kind, body);
}
