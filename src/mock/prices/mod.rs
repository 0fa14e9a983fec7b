//! Prices from a file: a series of changes with their times, read from a CSV file or taken from a
//! recording. Promises that a file is read as a whole or refused with where it is wrong; whether its
//! instruments are listed is asked when it is played.

mod play;
mod recorded;
mod table;

pub(crate) use play::Play;

use std::path::Path;
use std::sync::Arc;

use crate::error::Error;
use crate::exchange::QuoteChange;
use crate::replay::{self, Recording};
use crate::wire::pb;

/// Prices of instruments in the course of time.
#[derive(Clone, Debug, PartialEq)]
pub struct PriceSeries {
    /// What the file calls the instruments.
    pub(crate) subjects: Vec<Subject>,
    /// In the order of their time.
    pub(crate) rows: Arc<[Row]>,
}

/// An instrument as a file names it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Subject {
    pub(crate) name: Name,
    /// Where the file names it first.
    pub(crate) place: String,
}

/// How a file names an instrument.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Name {
    /// Every instrument called so, as in `set_price`.
    Symbol(String),
    /// The contract of a request.
    Contract(Box<pb::Contract>),
}

/// What changes at a moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// Milliseconds since the series began.
    pub(crate) at: i64,
    /// Which subject, by its place among them.
    pub(crate) subject: usize,
    pub(crate) change: QuoteChange,
}

impl PriceSeries {
    /// Reads a CSV file, or a recording that `aioibkr record` wrote.
    ///
    /// # Errors
    /// The file cannot be read, or [`Self::parse`] refuses it; the message names the file.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let named = |cause: &str| format!("{}: {cause}", path.display());
        let bytes =
            std::fs::read(path).map_err(|error| Error::BadPrices(named(&error.to_string())))?;
        let series = Self::parse(&bytes).map_err(|error| match error {
            Error::BadPrices(cause) => Error::BadPrices(named(&cause)),
            Error::BadRecording(cause) => Error::BadRecording(named(&cause)),
            other => other,
        })?;
        let place = |subject: Subject| Subject { place: named(&subject.place), ..subject };
        Ok(Self { subjects: series.subjects.into_iter().map(place).collect(), ..series })
    }

    /// Reads the bytes of a CSV file, or of a recording.
    ///
    /// # Errors
    /// A column, a cell or an entry that is wrong; the message names the line.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if !replay::is_recording(bytes) {
            return table::read(bytes);
        }
        let text = String::from_utf8_lossy(bytes);
        recorded::read(&Recording::parse(&text)?)
    }

    /// Rows may come in any order; those of one time keep theirs.
    fn new(subjects: Vec<Subject>, mut rows: Vec<Row>) -> Self {
        rows.sort_by_key(|row| row.at);
        Self { subjects, rows: rows.into() }
    }
}
