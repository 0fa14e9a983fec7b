//! Top-of-book market data: one subscription, its ticks in our words.

use ibapi::contracts::tick_types::TickType;
use ibapi::market_data::MarketDataType as WireType;
use ibapi::market_data::realtime::TickTypes;
use ibapi::subscriptions::SubscriptionItem;

use super::convert::{contract_to_wire, known};
use super::link::{Items, Link};
use crate::clock::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::events::is_missing_entitlement;
use crate::model::{Contract, MarketDataType};

/// Which field of a quote a tick moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TickKind {
    Bid,
    Ask,
    Last,
    BidSize,
    AskSize,
    LastSize,
    Volume,
    Open,
    High,
    Low,
    Close,
}

/// One item of a market-data line.
#[derive(Debug, Clone)]
pub(crate) enum Tick {
    /// A field has a new value; `None` says that it has none now.
    Field(TickKind, Option<f64>),
    /// Which data the line carries from here on.
    Type(MarketDataType),
    /// The gateway explains why data is missing; data may follow all the same.
    Advice(Error),
}

impl Link {
    /// Chooses the market data type of all later requests of this link.
    pub(crate) async fn choose_market_data(
        &self,
        kind: MarketDataType,
        deadline: Deadline,
    ) -> Result<()> {
        let wire = WireType::from(kind.number());
        self.ask("market_data_type", deadline, self.client().switch_market_data_type(wire)).await
    }

    /// Opens a line; dropping the items cancels it.
    pub(crate) async fn market_data(
        &self,
        contract: &Contract,
        deadline: Deadline,
    ) -> Result<Items<Vec<Tick>>> {
        let wire = contract_to_wire(contract);
        let opened = self.client().market_data(&wire).subscribe();
        let stream = self.ask("market_data", deadline, opened).await?;
        Ok(self.subscribed(stream, "market_data", |item| match item {
            SubscriptionItem::Data(tick) => ticks(&tick).map(Ok),
            SubscriptionItem::Notice(notice) => advice(&notice).map(|tick| Ok(vec![tick])),
        }))
    }
}

fn ticks(tick: &TickTypes) -> Option<Vec<Tick>> {
    match tick {
        TickTypes::Price(tick) => price(&tick.tick_type, tick.price).map(|tick| vec![tick]),
        TickTypes::PriceSize(tick) => {
            let price = price(&tick.price_tick_type, tick.price);
            Some(price.into_iter().chain(size(&tick.size_tick_type, tick.size)).collect())
        }
        TickTypes::Size(tick) => size(&tick.tick_type, tick.size).map(|tick| vec![tick]),
        TickTypes::MarketDataType(kind) => {
            MarketDataType::from_number(*kind as i32).map(|kind| vec![Tick::Type(kind)])
        }
        TickTypes::String(_)
        | TickTypes::Generic(_)
        | TickTypes::OptionComputation(_)
        | TickTypes::SnapshotEnd
        | TickTypes::RequestParameters(_) => None,
    }
}

fn price(kind: &TickType, price: f64) -> Option<Tick> {
    let kind = match kind {
        TickType::Bid | TickType::DelayedBid => TickKind::Bid,
        TickType::Ask | TickType::DelayedAsk => TickKind::Ask,
        TickType::Last | TickType::DelayedLast => TickKind::Last,
        TickType::Open | TickType::DelayedOpen => TickKind::Open,
        TickType::High | TickType::DelayedHigh => TickKind::High,
        TickType::Low | TickType::DelayedLow => TickKind::Low,
        TickType::Close | TickType::DelayedClose => TickKind::Close,
        _ => return None,
    };
    Some(Tick::Field(kind, known(price).filter(|price| is_price(*price))))
}

/// The gateway writes -1 (and sometimes 0) where there is no price.
fn is_price(price: f64) -> bool {
    price != -1.0 && price != 0.0
}

fn size(kind: &TickType, size: f64) -> Option<Tick> {
    let kind = match kind {
        TickType::BidSize | TickType::DelayedBidSize => TickKind::BidSize,
        TickType::AskSize | TickType::DelayedAskSize => TickKind::AskSize,
        TickType::LastSize | TickType::DelayedLastSize => TickKind::LastSize,
        TickType::Volume | TickType::DelayedVolume => TickKind::Volume,
        _ => return None,
    };
    Some(Tick::Field(kind, known(size).filter(|size| *size >= 0.0)))
}

fn advice(notice: &ibapi::Notice) -> Option<Tick> {
    if !is_missing_entitlement(notice.code, &notice.message) {
        log::debug!(target: "aioibkr::market_data", "notice on a line: {notice}");
        return None;
    }
    let message = format!("{} (code {})", notice.message.trim(), notice.code);
    Some(Tick::Advice(Error::new(ErrorKind::NotEntitled, message).with_code(notice.code)))
}
