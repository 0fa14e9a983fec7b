//! Limits by their names, as a command line gives them: `NAME=NUMBER`, `NAME=off`, `NAME=on`, and `ib`
//! for every limit as IB has it. The names are those of `aioibkr.testing.Limits`.

use super::{Limits, MessageRate};
use crate::error::Error;

const NAMES: [&str; 12] = [
    "messages_per_second",
    "messages_per_client",
    "refusals",
    "market_data_lines",
    "depth",
    "tick_by_tick",
    "open_historical",
    "scanners",
    "account_summaries",
    "clients",
    "active_orders",
    "history_pacing",
];

/// Limits being named one by one; what is not named is as by default, what is named twice as the last
/// time.
#[derive(Clone, Debug)]
pub(crate) struct NamedLimits {
    limits: Limits,
    per_second: Option<usize>,
    is_per_client: bool,
    refusals: u32,
}

impl Default for NamedLimits {
    fn default() -> Self {
        Self { limits: Limits::default(), per_second: None, is_per_client: false, refusals: 3 }
    }
}

impl NamedLimits {
    /// Takes one option.
    ///
    /// # Errors
    /// An unknown name or a value that does not fit it; the message has both.
    pub(crate) fn set(&mut self, option: &str) -> Result<(), Error> {
        if option == "ib" {
            self.limits = Limits::ib();
            self.per_second = self.limits.messages.map(|rate| rate.per_second);
            return Ok(());
        }
        let wrong = |cause: &str| Error::BadLimit(format!("{option:?}: {cause}"));
        let (name, value) = option.split_once('=').ok_or_else(|| wrong("is not NAME=VALUE"))?;
        if !NAMES.contains(&name) {
            return Err(wrong(&format!("the limits are {}", NAMES.join(", "))));
        }
        let set = self.set_named(name, value);
        set.ok_or_else(|| wrong(&format!("{name} is {}", wanted(name))))
    }

    fn set_named(&mut self, name: &str, value: &str) -> Option<()> {
        let limits = &mut self.limits;
        match name {
            "messages_per_second" => self.per_second = most(value)?,
            "messages_per_client" => self.is_per_client = flag(value)?,
            "refusals" => self.refusals = value.parse().ok()?,
            "market_data_lines" => limits.market_data_lines = most(value)?,
            "depth" => limits.depth = most(value)?,
            "tick_by_tick" => limits.tick_by_tick = most(value)?,
            "open_historical" => limits.open_historical = most(value)?,
            "scanners" => limits.scanners = most(value)?,
            "account_summaries" => limits.account_summaries = most(value)?,
            "clients" => limits.clients = most(value)?,
            "active_orders" => limits.active_orders = most(value)?,
            "history_pacing" => limits.has_history_pacing = flag(value)?,
            _ => return None,
        }
        Some(())
    }

    /// The limits named so far.
    pub(crate) fn limits(&self) -> Limits {
        let (is_per_client, refusals) = (self.is_per_client, self.refusals);
        let rate = |per_second| MessageRate { per_second, is_per_client, refusals };
        Limits { messages: self.per_second.map(rate), ..self.limits }
    }
}

/// How many there may be at most; `off` is no limit.
fn most(value: &str) -> Option<Option<usize>> {
    match value {
        "off" => Some(None),
        number => number.parse().ok().map(Some),
    }
}

fn flag(value: &str) -> Option<bool> {
    match value {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

fn wanted(name: &str) -> &'static str {
    match name {
        "messages_per_client" | "history_pacing" => "on or off",
        "refusals" => "a whole number",
        _ => "a whole number or off",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(options: &[&str]) -> Result<Limits, String> {
        let mut limits = NamedLimits::default();
        let set = options.iter().try_for_each(|option| limits.set(option));
        set.map(|()| limits.limits()).map_err(|error| error.to_string())
    }

    #[test]
    fn test_every_limit_can_be_named() {
        let limits = named(&[
            "messages_per_client=on",
            "messages_per_second=10",
            "refusals=2",
            "market_data_lines=4",
            "depth=5",
            "tick_by_tick=6",
            "open_historical=7",
            "scanners=off",
            "account_summaries=9",
            "clients=1",
            "clients=11",
            "active_orders=12",
            "history_pacing=on",
        ]);

        let expected = Limits {
            messages: Some(MessageRate { per_second: 10, is_per_client: true, refusals: 2 }),
            market_data_lines: Some(4),
            depth: Some(5),
            tick_by_tick: Some(6),
            open_historical: Some(7),
            scanners: None,
            account_summaries: Some(9),
            clients: Some(11),
            active_orders: Some(12),
            has_history_pacing: true,
        };
        assert_eq!(limits, Ok(expected));
        assert_eq!(named(&[]), Ok(Limits::default()));
        assert_eq!(named(&["ib"]), Ok(Limits::ib()));
        assert_eq!(named(&["ib", "depth=off"]), Ok(Limits { depth: None, ..Limits::ib() }));
    }

    #[test]
    fn test_what_is_no_limit_is_refused_with_its_value() {
        let cases = [
            ("depth", "\"depth\": is not NAME=VALUE"),
            ("deep=1", "\"deep=1\": the limits are messages_per_second, "),
            ("depth=-1", "\"depth=-1\": depth is a whole number or off"),
            ("refusals=off", "\"refusals=off\": refusals is a whole number"),
            ("history_pacing=1", "\"history_pacing=1\": history_pacing is on or off"),
        ];

        for (option, cause) in cases {
            let error = named(&[option]).unwrap_err();
            assert!(error.contains(cause), "{error}");
        }
    }
}
