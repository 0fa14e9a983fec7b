//! When a gateway is expected to be away: a daily window in the clock of a place, through its
//! changes between winter and summer time.

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};
use time_tz::{OffsetDateTimeExt, OffsetResult, PrimitiveDateTimeExt, Tz, timezones};

use crate::error::{Error, Result};

const CLOCK: &[BorrowedFormatItem<'static>] = format_description!("[hour]:[minute]");
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A window of the day in which outages are expected. It may span midnight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestartWindow {
    start: Time,
    end: Time,
    zone: String,
    /// Monday first: whether a window begins on that day.
    days: [bool; 7],
}

impl RestartWindow {
    /// A window from `start` to `end` (`HH:MM`, 24 hours) on the clock of `zone` (such as
    /// `America/New_York`), each day or on those where it begins (`mon` … `sun`).
    ///
    /// # Errors
    /// `Config` naming what cannot be read, or a window that is empty.
    pub fn new(start: &str, end: &str, zone: &str, days: Option<&[String]>) -> Result<Self> {
        let window = Self {
            start: clock("start", start)?,
            end: clock("end", end)?,
            zone: zone.to_owned(),
            days: days.map_or(Ok([true; 7]), named_days)?,
        };
        if window.tz().is_none() {
            let text = format!("restart window zone {zone:?}: give one such as America/New_York");
            return Err(Error::config(text));
        }
        if window.start == window.end {
            return Err(Error::config(format!("restart window {start} to {end}: it is empty")));
        }
        Ok(window)
    }

    /// The end of the window the moment lies in.
    #[must_use]
    pub fn end_at(&self, moment: OffsetDateTime) -> Option<OffsetDateTime> {
        let zone = self.tz()?;
        let today = moment.to_timezone(zone).date();
        let begun = [today.previous_day(), Some(today)].into_iter().flatten();
        let windows = begun.filter_map(|day| self.on(day, zone));
        windows.filter(|(start, end)| (*start..*end).contains(&moment)).map(|(_, end)| end).max()
    }

    /// Start and end of the window that begins on that day, if one does.
    fn on(&self, day: Date, zone: &Tz) -> Option<(OffsetDateTime, OffsetDateTime)> {
        let is_wanted = self.days[usize::from(day.weekday().number_days_from_monday())];
        let last = if self.end <= self.start { day.next_day()? } else { day };
        let (start, _) = moments(day.with_time(self.start), zone)?;
        let (_, end) = moments(last.with_time(self.end), zone)?;
        is_wanted.then_some((start, end))
    }

    fn tz(&self) -> Option<&'static Tz> {
        timezones::get_by_name(&self.zone)
    }
}

/// Until when an outage is expected that goes on at `moment`; windows that touch are one.
#[must_use]
pub fn expected_until(windows: &[RestartWindow], moment: OffsetDateTime) -> Option<OffsetDateTime> {
    let end_at = |at| windows.iter().filter_map(|window| window.end_at(at)).max();
    let mut until = end_at(moment)?;
    // A year of windows that touch is for ever.
    while let Some(later) = end_at(until).filter(|_| until - moment < Duration::days(366)) {
        until = later;
    }
    Some(until)
}

/// The first and the last moment at which clocks there show this. What is skipped in spring counts as
/// if it were not.
fn moments(local: PrimitiveDateTime, zone: &Tz) -> Option<(OffsetDateTime, OffsetDateTime)> {
    const BEFORE: Duration = Duration::hours(3);
    let (first, last) = match local.assume_timezone(zone) {
        OffsetResult::Some(time) => (time, time),
        OffsetResult::Ambiguous(one, other) => (one.min(other), one.max(other)),
        OffsetResult::None => match (local - BEFORE).assume_timezone(zone) {
            OffsetResult::Some(time) | OffsetResult::Ambiguous(time, _) => {
                (time + BEFORE, time + BEFORE)
            }
            OffsetResult::None => return None,
        },
    };
    Some((first.to_offset(UtcOffset::UTC), last.to_offset(UtcOffset::UTC)))
}

fn clock(name: &str, text: &str) -> Result<Time> {
    Time::parse(text, CLOCK)
        .map_err(|_| Error::config(format!("restart window {name} {text:?}: give HH:MM")))
}

fn named_days(names: &[String]) -> Result<[bool; 7]> {
    let mut days = [false; 7];
    for name in names {
        let found = DAYS.iter().position(|day| day == name);
        let unknown = || {
            let days = DAYS.join(" ");
            Error::config(format!("restart window day {name:?}: give some of {days}"))
        };
        days[found.ok_or_else(unknown)?] = true;
    }
    if days.contains(&true) {
        return Ok(days);
    }
    Err(Error::config("restart window without days: leave them out for every day"))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn nightly(days: Option<&[String]>) -> RestartWindow {
        RestartWindow::new("23:45", "00:45", "America/New_York", days).unwrap()
    }

    #[test]
    fn a_window_over_midnight_holds_on_both_sides_of_it() {
        let end = datetime!(2026-07-02 04:45 UTC);
        let table = [
            (datetime!(2026-07-02 03:44:59 UTC), None),
            (datetime!(2026-07-02 03:45 UTC), Some(end)),
            (datetime!(2026-07-02 04:44:59 UTC), Some(end)),
            (datetime!(2026-07-02 04:45 UTC), None),
            (datetime!(2026-01-02 04:45 UTC), Some(datetime!(2026-01-02 05:45 UTC))),
        ];

        for (moment, expected) in table {
            assert_eq!(nightly(None).end_at(moment), expected, "{moment}");
        }
    }

    /// New York turns its clocks at 02:00 on 8 March 2026 and back on 1 November.
    #[test]
    fn clocks_that_are_turned_neither_end_nor_lose_a_window() {
        let window = RestartWindow::new("01:30", "02:30", "America/New_York", None).unwrap();
        let table = [
            (datetime!(2026-03-08 06:30 UTC), Some(datetime!(2026-03-08 07:30 UTC))),
            (datetime!(2026-03-08 07:29 UTC), Some(datetime!(2026-03-08 07:30 UTC))),
            (datetime!(2026-11-01 05:30 UTC), Some(datetime!(2026-11-01 07:30 UTC))),
            (datetime!(2026-11-01 07:29 UTC), Some(datetime!(2026-11-01 07:30 UTC))),
            (datetime!(2026-11-01 07:30 UTC), None),
        ];

        for (moment, expected) in table {
            assert_eq!(window.end_at(moment), expected, "{moment}");
        }
    }

    #[test]
    fn a_window_begins_on_its_days_and_ends_on_the_next() {
        let saturday = ["sat".to_owned()];
        let window = nightly(Some(&saturday));

        assert!(window.end_at(datetime!(2026-07-05 04:00 UTC)).is_some(), "Saturday 24:00");
        assert!(window.end_at(datetime!(2026-07-04 04:00 UTC)).is_none(), "Friday 24:00");
    }

    #[test]
    fn windows_that_touch_are_one() {
        let zone = "Europe/Berlin";
        let windows = [
            RestartWindow::new("22:00", "23:00", zone, None).unwrap(),
            RestartWindow::new("23:00", "23:30", zone, None).unwrap(),
        ];

        let until = expected_until(&windows, datetime!(2026-07-01 20:30 UTC));

        assert_eq!(until, Some(datetime!(2026-07-01 21:30 UTC)));
        assert_eq!(expected_until(&windows, datetime!(2026-07-01 12:00 UTC)), None);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let none: &[String] = &[];
        let monday = &["Monday".to_owned()][..];
        let table = [
            ("25:00", "01:00", "UTC", None),
            ("1", "01:00", "UTC", None),
            ("01:00", "01:00", "UTC", None),
            ("01:00", "02:00", "Nowhere/Land", None),
            ("01:00", "02:00", "UTC", Some(none)),
            ("01:00", "02:00", "UTC", Some(monday)),
        ];

        for (start, end, zone, days) in table {
            assert!(RestartWindow::new(start, end, zone, days).is_err(), "{start} {end} {zone}");
        }
    }
}
