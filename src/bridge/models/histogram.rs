//! Durations by size, as Python sees them.

use aioibkr_core::metrics;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::text::Repr;

/// How long things took, by size.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Histogram(pub(super) metrics::Histogram);

#[pymethods]
impl Histogram {
    /// Upper bound in seconds, and how many took at most that long; the last is infinite.
    #[getter]
    fn buckets(&self) -> Vec<(f64, u64)> {
        self.0.buckets()
    }

    /// How many there were.
    #[getter]
    fn count(&self) -> u64 {
        self.0.count()
    }

    /// Seconds of all of them together.
    #[getter]
    fn sum(&self) -> f64 {
        self.0.sum().as_secs_f64()
    }

    /// Seconds of the longest; 0 without any.
    #[getter]
    fn max(&self) -> f64 {
        self.0.max().as_secs_f64()
    }

    /// The same as a dictionary; buckets by bound as Prometheus has it, ``+Inf`` last.
    pub(super) fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (dict, buckets) = (PyDict::new(py), PyDict::new(py));
        for (bound, count) in self.0.buckets() {
            let bound = if bound.is_finite() { bound.to_string() } else { "+Inf".into() };
            buckets.set_item(bound, count)?;
        }
        dict.set_item("buckets", buckets)?;
        dict.set_item("count", self.count())?;
        dict.set_item("sum", self.sum())?;
        dict.set_item("max", self.max())?;
        Ok(dict)
    }

    pub(super) fn __repr__(&self) -> String {
        let repr = Repr::of("Histogram").field("count", &self.count());
        repr.field("sum", &self.sum()).field("max", &self.max()).end()
    }
}
