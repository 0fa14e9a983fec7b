//! Bars of the feed link as values.

use time::{Date, OffsetDateTime, macros::format_description};

use crate::model::Bar;
use crate::session::feed::{FeedBar, FeedBarTime};

/// A bar as a value; `None` if its time cannot be read.
pub(super) fn bar(item: &FeedBar<'_>) -> Option<Bar> {
    Some(Bar {
        time: start(item.time)?,
        open: item.open,
        high: item.high,
        low: item.low,
        close: item.close,
        volume: item.volume,
        average: item.average,
        count: item.count,
        is_backfill: false,
    })
}

/// Day bars begin at midnight UTC of their date.
fn start(time: FeedBarTime<'_>) -> Option<OffsetDateTime> {
    match time {
        FeedBarTime::Epoch(seconds) => OffsetDateTime::from_unix_timestamp(seconds).ok(),
        FeedBarTime::Date(text) => {
            let date = Date::parse(text, format_description!("[year][month][day]")).ok()?;
            Some(date.midnight().assume_utc())
        }
    }
}
