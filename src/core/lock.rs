//! How the core takes its locks: whoever holds one only moves or replaces whole values and awaits
//! nothing, so what a panicking holder left behind can still be used.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes a lock, be it poisoned.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
