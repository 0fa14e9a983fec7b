//! The market and the books behind the gateway: instruments, prices, orders and accounts.
//!
//! Everything here is plain state and decisions in decimals; time comes in as an argument and what
//! happened goes out as [`Event`]s in the order a gateway reports them. Nothing here knows the wire.

pub(crate) mod account;
pub(crate) mod activation;
pub(crate) mod addition;
pub(crate) mod advisor;
pub(crate) mod algo;
pub(crate) mod bars;
pub(crate) mod black_scholes;
pub(crate) mod by_hand;
pub(crate) mod calendar;
pub(crate) mod catalogue;
pub(crate) mod combo;
pub(crate) mod condition;
pub(crate) mod correction;
pub(crate) mod costs;
pub(crate) mod deadlines;
pub(crate) mod depth;
pub(crate) mod event;
pub(crate) mod exercise;
pub(crate) mod filling;
pub(crate) mod forming_bar;
pub(crate) mod further_instruments;
pub(crate) mod ids;
pub(crate) mod instrument;
pub(crate) mod ledger;
pub(crate) mod linkage;
pub(crate) mod listing;
pub(crate) mod market;
pub(crate) mod market_facts;
pub(crate) mod market_rule;
pub(crate) mod matching;
pub(crate) mod money;
pub(crate) mod number;
pub(crate) mod option_chain;
pub(crate) mod order;
pub(crate) mod order_book;
pub(crate) mod order_kind;
pub(crate) mod past_ticks;
pub(crate) mod pegging;
pub(crate) mod perm_ids;
pub(crate) mod price_process;
pub(crate) mod quote;
pub(crate) mod random;
pub(crate) mod refusal;
pub(crate) mod repricing;
pub(crate) mod rules;
pub(crate) mod scanning;
pub(crate) mod short_sale;
pub(crate) mod statistic;
pub(crate) mod tape;
pub(crate) mod ticket;
pub(crate) mod trading;
pub(crate) mod trailing;

pub(crate) use event::{Event, Execution};
pub(crate) use ids::{ClientId, ConId, OrderId, OrderKey, PermId};
pub(crate) use instrument::{Instrument, SecurityKind};
pub(crate) use market::Exchange;
pub(crate) use order::{Action, Order, Status};
pub use price_process::PriceProcess;
pub(crate) use quote::{Quote, QuoteChange};
pub use rules::MarketRules;
pub(crate) use ticket::Ticket;
