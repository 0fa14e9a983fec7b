//! Which lines stay silent after an outage of a farm, though they should not (C6, H18, B2): pure, of
//! (farms, lines, now).
//!
//! A short outage of one of IB's farms can leave streams silent for ever, without an error. A line is
//! *stale* when it brought something within [`LIVELY`] before the outage, the outage concerned it, and
//! nothing has come for a settable time since the farm is back. What was quiet before proves nothing
//! by being quiet after.
//!
//! IB does not say which lines hang on a farm. Farms of history carry bars that keep up to date, farms
//! of market data everything; names such as `cashfarm` and `usopt` narrow it to a kind of security,
//! any other name means any line.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Contract, Farm, FarmKind, FarmState, LineKind, SecurityType};

/// A line that brought nothing for so long before an outage is quiet by nature.
const LIVELY: Duration = Duration::from_secs(60);

/// A line at one moment.
#[derive(Debug, Clone)]
pub(super) struct Sample<'a> {
    pub(super) request_id: i32,
    pub(super) contract: &'a Contract,
    pub(super) kind: &'a LineKind,
    /// How many items it has brought.
    pub(super) items: u64,
    /// How long ago the last came; `None` if none did.
    pub(super) silence: Option<Duration>,
}

/// Watches the lines of one link.
#[derive(Debug)]
pub(super) struct StaleWatch {
    stale_after: Duration,
    /// How many outages of each farm have been taken up.
    outages: HashMap<String, u64>,
    suspects: Vec<Suspect>,
}

/// A line that an outage concerned.
#[derive(Debug)]
struct Suspect {
    farm: String,
    request_id: i32,
    trial: Option<Trial>,
}

/// The farm is back: the line has until `due` to bring more than it had.
#[derive(Debug, Clone, Copy)]
struct Trial {
    items: u64,
    due: Instant,
}

impl StaleWatch {
    /// A watch that takes up what comes after `farms`.
    pub(super) fn new(stale_after: Duration, farms: &[Farm]) -> Self {
        let outages = farms.iter().map(|farm| (farm.name.clone(), farm.outages)).collect();
        Self { stale_after, outages, suspects: Vec::new() }
    }

    /// Looks at farms and lines; returns the requests of lines that are stale, each once.
    pub(super) fn look(&mut self, farms: &[Farm], lines: &[Sample<'_>], now: Instant) -> Vec<i32> {
        let of_request = |id: i32| lines.iter().find(|line| line.request_id == id);
        farms.iter().for_each(|farm| self.take_up(farm, lines));
        self.suspects.retain(|suspect| of_request(suspect.request_id).is_some());
        for suspect in &mut self.suspects {
            let is_back = farms.iter().any(|farm| farm.name == suspect.farm && is_there(farm));
            let items = of_request(suspect.request_id).map_or(0, |line| line.items);
            let due = now + self.stale_after;
            suspect.trial = is_back.then(|| suspect.trial.unwrap_or(Trial { items, due }));
        }
        let over = |suspect: &mut Suspect| suspect.trial.is_some_and(|trial| trial.due <= now);
        let judged = self.suspects.extract_if(.., over).filter_map(|suspect| {
            let silent = of_request(suspect.request_id)?.items == suspect.trial?.items;
            silent.then_some(suspect.request_id)
        });
        let mut stale: Vec<i32> = judged.collect();
        stale.sort_unstable();
        stale.dedup();
        stale
    }

    /// When a line's time is over; `None` while none is on trial.
    pub(super) fn next_look(&self) -> Option<Instant> {
        self.suspects.iter().filter_map(|suspect| suspect.trial).map(|trial| trial.due).min()
    }

    /// Suspects the lines a new outage of a farm concerns.
    fn take_up(&mut self, farm: &Farm, lines: &[Sample<'_>]) {
        let known = self.outages.entry(farm.name.clone()).or_default();
        if *known == farm.outages {
            return;
        }
        *known = farm.outages;
        self.suspects.retain(|suspect| suspect.farm != farm.name);
        let concerned = lines.iter().filter(|line| line.is_lively() && concerns(farm, line));
        self.suspects.extend(concerned.map(|line| Suspect {
            farm: farm.name.clone(),
            request_id: line.request_id,
            trial: None,
        }));
    }
}

impl Sample<'_> {
    fn is_lively(&self) -> bool {
        self.silence.is_some_and(|silence| silence <= LIVELY)
    }
}

fn is_there(farm: &Farm) -> bool {
    match farm.state {
        FarmState::Ok | FarmState::Inactive => true,
        FarmState::Broken | FarmState::Connecting => false,
    }
}

/// Whether a line may hang on a farm.
fn concerns(farm: &Farm, line: &Sample<'_>) -> bool {
    let is_bars = matches!(line.kind, LineKind::Bars(_));
    match farm.kind {
        FarmKind::SecurityDefinition => false,
        FarmKind::History => is_bars,
        FarmKind::MarketData => carries(&farm.name, &line.contract.security_type),
    }
}

/// What the name of a farm says of the securities it carries.
fn carries(farm: &str, security: &SecurityType) -> bool {
    use SecurityType::{Bond, Forex, Fund, Future, FutureOption, Option};
    let special: [(&str, &[SecurityType]); 5] = [
        ("cash", &[Forex]),
        ("opt", &[Option, FutureOption]),
        ("future", &[Future, FutureOption]),
        ("bond", &[Bond]),
        ("fund", &[Fund]),
    ];
    let named = special.iter().find(|(part, _)| farm.contains(part));
    named.is_none_or(|(_, securities)| securities.contains(security))
}

#[cfg(test)]
#[path = "stale_tests.rs"]
mod tests;
