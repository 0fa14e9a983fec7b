//! Trading
use super::event::Event;
use super::ids::ConId;
use super::market::Exchange;
impl Exchange {
    pub(crate) fn match_orders_on(&mut self, _con_id: ConId, _now: i64) -> Vec<Event> {
        Vec::new()
    }
}
