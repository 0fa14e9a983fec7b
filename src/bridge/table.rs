//! Lists of Python values as Arrow record batches: a column is copied once, by its kind.
//!
//! What a column is called and of which kind it is comes from Python, which knows the values' types.

use arrow_buffer::{ArrowNativeType, BooleanBuffer, Buffer, NullBuffer};
use arrow_data::ArrayData;
use arrow_schema::{DataType, Field, TimeUnit};
use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList};
use rust_decimal::Decimal;
use time::OffsetDateTime;

use crate::arrow::{self, Capsules, Table};
use crate::convert;

/// Digits of a decimal column, and how many of them stand behind the point.
const PRECISION: u8 = 38;
const SCALE: u8 = 18;

/// Values by column, for whatever reads Arrow: ``polars.DataFrame(table)``.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct ArrowTable(ArrayData);

#[pymethods]
impl ArrowTable {
    /// Names of the columns.
    #[getter]
    fn columns(&self) -> Vec<&str> {
        match self.0.data_type() {
            DataType::Struct(fields) => fields.iter().map(|field| field.name().as_str()).collect(),
            _ => Vec::new(),
        }
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// Arrow's schema of the columns, as a capsule.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        arrow::schema(py, &self.0)
    }

    /// The columns as an Arrow record batch, as capsules; they share this object's memory.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> Capsules<'py> {
        // Arrow lets a producer answer with its own schema where it cannot give the one asked for.
        drop(requested_schema);
        arrow::capsules(py, &self.0)
    }

    fn __repr__(&self) -> String {
        format!("<ArrowTable of {} rows, {} columns>", self.0.len(), self.columns().len())
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<ArrowTable>()?;
    module.add_function(wrap_pyfunction!(_arrow_table, module)?)
}

/// A table of columns of equal length, each with its name and kind.
#[pyfunction]
fn _arrow_table(
    rows: usize,
    columns: Vec<(String, String, Bound<'_, PyList>)>,
) -> PyResult<ArrowTable> {
    let mut table = Table::of(rows);
    for (name, kind, cells) in columns {
        add(&mut table, &name, &kind, &cells)?;
    }
    table.end().map(ArrowTable)
}

fn add(table: &mut Table, name: &str, kind: &str, cells: &Bound<'_, PyList>) -> PyResult<()> {
    match kind {
        "bool" => add_flags(table, name, &read(cells)?),
        "int" => add_numbers::<i64>(table, name, DataType::Int64, &read(cells)?),
        "float" => add_numbers::<f64>(table, name, DataType::Float64, &read(cells)?),
        "decimal" => {
            let kind = DataType::Decimal128(PRECISION, SCALE as i8);
            add_numbers(table, name, kind, &decimals(cells, name)?);
        }
        "moment" => {
            let kind = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
            add_numbers(table, name, kind, &moments(cells)?);
        }
        "text" => {
            let texts: Vec<Option<String>> = read(cells)?;
            let nulls = nulls_of(&texts);
            let texts: Vec<&str> = texts.iter().map(|text| text.as_deref().unwrap_or("")).collect();
            table.add_texts(name, &texts, nulls);
        }
        other => {
            return Err(PyValueError::new_err(format!("{name}: no column is of kind {other:?}")));
        }
    }
    Ok(())
}

fn add_flags(table: &mut Table, name: &str, flags: &[Option<bool>]) {
    let cells = BooleanBuffer::collect_bool(flags.len(), |row| flags[row] == Some(true));
    let field = Field::new(name, DataType::Boolean, true);
    table.add(field, cells.into_inner(), nulls_of(flags), Vec::new());
}

fn add_numbers<T: ArrowNativeType>(
    table: &mut Table,
    name: &str,
    kind: DataType,
    numbers: &[Option<T>],
) {
    let cells: Vec<T> = numbers.iter().map(|number| number.unwrap_or_default()).collect();
    let field = Field::new(name, kind, true);
    table.add(field, Buffer::from_vec(cells), nulls_of(numbers), Vec::new());
}

fn read<'py, T: FromPyObjectOwned<'py>>(cells: &Bound<'py, PyList>) -> PyResult<Vec<Option<T>>> {
    cells.extract()
}

fn moments(cells: &Bound<'_, PyList>) -> PyResult<Vec<Option<i64>>> {
    let moments = read::<OffsetDateTime>(cells)?.into_iter();
    let microseconds = |moment: OffsetDateTime| moment.unix_timestamp_nanos() / 1000;
    Ok(moments.map(|moment| moment.map(|moment| microseconds(moment) as i64)).collect())
}

/// Decimals in units of a column's last digit; one that does not fit is refused, never rounded.
fn decimals(cells: &Bound<'_, PyList>, name: &str) -> PyResult<Vec<Option<i128>>> {
    let decimals = read::<Decimal>(cells)?.into_iter();
    let places = decimals.map(|number| number.map(|number| scaled(number).ok_or(number)));
    places.map(Option::transpose).collect::<Result<_, _>>().map_err(|number| {
        let text = format!(
            "{name} {number}: a decimal column holds {} digits before the point and {SCALE} behind \
             it; ask for decimals=\"float\"",
            PRECISION - SCALE
        );
        convert::invalid(cells.py(), text)
    })
}

fn scaled(number: Decimal) -> Option<i128> {
    let number = number.normalize();
    let missing = u32::from(SCALE).checked_sub(number.scale())?;
    let units = number.mantissa().checked_mul(10_i128.pow(missing))?;
    (units.unsigned_abs() < 10_u128.pow(u32::from(PRECISION))).then_some(units)
}

fn nulls_of<T>(cells: &[Option<T>]) -> Option<NullBuffer> {
    let known = BooleanBuffer::collect_bool(cells.len(), |row| cells[row].is_some());
    Some(NullBuffer::new(known)).filter(|nulls| nulls.null_count() > 0)
}
