//! The limits IB sets on its clients, and what a gateway answers beyond them. `Limits` says which hold;
//! `usage` counts what is open, `pacing` decides about rates, `named` reads them from a command line.
//!
//! By default those hold that no sound test meets: 50 open historical queries, 32 clients, two account
//! summaries per client and ten scanners. The others are off, as a suite that runs at the speed of a
//! local gateway would be throttled by them; [`Limits::ib`] switches all on. What is refused was
//! nevertheless received: it is recorded.

mod named;
mod pacing;
mod usage;

pub(crate) use named::NamedLimits;
pub(crate) use usage::{Usage, Verdict, is_answered_at_once};

/// How many messages a second clients may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageRate {
    /// Messages per second that are served; one more is answered with 100 and not served.
    pub per_second: usize,
    /// Counts each client for itself; otherwise all clients of the gateway share the rate (L1).
    pub is_per_client: bool,
    /// The connection is dropped with this many refused messages in a row of busy seconds.
    pub refusals: u32,
}

/// Which limits hold; `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages per second: a warning without a code at 84 % of it, then 100, then the connection is
    /// dropped (L1). IB: 50. Off by default.
    pub messages: Option<MessageRate>,
    /// Market data requests and real-time bars of all clients; 101 beyond (L6). IB: 100. Off by
    /// default.
    pub market_data_lines: Option<usize>,
    /// Depth requests of all clients; 309 beyond (D6). IB: commonly 3. Off by default.
    pub depth: Option<usize>,
    /// Tick-by-tick requests of all clients; 10190 beyond (T1). IB: commonly 3. Off by default.
    pub tick_by_tick: Option<usize>,
    /// Historical queries of all clients not yet answered, kept up to date or for a head timestamp;
    /// 322 beyond (H15, L5). 50 by default.
    pub open_historical: Option<usize>,
    /// Scanner subscriptions of all clients; 162 beyond (L7). 10 by default.
    pub scanners: Option<usize>,
    /// Account summaries of one client; 322 beyond (A4). 2 by default.
    pub account_summaries: Option<usize>,
    /// Connected clients (S11). 32 by default. What a real gateway sends to one more is not known;
    /// this one closes the connection behind START_API.
    pub clients: Option<usize>,
    /// Working orders of one account on one side of one contract; 201 beyond (L8). IB: 20. Off by
    /// default.
    pub active_orders: Option<usize>,
    /// The pacing of history: for bars of 30 seconds and below 162 beyond 60 queries in ten minutes, 6
    /// in two seconds for one contract, exchange and type, or an identical one within 15 seconds, with
    /// BID_ASK counting twice (L4); 420 beyond 60 new real-time bars in ten minutes (L6). Off by
    /// default. Queries for longer bars are paced softly: beyond 60 they are answered a second late.
    pub has_history_pacing: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            messages: None,
            market_data_lines: None,
            depth: None,
            tick_by_tick: None,
            open_historical: Some(50),
            scanners: Some(10),
            account_summaries: Some(2),
            clients: Some(32),
            active_orders: None,
            has_history_pacing: false,
        }
    }
}

impl Limits {
    /// Every limit as IB has it.
    #[must_use]
    pub fn ib() -> Self {
        Self {
            messages: Some(MessageRate { per_second: 50, is_per_client: false, refusals: 3 }),
            market_data_lines: Some(100),
            depth: Some(3),
            tick_by_tick: Some(3),
            active_orders: Some(20),
            has_history_pacing: true,
            ..Self::default()
        }
    }
}
