//! The control side of everything that is neither prices nor books: what the login is, what is listed,
//! what scans find and what is in the news.

use crate::error::Error;
use crate::exchange::QuoteChange;
use crate::exchange::addition::NewInstrument;
use crate::gateway::{MockGateway, number};
use crate::handler;
use crate::newsroom::{Bulletin, Headline, Published};

impl MockGateway {
    /// Lists an instrument, in place of one with the same contract number.
    ///
    /// # Errors
    /// A description that does not make an instrument; the text says what is wrong with it.
    pub fn add_instrument(&self, new: &NewInstrument) -> Result<(), Error> {
        let mut world = self.shared.world();
        let refused = |cause: &'static str| Error::BadInstrument(cause);
        let instrument = new.checked(&world.exchange.listing).map_err(refused)?;
        world.exchange.list(instrument, crate::clock::seconds());
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
