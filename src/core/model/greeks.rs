//! What a price of an option implies.

/// Volatility and sensitivities of an option, as IB computed them from one of its prices.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Greeks {
    /// Implied volatility as a fraction per year.
    pub implied_volatility: Option<f64>,
    /// Change of the option's price per unit of the underlying.
    pub delta: Option<f64>,
    /// Change of delta per unit of the underlying.
    pub gamma: Option<f64>,
    /// Change of the option's price per point of volatility.
    pub vega: Option<f64>,
    /// Change of the option's price per day.
    pub theta: Option<f64>,
    /// Price of the option.
    pub option_price: Option<f64>,
    /// Present value of the dividends expected of the underlying.
    pub pv_dividend: Option<f64>,
    /// Price of the underlying.
    pub underlying_price: Option<f64>,
}
