//! The control side of everything that is neither prices nor books: what the login is, what is listed,
//! what scans find and what is in the news.

use std::time::Duration;

use crate::error::Error;
use crate::exchange::QuoteChange;
use crate::exchange::addition::NewInstrument;
use crate::exchange::depth::{Depth, Level};
use crate::exchange::statistic::named;
use crate::gateway::{MockGateway, number};
use crate::handler;
use crate::newsroom::{Bulletin, Headline, Published};

/// One row of one side of a book.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DepthRow {
    /// Price of the row.
    pub price: f64,
    /// Units at that price.
    pub size: f64,
    /// Maker or exchange behind it, for streams that show one.
    pub maker: String,
}

impl DepthRow {
    fn level(&self) -> Result<Level, Error> {
        let (price, size) = (number(self.price, "price")?, number(self.size, "size")?);
        Ok(Level { price, size, maker: self.maker.clone() })
    }
}

impl MockGateway {
    /// Lists an instrument, in place of one with the same contract number.
    ///
    /// # Errors
    /// A description that does not make an instrument; the text says what is wrong with it.
    pub fn add_instrument(&self, new: &NewInstrument) -> Result<(), Error> {
        let mut world = self.shared.world();
        let now = world.now();
        let refused = |cause: &'static str| Error::BadInstrument(cause);
        let instrument = new.checked(&world.exchange.listing).map_err(refused)?;
        world.exchange.list(instrument, now);
        Ok(())
    }

    /// A trade on a symbol: its last price, size, volume and range follow, and so do streams of
    /// trades and bars; orders may fill.
    ///
    /// # Errors
    /// An unknown symbol or a number that is not finite.
    pub fn trade(&self, symbol: &str, price: f64, size: f64) -> Result<(), Error> {
        let (price, size) = (number(price, "price")?, number(size, "size")?);
        self.on_symbol(symbol, |world, con_id| {
            let before = world.exchange.quote(con_id).map(|quote| quote.volume).unwrap_or_default();
            let change = QuoteChange {
                last: Some(price),
                last_size: Some(size),
                volume: Some(before + size),
                ..QuoteChange::default()
            };
            handler::set_price(world, con_id, &change);
        })
    }

    /// Puts a book, best rows first, in place of the one around the quote; depth streams are told
    /// what changed.
    ///
    /// # Errors
    /// An unknown symbol or a number that is not finite.
    pub fn set_depth(
        &self,
        symbol: &str,
        bids: &[DepthRow],
        asks: &[DepthRow],
    ) -> Result<(), Error> {
        let side = |rows: &[DepthRow]| rows.iter().map(DepthRow::level).collect::<Result<_, _>>();
        let depth = Depth { bids: side(bids)?, asks: side(asks)? };
        self.on_symbol(symbol, |world, con_id| handler::set_depth(world, con_id, depth.clone()))
    }

    /// Has the clients of depth streams empty their books (317), then sends every row again.
    ///
    /// # Errors
    /// An unknown symbol.
    pub fn reset_depth(&self, symbol: &str) -> Result<(), Error> {
        self.on_symbol(symbol, handler::reset_depth)
    }

    /// Ends every depth stream of a symbol (316).
    ///
    /// # Errors
    /// An unknown symbol.
    pub fn halt_depth(&self, symbol: &str) -> Result<(), Error> {
        self.on_symbol(symbol, handler::halt_depth)
    }

    /// Switches every stream of bars on a symbol off (10225), as after a bust.
    ///
    /// # Errors
    /// An unknown symbol.
    pub fn bust_bars(&self, symbol: &str) -> Result<(), Error> {
        self.on_symbol(symbol, handler::bust_bars)
    }

    /// Puts a value in place of a generic tick's computed one, such as `implied_volatility` or
    /// `dividends`; tickers that show it are told.
    ///
    /// # Errors
    /// An unknown symbol or name, or a value that is no number where one is needed.
    pub fn set_statistic(&self, symbol: &str, name: &str, value: &str) -> Result<(), Error> {
        let statistic = named(name).ok_or_else(|| Error::UnknownKind(name.to_owned()))?;
        let mut fits = true;
        self.on_symbol(symbol, |world, con_id| {
            fits &= handler::set_statistic(world, con_id, statistic, value);
        })?;
        if fits { Ok(()) } else { Err(Error::BadNumber(statistic.name)) }
    }

    /// Sets how often real-time bars come, for requests from now on.
    pub fn set_real_time_bar(&self, interval: Duration) {
        self.shared.world().settings.real_time_bar = interval;
    }

    /// Gives an account a family code.
    ///
    /// # Errors
    /// An unknown account.
    pub fn set_family_code(&self, account: &str, code: &str) -> Result<(), Error> {
        self.check_account(account)?;
        let mut world = self.shared.world();
        world.login.family_codes.insert(account.to_owned(), code.to_owned());
        Ok(())
    }

    /// Sets the white branding id user info shows.
    pub fn set_white_branding(&self, id: &str) {
        id.clone_into(&mut self.shared.world().login.white_branding);
    }

    /// Puts providers, each a code and a name, in place of the built-in ones.
    pub fn set_news_providers(&self, providers: &[(String, String)]) {
        self.shared.world().newsroom.providers = providers.to_vec();
    }

    /// Publishes a headline: news streams show it, and history and articles have it from now on.
    ///
    /// # Errors
    /// An unknown symbol.
    pub fn add_headline(&self, item: Headline) -> Result<(), Error> {
        let mut world = self.shared.world();
        let about = match &item.symbol {
            Some(symbol) => crate::gateway::instruments_called(&world, symbol)?,
            None => Vec::new(),
        };
        handler::publish(&mut world, Published { about, item });
        Ok(())
    }

    /// Sends a bulletin to everyone who follows them, and keeps it for those who ask later.
    pub fn send_bulletin(&self, bulletin: Bulletin) {
        handler::post_bulletin(&mut self.shared.world(), bulletin);
    }

    /// Puts rows in place of what a scan would find, best first, for its subscribers and later ones.
    ///
    /// # Errors
    /// An unknown symbol.
    pub fn set_scanner_rows(&self, code: &str, symbols: &[&str]) -> Result<(), Error> {
        let mut world = self.shared.world();
        let mut rows = Vec::new();
        for symbol in symbols {
            rows.extend(crate::gateway::instruments_called(&world, symbol)?);
        }
        handler::set_scanner_rows(&mut world, code, rows);
        Ok(())
    }
}
