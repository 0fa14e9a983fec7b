//! The gateway's own settings, as a person makes them in its window or as its host has them: what
//! differs between two sound gateways in front of the same market. They hold from start to end.

use std::collections::BTreeMap;

use time::{OffsetDateTime, UtcOffset};

use crate::clock;

/// How a gateway is set up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Refuses everything about orders with 321 (S13). Off, though it is on in a fresh gateway (S14).
    pub is_read_only: bool,
    /// Writes the window of a historical answer as `YYYYMMDD-HH:MM:SS` in UTC; otherwise in the zone
    /// of the instrument (H2).
    pub writes_utc_windows: bool,
    /// The farm for history sleeps as at a weekend: new clients are told 2107 (S3), and the first
    /// query wakes it, with 165 before its bars (H9).
    pub has_idle_history_farm: bool,
    /// Quotes are sampled as IB does: at most one update per 250 ms, 100 ms for options and 5 ms for
    /// currencies, with the newest values (M13). Off, as a test wants each change.
    pub samples_quotes: bool,
    /// Account figures that moved with prices alone are told every three minutes of market time (A3,
    /// A6, A15); otherwise at once.
    pub paces_account_updates: bool,
    /// Keys of a currency's own figures begin with `$LEDGER-`, as of gateways from 10.47; off, as of older
    /// ones.
    pub prefixes_ledger: bool,
    /// The host of the gateway.
    pub host: HostClock,
    /// Texts of codes in the language of the gateway, in place of its English ones (C12).
    pub texts: BTreeMap<i32, String>,
}

/// The zone of the machine a gateway runs on, which names it as its system does (S6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostClock {
    /// Name in the connection time: an abbreviation, a name with blanks, or bytes no client can
    /// decode. A NUL would end the field and is left out.
    pub zone: Vec<u8>,
    /// Minutes its clock is ahead of UTC.
    pub minutes_ahead: i16,
}

impl Default for HostClock {
    fn default() -> Self {
        Self { zone: b"UTC".to_vec(), minutes_ahead: 0 }
    }
}

impl HostClock {
    /// A moment on the clock of the host, with its zone.
    pub(crate) fn stamp(&self, moment: OffsetDateTime) -> Vec<u8> {
        let seconds = i32::from(self.minutes_ahead) * 60;
        // No clock is a day ahead; one that claims to be is shown in UTC.
        let offset = UtcOffset::from_whole_seconds(seconds).unwrap_or(UtcOffset::UTC);
        let local = clock::stamp(moment.to_offset(offset));
        let zone = self.zone.iter().copied().filter(|byte| *byte != 0);
        local.into_bytes().into_iter().chain([b' ']).chain(zone).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn test_a_moment_is_shown_on_the_clock_and_with_the_zone_of_the_host() {
        let moment = datetime!(2026-07-01 22:30:00 UTC);
        let cases: [(&[u8], i16, &[u8]); 3] = [
            (b"UTC", 0, b"20260701 22:30:00 UTC"),
            (
                b"Central European Standard Time",
                120,
                b"20260702 00:30:00 Central European Standard Time",
            ),
            (b"\xD6\xD0\0\xB9", 480, b"20260702 06:30:00 \xD6\xD0\xB9"),
        ];

        for (zone, minutes_ahead, expected) in cases {
            let host = HostClock { zone: zone.to_vec(), minutes_ahead };
            assert_eq!(host.stamp(moment), expected);
        }
    }
}
