//! Columns of numbers through the buffer protocol: what Python reads is the memory Rust filled.

use std::ffi::{CStr, c_int};
use std::sync::Arc;

use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyMemoryView;

/// Numbers that nobody changes any more.
#[derive(Clone)]
pub(crate) enum Cells {
    /// Exported as `d`.
    Float(Arc<[f64]>),
    /// Exported as `q`.
    Integer(Arc<[i64]>),
}

impl Cells {
    fn len(&self) -> usize {
        match self {
            Self::Float(cells) => cells.len(),
            Self::Integer(cells) => cells.len(),
        }
    }

    fn start(&self) -> *const u8 {
        match self {
            Self::Float(cells) => cells.as_ptr().cast(),
            Self::Integer(cells) => cells.as_ptr().cast(),
        }
    }

    fn format(&self) -> &'static CStr {
        match self {
            Self::Float(_) => c"d",
            Self::Integer(_) => c"q",
        }
    }
}

/// One column: read-only memory that lives as long as any view of it.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct _Cells {
    cells: Cells,
    /// Shape and stride of every view.
    geometry: [ffi::Py_ssize_t; 2],
}

/// A column as a `memoryview`.
pub(crate) fn view<'py>(py: Python<'py>, cells: &Cells) -> PyResult<Bound<'py, PyMemoryView>> {
    let item_size = size_of::<f64>() as ffi::Py_ssize_t; // i64 has the same
    let geometry = [cells.len() as ffi::Py_ssize_t, item_size];
    let owner = Bound::new(py, _Cells { cells: cells.clone(), geometry })?;
    PyMemoryView::from(owner.as_any())
}

#[pymethods]
impl _Cells {
    fn __len__(&self) -> usize {
        self.cells.len()
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
        let start = column.cells.start();
        let format = column.cells.format();
        let wanted = |flag: c_int, pointer: *mut ffi::Py_ssize_t| {
            if flags & flag == flag { pointer } else { std::ptr::null_mut() }
        };
        // SAFETY: `view` is valid for writes (caller's contract). `start` and `geometry` point into
        // memory owned by `slf`, which `view.obj` keeps alive, does not move and nobody changes;
        // consumers may not write through a view marked read-only. `geometry` has two items.
        unsafe {
            (*view).buf = start.cast_mut().cast();
            (*view).len = length * item_size;
            (*view).itemsize = item_size;
            (*view).readonly = 1;
            (*view).ndim = 1;
            (*view).format = match flags & ffi::PyBUF_FORMAT == ffi::PyBUF_FORMAT {
                true => format.as_ptr().cast_mut(),
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
