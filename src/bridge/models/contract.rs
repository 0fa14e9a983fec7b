//! Contracts as Python sees them.

use aioibkr_core::model::{self, ContractId, Right, SecurityType};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::hash_of;
use super::text::Repr;
use crate::convert;
use crate::text::{Text, Word};

/// A contract, fully named or only as far as a lookup needs; empty text means not given.
///
/// Raises ``ConfigError`` for a strike that is no price, a right that is neither call nor put, or a
/// ``contract_id`` that is not positive.
#[pyclass(frozen, module = "aioibkr._native")]
#[derive(Clone)]
pub(crate) struct Contract(pub(crate) model::Contract);

#[pymethods]
impl Contract {
    #[new]
    #[pyo3(
        signature = (*, symbol="".into(), security_type="".into(), exchange="".into(),
            currency="".into(), expiry="".into(), strike=None, right=None, multiplier="".into(),
            primary_exchange="".into(), local_symbol="".into(), trading_class="".into(),
            contract_id=None, include_expired=false, security_id_type="".into(),
            security_id="".into()),
        text_signature = "(*, symbol='', security_type='', exchange='', currency='', expiry='', \
            strike=None, right=None, multiplier='', primary_exchange='', local_symbol='', \
            trading_class='', contract_id=None, include_expired=False, \
            security_id_type='', security_id='')"
    )]
    #[expect(clippy::too_many_arguments, reason = "one keyword per field")]
    fn new(
        py: Python<'_>,
        symbol: Text,
        security_type: Text,
        exchange: Text,
        currency: Text,
        expiry: Text,
        strike: Option<f64>,
        right: Option<Word>,
        multiplier: Text,
        primary_exchange: Text,
        local_symbol: Text,
        trading_class: Text,
        contract_id: Option<i32>,
        include_expired: bool,
        security_id_type: Text,
        security_id: Text,
    ) -> PyResult<Self> {
        Ok(Self(model::Contract {
            contract_id: identity(py, contract_id)?,
            symbol: symbol.into(),
            security_type: SecurityType::from_wire(&security_type),
            expiry: expiry.into(),
            strike: strike_price(py, strike)?,
            right: right.map(|right| read_right(py, &right)).transpose()?,
            multiplier: multiplier.into(),
            exchange: exchange.into(),
            primary_exchange: primary_exchange.into(),
            currency: currency.into(),
            local_symbol: local_symbol.into(),
            trading_class: trading_class.into(),
            include_expired,
            security_id_type: security_id_type.into(),
            security_id: security_id.into(),
        }))
    }

    /// IB's identity (conId); None until qualified.
    #[getter]
    fn contract_id(&self) -> Option<i32> {
        self.0.contract_id.map(|id| id.0)
    }

    /// Symbol of the instrument or its underlying.
    #[getter]
    fn symbol(&self) -> &str {
        &self.0.symbol
    }

    /// IB's name of the kind: STK OPT FUT FOP CASH IND CFD CRYPTO BOND FUND WAR BAG.
    #[getter]
    fn security_type(&self) -> &str {
        self.0.security_type.as_str()
    }

    /// YYYYMMDD or YYYYMM of expiring instruments.
    #[getter]
    fn expiry(&self) -> &str {
        &self.0.expiry
    }

    /// Strike price of options.
    #[getter]
    fn strike(&self) -> Option<f64> {
        self.0.strike
    }

    /// Call or put.
    #[getter]
    fn right(&self) -> Option<&'static str> {
        self.0.right.map(Right::as_str)
    }

    /// Units per contract, as IB writes it.
    #[getter]
    fn multiplier(&self) -> &str {
        &self.0.multiplier
    }

    /// Routing exchange, such as SMART.
    #[getter]
    fn exchange(&self) -> &str {
        &self.0.exchange
    }

    /// Listing exchange.
    #[getter]
    fn primary_exchange(&self) -> &str {
        &self.0.primary_exchange
    }

    /// Trading currency.
    #[getter]
    fn currency(&self) -> &str {
        &self.0.currency
    }

    /// The exchange's own symbol.
    #[getter]
    fn local_symbol(&self) -> &str {
        &self.0.local_symbol
    }

    /// Trading class.
    #[getter]
    fn trading_class(&self) -> &str {
        &self.0.trading_class
    }

    /// Also find contracts that have expired.
    #[getter]
    fn include_expired(&self) -> bool {
        self.0.include_expired
    }

    /// Kind of the alternative identifier: ISIN, CUSIP, FIGI.
    #[getter]
    fn security_id_type(&self) -> &str {
        &self.0.security_id_type
    }

    /// The alternative identifier.
    #[getter]
    fn security_id(&self) -> &str {
        &self.0.security_id
    }

    /// Make the same contract with other fields changed.
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

    pub(crate) fn __hash__(&self) -> u64 {
        let contract = &self.0;
        hash_of((
            contract.contract_id,
            &contract.symbol,
            &contract.security_type,
            &contract.expiry,
            contract.right,
            &contract.exchange,
            &contract.currency,
            &contract.local_symbol,
        ))
    }

    pub(crate) fn __repr__(&self) -> String {
        let contract = &self.0;
        Repr::of("Contract")
            .given("symbol", &contract.symbol)
            .given("security_type", contract.security_type.as_str())
            .given("exchange", &contract.exchange)
            .given("currency", &contract.currency)
            .given("expiry", &contract.expiry)
            .some("strike", contract.strike.as_ref())
            .some("right", contract.right.map(Right::as_str))
            .given("multiplier", &contract.multiplier)
            .given("primary_exchange", &contract.primary_exchange)
            .given("local_symbol", &contract.local_symbol)
            .given("trading_class", &contract.trading_class)
            .some("contract_id", contract.contract_id.map(|id| id.0).as_ref())
            .some("include_expired", contract.include_expired.then_some(&true))
            .given("security_id_type", &contract.security_id_type)
            .given("security_id", &contract.security_id)
            .end()
    }
}

impl Contract {
    /// Every field by the name the constructor takes.
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let fields = PyDict::new(py);
        fields.set_item("symbol", self.symbol())?;
        fields.set_item("security_type", self.security_type())?;
        fields.set_item("exchange", self.exchange())?;
        fields.set_item("currency", self.currency())?;
        fields.set_item("expiry", self.expiry())?;
        fields.set_item("strike", self.strike())?;
        fields.set_item("right", self.right())?;
        fields.set_item("multiplier", self.multiplier())?;
        fields.set_item("primary_exchange", self.primary_exchange())?;
        fields.set_item("local_symbol", self.local_symbol())?;
        fields.set_item("trading_class", self.trading_class())?;
        fields.set_item("contract_id", self.contract_id())?;
        fields.set_item("include_expired", self.include_expired())?;
        fields.set_item("security_id_type", self.security_id_type())?;
        fields.set_item("security_id", self.security_id())?;
        Ok(fields)
    }
}

/// What `pickle` and `copy` need: a call that makes an equal value of keywords.
pub(super) fn rebuild<'py>(
    py: Python<'py>,
    class: Bound<'py, PyAny>,
    fields: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyTuple>> {
    let partial = py.import("functools")?.getattr("partial")?.call((class,), Some(fields))?;
    PyTuple::new(py, [partial, PyTuple::empty(py).into_any()])
}

fn identity(py: Python<'_>, id: Option<i32>) -> PyResult<Option<ContractId>> {
    match id {
        Some(id) if id <= 0 => {
            Err(convert::invalid(py, format!("contract_id {id}: give a positive number or None")))
        }
        id => Ok(id.map(ContractId)),
    }
}

fn strike_price(py: Python<'_>, strike: Option<f64>) -> PyResult<Option<f64>> {
    match strike {
        Some(strike) if !(strike.is_finite() && strike >= 0.0) => Err(convert::invalid(
            py,
            format!("strike {strike}: give a finite price of 0 or more, or None"),
        )),
        strike => Ok(strike),
    }
}

fn read_right(py: Python<'_>, name: &str) -> PyResult<Right> {
    Right::from_wire(&name.to_ascii_uppercase()).ok_or_else(|| {
        convert::invalid(py, format!("right {name:?}: give 'C', 'CALL', 'P' or 'PUT'"))
    })
}

/// What IB knows about one contract.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct ContractDetails(pub(crate) model::ContractDetails);

#[pymethods]
impl ContractDetails {
    /// The contract, with its identity.
    #[getter]
    fn contract(&self) -> Contract {
        Contract(self.0.contract.clone())
    }

    /// IB's market name.
    #[getter]
    fn market_name(&self) -> &str {
        &self.0.market_name
    }

    /// Smallest price step; None where IB gives none.
    #[getter]
    fn min_tick(&self) -> Option<f64> {
        self.0.min_tick
    }

    /// What prices are divided by to get the currency's unit, 100 for prices in pence.
    #[getter]
    fn price_magnifier(&self) -> i32 {
        self.0.price_magnifier
    }

    /// Full name.
    #[getter]
    fn long_name(&self) -> &str {
        &self.0.long_name
    }

    /// Order types the contract accepts.
    #[getter]
    fn order_types(&self) -> Vec<&str> {
        words(&self.0.order_types)
    }

    /// Exchanges it trades on.
    #[getter]
    fn valid_exchanges(&self) -> Vec<&str> {
        words(&self.0.valid_exchanges)
    }

    /// Market rules, one per valid exchange.
    #[getter]
    fn market_rule_ids(&self) -> Vec<i32> {
        words(&self.0.market_rule_ids).iter().filter_map(|word| word.parse().ok()).collect()
    }

    /// Industry classification.
    #[getter]
    fn industry(&self) -> &str {
        &self.0.industry
    }

    /// Category below the industry.
    #[getter]
    fn category(&self) -> &str {
        &self.0.category
    }

    /// Subcategory below the category.
    #[getter]
    fn subcategory(&self) -> &str {
        &self.0.subcategory
    }

    /// Time zone of the trading hours, IANA or IB's name.
    #[getter]
    fn time_zone(&self) -> &str {
        &self.0.time_zone
    }

    /// Month the contract is named after, YYYYMM.
    #[getter]
    fn contract_month(&self) -> &str {
        &self.0.contract_month
    }

    /// Day it really expires, YYYYMMDD.
    #[getter]
    fn real_expiration_date(&self) -> &str {
        &self.0.real_expiration_date
    }

    /// Time of day of the last trade in `time_zone`, as IB writes it.
    #[getter]
    fn last_trade_time(&self) -> &str {
        &self.0.last_trade_time
    }

    /// How it is settled, as IB names it.
    #[getter]
    fn settlement_method(&self) -> &str {
        &self.0.settlement_method
    }

    /// Symbol of the underlying.
    #[getter]
    fn under_symbol(&self) -> &str {
        &self.0.under_symbol
    }

    /// Security type of the underlying.
    #[getter]
    fn under_security_type(&self) -> &str {
        &self.0.under_security_type
    }

    /// Identity of the underlying.
    #[getter]
    fn under_contract_id(&self) -> Option<i32> {
        self.0.under_contract_id.map(|id| id.0)
    }

    /// Trading hours as IB writes them.
    #[getter]
    fn trading_hours(&self) -> &str {
        &self.0.trading_hours
    }

    /// Liquid hours as IB writes them.
    #[getter]
    fn liquid_hours(&self) -> &str {
        &self.0.liquid_hours
    }

    /// Kind of stock: COMMON, ETF and so on.
    #[getter]
    fn stock_type(&self) -> &str {
        &self.0.stock_type
    }

    /// Smallest order size.
    #[getter]
    fn min_size(&self) -> Option<f64> {
        self.0.min_size
    }

    /// Step of order sizes.
    #[getter]
    fn size_increment(&self) -> Option<f64> {
        self.0.size_increment
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        self.contract().__hash__()
    }

    fn __repr__(&self) -> String {
        Repr::of("ContractDetails")
            .field("contract", &super::text::Verbatim(self.contract().__repr__()))
            .given("long_name", &self.0.long_name)
            .given("market_name", &self.0.market_name)
            .some("min_tick", self.0.min_tick.as_ref())
            .end()
    }
}

/// The parts of IB's comma-separated lists.
fn words(list: &str) -> Vec<&str> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty()).collect()
}
