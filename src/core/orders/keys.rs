//! Keys for orders whose caller gave none: unique in this process and, as far as chance allows,
//! among all processes.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Result;
use crate::model::OrderKey;

/// Makes keys: twelve random hexadecimal digits of this process, then a counter.
pub(crate) struct Keys {
    prefix: u64,
    made: AtomicU64,
}

impl Default for Keys {
    fn default() -> Self {
        // The hasher's seed is the standard library's source of randomness.
        let prefix = RandomState::new().hash_one(std::process::id()) >> 16;
        Self { prefix, made: AtomicU64::new(0) }
    }
}

impl Keys {
    /// The next key.
    pub(crate) fn next(&self) -> Result<OrderKey> {
        let number = self.made.fetch_add(1, Ordering::Relaxed) + 1;
        OrderKey::new(format!("{:012x}-{number}", self.prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_and_differ() {
        let (one, other) = (Keys::default(), Keys::default());

        let keys = [one.next().unwrap(), one.next().unwrap(), other.next().unwrap()];

        assert!(keys.iter().all(|key| key.as_str().len() < 20), "{keys:?}");
        assert!(keys[0] != keys[1] && keys[0] != keys[2]);
    }
}
