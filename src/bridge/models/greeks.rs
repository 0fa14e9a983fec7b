//! What option prices imply, as Python sees it.

use std::sync::Arc;

use aioibkr_core::model;
use pyo3::prelude::*;

use super::hash_of;
use super::text::Repr;

/// What a price of an option implies, as IB computed it. What it did not compute is None.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Greeks(Arc<model::Greeks>);

#[pymethods]
impl Greeks {
    /// Implied volatility as a fraction per year.
    #[getter]
    fn implied_volatility(&self) -> Option<f64> {
        self.0.implied_volatility
    }

    /// Change of the option's price per unit of the underlying.
    #[getter]
    fn delta(&self) -> Option<f64> {
        self.0.delta
    }

    /// Change of delta per unit of the underlying.
    #[getter]
    fn gamma(&self) -> Option<f64> {
        self.0.gamma
    }

    /// Change of the option's price per point of volatility.
    #[getter]
    fn vega(&self) -> Option<f64> {
        self.0.vega
    }

    /// Change of the option's price per day.
    #[getter]
    fn theta(&self) -> Option<f64> {
        self.0.theta
    }

    /// Price of the option.
    #[getter]
    fn option_price(&self) -> Option<f64> {
        self.0.option_price
    }

    /// Present value of the dividends expected of the underlying.
    #[getter]
    fn pv_dividend(&self) -> Option<f64> {
        self.0.pv_dividend
    }

    /// Price of the underlying.
    #[getter]
    fn underlying_price(&self) -> Option<f64> {
        self.0.underlying_price
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        // Adding 0.0 makes -0.0 the 0.0 that it equals.
        let bits = |value: Option<f64>| value.map(|value| (value + 0.0).to_bits());
        hash_of((bits(self.0.implied_volatility), bits(self.0.delta), bits(self.0.option_price)))
    }

    fn __repr__(&self) -> String {
        let greeks = &self.0;
        Repr::of("Greeks")
            .field("implied_volatility", &greeks.implied_volatility)
            .field("delta", &greeks.delta)
            .field("gamma", &greeks.gamma)
            .field("vega", &greeks.vega)
            .field("theta", &greeks.theta)
            .field("option_price", &greeks.option_price)
            .field("pv_dividend", &greeks.pv_dividend)
            .field("underlying_price", &greeks.underlying_price)
            .end()
    }
}

impl Greeks {
    pub(super) fn of(greeks: Option<&Arc<model::Greeks>>) -> Option<Self> {
        greeks.cloned().map(Self)
    }
}
