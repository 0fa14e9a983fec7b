//! The part of the control side that moves the market: its clock, its rules, prices that walk, orders
//! entered by hand, executions that turn out otherwise.

use std::sync::PoisonError;
use std::time::Duration;

use crate::error::Error;
use crate::exchange::{MarketRules, PriceProcess};
use crate::gateway::{MockGateway, instruments_called, number};
use crate::handler;
use crate::prices::PriceSeries;
use crate::wire::pb;
use crate::world::Wording;

/// An order as a person enters it in the gateway's own window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ManualOrder {
    /// The account it trades for; may be empty on a login with one account.
    pub account: String,
    /// The symbol of a stock.
    pub symbol: String,
    /// `BUY` or `SELL`.
    pub action: String,
    /// Order type as on the wire, such as `LMT`.
    pub order_type: String,
    /// Units ordered.
    pub quantity: f64,
    /// Limit price, if the type needs one.
    pub limit_price: Option<f64>,
    /// Stop price, if the type needs one.
    pub stop_price: Option<f64>,
}

/// How long an advance waits for a client to read on.
const PATIENCE: Duration = Duration::from_secs(1);

impl MockGateway {
    /// Moves the market's clock ahead; orders expire, auctions take place, prices walk and days begin
    /// before this returns.
    pub fn advance(&self, by: Duration) {
        // Nothing is kept behind the lock that a panic could leave half done.
        let _whole_way = self.shared.advancing.lock().unwrap_or_else(PoisonError::into_inner);
        let end = self.shared.world().time.after(by);
        while !handler::advance_to(&mut self.shared.world(), end) {
            self.wait_for_readers();
        }
    }

    fn wait_for_readers(&self) {
        let outlets = self.shared.world().outlets();
        outlets.iter().for_each(|outlet| outlet.outbox.wait_for_room(PATIENCE));
    }

    /// Epoch seconds on the market's clock.
    #[must_use]
    pub fn market_time(&self) -> i64 {
        self.shared.world().now()
    }

    /// The rules of the market as they are now.
    #[must_use]
    pub fn market_rules(&self) -> MarketRules {
        self.shared.world().exchange.rules
    }

    /// Changes the rules of the market; orders in it follow the new ones.
    pub fn set_market_rules(&self, rules: MarketRules) {
        let mut world = self.shared.world();
        world.exchange.rules = rules;
        handler::follow_faults(&mut world);
    }

    /// Lets the price of a symbol walk, or stand still again whether it walks or is played.
    ///
    /// # Errors
    /// An unknown symbol or an interval of zero.
    pub fn set_price_process(
        &self,
        symbol: &str,
        process: Option<PriceProcess>,
    ) -> Result<(), Error> {
        if process.is_some_and(|process| process.interval.as_millis() == 0) {
            return Err(Error::BadNumber("interval"));
        }
        let mut world = self.shared.world();
        for con_id in instruments_called(&world, symbol)? {
            handler::walk(&mut world, con_id, process);
        }
        Ok(())
    }

    /// Plays prices from now on, in the time of the market, next to those played already. Rows of the
    /// very beginning are played when this returns. `set_price_process` without a process ends it for a
    /// symbol.
    ///
    /// # Errors
    /// An instrument that is not listed; nothing is played then.
    pub fn play_prices(&self, series: &PriceSeries) -> Result<(), Error> {
        handler::play(&mut self.shared.world(), series)?;
        self.advance(Duration::ZERO);
        Ok(())
    }

    /// Enters an order by hand; returns its permanent id.
    ///
    /// # Errors
    /// An order that cannot be read, with the text a client would be sent.
    pub fn place_manual_order(&self, order: &ManualOrder) -> Result<i64, Error> {
        let wording = Wording {
            contract: pb::Contract {
                symbol: Some(order.symbol.clone()),
                sec_type: Some("STK".to_owned()),
                exchange: Some("SMART".to_owned()),
                ..Default::default()
            },
            order: pb::Order {
                account: Some(order.account.clone()),
                action: Some(order.action.clone()),
                order_type: Some(order.order_type.clone()),
                total_quantity: Some(order.quantity.to_string()),
                lmt_price: order.limit_price,
                aux_price: order.stop_price,
                transmit: Some(true),
                ..Default::default()
            },
        };
        let mut world = self.shared.world();
        let placed = handler::place_by_hand(&mut world, wording);
        placed.map(|perm_id| perm_id.0).map_err(|refusal| Error::Refused(refusal.text))
    }

    /// Puts a group of accounts in place for an advisor's orders: each account with its share relative
    /// to the others. Without accounts the group is gone.
    ///
    /// # Errors
    /// An unknown account, or a share that is not a number above 0.
    pub fn set_group(&self, name: &str, shares: &[(&str, f64)]) -> Result<(), Error> {
        let mut world = self.shared.world();
        let mut checked = Vec::new();
        for (account, share) in shares {
            if !world.exchange.has_account(account) {
                return Err(Error::UnknownAccount((*account).to_owned()));
            }
            if share.is_nan() || *share <= 0.0 {
                return Err(Error::BadNumber("share"));
            }
            checked.push(((*account).to_owned(), number(*share, "share")?));
        }
        world.exchange.groups.set(name, checked);
        Ok(())
    }

    /// Gives an execution another price; clients get a new execution in its place.
    ///
    /// # Errors
    /// An unknown execution or a price that is not a number.
    pub fn correct_execution(&self, exec_id: &str, price: f64) -> Result<(), Error> {
        let price = number(price, "price")?;
        let mut world = self.shared.world();
        let events = world.exchange.correct_execution(exec_id, price);
        let events = events.ok_or_else(|| Error::UnknownExecution(exec_id.to_owned()))?;
        handler::tell(&mut world, events);
        Ok(())
    }

    /// Takes an execution back; positions and figures follow.
    ///
    /// # Errors
    /// An unknown execution.
    pub fn bust_execution(&self, exec_id: &str) -> Result<(), Error> {
        let mut world = self.shared.world();
        let events = world.exchange.bust_execution(exec_id);
        let events = events.ok_or_else(|| Error::UnknownExecution(exec_id.to_owned()))?;
        handler::tell(&mut world, events);
        Ok(())
    }
}
