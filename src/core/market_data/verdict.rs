//! What a coded message of the gateway means for the line it names.

use crate::error::ErrorKind;
use crate::events::is_missing_entitlement;
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
    match code {
        // A line that is being cancelled, or was: nothing is left to decide.
        300 | 310 | 365 | 366 => Verdict::Advice,
        // 317 begins a book again, which the book's own fold takes care of.
        317 | 165 | 492 | 2100..=2199 => Verdict::Advice,
        10090 | 10091 | 10167 => Verdict::Advice,
        10089 if is_market && is_delayed => Verdict::Advice,
        10089 | 354 | 10168 | 10186 if is_market && !is_delayed => Verdict::NotEntitled,
        code if is_missing_entitlement(code, text) => Verdict::Over(ErrorKind::NotEntitled),
        10197 => Verdict::Interrupted,
        10182 | 10189 | 10225 => Verdict::Reopen,
        101 | 309 | 10190 => Verdict::Over(ErrorKind::LineLimit),
        200 => Verdict::Over(ErrorKind::ContractNotFound),
        100 | 420 => Verdict::Over(ErrorKind::PacingViolation),
        _ => Verdict::Over(ErrorKind::MarketData),
    }
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
        ];

        for (code, kind, is_delayed, expected) in table {
            assert_eq!(verdict(code, "", kind, is_delayed), expected, "{code} {kind:?}");
        }
    }
}
