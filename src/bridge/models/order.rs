//! Orders and limits as Python makes them. Whether an order makes sense is the core's to say.

use aioibkr_core::model::{self, Action, OrderType, TimeInForce};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use rust_decimal::Decimal;

use super::contract::rebuild;
use super::hash_of;
use super::text::Repr;
use crate::convert;
use crate::text::{Text, Word};

/// An order as a caller wishes it. Whether it makes sense is judged when it is placed.
///
/// Raises ``ConfigError`` for an action other than BUY, SELL, SSHORT and SLONG, and for a quantity
/// that is not a finite decimal of at most 28 digits.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Order(pub(crate) model::Order);

#[pymethods]
impl Order {
    #[new]
    #[pyo3(
        signature = (*, action, quantity, order_type="MKT".into(), limit_price=None, stop_price=None,
            time_in_force="DAY".into(), outside_rth=false, account=None, order_ref="".into()),
        text_signature = "(*, action, quantity, order_type='MKT', limit_price=None, stop_price=None, \
            time_in_force='DAY', outside_rth=False, account=None, order_ref='')"
    )]
    #[expect(clippy::too_many_arguments, reason = "one keyword per field")]
    fn new(
        py: Python<'_>,
        action: Word,
        quantity: &Bound<'_, PyAny>,
        order_type: Text,
        limit_price: Option<f64>,
        stop_price: Option<f64>,
        time_in_force: Text,
        outside_rth: bool,
        account: Option<Text>,
        order_ref: Text,
    ) -> PyResult<Self> {
        Ok(Self(model::Order {
            action: Action::from_name(&action).ok_or_else(|| {
                let words = "give 'BUY', 'SELL', 'SSHORT' or 'SLONG'";
                convert::invalid(py, format!("action {:?}: {words}", &*action))
            })?,
            quantity: convert::quantity("quantity", quantity)?,
            order_type: OrderType::from_wire(&order_type.ascii(py, "order_type")?),
            limit_price,
            stop_price,
            time_in_force: TimeInForce::from_wire(&time_in_force.ascii(py, "time_in_force")?),
            outside_rth,
            account: convert::account(account),
            order_ref: order_ref.into(),
        }))
    }

    /// Buy or sell.
    #[getter]
    fn action(&self) -> &'static str {
        self.0.action.as_str()
    }

    /// Units.
    #[getter]
    fn quantity(&self) -> Decimal {
        self.0.quantity
    }

    /// IB's name of the type: MKT LMT STP STP LMT and so on.
    #[getter]
    fn order_type(&self) -> &str {
        self.0.order_type.as_str()
    }

    /// Limit price per unit.
    #[getter]
    fn limit_price(&self) -> Option<f64> {
        self.0.limit_price
    }

    /// Stop price per unit.
    #[getter]
    fn stop_price(&self) -> Option<f64> {
        self.0.stop_price
    }

    /// How long it works: DAY GTC IOC and so on.
    #[getter]
    fn time_in_force(&self) -> &str {
        self.0.time_in_force.as_str()
    }

    /// Also work outside regular trading hours.
    #[getter]
    fn outside_rth(&self) -> bool {
        self.0.outside_rth
    }

    /// The account, where it is not the client's own.
    #[getter]
    fn account(&self) -> Option<&str> {
        self.0.account.as_ref().map(|account| account.0.as_str())
    }

    /// Your own tag.
    #[getter]
    fn order_ref(&self) -> &str {
        &self.0.order_ref
    }

    /// Make the same order with other fields changed.
    #[pyo3(signature = (**changes))]
    fn replace<'py>(
        &self,
        py: Python<'py>,
        changes: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let fields = self.fields(py)?;
        if let Some(changes) = changes {
            fields.update(changes.as_mapping())?;
        }
        py.get_type::<Self>().call((), Some(&fields))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        rebuild(py, py.get_type::<Self>().into_any(), &self.fields(py)?)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        let order = &self.0;
        hash_of((order.action, order.quantity, &order.order_type, &order.order_ref))
    }

    pub(crate) fn __repr__(&self) -> String {
        let order = &self.0;
        Repr::of("Order")
            .field("action", self.action())
            .field("quantity", &order.quantity)
            .field("order_type", self.order_type())
            .some("limit_price", order.limit_price.as_ref())
            .some("stop_price", order.stop_price.as_ref())
            .field("time_in_force", self.time_in_force())
            .some("outside_rth", order.outside_rth.then_some(&true))
            .some("account", self.account())
            .given("order_ref", &order.order_ref)
            .end()
    }
}

impl Order {
    /// Every field by the name the constructor takes.
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let fields = PyDict::new(py);
        fields.set_item("action", self.action())?;
        fields.set_item("quantity", self.quantity())?;
        fields.set_item("order_type", self.order_type())?;
        fields.set_item("limit_price", self.limit_price())?;
        fields.set_item("stop_price", self.stop_price())?;
        fields.set_item("time_in_force", self.time_in_force())?;
        fields.set_item("outside_rth", self.outside_rth())?;
        fields.set_item("account", self.account())?;
        fields.set_item("order_ref", self.order_ref())?;
        Ok(fields)
    }
}

/// Limits that every order of a client must keep; None switches a single one off.
///
/// What a rule needs and does not know refuses the order. Raises ``ConfigError`` for a limit that
/// is negative or not finite.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct RiskLimits(pub(crate) model::RiskLimits);

#[pymethods]
impl RiskLimits {
    #[new]
    #[pyo3(
        signature = (*, max_order_size=Some(Decimal::ONE_THOUSAND), max_order_value=Some(50_000.0),
            max_position_pct=Some(0.10), daily_loss_limit=Some(1000.0), max_open_orders=Some(10),
            max_daily_orders=Some(100), allow_short=false),
        text_signature = "(*, max_order_size=1000, max_order_value=50000.0, max_position_pct=0.1, \
            daily_loss_limit=1000.0, max_open_orders=10, max_daily_orders=100, allow_short=False)"
    )]
    #[expect(clippy::too_many_arguments, reason = "one keyword per limit")]
    fn new(
        py: Python<'_>,
        #[pyo3(from_py_with = read_size)] max_order_size: Option<Decimal>,
        max_order_value: Option<f64>,
        max_position_pct: Option<f64>,
        daily_loss_limit: Option<f64>,
        max_open_orders: Option<i64>,
        max_daily_orders: Option<i64>,
        allow_short: bool,
    ) -> PyResult<Self> {
        Ok(Self(model::RiskLimits {
            max_order_size,
            max_order_value: limit(py, "max_order_value", max_order_value)?,
            max_position_pct: share(py, "max_position_pct", max_position_pct)?,
            daily_loss_limit: limit(py, "daily_loss_limit", daily_loss_limit)?,
            max_open_orders: count(py, "max_open_orders", max_open_orders)?,
            max_daily_orders: count(py, "max_daily_orders", max_daily_orders)?,
            allow_short,
        }))
    }

    /// Most units per order, by default 1000.
    #[getter]
    fn max_order_size(&self) -> Option<Decimal> {
        self.0.max_order_size
    }

    /// Most money per order, base currency.
    #[getter]
    fn max_order_value(&self) -> Option<f64> {
        self.0.max_order_value
    }

    /// Largest share of net liquidation in one position, 0 to 1.
    #[getter]
    fn max_position_pct(&self) -> Option<f64> {
        self.0.max_position_pct
    }

    /// Loss of the day after which nothing is opened, base currency.
    #[getter]
    fn daily_loss_limit(&self) -> Option<f64> {
        self.0.daily_loss_limit
    }

    /// Most orders working at once.
    #[getter]
    fn max_open_orders(&self) -> Option<usize> {
        self.0.max_open_orders
    }

    /// Most orders placed per UTC day.
    #[getter]
    fn max_daily_orders(&self) -> Option<usize> {
        self.0.max_daily_orders
    }

    /// Allow sells beyond the held quantity.
    #[getter]
    fn allow_short(&self) -> bool {
        self.0.allow_short
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        let limits = &self.0;
        hash_of((limits.max_order_size, limits.max_open_orders, limits.max_daily_orders))
    }

    fn __repr__(&self) -> String {
        let limits = &self.0;
        Repr::of("RiskLimits")
            .field("max_order_size", &limits.max_order_size)
            .field("max_order_value", &limits.max_order_value)
            .field("max_position_pct", &limits.max_position_pct)
            .field("daily_loss_limit", &limits.daily_loss_limit)
            .field("max_open_orders", &limits.max_open_orders)
            .field("max_daily_orders", &limits.max_daily_orders)
            .field("allow_short", &limits.allow_short)
            .end()
    }
}

fn read_size(value: &Bound<'_, PyAny>) -> PyResult<Option<Decimal>> {
    if value.is_none() {
        return Ok(None);
    }
    let size = convert::quantity("max_order_size", value)?;
    if size.is_sign_negative() {
        let text = format!("max_order_size {size}: give 0 or more, or None for no limit");
        return Err(convert::invalid(value.py(), text));
    }
    Ok(Some(size))
}

/// A limit that is NaN would let everything through, so it is refused here.
fn limit(py: Python<'_>, name: &str, value: Option<f64>) -> PyResult<Option<f64>> {
    match value {
        Some(value) if !(value.is_finite() && value >= 0.0) => Err(convert::invalid(
            py,
            format!("{name} {value}: give a finite number of 0 or more, or None for no limit"),
        )),
        value => Ok(value),
    }
}

fn share(py: Python<'_>, name: &str, value: Option<f64>) -> PyResult<Option<f64>> {
    match value {
        Some(value) if !(0.0..=1.0).contains(&value) => {
            Err(convert::invalid(py, format!("{name} {value}: give a share from 0 to 1, or None")))
        }
        value => Ok(value),
    }
}

fn count(py: Python<'_>, name: &str, value: Option<i64>) -> PyResult<Option<usize>> {
    value.map(|value| convert::integer(py, name, value)).transpose()
}
