//! The exchange as a whole: the one owner of prices, accounts and orders.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use time::Date;

use super::account::{Account, Figures, ProfitAndLoss, Rows, Valued, summary_rows, update_rows};
use super::advisor::Groups;
use super::bars::BarSeries;
use super::deadlines::{day_of, midnight_after};
use super::event::{Event, Execution};
use super::ids::{ClientId, ConId};
use super::instrument::{Instrument, SecurityKind};
use super::ledger::{BASE_CURRENCY, Holding};
use super::listing::Listing;
use super::option_chain;
use super::order_book::OrderBook;
use super::quote::{Quote, QuoteChange};
use super::rules::MarketRules;
use super::tape::Tape;

/// Limits on fills, as faults set them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FillRule {
    /// The most an order may fill in all: of one client or of all.
    pub(crate) limits: Vec<(Option<ClientId>, Decimal)>,
    /// Whose short sales wait for shares to be located.
    pub(crate) locates: Vec<Option<ClientId>>,
    /// Whose children show nothing when they are reached before their parent is filled.
    pub(crate) empties: Vec<Option<ClientId>>,
}

impl FillRule {
    /// The most an order of a client may fill.
    pub(crate) fn most(&self, client: ClientId) -> Decimal {
        let concerns = |of: &Option<ClientId>| of.is_none_or(|of| of == client);
        let limits = self.limits.iter().filter(|(of, _)| concerns(of)).map(|(_, most)| *most);
        limits.min().unwrap_or(Decimal::MAX)
    }

    pub(super) fn locates_for(&self, client: ClientId) -> bool {
        self.locates.iter().any(|of| of.is_none_or(|of| of == client))
    }

    pub(super) fn empties_for(&self, client: ClientId) -> bool {
        self.empties.iter().any(|of| of.is_none_or(|of| of == client))
    }
}

/// The market every instrument starts with; options start at what their underlying makes them worth.
fn seeded_quotes(listing: &Listing, seed: u64, now: i64) -> Quotes {
    let mut quotes = Quotes::new();
    for instrument in listing.all() {
        let underlying = instrument.option().and_then(|terms| quotes.get(&terms.underlying));
        let mark = underlying.and_then(Quote::mark);
        let price = mark.and_then(|mark| option_chain::seeded_price(instrument, mark, now));
        let quote = match price {
            Some(price) => Quote::around(price, instrument, now),
            None => Quote::seeded(instrument, seed, now),
        };
        quotes.insert(instrument.con_id, quote);
    }
    quotes
}

type Quotes = BTreeMap<ConId, Quote>;

/// Prices, accounts and orders.
pub(crate) struct Exchange {
    pub(crate) seed: u64,
    pub(crate) listing: Listing,
    pub(crate) book: OrderBook,
    pub(crate) fill_rule: FillRule,
    pub(crate) rules: MarketRules,
    pub(crate) groups: Groups,
    /// Commission per unit where a test set one; below zero it is a rebate (E9).
    pub(crate) fees: BTreeMap<ConId, Decimal>,
    /// The midnight at which the day of the books ends, in epoch seconds.
    pub(super) day_end: i64,
    pub(crate) executions: Vec<Execution>,
    pub(super) accounts: BTreeMap<String, Account>,
    quotes: BTreeMap<ConId, Quote>,
    /// The market as it was before it was cleared; what frozen data shows.
    frozen: BTreeMap<ConId, Quote>,
    bars: BTreeMap<ConId, BarSeries>,
    tapes: BTreeMap<ConId, Tape>,
    /// Epoch seconds since when there are tapes.
    pub(crate) opened: i64,
}

impl Exchange {
    pub(crate) fn new(accounts: &[String], seed: u64, today: Date, now: i64) -> Self {
        let listing = Listing::new(today);
        Self {
            seed,
            quotes: seeded_quotes(&listing, seed, now),
            frozen: BTreeMap::new(),
            bars: BTreeMap::new(),
            tapes: BTreeMap::new(),
            opened: now,
            book: OrderBook::default(),
            fill_rule: FillRule::default(),
            rules: MarketRules::default(),
            groups: Groups::default(),
            fees: BTreeMap::new(),
            day_end: midnight_after(day_of(now)),
            executions: Vec::new(),
            accounts: accounts.iter().map(|name| (name.clone(), Account::default())).collect(),
            listing,
        }
    }

    /// Lists an instrument, with a market around its base price.
    pub(crate) fn list(&mut self, instrument: Instrument, now: i64) {
        let quote = Quote::around(instrument.base_price, &instrument, now);
        self.quotes.insert(instrument.con_id, quote);
        self.listing.add(instrument);
    }

    pub(crate) fn quote(&self, con_id: ConId) -> Option<&Quote> {
        self.quotes.get(&con_id)
    }

    pub(super) fn quote_mut(&mut self, con_id: ConId) -> Option<&mut Quote> {
        self.quotes.get_mut(&con_id)
    }

    /// A new day of books and prices: what was gained before counts no more.
    pub(super) fn start_day(&mut self) {
        self.quotes.values_mut().for_each(Quote::start_day);
        let (listing, quotes) = (&self.listing, &self.quotes);
        let value = |con_id: ConId| {
            let multiplier = listing.get(con_id).map(|instrument| instrument.multiplier)?;
            Some(quotes.get(&con_id)?.mark()? * multiplier)
        };
        for account in self.accounts.values_mut() {
            account.ledger.start_day(value);
        }
    }

    /// The present market, or the last one there was.
    pub(crate) fn frozen_quote(&self, con_id: ConId) -> Option<&Quote> {
        self.frozen.get(&con_id).or_else(|| self.quote(con_id))
    }

    /// Changes prices; orders that now trade do so.
    pub(crate) fn set_quote(
        &mut self,
        con_id: ConId,
        change: &QuoteChange,
        now: i64,
    ) -> Vec<Event> {
        if let Some(quote) = self.quotes.get_mut(&con_id) {
            quote.apply(change, now);
            self.frozen.remove(&con_id);
        }
        let events = self.match_orders_on(con_id, now);
        self.settle(events, now)
    }

    /// Takes the market of an instrument away.
    pub(crate) fn clear_quote(&mut self, con_id: ConId) {
        if let Some(quote) = self.quotes.get_mut(&con_id).filter(|quote| quote.has_market()) {
            self.frozen.insert(con_id, quote.clone());
            quote.clear();
        }
    }

    /// What happened to an instrument since the gateway started.
    pub(crate) fn tape(&mut self, con_id: ConId) -> &mut Tape {
        self.tapes.entry(con_id).or_default()
    }

    pub(crate) fn bars(&self, con_id: ConId) -> Option<&BarSeries> {
        self.bars.get(&con_id)
    }

    pub(crate) fn set_bars(&mut self, con_id: ConId, bars: BarSeries) {
        self.bars.insert(con_id, bars);
    }

    pub(crate) fn has_account(&self, name: &str) -> bool {
        self.accounts.contains_key(name)
    }

    pub(crate) fn account_mut(&mut self, name: &str) -> Option<&mut Account> {
        self.accounts.get_mut(name)
    }

    /// Every holding an account has or had today, closed ones with quantity zero.
    pub(crate) fn valued<'a>(&'a self, account: &str) -> impl Iterator<Item = Valued<'a>> {
        let holdings = self.accounts.get(account).map(|account| &account.ledger.holdings);
        holdings.into_iter().flatten().filter_map(|(con_id, holding)| self.value(*con_id, holding))
    }

    fn value<'a>(&'a self, con_id: ConId, holding: &'a Holding) -> Option<Valued<'a>> {
        let instrument = self.listing.get(con_id)?;
        let mark = self.frozen_quote(con_id).and_then(Quote::mark).unwrap_or_default();
        Some(Valued { instrument, holding, mark })
    }

    pub(crate) fn valued_one<'a>(&'a self, account: &str, con_id: ConId) -> Option<Valued<'a>> {
        let holding = self.accounts.get(account)?.ledger.holdings.get(&con_id)?;
        self.value(con_id, holding)
    }

    pub(crate) fn figures(&self, account: &str) -> Option<Figures> {
        let ledger = &self.accounts.get(account)?.ledger;
        Some(Figures::of(ledger, self.valued(account), |currency| self.rate(currency)))
    }

    /// What one unit of a currency is worth in the base currency, by the pairs that are listed; one
    /// where there is no pair.
    pub(crate) fn rate(&self, currency: &str) -> Decimal {
        if currency == BASE_CURRENCY {
            return Decimal::ONE;
        }
        let pair = |symbol: &str, quoted: &str| {
            let mut pairs = self.listing.all().iter().filter(|one| one.kind == SecurityKind::Cash);
            let pair = pairs.find(|one| one.symbol == symbol && one.currency == quoted)?;
            let mark = self.frozen_quote(pair.con_id)?.mark()?;
            Some(mark).filter(|mark| !mark.is_zero())
        };
        let inverse = || Some(Decimal::ONE / pair(BASE_CURRENCY, currency)?);
        pair(currency, BASE_CURRENCY).or_else(inverse).unwrap_or(Decimal::ONE)
    }

    /// The account's profit and loss as shown: computed, unless a test set it.
    pub(crate) fn pnl(&self, account: &str) -> Option<ProfitAndLoss> {
        let shown = self.accounts.get(account)?.shown_pnl;
        shown.or_else(|| Some(self.figures(account)?.pnl))
    }

    /// The rows of the account summary; rows a test set replace or join the computed ones.
    pub(crate) fn summary(&self, account: &str) -> Rows {
        self.rows(account, |_, figures| summary_rows(figures))
    }

    /// The rows of the account updates, as [`Self::summary`].
    pub(crate) fn updates(&self, account: &str) -> Rows {
        self.rows(account, |account, figures| {
            update_rows(account, figures, |currency| self.rate(currency))
        })
    }

    fn rows(&self, account: &str, of: impl Fn(&str, &Figures) -> Rows) -> Rows {
        let Some(mut figures) = self.figures(account) else { return Rows::new() };
        figures.pnl = self.pnl(account).unwrap_or(figures.pnl);
        let mut rows = of(account, &figures);
        if let Some(account) = self.accounts.get(account) {
            rows.extend(account.shown_values.clone());
        }
        rows
    }

    /// Puts a position in place, as if held since before today; cash stays as it is.
    pub(crate) fn set_position(
        &mut self,
        account: &str,
        con_id: ConId,
        quantity: Decimal,
        average_cost: Decimal,
    ) -> Vec<Event> {
        let Some(instrument) = self.listing.get(con_id) else { return Vec::new() };
        let multiplier = instrument.multiplier;
        let close = self.quote(con_id).and_then(|quote| quote.close.or(quote.mark()));
        let day_cost = close.map_or(average_cost, |close| close * multiplier) * quantity;
        let Some(entry) = self.accounts.get_mut(account) else { return Vec::new() };
        let cost = average_cost * quantity;
        let holding = entry.ledger.holdings.entry(con_id).or_default();
        let realized = holding.realized;
        *holding = Holding { quantity, cost, fees: Decimal::ZERO, day_cost, realized };
        vec![Event::Moved { account: account.to_owned(), con_id }]
    }
}
