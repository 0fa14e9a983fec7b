//! The book: every order this session has met, found by permId, by client and order id, by key or
//! by execution, and published one by one. The desk owns it; nothing else writes to it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rust_decimal::Decimal;
use time::OffsetDateTime;
use tokio::sync::watch;

use super::lifecycle;
use crate::model::{
    Action, ClientId, Commission, Contract, ContractId, ExecutionId, Generation, OpenOrder, Order,
    OrderEvent, OrderId, OrderKey, OrderStatus, PermId, Trade,
};

/// Commissions kept for executions that have not come yet.
const ORPHANS: usize = 4096;

/// A trade's place in the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TradeNo(u64);

/// What a caller asked for, kept to tell a repetition from a second order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wish {
    pub(super) asked: Contract,
    pub(super) contract: Contract,
    pub(super) order: Order,
}

/// A trade before and after something happened to it; `before` is `None` for one that is new.
pub(super) struct Turned {
    pub(super) before: Option<Arc<Trade>>,
    pub(super) after: Arc<Trade>,
}

struct Entry {
    state: watch::Sender<Arc<Trade>>,
    wish: Option<Wish>,
    /// The link on which bytes of it may have left.
    written: Option<Generation>,
}

/// All orders of the session.
#[derive(Default)]
pub(super) struct Book {
    next: u64,
    revision: u64,
    entries: BTreeMap<TradeNo, Entry>,
    by_order: HashMap<(ClientId, OrderId), TradeNo>,
    by_perm: HashMap<PermId, TradeNo>,
    by_key: HashMap<OrderKey, TradeNo>,
    by_execution: HashMap<String, TradeNo>,
    orphans: HashMap<ExecutionId, Commission>,
    highest: BTreeMap<ClientId, OrderId>,
    /// What happened since somebody last looked.
    turned: Vec<Turned>,
}

impl Book {
    /// Adds a trade and finds it by its ids from now on.
    pub(super) fn add(&mut self, trade: Trade, wish: Option<Wish>) -> TradeNo {
        let no = TradeNo(self.next);
        self.next += 1;
        self.revision += 1;
        self.index(no, &trade);
        let after = Arc::new(trade);
        let state = watch::Sender::new(after.clone());
        self.turned.push(Turned { before: None, after });
        self.entries.insert(no, Entry { state, wish, written: None });
        no
    }

    /// Forgets a trade that was never sent.
    pub(super) fn remove(&mut self, no: TradeNo) {
        self.revision += 1;
        self.entries.remove(&no);
        self.by_order.retain(|_, known| *known != no);
        self.by_key.retain(|_, known| *known != no);
    }

    /// Grows with every trade that comes or goes.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// The trade as it is.
    pub(super) fn trade(&self, no: TradeNo) -> Option<Arc<Trade>> {
        self.entries.get(&no).map(|entry| entry.state.borrow().clone())
    }

    /// A receiver of the trade's states.
    pub(super) fn watch(&self, no: TradeNo) -> Option<watch::Receiver<Arc<Trade>>> {
        self.entries.get(&no).map(|entry| entry.state.subscribe())
    }

    /// What its caller asked for.
    pub(super) fn wish(&self, no: TradeNo) -> Option<&Wish> {
        self.entries.get(&no)?.wish.as_ref()
    }

    /// Every trade.
    pub(super) fn all(&self) -> impl Iterator<Item = (TradeNo, Arc<Trade>)> + '_ {
        self.entries.iter().map(|(no, entry)| (*no, entry.state.borrow().clone()))
    }

    pub(super) fn by_key(&self, key: &OrderKey) -> Option<TradeNo> {
        self.by_key.get(key).copied()
    }

    pub(super) fn by_order(&self, client: ClientId, order: OrderId) -> Option<TradeNo> {
        self.by_order.get(&(client, order)).copied()
    }

    /// Notes that bytes of the order may have left on a link.
    pub(super) fn mark_written(&mut self, no: TradeNo, generation: Generation) {
        if let Some(entry) = self.entries.get_mut(&no) {
            entry.written = Some(generation);
        }
    }

    /// The link on which bytes of the order may have left.
    pub(super) fn written(&self, no: TradeNo) -> Option<Generation> {
        self.entries.get(&no)?.written
    }

    /// The highest order id of a client that was seen or used.
    pub(super) fn highest(&self, client: ClientId) -> OrderId {
        self.highest.get(&client).copied().unwrap_or(OrderId(0))
    }

    /// Changes a trade and publishes it.
    pub(super) fn change(&mut self, no: TradeNo, change: impl FnOnce(&mut Trade)) {
        let Some(entry) = self.entries.get(&no) else { return };
        let mut trade = Trade::clone(&entry.state.borrow());
        change(&mut trade);
        let changed = **entry.state.borrow() != trade;
        if changed {
            self.index(no, &trade);
            if let Some(entry) = self.entries.get(&no) {
                let after = Arc::new(trade);
                let before = Some(entry.state.send_replace(after.clone()));
                self.turned.push(Turned { before, after });
            }
        }
    }

    /// What happened to trades since this was last asked, in order.
    pub(super) fn take_turned(&mut self) -> Vec<Turned> {
        std::mem::take(&mut self.turned)
    }

    /// Takes one event of the gateway; says which trade it was about.
    pub(super) fn apply(&mut self, event: &OrderEvent, now: OffsetDateTime) -> Option<TradeNo> {
        match event {
            OrderEvent::Open(seen) => {
                let no = self.find(seen).unwrap_or_else(|| self.add(found(seen, now), None));
                self.change(no, |trade| lifecycle::open(trade, seen, now));
                Some(no)
            }
            OrderEvent::Completed(seen) => {
                let no = self.find(seen).or_else(|| {
                    seen.order_ref.key.as_ref()?;
                    Some(self.add(ended(seen, now), None))
                })?;
                self.change(no, |trade| lifecycle::completed(trade, seen, now));
                Some(no)
            }
            OrderEvent::Status(report) => {
                let no = self.locate(report.perm_id, report.client_id, report.order_id)?;
                self.change(no, |trade| lifecycle::status(trade, report, now));
                Some(no)
            }
            OrderEvent::Execution(seen) => {
                let no = self.locate(seen.perm_id, seen.client_id, seen.order_id)?;
                self.by_execution.insert(seen.execution_id.0.clone(), no);
                let commission = self.orphans.remove(&seen.execution_id);
                self.change(no, |trade| {
                    lifecycle::execution(trade, seen, now);
                    if let Some(commission) = &commission {
                        lifecycle::commission(trade, commission);
                    }
                });
                Some(no)
            }
            OrderEvent::Commission(seen) => self.commission(seen),
            // The desk knows whose order a bare id names.
            OrderEvent::Notice(_) => None,
        }
    }

    fn commission(&mut self, seen: &Commission) -> Option<TradeNo> {
        let Some(no) = self.by_execution.get(&seen.execution_id.0).copied() else {
            if self.orphans.len() < ORPHANS {
                self.orphans.insert(seen.execution_id.clone(), seen.clone());
            }
            return None;
        };
        self.change(no, |trade| {
            lifecycle::commission(trade, seen);
        });
        Some(no)
    }

    fn find(&self, seen: &OpenOrder) -> Option<TradeNo> {
        let located = self.locate(seen.perm_id, seen.client_id, seen.order_id);
        located.or_else(|| {
            let no = self.by_key(seen.order_ref.key.as_ref()?)?;
            // A key whose trade has another permId is a second incarnation, not the same order.
            self.trade(no)?.perm_id.is_none().then_some(no)
        })
    }

    /// The trade of a permId, else of a client's order id as long as the permIds agree.
    fn locate(
        &self,
        perm: Option<PermId>,
        client: ClientId,
        order: Option<OrderId>,
    ) -> Option<TradeNo> {
        if let Some(no) = perm.and_then(|perm| self.by_perm.get(&perm)) {
            return Some(*no);
        }
        let no = self.by_order(client, order?)?;
        let known = self.trade(no)?.perm_id;
        (known.is_none() || perm.is_none() || known == perm).then_some(no)
    }

    fn index(&mut self, no: TradeNo, trade: &Trade) {
        if trade.order_id.0 != 0 {
            self.by_order.insert((trade.client_id, trade.order_id), no);
            let highest = self.highest.entry(trade.client_id).or_insert(OrderId(0));
            *highest = (*highest).max(trade.order_id);
        }
        if let Some(perm) = trade.perm_id {
            self.by_perm.insert(perm, no);
        }
        if let Some(key) = &trade.key {
            self.by_key.entry(key.clone()).or_insert(no);
        }
    }

    /// Orders that can still fill.
    pub(super) fn open_count(&self) -> usize {
        self.all().filter(|(_, trade)| !trade.is_done()).count()
    }

    /// Units offered by working sell orders of a contract.
    pub(super) fn pending_sells(&self, contract: Option<ContractId>) -> Decimal {
        let selling = |trade: &Arc<Trade>| {
            trade.order.action == Action::Sell
                && !trade.is_done()
                && trade.contract.contract_id == contract
        };
        self.all().map(|(_, trade)| trade).filter(selling).map(|trade| trade.remaining).sum()
    }

    /// Orders placed on the day of `now`.
    pub(super) fn placed_on(&self, now: OffsetDateTime) -> usize {
        let placed =
            |trade: &Arc<Trade>| trade.submitted_at.is_some_and(|at| at.date() == now.date());
        self.all().filter(|(_, trade)| placed(trade)).count()
    }
}

/// A trade for an order met at the gateway.
pub(super) fn found(seen: &OpenOrder, now: OffsetDateTime) -> Trade {
    let mut trade = Trade {
        key: seen.order_ref.key.clone(),
        order_id: seen.order_id.unwrap_or(OrderId(0)),
        client_id: seen.client_id,
        perm_id: seen.perm_id,
        account: seen.order.account.clone(),
        contract: seen.contract.clone(),
        order: seen.order.clone(),
        status: OrderStatus::PendingSubmit,
        filled: Decimal::ZERO,
        remaining: seen.order.quantity,
        average_price: None,
        fills: Vec::new(),
        log: Vec::new(),
        why_held: String::new(),
        rejection: None,
        submitted_at: None,
        filled_at: None,
        repeated: false,
    };
    lifecycle::log(&mut trade, "found at the gateway".into(), None, now);
    trade
}

/// A trade for an order that has ended: ordered is what was filled and what was not.
pub(super) fn ended(seen: &OpenOrder, now: OffsetDateTime) -> Trade {
    let mut trade = found(seen, now);
    trade.order.quantity += seen.filled.unwrap_or_default();
    trade
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::model::{OrderRef, StatusReport};

    fn seen(order_id: i32, perm: i64, filled: i64) -> OpenOrder {
        OpenOrder {
            order_id: Some(OrderId(order_id)),
            client_id: ClientId(7),
            perm_id: Some(PermId(perm)),
            contract: Contract::stock("AAPL"),
            order: Order::market(Action::Sell, 700.into()),
            order_ref: OrderRef::from_wire("mine|key-1"),
            status: Some(OrderStatus::Submitted),
            filled: (filled > 0).then(|| filled.into()),
            remark: String::new(),
        }
    }

    fn open(order_id: i32, perm: i64) -> OrderEvent {
        OrderEvent::Open(Box::new(seen(order_id, perm, 0)))
    }

    #[test]
    fn an_order_is_known_by_its_perm_id_whatever_its_order_id() {
        let mut book = Book::default();

        let first = book.apply(&open(1, 9), clock::now());
        let again = book.apply(&open(0, 9), clock::now());
        let other = book.apply(&open(1, 10), clock::now());

        assert_eq!(first, again);
        assert_ne!(first, other, "one order id, two orders");
    }

    #[test]
    fn the_size_of_an_ended_order_is_filled_and_unfilled_together() {
        let mut book = Book::default();

        let event = OrderEvent::Completed(Box::new(seen(0, 9, 300)));
        let no = book.apply(&event, clock::now()).unwrap();
        let trade = book.trade(no).unwrap();

        assert_eq!(trade.order.quantity, Decimal::from(1000));
        assert_eq!((trade.filled, trade.remaining), (300.into(), 700.into()));
    }

    #[test]
    fn a_commission_may_come_before_its_execution() {
        use crate::model::{AccountId, Execution};

        let (mut book, id) = (Book::default(), ExecutionId("a.01".into()));
        let no = book.apply(&open(1, 9), clock::now()).unwrap();
        let commission = Commission {
            execution_id: id.clone(),
            amount: Some(1.5),
            currency: "USD".into(),
            realized_pnl: None,
        };
        let execution = Execution {
            execution_id: id,
            perm_id: Some(PermId(9)),
            order_id: Some(OrderId(1)),
            client_id: ClientId(7),
            account: AccountId("DU1".into()),
            contract: Contract::stock("AAPL"),
            action: Action::Sell,
            quantity: 5.into(),
            price: 10.0,
            exchange: String::new(),
            time: None,
            order_ref: String::new(),
        };

        book.apply(&OrderEvent::Commission(commission), clock::now());
        book.apply(&OrderEvent::Execution(Box::new(execution)), clock::now());

        assert_eq!(book.trade(no).unwrap().commission(), Some(1.5));
    }

    #[test]
    fn a_status_of_an_unknown_order_makes_no_trade() {
        let report = StatusReport {
            order_id: Some(OrderId(5)),
            client_id: ClientId(7),
            perm_id: None,
            status: Some(OrderStatus::Filled),
            filled: 1.into(),
            remaining: Decimal::ZERO,
            average_price: None,
            why_held: String::new(),
        };

        assert_eq!(Book::default().apply(&OrderEvent::Status(report), clock::now()), None);
    }

    #[test]
    fn working_sells_are_offered_quantity() {
        let mut book = Book::default();
        book.apply(&open(1, 9), clock::now());

        assert_eq!(book.pending_sells(None), Decimal::from(700));
        assert_eq!(book.pending_sells(Some(ContractId(1))), Decimal::ZERO);
        assert_eq!(book.open_count(), 1);
        assert_eq!(book.placed_on(clock::now()), 0, "it was found, not placed");
    }

    #[test]
    fn a_trade_that_was_never_sent_frees_its_key() {
        let mut book = Book::default();
        let no = book.apply(&open(1, 9), clock::now()).unwrap();
        let key = OrderKey::new("key-1").unwrap();
        assert_eq!(book.by_key(&key), Some(no));

        book.remove(no);

        assert_eq!(book.by_key(&key), None);
        assert_eq!(book.highest(ClientId(7)), OrderId(1), "ids are not used again");
    }
}
