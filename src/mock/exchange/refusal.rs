//! Why an order or a change of one is refused. Pure checks, each with the code a gateway answers.

use rust_decimal::Decimal;

use super::instrument::Instrument;
use super::order::{Order, Status, Ticket};

/// A coded refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: i32,
    pub(crate) text: String,
}

impl Refusal {
    pub(crate) fn new(code: i32, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// Only a refusal by the broker shows the order, as Inactive (O22).
    pub(crate) const fn shows_order(&self) -> bool {
        self.code == 201
    }
}

/// What is wrong with a ticket in itself (O20, O21).
pub(crate) fn check_ticket(ticket: &Ticket, instrument: &Instrument) -> Result<(), Refusal> {
    if ticket.quantity <= Decimal::ZERO {
        return Err(invalid("The size value should be greater than zero"));
    }
    let kind = &ticket.kind;
    check_price(kind.needs_limit(), ticket.limit, "limit", instrument)?;
    check_price(kind.waits_for_trigger(), ticket.stop, "stop", instrument)
}

fn check_price(
    is_needed: bool,
    price: Option<Decimal>,
    name: &str,
    instrument: &Instrument,
) -> Result<(), Refusal> {
    match price {
        _ if !is_needed => Ok(()),
        None => Err(invalid(&format!("Please enter a {name} price"))),
        Some(price) if instrument.is_on_grid(price) => Ok(()),
        Some(_) => Err(Refusal::new(
            110,
            "The price does not conform to the minimum price variation for this contract.",
        )),
    }
}

fn invalid(cause: &str) -> Refusal {
    Refusal::new(321, format!("Error validating request.-'mock' : cause - {cause}"))
}

/// Whether an order under this id may be changed to this ticket (O61 to O64, I4).
pub(crate) fn check_change(order: &Order, ticket: &Ticket) -> Result<(), Refusal> {
    match order.status {
        Status::Filled => return Err(Refusal::new(104, "Cannot modify a filled order.")),
        Status::Cancelled | Status::Inactive | Status::PendingCancel => {
            return Err(Refusal::new(103, "Duplicate order id"));
        }
        Status::Held | Status::PreSubmitted | Status::Submitted => {}
    }
    let old = &order.ticket;
    let is_same =
        (old.action, old.con_id, &old.account) == (ticket.action, ticket.con_id, &ticket.account);
    if is_same && ticket.quantity > order.filled {
        return Ok(());
    }
    Err(Refusal::new(105, "Order being modified does not match original order"))
}

/// Whether an order can be cancelled now; the id names it in the text (O43).
pub(crate) fn check_cancel(order: &Order) -> Result<(), Refusal> {
    let id = order.key.order.0;
    let state = order.status.name();
    match order.status {
        Status::Filled | Status::Cancelled => Err(Refusal::new(
            10148,
            format!("OrderId {id} that needs to be cancelled cannot be cancelled, state: {state}."),
        )),
        Status::Inactive | Status::PendingCancel => Err(Refusal::new(
            161,
            format!(
                "Cancel attempted when order is not in a cancellable state. Order permId = {}",
                order.perm_id.0
            ),
        )),
        Status::Held | Status::PreSubmitted | Status::Submitted => Ok(()),
    }
}
