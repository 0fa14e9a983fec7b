//! Option computations as ticks: what bid, ask and last of an option imply, and what the model makes of
//! the middle.

use rust_decimal::Decimal;

use crate::client::{Outlet, Ticker};
use crate::exchange::number::double;
use crate::exchange::option_chain::Model;
use crate::exchange::{ConId, Quote};
use crate::world::World;

use super::option_models::computation;

/// Bid, ask, last and model, live and delayed.
const LIVE: [i32; 4] = [10, 11, 12, 13];
const DELAYED: [i32; 4] = [80, 81, 82, 83];

/// Sends the computations of an option; does nothing for what is none.
pub(super) fn send(world: &World, to: &Outlet, id: i32, ticker: &Ticker) {
    let kinds = if ticker.mode.is_delayed() { DELAYED } else { LIVE };
    let Some((model, quote)) = model(world, ticker.con_id) else { return };
    let prices = [quote.bid, quote.ask, quote.last, quote.mark()];
    for (kind, price) in kinds.into_iter().zip(prices) {
        let Some(price) = price.filter(|price| *price > Decimal::ZERO) else { continue };
        let volatility = model.implied_volatility(double(price));
        let greeks = volatility.and_then(|volatility| model.value(volatility));
        to.send(&computation(id, kind, model, volatility, greeks));
    }
}

fn model(world: &World, con_id: ConId) -> Option<(Model, &Quote)> {
    let option = world.exchange.listing.get(con_id)?;
    let underlying = world.exchange.frozen_quote(option.option()?.underlying)?.mark()?;
    let model = Model::new(option, underlying, world.now())?;
    Some((model, world.exchange.frozen_quote(con_id)?))
}

/// Tells the tickers of an option that moved, and of every option on what moved.
pub(super) fn tell(world: &World, moved: ConId) {
    for client in world.clients.values() {
        for (id, ticker) in &client.tickers {
            let is_moved = ticker.con_id == moved && ticker.underlying.is_some();
            if is_moved || ticker.underlying == Some(moved) {
                send(world, &client.outlet, *id, ticker);
            }
        }
    }
}
