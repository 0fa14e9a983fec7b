//! Names of time zones as gateways write them: those of the IANA database, and the abbreviations that
//! a gateway's host uses for its own.

use std::sync::Once;

use time_tz::{Tz, timezones};

/// Abbreviations that no database of zones has, each with a meaning that IB was seen to give it. One
/// that could mean two zones (`IST`) is not here: a wrong time is worse than none.
const ABBREVIATIONS: [(&str, &str); 16] = [
    ("JST", "Asia/Tokyo"),
    ("KST", "Asia/Seoul"),
    ("HKT", "Asia/Hong_Kong"),
    ("SGT", "Asia/Singapore"),
    ("AET", "Australia/Sydney"),
    ("AEST", "Australia/Sydney"),
    ("AEDT", "Australia/Sydney"),
    ("ACST", "Australia/Adelaide"),
    ("AWST", "Australia/Perth"),
    ("NZST", "Pacific/Auckland"),
    ("NZDT", "Pacific/Auckland"),
    ("BST", "Europe/London"),
    ("CEST", "Europe/Paris"),
    ("EEST", "Europe/Athens"),
    ("WEST", "Europe/Lisbon"),
    ("MSK", "Europe/Moscow"),
];

/// The zone of a name.
pub(super) fn zone(name: &str) -> Option<&'static Tz> {
    let meant = ABBREVIATIONS.iter().find(|(known, _)| *known == name);
    timezones::get_by_name(meant.map_or(name, |(_, zone)| *zone))
}

/// Teaches the wire's crate these abbreviations: it reads the window of a history, which nobody
/// needs, and fails the whole history for a zone that it does not know.
pub(super) fn teach() {
    static TAUGHT: Once = Once::new();
    TAUGHT.call_once(|| {
        for (name, zone) in ABBREVIATIONS {
            ibapi::register_timezone_alias(name, zone);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_abbreviation_names_a_zone() {
        for (name, _) in ABBREVIATIONS {
            assert!(zone(name).is_some(), "{name}");
        }
        assert!(zone("US/Eastern").is_some());
        assert!(zone("Nowhere/Land").is_none());
    }
}
