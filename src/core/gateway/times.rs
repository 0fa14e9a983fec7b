//! Date-times as gateways write them.

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};
use time_tz::{OffsetResult, PrimitiveDateTimeExt};

use super::zones;

const DASHED: &[BorrowedFormatItem<'static>] =
    format_description!("[year][month][day]-[hour]:[minute]:[second]");
const SPACED: &[BorrowedFormatItem<'static>] =
    format_description!("[year][month][day] [hour]:[minute]:[second]");

/// Reads `YYYYMMDD-HH:MM:SS` (UTC) and `YYYYMMDD HH:MM:SS Zone`. `None` without a zone or for one
/// that is not known: a wrong time is worse than none. A repeated hour counts as its first pass.
pub(super) fn parse(text: &str) -> Option<OffsetDateTime> {
    let text = text.trim();
    if let Ok(utc) = PrimitiveDateTime::parse(text, DASHED) {
        return Some(utc.assume_utc());
    }
    let mut parts = text.split_whitespace();
    let (date, clock) = (parts.next()?, parts.next()?);
    let zone = parts.collect::<Vec<_>>().join(" ");
    let local = PrimitiveDateTime::parse(&format!("{date} {clock}"), SPACED).ok()?;
    match local.assume_timezone(zones::zone(&zone)?) {
        OffsetResult::Some(time) | OffsetResult::Ambiguous(time, _) => {
            Some(time.to_offset(UtcOffset::UTC))
        }
        OffsetResult::None => None,
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn times_are_read_in_every_form_gateways_use() {
        let table = [
            ("20260415-13:30:00", Some(datetime!(2026-04-15 13:30 UTC))),
            ("20260415 09:30:00 US/Eastern", Some(datetime!(2026-04-15 13:30 UTC))),
            ("20260115 09:30:00 America/New_York", Some(datetime!(2026-01-15 14:30 UTC))),
            ("20260415 22:30:00 JST", Some(datetime!(2026-04-15 13:30 UTC))),
            ("20260415  21:30:00", None),
            ("20260415 21:30:00 Nowhere/Land", None),
            ("", None),
        ];

        for (text, expected) in table {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }
}
