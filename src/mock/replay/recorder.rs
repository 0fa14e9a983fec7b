//! A transparent proxy that writes down what passes through it. Bytes are passed on as they come and
//! before they are written down; only the file is masked.

use std::fs::File;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::mask::{Masks, Whole};
use super::recording::{Entry, Happening, Way, header};
use crate::error::Error;
use crate::handshake::GREETING;
use crate::own_thread::OwnThread;

/// What a recorder is started with.
#[derive(Clone, Debug)]
pub struct RecorderSettings {
    /// Where clients connect; port 0 picks a free one.
    pub listen: SocketAddr,
    /// The gateway.
    pub upstream: SocketAddr,
    /// The file to write; one that exists is not overwritten.
    pub out: PathBuf,
    /// Masks the accounts of the login in the file.
    pub is_masked: bool,
    /// Further names to mask.
    pub masks: Vec<String>,
    /// Permits addresses that are not loopback.
    pub allow_non_loopback: bool,
}

/// A running recorder. Dropping it ends its connections and the file.
pub struct Recorder {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<OwnThread>,
}

impl Recorder {
    /// Starts a recorder; it listens when this returns.
    ///
    /// # Errors
    /// An address that is not loopback without permission (`InvalidInput`), a file that exists, or the
    /// system's error.
    pub fn start(settings: RecorderSettings) -> io::Result<Self> {
        for address in [settings.listen, settings.upstream] {
            if !address.ip().is_loopback() && !settings.allow_non_loopback {
                return Err(Error::NotLoopback(address.ip()).into());
            }
        }
        let listener = std::net::TcpListener::bind(settings.listen)?;
        listener.set_nonblocking(true)?;
        // Only now, so that an address that is taken leaves no file behind.
        let tape = Arc::new(Tape::create(&settings)?);
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let (started, outcome) = sync_channel(1);
        let thread = OwnThread::start("recorder", move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match runtime {
                Ok(runtime) => {
                    // Whoever started it waits for this, or is gone.
                    let _ = started.send(Ok(()));
                    runtime.block_on(serve(listener, settings.upstream, tape, stopped));
                }
                Err(error) => drop(started.send(Err(error))),
            }
        })?;
        outcome.recv().map_err(io::Error::other)??;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().into_iter().for_each(OwnThread::join);
    }
}

/// The file and what is needed to write to it.
struct Tape {
    began: Instant,
    file: Mutex<File>,
    masks: Option<Mutex<Masks>>,
}

impl Tape {
    fn create(settings: &RecorderSettings) -> io::Result<Self> {
        let mut file = File::create_new(&settings.out)?;
        file.write_all(header().as_bytes())?;
        let is_masked = settings.is_masked || !settings.masks.is_empty();
        let masks = is_masked.then(|| Mutex::new(Masks::of(&settings.masks)));
        Ok(Self { began: Instant::now(), file: Mutex::new(file), masks })
    }

    /// Writes a line; one line is one write, so a crash leaves all but the last whole.
    fn write(&self, connection: u32, happening: Happening) {
        let micros = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let line = Entry { connection, micros, happening }.line();
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(line.as_bytes()) {
            log::error!("an entry of connection {connection} is not recorded: {error}");
        }
    }
}

/// One way of one connection, as it is written down.
struct Track {
    tape: Arc<Tape>,
    connection: u32,
    way: Way,
    whole: Whole,
}

impl Track {
    fn new(tape: &Arc<Tape>, connection: u32, way: Way) -> Self {
        let bare = if way == Way::ToGateway { GREETING.len() } else { 0 };
        Self { tape: Arc::clone(tape), connection, way, whole: Whole::after(bare) }
    }

    fn add(&mut self, bytes: &[u8]) {
        let Some(masks) = &self.tape.masks else { return self.write(bytes.to_vec()) };
        let mut masks = masks.lock().unwrap_or_else(PoisonError::into_inner);
        let is_told = self.way == Way::ToClient;
        let mut whole = self.whole.take(bytes, |body| {
            if is_told {
                masks.learn(body);
            }
        });
        masks.apply(&mut whole);
        drop(masks);
        self.write(whole);
    }

    fn write(&self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.tape.write(self.connection, Happening::Bytes(self.way, bytes));
        }
    }
}

impl Drop for Track {
    fn drop(&mut self) {
        let mut rest = self.whole.rest();
        if let Some(masks) = &self.tape.masks {
            masks.lock().unwrap_or_else(PoisonError::into_inner).apply(&mut rest);
        }
        self.write(rest);
    }
}

async fn serve(
    listener: std::net::TcpListener,
    upstream: SocketAddr,
    tape: Arc<Tape>,
    mut stopped: oneshot::Receiver<()>,
) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return log::error!("the recorder cannot listen: {error}"),
    };
    let mut connections = JoinSet::new();
    for connection in 1.. {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => break,
        };
        match accepted {
            Ok((client, _)) => {
                connections.spawn(pass_on(client, upstream, Arc::clone(&tape), connection));
            }
            Err(error) => log::warn!("cannot accept a connection: {error}"),
        }
        while connections.try_join_next().is_some() {}
    }
    connections.shutdown().await;
}

async fn pass_on(client: TcpStream, upstream: SocketAddr, tape: Arc<Tape>, connection: u32) {
    tape.write(connection, Happening::Open);
    let closing = Closing { tape: Arc::clone(&tape), connection };
    if let Err(error) = converse(client, upstream, &tape, connection).await {
        log::info!("connection {connection} ended: {error}");
    }
    drop(closing);
}

/// Writes down that a connection ended, however it did.
struct Closing {
    tape: Arc<Tape>,
    connection: u32,
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.tape.write(self.connection, Happening::Close);
    }
}

async fn converse(
    mut client: TcpStream,
    upstream: SocketAddr,
    tape: &Arc<Tape>,
    connection: u32,
) -> io::Result<()> {
    let mut gateway = TcpStream::connect(upstream).await?;
    client.set_nodelay(true)?;
    gateway.set_nodelay(true)?;
    let (from_client, to_client) = client.split();
    let (from_gateway, to_gateway) = gateway.split();
    let asking = copy(from_client, to_gateway, Track::new(tape, connection, Way::ToGateway));
    let telling = copy(from_gateway, to_client, Track::new(tape, connection, Way::ToClient));
    tokio::try_join!(asking, telling)?;
    Ok(())
}

/// Passes one way on until its end.
async fn copy<R, W>(mut from: R, mut to: W, mut track: Track) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    const AT_ONCE: usize = 64 * 1024;
    let mut buffer = vec![0; AT_ONCE];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        let passed = to.write_all(&buffer[..count]).await;
        track.add(&buffer[..count]);
        passed?;
    }
}
