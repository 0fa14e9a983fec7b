//! Who holds which line. A line lives while somebody holds it: a caller that waits for a quote, or
//! the registry itself for lines that are kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use tokio::time::Instant;

use super::line::{Line, LineState};
use super::line_options::LineOptions;
use super::settling::{is_settled, look_again, no_price};
use crate::clock::Deadline;
use crate::error::{Error, Result};
use crate::lock::lock;
use crate::model::{Contract, ContractId, Generation, Quote};
use crate::session::Link;
use crate::session::Session;

/// All lines of a client.
pub(crate) struct Lines {
    session: Session,
    options: Arc<LineOptions>,
    shared: Mutex<HashMap<ContractId, Weak<Line>>>,
}

impl Lines {
    /// No lines yet.
    pub(crate) fn new(session: Session, options: LineOptions) -> Self {
        Self { session, options: Arc::new(options), shared: Mutex::default() }
    }

    /// One fresh quote of a qualified contract. Callers of the same contract share a line, which
    /// is released when the last of them has its answer.
    pub(crate) async fn quote(&self, contract: &Contract, deadline: Deadline) -> Result<Quote> {
        let id = identity(contract)?;
        let link = self.session.live("quote", deadline).await?;
        let line = self.share(id, contract);
        self.on_link(&link, &line, deadline).await
    }

    fn share(&self, id: ContractId, contract: &Contract) -> Arc<Line> {
        let mut shared = self.shared();
        shared.retain(|_, line| line.strong_count() > 0);
        let known = shared.get(&id).and_then(Weak::upgrade);
        if let Some(line) = known.filter(|line| line.is_running()) {
            return line;
        }
        let line = Arc::new(self.start(contract));
        shared.insert(id, Arc::downgrade(&line));
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
        Line::start(contract.clone(), self.session.clone(), self.options.clone())
    }

    fn shared(&self) -> MutexGuard<'_, HashMap<ContractId, Weak<Line>>> {
        // Every change leaves a valid map; nothing is awaited while the lock is held.
        lock(&self.shared)
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
        if is_settled(&state.quote, priced_at, Instant::now()) {
            return Ok(state.quote);
        }
        tokio::select! {
            changed = states.changed() => {
                if changed.is_err() {
                    return at_deadline(line.state(), deadline);
                }
            }
            () = tokio::time::sleep_until(look_again(priced_at, deadline)) => {
                if deadline.remaining().is_zero() {
                    return at_deadline(line.state(), deadline);
                }
            }
        }
    }
}

/// What is there when the time is over: a price, or the reason why there is none.
fn at_deadline(state: LineState, deadline: Deadline) -> Result<Quote> {
    if state.priced_at.is_some() {
        return Ok(state.quote);
    }
    Err(no_price(&state.quote.contract, state.failure.or(state.advice), deadline))
}

fn identity(contract: &Contract) -> Result<ContractId> {
    contract.contract_id.ok_or_else(|| Error::config(format!("{contract} is not qualified")))
}
