//! One connected client: where its replies go and what it has subscribed to. All of it dies with the
//! connection (S17, S18).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::clock;
use crate::exchange::account::Rows;
use crate::exchange::{ClientId, ConId};
use crate::faults::{Fate, FaultId, Faults, pieces};
use crate::handler::Parts;
use crate::limits::Usage;
use crate::outbox::Outbox;
use crate::pending::{Pending, Waiting};
use crate::schedule::Schedule;
use crate::streams::Streams;
use crate::wire::text::BarsWithWindow;
use crate::wire::{Reply, ReplyKind, Request, ServerVersion, encoding, pb};

/// Names one connection; a client id that reconnects gets a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// The number a client gives a request.
pub(crate) type RequestId = i32;

/// An id of errors that belong to no request.
pub(crate) const NO_REQUEST: RequestId = -1;

/// Something planned for later.
pub(crate) enum Due {
    /// A delayed request is served; its connection may wait for that.
    Request(Outlet, Box<Request>, Option<Waiting>),
    /// A delayed frame is sent.
    Frame(Arc<Outbox>, Vec<u8>),
    /// Something on the exchange is due at this moment of its clock.
    Wake(i64),
    /// A frame that nothing overtook is sent.
    HeldFrame(Arc<Outbox>),
    /// A storm sends its code once more.
    Storm(FaultId),
    /// The farms are told to a client that waits for them.
    Farms(ConnectionId),
    /// The right last price of a ticker that was shown an old one.
    Last(ConnectionId, RequestId),
    /// A snapshot that started with this number ends.
    SnapshotEnd(ConnectionId, RequestId, u64),
    /// The next sample of a ticker's quote is due.
    Sample(ConnectionId, RequestId),
    /// A five second bar that started with this number is over.
    RealTimeBar(ConnectionId, RequestId, u64),
    /// A bar of a history that keeps up to date, planned under this number, is over.
    LiveBar(ConnectionId, RequestId, u64),
}

/// Where replies to one client go. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Outlet {
    pub(crate) connection: ConnectionId,
    pub(crate) client: ClientId,
    pub(crate) version: ServerVersion,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) schedule: Arc<Schedule<Due>>,
    pub(crate) usage: Arc<Usage>,
    /// Texts of codes in the language of the gateway (C12).
    pub(crate) texts: Arc<BTreeMap<i32, String>>,
    /// Requests that are to be served before the client's id is given up.
    pub(crate) pending: Arc<Pending>,
}

/// How long a frame waits for another to overtake it.
const OVERTAKING: Duration = Duration::from_millis(100);

impl Outlet {
    pub(crate) fn send<R: Reply>(&self, reply: &R) {
        self.send_as(R::KIND, reply);
    }

    /// Sends a message that shares its form with another kind.
    pub(crate) fn send_as<R: Reply>(&self, kind: ReplyKind, reply: &R) {
        self.send_with(kind, |bytes| {
            if !encoding::push(bytes, self.version, kind, reply) {
                log::error!("a {} message too long to be framed is not sent", kind.name());
            }
        });
    }

    /// Sends messages that belong together at once. A fault that is on looks at each of them alone.
    pub(crate) fn batch(&self, fill: impl FnOnce(&mut Batch<'_>)) {
        match self.faults.any() {
            true => fill(&mut Batch::Each(self)),
            false => self.outbox.push(|bytes| fill(&mut Batch::Whole(bytes, self.version))),
        }
    }

    /// Sends the bars of a request and the window they cover, together or apart by the version.
    /// `false`, and nothing is sent, if they do not fit a frame.
    pub(crate) fn send_bars(&self, reply: BarsWithWindow) -> bool {
        let (mut frame, kind) = (Vec::new(), ReplyKind::HistoricalData);
        let is_one = BarsWithWindow::is_one_message(self.version);
        let fits = match is_one {
            true => encoding::push_text(&mut frame, self.version, kind, &reply),
            false => encoding::push(&mut frame, self.version, kind, &reply.bars),
        };
        if !fits {
            return false;
        }
        self.send_with(kind, |bytes| bytes.append(&mut frame));
        if !is_one {
            self.send(&reply.window);
        }
        true
    }

    fn send_with(&self, kind: ReplyKind, push: impl FnOnce(&mut Vec<u8>)) {
        match self.faults.reply_fate(self.connection, self.client, kind.name()) {
            Fate::Pass => self.outbox.push(push),
            fate => {
                let mut frame = Vec::new();
                push(&mut frame);
                self.send_struck(fate, frame);
            }
        }
    }

    fn send_struck(&self, fate: Fate, frame: Vec<u8>) {
        let outbox = || Arc::clone(&self.outbox);
        match fate {
            Fate::Late(delay) => self.schedule.plan(delay, Due::Frame(outbox(), frame)),
            Fate::AfterNext => {
                self.outbox.hold(&frame);
                self.schedule.plan(OVERTAKING, Due::HeldFrame(outbox()));
            }
            fate => self.outbox.push_pieces(pieces(fate, frame)),
        }
    }

    /// Sends a message so much later; faults about messages pass it by.
    pub(crate) fn send_after<R: Reply>(&self, delay: Duration, reply: &R) {
        let mut frame = Vec::new();
        encoding::push(&mut frame, self.version, R::KIND, reply);
        self.schedule.plan(delay, Due::Frame(Arc::clone(&self.outbox), frame));
    }

    /// A coded text that comes later, as checks that a gateway leaves to its servers do.
    pub(crate) fn error_after(&self, delay: Duration, id: RequestId, code: i32, text: &str) {
        self.usage.end_by_error(self.connection, id, code);
        let (mut frame, kind) = (Vec::new(), ReplyKind::ErrMsg);
        let error = coded(id, code, self.in_language(code, text.to_owned()));
        encoding::push(&mut frame, self.version, kind, &error);
        self.schedule.plan(delay, Due::Frame(Arc::clone(&self.outbox), frame));
    }

    /// A coded text on a request or order id, or on [`NO_REQUEST`].
    pub(crate) fn error(&self, id: RequestId, code: i32, text: impl Into<String>) {
        self.usage.end_by_error(self.connection, id, code);
        self.send(&coded(id, code, self.in_language(code, text.into())));
    }

    /// The text a code has in the language of the gateway (C12).
    fn in_language(&self, code: i32, text: String) -> String {
        self.texts.get(&code).cloned().unwrap_or(text)
    }
}

/// Messages of one step to one client.
pub(crate) enum Batch<'a> {
    /// Appended to what waits for the client's socket.
    Whole(&'a mut Vec<u8>, ServerVersion),
    /// Sent one by one.
    Each(&'a Outlet),
}

impl Batch<'_> {
    /// Adds a message; what it leaves out may be filled in.
    pub(crate) fn send<R: Reply>(&mut self, reply: &mut R) {
        match self {
            Self::Whole(bytes, version) => {
                note_length(encoding::push_own(bytes, *version, reply), R::KIND);
            }
            Self::Each(outlet) => outlet.send(reply),
        }
    }
}

fn note_length(is_framed: bool, kind: ReplyKind) {
    if !is_framed {
        log::error!("a {} message too long to be framed is not sent", kind.name());
    }
}

/// A text without a code, as a gateway warns of a message rate (L1).
pub(crate) fn uncoded(text: String) -> pb::ErrorMessage {
    pb::ErrorMessage { error_code: None, ..coded(NO_REQUEST, 0, text) }
}

/// An error frame; its id is always explicit, as clients disagree on what absence means.
pub(crate) fn coded(id: RequestId, code: i32, text: String) -> pb::ErrorMessage {
    pb::ErrorMessage {
        id: Some(id),
        error_time: Some(clock::millis()),
        error_code: Some(code),
        error_msg: Some(text),
        ..Default::default()
    }
}

/// What a ticker is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataMode {
    Live,
    Frozen,
    Delayed,
    DelayedFrozen,
}

impl DataMode {
    /// The number of a marketDataType frame.
    pub(crate) const fn number(self) -> i32 {
        match self {
            Self::Live => 1,
            Self::Frozen => 2,
            Self::Delayed => 3,
            Self::DelayedFrozen => 4,
        }
    }

    pub(crate) const fn is_delayed(self) -> bool {
        matches!(self, Self::Delayed | Self::DelayedFrozen)
    }

    pub(crate) const fn is_frozen(self) -> bool {
        matches!(self, Self::Frozen | Self::DelayedFrozen)
    }
}

/// A market data request that is live.
#[derive(Clone, Debug)]
pub(crate) struct Ticker {
    pub(crate) con_id: ConId,
    pub(crate) mode: DataMode,
    /// Set for a snapshot: the number its end was planned under.
    pub(crate) snapshot: Option<u64>,
    /// What changed since the last sample of its quote, while the next is waited for (M13).
    pub(crate) held: Option<Parts>,
    /// Generic ticks it asked for.
    pub(crate) generics: Vec<i32>,
    /// What it is an option on.
    pub(crate) underlying: Option<ConId>,
}

/// An account summary request and the rows its client has seen.
#[derive(Clone, Debug)]
pub(crate) struct Summary {
    pub(crate) tags: Vec<String>,
    pub(crate) accounts: Vec<String>,
    pub(crate) seen: BTreeMap<String, Rows>,
}

/// The subscriptions of one connection.
pub(crate) struct Client {
    pub(crate) outlet: Outlet,
    /// As asked for by the client, 1 to 4.
    pub(crate) market_data_type: i32,
    pub(crate) tickers: BTreeMap<RequestId, Ticker>,
    pub(crate) summaries: BTreeMap<RequestId, Summary>,
    /// The account followed by account updates, and the rows its client has seen (A5).
    pub(crate) updates: Option<(String, Rows)>,
    pub(crate) updates_multi: BTreeMap<RequestId, (String, Rows)>,
    /// Whether orders entered by hand are bound as they come (N2).
    pub(crate) binds_orders: bool,
    pub(crate) has_positions: bool,
    pub(crate) positions_multi: BTreeMap<RequestId, String>,
    pub(crate) pnl: BTreeMap<RequestId, String>,
    pub(crate) pnl_single: BTreeMap<RequestId, (String, ConId)>,
    pub(crate) streams: Streams,
    /// Tickers that a competing session has stopped (B13).
    pub(crate) outdone: BTreeMap<RequestId, Ticker>,
    /// Ids under which nothing is heard any more (C6, H18).
    pub(crate) silent: BTreeSet<RequestId>,
    /// Summaries that were cancelled.
    pub(crate) cancelled_summaries: BTreeSet<RequestId>,
    /// How many requests are misread before the connection is reset (B4).
    pub(crate) misreads: u32,
    /// Requests are not served before the farms are told (S12).
    pub(crate) awaits_farms: bool,
}

impl Client {
    pub(crate) fn new(outlet: Outlet) -> Self {
        Self {
            outlet,
            market_data_type: 1,
            tickers: BTreeMap::new(),
            summaries: BTreeMap::new(),
            updates: None,
            updates_multi: BTreeMap::new(),
            binds_orders: false,
            has_positions: false,
            positions_multi: BTreeMap::new(),
            pnl: BTreeMap::new(),
            pnl_single: BTreeMap::new(),
            streams: Streams::default(),
            outdone: BTreeMap::new(),
            silent: BTreeSet::new(),
            cancelled_summaries: BTreeSet::new(),
            misreads: 0,
            awaits_farms: false,
        }
    }
}
