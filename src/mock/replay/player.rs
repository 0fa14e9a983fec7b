//! Plays one connection of a recording to a client: its requests are matched with recorded ones, and
//! the recorded answers sent. A client that leaves ends it; what was not recorded is not answered.

use std::collections::BTreeMap;
use std::io;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::Instant;

use super::Replay;
use super::script::Script;
use crate::handshake::{GREETING, Versions};
use crate::schedule::FAR;
use crate::wire::{ServerVersion, frame};
use crate::world::Shared;

/// Requests that may wait for the player; more wait in the socket.
const WAITING: usize = 16;

/// Serves a client from a recording until it leaves.
pub(crate) async fn play(stream: TcpStream, replay: &Replay, shared: &Shared) -> io::Result<()> {
    let number = shared.replayed.fetch_add(1, Ordering::Relaxed);
    let scripts = Script::all(&replay.recording);
    let Some(script) = scripts.get(number).or_else(|| scripts.last()) else { return Ok(()) };
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    if !greet(&mut reader, &mut writer, script).await? {
        return Ok(());
    }
    let (asked, requests) = channel(WAITING);
    let player = Player { script: script.clone(), speed: replay.speed, due: BTreeMap::new() };
    let mut playing = pin!(player.play(requests, writer));
    tokio::select! {
        read = read_requests(reader, asked) => read?,
        played = &mut playing => return played,
    }
    // What was asked before the client stopped writing is answered.
    playing.await
}

/// Sends the recorded server version, if the client speaks it.
async fn greet(
    reader: &mut BufReader<OwnedReadHalf>,
    writer: &mut OwnedWriteHalf,
    script: &Script,
) -> io::Result<bool> {
    let mut greeting = [0; GREETING.len()];
    reader.read_exact(&mut greeting).await?;
    let mut body = Vec::new();
    if greeting != *GREETING || !frame::read(reader, &mut body).await? {
        return Ok(false);
    }
    let ServerVersion(version) = script.version;
    let is_spoken = Versions::parse(&body).is_some_and(|versions| versions.include(version));
    if is_spoken {
        writer.write_all(&framed(&script.greeting)).await?;
    }
    Ok(is_spoken)
}

async fn read_requests(
    mut reader: BufReader<OwnedReadHalf>,
    asked: Sender<Vec<u8>>,
) -> io::Result<()> {
    let mut body = Vec::new();
    while frame::read(&mut reader, &mut body).await? {
        if asked.send(body.clone()).await.is_err() {
            break;
        }
    }
    Ok(())
}

struct Player {
    script: Script,
    speed: f64,
    /// Answers by when they are due, equal times in order.
    due: BTreeMap<(Instant, u64), Vec<u8>>,
}

impl Player {
    async fn play(
        mut self,
        mut requests: Receiver<Vec<u8>>,
        mut writer: OwnedWriteHalf,
    ) -> io::Result<()> {
        let mut planned = 0;
        loop {
            let next = self.due.first_key_value().map(|((at, _), _)| *at);
            let wait = async {
                match next {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // Answers that are due go out before the next request is looked at.
                biased;
                () = wait => {
                    if let Some((_, body)) = self.due.pop_first() {
                        writer.write_all(&framed(&body)).await?;
                    }
                }
                request = requests.recv() => {
                    let Some(request) = request else { return Ok(()) };
                    for (after, body) in self.script.answer(&request) {
                        planned += 1;
                        self.due.insert((Instant::now() + self.wait(after), planned), body);
                    }
                }
            }
        }
    }

    fn wait(&self, after: Duration) -> Duration {
        if self.speed == 0.0 {
            return Duration::ZERO;
        }
        Duration::try_from_secs_f64(after.as_secs_f64() / self.speed)
            .map_or(FAR, |wait| wait.min(FAR))
    }
}

fn framed(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len() + 4);
    frame::push_bare(&mut bytes, body);
    bytes
}
