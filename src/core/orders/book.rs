//! The book: every order this session has met, found as `identity` says and by its executions, and
//! published one by one. The desk owns it; nothing else writes to it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rust_decimal::Decimal;
use time::OffsetDateTime;
use tokio::sync::watch;

use super::identity::{Contradiction, Identity};
use super::lifecycle;
use crate::model::{
    ClientId, Commission, Contract, ContractId, Echo, ExecutionId, Generation, OpenOrder, Order,
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
    /// The order whole, as the gateway last told it.
    echo: Option<Echo>,
}

/// All orders of the session.
#[derive(Default)]
pub(super) struct Book {
    next: u64,
    revision: u64,
    entries: BTreeMap<TradeNo, Entry>,
    by_order: HashMap<(ClientId, OrderId), TradeNo>,
    by_perm: HashMap<PermId, TradeNo>,
    /// The first of a key is the one its caller asks for.
    by_key: HashMap<OrderKey, Vec<TradeNo>>,
    by_execution: HashMap<String, TradeNo>,
    orphans: HashMap<ExecutionId, Commission>,
    highest: BTreeMap<ClientId, OrderId>,
    /// What happened since somebody last looked.
    turned: Vec<Turned>,
    contradictions: Vec<Contradiction>,
}

impl Book {
    /// Adds a trade and finds it by its ids from now on.
    pub(super) fn add(&mut self, trade: Trade, wish: Option<Wish>) -> TradeNo {
        let no = TradeNo(self.next);
        self.next += 1;
        self.revision += 1;
        let after = Arc::new(trade);
        self.index(no, None, &after);
        let state = watch::Sender::new(after.clone());
        self.turned.push(Turned { before: None, after });
        self.entries.insert(no, Entry { state, wish, written: None, echo: None });
        no
    }

    /// Forgets a trade that was never sent.
    pub(super) fn remove(&mut self, no: TradeNo) {
        self.revision += 1;
        self.entries.remove(&no);
        self.by_order.retain(|_, known| *known != no);
        self.by_key.values_mut().for_each(|known| known.retain(|known| *known != no));
        self.by_key.retain(|_, known| !known.is_empty());
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
        self.by_key.get(key)?.first().copied()
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
            let after = Arc::new(trade);
            let before = entry.state.send_replace(after.clone());
            self.index(no, Some(&before), &after);
            self.turned.push(Turned { before: Some(before), after });
        }
    }

    fn keep_echo(&mut self, no: TradeNo, seen: &OpenOrder) {
        if let Some(entry) = self.entries.get_mut(&no) {
            entry.echo.clone_from(&seen.echo);
        }
    }

    /// The order whole, as the gateway last told it.
    pub(super) fn echo(&self, no: TradeNo) -> Option<Echo> {
        self.entries.get(&no)?.echo.clone()
    }

    /// What happened to trades since this was last asked, in order.
    pub(super) fn take_turned(&mut self) -> Vec<Turned> {
        std::mem::take(&mut self.turned)
    }

    /// What contradicted what was known since this was last asked, in order.
    pub(super) fn take_contradictions(&mut self) -> Vec<Contradiction> {
        std::mem::take(&mut self.contradictions)
    }

    /// Takes one event of the gateway; says which trade it was about.
    pub(super) fn apply(&mut self, event: &OrderEvent, now: OffsetDateTime) -> Option<TradeNo> {
        match event {
            OrderEvent::Open(seen) => {
                let known = self.find(&Identity::of_order(seen));
                let no = known.unwrap_or_else(|| self.add(found(seen, now), None));
                self.change(no, |trade| lifecycle::open(trade, seen, now));
                self.keep_echo(no, seen);
                Some(no)
            }
            OrderEvent::Completed(seen) => {
                let no = self.find(&Identity::of_order(seen)).or_else(|| {
                    seen.order_ref.key.as_ref()?;
                    Some(self.add(ended(seen, now), None))
                })?;
                self.change(no, |trade| lifecycle::completed(trade, seen, now));
                Some(no)
            }
            OrderEvent::Status(report) => {
                let no = self.find(&Identity::of_status(report))?;
                self.change(no, |trade| lifecycle::status(trade, report, now));
                Some(no)
            }
            OrderEvent::Execution(seen) => {
                let no = self.find(&Identity::of_execution(seen))?;
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

    /// The trade a message speaks of.
    fn find(&self, seen: &Identity) -> Option<TradeNo> {
        self.find_by_key(seen)
            .or_else(|| {
                let no = *self.by_perm.get(&seen.perm_id?)?;
                seen.means_by_perm_id(&*self.trade(no)?).then_some(no)
            })
            .or_else(|| {
                let no = self.by_order(seen.client_id, seen.order_id?)?;
                seen.means_by_order_id(&*self.trade(no)?).then_some(no)
            })
    }

    /// Of several trades with the key, the one with the same permId, else the first that is meant.
    fn find_by_key(&self, seen: &Identity) -> Option<TradeNo> {
        let under_key = self.by_key.get(seen.key.as_ref()?)?;
        let with = |means: &dyn Fn(&Trade) -> bool| {
            let is_it = |no: &&TradeNo| self.trade(**no).is_some_and(|trade| means(&trade));
            under_key.iter().find(is_it).copied()
        };
        with(&|trade| seen.perm_id.is_some() && trade.perm_id == seen.perm_id)
            .or_else(|| with(&|trade| seen.means_by_key(trade)))
    }

    /// Finds a trade by the ids that are new to it from now on.
    fn index(&mut self, no: TradeNo, before: Option<&Arc<Trade>>, trade: &Arc<Trade>) {
        if trade.order_id.0 != 0 && before.is_none_or(|known| known.order_id != trade.order_id) {
            self.by_order.insert((trade.client_id, trade.order_id), no);
            let highest = self.highest.entry(trade.client_id).or_insert(OrderId(0));
            *highest = (*highest).max(trade.order_id);
        }
        if before.is_none_or(|known| known.perm_id != trade.perm_id) {
            self.index_perm_id(no, before, trade);
        }
        if before.is_none_or(|known| known.key != trade.key) {
            self.index_key(no, trade);
        }
    }

    fn index_perm_id(&mut self, no: TradeNo, before: Option<&Arc<Trade>>, trade: &Arc<Trade>) {
        let Some(perm_id) = trade.perm_id else { return };
        if let Some(known) = before.filter(|known| known.perm_id.is_some()) {
            let (known, seen) = (known.clone(), trade.clone());
            self.contradictions.push(Contradiction::Renumbered { known, seen });
        }
        let other = self.by_perm.insert(perm_id, no).filter(|other| *other != no);
        if let Some(known) = other.and_then(|other| self.trade(other)) {
            let seen = trade.clone();
            self.contradictions.push(Contradiction::SharedPermId { known, seen });
        }
    }

    fn index_key(&mut self, no: TradeNo, trade: &Arc<Trade>) {
        let Some(key) = &trade.key else { return };
        let known = self.by_key(key).and_then(|known| self.trade(known));
        self.by_key.entry(key.clone()).or_default().push(no);
        if let Some(known) = known {
            let seen = trade.clone();
            self.contradictions.push(Contradiction::SharedKey { known, seen });
        }
    }

    /// Orders that are acknowledged and can still fill.
    pub(super) fn working(&self) -> Vec<TradeNo> {
        let is_working = |trade: &Trade| trade.is_acknowledged() && !trade.is_done();
        self.all().filter(|(_, trade)| is_working(trade)).map(|(no, _)| no).collect()
    }

    /// Orders that can still fill.
    pub(super) fn open(&self) -> impl Iterator<Item = Arc<Trade>> + '_ {
        self.all().map(|(_, trade)| trade).filter(|trade| !trade.is_done())
    }

    /// How many orders can still fill.
    pub(super) fn open_count(&self) -> usize {
        self.open().count()
    }

    /// Whether an order can still fill.
    pub(super) fn is_open(&self, no: TradeNo) -> bool {
        self.trade(no).is_some_and(|trade| !trade.is_done())
    }

    /// Whether nothing has shown yet that the gateway knows an order.
    pub(super) fn is_unanswered(&self, no: TradeNo) -> bool {
        self.trade(no).is_some_and(|trade| !trade.is_acknowledged())
    }

    /// Units offered by working sell orders of a contract.
    pub(super) fn pending_sells(&self, contract: Option<ContractId>) -> Decimal {
        let selling = |trade: &Arc<Trade>| {
            trade.order.action.is_sale() && trade.contract.contract_id == contract
        };
        self.open().filter(selling).map(|trade| trade.remaining).sum()
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
    use crate::model::Action;
    use crate::model::{OrderRef, StatusReport};

    fn seen(order_id: i32, perm: i64, filled: i64) -> OpenOrder {
        OpenOrder {
            order_id: Some(OrderId(order_id)),
            client_id: ClientId(7),
            perm_id: Some(PermId(perm)),
            contract: Contract::stock("AAPL"),
            order: Order::market(Action::Sell, 700.into()),
            echo: None,
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
        use crate::model::Execution;

        let (mut book, id) = (Book::default(), ExecutionId("a.01".into()));
        let no = book.apply(&open(1, 9), clock::now()).unwrap();
        let commission = Commission {
            execution_id: id.clone(),
            amount: Some(1.5),
            currency: "USD".into(),
            realized_pnl: None,
            bond_yield: None,
            yield_redemption_date: String::new(),
        };
        let execution = Execution { action: Action::Sell, ..Execution::of_test(&id.0, 5, 10.0) };

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
