//! Values only: what is known about contracts, orders, markets and accounts. Nothing here does
//! I/O, reads a clock or names another module of the crate but `error`.

mod account;
mod alert;
mod client_event;
mod client_ids;
mod contract;
mod depth;
mod echo;
mod event;
mod failure;
mod farm;
mod greeks;
mod health;
mod ids;
mod market;
mod order;
mod order_event;
mod pacing;
mod quote;
mod quote_field;
mod restart_window;
mod retry;
mod risk_view;
mod stream;
mod subscription;
mod text_table;
mod tick;
mod trade;

pub use account::{AccountSnapshot, AccountValue, Balance, KeptAccount, Pnl, Position};
pub use alert::{Alert, AlertKind, AlertLevel, AlertRules};
pub use client_event::{
    Event, KeepaliveEvent, KeepaliveStep, Kept, LinkName, LinkNotice, Readiness, StateChange, Topic,
};
pub use client_ids::ClientIds;
pub(crate) use client_ids::{FEED_OFFSET, FEED_SPARE};
pub use contract::{Contract, ContractDetails, Right, SecurityType};
pub use depth::{DepthBook, DepthLevel};
pub use echo::Echo;
pub use event::{
    Breaker, ConnectTries, Keepalive, MINIMUM_SERVER_VERSION, NOTICES_LOST, Notice, Reconnect,
    SessionState,
};
pub use failure::{Failure, FailureCategory, NoticeClass};
pub use farm::{Farm, FarmKind, FarmState};
pub use greeks::Greeks;
pub use health::{CircuitHealth, CircuitState, Health, LineUsage, LinkHealth};
pub use ids::{
    AccountId, ClientId, ContractId, ExecutionId, Generation, OrderId, OrderKey, OrderRef, PermId,
};
pub use market::{Bar, BarSize, BarsRequest, MarketDataType, WhatToShow};
pub use order::{Action, Order, OrderType, TimeInForce};
pub use order_event::{OpenOrder, OrderEvent, OrderNotice, StatusReport};
pub use pacing::{Pacing, PacingUsage};
pub use quote::Quote;
pub use quote_field::QuoteField;
pub use restart_window::{RestartWindow, expected_until};
pub use retry::Retry;
pub use risk_view::{RiskLimits, RiskView};
pub use stream::{Gap, LineBudget, LineKind, Overflow};
pub use subscription::{Subscription, SubscriptionKind, SubscriptionState};
pub use text_table::TextTable;
pub use tick::TickByTickKind;
pub use trade::{Commission, Execution, Fill, OrderStatus, Trade, TradeEvent};
