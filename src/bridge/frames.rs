//! Columns as data frames of pandas and polars, which are imported only when asked for.

use pyo3::exceptions::{PyImportError, PyModuleNotFoundError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// A column of texts: the column called `numbers` holds places in `texts`.
pub(crate) struct Texts<'a, T> {
    pub(crate) name: &'a str,
    pub(crate) numbers: &'a str,
    pub(crate) texts: &'a [T],
}

/// A frame of columns of numbers and of texts, by `time`.
pub(crate) fn to_pandas<'py, T: AsRef<str>>(
    batch: &Bound<'py, PyAny>,
    numbers: &[&str],
    texts: &[Texts<'_, T>],
) -> PyResult<Bound<'py, PyAny>> {
    let py = batch.py();
    let pandas = optional(py, "pandas", "to_pandas")?;
    let numpy = py.import("numpy")?;
    let column = |name: &str| numpy.call_method1("asarray", (batch.getattr(name)?,));
    let columns = PyDict::new(py);
    for name in numbers {
        columns.set_item(name, column(name)?)?;
    }
    for Texts { name, numbers, texts } in texts {
        let texts = PyList::new(py, texts.iter().map(AsRef::as_ref))?;
        let texts = numpy.call_method1("array", (texts, "object"))?;
        columns.set_item(name, texts.call_method1("take", (column(numbers)?,))?)?;
    }
    let times = column("time")?.call_method1("astype", ("datetime64[ns]",))?;
    let index = PyDict::new(py);
    index.set_item("tz", "UTC")?;
    index.set_item("name", "time")?;
    let index = pandas.getattr("DatetimeIndex")?.call((times,), Some(&index))?;
    pandas.getattr("DataFrame")?.call1((columns, index))
}

/// A frame of everything the columns export as Arrow.
pub(crate) fn to_polars<'py>(batch: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let polars = optional(batch.py(), "polars", "to_polars")?;
    polars.getattr("DataFrame")?.call1((batch,))
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
