//! What a gateway's notices say about its way to IB: pure, of (what was known, notice).
//!
//! | code | says | change |
//! |---|---|---|
//! | 1100, 2110 | IB's servers are lost | `ServersLost` |
//! | 1101 | they are back, streams are gone | `ServersBack`, data lost |
//! | 1102 | they are back, streams go on | `ServersBack` |
//! | 1300 | the gateway's port changes, the socket is dropped | `PortChanged` |
//! | [`NOTICES_LOST`] | any of these may have been missed | `Unheard` |
//! | 2103 2105 2157, 2104 2106 2158, 2107 2108, 2119 | a farm is broken, well, asleep, coming | kept by farm |
//!
//! A gateway repeats 1100 for as long as the outage lasts (C1) and may never tell of its end (B16).
//! Texts follow the language of the gateway (C12): only codes and farm names are read.

use std::collections::BTreeMap;

use crate::model::{Farm, FarmKind, FarmState, NOTICES_LOST, Notice};

/// What a notice changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The gateway lost IB's servers.
    ServersLost,
    /// It has them again.
    ServersBack {
        /// Streams are gone and must be asked for again.
        data_lost: bool,
    },
    /// The gateway drops the socket; it listens on the port it was told to.
    PortChanged,
    /// What was said is not known: the link is no longer to be trusted.
    Unheard,
    /// A farm stands differently.
    Farm,
}

/// How one link's gateway stands with IB.
#[derive(Debug, Clone, Default)]
pub struct Connectivity {
    farms: BTreeMap<String, Farm>,
}

impl Connectivity {
    /// The farms the gateway named, by name.
    #[must_use]
    pub fn farms(&self) -> Vec<Farm> {
        self.farms.values().cloned().collect()
    }

    /// Takes a notice; `None` if it is about something else.
    pub fn take(&mut self, notice: &Notice) -> Option<Change> {
        match notice.code {
            1100 | 2110 => Some(Change::ServersLost),
            1101 => Some(Change::ServersBack { data_lost: true }),
            1102 => {
                self.all_connected(notice);
                Some(Change::ServersBack { data_lost: false })
            }
            1300 => Some(Change::PortChanged),
            NOTICES_LOST => Some(Change::Unheard),
            code => {
                let ((kind, state), name) = (farm(code)?, farm_name(&notice.message)?);
                self.set(name, kind, state, notice);
                Some(Change::Farm)
            }
        }
    }

    /// A restoration names the farms it brought back, separated by semicolons (C4).
    fn all_connected(&mut self, notice: &Notice) {
        let named = notice.message.rsplit([':', '：']).next().unwrap_or_default();
        for name in named.split(';').map(|name| name.trim().trim_end_matches('.')) {
            if let Some(kind) = self.farms.get(name).map(|farm| farm.kind) {
                self.set(name, kind, FarmState::Ok, notice);
            }
        }
    }

    fn set(&mut self, name: &str, kind: FarmKind, state: FarmState, notice: &Notice) {
        let known = self.farms.get(name);
        let outages = known.map_or(0, |farm| farm.outages);
        let unchanged = known.filter(|farm| farm.state == state);
        let breaks = state == FarmState::Broken && unchanged.is_none();
        let since = unchanged.map_or(notice.time, |farm| farm.since);
        let outages = outages + u64::from(breaks);
        self.farms.insert(name.into(), Farm { name: name.into(), kind, state, since, outages });
    }
}

fn farm(code: i32) -> Option<(FarmKind, FarmState)> {
    use FarmKind::{History, MarketData, SecurityDefinition};
    match code {
        2103 => Some((MarketData, FarmState::Broken)),
        2104 => Some((MarketData, FarmState::Ok)),
        2105 => Some((History, FarmState::Broken)),
        2106 => Some((History, FarmState::Ok)),
        2107 => Some((History, FarmState::Inactive)),
        2108 => Some((MarketData, FarmState::Inactive)),
        2119 => Some((MarketData, FarmState::Connecting)),
        2157 => Some((SecurityDefinition, FarmState::Broken)),
        2158 => Some((SecurityDefinition, FarmState::Ok)),
        _ => None,
    }
}

/// The name is glued to the end of the text, behind a colon or a full stop (S3).
fn farm_name(text: &str) -> Option<&str> {
    let name = text.trim().rsplit([':', '.', '：', '。']).next()?.trim();
    (!name.is_empty() && !name.contains(char::is_whitespace)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn notice(code: i32, message: &str) -> Notice {
        Notice { code, message: message.into(), time: clock::now() }
    }

    #[test]
    fn codes_say_what_became_of_the_servers() {
        let table = [
            (1100, Some(Change::ServersLost)),
            (2110, Some(Change::ServersLost)),
            (1101, Some(Change::ServersBack { data_lost: true })),
            (1102, Some(Change::ServersBack { data_lost: false })),
            (1300, Some(Change::PortChanged)),
            (NOTICES_LOST, Some(Change::Unheard)),
            (399, None),
            (2100, None),
        ];

        for (code, change) in table {
            assert_eq!(Connectivity::default().take(&notice(code, "text")), change, "{code}");
        }
    }

    /// (C10, S3)
    #[test]
    fn farms_are_kept_by_name() {
        let table = [
            (2103, "Market data farm connection is broken:usfarm", "usfarm", FarmState::Broken),
            (2104, "Market data farm connection is OK:usfarm", "usfarm", FarmState::Ok),
            (2105, "HMDS data farm connection is broken:ushmds", "ushmds", FarmState::Broken),
            (2106, "HMDS data farm connection is OK:ushmds", "ushmds", FarmState::Ok),
            (2107, "inactive but available upon demand.ushmds", "ushmds", FarmState::Inactive),
            (2108, "inactive but available upon demand.cash", "cash", FarmState::Inactive),
            (2119, "Market data farm is connecting:eufarm", "eufarm", FarmState::Connecting),
            (2157, "Sec-def data farm connection is broken:sec", "sec", FarmState::Broken),
            (2158, "安全定义数据农场连接正常：sec", "sec", FarmState::Ok),
        ];
        let mut connectivity = Connectivity::default();

        for (code, text, name, state) in table {
            assert_eq!(connectivity.take(&notice(code, text)), Some(Change::Farm));
            let farms = connectivity.farms();
            let farm = farms.iter().find(|farm| farm.name == name).unwrap();
            assert_eq!(farm.state, state, "{code}");
        }
        assert_eq!(connectivity.farms().len(), 5);
    }

    #[test]
    fn each_outage_counts_once() {
        let mut connectivity = Connectivity::default();
        let mut outages = Vec::new();

        for code in [2104, 2103, 2103, 2104, 2119, 2103] {
            connectivity.take(&notice(code, "the farm:usfarm"));
            outages.push(connectivity.farms()[0].outages);
        }

        assert_eq!(outages, [0, 1, 1, 1, 1, 2]);
    }

    #[test]
    fn a_text_without_a_name_is_no_farm() {
        assert_eq!(Connectivity::default().take(&notice(2104, "a farm is well.")), None);
    }

    /// (C4)
    #[test]
    fn a_restoration_names_the_farms_it_brought_back() {
        let mut connectivity = Connectivity::default();
        connectivity.take(&notice(2103, "broken:usfarm"));
        connectivity.take(&notice(2105, "broken:ushmds"));

        connectivity.take(&notice(1102, "All data farms are connected: usfarm; secdefnj."));

        let states: Vec<_> = connectivity.farms().into_iter().map(|farm| farm.state).collect();
        assert_eq!(states, [FarmState::Ok, FarmState::Broken]);
    }
}
