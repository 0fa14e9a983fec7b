//! Prices that valued an order a moment ago: a placement that follows its own validation asks for no
//! second quote. Pure, but for the lock.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::lock::lock;
use crate::model::{ContractId, Generation};

/// How old a price may be to value another order of its contract.
const KEPT_FOR: Duration = Duration::from_secs(1);

/// Contracts remembered; of more, those whose price is too old are forgotten, then all.
const REMEMBERED: usize = 256;

/// The price of each contract that an order was valued at, for a moment and on one link.
#[derive(Default)]
pub(crate) struct RecentPrices(Mutex<HashMap<ContractId, Recent>>);

/// A price and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Recent {
    /// Per unit, in the contract's currency.
    pub(crate) price: f64,
    /// The link it was told on.
    pub(crate) generation: Generation,
    /// When it was told.
    pub(crate) at: Instant,
}

impl RecentPrices {
    /// The price, if it was told on this link and is not too old.
    pub(crate) fn get(&self, id: ContractId, generation: Generation, now: Instant) -> Option<f64> {
        let recent = *lock(&self.0).get(&id)?;
        let is_fresh = now.saturating_duration_since(recent.at) <= KEPT_FOR;
        (recent.generation == generation && is_fresh).then_some(recent.price)
    }

    /// Keeps a price for a moment.
    pub(crate) fn put(&self, id: ContractId, recent: Recent) {
        let mut kept = lock(&self.0);
        if kept.len() >= REMEMBERED {
            kept.retain(|_, known| recent.at.saturating_duration_since(known.at) <= KEPT_FOR);
        }
        if kept.len() >= REMEMBERED {
            kept.clear();
        }
        kept.insert(id, recent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AAPL: ContractId = ContractId(265_598);
    const LINK: Generation = Generation(2);

    fn recent(at: Instant) -> Recent {
        Recent { price: 190.0, generation: LINK, at }
    }

    #[test]
    fn a_price_serves_for_a_moment_on_its_own_link() {
        let (kept, at) = (RecentPrices::default(), Instant::now());
        kept.put(AAPL, recent(at));

        let table = [
            (AAPL, LINK, at, Some(190.0)),
            (AAPL, LINK, at + KEPT_FOR, Some(190.0)),
            (AAPL, LINK, at + KEPT_FOR + Duration::from_millis(1), None),
            (AAPL, Generation(3), at, None),
            (ContractId(1), LINK, at, None),
        ];

        for (id, link, now, expected) in table {
            assert_eq!(kept.get(id, link, now), expected, "{id} {link}");
        }
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let (kept, at) = (RecentPrices::default(), Instant::now());
        for id in 0..1000 {
            kept.put(ContractId(id), recent(at));
            assert!(lock(&kept.0).len() <= REMEMBERED);
        }

        assert_eq!(kept.get(ContractId(999), LINK, at), Some(190.0));
    }
}
