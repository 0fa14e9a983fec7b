//! Every change of market data: as single ticks, and by column.

use std::borrow::Cow;
use std::sync::Arc;

use aioibkr_core::feed;
use aioibkr_core::market_data::{Batch, Rows, TickColumns};
use aioibkr_core::model::Generation;
use arrow_schema::{DataType, TimeUnit};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList, PyMemoryView};
use time::UtcDateTime;

use super::columns::{Items, Names, known};
use super::contracts::Contracts;
use crate::arrow::{Capsules, Columns, Exported, Table};
use crate::frames::Texts;
use crate::models::{Contract, Repr, Verbatim};
use crate::{buffer, convert, frames};

/// One change of one field of one market, as IB sent it.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Tick {
    contracts: Arc<Contracts>,
    contract: i32,
    tick_type: i32,
    time: i64,
    price: f64,
    size: f64,
    generation: Generation,
    attributes: u8,
    text: Option<Arc<str>>,
    is_gap: bool,
}

#[pymethods]
impl Tick {
    /// The qualified contract.
    #[getter]
    fn contract(&self, py: Python<'_>) -> PyResult<Py<Contract>> {
        self.contracts.get(py, self.contract)
    }

    /// IB's tick type; -1 on a gap.
    #[getter]
    fn tick_type(&self) -> i32 {
        self.tick_type
    }

    /// What changed: ``bid``, ``rt_volume`` ...; ``tick_N`` of a type IB added later.
    #[getter]
    fn field(&self) -> Cow<'static, str> {
        if self.is_gap { Cow::Borrowed("gap") } else { feed::tick_name(self.tick_type) }
    }

    /// The new price, the value of a generic tick, or an option's price of a computation.
    #[getter]
    fn price(&self) -> Option<f64> {
        known(self.price)
    }

    /// The new size, where the message carries one.
    #[getter]
    fn size(&self) -> Option<f64> {
        known(self.size)
    }

    /// The text of a tick that is one (RTVolume, dividends, exchanges), as IB wrote it.
    #[getter]
    fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Attribute bits: 1 can auto-execute, 2 past limit, 4 pre-open.
    #[getter]
    fn attributes(&self) -> u8 {
        self.attributes
    }

    /// Whether the value is late.
    #[getter]
    fn is_delayed(&self) -> bool {
        feed::is_delayed(self.tick_type)
    }

    /// Whether this tells that what came before is no longer current. It has no price.
    #[getter]
    fn is_gap(&self) -> bool {
        self.is_gap
    }

    /// When it arrived, UTC; of a gap, 1970.
    #[getter]
    fn received_at(&self) -> PyResult<UtcDateTime> {
        convert::utc_of_nanoseconds(self.time)
    }

    /// The link it came from.
    #[getter]
    fn generation(&self) -> u64 {
        self.generation.0
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let contract = self.contract(py)?.get().__repr__();
        let repr = Repr::of("Tick").field("contract", &Verbatim(contract));
        if self.is_gap {
            return Ok(repr.field("is_gap", &true).end());
        }
        let repr = repr.field("field", &*self.field());
        match self.text() {
            Some(text) => Ok(repr.field("text", text).end()),
            None => Ok(repr.field("price", &self.price()).field("size", &self.size()).end()),
        }
    }
}

impl Tick {
    fn of(batch: &Batch<TickColumns>, row: usize, contracts: &Arc<Contracts>) -> Self {
        let (contracts, rows) = (Arc::clone(contracts), &batch.rows);
        if batch.is_gap {
            return Self {
                contracts,
                contract: i32::try_from(row).unwrap_or(i32::MAX),
                tick_type: -1,
                time: 0,
                price: f64::NAN,
                size: f64::NAN,
                generation: batch.generation,
                attributes: 0,
                text: None,
                is_gap: true,
            };
        }
        Self {
            contracts,
            contract: rows.contract[row],
            tick_type: rows.tick_type[row],
            time: rows.time[row],
            price: rows.price[row],
            size: rows.size[row],
            generation: batch.generation,
            attributes: rows.attributes[row],
            text: rows.text.get(row).cloned(),
            is_gap: false,
        }
    }
}

/// Ticks by column, without a copy: ``numpy.asarray(batch.price)``, ``polars.DataFrame(batch)``.
///
/// Columns are read-only ``memoryview`` objects and outlive the batch; a price or size that is not
/// there is NaN in them. Arrow sees a record batch over the same memory, with nulls for what is not
/// there, a column ``symbol`` besides the number in ``contract``, and in ``text`` the texts of
/// ticks that are one.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct TickBatch {
    batch: Arc<Batch<TickColumns>>,
    contracts: Arc<Contracts>,
    exported: Exported,
}

/// Columns of numbers besides the time.
const COLUMNS: [&str; 5] = ["contract", "tick_type", "price", "size", "attributes"];

type View<'py> = PyResult<Bound<'py, PyMemoryView>>;

#[pymethods]
impl TickBatch {
    fn __len__(&self) -> usize {
        self.batch.rows.count()
    }

    /// Receive times, nanoseconds since 1970 UTC.
    #[getter]
    fn time<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.batch, |batch| &batch.rows.time)
    }

    /// Numbers of contracts in `contracts`.
    #[getter]
    fn contract<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.batch, |batch| &batch.rows.contract)
    }

    /// IB's tick types.
    #[getter]
    fn tick_type<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.batch, |batch| &batch.rows.tick_type)
    }

    /// Prices, or values of generic ticks.
    #[getter]
    fn price<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.batch, |batch| &batch.rows.price)
    }

    /// Sizes.
    #[getter]
    fn size<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.batch, |batch| &batch.rows.size)
    }

    /// Attribute bits of price ticks: 1 can auto-execute, 2 past limit, 4 pre-open.
    #[getter]
    fn attributes<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.batch, |batch| &batch.rows.attributes)
    }

    /// Texts of the ticks that are one, None for the others; made anew at each look.
    #[getter]
    fn text<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let rows = &self.batch.rows;
        PyList::new(py, (0..rows.count()).map(|row| rows.text.get(row).map(|text| &**text)))
    }

    /// The stream's contracts, in the order of their numbers.
    #[getter]
    fn contracts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.contracts.list(py)
    }

    /// The link the ticks came from.
    #[getter]
    fn generation(&self) -> u64 {
        self.batch.generation.0
    }

    /// Whether this empty batch tells that what came before is no longer current.
    #[getter]
    fn is_gap(&self) -> bool {
        self.batch.is_gap
    }

    /// One object per tick.
    fn to_list<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let rows = 0..self.batch.rows.count();
        PyList::new(py, rows.map(|row| Tick::of(&self.batch, row, &self.contracts)))
    }

    /// Arrow's schema of the columns, as a capsule.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        self.exported.schema(py, || self.table())
    }

    /// The columns as an Arrow record batch, as capsules; they share this object's memory.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> Capsules<'py> {
        let _ = requested_schema; // Arrow leaves it to the producer.
        self.exported.array(py, || self.table())
    }

    /// Make a ``DataFrame`` with a UTC ``DatetimeIndex`` named ``time``; needs pandas.
    fn to_pandas<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let this = slf.get();
        let symbols = this.contracts.symbols();
        let symbols = Texts { name: "symbol", numbers: "contract", texts: &symbols };
        let frame = frames::to_pandas(slf.as_any(), &COLUMNS, &[symbols])?;
        frame.set_item("text", this.text(slf.py())?)?;
        Ok(frame)
    }

    /// Make a ``DataFrame`` with a UTC column ``time`` and nulls for gaps; needs polars.
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        frames::to_polars(slf.as_any())
    }
}

impl TickBatch {
    fn table(&self) -> Table {
        Columns::of(&self.batch, self.batch.rows.count())
            .moments("time", TimeUnit::Nanosecond, |batch| &batch.rows.time)
            .numbers("contract", DataType::Int32, |batch| &batch.rows.contract)
            .texts("symbol", &self.contracts.symbols(), |batch| &batch.rows.contract)
            .numbers("tick_type", DataType::Int32, |batch| &batch.rows.tick_type)
            .amounts("price", |batch| &batch.rows.price)
            .amounts("size", |batch| &batch.rows.size)
            .numbers("attributes", DataType::UInt8, |batch| &batch.rows.attributes)
            .words("text", |batch, row| batch.rows.text.get(row).map(|text| &**text))
            .table()
    }
}

impl Items for TickColumns {
    fn item(py: Python<'_>, batch: &Batch<Self>, row: usize, names: &Names) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, Tick::of(batch, row, &names.contracts))?.into_any())
    }

    fn batch(py: Python<'_>, batch: Batch<Self>, names: &Names) -> PyResult<Py<PyAny>> {
        let contracts = Arc::clone(&names.contracts);
        let batch = TickBatch { batch: Arc::new(batch), contracts, exported: Exported::default() };
        Ok(Py::new(py, batch)?.into_any())
    }
}
