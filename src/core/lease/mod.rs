//! Leases: which program of this user and machine holds which client id of which gateway.
//!
//! | file | holds |
//! |---|---|
//! | `lock_file` | one file per gateway and client id, locked while the id is held |
//! | `held` | the locks this process holds, and what becomes of them in a fork |
//! | `seats` | the ids one client holds, and who holds one that a gateway refuses |
//!
//! A connected client holds its id and its feed's, so that others can be told who does. With a range of
//! ids a client takes the first that nobody holds before it connects. Locks end with their holder,
//! however it ends; a forked child holds none of its parent's.

mod held;
mod lock_file;
mod seats;

pub use held::{after_fork_in_child, after_fork_in_parent, before_fork};
pub(crate) use seats::Seats;
