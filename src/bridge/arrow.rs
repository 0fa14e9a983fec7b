//! Columns as Arrow record batches, for whatever speaks Arrow's PyCapsule interface.
//!
//! The cells are the memory Rust filled: an export shares it and keeps its owner alive. Where NaN
//! stands for none the export has a null; which cells those are is found once per batch.

use std::panic::RefUnwindSafe;
use std::ptr::NonNull;
use std::sync::{Arc, OnceLock};

use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow_data::ArrayData;
use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{ArrowError, DataType, Field, TimeUnit};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

use crate::buffer::Cell;

/// What a batch exports, made when it is first asked for.
#[derive(Default)]
pub(crate) struct Exported(OnceLock<ArrayData>);

/// The two capsules of an export: schema and array.
pub(crate) type Capsules<'py> = PyResult<Bound<'py, PyTuple>>;

impl Exported {
    /// Schema and array; `table` says what is in it.
    pub(crate) fn array<'py>(
        &self,
        py: Python<'py>,
        table: impl FnOnce() -> Table,
    ) -> Capsules<'py> {
        capsules(py, self.data(table)?)
    }

    /// The schema alone.
    pub(crate) fn schema<'py>(
        &self,
        py: Python<'py>,
        table: impl FnOnce() -> Table,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        schema(py, self.data(table)?)
    }

    fn data(&self, table: impl FnOnce() -> Table) -> PyResult<&ArrayData> {
        if let Some(made) = self.0.get() {
            return Ok(made);
        }
        let made = table().end()?;
        Ok(self.0.get_or_init(|| made))
    }
}

/// Schema and array of what is exported.
pub(crate) fn capsules<'py>(py: Python<'py>, data: &ArrayData) -> Capsules<'py> {
    let array = PyCapsule::new_with_value(py, FFI_ArrowArray::new(data), c"arrow_array")?;
    PyTuple::new(py, [schema(py, data)?, array])
}

/// The schema of what is exported.
pub(crate) fn schema<'py>(py: Python<'py>, data: &ArrayData) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = FFI_ArrowSchema::try_from(data.data_type()).map_err(refused)?;
    PyCapsule::new_with_value(py, schema, c"arrow_schema")
}

fn refused(error: ArrowError) -> PyErr {
    PyRuntimeError::new_err(format!("columns do not form a record batch: {error}"))
}

/// A record batch that is being put together.
pub(crate) struct Table {
    rows: usize,
    fields: Vec<Field>,
    columns: Vec<Result<ArrayData, ArrowError>>,
}

/// The columns of one owner.
pub(crate) struct Columns<'a, T> {
    owner: &'a Arc<T>,
    table: Table,
}

impl<'a, T: RefUnwindSafe + Send + Sync + 'static> Columns<'a, T> {
    pub(crate) fn of(owner: &'a Arc<T>, rows: usize) -> Self {
        Self { owner, table: Table::of(rows) }
    }

    /// Moments in UTC.
    pub(crate) fn moments(
        self,
        name: &str,
        unit: TimeUnit,
        pick: impl for<'b> Fn(&'b T) -> &'b [i64],
    ) -> Self {
        self.numbers(name, DataType::Timestamp(unit, Some("UTC".into())), pick)
    }

    /// Numbers that are all there; `kind` is of the size of a cell.
    pub(crate) fn numbers<C: Cell>(
        mut self,
        name: &str,
        kind: DataType,
        pick: impl for<'b> Fn(&'b T) -> &'b [C],
    ) -> Self {
        let cells = share(self.owner, pick);
        self.table.add(Field::new(name, kind, false), cells, None, Vec::new());
        self
    }

    /// Numbers of which some may not be there.
    pub(crate) fn amounts(mut self, name: &str, pick: impl for<'b> Fn(&'b T) -> &'b [f64]) -> Self {
        let nulls = nulls_of(pick(self.owner));
        let cells = share(self.owner, pick);
        self.table.add(Field::new(name, DataType::Float64, true), cells, nulls, Vec::new());
        self
    }

    /// Whole numbers of which some may not be there: copied, because Arrow has them as integers.
    pub(crate) fn counts(mut self, name: &str, pick: impl for<'b> Fn(&'b T) -> &'b [f64]) -> Self {
        let cells = pick(self.owner);
        let counts: Vec<i64> = cells.iter().map(|&count| count as i64).collect();
        let field = Field::new(name, DataType::Int64, true);
        self.table.add(field, Buffer::from_vec(counts), nulls_of(cells), Vec::new());
        self
    }

    /// Texts by number: the cells are places in `texts`.
    pub(crate) fn texts(
        mut self,
        name: &str,
        texts: &[impl AsRef<str>],
        pick: impl for<'b> Fn(&'b T) -> &'b [i32],
    ) -> Self {
        let kind = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let cells = share(self.owner, pick);
        match strings(texts) {
            Ok(texts) => self.table.add(Field::new(name, kind, false), cells, None, vec![texts]),
            Err(error) => self.table.columns.push(Err(error)),
        }
        self
    }

    /// Texts of which some may not be there: copied.
    pub(crate) fn words(
        mut self,
        name: &str,
        pick: impl for<'b> Fn(&'b T, usize) -> Option<&'b str>,
    ) -> Self {
        let words: Vec<Option<&str>> =
            (0..self.table.rows).map(|row| pick(self.owner, row)).collect();
        let texts: Vec<&str> = words.iter().map(|word| word.unwrap_or_default()).collect();
        let known = BooleanBuffer::collect_bool(words.len(), |row| words[row].is_some());
        let nulls = Some(NullBuffer::new(known)).filter(|nulls| nulls.null_count() > 0);
        let column = strings(&texts).and_then(|texts| texts.into_builder().nulls(nulls).build());
        self.table.columns.push(column);
        self.table.fields.push(Field::new(name, DataType::Utf8, true));
        self
    }

    pub(crate) fn table(self) -> Table {
        self.table
    }
}

impl Table {
    pub(crate) fn of(rows: usize) -> Self {
        Self { rows, fields: Vec::new(), columns: Vec::new() }
    }

    /// Adds a column of cells; `nulls` says which are there, if not all are.
    pub(crate) fn add(
        &mut self,
        field: Field,
        cells: Buffer,
        nulls: Option<NullBuffer>,
        children: Vec<ArrayData>,
    ) {
        let column = ArrayData::builder(field.data_type().clone()).len(self.rows).nulls(nulls);
        self.columns.push(column.add_buffer(cells).child_data(children).build());
        self.fields.push(field);
    }

    /// Adds a column of texts.
    pub(crate) fn add_texts(
        &mut self,
        name: &str,
        texts: &[impl AsRef<str>],
        nulls: Option<NullBuffer>,
    ) {
        let column = strings(texts).and_then(|texts| texts.into_builder().nulls(nulls).build());
        self.columns.push(column);
        self.fields.push(Field::new(name, DataType::Utf8, true));
    }

    pub(crate) fn end(self) -> PyResult<ArrayData> {
        let columns = self.columns.into_iter().collect::<Result<_, _>>().map_err(refused)?;
        let kind = DataType::Struct(self.fields.into());
        ArrayData::builder(kind).len(self.rows).child_data(columns).build().map_err(refused)
    }
}

/// Which cells are there; `None` if all are.
fn nulls_of(cells: &[f64]) -> Option<NullBuffer> {
    let known = BooleanBuffer::collect_bool(cells.len(), |row| !cells[row].is_nan());
    Some(NullBuffer::new(known)).filter(|nulls| nulls.null_count() > 0)
}

fn strings(texts: &[impl AsRef<str>]) -> Result<ArrayData, ArrowError> {
    let mut ends = vec![0_i32];
    let mut letters = Vec::new();
    for text in texts {
        letters.extend_from_slice(text.as_ref().as_bytes());
        ends.push(
            i32::try_from(letters.len())
                .map_err(|_| ArrowError::OffsetOverflowError(letters.len()))?,
        );
    }
    let array = ArrayData::builder(DataType::Utf8).len(texts.len());
    array.add_buffer(Buffer::from_vec(ends)).add_buffer(Buffer::from_vec(letters)).build()
}

/// The cells of a column, without a copy.
#[expect(unsafe_code, reason = "memory is shared across a C interface; the proof is inside")]
fn share<T, C>(owner: &Arc<T>, pick: impl for<'a> Fn(&'a T) -> &'a [C]) -> Buffer
where
    T: RefUnwindSafe + Send + Sync + 'static,
    C: Cell,
{
    let cells = pick(owner);
    let start = NonNull::from(cells).cast::<u8>();
    // SAFETY: `cells` is a slice of numbers without padding (`Cell` is implemented for those alone),
    // borrowed from what `owner` owns or static. The buffer holds a clone of `owner`, and what an
    // `Arc` shares neither moves nor changes: the owners are plain columns without interior
    // mutability. Consumers of Arrow memory do not write to it.
    unsafe { Buffer::from_custom_allocation(start, size_of_val(cells), Arc::clone(owner) as _) }
}
