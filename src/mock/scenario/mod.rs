//! Scenarios: a timeline of what happens to a gateway, from a TOML file.
//!
//! ```toml
//! version = 1
//! starts = "first client"      # or "at once", the default
//!
//! [[event]]
//! at = 0.5                     # seconds from the start
//! price = { symbol = "AAPL", bid = 189.9, ask = 190.1 }
//!
//! [[event]]
//! at = 2
//! repeat = { times = 3, every = 1.5 }
//! notice = 2104
//! ```
//!
//! An event has a time and exactly one action; `events` lists the actions. What is wrong with a file is
//! told with the line. A gateway that is reset goes on with its scenario.

mod director;
mod events;
mod fields;

pub(crate) use director::Director;
pub(crate) use events::{Step, Timed};

use std::path::Path;

use toml::de::DeTable;

use self::fields::{Fields, Lines};
use crate::error::Error;

/// A timeline of what happens to a gateway.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    pub(crate) waits_for_client: bool,
    /// In the order of their time.
    pub(crate) steps: Vec<Timed>,
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// The file cannot be read, or [`Self::parse`] refuses it; the message names the file.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let named = |cause: &str| Error::BadScenario(format!("{}: {cause}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| named(&error.to_string()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse_in(&text, folder).map_err(|error| match error {
            Error::BadScenario(cause) => named(&cause),
            other => other,
        })
    }

    /// Reads the text of a scenario.
    ///
    /// # Errors
    /// Text that is not TOML, an unknown or missing key, or a value of the wrong kind; the message
    /// names the line. Symbols and accounts are checked when a gateway starts.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::parse_in(text, Path::new(""))
    }

    /// The files it names are looked for in this folder.
    fn parse_in(text: &str, folder: &Path) -> Result<Self, Error> {
        let lines = Lines::of(text, folder);
        let table = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| lines.at(span.start));
            Error::BadScenario(format!("line {line}: {}", error.message()))
        })?;
        let mut fields = Fields::of(table.get_ref(), 1, &lines);
        match fields.number("version")? {
            Some(1.0) => {}
            Some(_) => return Err(fields.wrong("version", "this gateway reads version 1")),
            None => return Err(fields.wrong("version", "needs version = 1")),
        }
        let waits_for_client = match fields.text("starts")?.as_deref() {
            None | Some("at once") => false,
            Some("first client") => true,
            Some(_) => return Err(fields.wrong("starts", "is \"at once\" or \"first client\"")),
        };
        let mut steps = Vec::new();
        for event in fields.tables("event")? {
            events::read(event, &mut steps)?;
        }
        fields.finish()?;
        steps.sort_by_key(|step: &Timed| step.at);
        Ok(Self { waits_for_client, steps })
    }
}

#[cfg(test)]
mod tests;
