//! Faults a test has switched on, and what they do to a request, a reply or an order.
//!
//! Faults about messages are looked up here for each one; faults about orders are read by the
//! order handler and by matching. All stay on until their handle is cleared or the gateway reset.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Error;
use crate::exchange::number::decimal;
use crate::wire::{ReplyKind, RequestKind};

/// Something that goes wrong on purpose. A message kind is a name of the message table in lower
/// case: what clients send (`place_order`, `req_mkt_data`) or receive (`execution_data`).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Requests of this kind are recorded but not served; replies of it are not sent.
    Mute(String),
    /// Messages of this kind are served or sent this much later, others overtake them.
    Delay(String, Duration),
    /// Orders are refused with this code and text; 201 shows them as Inactive, others show nothing.
    RejectOrder(i32, String),
    /// An order fills this quantity at most; the rest stays in the market until the fault is cleared.
    PartialFill(f64),
    /// No order fills until the fault is cleared.
    LateFill,
}

/// Names one injected fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FaultId(u64);

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Pass,
    Lost,
    Late(Duration),
}

/// The faults that are on, in the order they were injected.
#[derive(Default)]
pub(crate) struct Faults {
    state: Mutex<State>,
    any: AtomicBool,
}

#[derive(Default)]
struct State {
    issued: u64,
    active: Vec<(FaultId, Fault)>,
}

impl Fault {
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self {
            Self::Mute(kind) | Self::Delay(kind, _) if !is_kind(kind) => {
                Err(Error::UnknownKind(kind.clone()))
            }
            Self::PartialFill(quantity) if !is_quantity(*quantity) => {
                Err(Error::BadNumber("quantity"))
            }
            _ => Ok(()),
        }
    }

    fn fate_of(&self, name: &str) -> Option<Fate> {
        match self {
            Self::Mute(kind) if kind == name => Some(Fate::Lost),
            Self::Delay(kind, delay) if kind == name => Some(Fate::Late(*delay)),
            _ => None,
        }
    }
}

fn is_kind(name: &str) -> bool {
    RequestKind::from_name(name).is_some() || ReplyKind::from_name(name).is_some()
}

fn is_quantity(quantity: f64) -> bool {
    quantity >= 0.0 && decimal(quantity).is_some()
}

impl Faults {
    pub(crate) fn add(&self, fault: Fault) -> FaultId {
        let mut state = self.lock();
        state.issued += 1;
        let id = FaultId(state.issued);
        state.active.push((id, fault));
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
        state.active.retain(|(id, _)| keep(*id));
        self.any.store(!state.active.is_empty(), Ordering::Relaxed);
    }

    /// What becomes of a message of this kind; the first fault about it decides.
    pub(crate) fn fate_of(&self, kind: &str) -> Fate {
        if !self.any.load(Ordering::Relaxed) {
            return Fate::Pass;
        }
        let state = self.lock();
        let fates = state.active.iter().filter_map(|(_, fault)| fault.fate_of(kind));
        fates.into_iter().next().unwrap_or(Fate::Pass)
    }

    /// The code and text orders are refused with, if any.
    pub(crate) fn order_refusal(&self) -> Option<(i32, String)> {
        self.find(|fault| match fault {
            Fault::RejectOrder(code, text) => Some((*code, text.clone())),
            _ => None,
        })
    }

    pub(crate) fn fills_are_late(&self) -> bool {
        self.find(|fault| (*fault == Fault::LateFill).then_some(())).is_some()
    }

    /// The most an order may fill, if that is limited.
    pub(crate) fn fill_limit(&self) -> Option<f64> {
        self.find(|fault| match fault {
            Fault::PartialFill(quantity) => Some(*quantity),
            _ => None,
        })
    }

    fn find<T>(&self, of: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        self.lock().active.iter().find_map(|(_, fault)| of(fault))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A list of values, valid after any step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_a_fault_decides_the_fate_of_its_kind_until_removed() {
        let faults = Faults::default();
        let late = Duration::from_millis(5);
        let mute = faults.add(Fault::Mute("req_positions".into()));
        faults.add(Fault::Delay("tick_price".into(), late));

        assert_eq!(faults.fate_of("req_positions"), Fate::Lost);
        assert_eq!(faults.fate_of("tick_price"), Fate::Late(late));
        assert_eq!(faults.fate_of("req_ids"), Fate::Pass);
        faults.remove(mute);
        assert_eq!(faults.fate_of("req_positions"), Fate::Pass);
    }

    #[test]
    fn test_faults_about_nothing_are_refused() {
        let cases = [
            (Fault::Mute("place_order".into()), true),
            (Fault::Mute("placeOrder".into()), false),
            (Fault::PartialFill(f64::NAN), false),
            (Fault::PartialFill(3.0), true),
        ];

        for (fault, expected) in cases {
            assert_eq!(fault.check().is_ok(), expected, "{fault:?}");
        }
    }
}
