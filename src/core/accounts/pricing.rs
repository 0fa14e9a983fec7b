//! Whether what prices positions has come: IB streams the portfolio of one account at a time, so the
//! main account's is kept up to date and another's is downloaded when somebody asks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{AccountId, Position};

/// How long what belongs to a change is awaited: IB tells a position first, its portfolio row after
/// the commission. One that never comes leaves its figures unknown and delays nobody for longer.
pub(super) const SETTLING: Duration = Duration::from_secs(1);

/// How old a portfolio that was downloaded may be: IB itself moves the marks of one it streams every
/// three minutes.
const PORTFOLIO_AGE: Duration = Duration::from_secs(180);

/// Positions, as far as what prices them has come.
#[derive(Debug, PartialEq)]
pub(super) enum Pricing {
    /// The portfolios of these accounts are not known.
    Missing(BTreeSet<AccountId>),
    /// Rows of the portfolio may still be on their way until then.
    Settling(Vec<Arc<Position>>, Instant),
    /// All that IB tells is there.
    Told(Vec<Arc<Position>>),
}

/// Whether a portfolio downloaded at `at` still prices; one that is streamed always does.
pub(super) fn is_current(at: Option<Instant>, is_streamed: bool, now: Instant) -> bool {
    at.is_some_and(|at| is_streamed || now.saturating_duration_since(at) <= PORTFOLIO_AGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_portfolio_that_is_not_streamed_ages() {
        let at = Instant::now();
        let table = [
            (None, true, 0, false),
            (None, false, 0, false),
            (Some(at), true, 3600, true),
            (Some(at), false, 180, true),
            (Some(at), false, 181, false),
        ];

        for (at_, is_streamed, seconds, expected) in table {
            let now = at + Duration::from_secs(seconds);
            assert_eq!(is_current(at_, is_streamed, now), expected, "{is_streamed} {seconds}");
        }
    }
}
