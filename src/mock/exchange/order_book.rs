//! All orders of the day, by the key their client gave them, and the ids handed out.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::{ClientId, ConId, OrderId, OrderKey, PermId};
use super::order::Order;
use super::perm_ids::PermIds;

/// The orders of every client.
#[derive(Debug, Default)]
pub(crate) struct OrderBook {
    orders: BTreeMap<OrderKey, Order>,
    /// Working orders only, so that a price change looks at no finished one.
    working: BTreeMap<PermId, OrderKey>,
    /// Orders by the parent they name.
    children: BTreeMap<OrderKey, BTreeSet<OrderKey>>,
    highest: BTreeMap<ClientId, OrderId>,
    perm_ids: PermIds,
}

impl OrderBook {
    /// No orders; those to come get these permanent ids.
    pub(crate) fn new(perm_ids: PermIds) -> Self {
        Self { perm_ids, ..Self::default() }
    }

    /// The next id a client may use: one above the highest it used (I2).
    pub(crate) fn next_id(&self, client: ClientId) -> OrderId {
        OrderId(self.highest.get(&client).map_or(1, |highest| highest.0.saturating_add(1)))
    }

    /// Marks an id as used, whatever becomes of its order (I4).
    pub(crate) fn use_id(&mut self, key: OrderKey) {
        if key.is_manual() {
            return;
        }
        let highest = self.highest.entry(key.client).or_insert(key.order);
        *highest = (*highest).max(key.order);
    }

    pub(crate) fn next_perm_id(&mut self) -> PermId {
        self.perm_ids.next()
    }

    pub(crate) fn get(&self, key: OrderKey) -> Option<&Order> {
        self.orders.get(&key)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Order> {
        self.orders.values()
    }

    /// Working orders of a client, or of all, oldest first.
    pub(crate) fn working(&self, client: Option<ClientId>) -> impl Iterator<Item = &Order> {
        let keys = self.working.values();
        keys.filter_map(|key| self.orders.get(key))
            .filter(move |order| client.is_none_or(|client| order.key.client == client))
    }

    /// Binds the orders entered by hand that are not bound yet; says which.
    pub(crate) fn bind_manual(&mut self) -> Vec<(PermId, OrderKey)> {
        let mut bound = Vec::new();
        for order in self.orders.values_mut() {
            if order.key.is_manual() && !order.is_bound && order.status.is_working() {
                order.is_bound = true;
                bound.push((order.perm_id, order.key));
            }
        }
        bound
    }

    /// Keys of the orders that follow one contract and can still trade, oldest first.
    pub(crate) fn working_on(&self, con_id: ConId) -> Vec<OrderKey> {
        let is_on = |order: &&Order| {
            let ticket = &order.ticket;
            ticket.con_id == con_id
                || ticket.peg.reference == Some(con_id)
                || ticket.legs.iter().any(|leg| leg.con_id == con_id)
        };
        let on = self.working(None).filter(is_on);
        on.map(|order| order.key).collect()
    }

    /// The orders that name this one as their parent, by id.
    pub(crate) fn children(&self, parent: OrderKey) -> Vec<OrderKey> {
        self.children.get(&parent).into_iter().flatten().copied().collect()
    }

    /// Drops finished orders; their ids stay used (I4).
    pub(crate) fn forget_complete(&mut self) {
        self.orders.retain(|_, order| !order.status.is_complete());
    }

    /// Stores an order in its new state.
    pub(crate) fn put(&mut self, order: Order) {
        if order.status.is_working() {
            self.working.insert(order.perm_id, order.key);
        } else {
            self.working.remove(&order.perm_id);
        }
        if let Some(parent) = order.ticket.parent {
            let parent = OrderKey { order: parent, ..order.key };
            self.children.entry(parent).or_default().insert(order.key);
        }
        self.orders.insert(order.key, order);
    }
}
