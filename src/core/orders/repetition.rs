//! Whether a wish under a used key is the order that the key stands for: pure. What differs in
//! anything is another order, and its key is refused.

use super::book::Wish;
use super::goals::{self, Rest};
use crate::model::{Contract, Order, Trade};

/// Whether somebody wishes again what was wished in this process.
pub(super) fn repeats_wish(
    first: &Wish,
    asked: &Contract,
    contract: &Contract,
    order: &Order,
) -> bool {
    let same_contract = first.asked == *asked
        || first.contract == *contract
        || first.contract.contract_id.is_some()
            && first.contract.contract_id == contract.contract_id;
    same_contract && is_same_order(&first.order, order)
}

/// Whether somebody wishes what the gateway tells of an order of an earlier process.
pub(super) fn repeats_trade(trade: &Trade, asked: &Contract, order: &Order) -> bool {
    is_meant(asked, &trade.contract) && is_same_order(&trade.order, order)
}

/// Whether two orders are one, as far as both say; an account that was not given is any.
fn is_same_order(known: &Order, asked: &Order) -> bool {
    let Rest { time_in_force, outside_rth, account, order_ref } = goals::rest(asked);
    goals::has_terms(asked, known)
        && *time_in_force == known.time_in_force
        && outside_rth == known.outside_rth
        && (account.is_none() || known.account.is_none() || *account == known.account)
        && *order_ref == known.order_ref
}

/// Whether a contract that may be told in part means one that is told whole.
fn is_meant(asked: &Contract, known: &Contract) -> bool {
    // Without `..`: a new field has to say whether it tells contracts apart.
    let Contract {
        contract_id,
        symbol,
        security_type,
        expiry,
        strike,
        right,
        multiplier,
        exchange,
        // Not repeated by IB with an order.
        primary_exchange: _,
        currency,
        local_symbol,
        trading_class,
        // How it was looked up, not what it is.
        include_expired: _,
        security_id_type: _,
        security_id: _,
    } = asked;
    if contract_id.is_some() && known.contract_id.is_some() {
        return *contract_id == known.contract_id;
    }
    let agrees = |asked: &str, known: &str| asked.is_empty() || asked.eq_ignore_ascii_case(known);
    *security_type == known.security_type
        && agrees(symbol, &known.symbol)
        // A month stands for the day in it.
        && known.expiry.starts_with(expiry.as_str())
        && (strike.is_none() || *strike == known.strike)
        && (right.is_none() || *right == known.right)
        && agrees(multiplier, &known.multiplier)
        && agrees(exchange, &known.exchange)
        && agrees(currency, &known.currency)
        && agrees(local_symbol, &known.local_symbol)
        && agrees(trading_class, &known.trading_class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Action, ContractId, Right, SecurityType, TimeInForce};

    type Change = fn(&mut Contract);

    fn option() -> Contract {
        let mut contract = Contract::new(SecurityType::Option, "AAPL");
        contract.contract_id = Some(ContractId(7));
        (contract.expiry, contract.strike) = ("20261218".into(), Some(200.0));
        (contract.right, contract.exchange) = (Some(Right::Call), "SMART".into());
        contract
    }

    #[test]
    fn a_contract_means_what_agrees_with_it_as_far_as_it_says() {
        let asked = |change: Change| {
            let mut contract = option();
            contract.contract_id = None;
            change(&mut contract);
            contract
        };
        let table: [(Change, bool); 9] = [
            (|_| {}, true),
            (|c| c.expiry = "202612".into(), true),
            (|c| c.strike = None, true),
            (|c| c.symbol = "aapl".into(), true),
            (|c| c.security_type = SecurityType::Stock, false),
            (|c| c.expiry = "20270115".into(), false),
            (|c| c.strike = Some(210.0), false),
            (|c| c.right = Some(Right::Put), false),
            (|c| c.exchange = "CBOE".into(), false),
        ];

        for (number, (change, expected)) in table.into_iter().enumerate() {
            assert_eq!(is_meant(&asked(change), &option()), expected, "row {number}");
        }
        let other = Contract { contract_id: Some(ContractId(8)), ..option() };
        assert!(!is_meant(&other, &option()));
    }

    #[test]
    fn orders_that_differ_in_anything_are_two() {
        let base = Order::limit(Action::Buy, 10.into(), 1.5);
        let changes: [fn(&mut Order); 7] = [
            |o| o.action = Action::Sell,
            |o| o.quantity = 11.into(),
            |o| o.limit_price = Some(1.6),
            |o| o.stop_price = Some(1.0),
            |o| o.time_in_force = TimeInForce::from_wire("GTC"),
            |o| o.outside_rth = true,
            |o| o.order_ref = "mine".into(),
        ];

        for (number, change) in changes.into_iter().enumerate() {
            let mut other = base.clone();
            change(&mut other);
            assert!(!is_same_order(&base, &other), "change {number}");
        }
        let near = Order { limit_price: Some(1.2 + 0.3), ..base.clone() };
        assert!(is_same_order(&base, &near) && is_same_order(&base, &base));
    }
}
