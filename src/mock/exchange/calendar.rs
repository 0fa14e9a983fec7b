//! US/Eastern time and the trading sessions in it, without holidays.

use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset, Weekday};

use super::instrument::SecurityKind;

/// The zone of every instrument, as messages spell it.
pub(crate) const ZONE: &str = "US/Eastern";

/// One trading session, in epoch seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) date: Date,
    pub(crate) start: i64,
    pub(crate) end: i64,
}

/// A moment on the clocks of New York.
pub(crate) fn eastern(epoch: i64) -> OffsetDateTime {
    // Beyond the years a date can have there are no sessions to show.
    let utc = OffsetDateTime::from_unix_timestamp(epoch).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    utc.to_offset(if is_summer(utc) { summer() } else { winter() })
}

/// The moment a New York clock shows this; in the hour that happens twice, the first.
pub(crate) fn from_eastern(local: PrimitiveDateTime) -> i64 {
    let in_summer = local.assume_offset(summer());
    let moment = if is_summer(in_summer) { in_summer } else { local.assume_offset(winter()) };
    moment.unix_timestamp()
}

const fn winter() -> UtcOffset {
    whole_hours(-5)
}

const fn summer() -> UtcOffset {
    whole_hours(-4)
}

const fn whole_hours(hours: i8) -> UtcOffset {
    match UtcOffset::from_hms(hours, 0, 0) {
        Ok(offset) => offset,
        Err(_) => UtcOffset::UTC,
    }
}

/// From the second Sunday of March, 02:00, to the first of November, 02:00.
fn is_summer(moment: OffsetDateTime) -> bool {
    let year = moment.to_offset(winter()).year();
    let two = Duration::hours(2);
    let start = sunday(year, Month::March, 8).midnight().assume_offset(winter()) + two;
    let end = sunday(year, Month::November, 1).midnight().assume_offset(summer()) + two;
    start <= moment && moment < end
}

/// The first Sunday from a day of a month on.
fn sunday(year: i32, month: Month, day: u8) -> Date {
    // The first and the eighth are days of every month, so the fallback is never taken.
    let first = Date::from_calendar_date(year, month, day).unwrap_or(Date::MAX);
    let past_sunday = i64::from(first.weekday().number_days_from_sunday());
    first.saturating_add(Duration::days((7 - past_sunday) % 7))
}

/// The day monthly contracts expire.
pub(super) fn third_friday(year: i32, month: Month) -> Date {
    let days = (15..=21).filter_map(|day| Date::from_calendar_date(year, month, day).ok());
    // One of any seven days in a row is a Friday, so the fallback is never taken.
    days.into_iter().find(|day| day.weekday() == Weekday::Friday).unwrap_or(Date::MAX)
}

/// The session of a day; weekends have none, except where trading never stops.
pub(crate) fn session(kind: SecurityKind, date: Date, is_regular: bool) -> Option<Session> {
    let is_weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    if is_weekend && kind != SecurityKind::Crypto {
        return None;
    }
    let at = |minutes: i64| {
        from_eastern(PrimitiveDateTime::new(date, Time::MIDNIGHT) + Duration::minutes(minutes))
    };
    let (start, end) = match (kind, is_regular) {
        (
            SecurityKind::Stock
            | SecurityKind::Future
            | SecurityKind::FutureOption
            | SecurityKind::Bond
            | SecurityKind::Cfd,
            true,
        )
        | (
            SecurityKind::Option | SecurityKind::Index | SecurityKind::Fund | SecurityKind::Warrant,
            _,
        ) => (9 * 60 + 30, 16 * 60),
        (SecurityKind::Stock | SecurityKind::Cfd, false) => (4 * 60, 20 * 60),
        (SecurityKind::Bond, false) => (8 * 60, 17 * 60),
        (SecurityKind::Future | SecurityKind::FutureOption, false)
        | (SecurityKind::Cash | SecurityKind::Crypto, _) => (0, 24 * 60),
    };
    Some(Session { date, start: at(start), end: at(end) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    #[test]
    fn test_new_york_clocks_change_in_march_and_november() {
        let cases = [
            (datetime!(2026-03-08 06:59:59 UTC), 1),
            (datetime!(2026-03-08 07:00:00 UTC), 3),
            (datetime!(2026-07-01 16:00:00 UTC), 12),
            (datetime!(2026-11-01 05:59:59 UTC), 1),
            (datetime!(2026-11-01 06:00:00 UTC), 1),
            (datetime!(2026-12-31 23:00:00 UTC), 18),
        ];

        for (moment, hour) in cases {
            assert_eq!(eastern(moment.unix_timestamp()).hour(), hour, "{moment}");
        }
    }

    #[test]
    fn test_eastern_times_come_back() {
        for local in [datetime!(2026-01-05 09:30:00), datetime!(2026-07-06 09:30:00)] {
            let shown = eastern(from_eastern(local));

            assert_eq!(PrimitiveDateTime::new(shown.date(), shown.time()), local);
        }
    }

    #[test]
    fn test_a_regular_stock_session_lasts_six_and_a_half_hours() {
        let session = session(SecurityKind::Stock, date!(2026 - 11 - 20), true).unwrap();

        assert_eq!(session.end - session.start, 23_400);
        assert!(super::session(SecurityKind::Stock, date!(2026 - 11 - 21), true).is_none());
    }
}
