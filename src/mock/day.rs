//! What happens to a gateway in the course of a day, as scenarios and tests bring it about: orders
//! filled by hand, streams lost in an outage, midnight.

use std::time::Duration;

use crate::error::Error;
use crate::exchange::number::decimal;
use crate::gateway::MockGateway;
use crate::handler;

impl MockGateway {
    /// Fills working orders for a symbol at a price, oldest first, until so many units are filled or no
    /// order is left; prices and faults that hold fills back do not matter.
    ///
    /// # Errors
    /// An unknown symbol, or a number that is not finite or not above 0.
    pub fn fill(&self, symbol: &str, quantity: f64, price: f64) -> Result<(), Error> {
        let positive =
            |value: f64, name| decimal(value).filter(|_| value > 0.0).ok_or(Error::BadNumber(name));
        let (quantity, price) = (positive(quantity, "quantity")?, positive(price, "price")?);
        self.on_symbol(symbol, |world, con_id| {
            let now = world.now();
            let events = world.exchange.fill_by_hand(con_id, (quantity, price), now);
            handler::tell(world, events);
        })
    }

    /// Ends every client's market data, depth, ticks and live bars without a word, as 1101 tells of
    /// (C8).
    pub fn lose_streams(&self) {
        for client in self.world().clients.values_mut() {
            let lost = client.streams.lose_market_data();
            let quotes = std::mem::take(&mut client.tickers).into_keys();
            let outdone = std::mem::take(&mut client.outdone).into_keys();
            for id in lost.into_iter().chain(quotes).chain(outdone) {
                client.outlet.usage.end(client.outlet.connection, id);
            }
        }
    }

    /// Moves the market's clock to the next midnight: executions and completed orders of the day before
    /// are no longer told (E3), orders for the day end, gains start from nothing.
    pub fn pass_midnight(&self) {
        let midnight = {
            let world = self.world();
            world.exchange.next_midnight() - world.now()
        };
        self.advance(Duration::from_secs(midnight.max(0).unsigned_abs()));
        self.world().exchange.forget_completed();
    }
}
