//! Ticks one by one, as the exchange sends them: as single values, and by column.

use std::sync::Arc;

use aioibkr_core::market_data::{Batch, Rows, TickByTickColumns};
use aioibkr_core::model::{Generation, TextTable};
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

/// One tick of tick-by-tick data: a trade, a change of bid or ask, or of the middle.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct TickByTick {
    cells: Cells,
    contracts: Arc<Contracts>,
}

/// The cells of one tick.
struct Cells {
    contract: i32,
    time: i64,
    exchange_time: i64,
    prices: [f64; 4],
    attributes: u8,
    exchange: Arc<str>,
    conditions: Arc<str>,
    generation: Generation,
    is_gap: bool,
}

#[pymethods]
impl TickByTick {
    /// The qualified contract.
    #[getter]
    fn contract(&self, py: Python<'_>) -> PyResult<Py<Contract>> {
        self.contracts.get(py, self.cells.contract)
    }

    /// The exchange's time, UTC, to the second; None on a gap.
    #[getter]
    fn time(&self) -> PyResult<Option<UtcDateTime>> {
        if self.cells.is_gap {
            return Ok(None);
        }
        convert::utc_of_nanoseconds(self.cells.exchange_time.saturating_mul(1_000_000_000))
            .map(Some)
    }

    /// Price of the trade, or the middle.
    #[getter]
    fn price(&self) -> Option<f64> {
        known(self.cells.prices[0])
    }

    /// Size of the trade.
    #[getter]
    fn size(&self) -> Option<f64> {
        known(self.cells.prices[1])
    }

    /// Best bid of a quote: the same number as `price`.
    #[getter]
    fn bid(&self) -> Option<f64> {
        known(self.cells.prices[0])
    }

    /// Size at the bid of a quote: the same number as `size`.
    #[getter]
    fn bid_size(&self) -> Option<f64> {
        known(self.cells.prices[1])
    }

    /// Best ask of a quote.
    #[getter]
    fn ask(&self) -> Option<f64> {
        known(self.cells.prices[2])
    }

    /// Size at the ask of a quote.
    #[getter]
    fn ask_size(&self) -> Option<f64> {
        known(self.cells.prices[3])
    }

    /// Trade: 1 past limit, 2 unreported. Quote: 1 bid below low, 2 ask above high.
    #[getter]
    fn attributes(&self) -> u8 {
        self.cells.attributes
    }

    /// Where it traded; empty for quotes and midpoints.
    #[getter]
    fn exchange(&self) -> &str {
        &self.cells.exchange
    }

    /// IB's special conditions of a trade.
    #[getter]
    fn conditions(&self) -> &str {
        &self.cells.conditions
    }

    /// When it arrived, UTC; of a gap, 1970.
    #[getter]
    fn received_at(&self) -> PyResult<UtcDateTime> {
        convert::utc_of_nanoseconds(self.cells.time)
    }

    /// The link it came from.
    #[getter]
    fn generation(&self) -> u64 {
        self.cells.generation.0
    }

    /// Whether this tells that what came before is no longer current. It has no prices.
    #[getter]
    fn is_gap(&self) -> bool {
        self.cells.is_gap
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let contract = self.contract(py)?.get().__repr__();
        let repr = Repr::of("TickByTick").field("contract", &Verbatim(contract));
        if self.cells.is_gap {
            return Ok(repr.field("is_gap", &true).end());
        }
        let repr = repr.field("price", &self.price()).field("size", &self.size());
        Ok(repr.field("ask", &self.ask()).field("ask_size", &self.ask_size()).end())
    }
}

impl Cells {
    fn of(batch: &Batch<TickByTickColumns>, row: usize, texts: &TextTable) -> Self {
        let rows = &batch.rows;
        if batch.is_gap {
            return Self::gap(row, batch.generation);
        }
        Self {
            contract: rows.contract[row],
            time: rows.time[row],
            exchange_time: rows.exchange_time[row],
            prices: [rows.price[row], rows.size[row], rows.ask[row], rows.ask_size[row]],
            attributes: rows.attributes[row],
            exchange: texts.text(rows.exchange[row]),
            conditions: texts.text(rows.conditions[row]),
            generation: batch.generation,
            is_gap: false,
        }
    }

    fn gap(contract: usize, generation: Generation) -> Self {
        Self {
            contract: i32::try_from(contract).unwrap_or(i32::MAX),
            time: 0,
            exchange_time: 0,
            prices: [f64::NAN; 4],
            attributes: 0,
            exchange: Arc::from(""),
            conditions: Arc::from(""),
            generation,
            is_gap: true,
        }
    }
}

/// Tick-by-tick data by column, without a copy; columns and Arrow as of `TickBatch`.
///
/// In Arrow and data frames, ``exchange`` and ``conditions`` are texts.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct TickByTickBatch {
    batch: Arc<Batch<TickByTickColumns>>,
    contracts: Arc<Contracts>,
    texts: Arc<TextTable>,
    exported: Exported,
}

/// Columns of numbers besides the time.
const COLUMNS: [&str; 7] =
    ["exchange_time", "contract", "price", "size", "ask", "ask_size", "attributes"];

type View<'py> = PyResult<Bound<'py, PyMemoryView>>;

#[pymethods]
impl TickByTickBatch {
    fn __len__(&self) -> usize {
        self.batch.rows.count()
    }

    /// Receive times, nanoseconds since 1970 UTC.
    #[getter]
    fn time<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.batch, |batch| &batch.rows.time)
    }

    /// The exchange's times, seconds since 1970 UTC.
    #[getter]
    fn exchange_time<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.batch, |batch| &batch.rows.exchange_time)
    }

    /// Numbers of contracts in `contracts`.
    #[getter]
    fn contract<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.batch, |batch| &batch.rows.contract)
    }

    /// Prices of trades or middles, bids of quotes.
    #[getter]
    fn price<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.batch, |batch| &batch.rows.price)
    }

    /// Sizes of trades, or at the bid.
    #[getter]
    fn size<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.batch, |batch| &batch.rows.size)
    }

    /// Asks of quotes.
    #[getter]
    fn ask<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.batch, |batch| &batch.rows.ask)
    }

    /// Sizes at the ask.
    #[getter]
    fn ask_size<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.batch, |batch| &batch.rows.ask_size)
    }

    /// Attribute bits, as of `TickByTick`.
    #[getter]
    fn attributes<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.batch, |batch| &batch.rows.attributes)
    }

    /// Numbers of exchange names; see `text`.
    #[getter]
    fn exchange<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.batch, |batch| &batch.rows.exchange)
    }

    /// Numbers of special conditions; see `text`.
    #[getter]
    fn conditions<'py>(&self, py: Python<'py>) -> View<'py> {
        buffer::view(py, &self.batch, |batch| &batch.rows.conditions)
    }

    /// The text of a number in `exchange` or `conditions`; empty for 0.
    fn text(&self, number: i32) -> String {
        self.texts.text(number).to_string()
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
        PyList::new(
            py,
            rows.map(|row| TickByTick {
                cells: Cells::of(&self.batch, row, &self.texts),
                contracts: Arc::clone(&self.contracts),
            }),
        )
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
        let (symbols, texts) = (this.contracts.symbols(), this.texts.all());
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        let texts = [
            Texts { name: "symbol", numbers: "contract", texts: &symbols },
            Texts { name: "exchange", numbers: "exchange", texts: &texts },
            Texts { name: "conditions", numbers: "conditions", texts: &texts },
        ];
        frames::to_pandas(slf.as_any(), &COLUMNS, &texts)
    }

    /// Make a ``DataFrame`` with a UTC column ``time`` and nulls for gaps; needs polars.
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        frames::to_polars(slf.as_any())
    }
}

impl TickByTickBatch {
    fn table(&self) -> Table {
        let texts = self.texts.all();
        Columns::of(&self.batch, self.batch.rows.count())
            .moments("time", TimeUnit::Nanosecond, |batch| &batch.rows.time)
            .moments("exchange_time", TimeUnit::Second, |batch| &batch.rows.exchange_time)
            .numbers("contract", DataType::Int32, |batch| &batch.rows.contract)
            .texts("symbol", &self.contracts.symbols(), |batch| &batch.rows.contract)
            .amounts("price", |batch| &batch.rows.price)
            .amounts("size", |batch| &batch.rows.size)
            .amounts("ask", |batch| &batch.rows.ask)
            .amounts("ask_size", |batch| &batch.rows.ask_size)
            .numbers("attributes", DataType::UInt8, |batch| &batch.rows.attributes)
            .texts("exchange", &texts, |batch| &batch.rows.exchange)
            .texts("conditions", &texts, |batch| &batch.rows.conditions)
            .table()
    }
}

impl Items for TickByTickColumns {
    fn item(py: Python<'_>, batch: &Batch<Self>, row: usize, names: &Names) -> PyResult<Py<PyAny>> {
        let cells = Cells::of(batch, row, &names.texts);
        let contracts = Arc::clone(&names.contracts);
        Ok(Py::new(py, TickByTick { cells, contracts })?.into_any())
    }

    fn batch(py: Python<'_>, batch: Batch<Self>, names: &Names) -> PyResult<Py<PyAny>> {
        let (contracts, texts) = (Arc::clone(&names.contracts), Arc::clone(&names.texts));
        let (batch, exported) = (Arc::new(batch), Exported::default());
        let batch = TickByTickBatch { batch, contracts, texts, exported };
        Ok(Py::new(py, batch)?.into_any())
    }
}
