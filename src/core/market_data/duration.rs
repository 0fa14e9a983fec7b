//! The durations IB accepts for historical data.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::model::BarSize;

/// Refuses a duration IB would refuse: `N S`, `N D`, `N W`, `N M`, `N Y` with a whole N above 0,
/// and no more than 86400 seconds.
pub(crate) fn check(duration: &str) -> Result<()> {
    let refused = |why: &str| {
        Err(Error::config(format!(
            "duration {duration:?} {why}: give a whole number above 0, a blank and one of S, D, \
             W, M, Y, such as \"2 D\""
        )))
    };
    let Some((count, unit)) = duration.split_once(' ') else {
        return refused("has no unit");
    };
    if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
        return refused("does not begin with a whole number");
    }
    let Ok(count) = count.parse::<i32>() else { return refused("is too long") };
    match unit {
        _ if count == 0 => refused("is empty"),
        "S" if count > 86_400 => refused("exceeds 86400 seconds, ask for days instead"),
        "S" | "D" | "W" | "M" | "Y" => Ok(()),
        _ => refused("has an unknown unit"),
    }
}

const DAY: u64 = 86_400;

/// The longest window IB grants in one query for bars of a size, in seconds.
const LONGEST: [(&[&str], u64); 9] = [
    (&["1 secs"], 1_800),
    (&["5 secs"], 3_600),
    (&["10 secs", "15 secs"], 14_400),
    (&["30 secs"], 28_800),
    (&["1 min"], DAY),
    (&["2 mins"], 2 * DAY),
    (&["3 mins", "5 mins", "10 mins", "15 mins", "20 mins"], 7 * DAY),
    (&["30 mins", "1 hour", "2 hours", "3 hours", "4 hours", "8 hours"], 28 * DAY),
    (&["1 day", "1 week", "1 month"], 365 * DAY),
];

/// The duration to ask for so that bars of that size reach back over `gap`, and whether they do: the
/// one that was asked for where it is long enough, else as much as is needed and IB grants.
pub(super) fn reaching(asked: &str, size: BarSize, gap: Duration) -> (String, bool) {
    let asked_for = seconds(asked);
    let needed = gap.as_secs().saturating_add(2 * seconds_of(size)).saturating_add(1);
    if asked_for >= needed {
        return (asked.to_owned(), true);
    }
    let row = LONGEST.iter().find(|(sizes, _)| sizes.contains(&size.as_str()));
    let longest = row.map_or(DAY, |(_, longest)| *longest).max(asked_for);
    let granted = needed.min(longest);
    let text = match granted {
        _ if granted == asked_for => asked.to_owned(),
        0..=DAY => format!("{granted} S"),
        _ => format!("{} D", granted.div_ceil(DAY).min(365)),
    };
    (text, granted >= needed)
}

/// Seconds of a duration that was checked, at least.
fn seconds(duration: &str) -> u64 {
    let Some((count, unit)) = duration.split_once(' ') else { return 0 };
    let unit = match unit {
        "S" => 1,
        "D" => DAY,
        "W" => 7 * DAY,
        "M" => 28 * DAY,
        "Y" => 365 * DAY,
        _ => 0,
    };
    count.parse::<u64>().unwrap_or(0).saturating_mul(unit)
}

/// Seconds of a bar, at most.
fn seconds_of(size: BarSize) -> u64 {
    let Some((count, unit)) = size.as_str().split_once(' ') else { return 0 };
    let unit = match unit.trim_end_matches('s') {
        "sec" => 1,
        "min" => 60,
        "hour" => 3_600,
        "day" => DAY,
        "week" => 7 * DAY,
        _ => 31 * DAY,
    };
    count.parse::<u64>().unwrap_or(1) * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_missed_is_asked_for_as_far_as_ib_grants() {
        let (minute, hour, day) = (60, 3_600, DAY);
        let table = [
            ("1 D", "1 min", hour, "1 D", true),
            ("60 S", "5 secs", 20, "60 S", true),
            ("60 S", "5 secs", 10 * minute, "611 S", true),
            ("60 S", "5 secs", 5 * hour, "3600 S", false),
            ("7200 S", "5 secs", 5 * hour, "7200 S", false),
            ("1 D", "1 min", 3 * day, "1 D", false),
            ("1 D", "1 hour", 3 * day, "4 D", true),
            ("3600 S", "1 min", 2 * hour, "7321 S", true),
            ("2 D", "1 day", 10 * day, "13 D", true),
        ];

        for (asked, size, gap, duration, is_all) in table {
            let size = BarSize::from_name(size).unwrap();
            let found = reaching(asked, size, Duration::from_secs(gap));
            assert_eq!(found, (duration.to_owned(), is_all), "{asked} {size:?} {gap}");
            assert!(check(&found.0).is_ok());
        }
    }

    #[test]
    fn every_size_has_a_longest_window() {
        let known: Vec<_> = LONGEST.iter().flat_map(|(sizes, _)| sizes.iter().copied()).collect();
        assert_eq!(known, BarSize::NAMES);
    }

    #[test]
    fn only_durations_ib_accepts_pass() {
        for good in ["1 D", "86400 S", "2 W", "12 M", "1 Y", "30 D"] {
            assert!(check(good).is_ok(), "{good}");
        }
        let bad = [
            "",
            "1",
            "D",
            "0 D",
            "-1 D",
            "1.5 D",
            "1 d",
            "1  D",
            "1 D ",
            "86401 S",
            "1 H",
            "99999999999 D",
            "NaN D",
            "+1 D",
        ];
        for bad in bad {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
