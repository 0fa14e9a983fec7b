//! What takes the messages of one feed link: the routes from request to line to stream. It lives on
//! the link's thread and is told of changes through an inbox, so nothing on the way of a tick is
//! shared or locked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify as Notifier;

use super::bar_fold::{Found, Past};
use super::live_line::LiveLine;
use super::outlet::{Outlet, StreamId};
use super::pulse::Pulse;
use super::taps::AllTaps;
use crate::lock::lock;
use crate::model::{Contract, Generation, LineKind};
use crate::session::feed::{Message, Sink, Tick};

/// A change of the routes.
pub(super) enum Change {
    /// A request is about to be written; its messages go to a line.
    Open {
        /// The request.
        request_id: i32,
        /// What the line is about.
        contract: Arc<Contract>,
        /// What it carries.
        kind: LineKind,
        /// Who listens.
        outlets: Vec<Outlet>,
        /// Where items are noted.
        pulse: Arc<Pulse>,
        /// Of a line of bars: what it has handed over.
        past: Past,
    },
    /// One more stream listens to a line.
    Listen(i32, Outlet),
    /// A stream listens no more.
    Leave(i32, StreamId),
    /// The request is over; what still comes for it is dropped.
    Close(i32),
    /// What the line told is no longer current.
    Gap(i32),
    /// What a line of bars missed was fetched, or why it was not.
    Backfill(i32, Result<Found, String>),
}

/// What a gateway says about a request.
pub(super) struct Report {
    pub(super) request_id: i32,
    pub(super) code: i32,
    pub(super) text: String,
}

/// Reports that wait for the registry: the newest of each request and code, which bounds them.
#[derive(Default)]
struct Reports {
    /// By request and code: when it came, and its text.
    newest: HashMap<(i32, i32), (u64, String)>,
    count: u64,
}

impl Reports {
    fn add(&mut self, request_id: i32, code: i32, text: &str) {
        self.count += 1;
        self.newest.insert((request_id, code), (self.count, text.trim().to_owned()));
    }

    /// Takes all, the oldest first.
    fn take(&mut self) -> Vec<Report> {
        let mut taken: Vec<_> = self.newest.drain().collect();
        taken.sort_unstable_by_key(|(_, (count, _))| *count);
        let report = |((request_id, code), (_, text))| Report { request_id, code, text };
        taken.into_iter().map(report).collect()
    }
}

/// What the link's thread and the registry share.
#[derive(Default)]
pub(super) struct Inbox {
    changes: Mutex<Vec<Change>>,
    reports: Mutex<Reports>,
    /// Rings when there are reports.
    pub(super) notifier: Notifier,
}

impl Inbox {
    pub(super) fn post(&self, change: Change) {
        lock(&self.changes).push(change);
    }

    pub(super) fn take_reports(&self) -> Vec<Report> {
        lock(&self.reports).take()
    }
}

/// Routes of one link.
pub(super) struct Fanout {
    generation: Generation,
    inbox: Arc<Inbox>,
    /// By request id, which count from 1 on each link.
    lines: Vec<Option<Box<LiveLine>>>,
    taps: AllTaps,
    /// Lines whose quote or book changed during this read.
    touched: Vec<usize>,
}

impl Fanout {
    pub(super) fn new(generation: Generation, inbox: Arc<Inbox>) -> Self {
        let (lines, taps, touched) = (Vec::new(), AllTaps::default(), Vec::new());
        Self { generation, inbox, lines, taps, touched }
    }

    #[inline]
    fn line(&mut self, request_id: i32) -> Option<(usize, &mut LiveLine, &mut AllTaps)> {
        let number = usize::try_from(request_id).ok()?;
        let line = self.lines.get_mut(number)?.as_deref_mut()?;
        Some((number, line, &mut self.taps))
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Open { request_id, contract, kind, outlets, pulse, past } => {
                let mut line = LiveLine::new(contract, &kind, (self.generation, pulse), past);
                for outlet in outlets {
                    line.listen(outlet, &mut self.taps);
                }
                self.put(request_id, line);
            }
            Change::Listen(request_id, outlet) => {
                if let Some((_, line, taps)) = self.line(request_id) {
                    line.listen(outlet, taps);
                }
            }
            Change::Leave(request_id, stream) => {
                if let Some((_, line, taps)) = self.line(request_id) {
                    line.leave(stream, taps);
                }
            }
            Change::Close(request_id) => self.close(request_id),
            Change::Backfill(request_id, found) => {
                if let Some((_, line, _)) = self.line(request_id) {
                    line.backfill(found);
                }
            }
            Change::Gap(request_id) => {
                if let Some((_, line, taps)) = self.line(request_id) {
                    line.gap(taps);
                }
            }
        }
    }

    fn put(&mut self, request_id: i32, line: LiveLine) {
        let Ok(number) = usize::try_from(request_id) else { return };
        if self.lines.len() <= number {
            self.lines.resize_with(number + 1, || None);
        }
        self.lines[number] = Some(Box::new(line));
    }

    fn close(&mut self, request_id: i32) {
        let number = usize::try_from(request_id).ok();
        let line = number.and_then(|number| self.lines.get_mut(number)?.take());
        if let Some(mut line) = line {
            line.leave_all(&mut self.taps);
        }
    }

    fn report(&self, request_id: i32, code: i32, text: &str) {
        lock(&self.inbox.reports).add(request_id, code, text);
        self.inbox.notifier.notify_one();
    }

    fn touch(&mut self, number: usize) {
        self.touched.push(number);
    }
}

impl Sink for Fanout {
    #[inline]
    fn tick(&mut self, time: i64, tick: &Tick) {
        let Some((number, line, taps)) = self.line(tick.request_id) else { return };
        if line.tick(time, tick, taps) {
            self.touch(number);
        }
    }

    fn message(&mut self, time: i64, message: Message<'_>) {
        if let Message::Error(error) = &message
            && let Some(request_id) = error.request_id
        {
            self.report(request_id, error.code, error.text);
        }
        let Some((number, line, taps)) =
            request_of(&message).and_then(|request_id| self.line(request_id))
        else {
            return;
        };
        if line.message(time, message, taps) {
            self.touch(number);
        }
    }

    fn read_done(&mut self) {
        for number in std::mem::take(&mut self.touched) {
            if let Some(Some(line)) = self.lines.get_mut(number) {
                line.publish();
            }
        }
        self.taps.hand_over(self.generation);
    }

    fn woken(&mut self) {
        let changes = std::mem::take(&mut *lock(&self.inbox.changes));
        for change in changes {
            self.apply(change);
        }
    }

    fn ended(&mut self) {
        for line in self.lines.iter_mut().flatten() {
            line.gap(&mut self.taps);
        }
    }

    fn can_take(&self) -> bool {
        !self.taps.are_blocked()
    }
}

/// The request a message belongs to.
fn request_of(message: &Message<'_>) -> Option<i32> {
    match message {
        Message::Tick(tick) => Some(tick.request_id),
        Message::TickText(text) => Some(text.request_id),
        Message::OptionTick(tick) => Some(tick.request_id),
        Message::TickParameters(parameters) => Some(parameters.request_id),
        Message::TickByTick(tick) => Some(tick.request_id),
        Message::Depth(update) => Some(update.request_id),
        Message::RealTimeBar(bar) | Message::BarUpdate(bar) => Some(bar.request_id),
        Message::MarketDataType { request_id, .. }
        | Message::Bars { request_id, .. }
        | Message::BarsEnd { request_id }
        | Message::SnapshotEnd { request_id } => Some(*request_id),
        Message::Error(error) => error.request_id,
        Message::ServerTime | Message::Other(_) => None,
    }
}
