//! The lines that streams want, whatever link is there: who listens to which, what was asked of
//! the present link, what the gateway says about it. Decisions only; `feed` carries them out.

mod list;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::asking;
use super::backfill::Missed;
use super::bar_fold::{BarMark, Past};
use super::fanout::Change;
use super::outlet::{Outlet, StreamId};
use super::pulse::Pulse;
use super::queue::End;
use super::requests::Request;
use super::stale::Sample;
use super::standing::{Failure, Standing};
use super::verdict::{Verdict, verdict};
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Contract, ContractId, Generation, LineBudget, LineKind, LineUsage, MarketDataType,
};
use list::Wished;

/// A line is asked for again once in this time; IB takes no second tick-by-tick request for the same
/// instrument before it is over (T2).
const REOPEN_PAUSE: Duration = Duration::from_secs(15);

/// Identity of a line: streams that want the same share it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct LineKey {
    contract_id: ContractId,
    /// The same contract on another exchange is another line.
    exchange: String,
    kind: LineKind,
}

impl LineKey {
    /// The line of a qualified contract.
    pub(crate) fn new(contract: &Contract, kind: LineKind) -> Result<Self> {
        let contract_id = contract
            .contract_id
            .ok_or_else(|| Error::config(format!("{contract} is not qualified")))?;
        Ok(Self { contract_id, exchange: contract.exchange.clone(), kind })
    }
}

/// One stream's wish for one line.
pub(crate) struct Wish {
    /// The line.
    pub(crate) key: LineKey,
    /// What it is about.
    pub(crate) contract: Arc<Contract>,
    /// Where its messages go.
    pub(crate) outlet: Outlet,
    /// How the stream stands.
    pub(crate) standing: Arc<Standing>,
}

/// What is to be done, in order.
pub(super) enum Step {
    /// Tell the link's thread.
    Tell(Change),
    /// Ask the gateway.
    Ask(Request),
    /// Fetch what a line of bars missed.
    Fetch(Missed),
}

/// How lines are asked for.
#[derive(Debug, Clone)]
pub(crate) struct FeedOptions {
    /// Data asked for first.
    pub(crate) kind: MarketDataType,
    /// Ask for delayed data where live data is not entitled.
    pub(crate) delayed_fallback: bool,
    /// Lines the account may have.
    pub(crate) budget: LineBudget,
    /// How long a line may be silent after an outage of a farm.
    pub(crate) stale_after: Duration,
}

struct Line {
    contract: Arc<Contract>,
    /// The request on the present link.
    request_id: Option<i32>,
    /// Whether delayed data was in force when it was asked for.
    asked_delayed: bool,
    asked_at: Option<Instant>,
    reopened_at: Option<Instant>,
    /// What has come in answer to the present or last request.
    pulse: Arc<Pulse>,
    /// Of a line of bars: the last one handed over.
    mark: Arc<BarMark>,
    /// How many of these items a later silence does not count.
    silent_at: u64,
    /// Whether an earlier request brought something.
    has_brought: bool,
    /// When the line was opened, asked for, interrupted, or lost with its link.
    turned_at: Instant,
    listeners: Vec<(Outlet, Arc<Standing>)>,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It goes on, with advice.
    GoesOn,
    /// It goes on behind a gap.
    Interrupted,
    /// It is asked for again.
    Reopened,
    /// It is asked for again, with delayed data.
    FallsBack,
    /// It is over.
    Ends,
}

/// A line's fate, and the error it is advised of or ends with.
struct Decision {
    key: LineKey,
    fate: Fate,
    error: Error,
}

/// The desired lines and their requests.
pub(super) struct Desired {
    options: FeedOptions,
    lines: HashMap<LineKey, Line>,
    wished: Vec<Wished>,
    /// The present or last link.
    generation: Generation,
    by_request: HashMap<i32, LineKey>,
    /// Whether a link is there to be asked.
    is_up: bool,
    is_delayed: bool,
    last_request: i32,
}

impl Desired {
    pub(super) fn new(options: FeedOptions) -> Self {
        let (lines, by_request) = (HashMap::new(), HashMap::new());
        Self {
            options,
            lines,
            wished: Vec::new(),
            generation: Generation(0),
            by_request,
            is_up: false,
            is_delayed: false,
            last_request: 0,
        }
    }

    /// How long a line may be silent after an outage of a farm.
    pub(super) fn stale_after(&self) -> Duration {
        self.options.stale_after
    }

    /// How many lines count against each limit.
    pub(super) fn usage(&self) -> Vec<LineUsage> {
        let mut usage = self.options.budget.unused();
        for row in &mut usage {
            row.used = self.lines.keys().filter(|key| self.counts(key, row)).count();
        }
        usage
    }

    /// Whether a line counts against a limit.
    fn counts(&self, key: &LineKey, row: &LineUsage) -> bool {
        self.options.budget.limit(&key.kind).is_some_and(|(name, _)| name == row.name)
    }

    /// Takes a stream's wishes, all or none.
    pub(super) fn add(&mut self, wishes: Vec<Wish>, now: Instant) -> Result<Vec<Step>> {
        self.check_budget(&wishes)?;
        let mut steps = Vec::new();
        for wish in wishes {
            wish.standing.opened();
            self.wished.push(Wished::of(&wish));
            let listener = (wish.outlet, wish.standing);
            if let Some(line) = self.lines.get_mut(&wish.key) {
                if let Some(request_id) = line.request_id {
                    steps.push(Step::Tell(Change::Listen(request_id, listener.0.clone())));
                }
                line.listeners.push(listener);
                continue;
            }
            self.lines.insert(wish.key.clone(), Line::new(wish.contract, listener, now));
            steps.extend(self.ask(&wish.key, now));
        }
        Ok(steps)
    }

    fn check_budget(&self, wishes: &[Wish]) -> Result<()> {
        let keys = wishes.iter().map(|wish| &wish.key);
        let new: HashSet<&LineKey> = keys.filter(|key| !self.lines.contains_key(key)).collect();
        for row in self.usage() {
            let wanted = new.iter().filter(|key| self.counts(key, &row)).count();
            if wanted > 0 && row.used + wanted > row.limit {
                return Err(too_many(&row, wanted));
            }
        }
        Ok(())
    }

    /// Forgets a stream; lines nobody else listens to are cancelled.
    pub(super) fn remove(&mut self, stream: StreamId) -> Vec<Step> {
        self.wished.retain(|wished| wished.stream != stream);
        let mut steps = Vec::new();
        let mut deserted = Vec::new();
        for (key, line) in &mut self.lines {
            let before = line.listeners.len();
            line.listeners.retain(|(outlet, _)| outlet.stream != stream);
            if line.listeners.is_empty() {
                deserted.push(key.clone());
            } else if let Some(request_id) =
                line.request_id.filter(|_| line.listeners.len() < before)
            {
                steps.push(Step::Tell(Change::Leave(request_id, stream)));
            }
        }
        for key in deserted {
            steps.extend(self.withdraw(&key));
            self.lines.remove(&key);
        }
        steps
    }

    /// A link is there: everything is asked for again.
    pub(super) fn restore(&mut self, generation: Generation, now: Instant) -> Vec<Step> {
        self.lost(now);
        self.generation = generation;
        self.is_up = true;
        self.last_request = 0;
        self.is_delayed = self.options.kind.is_delayed();
        let mut steps: Vec<Step> = self.choice().into_iter().collect();
        let keys: Vec<LineKey> = self.lines.keys().cloned().collect();
        for key in keys {
            steps.extend(self.ask(&key, now));
        }
        steps
    }

    /// Chooses the data of the requests that follow; nothing has to be said for live data.
    pub(super) fn choice(&self) -> Option<Step> {
        let has_fallen_back = self.is_delayed && !self.options.kind.is_delayed();
        let kind = if has_fallen_back { MarketDataType::Delayed } else { self.options.kind };
        (kind != MarketDataType::Live).then(|| Step::Ask(Request::Choice(asking::choose(kind))))
    }

    /// The link is there, the gateway's streams are not: a gap for every line, which is asked for
    /// again.
    pub(super) fn renew(&mut self, now: Instant) -> Vec<Step> {
        let keys: Vec<LineKey> = self.by_request.values().cloned().collect();
        keys.iter().flat_map(|key| self.ask_again(key, now)).collect()
    }

    /// The lines asked for on the present link, as they are at a moment of the wall clock.
    pub(super) fn samples<'a>(&'a self, now: OffsetDateTime) -> Vec<Sample<'a>> {
        let asked = self.lines.iter().filter_map(|(key, line)| Some((line.request_id?, key, line)));
        let sample = |(request_id, key, line): (i32, &'a LineKey, &'a Line)| {
            let last = line.pulse.last().and_then(clock::at);
            // A clock that was set back makes a line young, never old.
            let silence = last.map(|last| Duration::try_from(now - last).unwrap_or_default());
            let (contract, kind, items) = (&*line.contract, &key.kind, line.pulse.items());
            Sample { request_id, contract, kind, items, silence }
        };
        asked.map(sample).collect()
    }

    /// A line has fallen silent without a word: it is cancelled and asked for again, after a gap.
    pub(super) fn reopen(&mut self, request_id: i32, now: Instant) -> Vec<Step> {
        let Some(key) = self.by_request.get(&request_id).cloned() else { return Vec::new() };
        let Some(line) = self.lines.get_mut(&key).filter(|line| line.may_reopen(&key.kind, now))
        else {
            return Vec::new();
        };
        line.reopened_at = Some(now);
        line.advise(&silent(&line.contract));
        let mut steps = self.ask_again(&key, now);
        // Behind the gap and the end of the old line, before anything new.
        let cancel = asking::withdraw(request_id, &key.kind);
        steps.insert(2, Step::Ask(Request::Cancel(request_id, cancel)));
        steps
    }

    /// The link is gone, and all requests with it.
    pub(super) fn lost(&mut self, now: Instant) {
        self.is_up = false;
        self.by_request.clear();
        for line in self.lines.values_mut().filter(|line| line.request_id.is_some()) {
            line.request_id = None;
            line.turned_at = now;
        }
    }

    /// Takes what the gateway says about a request.
    pub(super) fn report(
        &mut self,
        request_id: i32,
        code: i32,
        text: &str,
        now: Instant,
    ) -> Vec<Step> {
        let Some(Decision { key, fate, error }) = self.decision(request_id, code, text, now) else {
            return Vec::new();
        };
        let Some(line) = self.lines.get_mut(&key) else { return Vec::new() };
        if fate != Fate::Ends {
            line.advise(&error);
        }
        match fate {
            Fate::GoesOn => Vec::new(),
            Fate::Interrupted => {
                line.silenced(now);
                vec![Step::Tell(Change::Gap(request_id))]
            }
            Fate::Reopened => {
                line.reopened_at = Some(now);
                self.ask_again(&key, now)
            }
            Fate::FallsBack => self.fall_back(&key, now),
            Fate::Ends => self.end(&key, &error),
        }
    }

    /// The error with which a line would end if the gateway said this of a request; `None` if the line
    /// would live on, or if there is none.
    pub(super) fn end_by(
        &self,
        request_id: i32,
        code: i32,
        text: &str,
        now: Instant,
    ) -> Option<Error> {
        let decision = self.decision(request_id, code, text, now)?;
        (decision.fate == Fate::Ends).then_some(decision.error)
    }

    /// What a coded message does to the line it is about; `None` if there is none.
    fn decision(&self, request_id: i32, code: i32, text: &str, now: Instant) -> Option<Decision> {
        let key = self.by_request.get(&request_id)?;
        let line = self.lines.get(key)?;
        let (fate, kind) = match verdict(code, text, &key.kind, line.asked_delayed) {
            Verdict::Advice => (Fate::GoesOn, ErrorKind::MarketData),
            Verdict::Interrupted => (Fate::Interrupted, ErrorKind::NotEntitled),
            Verdict::Reopen if line.may_reopen(&key.kind, now) => {
                (Fate::Reopened, ErrorKind::MarketData)
            }
            Verdict::NotEntitled if self.options.delayed_fallback => {
                (Fate::FallsBack, ErrorKind::NotEntitled)
            }
            Verdict::Reopen => (Fate::Ends, ErrorKind::MarketData),
            Verdict::NotEntitled => (Fate::Ends, ErrorKind::NotEntitled),
            Verdict::Over(kind) => (Fate::Ends, kind),
        };
        let error = refusal(kind, code, text, &line.contract).with_request_id(request_id);
        Some(Decision { key: key.clone(), fate, error })
    }

    /// Asks for delayed data from here on, and for this line once more.
    fn fall_back(&mut self, key: &LineKey, now: Instant) -> Vec<Step> {
        let mut steps = Vec::new();
        if !self.is_delayed {
            log::warn!(target: "aioibkr::market_data", "live data is not entitled: asking for delayed data");
            self.is_delayed = true;
            steps.push(Step::Ask(Request::Choice(asking::choose(MarketDataType::Delayed))));
        }
        steps.extend(self.ask_again(key, now));
        steps
    }

    fn ask_again(&mut self, key: &LineKey, now: Instant) -> Vec<Step> {
        let told = self.lines.get(key).and_then(|line| line.request_id).map(Change::Gap);
        let mut steps: Vec<Step> = told.map(Step::Tell).into_iter().collect();
        steps.extend(self.forget(key).map(|request_id| Step::Tell(Change::Close(request_id))));
        steps.extend(self.ask(key, now));
        steps
    }

    /// A line is over: whoever listens is told why.
    fn end(&mut self, key: &LineKey, error: &Error) -> Vec<Step> {
        let closed = self.forget(key).map(|request_id| Step::Tell(Change::Close(request_id)));
        if let Some(line) = self.lines.remove(key) {
            log::warn!(target: "aioibkr::market_data", "{error}");
            for (outlet, standing) in &line.listeners {
                let (generation, at) = (self.generation, clock::now());
                let failure = Failure { error: error.clone(), generation, at };
                if standing.failed(outlet.slot, failure) {
                    outlet.port.end(End::Failed(error.clone()));
                }
            }
        }
        closed.into_iter().collect()
    }

    /// Ends every stream with the reason why there is no link for them.
    pub(super) fn end_all(&mut self, end: &End) {
        for (_, line) in self.lines.drain() {
            line.listeners.iter().for_each(|(outlet, _)| outlet.port.end(end.clone()));
        }
        self.by_request.clear();
        self.wished.clear();
    }

    /// The request for a line, if there is a link.
    fn ask(&mut self, key: &LineKey, now: Instant) -> Vec<Step> {
        let Some(line) = self.lines.get_mut(key).filter(|_| self.is_up) else { return Vec::new() };
        self.last_request += 1;
        let request_id = self.last_request;
        line.request_id = Some(request_id);
        line.asked_at = Some(now);
        line.begin(now);
        let pulse = Arc::clone(&line.pulse);
        line.asked_delayed = self.is_delayed;
        self.by_request.insert(request_id, key.clone());
        let outlets = line.listeners.iter().map(|(outlet, _)| outlet.clone()).collect();
        let contract = Arc::clone(&line.contract);
        let since = line.mark.last().map(|last| last.time);
        let (kind, is_all) = asking::resuming(&key.kind, since);
        let request = Request::Open(request_id, asking::ask(request_id, &contract, &kind));
        let past = Past { mark: Arc::clone(&line.mark), is_all };
        let missed = since.and_then(|since| line.missed(request_id, &kind, since));
        let opened = Change::Open { request_id, contract, kind, outlets, pulse, past };
        let steps = [Step::Tell(opened), Step::Ask(request)];
        steps.into_iter().chain(missed.map(Step::Fetch)).collect()
    }

    fn withdraw(&mut self, key: &LineKey) -> Vec<Step> {
        let Some(request_id) = self.forget(key) else { return Vec::new() };
        let cancel = asking::withdraw(request_id, &key.kind);
        vec![Step::Tell(Change::Close(request_id)), Step::Ask(Request::Cancel(request_id, cancel))]
    }

    /// The request of a line, which is nobody's from here on.
    fn forget(&mut self, key: &LineKey) -> Option<i32> {
        let request_id = self.lines.get_mut(key)?.request_id.take()?;
        self.by_request.remove(&request_id);
        Some(request_id)
    }
}

impl Line {
    fn new(contract: Arc<Contract>, listener: (Outlet, Arc<Standing>), now: Instant) -> Self {
        Self {
            contract,
            request_id: None,
            asked_delayed: false,
            asked_at: None,
            reopened_at: None,
            pulse: Arc::default(),
            mark: Arc::default(),
            silent_at: 0,
            has_brought: false,
            turned_at: now,
            listeners: vec![listener],
        }
    }

    /// A request begins, which has brought nothing yet.
    fn begin(&mut self, now: Instant) {
        self.has_brought |= self.pulse.items() > 0;
        self.pulse = Arc::default();
        self.silent_at = 0;
        self.turned_at = now;
    }

    /// What a line of five-second bars missed since its last one.
    fn missed(&self, request_id: i32, kind: &LineKind, since: OffsetDateTime) -> Option<Missed> {
        let LineKind::RealTimeBars { what_to_show, use_rth } = *kind else { return None };
        let (contract, pulse) = (Arc::clone(&self.contract), Arc::clone(&self.pulse));
        Some(Missed { request_id, contract, what_to_show, use_rth, pulse, since })
    }

    /// What has come does not count any more.
    fn silenced(&mut self, now: Instant) {
        self.silent_at = self.pulse.items();
        self.turned_at = now;
    }

    fn advise(&self, advice: &Error) {
        for (outlet, standing) in &self.listeners {
            standing.advised(outlet.slot, advice.clone());
        }
    }

    fn may_reopen(&self, kind: &LineKind, now: Instant) -> bool {
        let last = match kind {
            LineKind::TickByTick(_) => self.asked_at,
            LineKind::Market { .. }
            | LineKind::Depth { .. }
            | LineKind::RealTimeBars { .. }
            | LineKind::Bars(_) => self.reopened_at,
        };
        last.is_none_or(|at| now.duration_since(at) >= REOPEN_PAUSE)
    }
}

fn too_many(row: &LineUsage, wanted: usize) -> Error {
    let LineUsage { name, used, limit } = row;
    let text = format!(
        "{wanted} more {name} lines would be {} of {limit}: close streams, or raise the limit if \
         the account has more",
        used + wanted
    );
    let error = Error::new(ErrorKind::LineLimit, text);
    error.with_detail("used", used).with_detail("wanted", wanted).with_detail("limit", limit)
}

fn silent(contract: &Contract) -> Error {
    let text = format!("{contract}: no data since its farm is back: asked for again");
    log::warn!(target: "aioibkr::market_data", "{text}");
    Error::new(ErrorKind::MarketData, text).with_detail("symbol", &contract.symbol)
}

fn refusal(kind: ErrorKind, code: i32, text: &str, contract: &Contract) -> Error {
    Error::new(kind, format!("{contract}: {text} (code {code})"))
        .with_code(code)
        .with_detail("contract", contract)
        .with_detail("symbol", &contract.symbol)
}

#[cfg(test)]
#[path = "desired_tests.rs"]
mod tests;
