//! Orders on the wire: writing them, listing them, and the stream of what happens to them.

use futures_util::StreamExt;
use ibapi::Error as WireError;
use ibapi::orders as wire;
use ibapi::subscriptions::{Subscription, SubscriptionItem};

use super::codes;
use super::convert::{contract_from_wire, contract_to_wire, decimal, double, known};
use super::link::{Items, Link};
use super::times;
use crate::clock::Deadline;
use crate::error::Result;
use crate::model::{
    AccountId, Action, ClientId, Commission, Contract, Echo, Execution, ExecutionId, OpenOrder,
    Order, OrderEvent, OrderId, OrderNotice, OrderRef, OrderStatus, OrderType, PermId,
    StatusReport, TimeInForce,
};

/// The client id for which the gateway binds orders entered by hand.
const BINDER: i32 = 0;

/// What IB tells as the commission of an execution while it has not computed it. Any other amount below
/// zero is a rebate.
const PENDING: f64 = -1.0;

/// Everything that happens to this client's orders.
pub(crate) type OrderEvents = Items<OrderEvent>;

/// A list the gateway sent, and whether it said that this was all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    /// The rows.
    pub(crate) events: Vec<OrderEvent>,
    /// Whether the end mark came.
    pub(crate) complete: bool,
}

impl Link {
    /// The stream of this client's orders; the one opened with the link first, a new one later, which
    /// writes nothing and so takes no turn.
    pub(crate) async fn order_events(&self, deadline: Deadline) -> Result<OrderEvents> {
        let stream = match self.take_orders() {
            Some(stream) => stream,
            None => {
                let opened = self.client().order_update_stream();
                self.bound("order_events", deadline, opened).await?
            }
        };
        Ok(self.items(stream, "order_events", |item| match item {
            SubscriptionItem::Data(update) => order_event(update).map(Ok),
            SubscriptionItem::Notice(notice) => order_notice(notice).map(Ok),
        }))
    }

    /// Writes an order, laid over what the gateway last told of it, if it has. Dropped before its
    /// first byte it sends nothing; dropped in the middle of the frame it ends the link.
    pub(crate) async fn submit_order(
        &self,
        order_id: OrderId,
        contract: &Contract,
        order: &Order,
        (reference, echo): (&OrderRef, Option<&Echo>),
    ) -> Result<()> {
        let contract = contract_to_wire(contract);
        let order = order_to_wire(order, reference, echo);
        let written = self.client().submit_order(order_id.0, &contract, &order).await;
        written.map_err(|error| codes::request_error("place", error))
    }

    /// Writes a cancel.
    pub(crate) async fn cancel_order(&self, order_id: OrderId) -> Result<()> {
        let written = self.client().cancel_order(order_id.0, "").await;
        written.map(drop).map_err(|error| codes::request_error("cancel", error))
    }

    /// Writes the cancel of every order of the login.
    pub(crate) async fn cancel_every_order(&self) -> Result<()> {
        let written = self.client().global_cancel().await;
        written.map_err(|error| codes::request_error("cancel_all", error))
    }

    /// Working orders of every client.
    pub(crate) async fn open_orders(&self, deadline: Deadline) -> Result<Listing> {
        if self.client().client_id() == BINDER {
            self.bind_manual_orders(deadline).await?;
        }
        self.list_orders("open_orders", deadline, self.client().all_open_orders(), OrderEvent::Open)
            .await
    }

    /// Gives orders entered by hand an id by which this client can change and cancel them
    /// (`reqOpenOrders`, which binds them for client 0 only).
    async fn bind_manual_orders(&self, deadline: Deadline) -> Result<()> {
        let asked = self.client().open_orders();
        self.list_orders("open_orders", deadline, asked, OrderEvent::Open).await.map(drop)
    }

    /// Orders that ended lately.
    pub(crate) async fn completed_orders(&self, deadline: Deadline) -> Result<Listing> {
        let asked = self.client().completed_orders(false);
        self.list_orders("completed_orders", deadline, asked, completed).await
    }

    /// Asks for a list of orders, whose rows are events of that kind.
    async fn list_orders(
        &self,
        request: &'static str,
        deadline: Deadline,
        asked: impl Future<Output = Result<Subscription<wire::Orders>, WireError>>,
        kind: fn(Box<OpenOrder>) -> OrderEvent,
    ) -> Result<Listing> {
        let stream = self.ask(request, deadline, asked).await?;
        let rows = self.items(stream, request, move |item| match item {
            SubscriptionItem::Data(row) => listed(row, kind).map(Ok),
            SubscriptionItem::Notice(_) => None,
        });
        list(rows, deadline).await
    }

    /// Executions and commissions since midnight.
    pub(crate) async fn executions(&self, deadline: Deadline) -> Result<Listing> {
        let asked = self.client().executions(wire::ExecutionFilter::default());
        let stream = self.ask("executions", deadline, asked).await?;
        let rows = self.items(stream, "executions", |item| match item {
            SubscriptionItem::Data(wire::Executions::ExecutionData(data)) => {
                execution(data).map(Ok)
            }
            SubscriptionItem::Data(wire::Executions::CommissionReport(report)) => {
                Some(Ok(OrderEvent::Commission(commission(report))))
            }
            SubscriptionItem::Notice(_) => None,
        });
        list(rows, deadline).await
    }
}

/// Reads rows until the end mark or the deadline; some gateways never send the end of an empty
/// list.
async fn list(mut rows: OrderEvents, deadline: Deadline) -> Result<Listing> {
    let mut listing = Listing::default();
    loop {
        match tokio::time::timeout_at(deadline.at(), rows.next()).await {
            Ok(Some(row)) => listing.events.push(row?),
            Ok(None) => return Ok(Listing { complete: true, ..listing }),
            Err(_) => return Ok(listing),
        }
    }
}

fn listed(row: wire::Orders, open: fn(Box<OpenOrder>) -> OrderEvent) -> Option<OrderEvent> {
    match row {
        wire::Orders::OrderData(data) => open_order(data).map(Box::new).map(open),
        wire::Orders::OrderStatus(status) => status_report(status).map(OrderEvent::Status),
    }
}

fn order_event(update: wire::OrderUpdate) -> Option<OrderEvent> {
    match update {
        wire::OrderUpdate::OpenOrder(data) => open_order(data).map(Box::new).map(OrderEvent::Open),
        wire::OrderUpdate::OrderStatus(status) => status_report(status).map(OrderEvent::Status),
        wire::OrderUpdate::ExecutionData(data) => execution(data),
        wire::OrderUpdate::CommissionReport(report) => {
            Some(OrderEvent::Commission(commission(report)))
        }
        wire::OrderUpdate::OrderBound(_) => None,
    }
}

fn order_notice(notice: ibapi::Notice) -> Option<OrderEvent> {
    let order_id = OrderId(notice.request_id?);
    Some(OrderEvent::Notice(OrderNotice { order_id, code: notice.code, message: notice.message }))
}

fn open_order(data: wire::OrderData) -> Option<OpenOrder> {
    let order_ref = OrderRef::from_wire(&data.order.order_ref);
    let filled = decimal(data.order.filled_quantity).filter(|filled| !filled.is_zero());
    let remark = [data.order_state.reject_reason, data.order_state.warning_text]
        .into_iter()
        .chain([data.order_state.completed_status])
        .find(|text| !text.trim().is_empty())
        .unwrap_or_default();
    Some(OpenOrder {
        order_id: order_id(data.order_id),
        client_id: ClientId(data.order.client_id),
        perm_id: perm_id(data.order.perm_id),
        contract: contract_from_wire(data.contract),
        status: OrderStatus::from_wire(data.order_state.status.as_str()),
        echo: Some(Echo::new(data.order.clone())),
        order: order_from_wire(data.order, &order_ref)?,
        order_ref,
        filled,
        remark: remark.trim().into(),
    })
}

/// An order that ended is listed without an id: the wire says -1.
fn completed(mut order: Box<OpenOrder>) -> OrderEvent {
    order.order_id = order.order_id.filter(|id| id.0 != -1);
    OrderEvent::Completed(order)
}

fn status_report(status: wire::OrderStatus) -> Option<StatusReport> {
    Some(StatusReport {
        order_id: order_id(status.order_id),
        client_id: ClientId(status.client_id),
        perm_id: perm_id(status.perm_id),
        status: OrderStatus::from_wire(status.status.as_str()),
        filled: decimal(status.filled)?,
        remaining: decimal(status.remaining)?,
        average_price: status.average_fill_price.and_then(known).filter(|price| *price != 0.0),
        why_held: status.why_held,
    })
}

fn execution(data: wire::ExecutionData) -> Option<OrderEvent> {
    // Without `..`: a new field of the wire has to be told, too.
    let wire::Execution {
        order_id: handle,
        client_id,
        execution_id,
        time,
        account_number,
        exchange,
        side,
        shares,
        price,
        perm_id: identity,
        liquidation,
        cumulative_quantity,
        average_price,
        order_reference,
        ev_rule,
        ev_multiplier,
        model_code,
        last_liquidity,
        pending_price_revision,
        submitter,
    } = data.execution;
    Some(OrderEvent::Execution(Box::new(Execution {
        execution_id: ExecutionId(execution_id),
        perm_id: perm_id(identity),
        order_id: order_id(handle),
        client_id: ClientId(client_id),
        account: AccountId(account_number),
        contract: contract_from_wire(data.contract),
        action: match side {
            wire::ExecutionSide::Bought => Action::Buy,
            wire::ExecutionSide::Sold => Action::Sell,
        },
        quantity: decimal(shares)?,
        price: known(price)?,
        exchange,
        time: times::parse(&time),
        order_ref: order_reference,
        cumulative_quantity: decimal(cumulative_quantity).filter(|sum| !sum.is_zero()),
        average_price: known(average_price).filter(|_| cumulative_quantity != 0.0),
        last_liquidity: liquidity(last_liquidity),
        is_liquidation: liquidation != 0,
        price_revision_pending: pending_price_revision,
        ev_rule,
        ev_multiplier: ev_multiplier.and_then(known),
        model_code,
        submitter,
    })))
}

fn liquidity(kind: wire::Liquidity) -> Option<i32> {
    match kind {
        wire::Liquidity::None => None,
        wire::Liquidity::AddedLiquidity => Some(1),
        wire::Liquidity::RemovedLiquidity => Some(2),
        wire::Liquidity::LiquidityRoutedOut => Some(3),
        wire::Liquidity::Unknown(code) => Some(code),
    }
}

fn commission(report: wire::CommissionReport) -> Commission {
    let wire::CommissionReport {
        execution_id,
        commission,
        currency,
        realized_pnl,
        yields,
        yield_redemption_date,
    } = report;
    Commission {
        execution_id: ExecutionId(execution_id),
        amount: known(commission).filter(|amount| *amount != PENDING),
        currency,
        realized_pnl: realized_pnl.and_then(known),
        bond_yield: yields.and_then(known),
        yield_redemption_date,
    }
}

/// Ids that name no order: 0 of orders entered by hand that nobody bound, the unset integer. Bound ones
/// are negative.
fn order_id(id: i32) -> Option<OrderId> {
    (id != 0 && id != i32::MAX).then_some(OrderId(id))
}

fn perm_id(id: i64) -> Option<PermId> {
    (id != 0).then_some(PermId(id))
}

/// The wish in the wire's words, over what the gateway last told of the order: its group, its parent,
/// its conditions stay what they are.
fn order_to_wire(order: &Order, reference: &OrderRef, echo: Option<&Echo>) -> wire::Order {
    let told = echo.and_then(Echo::order::<wire::Order>).cloned().unwrap_or_default();
    wire::Order {
        action: match order.action {
            Action::Buy => wire::Action::Buy,
            Action::Sell => wire::Action::Sell,
            Action::SellShort => wire::Action::SellShort,
            Action::SellLong => wire::Action::SellLong,
        },
        total_quantity: double(order.quantity),
        order_type: order.order_type.as_str().into(),
        limit_price: order.limit_price,
        aux_price: order.stop_price,
        tif: order.time_in_force.as_str().into(),
        outside_rth: order.outside_rth,
        account: order.account.as_ref().map(|account| account.0.clone()).unwrap_or_default(),
        order_ref: reference.to_wire(),
        ..told
    }
}

fn order_from_wire(order: wire::Order, reference: &OrderRef) -> Option<Order> {
    let order_type = OrderType::from_wire(&order.order_type);
    let (limit_price, stop_price) = prices(&order_type, order.limit_price, order.aux_price);
    Some(Order {
        action: Action::from_name(order.action.as_str())?,
        quantity: decimal(order.total_quantity)?,
        limit_price,
        stop_price,
        order_type,
        time_in_force: TimeInForce::from_wire(order.tif.as_str()),
        outside_rth: order.outside_rth,
        account: (!order.account.is_empty()).then_some(AccountId(order.account)),
        order_ref: reference.reference.clone(),
    })
}

/// The prices that mean something for the type: the gateway echoes computed or unset ones too.
fn prices(
    order_type: &OrderType,
    limit: Option<f64>,
    stop: Option<f64>,
) -> (Option<f64>, Option<f64>) {
    let (limit, stop) = (limit.and_then(known), stop.and_then(known));
    match order_type {
        OrderType::Market => (None, None),
        OrderType::Limit => (limit, None),
        OrderType::Stop => (None, stop),
        OrderType::StopLimit => (limit, stop),
        OrderType::Other(_) => (nonzero(limit), nonzero(stop)),
    }
}

fn nonzero(price: Option<f64>) -> Option<f64> {
    price.filter(|price| *price != 0.0)
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::model::OrderKey;

    #[test]
    fn market_orders_have_no_price_whatever_the_echo_says() {
        let table = [
            (OrderType::Market, (None, None)),
            (OrderType::Limit, (Some(1.5), None)),
            (OrderType::Stop, (None, Some(2.5))),
            (OrderType::StopLimit, (Some(1.5), Some(2.5))),
        ];

        for (order_type, expected) in table {
            assert_eq!(prices(&order_type, Some(1.5), Some(2.5)), expected);
        }
        assert_eq!(prices(&OrderType::Limit, Some(f64::MAX), None), (None, None));
    }

    #[test]
    fn fractions_of_a_share_survive_the_wire() {
        let reference = OrderRef::new("", OrderKey::new("k").unwrap()).unwrap();
        let order = Order::limit(Action::Buy, Decimal::new(105, 1), 189.55);

        let wire = order_to_wire(&order, &reference, None);
        let back = order_from_wire(wire, &reference).unwrap();

        assert_eq!(back.quantity.to_string(), "10.5");
        assert_eq!(back.limit_price, Some(189.55));
    }

    #[test]
    fn ids_that_name_no_order_are_none() {
        for id in [0, i32::MAX] {
            assert_eq!(order_id(id), None);
        }
        for bound in [-1, -2] {
            assert_eq!(order_id(bound), Some(OrderId(bound)));
        }
    }
}
