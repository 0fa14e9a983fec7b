//! What-if orders: answered by an openOrder with margins and commission; nothing is placed (O75).

use crate::client::Outlet;
use crate::exchange::number::double;
use crate::exchange::{Status, Ticket};
use crate::wire::{UNSET_DOUBLE, pb};
use crate::world::{Wording, World};

use super::order_reports::{echo, shown_contract};

/// Why a preview comes with a warning.
const CAP_WARNING: &str = "Your order size exceeds the size shown in the market.";

/// A refusal is answered by its error alone (O78).
pub(super) fn send(world: &World, to: &Outlet, id: i32, (ticket, wording): (&Ticket, &Wording)) {
    if !ticket.transmit {
        return to.error(id, 413, "The What-If order should have the transmit flag set to true.");
    }
    let now = world.now();
    let checked = world.exchange.check(ticket, now);
    if let Err(refusal) = checked.and_then(|()| world.exchange.check_funds(ticket)) {
        return to.error(id, refusal.code, refusal.text);
    }
    let show = |state: pb::OrderState| {
        to.send(&pb::OpenOrder {
            order_id: Some(id),
            contract: Some(shown_contract(world, ticket, wording)),
            order: Some(pb::Order {
                order_id: Some(id),
                client_id: Some(to.client.0),
                perm_id: Some(0),
                ..echo(wording.order.clone(), ticket, None)
            }),
            order_state: Some(state),
        });
    };
    if world.exchange.rules.previews_twice {
        show(warned());
    }
    if let Some(state) = state(world, ticket) {
        show(state);
    }
}

/// The first of two frames: a warning, every figure unset (O76).
fn warned() -> pb::OrderState {
    let unset = Some(UNSET_DOUBLE);
    pb::OrderState {
        status: Some(Status::PreSubmitted.name().to_owned()),
        init_margin_before: unset,
        maint_margin_before: unset,
        equity_with_loan_before: unset,
        init_margin_change: unset,
        maint_margin_change: unset,
        equity_with_loan_change: unset,
        init_margin_after: unset,
        maint_margin_after: unset,
        equity_with_loan_after: unset,
        warning_text: Some(CAP_WARNING.to_owned()),
        ..Default::default()
    }
}

/// Margins before, by the order, and after. The least and the highest commission stay unset (O77).
fn state(world: &World, ticket: &Ticket) -> Option<pb::OrderState> {
    let figures = world.exchange.figures(&ticket.account)?;
    let change = double(world.exchange.margin_change(ticket));
    let (margin, equity) = (double(figures.margin), double(figures.net_liquidation()));
    let commission = -double(world.exchange.commission_of(ticket));
    let currency = world.exchange.listing.get(ticket.con_id).map(|found| found.currency.to_owned());
    Some(pb::OrderState {
        status: Some(Status::PreSubmitted.name().to_owned()),
        init_margin_before: Some(margin),
        maint_margin_before: Some(margin),
        equity_with_loan_before: Some(equity),
        init_margin_change: Some(change),
        maint_margin_change: Some(change),
        equity_with_loan_change: Some(commission),
        init_margin_after: Some(margin + change),
        maint_margin_after: Some(margin + change),
        equity_with_loan_after: Some(equity + commission),
        commission_and_fees: Some(-commission),
        min_commission_and_fees: Some(UNSET_DOUBLE),
        max_commission_and_fees: Some(UNSET_DOUBLE),
        commission_and_fees_currency: currency,
        margin_currency: Some("USD".to_owned()),
        ..Default::default()
    })
}
