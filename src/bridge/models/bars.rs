//! Historical bars by column. A bar becomes a Python object when somebody looks at it, so a reply
//! of any length costs the event loop next to nothing.

use std::sync::Arc;

use aioibkr_core::model;
use arrow_schema::TimeUnit;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyCapsule, PyMemoryView, PySlice};
use time::OffsetDateTime;

use super::market::Bar;
use super::text::{Repr, Verbatim};
use crate::arrow::{Capsules, Columns, Exported, Table};
use crate::buffer;
use crate::frames;

/// The columns of bars, made off the event loop. What IB does not give is NaN, as is the custom
/// of columns; a [`Bar`] says `None`.
pub(crate) struct BarColumns {
    time: Vec<i64>,
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    volume: Vec<f64>,
    average: Vec<f64>,
    count: Vec<f64>,
}

/// Columns besides the time.
const COLUMNS: [&str; 7] = ["open", "high", "low", "close", "volume", "average", "count"];

impl BarColumns {
    pub(crate) fn of(bars: &[model::Bar]) -> Self {
        let known = |value: Option<f64>| value.unwrap_or(f64::NAN);
        Self {
            time: bars.iter().map(|bar| nanoseconds(bar.time)).collect(),
            open: bars.iter().map(|bar| bar.open).collect(),
            high: bars.iter().map(|bar| bar.high).collect(),
            low: bars.iter().map(|bar| bar.low).collect(),
            close: bars.iter().map(|bar| bar.close).collect(),
            volume: bars.iter().map(|bar| known(bar.volume)).collect(),
            average: bars.iter().map(|bar| known(bar.average)).collect(),
            count: bars.iter().map(|bar| known(bar.count.map(f64::from))).collect(),
        }
    }

    fn pick(&self, rows: &[usize]) -> Self {
        let floats = |column: &[f64]| rows.iter().map(|&row| column[row]).collect();
        Self {
            time: rows.iter().map(|&row| self.time[row]).collect(),
            open: floats(&self.open),
            high: floats(&self.high),
            low: floats(&self.low),
            close: floats(&self.close),
            volume: floats(&self.volume),
            average: floats(&self.average),
            count: floats(&self.count),
        }
    }

    /// One row; `None` past the end.
    fn bar(&self, row: usize) -> Option<Bar> {
        let known = |value: f64| if value.is_nan() { None } else { Some(value) };
        let time = i128::from(*self.time.get(row)?);
        Some(Bar(model::Bar {
            // Every i64 of nanoseconds is a moment the type can hold.
            time: OffsetDateTime::from_unix_timestamp_nanos(time).ok()?,
            open: self.open[row],
            high: self.high[row],
            low: self.low[row],
            close: self.close[row],
            volume: known(self.volume[row]),
            average: known(self.average[row]),
            // Counts come from an i32.
            count: known(self.count[row]).map(|count| count as i32),
            is_backfill: false,
        }))
    }

    /// Whether every bar has a number of trades.
    fn is_counted(&self) -> bool {
        !self.count.iter().any(|count| count.is_nan())
    }
}

/// Nanoseconds since 1970; a moment beyond the years 1677 to 2262 is cut to the nearest in reach.
fn nanoseconds(moment: OffsetDateTime) -> i64 {
    let limit = |edge: i64| i128::from(edge);
    let nanoseconds = moment.unix_timestamp_nanos().clamp(limit(i64::MIN), limit(i64::MAX));
    nanoseconds as i64
}

/// Historical bars, oldest first: a sequence of `Bar`, and columns as read-only memory.
///
/// A column is a ``memoryview`` without a copy: ``numpy.asarray(bars.close)``. In columns, what IB
/// does not give is NaN, in Arrow (``polars.DataFrame(bars)``) null. Slices are `Bars` again.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Bars(Arc<BarColumns>, Exported);

#[derive(FromPyObject)]
enum Place<'py> {
    Row(isize),
    Rows(Bound<'py, PySlice>),
}

#[pymethods]
impl Bars {
    fn __len__(&self) -> usize {
        self.0.time.len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, index: Place<'py>) -> PyResult<Py<PyAny>> {
        match index {
            Place::Row(row) => super::object(py, self.bar(row)?),
            Place::Rows(rows) => super::object(py, Self::new(self.0.pick(&self.rows(&rows)?))),
        }
    }

    fn __iter__(slf: Py<Self>) -> _BarIterator {
        _BarIterator { bars: slf, next: std::sync::atomic::AtomicUsize::new(0) }
    }

    /// Starts of the bars, nanoseconds since 1970 UTC.
    #[getter]
    fn time<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyMemoryView>> {
        buffer::view(py, &self.0, |bars| &bars.time)
    }

    /// First prices.
    #[getter]
    fn open<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyMemoryView>> {
        buffer::view(py, &self.0, |bars| &bars.open)
    }

    /// Highest prices.
    #[getter]
    fn high<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyMemoryView>> {
        buffer::view(py, &self.0, |bars| &bars.high)
    }

    /// Lowest prices.
    #[getter]
    fn low<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyMemoryView>> {
        buffer::view(py, &self.0, |bars| &bars.low)
    }

    /// Last prices.
    #[getter]
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyMemoryView>> {
        buffer::view(py, &self.0, |bars| &bars.close)
    }

    /// Units traded.
    #[getter]
    fn volume<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyMemoryView>> {
        buffer::view(py, &self.0, |bars| &bars.volume)
    }

    /// Volume-weighted average prices.
    #[getter]
    fn average<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyMemoryView>> {
        buffer::view(py, &self.0, |bars| &bars.average)
    }

    /// Numbers of trades.
    #[getter]
    fn count<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyMemoryView>> {
        buffer::view(py, &self.0, |bars| &bars.count)
    }

    /// Arrow's schema of the columns, as a capsule.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        self.1.schema(py, || self.table())
    }

    /// The columns as an Arrow record batch, as capsules; they share this object's memory.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> Capsules<'py> {
        let _ = requested_schema; // Arrow leaves it to the producer.
        self.1.array(py, || self.table())
    }

    /// Make a ``DataFrame`` with a UTC ``DatetimeIndex`` named ``time``; needs pandas.
    fn to_pandas<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let frame = frames::to_pandas::<&str>(slf.as_any(), &COLUMNS, &[])?;
        if !slf.get().0.is_counted() {
            return Ok(frame);
        }
        let kinds = [("count", "int64")].into_py_dict(slf.py())?;
        frame.call_method1("astype", (kinds,))
    }

    /// Make a ``DataFrame`` with a UTC column ``time`` and nulls for gaps; needs polars.
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        frames::to_polars(slf.as_any())
    }

    fn __repr__(&self) -> String {
        let count = self.__len__();
        let ends = self.0.bar(0).zip(self.0.bar(count.wrapping_sub(1)));
        let repr = Repr::of("Bars").field("len", &count);
        match ends {
            Some((first, last)) => {
                let span = format!("'{}'..'{}'", first.0.time, last.0.time);
                repr.field("time", &Verbatim(span)).end()
            }
            None => repr.end(),
        }
    }
}

impl Bars {
    pub(crate) fn new(columns: BarColumns) -> Self {
        Self(Arc::new(columns), Exported::default())
    }

    fn table(&self) -> Table {
        Columns::of(&self.0, self.__len__())
            .moments("time", TimeUnit::Nanosecond, |bars| &bars.time)
            .amounts("open", |bars| &bars.open)
            .amounts("high", |bars| &bars.high)
            .amounts("low", |bars| &bars.low)
            .amounts("close", |bars| &bars.close)
            .amounts("volume", |bars| &bars.volume)
            .amounts("average", |bars| &bars.average)
            .counts("count", |bars| &bars.count)
            .table()
    }

    fn bar(&self, row: isize) -> PyResult<Bar> {
        let count = self.__len__();
        let from_start = if row < 0 { row.checked_add_unsigned(count) } else { Some(row) };
        from_start
            .and_then(|row| usize::try_from(row).ok())
            .and_then(|row| self.0.bar(row))
            .ok_or_else(|| PyIndexError::new_err(format!("no bar {row} in {count} bars")))
    }

    fn rows(&self, slice: &Bound<'_, PySlice>) -> PyResult<Vec<usize>> {
        let place = slice.indices(isize::try_from(self.__len__()).unwrap_or(isize::MAX))?;
        let row = |step: usize| {
            // A slice's indices lie within the length it was asked for.
            usize::try_from(place.start + place.step * step as isize).unwrap_or_default()
        };
        Ok((0..place.slicelength).map(row).collect())
    }
}

/// Walks over bars, making each when it is asked for.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct _BarIterator {
    bars: Py<Bars>,
    next: std::sync::atomic::AtomicUsize,
}

#[pymethods]
impl _BarIterator {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self) -> Option<Bar> {
        let row = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.bars.get().0.bar(row)
    }
}
