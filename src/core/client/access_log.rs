//! The access log: one line per request, however it ends, at level debug under `aioibkr.access`.
//! Nothing is put into words unless somebody reads it. A subject names contracts and orders;
//! accounts are masked, keys and references of orders are left out.

use std::fmt;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::metrics::RequestKind;
use crate::model::{AccountId, Contract, Generation};

const TARGET: &str = "aioibkr::access";

/// Most contracts of a stream that a line names.
const NAMED: usize = 5;

/// What a caller asked for, and what it is about if that is read by anybody.
pub(super) struct Asked {
    pub(super) kind: RequestKind,
    subject: Option<String>,
}

/// How a request ended, as the log has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Answered,
    Failed(ErrorKind, Option<i32>),
    Cancelled,
}

impl From<RequestKind> for Asked {
    fn from(kind: RequestKind) -> Self {
        about(kind, String::new)
    }
}

impl From<&Error> for End {
    fn from(error: &Error) -> Self {
        Self::Failed(error.kind(), error.code())
    }
}

/// A request about something, which is put into words only if the log is read.
pub(super) fn about(kind: RequestKind, subject: impl FnOnce() -> String) -> Asked {
    let is_read = log::log_enabled!(target: TARGET, log::Level::Debug);
    Asked { kind, subject: is_read.then(subject) }
}

/// A request about an account.
pub(super) fn about_account(kind: RequestKind, account: Option<&AccountId>) -> Asked {
    about(kind, || account.map(masked).unwrap_or_default())
}

/// A request about some contracts.
pub(super) fn about_contracts(kind: RequestKind, contracts: &[Contract]) -> Asked {
    about(kind, || {
        let names: Vec<_> = contracts.iter().take(NAMED).map(ToString::to_string).collect();
        match contracts.len().saturating_sub(NAMED) {
            0 => names.join(", "),
            more => format!("{} and {more} more", names.join(", ")),
        }
    })
}

impl Asked {
    /// Writes the line; `generation` is asked for only then.
    pub(super) fn log(&self, end: End, took: Duration, generation: impl FnOnce() -> Generation) {
        if let Some(subject) = &self.subject {
            let line = line(self.kind, subject, end, took, generation());
            log::debug!(target: TARGET, "{line}");
        }
    }
}

fn line(
    kind: RequestKind,
    subject: &str,
    end: End,
    took: Duration,
    generation: Generation,
) -> String {
    let (millis, generation) = (took.as_secs_f64() * 1000.0, generation.0);
    // `{:?}` escapes: a subject holds what a caller or the gateway wrote.
    format!("request={kind} subject={subject:?} {end} ms={millis:.3} generation={generation}")
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered => f.write_str("outcome=ok code=-"),
            Self::Failed(kind, Some(code)) => write!(f, "outcome={kind:?} code={code}"),
            Self::Failed(kind, None) => write!(f, "outcome={kind:?} code=-"),
            Self::Cancelled => f.write_str("outcome=cancelled code=-"),
        }
    }
}

/// An account a reader can tell from another, and a stranger cannot use: `DU…67`.
fn masked(account: &AccountId) -> String {
    let letters: Vec<char> = account.0.chars().collect();
    if letters.len() < 6 {
        return "…".into();
    }
    let (head, tail) = (&letters[..2], &letters[letters.len() - 2..]);
    head.iter().chain(['…'].iter()).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_how_and_how_long() {
        let table = [
            (End::Answered, "outcome=ok code=-"),
            (
                End::Failed(ErrorKind::ContractNotFound, Some(200)),
                "outcome=ContractNotFound code=200",
            ),
            (End::Failed(ErrorKind::RequestTimeout, None), "outcome=RequestTimeout code=-"),
            (End::Cancelled, "outcome=cancelled code=-"),
        ];
        let took = Duration::from_micros(12_345);

        for (end, words) in table {
            let line = line(RequestKind::Bars, "STK A\nB", end, took, Generation(3));
            let expected =
                format!("request=bars subject=\"STK A\\nB\" {words} ms=12.345 generation=3");
            assert_eq!(line, expected);
        }
    }

    #[test]
    fn accounts_are_masked() {
        let table = [("DU1234567", "DU…67"), ("U12345", "U1…45"), ("F1", "…"), ("", "…")];
        for (account, shown) in table {
            assert_eq!(masked(&AccountId(account.into())), shown, "{account}");
        }
    }

    #[test]
    fn nothing_is_put_into_words_that_nobody_reads() {
        let asked = about(RequestKind::Pnl, || unreachable!("no logger is set in this test"));

        assert!(asked.subject.is_none());
    }
}
