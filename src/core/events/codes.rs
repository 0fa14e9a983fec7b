//! What the codes of a gateway mean: `codes.tsv` is the table, one line per code: the code, its
//! class, what it ends, its words.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::model::NoticeClass;

static TABLE: OnceLock<BTreeMap<i32, Row>> = OnceLock::new();

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
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(ends, _)| *ends)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    class: NoticeClass,
    ends: Ends,
    meaning: &'static str,
}

/// Class and meaning of a code. IB numbers its warnings from 2100 to 2199, those it never described
/// included.
pub(super) fn meaning(code: i32) -> (NoticeClass, &'static str) {
    match row_of(code) {
        Some(row) => (row.class, row.meaning),
        None if is_warning(code) => (NoticeClass::Warning, ""),
        None => (NoticeClass::Unknown, ""),
    }
}

/// What a code ends; `None` for a code that nobody knows, of which nothing follows.
pub(crate) fn ends(code: i32) -> Option<Ends> {
    let known = row_of(code).map(|row| row.ends);
    known.or_else(|| is_warning(code).then_some(Ends::Nothing))
}

fn is_warning(code: i32) -> bool {
    (2100..=2199).contains(&code)
}

fn row_of(code: i32) -> Option<Row> {
    TABLE.get_or_init(|| rows().collect()).get(&code).copied()
}

fn rows() -> impl Iterator<Item = (i32, Row)> {
    include_str!("codes.tsv").lines().filter_map(row)
}

fn row(line: &'static str) -> Option<(i32, Row)> {
    let mut cells = line.splitn(4, '\t');
    let code = cells.next()?.parse().ok()?;
    let class = NoticeClass::from_name(cells.next()?)?;
    let ends = Ends::from_name(cells.next()?)?;
    Some((code, Row { class, ends, meaning: cells.next()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read_and_stands_in_order() {
        let codes: Vec<i32> = rows().map(|(code, _)| code).collect();

        assert_eq!(codes.len(), include_str!("codes.tsv").lines().count());
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "a code stands twice");
        assert!(rows().all(|(_, row)| !row.meaning.is_empty()));
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
}
