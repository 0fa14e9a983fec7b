//! Bars as data frames of pandas and polars, which are imported only when asked for.

use pyo3::exceptions::{PyImportError, PyModuleNotFoundError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::models::Bars;

const PRICES: [&str; 4] = ["open", "high", "low", "close"];
const AMOUNTS: [&str; 3] = ["volume", "average", "count"];

pub(crate) fn to_pandas<'py>(bars: &Bound<'py, Bars>) -> PyResult<Bound<'py, PyAny>> {
    let py = bars.py();
    let pandas = optional(py, "pandas", "to_pandas")?;
    let numpy = py.import("numpy")?;
    let column = |name: &str| numpy.call_method1("array", (bars.getattr(name)?,));
    let columns = PyDict::new(py);
    for name in PRICES.into_iter().chain(AMOUNTS) {
        columns.set_item(name, column(name)?)?;
    }
    if bars.get().0.is_counted() {
        columns.set_item("count", column("count")?.call_method1("astype", ("int64",))?)?;
    }
    let index = PyDict::new(py);
    index.set_item("tz", "UTC")?;
    index.set_item("name", "time")?;
    let times = column("time")?.call_method1("view", ("datetime64[ns]",))?;
    let index = pandas.getattr("DatetimeIndex")?.call((times,), Some(&index))?;
    pandas.getattr("DataFrame")?.call1((columns, index))
}

pub(crate) fn to_polars<'py>(bars: &Bound<'py, Bars>) -> PyResult<Bound<'py, PyAny>> {
    let py = bars.py();
    let polars = optional(py, "polars", "to_polars")?;
    let series = |name: &str, kind: &str| {
        // Lists, because polars need not have numpy.
        let cells = bars.getattr(name)?.call_method0("tolist")?;
        polars.getattr("Series")?.call1((name, cells, polars.getattr(kind)?))
    };
    let utc = polars.getattr("Datetime")?.call1(("ns", "UTC"))?;
    let mut columns = vec![series("time", "Int64")?.call_method1("cast", (utc,))?];
    for name in PRICES {
        columns.push(series(name, "Float64")?);
    }
    for name in AMOUNTS {
        let gaps = (py.None(),);
        columns.push(series(name, "Float64")?.call_method1("fill_nan", gaps)?);
    }
    if let Some(count) = columns.pop() {
        columns.push(count.call_method1("cast", (polars.getattr("Int64")?,))?);
    }
    polars.getattr("DataFrame")?.call1((columns,))
}

/// A package that the bare install does not bring.
fn optional<'py>(py: Python<'py>, name: &str, method: &str) -> PyResult<Bound<'py, PyModule>> {
    py.import(name).map_err(|error| {
        if !error.is_instance_of::<PyModuleNotFoundError>(py) {
            return error;
        }
        let text = format!("{method}() needs {name}: pip install {name}");
        let missing = PyImportError::new_err(text);
        missing.set_cause(py, Some(error));
        missing
    })
}
