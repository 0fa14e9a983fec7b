//! Serving one link until it ends: its notices, its silence, and why it is over.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::connectivity::Change;
use super::dial::{Asked, Dial, Served};
use super::keepalive::{Judge, Verdict};
use super::state::Event;
use super::supervisor::Supervisor;
use crate::error::{Error, ErrorKind};
use crate::metrics::Loss;
use crate::model::{KeepaliveStep, Notice};

/// Time for a dead link's socket to close; it is dropped after that.
const DROPPING: Duration = Duration::from_millis(100);

/// What happens to a link that is served.
enum Turn {
    Notice(Option<Notice>),
    Command(Event),
    Asked(Asked),
    Look,
}

impl<D: Dial> Supervisor<D> {
    pub(super) async fn serve(&mut self) -> Event {
        self.answer_openers();
        let Some(link) = self.link.clone() else { return Event::Lost };
        let is_watched = self.machine.keepalive().is_some();
        if is_watched {
            self.events.watched(link.generation(), KeepaliveStep::Started);
        }
        let event = self.serve_link(&link).await;
        if is_watched {
            self.events.watched(link.generation(), KeepaliveStep::Stopped);
        }
        event
    }

    async fn serve_link(&mut self, link: &D::Link) -> Event {
        let (mut notices, mut probes) = (link.notices(), FuturesUnordered::new());
        let rules = self.machine.keepalive();
        let mut judge = rules.map(|rules| Judge::new(rules, Instant::now()));
        loop {
            if let Some(took) = link.life().take_round_trip() {
                self.counters.answered(took);
            }
            let turn = tokio::select! {
                notice = notices.next() => Turn::Notice(notice),
                event = self.interrupted() => Turn::Command(event),
                () = look(link, judge.as_ref()) => Turn::Look,
                Some(asked) = probes.next() => Turn::Asked(asked),
            };
            match turn {
                Turn::Notice(Some(notice)) => {
                    if let Some(reason) = self.noticed(&notice) {
                        return self.drop_link(link, Loss::Refused, reason).await;
                    }
                }
                Turn::Notice(None) => return self.ended(link),
                Turn::Command(Event::Close) => return Event::Close,
                Turn::Command(_) => self.answer_openers(),
                Turn::Asked(Asked::NotSent) => {
                    judge.iter_mut().for_each(|judge| judge.unasked(Instant::now()));
                }
                Turn::Asked(Asked::Sent) => self.counters.probed(),
                Turn::Asked(Asked::Shared) | Turn::Look => {}
            }
            let verdict =
                judge.as_mut().and_then(|judge| judge.look(Instant::now(), link.life().last()));
            match (verdict, rules) {
                (Some(Verdict::Ask(probe)), Some(rules)) => {
                    probes.push(link.probe(probe, rules));
                }
                (Some(Verdict::Suspect), _) => {
                    self.events.watched(link.generation(), KeepaliveStep::SoftTimeout);
                    self.turned(Event::Silent);
                }
                (Some(Verdict::Alive), _) => self.turned(Event::Alive),
                (Some(Verdict::Drop), _) => {
                    self.events.watched(link.generation(), KeepaliveStep::HardTimeout);
                    return self.drop_silent(link).await;
                }
                (Some(Verdict::Ask(_)) | None, _) => {}
            }
        }
    }

    fn answer_openers(&mut self) {
        for opener in self.openers.drain(..) {
            // Whoever gave up waiting needs no answer.
            let _ = opener.send(Ok(()));
        }
    }

    /// Takes a notice; returns why the link is to be dropped, if it is.
    fn noticed(&mut self, notice: &Notice) -> Option<Error> {
        note(notice);
        self.counters.noticed(notice.code);
        self.events.noticed(self.machine.generation(), notice, None);
        match self.connectivity.take(notice)? {
            Change::ServersLost => self.turned(Event::ServersLost),
            Change::ServersBack { data_lost } => {
                self.restored.times += 1;
                self.restored.data_lost += u64::from(data_lost);
                self.turned(Event::ServersBack);
            }
            Change::Farm => self.publish(),
            Change::PortChanged => {
                let text = format!("the gateway changes its port: {}", notice.message.trim());
                return Some(Error::new(ErrorKind::ConnectionLost, text).with_code(notice.code));
            }
            Change::Unheard => {
                return Some(Error::new(ErrorKind::ConnectionLost, notice.message.clone()));
            }
        }
        None
    }

    /// The same link is in another state.
    fn turned(&mut self, event: Event) {
        let before = self.machine.state();
        // Whatever these events do, the link is served on.
        let _ = self.machine.step(event, Instant::now());
        let state = self.machine.state();
        if state != before {
            log::warn!(target: "aioibkr::session", "the {} to {} is {state}", D::NAME, self.target.address());
        }
        self.publish();
    }

    /// Lets go of a link that answers nothing.
    async fn drop_silent(&mut self, link: &D::Link) -> Event {
        let silence = link.life().last().elapsed().as_secs_f64();
        let text = format!("it answered no question, and was silent for {silence:.1} s");
        self.drop_link(link, Loss::Probe, Error::new(ErrorKind::ConnectionLost, text)).await
    }

    async fn drop_link(&mut self, link: &D::Link, loss: Loss, reason: Error) -> Event {
        link.abandon();
        if tokio::time::timeout(DROPPING, link.close()).await.is_err() {
            log::debug!(target: "aioibkr::session", "a dead link's socket was dropped");
        }
        self.lost(loss, Some(reason))
    }

    fn ended(&mut self, link: &D::Link) -> Event {
        link.abandon();
        self.lost(link.loss(), link.reason())
    }

    fn lost(&mut self, loss: Loss, reason: Option<Error>) -> Event {
        self.counters.lost(loss);
        let message = format!("the {} to {} was lost", D::NAME, self.target.address());
        let error = match reason {
            Some(reason) => Error::new(ErrorKind::ConnectionLost, format!("{message}: {reason}"))
                .with_source(reason),
            None => Error::new(ErrorKind::ConnectionLost, message),
        };
        log::warn!(target: "aioibkr::session", "{error}");
        match loss {
            Loss::Ended => self.events.socket_ended(&error),
            Loss::Probe | Loss::Deadline | Loss::Refused | Loss::Requested => {
                self.events.failed(&error)
            }
        }
        self.reason = Some(error);
        self.link = None;
        Event::Lost
    }
}

/// Resolves when the link is to be looked at.
async fn look<L: Served>(link: &L, judge: Option<&Judge>) {
    let Some(judge) = judge else { return std::future::pending().await };
    let is_suspect = judge.is_suspect();
    tokio::select! {
        () = tokio::time::sleep_until(judge.next_look()) => {}
        () = link.life().after(judge.seen()), if is_suspect => {}
    }
}

fn note(notice: &Notice) {
    log::info!(target: "aioibkr::session", "gateway: {} (code {})", notice.message.trim(), notice.code);
}
