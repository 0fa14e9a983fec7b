//! Scans: which instruments rank highest by what a scan code names.

use rust_decimal::Decimal;

use super::ids::ConId;
use super::instrument::{Instrument, SecurityKind};
use super::market::Exchange;
use super::quote::Quote;

/// A scan code and its name to people.
pub(crate) const SCANS: [(&str, &str); 6] = [
    ("TOP_PERC_GAIN", "Top % Gainers"),
    ("TOP_PERC_LOSE", "Top % Losers"),
    ("MOST_ACTIVE", "Most Active"),
    ("HOT_BY_VOLUME", "Hot Contracts by Volume"),
    ("TOP_PRICE_RANGE", "Top Price Range"),
    ("TOP_OPEN_PERC_GAIN", "Top % Gainers Since Open"),
];

/// Bounds on what a scan shows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bounds {
    pub(crate) above_price: Option<Decimal>,
    pub(crate) below_price: Option<Decimal>,
    pub(crate) above_volume: Option<Decimal>,
}

impl Bounds {
    fn hold(&self, quote: &Quote) -> bool {
        let price = quote.mark().unwrap_or_default();
        self.above_price.is_none_or(|bound| price >= bound)
            && self.below_price.is_none_or(|bound| price <= bound)
            && self.above_volume.is_none_or(|bound| quote.volume >= bound)
    }
}

/// The instruments of a scan, best first; equal ranks keep the order of the listing. `None` for a
/// code nobody knows.
pub(crate) fn scan(
    exchange: &Exchange,
    code: &str,
    kind: SecurityKind,
    bounds: Bounds,
) -> Option<Vec<ConId>> {
    let rank = ranking(code)?;
    let of_kind = exchange.listing.all().iter().filter(|one| one.kind == kind);
    let ranked = of_kind.filter_map(|one: &Instrument| {
        let quote = exchange.quote(one.con_id).filter(|quote| bounds.hold(quote))?;
        Some((rank(quote)?, one.con_id))
    });
    let mut ranked: Vec<_> = ranked.collect();
    ranked.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    Some(ranked.into_iter().map(|(_, con_id)| con_id).collect())
}

type Ranking = fn(&Quote) -> Option<Decimal>;

fn ranking(code: &str) -> Option<Ranking> {
    Some(match code {
        "TOP_PERC_GAIN" => {
            |quote| change(quote, quote.close).filter(|share| !share.is_sign_negative())
        }
        "TOP_PERC_LOSE" => {
            |quote| change(quote, quote.close).filter(Decimal::is_sign_negative).map(|share| -share)
        }
        "TOP_OPEN_PERC_GAIN" => |quote| change(quote, quote.open),
        "MOST_ACTIVE" => |quote| Some(quote.volume * quote.mark()?),
        "HOT_BY_VOLUME" => |quote| Some(quote.volume),
        "TOP_PRICE_RANGE" => |quote| Some(quote.high? - quote.low?),
        _ => return None,
    })
}

/// Change since a price, as a share of it.
fn change(quote: &Quote, since: Option<Decimal>) -> Option<Decimal> {
    let since = since.filter(|price| !price.is_zero())?;
    Some((quote.mark()? - since) / since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::QuoteChange;

    fn exchange() -> Exchange {
        let today = time::macros::date!(2026 - 11 - 21);
        let mut exchange = Exchange::new(&[], 1, today, 0);
        let set = |exchange: &mut Exchange, symbol: &str, last: i64, volume: i64| {
            let con_id = exchange.listing.called(symbol)[0];
            let change = QuoteChange {
                last: Some(Decimal::from(last)),
                close: Some(Decimal::ONE_HUNDRED),
                volume: Some(Decimal::from(volume)),
                ..QuoteChange::default()
            };
            exchange.set_quote(con_id, &change, 0);
        };
        set(&mut exchange, "AAPL", 200, 5);
        set(&mut exchange, "IBM", 300, 2_000_000_000);
        exchange
    }

    #[test]
    fn test_scans_rank_by_what_they_name_within_their_bounds() {
        let exchange = exchange();
        let first = |code: &str, bounds: Bounds| {
            let found = scan(&exchange, code, SecurityKind::Stock, bounds).unwrap();
            exchange.listing.get(found[0]).unwrap().symbol.clone()
        };
        let cheap = Bounds { below_price: Some(Decimal::from(250)), ..Bounds::default() };

        assert_eq!(first("TOP_PERC_GAIN", Bounds::default()), "IBM");
        assert_eq!(first("TOP_PERC_GAIN", cheap), "AAPL");
        assert_eq!(first("HOT_BY_VOLUME", Bounds::default()), "IBM");
        assert!(scan(&exchange, "NO_SUCH", SecurityKind::Stock, cheap).is_none());
    }
}
