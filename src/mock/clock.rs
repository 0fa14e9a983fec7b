//! The one place that reads the wall clock, and the formats times are sent in.

use time::OffsetDateTime;

/// Now, in UTC.
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// Epoch milliseconds.
pub(crate) fn millis() -> i64 {
    millis_of(now())
}

/// A moment in epoch milliseconds.
pub(crate) fn millis_of(moment: OffsetDateTime) -> i64 {
    // The milliseconds of any date there is fit 64 bits.
    i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// `YYYYMMDD HH:MM:SS` of a time in whatever zone it is in.
pub(crate) fn stamp(time: OffsetDateTime) -> String {
    let (date, clock) = (time.date(), time.time());
    format!(
        "{:04}{:02}{:02} {:02}:{:02}:{:02}",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second()
    )
}
