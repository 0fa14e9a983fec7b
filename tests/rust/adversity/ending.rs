//! How everything stands at the end of a run, as the client and as the gateway know it.

use std::collections::BTreeMap;
use std::time::Duration;

use aioibkr_core::model::Trade;
use aioibkr_mock_gateway::{MockGateway, OrderRecord, RequestRecord};

use super::history::{Ending, History, OrderEnd, Sent};
use super::stage::Stage;
use crate::core_gateway::SECOND;
use crate::feed_reader::CONTROL;

/// A history with its end.
pub(super) async fn taken(stage: &Stage, history: History, lasted: Duration) -> History {
    let requests = stage.gateway.requests(None).unwrap();
    let trades = stage.client.trades();
    let positions = stage.client.positions(None, Some(SECOND)).await.ok();
    let positions = positions.map(|rows| {
        let rows = rows.into_iter();
        sorted(rows.map(|row| (row.contract.symbol.clone(), row.quantity.normalize().to_string())))
    });
    let ending = Ending {
        trades: trades.iter().map(|trade| trade_end(&trade.latest())).collect(),
        orders: order_ends(&stage.gateway),
        held: held(&stage.gateway),
        positions,
        ..history.ending
    };
    let of_control = requests.iter().filter(|request| request.client_id == CONTROL);
    History {
        wire: of_control.map(sent).collect(),
        messages: requests.len(),
        messages_per_second: stage.limit(),
        lag: stage.lag(),
        ending,
        lasted,
        ..history
    }
}

fn sent(request: &RequestRecord) -> Sent {
    let order_ref = request.fields.iter().find(|(name, _)| name.ends_with("orderRef"));
    Sent { kind: request.kind.clone(), order_ref: order_ref.map(|(_, value)| value.clone()) }
}

fn trade_end(trade: &Trade) -> OrderEnd {
    let key = trade.key.as_ref().map(ToString::to_string).unwrap_or_default();
    let fills = trade.fills.iter().map(|fill| fill.execution.execution_id.0.clone());
    OrderEnd {
        reference: format!("{}|{key}", trade.order.order_ref),
        status: told(&trade.status.to_string()),
        filled: trade.filled.normalize().to_string(),
        executions: sorted(fills),
    }
}

fn order_ends(gateway: &MockGateway) -> Vec<OrderEnd> {
    let executions = gateway.executions();
    let end = |order: OrderRecord| {
        let own = executions.iter().filter(|one| one.perm_id == order.perm_id);
        OrderEnd {
            reference: order.order_ref,
            status: told(&order.status),
            filled: order.filled.to_string(),
            executions: sorted(own.map(|one| one.exec_id.clone())),
        }
    };
    gateway.orders().into_iter().map(end).collect()
}

/// A status as all reports of an order have it: a list of completed orders calls cancelled what its
/// status called inactive.
fn told(status: &str) -> String {
    if status == "Inactive" { "Cancelled".to_owned() } else { status.to_owned() }
}

/// Quantities by symbol, from executions.
fn held(gateway: &MockGateway) -> Vec<(String, String)> {
    let mut quantities = BTreeMap::<String, f64>::new();
    for execution in gateway.executions() {
        let sign = if execution.side == "BOT" { 1.0 } else { -1.0 };
        *quantities.entry(execution.symbol).or_default() += sign * execution.quantity;
    }
    quantities.retain(|_, quantity| *quantity != 0.0);
    quantities.into_iter().map(|(symbol, quantity)| (symbol, quantity.to_string())).collect()
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<_> = items.collect();
    items.sort();
    items
}
