//! What the codes of a gateway mean: `codes.tsv` is the table. A line is the code, the text that it
//! goes with (`-`: any), its class, what it ends, what it does to a line of market data (`-`: what it
//! ends says it), the failure it is, what a failure or a notice with it is about, its words. Lines
//! with a text stand before the one for any; `docs/codes.md` shows the table to users.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::error::ErrorKind;
use crate::model::NoticeClass;

static TABLE: OnceLock<BTreeMap<i32, Vec<Row>>> = OnceLock::new();

/// How IB says under many a code that the login lacks a permission.
const PERMISSIONS: &str = "market data permissions";

/// What is over once the gateway has said a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Nothing: it only tells.
    Nothing,
    /// The request that it names, and an order of that id which is not acknowledged.
    Request,
    /// The order that it names, unless it is acknowledged: then its change.
    Order,
    /// A change of the order that it names; the order works on as it was.
    Change,
    /// A cancel of the order that it names: it is refused.
    Cancel,
    /// The link.
    Link,
    /// It depends on what else is said.
    Depends,
}

impl Ends {
    const NAMES: [(Self, &'static str); 7] = [
        (Self::Nothing, "nothing"),
        (Self::Request, "request"),
        (Self::Order, "order"),
        (Self::Change, "change"),
        (Self::Cancel, "cancel"),
        (Self::Link, "link"),
        (Self::Depends, "depends"),
    ];

    fn from_name(name: &str) -> Option<Self> {
        named(&Self::NAMES, name)
    }
}

/// What becomes of a line of market data once the gateway has said a code of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineFate {
    /// It goes on.
    GoesOn,
    /// It stays, without data for now.
    Interrupted,
    /// It was dropped without fault of its own: it is asked for again.
    Reopens,
    /// Live data is not to be had; delayed data may do.
    FallsBack,
    /// As [`LineFate::FallsBack`], and advice where delayed data was asked for.
    Delayed,
    /// It is over.
    Ends,
}

impl LineFate {
    const NAMES: [(Self, &'static str); 4] = [
        (Self::Interrupted, "interrupted"),
        (Self::Reopens, "reopens"),
        (Self::FallsBack, "falls_back"),
        (Self::Delayed, "delayed"),
    ];

    fn of(ends: Ends) -> Self {
        match ends {
            Ends::Nothing | Ends::Change | Ends::Cancel => Self::GoesOn,
            Ends::Request | Ends::Order | Ends::Link | Ends::Depends => Self::Ends,
        }
    }
}

/// What a failure or a notice with a code is about, where its class does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Something is well again, or about to be.
    GoodNews,
    /// What the login may do.
    Authorization,
    /// The history server.
    History,
}

impl Subject {
    const NAMES: [(Self, &'static str); 3] = [
        (Self::GoodNews, "good_news"),
        (Self::Authorization, "authorization"),
        (Self::History, "history"),
    ];
}

/// The failure that a request with a code ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failed {
    With(ErrorKind),
    /// There is nothing to answer with, which is an answer.
    Empty,
}

impl Failed {
    const NAMES: [(Self, &'static str); 6] = [
        (Self::With(ErrorKind::ContractNotFound), "contract_not_found"),
        (Self::With(ErrorKind::NotEntitled), "not_entitled"),
        (Self::With(ErrorKind::PacingViolation), "pacing"),
        (Self::With(ErrorKind::LineLimit), "lines"),
        (Self::With(ErrorKind::ClientIdInUse), "client_id"),
        (Self::Empty, "no_data"),
    ];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    text: Option<&'static str>,
    class: NoticeClass,
    ends: Ends,
    line: LineFate,
    failed: Option<Failed>,
    subject: Option<Subject>,
    meaning: &'static str,
}

/// Class and meaning of a code. IB numbers its warnings from 2100 to 2199, those it never described
/// included.
pub(super) fn meaning(code: i32) -> (NoticeClass, &'static str) {
    match row_of(code, "") {
        Some(row) => (row.class, row.meaning),
        None if is_warning(code) => (NoticeClass::Warning, ""),
        None => (NoticeClass::Unknown, ""),
    }
}

/// What a code ends; `None` for a code that nobody knows, of which nothing follows.
pub(crate) fn ends(code: i32) -> Option<Ends> {
    let known = row_of(code, "").map(|row| row.ends);
    known.or_else(|| is_warning(code).then_some(Ends::Nothing))
}

/// What a code and its text do to the line they name. A code nobody knows ends none.
pub(crate) fn line_fate(code: i32, text: &str) -> LineFate {
    match row_of(code, text).map(|row| row.line) {
        Some(LineFate::Reopens) if speaks_of_permissions(text) => LineFate::Ends,
        None if speaks_of_permissions(text) => LineFate::Ends,
        known => known.unwrap_or(LineFate::GoesOn),
    }
}

/// The kind of failure that a code and its text are; `None` where they say no more than that it
/// failed. A text about permissions says so whatever the code.
pub(crate) fn failure_kind(code: i32, text: &str) -> Option<ErrorKind> {
    if speaks_of_permissions(text) {
        return Some(ErrorKind::NotEntitled);
    }
    match row_of(code, text)?.failed? {
        Failed::With(kind) => Some(kind),
        Failed::Empty => None,
    }
}

/// Whether the login lacks a subscription or a permission for data. Asking again does not help.
pub(crate) fn is_missing_entitlement(code: i32, text: &str) -> bool {
    failure_kind(code, text) == Some(ErrorKind::NotEntitled)
}

/// Whether a code and its text say that there is no data, which is an answer and not a failure.
pub(crate) fn is_no_data(code: i32, text: &str) -> bool {
    row_of(code, text).is_some_and(|row| row.failed == Some(Failed::Empty))
}

/// What a code is about, where its class does not say it.
pub(super) fn subject(code: i32) -> Option<Subject> {
    row_of(code, "")?.subject
}

fn is_warning(code: i32) -> bool {
    (2100..=2199).contains(&code)
}

fn speaks_of_permissions(text: &str) -> bool {
    text.to_ascii_lowercase().contains(PERMISSIONS)
}

fn row_of(code: i32, text: &str) -> Option<Row> {
    let said = text.to_ascii_lowercase();
    let fits = |row: &&Row| row.text.is_none_or(|part| said.contains(part));
    TABLE.get_or_init(table).get(&code)?.iter().find(fits).copied()
}

fn table() -> BTreeMap<i32, Vec<Row>> {
    let mut table = BTreeMap::<i32, Vec<Row>>::new();
    rows().for_each(|(code, row)| table.entry(code).or_default().push(row));
    table
}

fn rows() -> impl Iterator<Item = (i32, Row)> {
    include_str!("codes.tsv").lines().filter_map(row)
}

fn row(line: &'static str) -> Option<(i32, Row)> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [code, text, class, ends, line, failed, subject, meaning] = cells[..] else { return None };
    let ends = Ends::from_name(ends)?;
    let row = Row {
        text: given(text),
        class: NoticeClass::from_name(class)?,
        ends,
        line: word(&LineFate::NAMES, line)?.unwrap_or(LineFate::of(ends)),
        failed: word(&Failed::NAMES, failed)?,
        subject: word(&Subject::NAMES, subject)?,
        meaning,
    };
    Some((code.parse().ok()?, row))
}

fn given(cell: &str) -> Option<&str> {
    (cell != "-").then_some(cell)
}

/// The value of a cell, which may be left open; `None` for a word that is none of `names`.
#[expect(clippy::option_option, reason = "the outer says whether the cell can be read")]
fn word<T: Copy>(names: &[(T, &str)], cell: &str) -> Option<Option<T>> {
    given(cell).map_or(Some(None), |name| named(names, name).map(Some))
}

fn named<T: Copy>(names: &[(T, &str)], name: &str) -> Option<T> {
    names.iter().find(|(_, known)| *known == name).map(|(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read_and_stands_in_order() {
        let codes: Vec<i32> = rows().map(|(code, _)| code).collect();

        assert_eq!(codes.len(), include_str!("codes.tsv").lines().count());
        assert!(codes.is_sorted());
        assert!(rows().all(|(_, row)| !row.meaning.is_empty()));
        for (code, rows) in table() {
            let is_last = |at: usize| at + 1 == rows.len();
            let ordered =
                rows.iter().enumerate().all(|(at, row)| row.text.is_none() == is_last(at));
            assert!(ordered, "{code}: lines with a text stand before the one for any");
        }
    }

    #[test]
    fn a_code_says_what_it_is_about() {
        assert_eq!(meaning(1100).0, NoticeClass::System);
        assert_eq!(meaning(2104).1, "market-data farm connection OK");
        assert_eq!(meaning(2199), (NoticeClass::Warning, ""));
        assert_eq!(meaning(-7), (NoticeClass::Unknown, ""));
    }

    #[test]
    fn a_code_nobody_knows_ends_nothing() {
        let known: Vec<i32> = rows().map(|(code, _)| code).collect();

        for code in (-10..20_000).filter(|code| !known.contains(code)) {
            assert!(matches!(ends(code), None | Some(Ends::Nothing)), "{code}");
        }
        let table =
            [(201, Ends::Order), (161, Ends::Cancel), (105, Ends::Change), (481, Ends::Nothing)];
        for (code, expected) in table {
            assert_eq!(ends(code), Some(expected), "{code}");
        }
    }

    #[test]
    fn a_code_nobody_knows_ends_no_line() {
        let known: Vec<i32> = rows().map(|(code, _)| code).collect();

        for code in (-10..20_000).filter(|code| !known.contains(code)) {
            assert_eq!(line_fate(code, "what it is"), LineFate::GoesOn, "{code}");
            assert_eq!(failure_kind(code, "what it is"), None, "{code}");
        }
    }

    #[test]
    fn permissions_are_told_by_code_or_by_text() {
        let permissions = "Failed to request tick-by-tick data.No market data permissions for X";
        let table = [
            (354, "", true),
            (10089, "", true),
            (420, permissions, true),
            (162, permissions, true),
            (10187, permissions, true),
            (10189, permissions, true),
            (19999, permissions, true),
            (420, "Invalid Real-time Query:Historical data request pacing violation", false),
            (162, "HMDS query returned no data: X", false),
        ];

        for (code, text, expected) in table {
            assert_eq!(is_missing_entitlement(code, text), expected, "{code} {text}");
        }
        assert_eq!(line_fate(10189, permissions), LineFate::Ends, "asking again does not help");
        assert_eq!(line_fate(10189, "backend gone"), LineFate::Reopens);
    }

    #[test]
    fn a_text_tells_the_meanings_of_one_code_apart() {
        assert!(is_no_data(162, "HMDS query returned no data: X"));
        assert!(!is_no_data(162, "pacing violation"));
        assert!(!is_no_data(200, "no data"));
        assert_eq!(failure_kind(162, "Pacing violation"), Some(ErrorKind::PacingViolation));
        assert_eq!(failure_kind(162, "query was cancelled"), None);
    }
}
