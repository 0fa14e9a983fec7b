//! What a client's order says, read into the exchange's terms; what cannot be read is refused with
//! the code a gateway gives (O20, O24).

use rust_decimal::Decimal;

use crate::exchange::algo::check_algorithm;
use crate::exchange::calendar::from_eastern;
use crate::exchange::combo::COMBO;
use crate::exchange::condition::{Condition, Conditions, Subject};
use crate::exchange::listing::CONTINUOUS;
use crate::exchange::number::decimal;
use crate::exchange::order_kind::OrderKind;
use crate::exchange::refusal::Refusal;
use crate::exchange::ticket::{Leg, OcaKind, Tif};
use crate::exchange::{Action, ConId, OrderId, Ticket};
use crate::wire::{UNSET_DOUBLE, UNSET_INT, pb};
use crate::world::{Wording, World};

use super::contract;
use super::peg_words::with_peg;
use super::positions::account_of;

/// What the request asks for, once contract, account and numbers are understood.
pub(super) fn ticket(world: &World, wording: &Wording) -> Result<Ticket, Refusal> {
    let order = &wording.order;
    check_words(order)?;
    let (con_id, legs) = traded(world, &wording.contract)?;
    let ticket = Ticket {
        con_id,
        legs,
        account: account(world, order)?,
        fa_group: order.fa_group().to_owned(),
        action: action(order.action())?,
        kind: kind(order.order_type())?,
        tif: Tif::parse(order.tif()).ok_or_else(|| invalid("Invalid time in force"))?,
        transmit: order.transmit.unwrap_or(false),
        parent: order.parent_id.filter(|id| *id != 0).map(OrderId),
        outside_rth: order.outside_rth(),
        all_or_none: order.all_or_none(),
        oca_group: order.oca_group().to_owned(),
        oca_kind: OcaKind::of(order.oca_type()),
        trigger_method: order.trigger_method(),
        order_ref: order.order_ref().to_owned(),
        is_deactivated: order.deactivate(),
        ..Ticket::default()
    };
    let ticket = with_prices(ticket, order)?;
    let ticket = with_peg(world, ticket, order)?;
    let ticket = with_life(ticket, order)?;
    with_quantity(world, ticket, order)
}

/// What cannot be said together (O29), and what an algorithm does not know (O33).
fn check_words(order: &pb::Order) -> Result<(), Refusal> {
    if order.what_if_type.is_some_and(|kind| kind != UNSET_INT) && !order.what_if() {
        return Err(invalid("What-if type needs the what-if flag"));
    }
    check_algorithm(order.algo_strategy(), order.algo_params.keys())
}

/// An order for a group is kept under the login's first account, the advisor's own.
fn account(world: &World, order: &pb::Order) -> Result<String, Refusal> {
    match world.settings.accounts.first() {
        Some(own) if !order.fa_group().is_empty() && order.account().is_empty() => Ok(own.clone()),
        _ => account_of(world, order.account()),
    }
}

/// The instrument of an order, or the combination with its legs.
fn traded(world: &World, contract: &pb::Contract) -> Result<(ConId, Vec<Leg>), Refusal> {
    // A continuous future is a series of prices and is not traded.
    if contract.sec_type() == CONTINUOUS {
        return Err(contract::unknown());
    }
    if contract.sec_type() != "BAG" {
        return Ok((contract::resolve(world, Some(contract))?, Vec::new()));
    }
    if contract.symbol().is_empty() {
        // (K14)
        return Err(invalid("Please enter a symbol"));
    }
    let leg = |words: &pb::ComboLeg| {
        Ok(Leg {
            con_id: ConId(words.con_id()),
            ratio: Decimal::from(words.ratio()),
            action: action(words.action())?,
        })
    };
    let legs = contract.combo_legs.iter().map(leg).collect::<Result<Vec<_>, _>>()?;
    if legs.is_empty() {
        Err(Refusal::new(312, "The combo details are invalid."))
    } else {
        Ok((COMBO, legs))
    }
}

fn with_prices(mut ticket: Ticket, order: &pb::Order) -> Result<Ticket, Refusal> {
    let kind = ticket.kind;
    let limit = price(order.lmt_price, "Invalid limit price")?;
    let aux = price(order.aux_price, "Invalid stop price")?;
    let first_stop = price(order.trail_stop_price, "Invalid trail stop price")?;
    let limit_offset = price(order.lmt_price_offset, "Invalid limit price offset")?;
    let percent = price(order.trailing_percent, "Invalid trailing percentage")?;
    ticket.limit = limit.filter(|_| kind.takes_limit());
    ticket.stop = aux.filter(|_| kind.needs_stop());
    ticket.offset = aux.filter(|_| kind.takes_offset());
    if kind.trails() {
        ticket.stop = first_stop.filter(|stop| !stop.is_zero());
        ticket.percent = percent;
        let tied = ticket
            .stop
            .zip(ticket.limit)
            .map(|(stop, limit)| (limit - stop) * ticket.action.sign());
        ticket.limit_offset = limit_offset.or(tied).filter(|_| kind == OrderKind::TrailLimit);
    }
    Ok(ticket)
}

fn with_life(mut ticket: Ticket, order: &pb::Order) -> Result<Ticket, Refusal> {
    let bad_date =
        |code: i32| Refusal::new(code, "The date, time, or time-zone entered is invalid");
    ticket.good_till = moment(order.good_till_date()).map_err(|()| bad_date(334))?;
    ticket.good_after = moment(order.good_after_time()).map_err(|()| bad_date(391))?;
    let list = order.conditions.iter().map(condition).collect::<Result<_, _>>()?;
    ticket.conditions = Conditions { list, cancels: order.conditions_cancel_order() };
    Ok(ticket)
}

/// A quantity, or as much as an amount of money buys at the order's price.
fn with_quantity(world: &World, mut ticket: Ticket, order: &pb::Order) -> Result<Ticket, Refusal> {
    let quantity = order.total_quantity.as_deref().filter(|text| !text.is_empty()).unwrap_or("0");
    ticket.quantity = quantity.parse().map_err(|_| invalid("Invalid quantity"))?;
    let min = order.min_qty.filter(|min| *min != UNSET_INT && *min > 0);
    ticket.min_quantity = min.map(Decimal::from).unwrap_or_default();
    let money = price(order.cash_qty, "Invalid cash quantity")?.filter(|money| !money.is_zero());
    if let Some(money) = money.filter(|_| ticket.quantity.is_zero()) {
        ticket.quantity = bought_for(world, &ticket, money)
            .ok_or_else(|| invalid("Cash quantity cannot be used without a price"))?;
    }
    Ok(ticket)
}

/// Fractions of a ten-thousandth are not traded.
fn bought_for(world: &World, ticket: &Ticket, money: Decimal) -> Option<Decimal> {
    let quote = world.exchange.quote(ticket.con_id)?;
    let price = ticket.limit.or(match ticket.action {
        Action::Buy => quote.ask,
        Action::Sell => quote.bid,
    });
    let price = price.or_else(|| quote.mark()).filter(|price| *price > Decimal::ZERO)?;
    Some((money / price).trunc_with_scale(4))
}

fn condition(words: &pb::OrderCondition) -> Result<Condition, Refusal> {
    let number =
        |value: Option<f64>| price(value, "Invalid condition").map(Option::unwrap_or_default);
    let con_id = ConId(words.con_id());
    let subject = match words.r#type() {
        1 => Subject::Price(con_id, number(words.price)?),
        3 => Subject::Time(
            moment(words.time())
                .ok()
                .flatten()
                .ok_or_else(|| Refusal::new(391, "Invalid time value"))?,
        ),
        4 => Subject::MarginPercent(Decimal::from(words.percent())),
        5 => Subject::Execution {
            symbol: words.symbol().to_owned(),
            security_type: words.sec_type().to_owned(),
        },
        6 => Subject::Volume(con_id, Decimal::from(words.volume())),
        7 => Subject::PercentChange(con_id, number(words.change_percent)?),
        _ => return Err(invalid("Invalid condition type")),
    };
    Ok(Condition { subject, is_more: words.is_more(), is_and: words.is_conjunction_connection() })
}

/// A date and time as clients write it: in New York time unless it says otherwise, or with a dash in
/// UTC. Empty is none.
fn moment(text: &str) -> Result<Option<i64>, ()> {
    let form = time::macros::format_description!("[year][month][day] [hour]:[minute]:[second]");
    let parse = |text: &str| time::PrimitiveDateTime::parse(text, form).map_err(|_| ());
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if let Some((date, clock)) = text.split_once('-').filter(|(date, _)| date.len() == 8) {
        return parse(&format!("{date} {clock}")).map(|at| Some(at.assume_utc().unix_timestamp()));
    }
    let mut parts = text.split_whitespace();
    let (date, clock) = (parts.next().unwrap_or_default(), parts.next().unwrap_or("00:00:00"));
    let local = parse(&format!("{date} {clock}"))?;
    match parts.next() {
        None | Some("US/Eastern" | "America/New_York" | "EST" | "EDT" | "EST5EDT") => {
            Ok(Some(from_eastern(local)))
        }
        Some("UTC" | "GMT" | "Etc/UTC") => Ok(Some(local.assume_utc().unix_timestamp())),
        Some(_) => Err(()),
    }
}

pub(super) fn invalid(cause: &str) -> Refusal {
    Refusal::new(321, format!("Error validating request.-'bO' : cause - {cause}"))
}

fn action(text: &str) -> Result<Action, Refusal> {
    match text {
        "BUY" => Ok(Action::Buy),
        "SELL" | "SSHORT" => Ok(Action::Sell),
        _ => Err(invalid("Invalid action")),
    }
}

fn kind(text: &str) -> Result<OrderKind, Refusal> {
    OrderKind::parse(text).ok_or_else(|| invalid("Invalid order type was entered"))
}

pub(super) fn price(field: Option<f64>, cause: &str) -> Result<Option<Decimal>, Refusal> {
    match field.filter(|price| *price != UNSET_DOUBLE) {
        None => Ok(None),
        Some(price) => decimal(price).map(Some).ok_or_else(|| invalid(cause)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_order_words_are_read_or_refused() {
        assert_eq!(action("SSHORT"), Ok(Action::Sell));
        assert_eq!(action("HOLD").unwrap_err().code, 321);
        assert_eq!(kind("STP LMT"), Ok(OrderKind::StopLimit));
        assert_eq!(kind("NOPE").unwrap_err().code, 321);
        assert_eq!(price(Some(UNSET_DOUBLE), ""), Ok(None));
        assert_eq!(price(Some(f64::NAN), "").unwrap_err().code, 321);
    }

    #[test]
    fn test_moments_are_read_in_every_form_a_client_writes() {
        let cases = [
            ("", Ok(None)),
            ("20261123 09:30:00 US/Eastern", Ok(Some(1_795_444_200))),
            ("20261123 09:30:00", Ok(Some(1_795_444_200))),
            ("20261123-14:30:00", Ok(Some(1_795_444_200))),
            ("20261123 14:30:00 UTC", Ok(Some(1_795_444_200))),
            ("20261123 14:30:00 Mars/Base", Err(())),
            ("tomorrow", Err(())),
        ];

        for (text, expected) in cases {
            assert_eq!(moment(text), expected, "{text}");
        }
    }
}
