//! The only module that reads the wall clock; everything else receives instants.

use time::OffsetDateTime;

/// The present moment in UTC.
#[must_use]
pub fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
