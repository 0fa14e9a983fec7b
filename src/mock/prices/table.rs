//! Prices as a CSV file: a header, then one row per instrument and moment. A blank cell leaves what it
//! stands for as it is. Every complaint names its line and says what would do.

use std::collections::BTreeMap;

use csv::{ErrorKind, Position, ReaderBuilder, StringRecord, Trim};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Name, PriceSeries, Row, Subject};
use crate::error::Error;
use crate::exchange::QuoteChange;

const COLUMNS: [&str; 9] =
    ["time", "symbol", "bid", "ask", "last", "bid_size", "ask_size", "last_size", "volume"];

/// Reads the bytes of a file.
pub(super) fn read(bytes: &[u8]) -> Result<PriceSeries, Error> {
    // A spreadsheet may mark its text as UTF-8.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new().comment(Some(b'#')).trim(Trim::All).from_reader(bytes);
    let unreadable = |error: csv::Error| unreadable(&error, line_of(bytes, error.position()));
    let header = reader.headers().map_err(unreadable)?;
    let mut table = Table::of(header, line_of(bytes, header.position()))?;
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        table.add(&record, line_of(bytes, record.position()))?;
    }
    table.series()
}

/// The line of a record. The reader's position is where it began to look for it: blank lines and
/// comments may come first.
fn line_of(bytes: &[u8], position: Option<&Position>) -> u64 {
    let Some(position) = position else { return 1 };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = bytes.get(start..).unwrap_or_default();
    let is_skipped = |line: &&[u8]| line.starts_with(b"#") || matches!(*line, b"" | b"\r");
    let skipped = rest.split(|byte| *byte == b'\n').take_while(is_skipped).count();
    position.line() + skipped as u64
}

fn wrong(line: u64, cause: impl std::fmt::Display) -> Error {
    Error::BadPrices(format!("line {line}: {cause}"))
}

fn unreadable(error: &csv::Error, line: u64) -> Error {
    match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            wrong(line, format_args!("has {len} cells where the header has {expected_len}"))
        }
        ErrorKind::Utf8 { .. } => wrong(line, "is not UTF-8: save the file in that encoding"),
        _ => wrong(line, error),
    }
}

/// Rows read so far.
struct Table {
    /// The cell of each column.
    columns: BTreeMap<&'static str, usize>,
    header: u64,
    subjects: Vec<Subject>,
    known: BTreeMap<String, usize>,
    /// The first row's form of time, and its line.
    form: Option<(Form, u64)>,
    rows: Vec<Row>,
}

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Seconds,
    Date,
}

impl Table {
    fn of(header: &StringRecord, line: u64) -> Result<Self, Error> {
        let mut columns = BTreeMap::new();
        for (cell, name) in header.iter().enumerate() {
            let known = COLUMNS.iter().find(|column| **column == name);
            let list = COLUMNS.join(", ");
            let unknown =
                || wrong(line, format_args!("column {name:?} is unknown: known are {list}"));
            if columns.insert(*known.ok_or_else(unknown)?, cell).is_some() {
                return Err(wrong(line, format_args!("column {name:?} is there twice")));
            }
        }
        for needed in &COLUMNS[..2] {
            if !columns.contains_key(needed) {
                return Err(wrong(
                    line,
                    format_args!("column {needed:?} is missing in the header"),
                ));
            }
        }
        let (subjects, rows) = (Vec::new(), Vec::new());
        Ok(Self { columns, header: line, subjects, known: BTreeMap::new(), form: None, rows })
    }

    fn add(&mut self, record: &StringRecord, line: u64) -> Result<(), Error> {
        let cells = Cells { record, columns: &self.columns, line };
        let (at, symbol, change) = (cells.time()?, cells.symbol()?, cells.change()?);
        let at = self.in_form(at, line)?;
        let subject = self.subject(symbol, line);
        self.rows.push(Row { at, subject, change });
        Ok(())
    }

    /// Every time of a file is in the form of the first.
    fn in_form(&mut self, (form, at): (Form, i64), line: u64) -> Result<i64, Error> {
        match *self.form.get_or_insert((form, line)) {
            (first, _) if first == form => Ok(at),
            (_, first) => Err(wrong(
                line,
                format_args!("one of this time and that of line {first} is in seconds, one a date"),
            )),
        }
    }

    fn subject(&mut self, symbol: &str, line: u64) -> usize {
        if let Some(known) = self.known.get(symbol) {
            return *known;
        }
        let place = format!("line {line}");
        self.subjects.push(Subject { name: Name::Symbol(symbol.to_owned()), place });
        self.known.insert(symbol.to_owned(), self.subjects.len() - 1);
        self.subjects.len() - 1
    }

    /// Dates count from the earliest of them.
    fn series(mut self) -> Result<PriceSeries, Error> {
        let Some(first) = self.rows.iter().map(|row| row.at).min() else {
            return Err(wrong(self.header, "is followed by no row"));
        };
        if self.form.is_some_and(|(form, _)| form == Form::Date) {
            self.rows.iter_mut().for_each(|row| row.at -= first);
        }
        Ok(PriceSeries::new(self.subjects, self.rows))
    }
}

/// The cells of one row.
struct Cells<'a, 't> {
    record: &'a StringRecord,
    columns: &'t BTreeMap<&'static str, usize>,
    line: u64,
}

impl<'a> Cells<'a, '_> {
    /// A cell; blank is `None`, as is a column that is not there.
    fn cell(&self, column: &str) -> Option<&'a str> {
        let cell = self.record.get(*self.columns.get(column)?)?;
        Some(cell).filter(|cell| !cell.is_empty())
    }

    fn wrong(&self, cause: impl std::fmt::Display) -> Error {
        wrong(self.line, cause)
    }

    fn needed(&self, column: &str) -> Result<&'a str, Error> {
        self.cell(column).ok_or_else(|| self.wrong(format_args!("{column} is blank")))
    }

    fn symbol(&self) -> Result<&'a str, Error> {
        self.needed("symbol")
    }

    /// The milliseconds of a time, since the start or since 1970 by its form.
    fn time(&self) -> Result<(Form, i64), Error> {
        let cell = self.needed("time")?;
        if let Ok(date) = OffsetDateTime::parse(&cell.replacen(' ', "T", 1), &Rfc3339) {
            let millis = i64::try_from(date.unix_timestamp_nanos() / 1_000_000);
            return millis.map(|millis| (Form::Date, millis)).map_err(|error| self.wrong(error));
        }
        let seconds = number(cell).filter(|seconds| !seconds.is_sign_negative());
        let millis = seconds.and_then(|seconds| (seconds * Decimal::ONE_THOUSAND).round().to_i64());
        millis.map(|millis| (Form::Seconds, millis)).ok_or_else(|| {
            self.wrong(format_args!(
                "time {cell:?} must be seconds from 0 on, or a time with its zone such as \
                 2026-11-21T14:30:00Z"
            ))
        })
    }

    fn change(&self) -> Result<QuoteChange, Error> {
        let change = QuoteChange {
            bid: self.price("bid")?,
            ask: self.price("ask")?,
            last: self.price("last")?,
            bid_size: self.size("bid_size")?,
            ask_size: self.size("ask_size")?,
            last_size: self.size("last_size")?,
            volume: self.size("volume")?,
            ..QuoteChange::default()
        };
        match change == QuoteChange::default() {
            true => Err(self.wrong("holds no price and no size")),
            false => Ok(change),
        }
    }

    fn price(&self, column: &str) -> Result<Option<Decimal>, Error> {
        let Some(cell) = self.cell(column) else { return Ok(None) };
        number(cell).map(Some).ok_or_else(|| {
            self.wrong(format_args!(
                "{column} {cell:?} must be a number such as 189.95, or blank to leave it as it is"
            ))
        })
    }

    fn size(&self, column: &str) -> Result<Option<Decimal>, Error> {
        let size = self.price(column)?;
        match size.filter(Decimal::is_sign_negative) {
            Some(size) => Err(self.wrong(format_args!("{column} {size} must not be below 0"))),
            None => Ok(size),
        }
    }
}

fn number(cell: &str) -> Option<Decimal> {
    let exact = Decimal::from_str_exact(cell).or_else(|_| Decimal::from_scientific(cell));
    exact.ok().map(|number| number.normalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(text: &str) -> String {
        read(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn test_rows_are_read_in_the_order_of_their_time() {
        let text = "symbol,time,bid,ask,last,volume\n\
                    # a comment\n\
                    AAPL, 1.5, 189.9,,190,1e6\n\
                    MSFT,0,410.25,410.35,,\n";

        let series = read(text.as_bytes()).unwrap();

        let at: Vec<_> = series.rows.iter().map(|row| (row.at, row.subject)).collect();
        assert_eq!(at, [(0, 1), (1_500, 0)]);
        let expected = QuoteChange {
            bid: Some(Decimal::new(1_899, 1)),
            last: Some(Decimal::from(190)),
            volume: Some(Decimal::from(1_000_000)),
            ..QuoteChange::default()
        };
        assert_eq!(series.rows[1].change, expected);
        assert_eq!(series.subjects[1].place, "line 4");
    }

    #[test]
    fn test_dates_count_from_the_earliest() {
        let text = "time,symbol,last\n\
                    2026-11-20 09:30:00.250-05:00,AAPL,2\n\
                    2026-11-20T14:30:00Z,AAPL,1\n";

        let series = read(text.as_bytes()).unwrap();

        let at: Vec<_> = series.rows.iter().map(|row| (row.at, row.change.last)).collect();
        assert_eq!(at, [(0, Some(Decimal::ONE)), (250, Some(Decimal::TWO))]);
    }

    #[test]
    fn test_what_is_wrong_is_told_with_its_line() {
        let cases = [
            ("time,symbol,bidd\n", "line 1: column \"bidd\" is unknown: known are time, symbol,"),
            ("time,bid\n0,1\n", "line 1: column \"symbol\" is missing"),
            ("time,symbol,bid,bid\n", "line 1: column \"bid\" is there twice"),
            ("time,symbol,bid\n", "line 1: is followed by no row"),
            ("time,symbol,bid\n0,AAPL\n", "line 2: has 2 cells where the header has 3"),
            ("time,symbol,bid\n0,AAPL,1\n\n1,,2\n", "line 4: symbol is blank"),
            ("# of a day\ntime,symbol\n", "line 2: is followed by no row"),
            ("time,symbol,bid\r\n0,AAPL,1\r\n#\r\n\r\n1,A\r\n", "line 5: has 2 cells"),
            ("time,symbol,bid\n-1,AAPL,1\n", "line 2: time \"-1\" must be seconds from 0 on"),
            ("time,symbol,bid\n2026-11-20T09:30:00,AAPL,1\n", "a time with its zone"),
            ("time,symbol,bid\n0,AAPL,nan\n", "line 2: bid \"nan\" must be a number"),
            ("time,symbol,bid_size\n0,AAPL,-5\n", "line 2: bid_size -5 must not be below 0"),
            ("time,symbol,bid\n0,AAPL,\n", "line 2: holds no price and no size"),
            ("time,symbol,bid\n0,A,1\n2026-11-20T09:30:00Z,A,1\n", "line 3: one of this time and"),
        ];

        for (text, expected) in cases {
            assert!(cause(text).contains(expected), "{text:?}: {}", cause(text));
        }
        let latin = read(b"time,symbol,bid\n0,AAPL\xE9,1\n").unwrap_err().to_string();
        assert!(latin.contains("line 2: is not UTF-8"), "{latin}");
    }
}
