//! The locks this process holds. All are opened, listed and given up under one lock of memory, which
//! a fork waits for: the child so finds the whole list, and closes its copies without unlocking.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use super::lock_file::{Directory, Holder};
use crate::lock::lock;

type Files = BTreeMap<PathBuf, File>;

static HELD: Mutex<Files> = Mutex::new(Files::new());

thread_local! {
    /// The list, kept still while this thread forks.
    static FORKING: RefCell<Option<MutexGuard<'static, Files>>> = const { RefCell::new(None) };
}

/// Locks a file until [`give_up`]; whether it is ours now and was not before.
pub(super) fn take(directory: &Directory, path: &Path, holder: Holder) -> io::Result<bool> {
    let mut held = lock(&HELD);
    let Some(file) = directory.lock(path, holder)? else { return Ok(false) };
    held.insert(path.to_owned(), file);
    Ok(true)
}

/// Removes and unlocks a file, if this process holds it.
pub(super) fn give_up(path: &Path) {
    let mut held = lock(&HELD);
    if let Some(file) = held.remove(path) {
        // What cannot be removed is unlocked all the same, with the file closed.
        if let Err(error) = fs::remove_file(path) {
            log::debug!(target: "aioibkr::lease", "{}: {error}", path.display());
        }
        drop(file);
    }
}

/// To be called by the thread that is about to fork, before it does.
pub fn before_fork() {
    FORKING.set(Some(lock(&HELD)));
}

/// To be called by the same thread after it forked, in the parent.
pub fn after_fork_in_parent() {
    FORKING.set(None);
}

/// To be called by the same thread in the child: what the parent holds is the parent's alone.
pub fn after_fork_in_child() {
    if let Some(mut held) = FORKING.take() {
        held.clear();
    }
}
