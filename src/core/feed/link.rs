//! One live feed link: a handle for the rest of the program, and the thread that owns the socket.
//!
//! The thread reads as much as the socket has, decodes it in place and tells its sink; requests are
//! queued by anybody and written by the thread. It waits only when there is nothing to read, so a
//! flood costs one system call per read.

use std::io::{ErrorKind as IoErrorKind, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use mio::{Events, Interest, Poll, Token, Waker};
use time::OffsetDateTime;
use tokio::sync::{mpsc, watch};

use super::{FrameBuffer, Message, Sink, decode, decode_tick, handshake};
use crate::clock::{self, Deadline};
use crate::error::{Error, ErrorKind, Result};
use crate::life::Life;
use crate::lock::lock;
use crate::model::{AccountId, ClientId, Generation, Notice};
use crate::pacing::{Pace, Urgency};

const SOCKET: Token = Token(0);
const WAKER: Token = Token(1);
/// Notices that may wait for the supervisor; more in one go are logged and dropped.
const NOTICES: usize = 256;

/// Who a link is.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) generation: Generation,
    pub(super) client_id: ClientId,
    pub(super) accounts: Vec<AccountId>,
    pub(super) server_version: i32,
    /// Takes the turns of what its owner asks.
    pub(super) pace: Pace,
}

/// A handle of one live feed link. Clones share it; dropping the last closes the socket.
#[derive(Clone)]
pub struct FeedLink(Arc<Inner>);

struct Inner {
    identity: Identity,
    live_since: OffsetDateTime,
    shared: Arc<Shared>,
    notices: Mutex<Option<mpsc::Receiver<Notice>>>,
}

/// What the handle and the thread share.
struct Shared {
    waker: Waker,
    outgoing: Mutex<Vec<u8>>,
    /// Somebody woke the thread since it last looked.
    called: AtomicBool,
    closing: AtomicBool,
    life: Life,
    /// Why the link ended.
    reason: Mutex<Option<Error>>,
    over: watch::Sender<bool>,
}

impl FeedLink {
    pub(super) fn start(
        identity: Identity,
        socket: TcpStream,
        frames: FrameBuffer,
        sink: Box<dyn Sink>,
    ) -> Result<Self> {
        let poll = Poll::new().map_err(|error| handshake::lost(&error))?;
        let waker = Waker::new(poll.registry(), WAKER).map_err(|error| handshake::lost(&error))?;
        let shared = Arc::new(Shared {
            waker,
            outgoing: Mutex::default(),
            called: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            life: Life::new(),
            reason: Mutex::default(),
            over: watch::Sender::new(false),
        });
        let (notes, notices) = mpsc::channel(NOTICES);
        let thread = Thread {
            socket: mio::net::TcpStream::from_std(socket),
            poll,
            frames,
            sink,
            unsent: Vec::new(),
            shared: Arc::clone(&shared),
            notes,
        };
        thread.spawn()?;
        let notices = Mutex::new(Some(notices));
        Ok(Self(Arc::new(Inner { identity, live_since: clock::now(), shared, notices })))
    }

    /// Number of this link.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.0.identity.generation
    }

    /// The client id this link has.
    #[must_use]
    pub fn client_id(&self) -> ClientId {
        self.0.identity.client_id
    }

    /// Accounts told in the handshake.
    #[must_use]
    pub fn accounts(&self) -> &[AccountId] {
        &self.0.identity.accounts
    }

    /// Negotiated server version.
    #[must_use]
    pub fn server_version(&self) -> i32 {
        self.0.identity.server_version
    }

    /// When the handshake was complete.
    #[must_use]
    pub fn live_since(&self) -> OffsetDateTime {
        self.0.live_since
    }

    /// Whether the socket is up at this moment.
    #[must_use]
    pub fn is_up(&self) -> bool {
        !*self.0.shared.over.borrow()
    }

    /// Why the link ended; `None` while it is up.
    #[must_use]
    pub fn reason(&self) -> Option<Error> {
        lock(&self.0.shared.reason).clone()
    }

    /// Takes the turn of a probe, which has to be sent at once then.
    pub(crate) async fn probe_turn(&self, request: &str, deadline: Deadline) -> Result<()> {
        self.0.identity.pace.turn_by(request, Urgency::Probe, deadline).await
    }

    /// Queues whole frames to be written. Their number is bounded by the lines of the account, so
    /// the queue is not; a gateway that takes nothing is noticed by the kernel's user timeout.
    pub fn send(&self, frames: &[u8]) {
        lock(&self.0.shared.outgoing).extend_from_slice(frames);
        self.wake();
    }

    /// Lets the thread look for what was queued for its sink.
    pub fn wake(&self) {
        self.0.shared.wake();
    }

    /// Resolves once the link is over.
    pub async fn ended(&self) {
        let mut over = self.0.shared.over.subscribe();
        // The sender lives in `self`, so the wait ends only with the link.
        let _ = over.wait_for(|over| *over).await;
    }

    /// When something last arrived.
    pub(crate) fn life(&self) -> &Life {
        &self.0.shared.life
    }

    /// The notices of the link; their end is the link's. Given once, to the link's owner.
    pub(crate) fn notices(&self) -> Option<mpsc::Receiver<Notice>> {
        lock(&self.0.notices).take()
    }

    /// Closes the socket after what was queued has left; returns when the thread has ended.
    pub async fn close(&self) {
        self.shut();
        self.ended().await;
    }

    /// Begins to close the socket, and waits for nothing.
    pub fn shut(&self) {
        self.0.shared.close();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Shared {
    fn wake(&self) {
        self.called.store(true, Ordering::Release);
        if let Err(error) = self.waker.wake() {
            log::error!(target: "aioibkr::feed", "cannot wake the feed thread: {error}");
        }
    }

    fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.wake();
    }
}

/// Owns the socket and the sink.
struct Thread {
    socket: mio::net::TcpStream,
    poll: Poll,
    frames: FrameBuffer,
    sink: Box<dyn Sink>,
    unsent: Vec<u8>,
    shared: Arc<Shared>,
    notes: mpsc::Sender<Notice>,
}

/// However the thread ends, a bug of its sink included, whoever waits for that learns of it.
impl Drop for Thread {
    fn drop(&mut self) {
        self.shared.over.send_replace(true);
    }
}

impl Thread {
    fn spawn(mut self) -> Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registered = self.poll.registry().register(&mut self.socket, SOCKET, interest);
        registered.map_err(|error| handshake::lost(&error))?;
        let spawned = std::thread::Builder::new().name("aioibkr-feed".into()).spawn(move || {
            let reason = self.serve();
            self.sink.ended();
            log::debug!(target: "aioibkr::feed", "{reason}");
            *lock(&self.shared.reason) = Some(reason);
            // A peer that is gone already needs no goodbye.
            let _ = self.socket.shutdown(Shutdown::Both);
        });
        spawned.map(drop).map_err(|error| handshake::lost(&error))
    }

    /// Serves the link until it ends; returns why.
    fn serve(&mut self) -> Error {
        let mut events = Events::with_capacity(4);
        // The handshake may have read more than it needed.
        self.decode().err().unwrap_or_else(|| {
            loop {
                if let Err(reason) = self.turn(&mut events) {
                    return reason;
                }
            }
        })
    }

    /// Takes what is queued, writes, reads once; waits if there was nothing to read.
    fn turn(&mut self, events: &mut Events) -> Result<()> {
        self.take_requests();
        self.write()?;
        if self.shared.closing.load(Ordering::Acquire) {
            return Err(Error::new(ErrorKind::ConnectionLost, "the feed link was closed"));
        }
        let can_take = self.sink.can_take();
        self.shared.life.hold(!can_take);
        if !can_take || !self.read()? {
            self.wait(events)?;
        }
        Ok(())
    }

    fn wait(&mut self, events: &mut Events) -> Result<()> {
        match self.poll.poll(events, None) {
            Ok(()) => {}
            Err(error) if error.kind() == IoErrorKind::Interrupted => {}
            Err(error) => return Err(handshake::lost(&error)),
        }
        Ok(())
    }

    /// Takes what is queued: first the bytes, then what the sink must know before they are
    /// written, because whoever asks tells the sink first.
    fn take_requests(&mut self) {
        let mut queued = std::mem::take(&mut *lock(&self.shared.outgoing));
        if self.shared.called.swap(false, Ordering::AcqRel) || !queued.is_empty() {
            self.sink.woken();
        }
        self.unsent.append(&mut queued);
    }

    /// Writes as much of what is queued as the socket takes.
    fn write(&mut self) -> Result<()> {
        while !self.unsent.is_empty() {
            match self.socket.write(&self.unsent) {
                Ok(0) => return Err(closed_by_peer()),
                Ok(written) => drop(self.unsent.drain(..written)),
                Err(error) if error.kind() == IoErrorKind::WouldBlock => break,
                Err(error) if error.kind() == IoErrorKind::Interrupted => {}
                Err(error) => return Err(handshake::lost(&error)),
            }
        }
        Ok(())
    }

    /// Reads once and tells the sink; false if there was nothing.
    fn read(&mut self) -> Result<bool> {
        match self.frames.fill(&mut self.socket) {
            Ok(0) => Err(closed_by_peer()),
            Ok(_) => {
                self.shared.life.note();
                self.decode().map(|()| true)
            }
            Err(error) if error.kind() == IoErrorKind::WouldBlock => Ok(false),
            Err(error) if error.kind() == IoErrorKind::Interrupted => Ok(true),
            Err(error) => Err(handshake::lost(&error)),
        }
    }

    /// Decodes every whole frame that has been read.
    fn decode(&mut self) -> Result<()> {
        let time = i64::try_from(clock::now().unix_timestamp_nanos()).unwrap_or(i64::MAX);
        let ended = loop {
            match self.frames.next_frame() {
                Ok(Some(body)) => match decode_tick(body) {
                    Some(tick) => self.sink.tick(time, &tick),
                    None => {
                        if let Err(reason) = tell(body, time, self.sink.as_mut(), &self.notes) {
                            break Err(reason);
                        }
                    }
                },
                Ok(None) => break Ok(()),
                Err(error) => {
                    let text = format!("the feed link lost its framing: {error}");
                    break Err(Error::new(ErrorKind::ConnectionLost, text));
                }
            }
        };
        self.sink.read_done();
        ended
    }
}

/// Tells one message that is not a tick: a notice to the supervisor, all else to the sink. A field
/// out of its range costs its message, bytes that are no message cost the link.
fn tell(body: &[u8], time: i64, sink: &mut dyn Sink, notes: &mpsc::Sender<Notice>) -> Result<()> {
    match decode(body) {
        Ok(Message::Error(error)) if error.request_id.is_none() => {
            let message = error.text.to_owned();
            let notice = Notice { code: error.code, message, time: clock::now() };
            // None may be lost: it may say that all streams are. A storm of them is read as fast as
            // the supervisor takes them; one that has let go of the link wants to hear nothing more.
            let _ = notes.blocking_send(notice);
        }
        Ok(message) => sink.message(time, message),
        Err(malformed) if malformed.is_garbage() => {
            let text = format!("the feed link brings garbage: {malformed}");
            return Err(Error::new(ErrorKind::ConnectionLost, text));
        }
        Err(malformed) => log::warn!(target: "aioibkr::feed", "ignored: {malformed}"),
    }
    Ok(())
}

fn closed_by_peer() -> Error {
    Error::new(ErrorKind::ConnectionLost, "the gateway closed the feed link")
}
