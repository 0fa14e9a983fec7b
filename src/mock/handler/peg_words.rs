//! What a client's order says about a price the exchange works out, read into its terms.

use rust_decimal::Decimal;

use crate::exchange::order_kind::OrderKind;
use crate::exchange::pegging::{Peg, yearly};
use crate::exchange::refusal::Refusal;
use crate::exchange::{ConId, Ticket};
use crate::wire::{UNSET_DOUBLE, pb};
use crate::world::World;

use super::order_words::{invalid, price};

/// The ticket with its peg. A volatility is in percent, a delta a fraction.
pub(super) fn with_peg(
    world: &World,
    mut ticket: Ticket,
    order: &pb::Order,
) -> Result<Ticket, Refusal> {
    if !ticket.kind.is_worked_out() {
        return Ok(ticket);
    }
    let real = |field, cause| Ok(price(field, cause)?.filter(|number| !number.is_zero()));
    let number = |field, cause| Ok::<_, Refusal>(price(field, cause)?.unwrap_or_default());
    ticket.peg = Peg {
        reference: reference(world, &ticket, order),
        starting_price: real(order.starting_price, "Invalid starting price")?,
        reference_price: real(order.stock_ref_price, "Invalid reference price")?,
        delta: number(order.delta, "Invalid delta")?,
        lowest: real(order.stock_range_lower, "Invalid range")?,
        highest: real(order.stock_range_upper, "Invalid range")?,
        change: number(order.pegged_change_amount, "Invalid pegged change amount")?,
        reference_change: number(order.reference_change_amount, "Invalid reference change amount")?,
        is_opposed: order.is_pegged_change_amount_decrease(),
        compete_size: Decimal::from(order.min_compete_size.filter(|size| *size > 0).unwrap_or(0)),
        compete_offset: compete_offset(order)?,
        middle_offset_whole: number(order.mid_offset_at_whole, "Invalid offset")?,
        middle_offset_half: number(order.mid_offset_at_half, "Invalid offset")?,
        volatility: volatility(order)?,
        is_continuous: order.continuous_update(),
        is_by_side: order.reference_price_type() == BY_SIDE,
    };
    Ok(ticket)
}

const BY_SIDE: i32 = 2;
const DAILY: i32 = 1;

/// The underlying of an option, or the benchmark that is named.
fn reference(world: &World, ticket: &Ticket, order: &pb::Order) -> Option<ConId> {
    let listing = &world.exchange.listing;
    match ticket.kind {
        OrderKind::PegBenchmark => {
            let named = ConId(order.reference_contract_id());
            listing.get(named).map(|instrument| instrument.con_id)
        }
        _ if ticket.kind.follows_underlying() => {
            listing.get(ticket.con_id)?.option().map(|terms| terms.underlying)
        }
        _ => None,
    }
}

/// Infinity, and nothing at all, mean up to the middle.
fn compete_offset(order: &pb::Order) -> Result<Option<Decimal>, Refusal> {
    let offset = order.compete_against_best_offset.filter(|offset| offset.is_finite());
    price(offset, "Invalid offset")
}

fn volatility(order: &pb::Order) -> Result<Decimal, Refusal> {
    let percent = order.volatility.filter(|value| *value != UNSET_DOUBLE).unwrap_or_default();
    let is_daily = order.volatility_type() == DAILY;
    yearly(percent, is_daily).ok_or_else(|| invalid("Invalid volatility"))
}
