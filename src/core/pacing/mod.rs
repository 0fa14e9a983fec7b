//! Pacing: IB's limits on what programs may send, kept before anything is sent.
//!
//! | file | holds |
//! |---|---|
//! | `schedule` | whose message goes next, and when; pure |
//! | `bucket` | the one schedule of a gateway address in this process, and waiting for a turn |
//! | `history` | IB's limits on historical queries; pure |
//! | `history_turn` | waiting for them |
//! | `pace` | a caller's handle: asks for turns, or lets everything pass |
//!
//! Whoever writes to a gateway takes a turn first and writes at once when it has it; a turn that is
//! dropped before is free for others.

mod bucket;
mod history;
mod history_turn;
mod pace;
mod schedule;

pub(crate) use history::HistoryQuery;
pub(crate) use history_turn::HistoryTurn;
pub(crate) use pace::Pace;
pub(crate) use schedule::Urgency;
