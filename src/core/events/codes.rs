//! What the codes of a gateway mean: `codes.tsv` is the table, one line per code.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::model::NoticeClass;

static TABLE: OnceLock<BTreeMap<i32, (NoticeClass, &'static str)>> = OnceLock::new();

/// Class and meaning of a code. IB numbers its warnings from 2100 to 2199, those it never described
/// included.
pub(super) fn meaning(code: i32) -> (NoticeClass, &'static str) {
    let table = TABLE.get_or_init(|| rows().collect());
    table.get(&code).copied().unwrap_or(match code {
        2100..=2199 => (NoticeClass::Warning, ""),
        _ => (NoticeClass::Unknown, ""),
    })
}

fn rows() -> impl Iterator<Item = (i32, (NoticeClass, &'static str))> {
    include_str!("codes.tsv").lines().filter_map(row)
}

fn row(line: &'static str) -> Option<(i32, (NoticeClass, &'static str))> {
    let mut cells = line.splitn(3, '\t');
    let code = cells.next()?.parse().ok()?;
    Some((code, (NoticeClass::from_name(cells.next()?)?, cells.next()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read_and_stands_in_order() {
        let codes: Vec<i32> = rows().map(|(code, _)| code).collect();

        assert_eq!(codes.len(), include_str!("codes.tsv").lines().count());
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "a code stands twice");
        assert!(rows().all(|(_, (_, meaning))| !meaning.is_empty()));
    }

    #[test]
    fn a_code_says_what_it_is_about() {
        assert_eq!(meaning(1100).0, NoticeClass::System);
        assert_eq!(meaning(2104).1, "market-data farm connection OK");
        assert_eq!(meaning(2199), (NoticeClass::Warning, ""));
        assert_eq!(meaning(-7), (NoticeClass::Unknown, ""));
    }
}
