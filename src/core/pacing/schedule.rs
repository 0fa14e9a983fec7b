//! Whose message goes next, and when: a pure schedule of one gateway's messages.
//!
//! | event | what it does |
//! |---|---|
//! | `send_now` | sends at once, if there is room and nobody waits |
//! | `wait` | takes a place behind the caller's own |
//! | `due` | grants every place that has room; a grant holds its room |
//! | `begin` | the write of a granted place begins: its second runs from here |
//! | `give_up` | frees a place, granted or not |
//!
//! Promises: never more sends than the rate in any second, whatever the interleaving; a link's probe
//! first, of which there are few, then cancels, then orders; callers of one urgency take turns; what a caller sends with one urgency begins
//! in the order it was asked for, one after the other; who is passed over
//! [`PATIENCE`] times goes next. The last tenth of the rate is kept for orders and cancels, and of
//! that the last part for cancels, so that neither waits for the second of a bulk of reads to end.
//! Who had to wait is spaced out: a burst again and again, second after second, would exceed the rate
//! as soon as one of them is held up on its way.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

/// How long a message counts: a second, and what messages may bunch up on their way.
pub(super) const WINDOW: Duration = Duration::from_millis(1025);

/// Most grants to more urgent messages that a waiting one lets pass.
const PATIENCE: u32 = 9;

/// How urgent a message is, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Urgency {
    /// The question whether a link still answers: orders are refused until it is known.
    Probe,
    /// A cancel of orders.
    Cancel,
    /// An order, or a change of one.
    Order,
    /// Everything else.
    Ordinary,
}

const URGENCIES: [Urgency; 4] =
    [Urgency::Probe, Urgency::Cancel, Urgency::Order, Urgency::Ordinary];

/// Who sends: one link of one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Caller(pub(super) u64);

/// One message that waits, or may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

/// The messages of one gateway.
#[derive(Debug)]
pub(super) struct Schedule {
    rate: usize,
    /// When what still counts was sent, the oldest first.
    sent: VecDeque<Instant>,
    granted: HashMap<Ticket, (Urgency, Caller)>,
    places: HashMap<Ticket, (Urgency, Caller)>,
    lanes: [Lane; 4],
    last_ticket: u64,
}

impl Schedule {
    /// At most `rate` messages a second, at least one.
    pub(super) fn new(rate: usize) -> Self {
        Self {
            rate: rate.max(1),
            sent: VecDeque::new(),
            granted: HashMap::new(),
            places: HashMap::new(),
            lanes: Default::default(),
            last_ticket: 0,
        }
    }

    /// Lowers the rate, if it is higher.
    pub(super) fn restrict(&mut self, rate: usize) {
        self.rate = self.rate.min(rate.max(1));
    }

    /// Sets the rate for callers of whom none is there yet.
    pub(super) fn set_rate(&mut self, rate: usize) {
        self.rate = rate.max(1);
    }

    /// Whether nothing counts and nobody waits.
    pub(super) fn is_idle(&mut self, now: Instant) -> bool {
        self.used(now) == 0 && self.places.is_empty()
    }

    /// Most messages a second.
    pub(super) fn rate(&self) -> usize {
        self.rate
    }

    /// Whether a message may be written at once; if so, it counts as sent.
    pub(super) fn send_now(&mut self, urgency: Urgency, now: Instant) -> bool {
        let is_alone = self.places.is_empty() && self.granted.is_empty();
        let is_spaced = self.lanes[urgency as usize].is_spaced(now);
        let may = is_alone && is_spaced && self.used(now) < self.limit(urgency);
        if may {
            self.sent.push_back(now);
        }
        may
    }

    /// Counts a message that could not wait.
    pub(super) fn spend(&mut self, now: Instant) {
        self.sent.push_back(now);
    }

    /// A place for a message that will wait for its turn.
    pub(super) fn wait(&mut self, urgency: Urgency, caller: Caller) -> Ticket {
        self.last_ticket += 1;
        let ticket = Ticket(self.last_ticket);
        self.places.insert(ticket, (urgency, caller));
        self.lanes[urgency as usize].join(caller, ticket);
        ticket
    }

    /// Whose turn it is now. Each holds its room until it begins or gives up.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Ticket> {
        let mut due = Vec::new();
        while let Some(lane) = self.next_lane(now) {
            let next = now + self.spacing(URGENCIES[lane]);
            let Some(ticket) = self.lanes[lane].take(next) else { break };
            if let Some(place) = self.places.remove(&ticket) {
                self.granted.insert(ticket, place);
            }
            self.lanes[lane + 1..].iter_mut().for_each(Lane::pass_over);
            due.push(ticket);
        }
        due
    }

    /// The write of a granted message begins now.
    pub(super) fn begin(&mut self, ticket: Ticket, now: Instant) {
        if let Some((urgency, caller)) = self.granted.remove(&ticket) {
            self.sent.push_back(now);
            self.lanes[urgency as usize].begun(caller);
        }
    }

    /// Forgets a message that is not sent after all.
    pub(super) fn give_up(&mut self, ticket: Ticket) {
        if let Some((urgency, caller)) = self.granted.remove(&ticket) {
            self.lanes[urgency as usize].begun(caller);
        }
        if let Some((urgency, caller)) = self.places.remove(&ticket) {
            self.lanes[urgency as usize].leave(caller, ticket);
        }
    }

    /// When time alone makes room for the next; `None` if nobody waits, or everything that counts is
    /// granted and has not begun.
    pub(super) fn next_room(&mut self, now: Instant) -> Option<Instant> {
        let lane = self.first_lane()?;
        if self.used(now) < self.limit_of(lane) {
            return Some(self.lanes[lane].not_before.unwrap_or(now)).filter(|at| *at > now);
        }
        self.sent.front().map(|oldest| *oldest + WINDOW)
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.places.len()
    }

    /// How many messages of this urgency could be sent at once.
    pub(super) fn left(&mut self, urgency: Urgency, now: Instant) -> usize {
        let used = self.used(now) + self.places.len();
        self.limit(urgency).saturating_sub(used)
    }

    /// How long a message of this urgency would wait, were it asked for now and nothing else after.
    pub(super) fn expected_wait(&mut self, urgency: Urgency, now: Instant) -> Duration {
        let (used, limit) = (self.used(now), self.limit(urgency));
        let ahead: usize = self.lanes[..=urgency as usize].iter().map(Lane::len).sum();
        let free_at = |sent: Option<&Instant>| sent.map_or(now, |at| *at + WINDOW);
        let room = |waiting: usize| match (used + waiting).checked_sub(limit) {
            Some(before) => free_at(self.sent.get(before)),
            None => now,
        };
        let first = self.lanes[urgency as usize].not_before.unwrap_or(now).max(room(0));
        let spaced = self.spacing(urgency).saturating_mul(u32::try_from(ahead).unwrap_or(u32::MAX));
        (first + spaced).max(room(ahead)).saturating_duration_since(now)
    }

    /// What counts against the rate; forgets what no longer does.
    fn used(&mut self, now: Instant) -> usize {
        while self.sent.front().is_some_and(|at| now.saturating_duration_since(*at) >= WINDOW) {
            self.sent.pop_front();
        }
        self.sent.len() + self.granted.len()
    }

    /// How much of the rate messages of an urgency may use together with all others.
    fn limit(&self, urgency: Urgency) -> usize {
        match urgency {
            Urgency::Probe | Urgency::Cancel => self.rate,
            Urgency::Order => self.rate - self.rate / 25,
            Urgency::Ordinary => self.rate - self.rate / 10,
        }
    }

    /// The limit of the lane whose turn it is: all of the rate, if it was passed over too often.
    fn limit_of(&self, lane: usize) -> usize {
        if self.lanes[lane].is_impatient() { self.rate } else { self.limit(URGENCIES[lane]) }
    }

    /// Time between messages of one urgency that had to wait.
    fn spacing(&self, urgency: Urgency) -> Duration {
        let share = WINDOW / u32::try_from(self.limit(urgency).max(1)).unwrap_or(u32::MAX);
        // Rounded up, so that it is never shorter than the window asks for.
        share + Duration::from_nanos(1)
    }

    /// The lane that sends next, if it may now.
    fn next_lane(&mut self, now: Instant) -> Option<usize> {
        let used = self.used(now);
        let lane = self.first_lane()?;
        let may = used < self.limit_of(lane)
            && self.lanes[lane].is_ready()
            && self.lanes[lane].is_spaced(now);
        may.then_some(lane)
    }

    /// The lane whose turn it is: one that was passed over too often, else the most urgent in which
    /// somebody waits. Even if nobody is ready there, the less urgent does not slip past.
    fn first_lane(&self) -> Option<usize> {
        let impatient = self.lanes.iter().position(Lane::is_impatient);
        impatient.or_else(|| self.lanes.iter().position(|lane| lane.len() > 0))
    }
}

/// What waits with one urgency.
#[derive(Debug, Default)]
struct Lane {
    /// Callers that have something waiting and nothing granted, the one whose turn it is first.
    turns: VecDeque<Caller>,
    queues: HashMap<Caller, BTreeSet<Ticket>>,
    /// Callers that were granted a message whose write has not begun.
    granted: HashSet<Caller>,
    waiting: usize,
    passed_over: u32,
    /// The moment of the next, after one that had to wait.
    not_before: Option<Instant>,
}

impl Lane {
    fn len(&self) -> usize {
        self.waiting
    }

    fn is_ready(&self) -> bool {
        !self.turns.is_empty()
    }

    fn is_spaced(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|at| at <= now)
    }

    fn is_impatient(&self) -> bool {
        self.waiting > 0 && self.passed_over >= PATIENCE
    }

    fn pass_over(&mut self) {
        self.passed_over = if self.waiting > 0 { self.passed_over.saturating_add(1) } else { 0 };
    }

    fn join(&mut self, caller: Caller, ticket: Ticket) {
        let queue = self.queues.entry(caller).or_default();
        if queue.is_empty() && !self.granted.contains(&caller) {
            self.turns.push_back(caller);
        }
        queue.insert(ticket);
        self.waiting += 1;
    }

    /// The next message, the one after it not before `next`; its caller's turn comes again once its
    /// write has begun.
    fn take(&mut self, next: Instant) -> Option<Ticket> {
        let caller = self.turns.pop_front()?;
        let queue = self.queues.get_mut(&caller)?;
        let ticket = queue.pop_first()?;
        if queue.is_empty() {
            self.queues.remove(&caller);
        }
        self.granted.insert(caller);
        self.waiting -= 1;
        self.passed_over = 0;
        self.not_before = Some(next);
        Some(ticket)
    }

    /// What the caller was granted has begun, or will not.
    fn begun(&mut self, caller: Caller) {
        self.granted.remove(&caller);
        if self.queues.contains_key(&caller) {
            self.turns.push_back(caller);
        }
    }

    fn leave(&mut self, caller: Caller, ticket: Ticket) {
        let Some(queue) = self.queues.get_mut(&caller) else { return };
        if queue.remove(&ticket) {
            self.waiting -= 1;
        }
        if queue.is_empty() {
            self.queues.remove(&caller);
            self.turns.retain(|other| *other != caller);
        }
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
