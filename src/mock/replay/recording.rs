//! The recording file, format version 1: text, one entry per line, parts separated by one space.
//!
//! ```text
//! aioibkr-recording 1
//! # a comment
//! 1 0 open
//! 1 812 > 41504900000000097631...
//! 1 1530 < 0000001a...
//! 1 99120 close
//! ```
//!
//! The first line names format and version. An entry is the number of the connection, the microseconds
//! since the recording began, and what happened: `open`, `close`, `>` with bytes from the client or `<`
//! with bytes from the gateway, in hexadecimal. Bytes stand as they were read, so frames may be split
//! anywhere; with accounts masked they stand in whole frames. A last line without its end was cut off
//! by a crash and is ignored.

use std::fmt::{self, Write};
use std::path::Path;

use crate::error::Error;

const HEADER: &str = "aioibkr-recording 1";

/// Whether a file with these bytes says that it is a recording, of whatever version.
pub(crate) fn is_recording(bytes: &[u8]) -> bool {
    bytes.starts_with(b"aioibkr-recording ")
}

/// Which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    ToGateway,
    ToClient,
}

/// What happened on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    Open,
    Bytes(Way, Vec<u8>),
    Close,
}

/// One line of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) connection: u32,
    pub(super) micros: u64,
    pub(super) happening: Happening,
}

/// What was recorded, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    pub(super) entries: Vec<Entry>,
}

impl Recording {
    /// Reads a recording file.
    ///
    /// # Errors
    /// The file cannot be read, or [`Self::parse`] refuses it; the message names the file.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let named = |cause: &str| Error::BadRecording(format!("{}: {cause}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| named(&error.to_string()))?;
        Self::parse(&text).map_err(|error| match error {
            Error::BadRecording(cause) => named(&cause),
            other => other,
        })
    }

    /// Reads the text of a recording.
    ///
    /// # Errors
    /// Another format or version, or a line that is no entry; the message names the line.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        let mut lines = (1..).zip(whole.lines());
        if lines.next().is_none_or(|(_, header)| header != HEADER) {
            return Err(Error::BadRecording(format!("line 1: is not {HEADER:?}")));
        }
        let entry = |(number, line): (usize, &str)| {
            let wrong = || Error::BadRecording(format!("line {number}: is not an entry"));
            Entry::parse(line).ok_or_else(wrong)
        };
        let is_entry = |(_, line): &(usize, &str)| !line.is_empty() && !line.starts_with('#');
        let entries = lines.filter(is_entry).map(entry).collect::<Result<_, _>>()?;
        Ok(Self { entries })
    }
}

/// The text of the file; [`Recording::parse`] reads the same recording from it.
impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&header())?;
        self.entries.iter().try_for_each(|entry| f.write_str(&entry.line()))
    }
}

/// The first line of a file.
pub(super) fn header() -> String {
    format!("{HEADER}\n")
}

impl Entry {
    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.split(' ');
        let (connection, micros) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let happening = match (parts.next()?, parts.next()) {
            ("open", None) => Happening::Open,
            ("close", None) => Happening::Close,
            (">", Some(hex)) => Happening::Bytes(Way::ToGateway, bytes_of(hex)?),
            ("<", Some(hex)) => Happening::Bytes(Way::ToClient, bytes_of(hex)?),
            _ => return None,
        };
        parts.next().is_none().then_some(Self { connection, micros, happening })
    }

    /// The line of the file, its end included.
    pub(super) fn line(&self) -> String {
        let mut line = format!("{} {} ", self.connection, self.micros);
        match &self.happening {
            Happening::Open => line.push_str("open"),
            Happening::Close => line.push_str("close"),
            Happening::Bytes(way, bytes) => {
                line.push_str(if *way == Way::ToGateway { "> " } else { "< " });
                for byte in bytes {
                    // Writing to a string does not fail.
                    let _ = write!(line, "{byte:02x}");
                }
            }
        }
        line.push('\n');
        line
    }
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    if !hex.len().is_multiple_of(2) || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    (0..hex.len()).step_by(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_entries_read_back_as_written() {
        let entry = |happening| Entry { connection: 3, micros: 1500, happening };
        let entries = vec![
            entry(Happening::Open),
            entry(Happening::Bytes(Way::ToGateway, vec![0, 255, 16])),
            entry(Happening::Bytes(Way::ToClient, vec![1])),
            entry(Happening::Close),
        ];
        let lines: String = entries.iter().map(Entry::line).collect();

        let text = format!("{}# a comment\n{lines}3 1600 < 00f", header());

        let read = Recording::parse(&text).unwrap();
        assert_eq!(Recording::parse(&read.to_string()).as_ref(), Ok(&read));
        assert_eq!(read, Recording { entries });
    }

    #[test]
    fn test_what_is_no_recording_is_told_with_its_line() {
        let cases = [
            ("", "line 1"),
            ("aioibkr-recording 2\n", "line 1"),
            ("aioibkr-recording 1\n\n1 0 opened\n", "line 3"),
            ("aioibkr-recording 1\n1 0 > 0g\n", "line 2"),
            ("aioibkr-recording 1\n1 0 > 000\n", "line 2"),
            ("aioibkr-recording 1\n1 -5 open\n", "line 2"),
            ("aioibkr-recording 1\n1 0 > é0\n", "line 2"),
        ];

        for (text, line) in cases {
            let error = Recording::parse(text).unwrap_err().to_string();
            assert!(error.contains(line), "{text:?}: {error}");
        }
    }
}
