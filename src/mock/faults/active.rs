//! The faults that are on, in the order they were injected, and whom they strike. Of the faults that
//! could strike a message the first one does. Chances are drawn from the gateway's seed, so that the
//! same messages in the same order meet the same fate.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::distortion::{Ending, Fate};
use super::{ALL, Fault, Injection, OrderFault, Quirk};
use crate::client::ConnectionId;
use crate::exchange::ClientId;
use crate::exchange::random::{mix, unit};

/// Names one injected fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FaultId(u64);

/// The faults that are on.
pub(crate) struct Faults {
    seed: u64,
    state: Mutex<State>,
    any: AtomicBool,
    changed: Notify,
}

#[derive(Default)]
struct State {
    issued: u64,
    active: Vec<Active>,
    /// The request being served: frames to its connection are its answers.
    cause: Option<(ConnectionId, &'static str)>,
}

struct Active {
    id: FaultId,
    injection: Injection,
    struck: u32,
    chances: u64,
}

impl Active {
    fn concerns(&self, client: ClientId) -> bool {
        self.injection.client.is_none_or(|id| id == client.0)
    }

    fn is_spent(&self) -> bool {
        self.injection.count.is_some_and(|count| self.struck >= count)
    }

    /// Draws whether it strikes at this chance, and counts it if so.
    fn strikes(&mut self, seed: u64) -> bool {
        self.chances += 1;
        let drawn = unit(mix(seed, self.id.0), self.chances);
        let strikes = drawn < self.injection.probability;
        self.struck += u32::from(strikes);
        strikes
    }
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, state: Mutex::default(), any: AtomicBool::new(false), changed: Notify::new() }
    }

    pub(crate) fn add(&self, injection: Injection) -> FaultId {
        let mut state = self.lock();
        state.issued += 1;
        let id = FaultId(state.issued);
        state.active.push(Active { id, injection, struck: 0, chances: 0 });
        self.any.store(true, Ordering::Relaxed);
        id
    }

    pub(crate) fn remove(&self, id: FaultId) {
        self.retain(|known| known != id);
    }

    pub(crate) fn clear(&self) {
        self.retain(|_| false);
    }

    fn retain(&self, keep: impl Fn(FaultId) -> bool) {
        let mut state = self.lock();
        state.active.retain(|active| keep(active.id));
        self.any.store(!state.active.is_empty(), Ordering::Relaxed);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Resolves when a fault is cleared.
    pub(crate) async fn cleared(&self, id: FaultId) {
        loop {
            // Registered before the look, so that no change in between is missed.
            let changed = self.changed.notified();
            if !self.lock().active.iter().any(|active| active.id == id) {
                return;
            }
            changed.await;
        }
    }

    /// Marks the request being served until the guard is dropped.
    pub(crate) fn serving(&self, connection: ConnectionId, kind: &'static str) -> Serving<'_> {
        if self.any() {
            self.lock().cause = Some((connection, kind));
        }
        Serving(self)
    }

    /// What becomes of a request.
    pub(crate) fn request_fate(&self, client: ClientId, kind: &str) -> Fate {
        let fate = |active: &Active| match &active.injection.fault {
            Fault::LateDrain(delay) => Some(Fate::LateDrained(*delay)),
            fault if fault.strikes_requests() && fault.kind() == Some(kind) => {
                fate_of(active, self.seed)
            }
            _ => None,
        };
        self.strike(client, fate).unwrap_or(Fate::Pass)
    }

    /// What becomes of a frame to a client.
    pub(crate) fn reply_fate(
        &self,
        connection: ConnectionId,
        client: ClientId,
        kind: &str,
    ) -> Fate {
        if !self.any() {
            return Fate::Pass;
        }
        let cause = self.lock().cause.filter(|cause| cause.0 == connection).map(|cause| cause.1);
        let fate = |active: &Active| {
            let fault = &active.injection.fault;
            let named = fault.kind()?;
            let is_answer = cause == Some(named) && !fault.strikes_requests();
            let is_struck = named == ALL || named == kind || is_answer;
            is_struck.then(|| fate_of(active, self.seed)).flatten()
        };
        self.strike(client, fate).unwrap_or(Fate::Pass)
    }

    /// The code and text this order is refused with, if it is.
    pub(crate) fn order_refusal(&self, client: ClientId) -> Option<(i32, String)> {
        self.strike(client, |active| match &active.injection.fault {
            Fault::RejectOrder(code, text) => Some((*code, text.clone())),
            _ => None,
        })
    }

    /// Whether this fault about orders strikes a client now; one that is counted is used up by it.
    pub(crate) fn strikes_order(&self, client: ClientId, fault: &OrderFault) -> bool {
        let is_it = |active: &Active| match &active.injection.fault {
            Fault::Order(known) => (known == fault).then_some(()),
            _ => None,
        };
        self.strike(client, is_it).is_some()
    }

    /// How long a client's commissions are pending, if they are.
    pub(crate) fn commission_delay(&self, client: ClientId) -> Option<Duration> {
        self.strike(client, |active| match &active.injection.fault {
            Fault::Order(OrderFault::PendingCommission(delay)) => Some(*delay),
            _ => None,
        })
    }

    /// How long after its placement an order of a client cannot be changed, if that is so.
    pub(crate) fn change_refusal(&self, client: ClientId) -> Option<Duration> {
        self.strike(client, |active| match &active.injection.fault {
            Fault::Order(OrderFault::RefuseChange(span)) => Some(*span),
            _ => None,
        })
    }

    /// Whose short sales are held for locate: those of one client or of all.
    pub(crate) fn locates(&self) -> Vec<Option<ClientId>> {
        self.whose(&OrderFault::HeldForLocate)
    }

    /// Whose children of partly filled parents are shown empty: those of one client or of all.
    pub(crate) fn empty_children(&self) -> Vec<Option<ClientId>> {
        self.whose(&OrderFault::EmptyChild)
    }

    fn whose(&self, fault: &OrderFault) -> Vec<Option<ClientId>> {
        let is_it = |active: &&Active| matches!(&active.injection.fault, Fault::Order(known) if known == fault);
        let state = self.lock();
        let found = state.active.iter().filter(is_it);
        found.map(|active| active.injection.client.map(ClientId)).collect()
    }

    /// Whether this attempt to connect finds its id taken.
    pub(crate) fn holds_id(&self, client: ClientId) -> bool {
        let is_held =
            |active: &Active| (active.injection.fault == Fault::ClientIdHeld).then_some(());
        self.strike(client, is_held).is_some()
    }

    /// Whether this quirk strikes a client now.
    pub(crate) fn has(&self, client: ClientId, quirk: Quirk) -> bool {
        self.quirk(client, |one| (one == quirk).then_some(())).is_some()
    }

    /// What a quirk that strikes a client now comes to.
    pub(crate) fn quirk<T>(&self, client: ClientId, of: impl Fn(Quirk) -> Option<T>) -> Option<T> {
        self.strike(client, |active| match active.injection.fault {
            Fault::Quirk(quirk) => of(quirk),
            _ => None,
        })
    }

    /// Whether this quirk strikes whoever connects now.
    pub(crate) fn meets_at_door(&self, quirk: Quirk) -> bool {
        // Injections at the door are for every client, so no id is the wrong one.
        self.has(ClientId(i32::MIN), quirk)
    }

    /// Whether a quirk that is a state holds for a client.
    pub(crate) fn is_on(&self, client: ClientId, quirk: Quirk) -> bool {
        self.find(client, |fault| (*fault == Fault::Quirk(quirk)).then_some(())).is_some()
    }

    /// The code a storm sends next, to whom and how soon again; `None` when it is over.
    pub(crate) fn storm(&self, id: FaultId) -> Option<(i32, Option<ClientId>, Duration)> {
        let mut state = self.lock();
        let active = state.active.iter_mut().find(|active| active.id == id)?;
        let Fault::CodeStorm(code, every) = active.injection.fault else { return None };
        if active.is_spent() {
            return None;
        }
        active.struck += 1;
        Some((code, active.injection.client.map(ClientId), every))
    }

    /// How much lower than it is the next valid id is told.
    pub(crate) fn id_rollback(&self, client: ClientId) -> Option<i32> {
        self.find(client, |fault| match fault {
            Fault::IdRollback(by) => Some(*by),
            _ => None,
        })
    }

    /// The bytes per second a client is read with, if that is limited.
    pub(crate) fn reading_rate(&self, client: ClientId) -> Option<u32> {
        self.find(client, |fault| match fault {
            Fault::SlowReader(rate) => Some(*rate),
            _ => None,
        })
    }

    /// The most an order may fill: of one client or of all.
    pub(crate) fn fill_limits(&self) -> Vec<(Option<ClientId>, f64)> {
        let limit = |active: &Active| match active.injection.fault {
            Fault::LateFill => Some((active.injection.client.map(ClientId), 0.0)),
            Fault::PartialFill(most) => Some((active.injection.client.map(ClientId), most)),
            _ => None,
        };
        self.lock().active.iter().filter_map(limit).collect()
    }

    /// The first fault that strikes.
    fn strike<T>(&self, client: ClientId, of: impl Fn(&Active) -> Option<T>) -> Option<T> {
        if !self.any() {
            return None;
        }
        let mut state = self.lock();
        let candidates = state.active.iter_mut();
        let mut open = candidates.filter(|active| active.concerns(client) && !active.is_spent());
        open.find_map(|active| of(active).filter(|_| active.strikes(self.seed)))
    }

    fn find<T>(&self, client: ClientId, of: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        if !self.any() {
            return None;
        }
        let state = self.lock();
        let mut concerned = state.active.iter().filter(|active| active.concerns(client));
        concerned.find_map(|active| of(&active.injection.fault))
    }

    /// Whether any fault is on.
    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A list of values, valid after any step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While it lives, a request is being served.
pub(crate) struct Serving<'a>(&'a Faults);

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        if self.0.any() {
            self.0.lock().cause = None;
        }
    }
}

fn fate_of(active: &Active, seed: u64) -> Option<Fate> {
    Some(match &active.injection.fault {
        Fault::Mute(_) => Fate::Lost,
        Fault::Delay(_, delay) => Fate::Late(*delay),
        Fault::Stall(_, pause) => Fate::Stalled(*pause),
        Fault::Drop(_) => Fate::Ended(Ending::Closed),
        Fault::Reset(_) => Fate::Ended(Ending::Reset),
        Fault::HalfOpen(_) => Fate::Ended(Ending::HalfOpen(active.id)),
        Fault::Duplicate(_) => Fate::Twice,
        Fault::Reorder(_) => Fate::AfterNext,
        Fault::Truncate(_) => Fate::Truncated,
        Fault::Split(_) => Fate::Split,
        Fault::BadLength(_) => Fate::BadLength,
        Fault::Garbage(_) => Fate::Garbage(mix(seed, active.id.0 ^ active.chances)),
        Fault::CodeStorm(..)
        | Fault::RejectOrder(..)
        | Fault::PartialFill(_)
        | Fault::LateFill
        | Fault::IdRollback(_)
        | Fault::ClientIdHeld
        | Fault::LateDrain(_)
        | Fault::SlowReader(_)
        | Fault::Quirk(_)
        | Fault::Order(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONNECTION: ConnectionId = ConnectionId(1);
    const CLIENT: ClientId = ClientId(7);

    fn reply_fates(faults: &Faults, kind: &str, count: usize) -> Vec<Fate> {
        (0..count).map(|_| faults.reply_fate(CONNECTION, CLIENT, kind)).collect()
    }

    #[test]
    fn test_a_fault_decides_the_fate_of_its_kind_until_removed() {
        let faults = Faults::new(1);
        let late = Duration::from_millis(5);
        let mute = faults.add(Fault::Mute("req_positions".into()).into());
        faults.add(Fault::Delay("tick_price".into(), late).into());

        assert_eq!(faults.request_fate(CLIENT, "req_positions"), Fate::Lost);
        assert_eq!(faults.reply_fate(CONNECTION, CLIENT, "tick_price"), Fate::Late(late));
        assert_eq!(faults.request_fate(CLIENT, "req_ids"), Fate::Pass);
        faults.remove(mute);
        assert_eq!(faults.request_fate(CLIENT, "req_positions"), Fate::Pass);
    }

    #[test]
    fn test_a_counted_fault_strikes_its_client_only_and_only_so_often() {
        let faults = Faults::new(1);
        faults.add(Injection::from(Fault::Duplicate("all".into())).for_client(7).times(2));

        let other = faults.reply_fate(ConnectionId(2), ClientId(8), "tick_price");
        let own = reply_fates(&faults, "tick_price", 3);

        assert_eq!(other, Fate::Pass);
        assert_eq!(own, [Fate::Twice, Fate::Twice, Fate::Pass]);
    }

    #[test]
    fn test_chances_follow_from_the_seed() {
        let fates = |seed| {
            let faults = Faults::new(seed);
            faults.add(Injection::from(Fault::Mute("all".into())).with_probability(0.25));
            reply_fates(&faults, "tick_price", 1000)
        };

        let lost = fates(3).iter().filter(|fate| **fate == Fate::Lost).count();

        assert!((200..300).contains(&lost), "{lost} of 1000 at a quarter");
        assert_eq!(fates(3), fates(3));
        assert_ne!(fates(3), fates(4));
    }

    #[test]
    fn test_a_request_kind_strikes_the_answers_to_that_request() {
        let faults = Faults::new(1);
        faults.add(Fault::Duplicate("req_ids".into()).into());

        let served = faults.serving(CONNECTION, "req_ids");
        let answer = faults.reply_fate(CONNECTION, CLIENT, "next_valid_id");
        let elsewhere = faults.reply_fate(ConnectionId(2), CLIENT, "next_valid_id");
        drop(served);

        assert_eq!((answer, elsewhere), (Fate::Twice, Fate::Pass));
        assert_eq!(faults.request_fate(CLIENT, "req_ids"), Fate::Pass);
        assert_eq!(faults.reply_fate(CONNECTION, CLIENT, "next_valid_id"), Fate::Pass);
    }

    #[test]
    fn test_fill_limits_say_whose_orders_they_hold_back() {
        let faults = Faults::new(1);
        faults.add(Fault::LateFill.into());
        faults.add(Injection::from(Fault::PartialFill(3.0)).for_client(2));

        assert_eq!(faults.fill_limits(), [(None, 0.0), (Some(ClientId(2)), 3.0)]);
    }
}
