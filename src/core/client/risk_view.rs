//! What the risk rules may look at, gathered from accounts, quotes and contracts. What cannot be
//! known within the deadline stays unknown, and unknown refuses.

use rust_decimal::Decimal;
use tokio::time::Instant;

use super::Client;
use crate::clock::Deadline;
use crate::market_data::Recent;
use crate::model::{AccountId, AccountSnapshot, Contract, Order, OrderType, RiskView};

impl Client {
    /// The view of an order; the desk adds what its book knows.
    pub(super) async fn risk_view(
        &self,
        contract: &Contract,
        order: &Order,
        deadline: Deadline,
    ) -> RiskView {
        let Some(account) = order.account.clone() else { return RiskView::default() };
        let snapshot = self.0.accounts.values(&account, deadline).await.ok();
        let number = |tag| snapshot.as_ref()?.number(tag);
        let rate = snapshot.as_ref().and_then(|snapshot| rate(snapshot, &contract.currency));
        let price = self.reference_price(contract, order, deadline).await;
        RiskView {
            price: price.and_then(|price| Some(price * rate?)),
            trades_below_zero: contract.trades_below_zero(),
            multiplier: contract.multiplier_value(),
            buying_power: number("BuyingPower"),
            net_liquidation: number("NetLiquidation"),
            held: self.held(&account, contract, deadline).await,
            pending_sells: Decimal::ZERO,
            daily_pnl: self.daily_pnl(&account, deadline).await,
            open_orders: None,
            orders_today: 0,
        }
    }

    /// The limit price, unless it is zero or below and says nothing of what is at stake, else a fresh quote: a kept one, or the one that valued an order of the
    /// contract within the last second.
    async fn reference_price(
        &self,
        contract: &Contract,
        order: &Order,
        deadline: Deadline,
    ) -> Option<f64> {
        let has_limit = matches!(order.order_type, OrderType::Limit | OrderType::StopLimit);
        if has_limit && !order.limit_price.is_some_and(|limit| limit <= 0.0) {
            return order.limit_price;
        }
        // Half the time is left for placing the order itself.
        let deadline = deadline.at_most(deadline.remaining() / 2);
        if let Some(quote) = contract.contract_id.and_then(|id| self.0.kept.latest(id)) {
            return quote.market_price();
        }
        let id = contract.contract_id?;
        if let Some(price) = self.0.recent.get(id, self.generation(), Instant::now()) {
            return Some(price);
        }
        let quote = self.0.lines.quote(contract, deadline).await.ok()?;
        let price = quote.market_price()?;
        self.0.recent.put(id, Recent { price, generation: quote.generation, at: Instant::now() });
        Some(price)
    }

    async fn held(
        &self,
        account: &AccountId,
        contract: &Contract,
        deadline: Deadline,
    ) -> Option<Decimal> {
        let positions = self.0.accounts.holdings(Some(account), deadline).await.ok()?;
        let of_contract = positions
            .iter()
            .filter(|position| position.contract.contract_id == contract.contract_id);
        Some(of_contract.map(|position| position.quantity).sum())
    }

    async fn daily_pnl(&self, account: &AccountId, deadline: Deadline) -> Option<f64> {
        self.0.config.risk.as_ref()?.daily_loss_limit?;
        let deadline = deadline.at_most(deadline.remaining() / 2);
        self.0.accounts.pnl(account, deadline).await.ok()?.daily
    }
}

/// Units of base currency per unit of `currency`.
fn rate(snapshot: &AccountSnapshot, currency: &str) -> Option<f64> {
    if currency == snapshot.currency {
        return Some(1.0);
    }
    let is_rate =
        |row: &&crate::model::AccountValue| row.tag == "ExchangeRate" && row.currency == currency;
    let row = snapshot.values.iter().find(is_rate)?;
    row.value.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::model::{AccountValue, Pnl};

    #[test]
    fn foreign_money_needs_a_rate() {
        let account = AccountId("DU1".into());
        let row = AccountValue {
            account: account.clone(),
            tag: "ExchangeRate".into(),
            value: "1.08".into(),
            currency: "EUR".into(),
            is_ledger: false,
        };
        let snapshot = AccountSnapshot {
            account,
            currency: "USD".into(),
            values: vec![row],
            pnl: Pnl::default(),
            updated_at: clock::now(),
        };

        assert_eq!(rate(&snapshot, "USD"), Some(1.0));
        assert_eq!(rate(&snapshot, "EUR"), Some(1.08));
        assert_eq!(rate(&snapshot, "JPY"), None);
    }
}
