//! Python arguments as values of the core, and back: quantities, seconds, moments, names.
//!
//! Everything a caller passes is checked here, before anything is begun; an argument that cannot
//! be meant raises `ConfigError` naming it, its value and what is allowed.

use std::ops::Deref;
use std::time::Duration;

use aioibkr_core::Error;
use aioibkr_core::model::{AccountId, MarketDataType, OrderKey};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDateTime, PyFloat, PyInt, PyString, PyTzInfo};
use rust_decimal::Decimal;
use time::{OffsetDateTime, UtcDateTime};

use crate::errors;
use crate::text::{Text, Word};

/// Longest wait a caller may ask for: a year.
const LONGEST_SECONDS: f64 = 31_536_000.0;

/// The exception for an argument that cannot be meant.
pub(crate) fn invalid(py: Python<'_>, message: impl Into<String>) -> PyErr {
    errors::to_py(py, &Error::config(message))
}

/// Seconds as a duration; `None` stays the core's default.
pub(crate) fn seconds(
    py: Python<'_>,
    name: &str,
    seconds: Option<f64>,
) -> PyResult<Option<Duration>> {
    let Some(seconds) = seconds else { return Ok(None) };
    // NaN fails both comparisons.
    if !(seconds > 0.0 && seconds <= LONGEST_SECONDS) {
        let text = format!("{name} {seconds}: give seconds above 0 and at most {LONGEST_SECONDS}");
        return Err(invalid(py, text));
    }
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(Some(duration)),
        _ => Err(invalid(py, format!("{name} {seconds}: give at least a nanosecond"))),
    }
}

/// A quantity from int, float, `Decimal` or str, exactly: a float counts as its shortest decimal
/// form, and what a decimal of 28 digits cannot hold is refused rather than rounded.
pub(crate) fn quantity(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Decimal> {
    let py = value.py();
    let text = decimal_text(name, value)?;
    Decimal::from_str_exact(&text).map_err(|_| {
        let range = "give a finite number of at most 28 digits";
        invalid(py, format!("{name} {text}: {range}"))
    })
}

/// The number in positional notation.
fn decimal_text(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(float) = value.cast::<PyFloat>() {
        return Ok(float.extract::<f64>()?.to_string());
    }
    if value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>() {
        return value.str()?.extract();
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Word::extract(text.as_any().as_borrowed())?.trim().to_owned());
    }
    let class = value.get_type().name()?;
    if class == "Decimal" {
        let is_finite: bool = value.call_method0("is_finite")?.extract()?;
        return if is_finite {
            value.call_method1("__format__", ("f",))?.extract()
        } else {
            value.str()?.extract()
        };
    }
    let text = format!("{name}: give an int, float, Decimal or str, not {class}");
    Err(PyTypeError::new_err(text))
}

/// A moment from an aware datetime.
pub(crate) fn moment(name: &str, value: &Bound<'_, PyDateTime>) -> PyResult<OffsetDateTime> {
    let py = value.py();
    if value.call_method0("utcoffset")?.is_none() {
        let text = format!("{name} {value}: give a datetime with a time zone");
        return Err(invalid(py, text));
    }
    let utc = value.call_method1("astimezone", (PyTzInfo::utc(py)?,))?;
    Ok(utc.extract::<UtcDateTime>()?.into())
}

/// A moment as an aware datetime in UTC.
pub(crate) fn utc(moment: OffsetDateTime) -> UtcDateTime {
    UtcDateTime::from(moment)
}

/// Nanoseconds since 1970 as an aware datetime in UTC.
pub(crate) fn utc_of_nanoseconds(nanoseconds: i64) -> PyResult<UtcDateTime> {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(nanoseconds));
    moment.map(utc).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// A text, where one is given: a blank one is not.
pub(crate) fn given<T: Deref<Target = str>>(text: Option<T>) -> Option<T> {
    text.filter(|text| !text.trim().is_empty())
}

/// An account code, where one is given.
pub(crate) fn account(name: Option<Text>) -> Option<AccountId> {
    given(name).map(|name| AccountId(name.trim().to_owned()))
}

/// A caller's order key, where one is given.
pub(crate) fn order_key(py: Python<'_>, key: Option<Text>) -> PyResult<Option<OrderKey>> {
    key.map(OrderKey::new).transpose().map_err(|error| errors::to_py(py, &error))
}

/// Seconds that have to be there.
pub(crate) fn some_seconds(py: Python<'_>, name: &str, value: f64) -> PyResult<Duration> {
    let text = || invalid(py, format!("{name} {value}: give seconds above 0"));
    seconds(py, name, Some(value))?.ok_or_else(text)
}

/// An integer setting that must lie within what its type holds.
pub(crate) fn integer<T: TryFrom<i64>>(py: Python<'_>, name: &str, value: i64) -> PyResult<T> {
    T::try_from(value).map_err(|_| invalid(py, format!("{name} {value} is out of range")))
}

const MARKET_DATA_TYPES: [(MarketDataType, &str); 4] = [
    (MarketDataType::Live, "live"),
    (MarketDataType::Frozen, "frozen"),
    (MarketDataType::Delayed, "delayed"),
    (MarketDataType::DelayedFrozen, "delayed-frozen"),
];

/// What a user calls a kind of market data.
pub(crate) fn market_data_name(kind: MarketDataType) -> &'static str {
    MARKET_DATA_TYPES.iter().find(|(known, _)| *known == kind).map_or("live", |(_, name)| name)
}

/// Reads what a user calls a kind of market data, where it is given.
pub(crate) fn market_data_type(
    py: Python<'_>,
    name: Option<Word>,
) -> PyResult<Option<MarketDataType>> {
    let Some(name) = given(name) else { return Ok(None) };
    let known = MARKET_DATA_TYPES.iter().find(|(_, known)| *known == &*name);
    known.map(|(kind, _)| Some(*kind)).ok_or_else(|| {
        let names = MARKET_DATA_TYPES.map(|(_, name)| name).join(", ");
        invalid(py, format!("market_data_type {:?}: give one of {names}", &*name))
    })
}
