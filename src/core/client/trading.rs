//! What a client does about orders. Nothing here holds an order's fate: the desk does.

use std::sync::Arc;
use std::time::Duration;

use super::Client;
use super::access_log::about;
use crate::clock::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::metrics::RequestKind;
use crate::model::{
    Commission, Contract, Execution, ExecutionId, Fill, Order, OrderEvent, OrderId, OrderKey,
    RiskView, SecurityType, Trade,
};
use crate::orders::{Command, Placing, TradeHandle, completed_trades};
use crate::risk::{self, Violations};
use crate::session::{Link, Listing};

impl Client {
    /// Places an order and returns once the gateway acknowledged it. The same `key` with the same
    /// order returns the same trade. Dropping the future does not undo anything.
    ///
    /// # Errors
    /// `OrderRefused` (nothing was sent), `OrderRejected`, `OrderOutcomeUnknown` when the deadline
    /// passed after the write began, `DuplicateOrderKey`, `LiveTradingDisabled`, `ReadOnly`.
    pub async fn place(
        &self,
        contract: Contract,
        order: Order,
        key: Option<OrderKey>,
        timeout: Option<Duration>,
    ) -> Result<TradeHandle> {
        let deadline = self.deadline(timeout, self.0.config.deadlines.order);
        self.counted(about(RequestKind::Place, || wish(&contract, &order)), async {
            let key = match key {
                Some(key) => key,
                None => self.0.keys.next()?,
            };
            let placing = self.prepared(contract, order, key, deadline).await?;
            self.0.orders.ask(|reply| Command::Place(Box::new(placing), reply)).await
        })
        .await
    }

    /// Applies the same refusals as [`place`](Self::place) and sends nothing.
    ///
    /// # Errors
    /// Those of `place` that are decided here.
    pub async fn check_order(
        &self,
        contract: Contract,
        order: Order,
        timeout: Option<Duration>,
    ) -> Result<()> {
        let deadline = self.deadline(timeout, self.0.config.deadlines.order);
        self.counted(about(RequestKind::CheckOrder, || wish(&contract, &order)), async {
            let key = self.0.keys.next()?;
            let placing = self.prepared(contract, order, key, deadline).await?;
            self.0.orders.ask(|reply| Command::Check(Box::new(placing), reply)).await
        })
        .await
    }

    /// Changes a working order; returns once the gateway echoes the new values.
    ///
    /// # Errors
    /// `OrderRejected` (the old order works on), `Order` when it can no longer be changed.
    pub async fn modify(
        &self,
        order_id: OrderId,
        order: Order,
        timeout: Option<Duration>,
    ) -> Result<TradeHandle> {
        let deadline = self.deadline(timeout, self.0.config.deadlines.order);
        self.counted(about(RequestKind::Modify, || format!("order {order_id}")), async {
            let known = self.trade(order_id).map(|trade| trade.latest());
            let Some(known) = known else { return Err(unknown(order_id)) };
            let key = self.0.keys.next()?;
            let contract = known.contract.clone();
            let placing = self.prepared(contract, order, key, deadline).await?;
            self.0.orders.ask(|reply| Command::Modify(order_id, Box::new(placing), reply)).await
        })
        .await
    }

    /// Cancels an order; returns once the gateway confirmed it. Asked for while there is no link,
    /// it is sent first thing on the next.
    ///
    /// # Errors
    /// `Order` with the detail `status` when it is unknown or already done,
    /// `OrderOutcomeUnknown` when no confirmation came in time.
    pub async fn cancel(&self, order_id: OrderId, timeout: Option<Duration>) -> Result<Arc<Trade>> {
        let deadline = self.deadline(timeout, self.0.config.deadlines.order);
        self.counted(about(RequestKind::Cancel, || format!("order {order_id}")), async {
            self.may_change()?;
            self.0.orders.ask(|reply| Command::Cancel(order_id, deadline, reply)).await
        })
        .await
    }

    /// Asks the gateway to cancel every working order of the login (reqGlobalCancel), those of
    /// other clients included, and returns how many of this client's orders ended.
    ///
    /// # Errors
    /// `OrderOutcomeUnknown` when some are still working at the deadline.
    pub async fn cancel_all(&self, timeout: Option<Duration>) -> Result<usize> {
        let deadline = self.deadline(timeout, self.0.config.deadlines.order);
        self.counted(RequestKind::CancelAll, async {
            self.may_change()?;
            self.0.session.linked("cancel_all", deadline).await?;
            self.0.orders.ask(|reply| Command::CancelAll(deadline, reply)).await
        })
        .await
    }

    /// This client's order with that id.
    #[must_use]
    pub fn trade(&self, order_id: OrderId) -> Option<TradeHandle> {
        self.0.orders.trade(order_id)
    }

    /// This client's orders of this session, finished ones included.
    #[must_use]
    pub fn trades(&self) -> Vec<TradeHandle> {
        self.0.orders.trades()
    }

    /// Working orders of every client of the login, as listed when the link opened and kept since.
    ///
    /// # Errors
    /// `StateUnknown` when they are not known within the timeout.
    pub async fn open_orders(&self, timeout: Option<Duration>) -> Result<Vec<Arc<Trade>>> {
        let deadline = self.deadline(timeout, self.0.config.deadlines.read);
        self.read(RequestKind::OpenOrders, deadline, || async {
            self.known_now(&[])?;
            self.0.orders.open(self.kept_by(deadline)).await
        })
        .await
    }

    /// Orders that ended lately, asked anew; an order of this session keeps what is known of it.
    ///
    /// # Errors
    /// Connection errors.
    pub async fn completed_orders(&self, timeout: Option<Duration>) -> Result<Vec<Trade>> {
        let deadline = self.deadline(timeout, self.0.config.deadlines.read);
        self.read(RequestKind::CompletedOrders, deadline, || async {
            self.known_now(&["completed orders"])?;
            let link = self.0.session.live("completed_orders", deadline).await?;
            let listing = link.completed_orders(most_of(deadline)).await?;
            let events = whole("completed_orders", &link, listing, deadline).await?;
            self.0.orders.learn(events.clone()).await;
            Ok(completed_trades(&events))
        })
        .await
    }

    /// Executions since midnight with their commissions, asked anew.
    ///
    /// # Errors
    /// Connection errors.
    pub async fn executions(&self, timeout: Option<Duration>) -> Result<Vec<Fill>> {
        let deadline = self.deadline(timeout, self.0.config.deadlines.read);
        self.read(RequestKind::Executions, deadline, || async {
            self.known_now(&["executions"])?;
            let link = self.0.session.live("executions", deadline).await?;
            let listing = link.executions(most_of(deadline)).await?;
            let events = whole("executions", &link, listing, deadline).await?;
            self.0.orders.learn(events.clone()).await;
            Ok(fills(events))
        })
        .await
    }

    /// Everything decided before the desk is asked. What makes no sense is refused at once; where
    /// there are limits, with everything they forbid besides. A key that was used before goes straight
    /// there: its answer depends on nothing that could be gathered now.
    async fn prepared(
        &self,
        asked: Contract,
        order: Order,
        key: OrderKey,
        deadline: Deadline,
    ) -> Result<Placing> {
        self.may_change()?;
        let order = self.with_account(order);
        if self.0.orders.has_key(&key) {
            let (contract, view) = (asked.clone(), RiskView::default());
            let broken = Violations::default();
            return Ok(Placing { asked, contract, order, key, view, broken, deadline });
        }
        self.has_link()?;
        self.has_consent(&order)?;
        has_legs(&asked)?;
        let mut broken = risk::check_order(&order, &asked);
        if self.0.config.risk.is_none() && asked.is_kind_known() {
            broken.verdict()?;
        }
        let contract = match self.0.contracts.qualify(&asked, deadline).await {
            Ok(contract) => contract,
            Err(error) => return broken.verdict().and(Err(error)),
        };
        if !asked.is_kind_known() {
            broken = risk::check_order(&order, &contract);
        }
        if self.0.config.risk.is_none() {
            broken.verdict()?;
        }
        let view = match &self.0.config.risk {
            Some(_) => self.risk_view(&contract, &order, deadline).await,
            None => RiskView::default(),
        };
        Ok(Placing { asked, contract, order, key, view, broken, deadline })
    }

    fn with_account(&self, mut order: Order) -> Order {
        order.account = order.account.or_else(|| self.account());
        order
    }

    fn may_change(&self) -> Result<()> {
        match self.0.config.read_only {
            true => Err(Error::new(ErrorKind::ReadOnly, "the client was opened read-only")),
            false => Ok(()),
        }
    }

    fn has_link(&self) -> Result<()> {
        let status = self.0.session.status();
        if let Some(why) = status.state.hindrance() {
            return Err(Error::refused("not_sent", format!("nothing was sent: {why}"))
                .with_detail("state", status.state));
        }
        match status.link {
            Some(_) => Ok(()),
            None if status.is_at_rest() => Err(self.0.session.not_connected(&status)),
            None => Err(self.0.session.no_link("nothing was sent")),
        }
    }

    /// Whether orders to the account are allowed: the account id decides what is paper.
    fn has_consent(&self, order: &Order) -> Result<()> {
        let Some(account) = &order.account else {
            return Err(Error::new(ErrorKind::StateUnknown, "the gateway named no account"));
        };
        let managed = self.accounts();
        if !managed.contains(account) {
            return Err(account.unmanaged(&managed));
        }
        if self.0.config.allow_live || account.is_paper() {
            return Ok(());
        }
        let message =
            format!("account {account} trades real money: give allow_live to place orders");
        Err(Error::new(ErrorKind::LiveTradingDisabled, message).with_detail("account", account))
    }
}

/// A combination cannot be ordered, and one that works cannot be changed, without its legs, which a
/// contract does not carry: IB would answer neither a lookup of it nor the order.
fn has_legs(contract: &Contract) -> Result<()> {
    match contract.security_type {
        SecurityType::Combo => Err(Error::refused(
            "combo_legs",
            format!("{contract}: nothing was sent: the legs of a combination cannot be sent"),
        )),
        _ => Ok(()),
    }
}

/// What an order wants, for the access log.
fn wish(contract: &Contract, order: &Order) -> String {
    format!("{} {} {contract}", order.action, order.quantity)
}

fn unknown(order_id: OrderId) -> Error {
    let message = format!("order {order_id} is not known to this client");
    Error::new(ErrorKind::Order, message).with_code(10147).with_detail("order_id", order_id)
}

/// Time for a list, leaving some to ask whether the gateway is still there.
fn most_of(deadline: Deadline) -> Deadline {
    Deadline::after(deadline.remaining() * 3 / 4)
}

/// The rows of a list. Some gateways never end an empty one, a hung gateway ends none: the end mark
/// may be missing only if there are no rows and the gateway still answers something else.
async fn whole(
    request: &str,
    link: &Link,
    listing: Listing,
    deadline: Deadline,
) -> Result<Vec<OrderEvent>> {
    let is_part = !listing.complete && !listing.events.is_empty();
    if is_part || !listing.complete && link.managed_accounts(deadline).await.is_err() {
        return Err(deadline.missed(request));
    }
    Ok(listing.events)
}

/// Executions of an answer, each with its commission if that came too.
fn fills(events: Vec<OrderEvent>) -> Vec<Fill> {
    let mut executions: Vec<Execution> = Vec::new();
    let mut commissions: Vec<(ExecutionId, Commission)> = Vec::new();
    for event in events {
        match event {
            OrderEvent::Execution(execution) => executions.push(*execution),
            OrderEvent::Commission(commission) => {
                commissions.push((commission.execution_id.clone(), commission));
            }
            OrderEvent::Open(_)
            | OrderEvent::Status(_)
            | OrderEvent::Completed(_)
            | OrderEvent::Notice(_) => {}
        }
    }
    let commissions: std::collections::HashMap<_, _> = commissions.into_iter().collect();
    let fill = |execution: Execution| {
        let commission = commissions.get(&execution.execution_id).cloned();
        Fill { execution, commission }
    };
    executions.into_iter().map(fill).collect()
}
