//! What a change of a trade tells those who listen: pure, of the trade before and after it.

use std::sync::Arc;

use super::book::Turned;
use crate::model::{Event, Fill, Trade};

/// The events of one change: the trade first, then its new fills, then commissions that came;
/// one that IB has not computed is none yet.
pub(super) fn of(turned: &Turned) -> Vec<Event> {
    let Turned { before, after } = turned;
    let mut events = Vec::new();
    if before.as_deref().is_none_or(|before| has_moved(before, after)) {
        events.push(Event::OrderStatus(Arc::clone(after)));
    }
    let known = before.as_ref().map_or(&[][..], |trade| &trade.fills);
    for fill in &after.fills {
        let known = known.iter().find(|known| is_same(known, fill));
        if known.is_none() {
            events.push(Event::Execution(Box::new(fill.clone())));
        }
        let charged = known.and_then(|fill| fill.commission.as_ref());
        let is_computed = fill.commission.as_ref().is_some_and(|it| it.amount.is_some());
        if is_computed && fill.commission.as_ref() != charged {
            events.push(Event::Commission(Box::new(fill.clone())));
        }
    }
    events
}

/// Whether more changed than the log and what commissions cost.
fn has_moved(before: &Trade, after: &Trade) -> bool {
    let quantities = |trade: &Trade| (trade.filled, trade.remaining, trade.average_price);
    before.status != after.status
        || before.order != after.order
        || before.perm_id != after.perm_id
        || before.why_held != after.why_held
        || before.rejection != after.rejection
        || quantities(before) != quantities(after)
}

fn is_same(one: &Fill, other: &Fill) -> bool {
    one.execution.execution_id == other.execution.execution_id
}

#[cfg(test)]
mod tests {
    use super::super::book::Book;
    use super::*;
    use crate::clock;
    use crate::model::{
        Action, ClientId, Commission, Contract, Execution, ExecutionId, OpenOrder, Order,
        OrderEvent, OrderId, OrderRef, OrderStatus, PermId,
    };

    fn open() -> OrderEvent {
        OrderEvent::Open(Box::new(OpenOrder {
            order_id: Some(OrderId(1)),
            client_id: ClientId(7),
            perm_id: Some(PermId(9)),
            contract: Contract::stock("AAPL"),
            order: Order::market(Action::Buy, 10.into()),
            echo: None,
            order_ref: OrderRef::from_wire("mine|key-1"),
            status: Some(OrderStatus::Submitted),
            filled: None,
            remark: String::new(),
        }))
    }

    fn execution(id: &str, quantity: i64) -> OrderEvent {
        OrderEvent::Execution(Box::new(Execution::of_test(id, quantity, 10.0)))
    }

    fn commission(id: &str) -> OrderEvent {
        OrderEvent::Commission(Commission {
            execution_id: ExecutionId(id.into()),
            amount: Some(1.5),
            currency: "USD".into(),
            realized_pnl: None,
            bond_yield: None,
            yield_redemption_date: String::new(),
        })
    }

    /// What each event of the gateway tells, in words.
    fn told(events: &[OrderEvent]) -> Vec<Vec<String>> {
        let mut book = Book::default();
        let tell = |event: &OrderEvent| {
            book.apply(event, clock::now());
            book.take_turned().iter().flat_map(of).map(|event| name(&event)).collect()
        };
        events.iter().map(tell).collect()
    }

    fn name(event: &Event) -> String {
        match event {
            Event::OrderStatus(trade) => format!("{} {}", trade.status, trade.filled),
            Event::Execution(fill) => format!("execution {}", fill.execution.execution_id.0),
            Event::Commission(fill) => format!("commission {}", fill.execution.execution_id.0),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn each_fill_and_each_commission_is_told_once_whatever_is_repeated() {
        let (part, rest) = (execution("a.01", 4), execution("b.01", 6));

        let told = told(&[
            open(),
            open(),
            part.clone(),
            part,
            commission("a.01"),
            commission("a.01"),
            commission("b.01"),
            rest,
        ]);

        assert_eq!(told[0], ["PendingSubmit 0", "Submitted 0"]);
        assert_eq!(told[2], ["Submitted 4", "execution a.01"]);
        assert_eq!(told[4], ["commission a.01"]);
        assert_eq!(told[7], ["Filled 10", "execution b.01", "commission b.01"]);
        assert!([1, 3, 5, 6].iter().all(|at| told[*at].is_empty()), "{told:?}");
    }

    #[test]
    fn a_correction_of_a_fill_is_a_fill() {
        let told = told(&[open(), execution("a.01", 4), execution("a.02", 3)]);

        assert_eq!(told[2], ["execution a.02"], "the quantity never goes back");
    }
}
