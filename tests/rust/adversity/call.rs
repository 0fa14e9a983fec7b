//! Every kind of call and stream of the client, what each is called, asks for, and may answer.

use std::time::Duration;

use aioibkr_core::client::StreamOptions;
use aioibkr_core::model::{
    BarSize, BarsRequest, Contract, LineKind, OrderId, OrderKey, Overflow, TickByTickKind,
    WhatToShow,
};
use aioibkr_core::{Client, Error, ErrorKind};

use super::stream::Watched;
use crate::core_orders::resting;
use crate::feed_reader::options;

/// A kind of call or stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Call {
    ServerTime,
    ManagedAccounts,
    AccountSnapshot,
    Pnl,
    Positions,
    ContractDetails,
    Qualify,
    Quote,
    SubscribeQuote,
    Bars,
    CheckOrder,
    Place,
    Modify,
    Cancel,
    CancelAll,
    OpenOrders,
    CompletedOrders,
    Executions,
    WaitReady,
    Quotes,
    Ticks,
    TickByTick,
    Depth,
    RealTimeBars,
    BarStream,
}

use Call::{
    AccountSnapshot, BarStream, Bars, Cancel, CancelAll, CheckOrder, CompletedOrders,
    ContractDetails, Depth, Executions, ManagedAccounts, Modify, OpenOrders, Place, Pnl, Positions,
    Qualify, Quote, Quotes, RealTimeBars, ServerTime, SubscribeQuote, TickByTick, Ticks, WaitReady,
};

/// Every call, with its name in a table and in a command, its two letters, and the kind of message it
/// asks with. Calls without one are answered from what is kept.
const TABLE: [(Call, &str, &str, Option<&str>); 25] = [
    (ServerTime, "server_time", "ti", Some("req_current_time")),
    (ManagedAccounts, "managed_accounts", "ac", Some("req_managed_accts")),
    (AccountSnapshot, "account_snapshot", "va", None),
    (Pnl, "pnl", "pl", None),
    (Positions, "positions", "po", None),
    (ContractDetails, "contract_details", "cd", Some("req_contract_data")),
    (Qualify, "qualify", "qf", Some("req_contract_data")),
    (Quote, "quote", "qu", Some("req_mkt_data")),
    (SubscribeQuote, "subscribe_quote", "sq", Some("req_mkt_data")),
    (Bars, "bars", "ba", Some("req_historical_data")),
    (CheckOrder, "check_order", "co", None),
    (Place, "place", "pc", Some("place_order")),
    (Modify, "modify", "mo", Some("place_order")),
    (Cancel, "cancel", "ca", Some("cancel_order")),
    (CancelAll, "cancel_all", "cl", Some("req_global_cancel")),
    (OpenOrders, "open_orders", "oo", None),
    (CompletedOrders, "completed_orders", "cm", Some("req_completed_orders")),
    (Executions, "executions", "ex", Some("req_executions")),
    (WaitReady, "wait_ready", "rd", None),
    (Quotes, "quotes", "QU", Some("req_mkt_data")),
    (Ticks, "ticks", "TI", Some("req_mkt_data")),
    (TickByTick, "tick_by_tick", "TB", Some("req_tick_by_tick_data")),
    (Depth, "depth", "DE", Some("req_mkt_depth")),
    (RealTimeBars, "realtime_bars", "RB", Some("req_real_time_bars")),
    (BarStream, "bars_stream", "BS", Some("req_historical_data")),
];

/// What a call is made with.
#[derive(Clone)]
pub(super) struct Asking {
    /// Names the order it places, and with it the time it is asked.
    pub(super) key: String,
    /// What it reads about.
    pub(super) symbol: &'static str,
    /// The order it changes or cancels.
    pub(super) order: OrderId,
    /// Its deadline.
    pub(super) within: Duration,
    /// How often it was asked before.
    pub(super) turn: usize,
}

impl Call {
    /// Every call.
    pub(super) fn all() -> Vec<Self> {
        TABLE.iter().map(|row| row.0).collect()
    }

    /// The call of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    fn row(self) -> &'static (Self, &'static str, &'static str, Option<&'static str>) {
        TABLE.iter().find(|row| row.0 == self).unwrap()
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        self.row().1
    }

    /// The head of its column.
    pub(super) fn letters(self) -> &'static str {
        self.row().2
    }

    /// The kind of message it asks with; `None` if its answer is kept.
    pub(super) fn request(self) -> Option<&'static str> {
        self.row().3
    }

    /// Whether it is a stream.
    pub(super) fn is_stream(self) -> bool {
        self >= Quotes
    }

    /// Whether it answers something the caller can use although it is an error, once all is well: an
    /// order that has ended cannot be changed any more.
    pub(super) fn accepts(self, error: &Error) -> bool {
        let is_ended = error.kind() == ErrorKind::Order && error.details().contains_key("status");
        matches!(self, Self::Modify | Self::Cancel) && is_ended
    }

    /// Makes the call.
    pub(super) async fn make(self, client: &Client, asking: &Asking) -> Result<(), Error> {
        let (within, contract) = (Some(asking.within), Contract::stock(asking.symbol));
        match self {
            Self::ServerTime => client.server_time(within).await.map(drop),
            Self::ManagedAccounts => client.managed_accounts(within).await.map(drop),
            Self::AccountSnapshot => client.account_snapshot(None, within).await.map(drop),
            Self::Pnl => client.pnl(None, within).await.map(drop),
            Self::Positions => client.positions(None, within).await.map(drop),
            Self::ContractDetails => client.contract_details(contract, within).await.map(drop),
            Self::Qualify => client.qualify(contract, within).await.map(drop),
            Self::Quote => client.quote(contract, None, within).await.map(drop),
            Self::SubscribeQuote => client.subscribe_quote(contract, within).await.map(drop),
            Self::Bars => client.bars(contract, hourly(), within).await.map(drop),
            Self::OpenOrders => client.open_orders(within).await.map(drop),
            Self::CompletedOrders => client.completed_orders(within).await.map(drop),
            Self::Executions => client.executions(within).await.map(drop),
            Self::WaitReady => client.wait_ready(within).await,
            _ => self.order(client, asking).await,
        }
    }

    async fn order(self, client: &Client, asking: &Asking) -> Result<(), Error> {
        let within = Some(asking.within);
        let (contract, order) = (Contract::stock("AAPL"), resting(10));
        let key = OrderKey::new(asking.key.as_str()).ok();
        let changed = resting(20 + i64::try_from(asking.turn).unwrap_or(0));
        match self {
            Self::CheckOrder => client.check_order(contract, order, within).await,
            Self::Place => client.place(contract, order, key, within).await.map(drop),
            Self::Modify => client.modify(asking.order, changed, within).await.map(drop),
            Self::Cancel => client.cancel(asking.order, within).await.map(drop),
            Self::CancelAll => client.cancel_all(within).await.map(drop),
            _ => unreachable!("{self:?} is no call about an order"),
        }
    }

    /// Opens the stream.
    pub(super) async fn open(self, client: &Client, within: Duration) -> Result<Watched, Error> {
        let (options, _) = options(1 << 16, Overflow::Conflate);
        let options = StreamOptions { timeout: Some(within), ..options };
        let aapl = Contract::stock("AAPL");
        let name = self.name();
        Ok(match self {
            Self::Quotes => {
                Watched::board(name, client.quotes(vec![aapl], String::new(), options).await?)
            }
            Self::Ticks => {
                Watched::queue(name, client.ticks(vec![aapl], String::new(), options).await?)
            }
            Self::TickByTick => {
                let kind = TickByTickKind::AllLast;
                Watched::queue(name, client.tick_by_tick(vec![aapl], kind, options).await?.stream)
            }
            Self::Depth => Watched::board(name, client.depth(aapl, 5, true, options).await?),
            Self::RealTimeBars => {
                let what_to_show = WhatToShow::Trades;
                let kind = LineKind::RealTimeBars { what_to_show, use_rth: false };
                Watched::queue(name, client.bar_stream(aapl, kind, options).await?)
            }
            Self::BarStream => {
                let kind = LineKind::Bars(hourly());
                Watched::queue(name, client.bar_stream(aapl, kind, options).await?)
            }
            _ => unreachable!("{self:?} is no stream"),
        })
    }
}

fn hourly() -> BarsRequest {
    BarsRequest {
        duration: "1 D".into(),
        bar_size: BarSize::from_name("1 hour").unwrap(),
        what_to_show: WhatToShow::Trades,
        use_rth: false,
        end: None,
    }
}
