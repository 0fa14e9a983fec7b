//! What a client is told about its orders, as lines that a test can compare.
#![allow(clippy::expect_used, reason = "a fixture that cannot be built fails its test")]

use ibapi::orders::OrderData;
use ibapi::prelude::*;

use crate::mock_fixture::next;

pub(crate) async fn drain<S, T>(mut stream: S) -> Vec<T>
where
    S: futures_util::Stream<Item = Result<T, Error>> + Unpin,
{
    use futures_util::StreamExt;
    let mut items = Vec::new();
    while let Some(item) = stream.next().await {
        items.push(item.expect("an item without an error"));
    }
    items
}

/// What a client is told about its orders, as one line each.
pub(crate) struct Story(Subscription<OrderUpdate>);

impl Story {
    pub(crate) async fn of(client: &Client) -> Self {
        Self(client.order_update_stream().await.expect("the first stream of this client"))
    }

    pub(crate) async fn take(&mut self, count: usize) -> Vec<String> {
        let mut lines = Vec::new();
        while lines.len() < count {
            lines.push(match next(&mut self.0).await.expect("no error") {
                SubscriptionItem::Notice(notice) => format!("notice {}", notice.code),
                SubscriptionItem::Data(update) => line(update),
            });
        }
        lines
    }

    /// The order of the next openOrder.
    pub(crate) async fn open_order(&mut self) -> OrderData {
        loop {
            let update = next(&mut self.0).await.expect("no error");
            if let SubscriptionItem::Data(OrderUpdate::OpenOrder(order)) = update {
                return order;
            }
        }
    }
}

fn line(update: OrderUpdate) -> String {
    match update {
        OrderUpdate::OpenOrder(order) => {
            format!("open {} {}", order.order_id, order.order_state.status)
        }
        OrderUpdate::OrderStatus(status) => {
            let (id, name) = (status.order_id, &status.status);
            let text = format!(
                "status {id} {name} {}/{} {}",
                status.filled, status.remaining, status.why_held
            );
            text.trim_end().to_owned()
        }
        OrderUpdate::ExecutionData(data) => {
            let fill = data.execution;
            let side = if fill.side == ExecutionSide::Bought { "BOT" } else { "SLD" };
            format!("execution {} {side} {} @ {}", fill.order_id, fill.shares, fill.price)
        }
        OrderUpdate::CommissionReport(report) => {
            format!("commission {} {:?}", report.commission, report.realized_pnl)
        }
        other => format!("{other:?}"),
    }
}
