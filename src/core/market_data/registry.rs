//! Who holds which line. A line lives while somebody holds it: a caller that waits for a quote, or
//! the registry itself for lines that are kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::line::{Line, LineState};
use super::policy::LinePolicy;
use crate::clock::{self, Deadline};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Contract, ContractId, Generation, Quote};
use crate::session::Link;
use crate::session::Session;

/// How long after a first price the rest of the first burst may take.
const SETTLE: Duration = Duration::from_millis(250);

/// All lines of a client.
pub(crate) struct Lines {
    session: Session,
    policy: Arc<LinePolicy>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    shared: HashMap<ContractId, Weak<Line>>,
    kept: HashMap<ContractId, Arc<Line>>,
}

impl Lines {
    /// No lines yet.
    pub(crate) fn new(session: Session, policy: LinePolicy) -> Self {
        Self { session, policy: Arc::new(policy), held: Mutex::default() }
    }

    /// One fresh quote of a qualified contract. Callers of the same contract share a line, which
    /// is released when the last of them has its answer.
    pub(crate) async fn quote(
        &self,
        contract: &Contract,
        max_age: Option<Duration>,
        deadline: Deadline,
    ) -> Result<Quote> {
        let id = identity(contract)?;
        let link = self.session.live("quote", deadline).await?;
        let usable =
            |quote: &Quote| quote.generation == link.generation() && is_fresh(quote, max_age);
        if let Some(quote) = self.latest(id).filter(usable) {
            return Ok(quote);
        }
        let line = self.share(id, contract, max_age);
        self.on_link(&link, &line, deadline).await
    }

    /// Opens a line and keeps it; returns its first quote.
    pub(crate) async fn keep(&self, contract: &Contract, deadline: Deadline) -> Result<Quote> {
        let id = identity(contract)?;
        let link = self.session.live("subscribe_quote", deadline).await?;
        let (line, is_new) = self.kept_line(id, contract);
        let quote = self.on_link(&link, &line, deadline).await;
        if quote.is_err() && (is_new || !line.is_running()) {
            self.release(id);
        }
        quote
    }

    /// The kept line of a contract, and whether it was opened just now.
    fn kept_line(&self, id: ContractId, contract: &Contract) -> (Arc<Line>, bool) {
        let mut held = self.held();
        if let Some(line) = held.kept.get(&id).filter(|line| line.is_running()) {
            return (line.clone(), false);
        }
        let line = Arc::new(self.start(contract));
        held.kept.insert(id, line.clone());
        (line, true)
    }

    /// The latest quote of a kept line, once a price has arrived on the present link.
    pub(crate) fn latest(&self, id: ContractId) -> Option<Quote> {
        let state = self.held().kept.get(&id)?.state();
        (state.priced_at.is_some() && state.failure.is_none()).then_some(state.quote)
    }

    /// Releases a kept line.
    pub(crate) fn release(&self, id: ContractId) {
        let line = self.held().kept.remove(&id);
        drop(line);
    }

    fn share(&self, id: ContractId, contract: &Contract, max_age: Option<Duration>) -> Arc<Line> {
        let mut held = self.held();
        held.shared.retain(|_, line| line.strong_count() > 0);
        let kept = held.kept.get(&id).filter(|_| max_age.is_none());
        let shared = held.shared.get(&id).and_then(Weak::upgrade);
        if let Some(line) = kept.cloned().or(shared).filter(|line| line.is_running()) {
            return line;
        }
        let line = Arc::new(self.start(contract));
        held.shared.insert(id, Arc::downgrade(&line));
        line
    }

    /// The first burst of a line, or the loss of the link it should come on.
    async fn on_link(&self, link: &Link, line: &Line, deadline: Deadline) -> Result<Quote> {
        tokio::select! {
            biased;
            quote = settled(line, link.generation(), deadline) => quote,
            () = link.ended() => Err(self.session.no_link("quote")),
        }
    }

    fn start(&self, contract: &Contract) -> Line {
        Line::start(contract.clone(), self.session.clone(), self.policy.clone())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Every change leaves valid maps; nothing is awaited while the lock is held.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the first burst of a line: bid, ask and last, or a moment after the first price.
async fn settled(line: &Line, generation: Generation, deadline: Deadline) -> Result<Quote> {
    let mut states = line.watch();
    loop {
        let state = states.borrow_and_update().clone();
        if let Some(error) = state.failure {
            return Err(error);
        }
        let priced_at = state.priced_at.filter(|_| state.quote.generation >= generation);
        let settles_at = priced_at.map(|at| at + SETTLE);
        let is_settled = settles_at.is_some_and(|at| at <= Instant::now());
        if is_settled || priced_at.is_some() && is_whole(&state.quote) {
            return Ok(state.quote);
        }
        let wake = settles_at.unwrap_or(deadline.at()).min(deadline.at());
        tokio::select! {
            changed = states.changed() => {
                if changed.is_err() {
                    return at_deadline(line.state(), deadline);
                }
            }
            () = tokio::time::sleep_until(wake) => {
                if deadline.remaining().is_zero() {
                    return at_deadline(line.state(), deadline);
                }
            }
        }
    }
}

fn is_whole(quote: &Quote) -> bool {
    quote.bid.is_some() && quote.ask.is_some() && quote.last.is_some()
}

/// What is there when the time is over: a price, or the reason why there is none.
fn at_deadline(state: LineState, deadline: Deadline) -> Result<Quote> {
    if state.priced_at.is_some() {
        return Ok(state.quote);
    }
    let contract = &state.quote.contract;
    let error = state.failure.or(state.advice).unwrap_or_else(|| {
        let seconds = deadline.within().as_secs_f64();
        let message = format!("no price for {contract} within {seconds} s");
        Error::new(ErrorKind::MarketData, message)
    });
    Err(error.with_detail("symbol", &contract.symbol).with_detail("contract", contract))
}

fn identity(contract: &Contract) -> Result<ContractId> {
    contract.contract_id.ok_or_else(|| Error::config(format!("{contract} is not qualified")))
}

fn is_fresh(quote: &Quote, max_age: Option<Duration>) -> bool {
    let age = clock::now() - quote.received_at;
    max_age.is_none_or(|most| age <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freshness_is_counted_from_the_newest_field() {
        let old = clock::now() - Duration::from_secs(10);
        let quote = Quote::empty(Arc::new(Contract::stock("AAPL")), old, Generation(1));
        let table = [(None, true), (Some(60), true), (Some(5), false), (Some(0), false)];

        for (seconds, fresh) in table {
            let max_age = seconds.map(Duration::from_secs);
            assert_eq!(is_fresh(&quote, max_age), fresh, "{seconds:?}");
        }
    }
}
