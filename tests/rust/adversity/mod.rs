//! The adversity suite: every fault of the mock gateway against every kind of call and stream, in each
//! phase, and random schedules of what goes wrong; the invariants of the design are checked in each.
//!
//! | file | holds |
//! |---|---|
//! | `blow` | what may go wrong |
//! | `call` `stream` | what a client may be asked, and a stream as the suite sees it |
//! | `stage` `ending` | a gateway, a client, what is written down of them |
//! | `history` `check` | what is known of a run, and the judge of it |
//! | `cell` `table` | one combination, and all of them |
//! | `schedule` | one thing after another, as a seed decides |
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up fails its test")]

mod blow;
mod call;
mod cell;
mod check;
mod check_tests;
mod ending;
mod history;
mod schedule;
mod stage;
mod stream;
mod table;
