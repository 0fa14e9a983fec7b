//! What clients use up: messages of the last second, open requests, history of the last minutes. One
//! owner for the whole gateway, as IB's limits are those of a login; a connection that ends gives back
//! all it had.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::pacing::{BarsPacing, HistoryPacing, MessageWindow, Query, RateStep};
use super::{Limits, MessageRate};
use crate::client::{ConnectionId, RequestId};
use crate::wire::{Request, pb};

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Line,
    Depth,
    TickByTick,
    History,
    Scanner,
}

/// What a limit makes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Pass,
    /// Passes, with a text without code (L1).
    Warn(String),
    /// Is answered with this code and text instead of being served.
    Refuse(i32, String),
    /// Is served so much later (L4).
    Later(Duration),
    /// As `Refuse`, and the connection is dropped.
    Drop(i32, String),
}

/// The use of everything that is limited.
pub(crate) struct Usage {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By connection, or under `None` for all.
    messages: BTreeMap<Option<ConnectionId>, MessageWindow>,
    refused: BTreeMap<ConnectionId, u32>,
    open: BTreeMap<(ConnectionId, RequestId), Family>,
    /// Connections that are queued instead of refused (L3).
    paced: BTreeSet<ConnectionId>,
    history: HistoryPacing,
    bars: BarsPacing,
}

impl Usage {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, state: Mutex::default() }
    }

    /// Has a connection queued where it would be refused.
    pub(crate) fn pace(&self, connection: ConnectionId) {
        self.lock().paced.insert(connection);
    }

    /// How long the next message of a connection that is queued waits, if it has to.
    pub(crate) fn wait(&self, connection: ConnectionId, now: Instant) -> Option<Duration> {
        let rate = self.limits.messages?;
        let mut state = self.lock();
        if !state.paced.contains(&connection) {
            return None;
        }
        let owner = rate.is_per_client.then_some(connection);
        state.messages.get_mut(&owner)?.wait(now, rate.per_second)
    }

    /// Counts a message, whatever it is.
    pub(crate) fn message(&self, connection: ConnectionId, now: Instant) -> Verdict {
        let Some(rate) = self.limits.messages else { return Verdict::Pass };
        let mut state = self.lock();
        let owner = rate.is_per_client.then_some(connection);
        let step = state.messages.entry(owner).or_default().step(now, rate.per_second);
        match step {
            RateStep::Pass => {
                state.refused.remove(&connection);
                Verdict::Pass
            }
            RateStep::Warn(count) => Verdict::Warn(warning(rate, count)),
            RateStep::Refuse(count) => {
                let refused = state.refused.entry(connection).or_default();
                *refused += 1;
                let text = excess(rate, count, *refused);
                match *refused >= rate.refusals {
                    true => Verdict::Drop(EXCESS, text),
                    false => Verdict::Refuse(EXCESS, text),
                }
            }
        }
    }

    /// Counts what a request opens or ends.
    pub(crate) fn request(
        &self,
        connection: ConnectionId,
        request: &Request,
        now: Instant,
    ) -> Verdict {
        let Some(id) = request.id() else { return Verdict::Pass };
        let mut state = self.lock();
        let Some(family) = opened(request) else {
            if ends(request) {
                state.open.remove(&(connection, id));
            }
            return Verdict::Pass;
        };
        if let Some((code, text)) = self.refusal(&mut state, family, request, now) {
            return Verdict::Refuse(code, text);
        }
        state.open.entry((connection, id)).or_insert(family);
        match self.limits.has_history_pacing && is_slowed(&mut state, request, now) {
            true => Verdict::Later(SLOWED),
            false => Verdict::Pass,
        }
    }

    fn refusal(
        &self,
        state: &mut State,
        family: Family,
        request: &Request,
        now: Instant,
    ) -> Option<(i32, String)> {
        let open = state.open.values().filter(|known| **known == family).count();
        if let Some(most) = self.most(family).filter(|most| open >= *most) {
            return Some(over(family, most));
        }
        if !self.limits.has_history_pacing {
            return None;
        }
        match request {
            Request::ReqHistoricalData(query) => {
                let is_paced = query_of(query).is_none_or(|query| state.history.admits(now, query));
                (!is_paced).then(|| (162, PACING.to_owned()))
            }
            Request::ReqRealTimeBars(_) => {
                (!state.bars.admits(now)).then(|| (420, BARS_PACING.to_owned()))
            }
            _ => None,
        }
    }

    fn most(&self, family: Family) -> Option<usize> {
        match family {
            Family::Line => self.limits.market_data_lines,
            Family::Depth => self.limits.depth,
            Family::TickByTick => self.limits.tick_by_tick,
            Family::History => self.limits.open_historical,
            Family::Scanner => self.limits.scanners,
        }
    }

    /// A request is answered whole or was refused, and uses nothing any more.
    pub(crate) fn end(&self, connection: ConnectionId, id: RequestId) {
        self.lock().open.remove(&(connection, id));
    }

    /// An error on a request that leaves nothing of it open.
    pub(crate) fn end_by_error(&self, connection: ConnectionId, id: RequestId, code: i32) {
        if ENDS_REQUEST.contains(&code) {
            self.end(connection, id);
        }
    }

    pub(crate) fn dismiss(&self, connection: ConnectionId) {
        let mut state = self.lock();
        state.open.retain(|(owner, _), _| *owner != connection);
        state.messages.remove(&Some(connection));
        state.refused.remove(&connection);
        state.paced.remove(&connection);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Counters, valid after any step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const EXCESS: i32 = 100;

/// By how much an answer that is paced softly is late; how much it is on a real gateway is not known.
const SLOWED: Duration = Duration::from_secs(1);

/// Whether a query for longer bars is one too many and so answered late (L4).
fn is_slowed(state: &mut State, request: &Request, now: Instant) -> bool {
    match request {
        Request::ReqHistoricalData(query) if query_of(query).is_none() => state.history.slows(now),
        _ => false,
    }
}
const PACING: &str = "Historical Market Data Service error message:Historical data request pacing \
                      violation";
const BARS_PACING: &str = "Invalid Real-time Query:Historical data request pacing violation";

/// Errors after which a request is over; duplicates (322) leave the running one alone.
const ENDS_REQUEST: [i32; 16] = [
    162, 200, 316, 321, 354, 420, 490, 10089, 10092, 10168, 10182, 10186, 10189, 10225, 10299,
    10314,
];

fn excess(rate: MessageRate, count: usize, refused: u32) -> String {
    let most = rate.per_second;
    format!("Max rate of messages per second has been exceeded:max={most} rec={count} ({refused})")
}

fn warning(rate: MessageRate, count: usize) -> String {
    format!("Rate of messages per second is near its maximum:max={} rec={count}", rate.per_second)
}

fn over(family: Family, most: usize) -> (i32, String) {
    match family {
        Family::Line => (101, "Max number of tickers has been reached".to_owned()),
        Family::Depth => {
            (309, format!("Max number ({most}) of market depth requests has been reached"))
        }
        Family::TickByTick => {
            (10190, "Max number of tick-by-tick requests has been reached".to_owned())
        }
        Family::History => (
            322,
            "Error processing request. Maximum number of open historical data requests exceeded"
                .to_owned(),
        ),
        Family::Scanner => (
            162,
            format!(
                "Historical Market Data Service error message:Only {most} simultaneous API scanner \
                 subscriptions are allowed."
            ),
        ),
    }
}

fn opened(request: &Request) -> Option<Family> {
    match request {
        Request::ReqMktData(_) | Request::ReqRealTimeBars(_) => Some(Family::Line),
        Request::ReqMktDepth(_) => Some(Family::Depth),
        Request::ReqTickByTickData(_) => Some(Family::TickByTick),
        Request::ReqHistoricalData(_) | Request::ReqHeadTimestamp(_) => Some(Family::History),
        Request::ReqScannerSubscription(_) => Some(Family::Scanner),
        _ => None,
    }
}

fn ends(request: &Request) -> bool {
    matches!(
        request,
        Request::CancelMktData(_)
            | Request::CancelRealTimeBars(_)
            | Request::CancelMktDepth(_)
            | Request::CancelTickByTickData(_)
            | Request::CancelHistoricalData(_)
            | Request::CancelHeadTimestamp(_)
            | Request::CancelScannerSubscription(_)
    )
}

/// Whether serving a request leaves nothing of it open.
pub(crate) fn is_answered_at_once(request: &Request) -> bool {
    matches!(request, Request::ReqHistoricalData(query) if !query.keep_up_to_date())
}

/// A query as pacing sees it; `None` for bars that are paced softly, that is, not here.
fn query_of(request: &pb::HistoricalDataRequest) -> Option<Query> {
    if !matches!(
        request.bar_size_setting(),
        "1 secs" | "1 sec" | "5 secs" | "10 secs" | "15 secs" | "30 secs"
    ) {
        return None;
    }
    let contract = request.contract.clone().unwrap_or_default();
    let series = format!(
        "{} {} {} {} {}",
        contract.con_id(),
        contract.symbol(),
        contract.sec_type(),
        contract.exchange(),
        request.what_to_show(),
    );
    let whole = format!(
        "{series} {} {} {} {}",
        request.end_date_time(),
        request.duration(),
        request.bar_size_setting(),
        request.use_rth(),
    );
    let weight = if request.what_to_show() == "BID_ASK" { 2 } else { 1 };
    Some(Query { series, whole, weight })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::RequestKind;

    const CONNECTION: ConnectionId = ConnectionId(1);

    /// A request of which nothing but the id is given.
    fn request(kind: RequestKind, id: u8) -> Request {
        Request::decode(kind, &[8, id]).unwrap().unwrap()
    }

    fn depth(id: u8) -> Request {
        request(RequestKind::ReqMktDepth, id)
    }

    fn code(usage: &Usage, connection: u64, request: &Request) -> Option<i32> {
        match usage.request(ConnectionId(connection), request, Instant::now()) {
            Verdict::Refuse(code, _) => Some(code),
            _ => None,
        }
    }

    #[test]
    fn test_a_limit_counts_all_clients_and_is_given_back() {
        let usage = Usage::new(Limits { depth: Some(2), ..Limits::default() });

        assert_eq!([code(&usage, 1, &depth(1)), code(&usage, 2, &depth(1))], [None, None]);
        assert_eq!(code(&usage, 1, &depth(2)), Some(309));
        usage.end_by_error(CONNECTION, 1, 322);
        assert_eq!(code(&usage, 1, &depth(2)), Some(309));
        usage.end_by_error(CONNECTION, 1, 200);
        assert_eq!([code(&usage, 1, &depth(2)), code(&usage, 1, &depth(3))], [None, Some(309)]);
        usage.dismiss(ConnectionId(2));
        assert_eq!(code(&usage, 1, &depth(3)), None);
        assert_eq!(code(&usage, 1, &request(RequestKind::CancelMktDepth, 3)), None);
        assert_eq!(code(&usage, 1, &depth(4)), None);
    }

    #[test]
    fn test_each_family_has_its_own_code() {
        let limits = Limits {
            market_data_lines: Some(0),
            depth: Some(0),
            tick_by_tick: Some(0),
            open_historical: Some(0),
            scanners: Some(0),
            ..Limits::default()
        };
        let usage = Usage::new(limits);
        let cases = [
            (RequestKind::ReqMktData, 101),
            (RequestKind::ReqRealTimeBars, 101),
            (RequestKind::ReqMktDepth, 309),
            (RequestKind::ReqTickByTickData, 10190),
            (RequestKind::ReqHistoricalData, 322),
            (RequestKind::ReqHeadTimestamp, 322),
            (RequestKind::ReqScannerSubscription, 162),
        ];

        for (kind, expected) in cases {
            assert_eq!(code(&usage, 1, &request(kind, 1)), Some(expected), "{kind:?}");
        }
    }

    /// (L3)
    #[test]
    fn test_a_paced_connection_waits_for_the_second_to_pass() {
        let rate = MessageRate { per_second: 2, is_per_client: false, refusals: 3 };
        let usage = Usage::new(Limits { messages: Some(rate), ..Limits::default() });
        let now = Instant::now();
        usage.pace(CONNECTION);
        (0..2).for_each(|_| drop(usage.message(CONNECTION, now)));

        let later = now + Duration::from_millis(400);

        assert_eq!(usage.wait(CONNECTION, later), Some(Duration::from_millis(600)));
        assert_eq!(usage.wait(ConnectionId(2), later), None);
        assert_eq!(usage.wait(CONNECTION, now + Duration::from_secs(1)), None);
    }

    /// (L1)
    #[test]
    fn test_a_client_that_goes_on_too_fast_is_dropped() {
        let rate = MessageRate { per_second: 50, is_per_client: true, refusals: 3 };
        let usage = Usage::new(Limits { messages: Some(rate), ..Limits::default() });
        let now = Instant::now();

        let verdicts: Vec<_> = (0..53).map(|_| usage.message(CONNECTION, now)).collect();

        assert!(matches!(verdicts[41], Verdict::Warn(_)));
        assert!(matches!(
            verdicts[50..],
            [Verdict::Refuse(100, _), Verdict::Refuse(100, _), Verdict::Drop(100, _)]
        ));
        assert_eq!(usage.message(ConnectionId(2), now), Verdict::Pass);
    }
}
