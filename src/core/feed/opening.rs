//! Opening a feed link: every address of the name, a socket that notices a dead peer, the first
//! free of its client ids, the handshake.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};

use super::handshake::{self, Greeting};
use super::link::FeedLink;
use super::{FrameBuffer, Sink};
use crate::error::{Error, ErrorKind, Result};
use crate::lease::Seats;
use crate::model::{ClientId, Generation};
use crate::pacing::{Pace, Urgency};

/// A silent peer is asked for a sign of life after this long, and then as often again.
const KEEPALIVE: Duration = Duration::from_secs(5);
/// A peer that does not take what was sent for this long is gone.
const USER_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes the sink of one link.
type Sinks = Arc<dyn Fn(Generation) -> Box<dyn Sink> + Send + Sync>;

/// Where feed links go, as whom, and what takes their messages.
#[derive(Clone)]
pub struct FeedLinkOptions {
    address: String,
    client_ids: Vec<ClientId>,
    sinks: Sinks,
    pace: Pace,
    seats: Option<Arc<Seats>>,
}

impl FeedLinkOptions {
    /// Feed links to `address` (`host:port`) under the first of `client_ids` that is free.
    #[must_use]
    pub fn new(
        address: String,
        client_ids: Vec<ClientId>,
        sinks: impl Fn(Generation) -> Box<dyn Sink> + Send + Sync + 'static,
    ) -> Self {
        Self { address, client_ids, sinks: Arc::new(sinks), pace: Pace::default(), seats: None }
    }

    /// The same, with its handshakes taking turns.
    pub(crate) fn paced(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// The same, telling others which client id it has.
    pub(crate) fn seated(self, seats: Arc<Seats>) -> Self {
        Self { seats: Some(seats), ..self }
    }

    /// `host:port`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn sink(&self) -> impl FnOnce(Generation) -> Box<dyn Sink> {
        let sinks = Arc::clone(&self.sinks);
        move |generation| sinks(generation)
    }

    /// Opens a socket and completes the handshake, within `within`.
    ///
    /// # Errors
    /// `ConnectTimeout`, `HandshakeFailed`, `GatewayTooOld`; `ClientIdInUse` when every client id
    /// is held.
    pub async fn open(&self, within: Duration) -> Result<Opening> {
        let deadline = Instant::now() + within;
        for client_id in &self.client_ids {
            match timeout_at(deadline, self.open_as(*client_id)).await {
                Ok(Err(error)) if error.kind() == ErrorKind::ClientIdInUse => {
                    log::info!(target: "aioibkr::feed", "{error}");
                }
                Ok(result) => return result,
                Err(_) => return Err(self.silence(within)),
            }
        }
        Err(self.all_held())
    }

    async fn open_as(&self, client_id: ClientId) -> Result<Opening> {
        let mut socket = self.connect().await?;
        let mut frames = FrameBuffer::default();
        // START_API is the first message that counts.
        self.pace.turn(Urgency::Ordinary).await;
        let greeting = handshake::shake(&mut socket, &mut frames, client_id).await?;
        self.seats.iter().for_each(|seats| seats.hold_feed(client_id));
        Ok(Opening { socket, frames, greeting, client_id, pace: self.pace.clone() })
    }

    /// A socket to the first address that takes one.
    async fn connect(&self) -> Result<TcpStream> {
        let mut refusal = io::Error::other("the name has no address");
        for address in lookup_host(&self.address).await.map_err(|error| self.refused(&error))? {
            match TcpStream::connect(address).await {
                Ok(socket) => {
                    watch_over(&socket).map_err(|error| self.refused(&error))?;
                    return Ok(socket);
                }
                Err(error) => refusal = error,
            }
        }
        Err(self.refused(&refusal))
    }

    fn refused(&self, reason: &io::Error) -> Error {
        let message = format!("no feed link to {}: {reason}", self.address);
        Error::new(ErrorKind::ConnectTimeout, message)
    }

    fn silence(&self, within: Duration) -> Error {
        let (address, seconds) = (&self.address, within.as_secs_f64());
        let message = format!("no feed link to {address}: no handshake within {seconds:.1} s");
        Error::new(ErrorKind::HandshakeFailed, message)
    }

    fn all_held(&self) -> Error {
        let ids = self.client_ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let message = format!(
            "no feed link to {}: client ids {ids} are all in use; set feed_client_id to a free one",
            self.address
        );
        Error::new(ErrorKind::ClientIdInUse, message).with_code(handshake::CLIENT_ID_IN_USE)
    }
}

/// No delay for small requests; a dead peer is noticed by the kernel even when nobody asks.
fn watch_over(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let options = SockRef::from(socket);
    options
        .set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE))?;
    #[cfg(target_os = "linux")]
    options.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok(())
}

/// A feed link whose handshake is complete, before its thread runs.
pub struct Opening {
    socket: TcpStream,
    frames: FrameBuffer,
    greeting: Greeting,
    client_id: ClientId,
    pace: Pace,
}

impl Opening {
    /// Starts the link's thread.
    ///
    /// # Errors
    /// `ConnectionLost` where the system refuses a thread or a poll.
    pub fn start(
        self,
        generation: Generation,
        sink: impl FnOnce(Generation) -> Box<dyn Sink>,
    ) -> Result<FeedLink> {
        let socket = self.socket.into_std().map_err(|error| handshake::lost(&error))?;
        let identity = super::link::Identity {
            generation,
            client_id: self.client_id,
            accounts: self.greeting.accounts,
            server_version: self.greeting.server_version,
            pace: self.pace,
        };
        FeedLink::start(identity, socket, self.frames, sink(generation))
    }
}

/// Reads what a tokio socket has, through the interface of a blocking one.
pub(super) struct Ready<'a>(pub(super) &'a TcpStream);

impl Read for Ready<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(into)
    }
}

/// Sends all of `bytes`.
pub(super) async fn send(socket: &mut TcpStream, bytes: &[u8]) -> Result<()> {
    socket.write_all(bytes).await.map_err(|error| handshake::lost(&error))
}
