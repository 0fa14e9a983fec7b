//! What a coded message of the gateway means for the line it names.

use crate::error::ErrorKind;
use crate::events::codes::{self, LineFate};
use crate::model::LineKind;

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Data follows, or follows later; the text is kept as advice.
    Advice,
    /// No data for now, though the line stays: what was told is no longer current.
    Interrupted,
    /// The line was dropped without fault of its own: it is asked for again.
    Reopen,
    /// The account may not see live data: delayed data may do.
    NotEntitled,
    /// The line is over.
    Over(ErrorKind),
}

/// Reads a code and its text. `is_delayed`: whether delayed data was asked for on this link.
pub(super) fn verdict(code: i32, text: &str, kind: &LineKind, is_delayed: bool) -> Verdict {
    let is_market = matches!(kind, LineKind::Market { .. });
    match codes::line_fate(code, text) {
        LineFate::GoesOn => Verdict::Advice,
        LineFate::Delayed if is_market && is_delayed => Verdict::Advice,
        LineFate::Delayed | LineFate::FallsBack if is_market && !is_delayed => Verdict::NotEntitled,
        LineFate::Interrupted => Verdict::Interrupted,
        LineFate::Reopens => Verdict::Reopen,
        LineFate::Delayed | LineFate::FallsBack | LineFate::Ends => Verdict::Over(over(code, text)),
    }
}

fn over(code: i32, text: &str) -> ErrorKind {
    codes::failure_kind(code, text).unwrap_or(ErrorKind::MarketData)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_permission_is_not_one_to_try_again() {
        let market = LineKind::Market { generic_ticks: String::new() };
        let text = "Invalid Real-time Query:No market data permissions for ISLAND STK";

        let told = [162, 420].map(|code| verdict(code, text, &market, false));
        let paced = verdict(420, "Invalid Real-time Query:pacing violation", &market, false);

        assert_eq!(told, [Verdict::Over(ErrorKind::NotEntitled); 2]);
        assert_eq!(paced, Verdict::Over(ErrorKind::PacingViolation));
    }

    #[test]
    fn codes_end_exactly_the_lines_they_end() {
        let market = LineKind::Market { generic_ticks: String::new() };
        let depth = LineKind::Depth { rows: 5, is_smart: false };
        let table = [
            (10089, &market, false, Verdict::NotEntitled),
            (10089, &market, true, Verdict::Advice),
            (354, &market, false, Verdict::NotEntitled),
            (354, &market, true, Verdict::Over(ErrorKind::NotEntitled)),
            (354, &depth, false, Verdict::Over(ErrorKind::NotEntitled)),
            (10167, &market, true, Verdict::Advice),
            (10197, &market, false, Verdict::Interrupted),
            (317, &depth, false, Verdict::Advice),
            (316, &depth, false, Verdict::Over(ErrorKind::MarketData)),
            (309, &depth, false, Verdict::Over(ErrorKind::LineLimit)),
            (2187, &market, true, Verdict::Advice),
            (200, &market, false, Verdict::Over(ErrorKind::ContractNotFound)),
            (322, &market, false, Verdict::Over(ErrorKind::MarketData)),
            (10225, &market, false, Verdict::Reopen),
            (19999, &market, false, Verdict::Advice),
        ];

        for (code, kind, is_delayed, expected) in table {
            assert_eq!(verdict(code, "", kind, is_delayed), expected, "{code} {kind:?}");
        }
    }
}
