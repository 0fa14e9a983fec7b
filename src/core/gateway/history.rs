//! Historical bars.

use std::str::FromStr;
use std::sync::Arc;

use ibapi::Error as WireError;
use ibapi::market_data::TradingHours;
use ibapi::market_data::historical::{
    Bar as WireBar, BarSize as WireSize, BarTimestamp, Duration as WireDuration, HistoricalData,
    WhatToShow as WireShow,
};
use time::OffsetDateTime;

use super::codes;
use super::convert::{contract_to_wire, known};
use super::link::Link;
use crate::clock::Deadline;
use crate::error::{Error, Result};
use crate::events::codes::is_no_data;
use crate::model::{Bar, BarSize, BarsRequest, Contract, WhatToShow};
use crate::pacing::{HistoryQuery, HistoryTurn};

const SIZES: [WireSize; 22] = [
    WireSize::Sec,
    WireSize::Sec5,
    WireSize::Sec10,
    WireSize::Sec15,
    WireSize::Sec30,
    WireSize::Min,
    WireSize::Min2,
    WireSize::Min3,
    WireSize::Min4,
    WireSize::Min5,
    WireSize::Min10,
    WireSize::Min15,
    WireSize::Min20,
    WireSize::Min30,
    WireSize::Hour,
    WireSize::Hour2,
    WireSize::Hour3,
    WireSize::Hour4,
    WireSize::Hour8,
    WireSize::Day,
    WireSize::Week,
    WireSize::Month,
];

impl Link {
    /// Bars of a contract, oldest first; the answer "no data" is an empty list. IB's limits on
    /// history hold before anything is sent; an identical query a moment ago has answered this one.
    pub(crate) async fn bars(
        &self,
        contract: &Contract,
        request: &BarsRequest,
        deadline: Deadline,
    ) -> Result<Vec<Bar>> {
        let terms = Terms::of(request)?;
        let pass = match self.history_turn(&query(contract, request), deadline).await? {
            HistoryTurn::Send(pass) => Arc::new(pass),
            HistoryTurn::Known(bars) => return Ok(bars.to_vec()),
        };
        let (link, wire, begun) = (self.clone(), contract_to_wire(contract), Arc::clone(&pass));
        let answer = async move {
            begun.begin();
            match link.fetch_bars(&wire, terms).await {
                Err(WireError::Notice(notice)) if is_no_data(notice.code, &notice.message) => {
                    Ok(Vec::new())
                }
                answer => answer.map(|history| history.bars),
            }
        };
        let bars = self.ask_or_cancel("bars", deadline, answer).await;
        let bars = bars.map_err(|error| codes::about(error, contract))?;
        let bars = Arc::new(bars.iter().map(bar).collect::<Vec<_>>());
        pass.answered(&bars);
        Ok(Arc::unwrap_or_clone(bars))
    }

    async fn fetch_bars(
        &self,
        contract: &ibapi::contracts::Contract,
        terms: Terms,
    ) -> Result<HistoricalData, WireError> {
        let builder = self
            .client()
            .historical_data(contract, terms.bar_size)
            .duration(terms.duration)
            .what_to_show(terms.what_to_show)
            .trading_hours(terms.trading_hours);
        match terms.end {
            Some(end) => builder.ending(end),
            None => builder,
        }
        .fetch()
        .await
    }
}

/// A request in the wire's words.
struct Terms {
    bar_size: WireSize,
    duration: WireDuration,
    what_to_show: WireShow,
    trading_hours: TradingHours,
    end: Option<OffsetDateTime>,
}

impl Terms {
    fn of(request: &BarsRequest) -> Result<Self> {
        let duration = WireDuration::from_str(&request.duration)
            .map_err(|error| Error::config(format!("duration {:?}: {error}", request.duration)))?;
        Ok(Self {
            bar_size: bar_size(request.bar_size)?,
            duration,
            what_to_show: what_to_show(request.what_to_show),
            trading_hours: TradingHours::from_use_rth(request.use_rth),
            end: request.end,
        })
    }
}

/// What IB's limits look at.
fn query(contract: &Contract, request: &BarsRequest) -> HistoryQuery {
    let series = format!("{contract:?} {:?}", request.what_to_show);
    HistoryQuery {
        identity: format!("{series} {request:?}"),
        series,
        is_double: request.what_to_show == WhatToShow::BidAsk,
        // Sizes in seconds go up to 30.
        is_small: request.bar_size.as_str().ends_with("secs"),
    }
}

fn bar_size(size: BarSize) -> Result<WireSize> {
    let known = SIZES.into_iter().find(|wire| wire.to_string() == size.as_str());
    known.ok_or_else(|| Error::config(format!("bar size {:?} is not served", size.as_str())))
}

fn what_to_show(kind: WhatToShow) -> WireShow {
    match kind {
        WhatToShow::Trades => WireShow::Trades,
        WhatToShow::Midpoint => WireShow::MidPoint,
        WhatToShow::Bid => WireShow::Bid,
        WhatToShow::Ask => WireShow::Ask,
        WhatToShow::BidAsk => WireShow::BidAsk,
        WhatToShow::AdjustedLast => WireShow::AdjustedLast,
        WhatToShow::HistoricalVolatility => WireShow::HistoricalVolatility,
        WhatToShow::OptionImpliedVolatility => WireShow::OptionImpliedVolatility,
        WhatToShow::AggTrades => WireShow::AggTrades,
        WhatToShow::FeeRate => WireShow::FeeRate,
    }
}

fn bar(bar: &WireBar) -> Bar {
    let counted = bar.count >= 0;
    Bar {
        time: match bar.date {
            BarTimestamp::Date(date) => date.midnight().assume_utc(),
            BarTimestamp::DateTime(time) => time,
        },
        open: bar.open,
        high: bar.high,
        low: bar.low,
        close: bar.close,
        volume: known(bar.volume).filter(|volume| *volume >= 0.0),
        average: known(bar.wap).filter(|average| counted && *average != -1.0),
        count: counted.then_some(bar.count),
        is_backfill: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bar_size_is_served() {
        for name in BarSize::NAMES {
            let size = BarSize::from_name(name).unwrap();
            assert_eq!(bar_size(size).unwrap().to_string(), name);
        }
    }
}
