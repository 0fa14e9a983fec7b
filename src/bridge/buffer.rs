//! Columns of numbers through the buffer protocol: what Python reads is the memory Rust filled.

use std::any::Any;
use std::ffi::{CStr, c_int};
use std::sync::Arc;

use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyMemoryView;

/// A number that a column can hold, and its letter in Python's `struct`.
pub(crate) trait Cell: Copy + Send + Sync + 'static {
    const FORMAT: &'static CStr;
}

impl Cell for f64 {
    const FORMAT: &'static CStr = c"d";
}

impl Cell for i64 {
    const FORMAT: &'static CStr = c"q";
}

impl Cell for i32 {
    const FORMAT: &'static CStr = c"i";
}

impl Cell for u8 {
    const FORMAT: &'static CStr = c"B";
}

/// One column: read-only memory that lives as long as any view of it.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct _Cells {
    /// Keeps the memory alive; nobody changes it, because it is only reachable through `Arc`s.
    _owner: Arc<dyn Any + Send + Sync>,
    /// Address of the first cell.
    start: usize,
    format: &'static CStr,
    /// Shape and stride of every view.
    geometry: [ffi::Py_ssize_t; 2],
}

/// A column of `owner` as a `memoryview`; `pick` says which.
pub(crate) fn view<'py, T, C>(
    py: Python<'py>,
    owner: &Arc<T>,
    pick: impl for<'a> Fn(&'a T) -> &'a [C],
) -> PyResult<Bound<'py, PyMemoryView>>
where
    T: Send + Sync + 'static,
    C: Cell,
{
    let cells = pick(owner);
    let cells = _Cells {
        start: cells.as_ptr() as usize,
        format: C::FORMAT,
        geometry: [cells.len() as ffi::Py_ssize_t, size_of::<C>() as ffi::Py_ssize_t],
        _owner: Arc::clone(owner) as Arc<dyn Any + Send + Sync>,
    };
    PyMemoryView::from(Bound::new(py, cells)?.as_any())
}

#[pymethods]
impl _Cells {
    fn __len__(&self) -> usize {
        self.geometry[0].unsigned_abs()
    }

    /// # Safety
    /// Called by the interpreter with a valid `view`, as the buffer protocol demands.
    #[expect(unsafe_code, reason = "the buffer protocol is a C interface; the proof is inside")]
    unsafe fn __getbuffer__(
        slf: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        if view.is_null() || flags & ffi::PyBUF_WRITABLE == ffi::PyBUF_WRITABLE {
            return Err(PyBufferError::new_err("a column is read-only"));
        }
        let column = slf.get();
        let [length, item_size] = column.geometry;
        let geometry = column.geometry.as_ptr().cast_mut();
        let wanted = |flag: c_int, pointer: *mut ffi::Py_ssize_t| {
            if flags & flag == flag { pointer } else { std::ptr::null_mut() }
        };
        // SAFETY: `view` is valid for writes (caller's contract). `start` is the address of a slice
        // borrowed from what `_owner` owns, `geometry` lies in `slf`; `view.obj` keeps `slf` and so
        // both alive, and neither moves nor changes. Consumers may not write through a view marked
        // read-only. `geometry` has two items.
        unsafe {
            (*view).buf = column.start as *mut _;
            (*view).len = length * item_size;
            (*view).itemsize = item_size;
            (*view).readonly = 1;
            (*view).ndim = 1;
            (*view).format = match flags & ffi::PyBUF_FORMAT == ffi::PyBUF_FORMAT {
                true => column.format.as_ptr().cast_mut(),
                false => std::ptr::null_mut(),
            };
            (*view).shape = wanted(ffi::PyBUF_ND, geometry);
            (*view).strides = wanted(ffi::PyBUF_STRIDES, geometry.add(1));
            (*view).suboffsets = std::ptr::null_mut();
            (*view).internal = std::ptr::null_mut();
            (*view).obj = slf.into_any().into_ptr();
        }
        Ok(())
    }
}
