//! Generic ticks: what else a market data request asks for, told with the first burst and when it
//! changes.

use crate::client::{Outlet, Ticker};
use crate::exchange::instrument::Instrument;
use crate::exchange::number::decimal;
use crate::exchange::refusal::Refusal;
use crate::exchange::statistic::{Form, STATISTICS, Statistic};
use crate::exchange::{ConId, SecurityKind};
use crate::wire::pb;
use crate::world::World;

/// News is asked for in the same list.
const NEWS: i32 = 292;
/// Ticks that delayed data has too (M15).
const DELAYED: [i32; 7] = [101, 106, 165, 221, 232, 236, 258];
/// Asks for no quotes at all.
const NO_QUOTES: &str = "mdoff";
const RETIRED: i32 = 258;

/// A generic tick list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) generics: Vec<i32>,
    /// Codes of news providers, if news is wanted; empty is every provider.
    pub(super) news: Option<Vec<String>>,
    pub(super) is_without_quotes: bool,
}

impl Wanted {
    /// Reads a comma list. A number may be followed by a provider after a colon.
    pub(super) fn parse(list: &str) -> Option<Self> {
        let mut wanted = Self::default();
        for item in list.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let (number, provider) = item.split_once(':').unwrap_or((item, ""));
            match number.parse() {
                _ if item == NO_QUOTES => wanted.is_without_quotes = true,
                Ok(NEWS) => wanted.add_news(provider),
                Ok(generic) => wanted.generics.push(generic),
                Err(_) => return None,
            }
        }
        Some(wanted)
    }

    fn add_news(&mut self, providers: &str) {
        let codes = providers.split('+').filter(|code| !code.is_empty()).map(str::to_owned);
        self.news.get_or_insert_default().extend(codes);
    }

    /// An illegal number is refused with every legal one of the kind (M16).
    pub(super) fn check(&self, kind: SecurityKind, list: &str) -> Result<(), Refusal> {
        if self.generics.contains(&RETIRED) {
            return Err(Refusal::new(10_358, "Fundamentals data is not allowed."));
        }
        let legal = legal(kind);
        match self.generics.iter().all(|generic| legal.contains(generic)) {
            true => Ok(()),
            false => Err(illegal(kind, list)),
        }
    }

    /// Whether delayed data lacks some of it (M15).
    pub(super) fn is_partly_delayed(&self) -> bool {
        self.generics.iter().any(|generic| !DELAYED.contains(generic))
    }
}

/// Every legal number of a kind of security.
fn legal(kind: SecurityKind) -> Vec<i32> {
    let mut legal: Vec<_> =
        STATISTICS.iter().filter(|one| one.is_of(kind)).map(|one| one.generic).collect();
    legal.push(NEWS);
    legal.sort_unstable();
    legal.dedup();
    legal
}

pub(super) fn illegal(kind: SecurityKind, list: &str) -> Refusal {
    let legal: Vec<_> = legal(kind).iter().map(i32::to_string).collect();
    let (code, legal) = (kind.code(), legal.join(","));
    let cause =
        format!("Incorrect generic tick list of {list}.  Legal ones for ({code}) are: {legal}");
    Refusal::new(321, format!("Error validating request.-'bQ' : cause - {cause}"))
}

/// Sends what a ticker asked for, as far as `is_told`.
pub(super) fn send(
    world: &World,
    to: &Outlet,
    id: i32,
    ticker: &Ticker,
    is_told: impl Fn(&Statistic) -> bool,
) {
    let Some(instrument) = world.exchange.listing.get(ticker.con_id) else { return };
    for statistic in &STATISTICS {
        if !(ticker.shows(statistic) && statistic.is_of(instrument.kind) && is_told(statistic)) {
            continue;
        }
        if let Some(value) = value(world, instrument, statistic) {
            send_one(to, id, statistic, &value);
        }
    }
}

impl Ticker {
    fn shows(&self, statistic: &Statistic) -> bool {
        let is_there = !self.mode.is_delayed() || DELAYED.contains(&statistic.generic);
        is_there && self.generics.contains(&statistic.generic)
    }
}

fn value(world: &World, instrument: &Instrument, statistic: &Statistic) -> Option<String> {
    let key = (instrument.con_id, statistic.name);
    let set = world.statistics.get(&key).cloned();
    set.or_else(|| {
        let quote = world.exchange.frozen_quote(instrument.con_id)?;
        statistic.computed(instrument, world.exchange.seed, quote)
    })
}

fn send_one(to: &Outlet, id: i32, statistic: &Statistic, value: &str) {
    let (req_id, tick_type) = (Some(id), Some(statistic.tick));
    match statistic.form {
        Form::Price => to.send(&pb::TickPrice {
            req_id,
            tick_type,
            price: value.parse().ok(),
            size: Some("0".to_owned()),
            attr_mask: Some(0),
        }),
        Form::Size => to.send(&pb::TickSize { req_id, tick_type, size: Some(value.to_owned()) }),
        Form::Number => to.send(&pb::TickGeneric { req_id, tick_type, value: value.parse().ok() }),
        Form::Text => to.send(&pb::TickString { req_id, tick_type, value: Some(value.to_owned()) }),
    }
}

/// Puts a value in place of a computed one, and tells every ticker that shows it. Says whether the
/// value fits the form of the statistic.
pub(crate) fn set(world: &mut World, con_id: ConId, statistic: &Statistic, value: &str) -> bool {
    let is_number = || value.parse().ok().and_then(decimal).is_some();
    if statistic.form != Form::Text && !is_number() {
        return false;
    }
    world.statistics.insert((con_id, statistic.name), value.to_owned());
    tell(world, con_id, |one| one.name == statistic.name);
    true
}

/// Tells every ticker of an instrument, as far as `is_told`.
pub(super) fn tell(world: &World, con_id: ConId, is_told: impl Fn(&Statistic) -> bool) {
    for client in world.clients.values() {
        for (id, ticker) in &client.tickers {
            if ticker.con_id == con_id && !ticker.generics.is_empty() {
                send(world, &client.outlet, *id, ticker, &is_told);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_lists_are_read_with_their_providers() {
        let wanted = Wanted::parse("mdoff,292:BRFG,292:DJNL+FLY, 233").unwrap();

        assert_eq!(wanted.generics, [233]);
        assert_eq!(wanted.news.unwrap(), ["BRFG", "DJNL", "FLY"]);
        assert!(wanted.is_without_quotes);
        assert_eq!(Wanted::parse("abc"), None);
    }

    /// (M16) 576 and 578 are refused today.
    #[test]
    fn test_illegal_numbers_are_refused_by_kind() {
        let cases = [
            ("100,233", SecurityKind::Stock, None),
            ("588", SecurityKind::Future, None),
            ("588", SecurityKind::Stock, Some(321)),
            ("576", SecurityKind::Stock, Some(321)),
            ("578", SecurityKind::Stock, Some(321)),
            ("258", SecurityKind::Stock, Some(10_358)),
        ];

        for (list, kind, expected) in cases {
            let found = Wanted::parse(list).unwrap().check(kind, list);
            assert_eq!(found.err().map(|refusal| refusal.code), expected, "{list}");
        }
    }
}
