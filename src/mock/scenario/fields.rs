//! Typed reading of a TOML table in which every complaint names a line and no key goes unread.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::Error;

/// Where the lines of a text begin, and the folder its file names start from.
pub(super) struct Lines {
    starts: Vec<usize>,
    folder: PathBuf,
}

impl Lines {
    pub(super) fn of(text: &str, folder: &Path) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(ends.map(|(end, _)| end + 1)).collect();
        Self { starts, folder: folder.to_owned() }
    }

    /// The line of a byte, from 1.
    pub(super) fn at(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte)
    }
}

/// A table being read.
pub(super) struct Fields<'a> {
    table: &'a DeTable<'a>,
    line: usize,
    lines: &'a Lines,
    read: BTreeSet<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(table: &'a DeTable<'a>, line: usize, lines: &'a Lines) -> Self {
        Self { table, line, lines, read: BTreeSet::new() }
    }

    /// A complaint about a key, or about the table if it lacks the key.
    pub(super) fn wrong(&self, key: &str, cause: &str) -> Error {
        let found = self.table.get(key).map(|value| self.lines.at(value.span().start));
        let subject = found.map_or_else(String::new, |_| format!("{key} "));
        let line = found.unwrap_or(self.line);
        Error::BadScenario(format!("line {line}: {subject}{cause}"))
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    fn get(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.read.insert(key);
        self.table.get(key)
    }

    pub(super) fn text(&mut self, key: &'static str) -> Result<Option<String>, Error> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let text = value.get_ref().as_str().map(str::to_owned);
        text.map(Some).ok_or_else(|| self.wrong(key, "must be a text"))
    }

    /// The path of a file, from the folder of the scenario.
    pub(super) fn path(&mut self, key: &'static str) -> Result<Option<PathBuf>, Error> {
        Ok(self.text(key)?.map(|name| self.lines.folder.join(name)))
    }

    pub(super) fn number(&mut self, key: &'static str) -> Result<Option<f64>, Error> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let digits = match value.get_ref() {
            DeValue::Integer(number) => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            _ => "",
        };
        let number = digits.parse().ok().filter(|number: &f64| number.is_finite());
        number.map(Some).ok_or_else(|| self.wrong(key, "must be a finite number"))
    }

    pub(super) fn integer<N>(&mut self, key: &'static str) -> Result<Option<N>, Error>
    where
        N: std::str::FromStr,
    {
        let Some(value) = self.get(key) else { return Ok(None) };
        let number = value.get_ref().as_integer().and_then(|number| number.as_str().parse().ok());
        number.map(Some).ok_or_else(|| self.wrong(key, "must be a whole number in range"))
    }

    pub(super) fn flag(&mut self, key: &'static str) -> Result<Option<bool>, Error> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let flag = value.get_ref().as_bool();
        flag.map(Some).ok_or_else(|| self.wrong(key, "must be true or false"))
    }

    pub(super) fn seconds(&mut self, key: &'static str) -> Result<Option<Duration>, Error> {
        let Some(number) = self.number(key)? else { return Ok(None) };
        let seconds = Duration::try_from_secs_f64(number);
        seconds.map(Some).map_err(|_| self.wrong(key, "must be seconds, not below 0"))
    }

    pub(super) fn table(&mut self, key: &'static str) -> Result<Option<Self>, Error> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let line = self.lines.at(value.span().start);
        match value.get_ref().as_table() {
            Some(table) => Ok(Some(Self::of(table, line, self.lines))),
            None => Err(self.wrong(key, "must be a table")),
        }
    }

    pub(super) fn tables(&mut self, key: &'static str) -> Result<Vec<Self>, Error> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let list = value.get_ref().as_array().ok_or_else(|| self.wrong(key, "must be tables"))?;
        let read = |entry: &'a Spanned<DeValue<'a>>| {
            let line = self.lines.at(entry.span().start);
            let table = entry.get_ref().as_table();
            table.map(|table| Self::of(table, line, self.lines))
        };
        let tables: Option<Vec<_>> = list.iter().map(read).collect();
        tables.ok_or_else(|| self.wrong(key, "must be tables"))
    }

    /// A value that must be there.
    pub(super) fn need<T>(&self, key: &str, value: Option<T>) -> Result<T, Error> {
        value.ok_or_else(|| self.wrong(key, &format!("{key} is missing")))
    }

    /// Where the table begins.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// Complains of the first key that nobody read.
    pub(super) fn finish(self) -> Result<(), Error> {
        let unread = self.table.keys().find(|key| !self.read.contains(key.get_ref().as_ref()));
        unread.map_or(Ok(()), |key| {
            let line = self.lines.at(key.span().start);
            Err(Error::BadScenario(format!("line {line}: unknown key {:?}", key.get_ref())))
        })
    }
}
