//! Faults a test can switch on: what each is and what a client sees of it. `active` keeps those that
//! are on and decides whom they strike; `distortion` turns the bytes of a frame into what is sent.
//!
//! A fault about messages names a kind of the message table in lower case:
//!
//! | kind | what is struck |
//! |---|---|
//! | a request (`place_order`) | the request for `Mute`, `Delay`, `Stall`, `Drop`, `Reset` and `HalfOpen`; the frames sent in answer to it for all others |
//! | a reply (`execution_data`) | the frame |
//! | `all` | every frame the gateway sends |
//!
//! Prepared ticks of a flood pass every fault. All faults stay on until their handle is cleared or the
//! gateway reset; one whose count is used up strikes nobody any more.

mod active;
mod distortion;
mod named;
mod of_orders;
mod quirk;

pub(crate) use active::{FaultId, Faults};
pub(crate) use distortion::{Ending, Fate, Piece, pieces};
pub use named::FaultFields;
pub use of_orders::OrderFault;
pub use quirk::Quirk;

use std::time::Duration;

use crate::error::Error;
use crate::exchange::number::decimal;
use crate::wire::{ReplyKind, RequestKind};

/// The kind that stands for every frame the gateway sends.
const ALL: &str = "all";

/// Something that goes wrong on purpose. The text of a message fault is the kind it strikes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Requests of this kind are recorded but not served; replies of it are not sent.
    Mute(String),
    /// Messages of this kind are served or sent this much later, others overtake them. A client id
    /// stays taken until the last delayed request of its connection is served.
    Delay(String, Duration),
    /// From a message of this kind on nothing is written for this long; then everything comes, in
    /// order.
    Stall(String, Duration),
    /// The connection is closed in order (end of stream) in place of the message: a request is not
    /// served, a reply not sent, but what was sent before it arrives.
    Drop(String),
    /// Frames arrive twice, one right behind the other (B6).
    Duplicate(String),
    /// Frames arrive behind the next one, or 100 ms later if none follows.
    Reorder(String),
    /// The first half of a frame arrives, then the end of the stream.
    Truncate(String),
    /// A frame arrives in up to 16 pieces, each in a segment of its own, about 1 ms apart.
    Split(String),
    /// As `Drop`, but the connection is reset: the client's reads and writes fail.
    Reset(String),
    /// From the message on the gateway neither reads nor writes nor notices that the client left, so
    /// its client id stays taken (S8, B11); clearing the fault resets the connection.
    HalfOpen(String),
    /// A frame announces 2^32 - 1 bytes; its own bytes follow.
    BadLength(String),
    /// A frame has its right length and random bytes for a body.
    Garbage(String),
    /// This code is sent at once and then at this interval, until the count is used up or the fault
    /// cleared (C1, B16).
    CodeStorm(i32, Duration),
    /// Orders are refused with this code and text; 201 shows them as Inactive, others show nothing.
    RejectOrder(i32, String),
    /// An order fills this quantity at most; the rest stays in the market until the fault is cleared.
    PartialFill(f64),
    /// No order fills until the fault is cleared.
    LateFill,
    /// The next valid id told is this much lower, though not below 1; the ids it offers are used up
    /// and orders under them refused with 103 (I4).
    IdRollback(i32),
    /// Connecting is refused with 326, as while a gateway has not noticed that a client left (S7, S8).
    ClientIdHeld,
    /// Requests wait this long before they are served, and a connection that ends meanwhile gives its
    /// client id up at once: they take effect behind the back of the next connection.
    LateDrain(Duration),
    /// The gateway reads at most this many bytes per second, so that a client's writes back up.
    SlowReader(u32),
    /// Something a real gateway was seen to do.
    Quirk(Quirk),
    /// Orders, their reports or their books go wrong.
    Order(OrderFault),
}

impl From<Quirk> for Fault {
    fn from(quirk: Quirk) -> Self {
        Self::Quirk(quirk)
    }
}

impl From<Quirk> for Injection {
    fn from(quirk: Quirk) -> Self {
        Fault::from(quirk).into()
    }
}

impl From<OrderFault> for Injection {
    fn from(fault: OrderFault) -> Self {
        Fault::Order(fault).into()
    }
}

/// A fault and whom it strikes: by default every client, each time.
#[derive(Clone, Debug, PartialEq)]
pub struct Injection {
    pub(crate) fault: Fault,
    pub(crate) client: Option<i32>,
    pub(crate) count: Option<u32>,
    pub(crate) probability: f64,
}

impl From<Fault> for Injection {
    fn from(fault: Fault) -> Self {
        Self { fault, client: None, count: None, probability: 1.0 }
    }
}

impl Injection {
    /// Strikes the client with this id only.
    #[must_use]
    pub fn for_client(self, client_id: i32) -> Self {
        Self { client: Some(client_id), ..self }
    }

    /// Strikes this often, then no more.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self { count: Some(count), ..self }
    }

    /// Strikes with this probability, 0 to 1, drawn from the gateway's seed for each chance.
    #[must_use]
    pub fn with_probability(self, probability: f64) -> Self {
        Self { probability, ..self }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.fault.check()?;
        if !(0.0..=1.0).contains(&self.probability) {
            return Err(Error::BadNumber("probability"));
        }
        let is_at_door = matches!(self.fault, Fault::Quirk(quirk) if quirk.is_at_door());
        if is_at_door && self.client.is_some() {
            return Err(Error::BadFault("no client is known at the door".to_owned()));
        }
        let is_counted = self.count.is_some() || self.probability < 1.0;
        match self.fault.is_state() && is_counted {
            true => Err(Error::NotCounted),
            false => Ok(()),
        }
    }
}

impl Fault {
    fn check(&self) -> Result<(), Error> {
        match self {
            Self::PartialFill(quantity) if !is_quantity(*quantity) => {
                Err(Error::BadNumber("quantity"))
            }
            Self::IdRollback(by) if *by < 1 => Err(Error::BadNumber("by")),
            Self::SlowReader(0) => Err(Error::BadNumber("bytes_per_second")),
            Self::CodeStorm(_, every) if every.is_zero() => Err(Error::BadNumber("every")),
            _ => match self.kind().filter(|kind| !is_kind(kind)) {
                Some(kind) => Err(Error::UnknownKind(kind.to_owned())),
                None => Ok(()),
            },
        }
    }

    /// A fault that is so, rather than strikes now and then.
    const fn is_state(&self) -> bool {
        match self {
            Self::PartialFill(_) | Self::LateFill | Self::IdRollback(_) | Self::SlowReader(_) => {
                true
            }
            Self::Quirk(quirk) => quirk.is_state(),
            Self::Order(fault) => fault.is_state(),
            _ => false,
        }
    }

    /// The kind of message it strikes.
    fn kind(&self) -> Option<&str> {
        match self {
            Self::Mute(kind)
            | Self::Delay(kind, _)
            | Self::Stall(kind, _)
            | Self::Drop(kind)
            | Self::Duplicate(kind)
            | Self::Reorder(kind)
            | Self::Truncate(kind)
            | Self::Split(kind)
            | Self::Reset(kind)
            | Self::HalfOpen(kind)
            | Self::BadLength(kind)
            | Self::Garbage(kind) => Some(kind),
            Self::CodeStorm(..)
            | Self::RejectOrder(..)
            | Self::PartialFill(_)
            | Self::LateFill
            | Self::IdRollback(_)
            | Self::ClientIdHeld
            | Self::LateDrain(_)
            | Self::SlowReader(_)
            | Self::Quirk(_)
            | Self::Order(_) => None,
        }
    }

    /// Whether a request of a kind it names is struck itself, not its answers.
    const fn strikes_requests(&self) -> bool {
        matches!(
            self,
            Self::Mute(_)
                | Self::Delay(..)
                | Self::Stall(..)
                | Self::Drop(_)
                | Self::Reset(_)
                | Self::HalfOpen(_)
        )
    }
}

fn is_kind(name: &str) -> bool {
    name == ALL || RequestKind::from_name(name).is_some() || ReplyKind::from_name(name).is_some()
}

fn is_quantity(quantity: f64) -> bool {
    quantity >= 0.0 && decimal(quantity).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_faults_about_nothing_are_refused() {
        let mute = || Injection::from(Fault::Mute("place_order".into()));
        let cases = [
            (mute(), true),
            (Fault::Split("all".into()).into(), true),
            (Fault::Mute("placeOrder".into()).into(), false),
            (Fault::PartialFill(f64::NAN).into(), false),
            (Fault::PartialFill(3.0).into(), true),
            (Fault::IdRollback(0).into(), false),
            (Fault::SlowReader(0).into(), false),
            (Fault::CodeStorm(1100, Duration::ZERO).into(), false),
            (mute().with_probability(0.5).times(3), true),
            (mute().with_probability(1.5), false),
            (mute().with_probability(f64::NAN), false),
            (Injection::from(Fault::LateFill).times(1), false),
            (Injection::from(Fault::LateFill).for_client(3), true),
            (Injection::from(Quirk::AcceptThenClose).times(2), true),
            (Injection::from(Quirk::AcceptThenClose).for_client(3), false),
            (Injection::from(Quirk::MissingMarks).times(1), false),
        ];

        for (injection, expected) in cases {
            assert_eq!(injection.check().is_ok(), expected, "{injection:?}");
        }
    }
}
