//! When a quote that is just being told can be handed to a caller who wants one.

use std::time::Duration;

use tokio::time::Instant;

use crate::clock::Deadline;
use crate::error::{Error, ErrorKind};
use crate::model::{Contract, Quote, SecurityType};

/// How long after a first price the rest of the first burst may take.
const SETTLE: Duration = Duration::from_millis(250);

/// Whether nothing more has to be waited for: bid, ask and last are there, of an option its model's
/// greeks too, or a price has been for a moment.
pub(super) fn is_settled(quote: &Quote, priced_at: Option<Instant>, now: Instant) -> bool {
    let has_prices = quote.bid.is_some() && quote.ask.is_some() && quote.last.is_some();
    let is_whole = has_prices && (!has_greeks(quote) || quote.model_greeks.is_some());
    priced_at.is_some_and(|at| is_whole || at + SETTLE <= now)
}

/// Whether IB computes greeks for the contract.
fn has_greeks(quote: &Quote) -> bool {
    matches!(quote.contract.security_type, SecurityType::Option | SecurityType::FutureOption)
}

/// When to look again, if nothing comes.
pub(super) fn look_again(priced_at: Option<Instant>, deadline: Deadline) -> Instant {
    priced_at.map_or(deadline.at(), |at| (at + SETTLE).min(deadline.at()))
}

/// The error of a quote without a price at its deadline: what the gateway said, if it did.
pub(super) fn no_price(contract: &Contract, said: Option<Error>, deadline: Deadline) -> Error {
    let error = said.unwrap_or_else(|| {
        let seconds = deadline.within().as_secs_f64();
        let message = format!("no price for {contract} within {seconds} s");
        Error::new(ErrorKind::MarketData, message)
    });
    error.with_detail("symbol", &contract.symbol).with_detail("contract", contract)
}
