//! What risk rules may look at: values gathered by the composition root, unknown marked as such.

use rust_decimal::Decimal;

/// Limits of `contract.md`; `None` switches a single limit off.
#[derive(Debug, Clone, PartialEq)]
pub struct RiskLimits {
    /// Most units per order.
    pub max_order_size: Option<Decimal>,
    /// Most money per order, base currency.
    pub max_order_value: Option<f64>,
    /// Largest share of net liquidation in one position, existing holding counted, 0 to 1.
    pub max_position_pct: Option<f64>,
    /// Loss of the day after which nothing is opened, base currency, positive.
    pub daily_loss_limit: Option<f64>,
    /// Most orders working at once.
    pub max_open_orders: Option<usize>,
    /// Most orders placed per UTC day.
    pub max_daily_orders: Option<usize>,
    /// Allow sells beyond the held quantity.
    pub allow_short: bool,
}

impl Default for RiskLimits {
    fn default() -> Self {
        Self {
            max_order_size: Some(Decimal::ONE_THOUSAND),
            max_order_value: Some(50_000.0),
            max_position_pct: Some(0.10),
            daily_loss_limit: Some(1000.0),
            max_open_orders: Some(10),
            max_daily_orders: Some(100),
            allow_short: false,
        }
    }
}

/// Everything a rule may need, gathered before the order is judged. `None` is unknown, and
/// unknown refuses.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RiskView {
    /// Price per unit to value the order at: its limit, else a fresh quote.
    pub price: Option<f64>,
    /// Whether prices of zero and below are prices of the contract.
    pub trades_below_zero: bool,
    /// Units per contract.
    pub multiplier: f64,
    /// Buying power in base currency.
    pub buying_power: Option<f64>,
    /// Net liquidation in base currency.
    pub net_liquidation: Option<f64>,
    /// Units held of this contract, negative when short; `None` when positions are unknown.
    pub held: Option<Decimal>,
    /// Units already offered by working sell orders of this contract.
    pub pending_sells: Decimal,
    /// P&L of the day.
    pub daily_pnl: Option<f64>,
    /// Orders working now; `None` when unknown.
    pub open_orders: Option<usize>,
    /// Orders placed today.
    pub orders_today: usize,
}
