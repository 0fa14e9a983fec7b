//! Orders: placing, changing, cancelling, previewing, asking for them.

use std::collections::BTreeMap;

use ibapi::contracts::TagValue;
use ibapi::orders::conditions::{PriceCondition, TimeCondition, TriggerMethod};
use ibapi::orders::order_builder::{limit_order as limit, market_order as market, stop};
use ibapi::orders::{Executions, OcaType, Order, OrderCondition, OrderData, TimeInForce};
use ibapi::prelude::*;
use serde_json::{Value, json};

use crate::session::{ACCOUNT, Failure, Read, Session, drain, sorted, stock};

/// The first update about orders that `found` makes something of.
async fn told<R>(
    session: &mut Session,
    mut found: impl FnMut(SubscriptionItem<OrderUpdate>) -> Option<R>,
) -> Result<R, Failure> {
    loop {
        let item = session.updates.next().await.ok_or("the stream ended")??;
        if let Some(result) = found(item) {
            return Ok(result);
        }
    }
}

async fn update<R>(
    session: &mut Session,
    mut found: impl FnMut(OrderUpdate) -> Option<R>,
) -> Result<R, Failure> {
    told(session, |item| match item {
        SubscriptionItem::Data(update) => found(update),
        SubscriptionItem::Notice(_) => None,
    })
    .await
}

async fn notice(session: &mut Session, code: i32) -> Read {
    told(session, |item| match item {
        SubscriptionItem::Notice(notice) if notice.code == code => Some(json!(code)),
        _ => None,
    })
    .await
}

/// Waits until an order is in one of these states; tells what is filled and what remains.
async fn state(
    session: &mut Session,
    id: i32,
    names: &[&str],
) -> Result<(String, f64, f64), Failure> {
    update(session, |update| match update {
        OrderUpdate::OrderStatus(row)
            if row.order_id == id && names.contains(&row.status.as_str()) =>
        {
            Some((row.status.as_str().to_owned(), row.filled, row.remaining))
        }
        _ => None,
    })
    .await
}

pub(crate) async fn market_order(session: &mut Session) -> Read {
    let id = session.client.next_order_id();
    session.client.submit_order(id, &stock("AAPL"), &market(Action::Buy, 7.0)).await?;
    let (mut order, mut fill, mut perm_id) = (Value::Null, Value::Null, 0);
    let commission = update(session, |update| match update {
        OrderUpdate::OrderStatus(row) => {
            order = json!([row.filled, row.remaining, row.average_fill_price]);
            perm_id = row.perm_id;
            None
        }
        OrderUpdate::ExecutionData(row) => {
            let row = row.execution;
            let side = if row.side == ExecutionSide::Bought { "BOT" } else { "SLD" };
            let (price, id) = (row.price, row.execution_id);
            let total = row.cumulative_quantity;
            fill = json!([row.shares, price, side, row.exchange, total, id]);
            None
        }
        OrderUpdate::CommissionReport(row) => {
            Some(json!([row.execution_id, row.commission, row.currency]))
        }
        _ => None,
    });
    let commission = commission.await?;
    Ok(json!({"order": order, "fill": fill, "commission": commission, "perm_id": perm_id}))
}

/// An order with every kind of optional part.
fn full_order() -> Order {
    let price = PriceCondition::builder(265_598, "SMART").greater_than(500.25);
    let price = price.trigger_method(TriggerMethod::Last).conjunction(true).build();
    let time = TimeCondition::builder().greater_than("20261230 10:00:00 UTC");
    let algo = TagValue { tag: "adaptivePriority".into(), value: "Normal".into() };
    Order {
        tif: TimeInForce::GoodTillDate,
        good_till_date: "20261231 16:00:00 US/Eastern".into(),
        outside_rth: true,
        order_ref: "mine".into(),
        account: ACCOUNT.into(),
        oca_group: "one".into(),
        oca_type: OcaType::ReduceWithBlock,
        algo_strategy: "Adaptive".into(),
        algo_params: vec![algo],
        conditions: vec![
            OrderCondition::Price(price),
            OrderCondition::Time(time.conjunction(false).build()),
        ],
        conditions_ignore_rth: true,
        ..limit(Action::Buy, 3.0, 1.5)
    }
}

pub(crate) async fn limit_order(session: &mut Session) -> Read {
    let id = session.client.next_order_id();
    session.resting = id;
    session.client.submit_order(id, &stock("MSFT"), &full_order()).await?;
    let (_, filled, remaining) = state(session, id, &["PreSubmitted", "Submitted"]).await?;
    Ok(json!([filled, remaining]))
}

fn conditions_of(order: &Order) -> Value {
    let joined = |is_conjunction: bool| if is_conjunction { "a" } else { "o" };
    let row = |condition: &OrderCondition| match condition {
        OrderCondition::Price(row) => json!([
            joined(row.is_conjunction),
            row.is_more,
            row.price,
            row.contract_id,
            row.exchange,
            i32::from(row.trigger_method)
        ]),
        OrderCondition::Time(row) => json!([joined(row.is_conjunction), row.is_more, row.time]),
        other => json!(format!("{other:?}")),
    };
    let mut rows: Vec<_> = order.conditions.iter().map(row).collect();
    rows.push(json!([order.conditions_ignore_rth, order.conditions_cancel_order]));
    json!(rows)
}

fn orders_of(rows: Vec<Orders>) -> Vec<OrderData> {
    let order = |row| match row {
        Orders::OrderData(order) => Some(order),
        Orders::OrderStatus(_) => None,
    };
    rows.into_iter().filter_map(order).collect()
}

pub(crate) async fn open_orders(session: &mut Session) -> Read {
    let rows = drain(session.client.open_orders().await?.filter_data()).await?;
    let rows = orders_of(rows);
    let [row] = &rows[..] else { return Err(format!("one order: {rows:?}").into()) };
    let order = &row.order;
    let mut algo = vec![json!(order.algo_strategy)];
    algo.extend(order.algo_params.iter().map(|pair| json!([pair.tag, pair.value])));
    Ok(json!({
        "symbol": row.contract.symbol.to_string(),
        "terms": [
            order.action.as_str(), order.total_quantity, order.order_type, order.limit_price,
            order.tif.as_str(), order.good_till_date, order.outside_rth, order.order_ref,
            order.account
        ],
        "oca": [order.oca_group, i32::from(order.oca_type)],
        "algo": algo,
        "conditions": conditions_of(order),
    }))
}

pub(crate) async fn all_open_orders(session: &mut Session) -> Read {
    let rows = drain(session.client.all_open_orders().await?.filter_data()).await?;
    let row = |row: OrderData| json!([row.contract.symbol.to_string(), row.order.total_quantity]);
    Ok(sorted(orders_of(rows).into_iter().map(row).collect()))
}

pub(crate) async fn cancel(session: &mut Session) -> Read {
    let id = session.resting;
    let _cancel = session.client.cancel_order(id, "").await?;
    let (name, ..) = state(session, id, &["Cancelled"]).await?;
    Ok(json!([name, notice(session, 202).await?]))
}

pub(crate) async fn global_cancel(session: &mut Session) -> Read {
    let mut ids = Vec::new();
    for price in [1.25, 1.5] {
        let id = session.client.next_order_id();
        session.client.submit_order(id, &stock("MSFT"), &limit(Action::Buy, 1.0, price)).await?;
        state(session, id, &["PreSubmitted", "Submitted"]).await?;
        ids.push(id);
    }
    session.client.global_cancel().await?;
    let ends = cancelled(session, &ids).await?;
    Ok(json!(ends.into_values().collect::<Vec<_>>()))
}

/// Waits until each of these orders is cancelled.
async fn cancelled(session: &mut Session, ids: &[i32]) -> Result<BTreeMap<i32, String>, Failure> {
    let mut ends = BTreeMap::new();
    while ends.len() < ids.len() {
        let (id, name) = update(session, |update| match update {
            OrderUpdate::OrderStatus(row) if row.status.as_str() == "Cancelled" => {
                Some((row.order_id, row.status.as_str().to_owned()))
            }
            _ => None,
        })
        .await?;
        if ids.contains(&id) {
            ends.insert(id, name);
        }
    }
    Ok(ends)
}

pub(crate) async fn refused_order(session: &mut Session) -> Read {
    let id = session.client.next_order_id();
    let order = Order { order_type: "NOPE".into(), ..market(Action::Buy, 1.0) };
    session.client.submit_order(id, &stock("AAPL"), &order).await?;
    notice(session, 321).await
}

pub(crate) async fn what_if(session: &mut Session) -> Read {
    let contract = stock("AAPL");
    let state = session.client.order(&contract).buy(10).market().analyze().await?;
    let (margin, equity) = (state.initial_margin_change, state.equity_with_loan_change);
    Ok(json!([margin, equity, state.commission]))
}

pub(crate) async fn completed_orders(session: &mut Session) -> Read {
    let rows = drain(session.client.completed_orders(false).await?.filter_data()).await?;
    let row = |row: OrderData| {
        json!([row.order.order_type, row.order_state.status.as_str(), row.order.filled_quantity])
    };
    let mut rows: Vec<_> = orders_of(rows).into_iter().map(row).collect();
    rows.sort_by_key(Value::to_string);
    Ok(json!(rows))
}

pub(crate) async fn executions(session: &mut Session) -> Read {
    let rows = session.client.executions(ExecutionFilter::default()).await?;
    let row = |row| match row {
        Executions::ExecutionData(row) => {
            let row = row.execution;
            Some(json!([row.execution_id, row.shares, row.price]))
        }
        Executions::CommissionReport(_) => None,
    };
    Ok(drain(rows.filter_data()).await?.into_iter().filter_map(row).collect())
}

pub(crate) async fn bracket_order(session: &mut Session) -> Read {
    let ids = [(); 3].map(|()| session.client.next_order_id());
    let entry = Order { transmit: false, ..limit(Action::Buy, 2.0, 1.25) };
    let target = Order { parent_id: ids[0], transmit: false, ..limit(Action::Sell, 2.0, 2.5) };
    let loss = Order { parent_id: ids[0], ..stop(Action::Sell, 2.0, 1.0) };
    for (id, order) in ids.into_iter().zip([entry, target, loss]) {
        session.client.submit_order(id, &stock("MSFT"), &order).await?;
    }
    let mut shown = BTreeMap::new();
    while shown.len() < ids.len() {
        let of_bracket = |row: &OrderData| ids.contains(&row.order_id);
        let row = update(session, |update| opened(update).filter(of_bracket)).await?;
        let is_child = row.order.parent_id == ids[0];
        let order = (row.order.order_type, row.order.action.as_str());
        shown.insert(row.order_id, json!([order.0, order.1, is_child]));
    }
    let _cancel = session.client.cancel_order(ids[0], "").await?;
    let ends: Vec<_> = cancelled(session, &ids).await?.into_values().collect();
    Ok(shown.into_values().chain([json!(ends)]).collect())
}

fn opened(update: OrderUpdate) -> Option<OrderData> {
    match update {
        OrderUpdate::OpenOrder(row) => Some(row),
        _ => None,
    }
}

pub(crate) async fn modify_order(session: &mut Session) -> Read {
    let id = session.client.next_order_id();
    let order = Order { order_ref: "modified".into(), ..limit(Action::Buy, 2.0, 1.25) };
    session.client.submit_order(id, &stock("MSFT"), &order).await?;
    state(session, id, &["PreSubmitted", "Submitted"]).await?;
    let order = Order { limit_price: Some(1.5), total_quantity: 4.0, ..order };
    session.client.submit_order(id, &stock("MSFT"), &order).await?;
    let shown = update(session, |update| {
        opened(update).filter(|row| row.order_id == id && row.order.limit_price > Some(1.25))
    });
    let shown = shown.await?.order;
    let _cancel = session.client.cancel_order(id, "").await?;
    cancelled(session, &[id]).await?;
    Ok(json!([shown.limit_price, shown.total_quantity]))
}
