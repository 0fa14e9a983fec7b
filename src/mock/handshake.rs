//! The first bytes of a connection: the version range, the chosen version, the client id. The
//! version frames are text at every version; pure parsing here, reading and writing in `connection`.

use crate::clock;
use crate::profile::HostClock;
use crate::settings::Settings;
use crate::wire::{ServerVersion, frame};

/// What a client sends before its first frame.
pub(crate) const GREETING: &[u8; 4] = b"API\0";

/// The lowest and highest server version a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Versions {
    min: i32,
    max: i32,
    /// The client asks to be queued where it would be refused for sending too fast (L3).
    pub(crate) is_paced: bool,
}

impl Versions {
    /// Parses `v<min>..<max>`, with connect options after a space; `v<n>` is a range of one.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok()?.trim_end_matches('\0');
        let is_paced = text.split(' ').skip(1).any(|option| option == "+PACEAPI");
        let range = text.split(' ').next()?.strip_prefix('v')?;
        let (min, max) = range.split_once("..").unwrap_or((range, range));
        Some(Self { min: min.parse().ok()?, max: max.parse().ok()?, is_paced })
    }

    /// Whether a client speaks a version.
    pub(crate) fn include(self, version: i32) -> bool {
        (self.min..=self.max).contains(&version)
    }

    /// The version both sides speak, if there is one.
    pub(crate) fn choose(self, settings: &Settings) -> Option<ServerVersion> {
        let chosen = self.max.min(settings.max_server_version);
        let is_common = chosen >= self.min && chosen >= settings.min_server_version;
        is_common.then_some(ServerVersion(chosen))
    }
}

/// The frame that answers a version range, with the time of the host in its own words (S6).
pub(crate) fn reply(ServerVersion(version): ServerVersion, host: &HostClock) -> Vec<u8> {
    let time = host.stamp(clock::now());
    let mut bytes = Vec::new();
    frame::push_bare(&mut bytes, &[version.to_string().as_bytes(), b"\0", &time, b"\0"].concat());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_the_highest_common_version_is_chosen() {
        let settings = Settings { max_server_version: 225, ..Settings::default() };
        let cases: [(&[u8], Option<i32>); 9] = [
            (b"v100..225", Some(225)),
            (b"v213..226 +PACEAPI", Some(225)),
            (b"v213..220", Some(220)),
            (b"v157..178", Some(178)),
            (b"v157..176", Some(176)),
            (b"v100..156", None),
            (b"v226..230", None),
            (b"v215", Some(215)),
            (b"hello", None),
        ];

        for (body, expected) in cases {
            let chosen = Versions::parse(body).and_then(|versions| versions.choose(&settings));
            assert_eq!(
                chosen.map(|version| version.0),
                expected,
                "{}",
                String::from_utf8_lossy(body)
            );
        }
    }
}
