//! One cell of the table, or some that share a gateway: a blow, a phase, calls. Runs them and says
//! how each ended and what the judge objects to.

use std::time::Duration;

use aioibkr_core::model::{Keepalive, OrderId, OrderKey, SessionState};
use aioibkr_core::{Error, ErrorKind};
use aioibkr_mock_gateway::{Fault, FaultHandle, Injection};
use tokio::time::Instant;

use super::blow::{Blow, Provocation, provoke};
use super::call::{Asking, Call};
use super::check::{Violation, check};
use super::history::Standing;
use super::stage::{DOUBTED, KEEPALIVE, PATIENCE, Stage};
use crate::core_gateway::{MILLI, SECOND};
use crate::core_orders::{aapl, resting};
use crate::feed_reader::CONTROL;

/// Deadline of what is asked while something is wrong.
const WITHIN: Duration = Duration::from_millis(150);

/// How late an acknowledgement comes that a phase waits for.
const UNACKNOWLEDGED: Duration = Duration::from_millis(150);

/// How late answers come behind which something is to happen.
const HELD: Duration = Duration::from_millis(40);

/// What orders wait for on a new link.
const LISTS: [&str; 3] = ["req_all_open_orders", "req_completed_orders", "req_executions"];

/// What a client asks a new link for; the feed's are those of its streams.
const RESTORED: [&str; 9] = [
    "req_positions",
    "req_acct_data",
    "req_all_open_orders",
    "req_executions",
    "req_mkt_data",
    "req_tick_by_tick_data",
    "req_mkt_depth",
    "req_real_time_bars",
    "req_historical_data",
];

/// When a blow falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Nothing is asked, streams are open; the calls follow.
    Idle,
    /// The calls are being answered, streams are being opened.
    InFlight,
    /// The client is on its way back to readiness after a lost link.
    MidRestore,
    /// An order was sent and not acknowledged.
    Unacknowledged,
}

impl Phase {
    /// Every phase, in the order of a table's letters.
    pub(super) const ALL: [Self; 4] =
        [Self::Idle, Self::InFlight, Self::MidRestore, Self::Unacknowledged];

    /// Its name in a command.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::InFlight => "in_flight",
            Self::MidRestore => "mid_restore",
            Self::Unacknowledged => "unacknowledged",
        }
    }
}

/// Why a cell has no meaning, if it has none.
pub(super) fn meaningless(call: Call, phase: Phase) -> Option<&'static str> {
    match phase {
        Phase::InFlight if call.request().is_none() => {
            Some("what is kept is not asked for: it is never in flight")
        }
        Phase::Idle | Phase::InFlight | Phase::MidRestore | Phase::Unacknowledged => None,
    }
}

/// Calls that meet a blow in a phase together.
#[derive(Clone)]
pub(super) struct Cell {
    pub(super) blow: Blow,
    pub(super) phase: Phase,
    pub(super) calls: Vec<Call>,
    /// How the client watches its links.
    pub(super) keepalive: Option<Keepalive>,
}

/// What became of a cell.
pub(super) struct Report {
    pub(super) outcomes: Vec<(Call, char)>,
    pub(super) violations: Vec<Violation>,
}

impl Cell {
    /// The command that repeats it.
    pub(super) fn command(&self) -> String {
        let (blow, phase) = (self.blow.name, self.phase.name());
        let call = self.calls.first().map_or("", |call| call.name());
        format!(
            "AIOIBKR_CELL={blow}/{call}/{phase} cargo test -p aioibkr-tests --test rust \
             core_adversity_table -- --nocapture"
        )
    }

    /// Runs it.
    pub(super) async fn run(&self) -> Report {
        let stage = Stage::set(self.keepalive).await;
        let (streams, calls): (Vec<_>, Vec<_>) =
            self.calls.iter().copied().partition(|call| call.is_stream());
        let feed = match self.phase {
            Phase::InFlight => None,
            Phase::Idle | Phase::MidRestore | Phase::Unacknowledged => {
                Some(stage.open_all(&streams).await)
            }
        };
        let (_, mut outcomes) =
            tokio::join!(self.pending_order(&stage), self.meet(&stage, &calls, &streams));
        outcomes.extend(self.recover(&stage).await);
        let unanswered = ask_again(&stage, &calls).await;
        if feed.is_some_and(|generation| stage.feed_generation() > generation) {
            let went_on =
                outcomes.iter().filter(|(call, letter)| call.is_stream() && *letter == 'a');
            let ungapped = went_on.map(|(call, _)| call.name().to_owned()).collect();
            stage.history().ending.ungapped = ungapped;
        }
        stage.history().ending.unanswered = unanswered;
        Report { outcomes, violations: check(&stage.end().await) }
    }

    /// The order whose acknowledgement a phase waits for.
    async fn pending_order(&self, stage: &Stage) {
        const ALLOWED: Duration = Duration::from_millis(600);
        if self.phase == Phase::Unacknowledged {
            let key = OrderKey::new("pending").ok();
            let placing = stage.client.place(aapl(), resting(7), key, Some(ALLOWED));
            stage.attempt("pending", ALLOWED, async { placing.await.map(drop) }).await;
        }
    }

    /// Lets the blow fall while the calls are made, and undoes it; how the calls ended.
    async fn meet(&self, stage: &Stage, calls: &[Call], streams: &[Call]) -> Vec<(Call, char)> {
        let mut struck = self.before(stage).await;
        let from = stage.moment();
        if self.phase == Phase::Idle {
            self.show(stage).await;
        }
        let asked = async {
            let asked = calls.iter().map(|call| ask(stage, *call, 0, WITHIN));
            let mut answers = Vec::new();
            let all = async { answers = futures_util::future::join_all(asked).await };
            match self.phase {
                Phase::MidRestore => stage.watch_writes(all).await,
                Phase::Idle | Phase::InFlight | Phase::Unacknowledged => all.await,
            }
            answers
        };
        let opened = async {
            let late = if self.phase == Phase::InFlight { streams } else { &[] };
            stage.open(late, WITHIN).await
        };
        let (answers, failed, more) = tokio::join!(asked, opened, self.during(stage));
        if self.phase == Phase::Idle && self.blow.silences() {
            let is_watched = self.keepalive.is_some();
            stage.stay_silent_since(from, if is_watched { 10 * SECOND } else { SECOND }).await;
        }
        struck.extend(more);
        struck.iter().for_each(FaultHandle::clear);
        stage.gateway.up().expect("the port is still ours");
        if self.blow.takes_servers() {
            stage.gateway.notice(1102);
        }
        let answered =
            calls.iter().zip(answers).map(|(call, answer)| (*call, letter(answer.as_ref())));
        let failed = failed.into_iter().map(|(call, error)| (call, error_letter(error.kind())));
        answered.chain(failed).collect()
    }

    /// Waits until the client has met a blow that changes how its link stands.
    async fn show(&self, stage: &Stage) {
        if self.blow.silences() {
            tokio::time::sleep(DOUBTED + 60 * MILLI).await;
        }
        let deadline = Instant::now() + 200 * MILLI;
        while self.blow.takes_servers()
            && stage.client.state() != SessionState::Degraded
            && Instant::now() < deadline
        {
            tokio::time::sleep(MILLI).await;
        }
    }

    /// What happens before the calls.
    async fn before(&self, stage: &Stage) -> Vec<FaultHandle> {
        let gateway = &stage.gateway;
        match self.phase {
            Phase::Idle => {
                let struck = self.blow.strike(gateway, &["all"]);
                provoke(gateway, self.blow.provocation());
                struck
            }
            Phase::InFlight if self.blow.is_event() => held(stage, &self.requests()),
            Phase::InFlight => self.blow.strike(gateway, &self.requests()),
            Phase::MidRestore => {
                let struck = match self.blow.is_event() {
                    true => Vec::new(),
                    false => self.blow.strike(gateway, &RESTORED),
                };
                let holding = held(stage, &LISTS);
                stage.relink(HELD, 100 * MILLI).await;
                struck.into_iter().chain(holding).collect()
            }
            Phase::Unacknowledged => {
                let mut struck = unacknowledged(stage).await;
                struck.extend(self.blow.strike(gateway, &["all"]));
                provoke(gateway, self.blow.provocation());
                struck
            }
        }
    }

    /// What happens while the calls wait.
    async fn during(&self, stage: &Stage) -> Vec<FaultHandle> {
        tokio::time::sleep(10 * MILLI).await;
        let is_late = matches!(self.phase, Phase::InFlight | Phase::MidRestore);
        let struck = match is_late && self.blow.is_event() {
            true => self.blow.strike(&stage.gateway, &[]),
            false => Vec::new(),
        };
        if let (true, Provocation::Notices(_)) = (is_late, self.blow.provocation()) {
            provoke(&stage.gateway, self.blow.provocation());
        }
        if let (Phase::InFlight, Provocation::Reconnect) = (self.phase, self.blow.provocation()) {
            provoke(&stage.gateway, Provocation::Reconnect);
        }
        stage.let_fill();
        struck
    }

    /// The kinds of message the calls ask with.
    fn requests(&self) -> Vec<&'static str> {
        let mut kinds: Vec<_> = self.calls.iter().filter_map(|call| call.request()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// Waits until all is well again; how each stream stands. Whatever the gateway forgot without a
    /// word is told it anew on the next link.
    async fn recover(&self, stage: &Stage) -> Vec<(Call, char)> {
        let patience = if self.blow.forgets() { SECOND } else { PATIENCE };
        let mut lacks = stage.settle(patience).await;
        let mut told = stage.show_streams(patience).await;
        let is_silent = told.iter().any(|(_, standing)| *standing == Standing::Silent);
        if self.blow.forgets() {
            stage.gateway.drop_connections().expect("a running gateway");
            lacks = stage.settle(PATIENCE).await;
            told = stage.show_streams(PATIENCE).await;
        }
        let gaps: Vec<_> = stage
            .streams
            .lock()
            .map_or(Vec::new(), |streams| streams.iter().map(|stream| stream.gaps).collect());
        let letters = told.iter().zip(gaps).filter_map(|((name, standing), gaps)| {
            Some((Call::named(name)?, stream_letter(*standing, gaps, is_silent)))
        });
        let letters = letters.collect();
        let mut history = stage.history();
        (history.ending.lacks, history.ending.streams) = (lacks, told);
        letters
    }
}

/// Answers come so late that something may happen before.
fn held(stage: &Stage, kinds: &[&str]) -> Vec<FaultHandle> {
    let delay = |kind: &&str| {
        stage.gateway.inject(Fault::Delay((*kind).into(), HELD)).expect("a kind of message")
    };
    kinds.iter().map(delay).collect()
}

/// Waits until the pending order is at the gateway, which will acknowledge it later.
async fn unacknowledged(stage: &Stage) -> Vec<FaultHandle> {
    let late = ["open_order", "order_status"].map(|kind| {
        let late = Injection::from(Fault::Delay(kind.into(), UNACKNOWLEDGED)).for_client(CONTROL);
        stage.gateway.inject(late).expect("a kind of message")
    });
    let deadline = Instant::now() + SECOND;
    let is_there =
        || stage.gateway.orders().iter().any(|order| order.order_ref.ends_with("|pending"));
    while !is_there() && Instant::now() < deadline {
        tokio::time::sleep(MILLI).await;
    }
    late.into()
}

/// Makes a call once.
async fn ask(
    stage: &Stage,
    call: Call,
    turn: usize,
    within: Duration,
) -> Option<Result<(), Error>> {
    const SYMBOLS: [&str; 4] = ["MSFT", "GOOG", "AMZN", "NVDA"];
    let [changed, cancelled, _] = stage.resting;
    let order: OrderId = if call == Call::Modify { changed } else { cancelled };
    let key = format!("{}-{turn}", call.name());
    let asking = Asking { key: key.clone(), symbol: SYMBOLS[turn % 4], order, within, turn };
    // Room for the largest of all calls, which is too much for a test's stack.
    let made = Box::pin(call.make(&stage.client, &asking));
    match call {
        Call::Place => stage.attempt(&key, within, made).await,
        _ => stage.timed(call.name(), within, made).await,
    }
}

/// Makes the calls until each is answered, as nothing is wrong any more; what never was.
async fn ask_again(stage: &Stage, calls: &[Call]) -> Vec<String> {
    let asked = calls.iter().map(|call| async move {
        let mut last = None;
        let deadline = Instant::now() + 3 * SECOND + stage.lag();
        for turn in 1.. {
            last = match ask(stage, *call, turn, SECOND).await {
                Some(Ok(())) => return None,
                Some(Err(error)) if call.accepts(&error) => return None,
                answer => answer,
            };
            if Instant::now() > deadline {
                break;
            }
            tokio::time::sleep(20 * MILLI).await;
        }
        Some(format!("{}: {last:?}", call.name()))
    });
    futures_util::future::join_all(asked).await.into_iter().flatten().collect()
}

/// How a call ended, in a letter.
fn letter(answer: Option<&Result<(), Error>>) -> char {
    match answer {
        Some(Ok(())) => 'a',
        Some(Err(error)) => error_letter(error.kind()),
        None => '!',
    }
}

fn error_letter(kind: ErrorKind) -> char {
    match kind {
        ErrorKind::RequestTimeout => 't',
        ErrorKind::ConnectionLost => 'l',
        ErrorKind::StateUnknown => 's',
        ErrorKind::OrderOutcomeUnknown => 'u',
        ErrorKind::OrderRefused => 'r',
        ErrorKind::OrderRejected => 'j',
        ErrorKind::MarketData | ErrorKind::NotEntitled => 'm',
        _ => 'e',
    }
}

fn stream_letter(standing: Standing, gaps: usize, is_renewed: bool) -> char {
    match standing {
        Standing::Delivers if is_renewed => 'n',
        Standing::Delivers if gaps > 0 => 'g',
        Standing::Delivers => 'a',
        Standing::SaysWhy => 'w',
        Standing::Silent => '!',
    }
}

/// What the letters of a table mean.
pub(super) const LEGEND: &str = "\
a answered, or a stream that went on   g went on behind a gap   n went on with the next link only
w the stream says why it ended   t timed out   l link lost   s state unknown   u outcome unknown
r refused, not sent   j rejected   m market data refused   e another error   - no meaning   ! broken";

/// A busy machine hides from the cells what happens within a few milliseconds: here the gateway never
/// tells its executions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn core_adversity_nothing_is_written_before_the_lists_are_known() {
    // Shorter than the client goes without a list that never ends.
    const NEVER: Duration = Duration::from_secs(2);
    let stage = Stage::set(Some(KEEPALIVE)).await;
    let mute = stage.gateway.inject(Fault::Mute("req_executions".into())).unwrap();

    stage.relink(NEVER, PATIENCE).await;
    let early = [Call::Place, Call::Modify].map(|call| ask(&stage, call, 0, WITHIN));
    let mut refused = Vec::new();
    stage.watch_writes(async { refused = futures_util::future::join_all(early).await }).await;
    mute.clear();
    stage.gateway.drop_connections().unwrap();
    let lacks = stage.settle(PATIENCE).await;
    let unanswered = ask_again(&stage, &[Call::Place, Call::Modify]).await;

    assert_eq!((lacks, unanswered), (None, Vec::new()));
    let refusals: Vec<_> = refused.iter().map(|answer| letter(answer.as_ref())).collect();
    assert_eq!(refusals, ['r', 'r'], "{refused:?}");
    assert_eq!(stage.history().restores.len(), 1, "there was a link without lists");
    assert_eq!(check(&stage.end().await), []);
}
