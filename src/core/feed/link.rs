//! The thread that reads the socket straight into the columns.
//!
//! One read of the socket is decoded into the thread's own columns and handed over at once: by
//! exchanging the vectors if the reader has taken everything, else by appending. A reader that does
//! not come bounds the memory at `capacity` ticks; what did not fit is counted exactly.

use std::io::{ErrorKind as IoErrorKind, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ClientId, Contract};

use super::{FrameBuffer, TickColumns, decode_tick, handshake, request};

/// What a feed link needs to know.
#[derive(Debug, Clone)]
pub struct FeedConfig {
    /// Host name or address of the gateway.
    pub host: String,
    /// TCP port of the gateway.
    pub port: u16,
    /// The link's own client id.
    pub client_id: ClientId,
    /// Time allowed for connect and handshake, each.
    pub timeout: Duration,
    /// Most ticks kept for a reader that does not come.
    pub capacity: usize,
}

/// Called whenever a reader may find something new; from the link's thread.
type Notify = Box<dyn Fn() + Send + Sync>;

/// One live feed link. Dropping it closes the socket and joins the thread.
pub struct FeedLink {
    shared: Arc<Shared>,
    socket: TcpStream,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    capacity: usize,
    notify: Notify,
}

#[derive(Default)]
struct State {
    ticks: TickColumns,
    lost: u64,
    ended: Option<Error>,
}

impl FeedLink {
    /// Connects, subscribes to `contracts` with request ids 1, 2, 3 … and starts reading.
    /// Blocks for at most twice the timeout.
    ///
    /// # Errors
    /// [`ErrorKind::ConnectTimeout`], [`ErrorKind::HandshakeFailed`],
    /// [`ErrorKind::GatewayTooOld`], [`ErrorKind::ClientIdInUse`].
    pub fn open(
        config: &FeedConfig,
        contracts: &[Contract],
        notify: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self> {
        let mut socket = connect(config)?;
        let mut frames = FrameBuffer::default();
        handshake::open(&mut socket, &mut frames, config.client_id)?;
        for (request_id, contract) in (1..).zip(contracts) {
            let request = request::market_data(request_id, contract, "");
            socket.write_all(&request).map_err(|error| handshake::lost(&error))?;
        }
        socket.set_read_timeout(None).map_err(|error| handshake::lost(&error))?;
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            capacity: config.capacity,
            notify: Box::new(notify),
        });
        let thread = spawn(&socket, frames, &shared)?;
        Ok(Self { shared, socket, thread: Some(thread) })
    }

    /// Everything that arrived since the last call; empty if nothing did.
    ///
    /// # Errors
    /// Why the link ended, once everything before it was taken.
    pub fn take(&self) -> Result<TickColumns> {
        let mut state = self.shared.state();
        if let (true, Some(error)) = (state.ticks.is_empty(), &state.ended) {
            return Err(Error::new(error.kind(), error.message()));
        }
        let room = state.ticks.len();
        Ok(std::mem::replace(&mut state.ticks, TickColumns::with_capacity(room)))
    }

    /// Whether `take` would return ticks or an error now.
    #[must_use]
    pub fn has_news(&self) -> bool {
        let state = self.shared.state();
        !state.ticks.is_empty() || state.ended.is_some()
    }

    /// How many ticks did not fit and were dropped, since the link was opened.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.shared.state().lost
    }

    /// Closes the socket; `take` then reports the end. Idempotent.
    pub fn close(&self) {
        // A socket that is gone already needs no shutdown.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

impl Drop for FeedLink {
    fn drop(&mut self) {
        self.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!(target: "aioibkr::feed", "the feed thread had panicked");
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Holders only move vectors: a poisoned value is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hand_over(&self, ticks: &mut TickColumns) {
        if ticks.is_empty() {
            return;
        }
        {
            let mut state = self.state();
            let lost = state.ticks.absorb(ticks, self.capacity);
            state.lost += lost as u64;
        }
        (self.notify)();
    }

    fn end(&self, reason: Error) {
        self.state().ended = Some(reason);
        (self.notify)();
    }
}

fn connect(config: &FeedConfig) -> Result<TcpStream> {
    let refused = |reason: &dyn std::fmt::Display| {
        let address = format!("{}:{}", config.host, config.port);
        Error::new(ErrorKind::ConnectTimeout, format!("no feed link to {address}: {reason}"))
    };
    let mut addresses =
        (config.host.as_str(), config.port).to_socket_addrs().map_err(|error| refused(&error))?;
    let address = addresses.next().ok_or_else(|| refused(&"the name has no address"))?;
    let socket =
        TcpStream::connect_timeout(&address, config.timeout).map_err(|error| refused(&error))?;
    socket.set_nodelay(true).map_err(|error| refused(&error))?;
    socket.set_read_timeout(Some(config.timeout)).map_err(|error| refused(&error))?;
    Ok(socket)
}

fn spawn(
    socket: &TcpStream,
    mut frames: FrameBuffer,
    shared: &Arc<Shared>,
) -> Result<JoinHandle<()>> {
    let mut socket = socket.try_clone().map_err(|error| handshake::lost(&error))?;
    let shared = Arc::clone(shared);
    std::thread::Builder::new()
        .name("aioibkr-feed".into())
        .spawn(move || {
            let reason = serve(&mut socket, &mut frames, &shared);
            shared.end(reason);
        })
        .map_err(|error| handshake::lost(&error))
}

/// Serves the link until it ends; returns why.
fn serve(socket: &mut TcpStream, frames: &mut FrameBuffer, shared: &Shared) -> Error {
    let mut ticks = TickColumns::default();
    loop {
        if let Err(reason) = decode(frames, &mut ticks) {
            shared.hand_over(&mut ticks);
            return reason;
        }
        shared.hand_over(&mut ticks);
        match frames.fill(socket) {
            Ok(0) => return Error::new(ErrorKind::ConnectionLost, "the feed link was closed"),
            Ok(_) => {}
            Err(error) if error.kind() == IoErrorKind::Interrupted => {}
            Err(error) => return handshake::lost(&error),
        }
    }
}

/// Decodes every whole frame that has been read.
fn decode(frames: &mut FrameBuffer, ticks: &mut TickColumns) -> Result<()> {
    let time = i64::try_from(clock::now().unix_timestamp_nanos()).unwrap_or(i64::MAX);
    loop {
        let frame = frames.next_frame().map_err(|error| {
            Error::new(
                ErrorKind::ConnectionLost,
                format!("the feed link lost its framing: {error}"),
            )
        })?;
        let Some(body) = frame else { return Ok(()) };
        match decode_tick(body) {
            Some(tick) => ticks.push(time, &tick),
            None => log_other(body),
        }
    }
}

/// Errors and notices are told; everything else on this link is of no interest yet.
fn log_other(body: &[u8]) {
    if let Some(error) = handshake::decode_error(body) {
        let (id, code, text) = (error.request_id.unwrap_or(-1), error.code, error.text);
        log::debug!(target: "aioibkr::feed", "request {id}: {code} {text}");
    }
}
