//! An awaitable as a coroutine, for methods of classes that have no Python side: a coroutine can
//! be given to `asyncio.create_task` and be waited for anywhere.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyModule;

use crate::awaitable::Awaitable;

static ANSWERED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

pub(crate) fn coroutine(py: Python<'_>, awaitable: Awaitable) -> PyResult<Bound<'_, PyAny>> {
    let answered = ANSWERED.get_or_try_init(py, || {
        let source = c"async def answered(awaitable):\n    return await awaitable\n";
        let module = PyModule::from_code(py, source, c"<aioibkr>", c"aioibkr._native.coroutine")?;
        module.getattr("answered").map(Bound::unbind)
    })?;
    answered.bind(py).call1((awaitable,))
}
