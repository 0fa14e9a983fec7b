//! Asking a new link what became of everything: open orders, completed orders, executions.

use std::time::Duration;

use crate::clock::Deadline;
use crate::error::Result;
use crate::model::{Generation, OrderEvent};
use crate::session::{Link, Listing};

/// Time for the list every gateway ends.
const OPEN_WITHIN: Duration = Duration::from_secs(10);

/// Time for lists whose end some gateways never send when there is nothing in them.
const REST_WITHIN: Duration = Duration::from_secs(3);

/// What a link said about all orders.
pub(super) struct Lists {
    /// The link that said it.
    pub(super) generation: Generation,
    /// Everything listed, in an order that may be applied.
    pub(super) events: Vec<OrderEvent>,
    /// Whether every list was complete: only then is absence a fact.
    pub(super) complete: bool,
}

/// Asks for all three lists at once.
pub(super) async fn ask(link: Link) -> Result<Lists> {
    let rest = Deadline::after(REST_WITHIN);
    let within = Deadline::after(OPEN_WITHIN);
    let (open, completed, executions) =
        tokio::join!(link.open_orders(within), link.completed_orders(rest), link.executions(rest));
    let open = open?;
    if !open.complete {
        return Err(within.missed("open_orders"));
    }
    let lists = [open, lenient("completed_orders", completed), lenient("executions", executions)];
    let complete = lists.iter().all(|list| list.complete);
    let events = lists.into_iter().flat_map(|list| list.events).collect();
    Ok(Lists { generation: link.generation(), events, complete })
}

/// A list that failed counts as incomplete: what it would have said comes with later events.
fn lenient(name: &str, list: Result<Listing>) -> Listing {
    list.unwrap_or_else(|error| {
        log::warn!(target: "aioibkr::orders", "{name} could not be listed: {error}");
        Listing::default()
    })
}
