//! Why an order or a change of one is refused. Pure checks, each with the code a gateway answers.

use rust_decimal::Decimal;

use super::instrument::{Instrument, SecurityKind};
use super::order::{Order, Status};
use super::order_kind::OrderKind;
use super::ticket::{Ticket, Tif};
use super::trading::not_found;

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
pub(crate) fn check_ticket(
    ticket: &Ticket,
    instrument: &Instrument,
    now: i64,
) -> Result<(), Refusal> {
    check_quantity(ticket, instrument)?;
    let kind = &ticket.kind;
    check_price(kind.needs_limit(), ticket.limit, "limit", instrument)?;
    check_price(kind.needs_stop(), ticket.stop, "stop", instrument)?;
    if kind.trails() && ticket.offset.or(ticket.percent).is_none_or(|by| by <= Decimal::ZERO) {
        return Err(invalid("Please enter a trailing amount or percentage"));
    }
    check_peg(ticket, instrument)?;
    check_life(ticket, now)
}

/// Whether there is what a price has to be worked out from.
fn check_peg(ticket: &Ticket, instrument: &Instrument) -> Result<(), Refusal> {
    let (kind, peg) = (ticket.kind, &ticket.peg);
    let causes = [
        (
            kind.is_worked_out() && !ticket.legs.is_empty(),
            "This order type is not for combinations",
        ),
        (
            kind.follows_underlying() && instrument.option().is_none(),
            "This order type is for options",
        ),
        (kind == OrderKind::PegStock && peg.delta.is_zero(), "Please enter a delta"),
        (
            kind == OrderKind::Volatility && peg.volatility <= Decimal::ZERO,
            "Please enter a volatility",
        ),
        (
            kind == OrderKind::PegBenchmark
                && (peg.starting_price.is_none() || peg.reference_change <= Decimal::ZERO),
            "Please enter a starting price and a reference change",
        ),
        (
            kind == OrderKind::PegBenchmark && peg.reference.is_none(),
            "Please enter a reference contract",
        ),
    ];
    match causes.into_iter().find(|(is_missing, _)| *is_missing) {
        None => Ok(()),
        Some((_, cause)) => Err(invalid(cause)),
    }
}

fn check_quantity(ticket: &Ticket, instrument: &Instrument) -> Result<(), Refusal> {
    if ticket.quantity <= Decimal::ZERO {
        return Err(invalid("The size value should be greater than zero"));
    }
    let is_whole = matches!(instrument.kind, SecurityKind::Future | SecurityKind::FutureOption);
    if is_whole && !ticket.quantity.fract().is_zero() {
        return Err(Refusal::new(
            10318,
            "Fractional quantities are not supported for this contract",
        ));
    }
    Ok(())
}

/// Whether the time in force fits the order type and has not passed.
fn check_life(ticket: &Ticket, now: i64) -> Result<(), Refusal> {
    let is_auctioned = matches!(ticket.kind, OrderKind::Market | OrderKind::Limit);
    let fits = match ticket.tif {
        Tif::Opg => is_auctioned,
        Tif::Ioc | Tif::Fok => !ticket.kind.trades_at_close(),
        Tif::Day | Tif::Gtc | Tif::Gtd => true,
    };
    if !fits {
        let text = "This order type cannot be combined with this time in force";
        return Err(Refusal::new(111, text));
    }
    if ticket.tif == Tif::Gtd && ticket.good_till.is_none_or(|till| till <= now) {
        return Err(Refusal::new(334, "Invalid Good Till Date order"));
    }
    Ok(())
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
        Status::Cancelled | Status::ApiCancelled | Status::Inactive | Status::PendingCancel => {
            return Err(Refusal::new(103, "Duplicate order id"));
        }
        Status::Held | Status::PendingSubmit | Status::PreSubmitted | Status::Submitted => {}
    }
    let old = &order.ticket;
    let is_same = (old.action, old.con_id, &old.account, &old.legs)
        == (ticket.action, ticket.con_id, &ticket.account, &ticket.legs);
    if is_same && ticket.quantity > order.filled {
        return Ok(());
    }
    Err(Refusal::new(105, "Order being modified does not match original order"))
}

/// How long a finished order is remembered by a cancel, in seconds: minutes, says the observation.
const REMEMBERED: i64 = 180;

/// Whether an order can be cancelled now; the id names it in the text. After some minutes a finished
/// order counts as unknown (O43).
pub(crate) fn check_cancel(order: &Order, now: i64) -> Result<(), Refusal> {
    let id = order.key.order.0;
    let state = order.status.name();
    match order.status {
        Status::Filled | Status::Cancelled | Status::ApiCancelled
            if now - order.changed_at > REMEMBERED =>
        {
            Err(not_found(order.key))
        }
        Status::Filled | Status::Cancelled | Status::ApiCancelled => Err(Refusal::new(
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
        Status::Held | Status::PendingSubmit | Status::PreSubmitted | Status::Submitted => Ok(()),
    }
}
