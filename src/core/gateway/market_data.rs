//! Top-of-book market data: one subscription, its ticks in our words.

use ibapi::contracts::OptionComputation;
use ibapi::contracts::tick_types::TickType;
use ibapi::market_data::MarketDataType as WireType;
use ibapi::market_data::realtime::TickTypes;
use ibapi::subscriptions::SubscriptionItem;

use super::convert::{contract_to_wire, known};
use super::link::{Items, Link};
use crate::clock::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::events::codes::is_missing_entitlement;
use crate::model::{Contract, Greeks, MarketDataType};

/// One item of a market-data line, as the gateway sent it; what it means is the fold's to say.
#[derive(Debug, Clone)]
pub(crate) enum Tick {
    /// A price, a size, both, or a generic value in place of a price, under IB's tick type.
    Number { tick_type: i32, price: Option<f64>, size: Option<f64> },
    /// A text under IB's tick type.
    Text { tick_type: i32, value: String },
    /// What a price of an option implies, under IB's tick type.
    Greeks(i32, Greeks),
    /// The smallest step of the price.
    Step(f64),
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
    ) -> Result<Items<Tick>> {
        let wire = contract_to_wire(contract);
        let opened = self.client().market_data(&wire).subscribe();
        let stream = self.ask("market_data", deadline, opened).await?;
        Ok(self.subscribed(stream, "market_data", |item| match item {
            SubscriptionItem::Data(tick) => ticks(tick).map(Ok),
            SubscriptionItem::Notice(notice) => advice(&notice).map(Ok),
        }))
    }
}

/// A tick in our words; `None` for one that says nothing of the market.
fn ticks(tick: TickTypes) -> Option<Tick> {
    Some(match tick {
        TickTypes::Price(tick) => number(&tick.tick_type, known(tick.price), None),
        TickTypes::PriceSize(tick) => {
            number(&tick.price_tick_type, known(tick.price), size(tick.size))
        }
        TickTypes::Size(tick) => number(&tick.tick_type, None, size(tick.size)),
        TickTypes::Generic(tick) => number(&tick.tick_type, known(tick.value), None),
        TickTypes::String(tick) => {
            Tick::Text { tick_type: type_number(&tick.tick_type), value: tick.value }
        }
        TickTypes::OptionComputation(tick) => Tick::Greeks(type_number(&tick.field), greeks(&tick)),
        TickTypes::RequestParameters(parameters) => Tick::Step(known(parameters.min_tick)?),
        TickTypes::MarketDataType(kind) => Tick::Type(MarketDataType::from_number(kind as i32)?),
        TickTypes::SnapshotEnd => return None,
    })
}

fn number(kind: &TickType, price: Option<f64>, size: Option<f64>) -> Tick {
    Tick::Number { tick_type: type_number(kind), price, size }
}

/// IB's number of a tick type; -1 for one that the wire's crate does not know.
fn type_number(kind: &TickType) -> i32 {
    *kind as i32
}

fn size(size: f64) -> Option<f64> {
    known(size).filter(|size| *size >= 0.0)
}

fn greeks(tick: &OptionComputation) -> Greeks {
    Greeks {
        implied_volatility: tick.implied_volatility,
        delta: tick.delta,
        gamma: tick.gamma,
        vega: tick.vega,
        theta: tick.theta,
        option_price: tick.option_price,
        pv_dividend: tick.present_value_dividend,
        underlying_price: tick.underlying_price,
    }
}

fn advice(notice: &ibapi::Notice) -> Option<Tick> {
    if !is_missing_entitlement(notice.code, &notice.message) {
        log::debug!(target: "aioibkr::market_data", "notice on a line: {notice}");
        return None;
    }
    let message = format!("{} (code {})", notice.message.trim(), notice.code);
    Some(Tick::Advice(Error::new(ErrorKind::NotEntitled, message).with_code(notice.code)))
}
