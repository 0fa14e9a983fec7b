//! A range of client ids, of which each program takes one.

use std::fmt;

use super::ClientId;
use crate::error::{Error, Result};

/// How far above a client's id its feed's is.
pub(crate) const FEED_OFFSET: i32 = 1000;

/// How many ids a feed may take besides the first.
pub(crate) const FEED_SPARE: i32 = 8;

/// Client ids from a first to a last one. The ids of their feeds lie above all of them: with `n` ids
/// in the range, client `id` has the feed ids `id + 1000`, `id + 1000 + n`, `id + 1000 + 2 n` …, which
/// no other of the range has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientIds {
    first: ClientId,
    last: ClientId,
}

impl ClientIds {
    /// The ids from `first` to `last`, both included.
    ///
    /// # Errors
    /// `Config` for a range that is empty, negative, or so wide that the feeds of some would have the
    /// ids of others.
    pub fn new(first: ClientId, last: ClientId) -> Result<Self> {
        let ids = Self { first, last };
        let count = i64::from(last.0) - i64::from(first.0) + 1;
        if first.0 < 0 || count < 1 {
            return Err(Error::config(format!("client_ids {ids}: give a range such as 11-18")));
        }
        if count > i64::from(FEED_OFFSET) {
            return Err(Error::config(format!(
                "client_ids {ids}: give at most {FEED_OFFSET} ids, because each feed has the id \
                 {FEED_OFFSET} above its client's"
            )));
        }
        let highest = i64::from(last.0) + i64::from(FEED_OFFSET) + i64::from(FEED_SPARE) * count;
        if highest > i64::from(i32::MAX) {
            return Err(Error::config(format!(
                "client_ids {ids}: the ids of their feeds are too high"
            )));
        }
        Ok(ids)
    }

    /// Each of them, the first one first.
    pub fn iter(self) -> impl Iterator<Item = ClientId> {
        (self.first.0..=self.last.0).map(ClientId)
    }

    /// How far apart the feed ids of one of them are.
    pub(crate) fn stride(self) -> i32 {
        self.last.0 - self.first.0 + 1
    }
}

impl fmt::Display for ClientIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_room_for_the_feeds_of_all() {
        let table = [
            (11, 18, ""),
            (0, 0, ""),
            (1, 1000, ""),
            (1, 1001, "at most 1000"),
            (18, 11, "a range such as"),
            (-1, 3, "a range such as"),
            (i32::MAX - 1000, i32::MAX - 999, "too high"),
        ];
        for (first, last, complaint) in table {
            match ClientIds::new(ClientId(first), ClientId(last)) {
                Ok(ids) => assert!(complaint.is_empty() && ids.iter().next().is_some(), "{ids}"),
                Err(error) => {
                    assert!(
                        !complaint.is_empty() && error.message().contains(complaint),
                        "{error}"
                    );
                }
            }
        }
    }
}
