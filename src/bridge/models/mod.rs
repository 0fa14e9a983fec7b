//! The frozen values Python sees; each wraps a value of the core and converts when it is read.
//!
//! | file | classes |
//! |---|---|
//! | `contract` | `Contract`, `ContractDetails` |
//! | `market` | `Quote`, `Bar` |
//! | `greeks` | `Greeks` |
//! | `health` | `Health`, `CircuitHealth`, `LinkHealth`, `LineUsage`, `PacingUsage` |
//! | `depth` | `DepthBook`, `DepthLevel` |
//! | `bars` | `Bars` and its columns |
//! | `account` | `AccountValue`, `AccountSnapshot`, `Balance`, `Pnl`, `Position` |
//! | `order` | `Order`, `RiskLimits` |
//! | `trade` | `Execution`, `Commission`, `Fill`, `TradeEvent`, `Trade` |
//! | `metrics` | `Metrics` |
//! | `subscription` | `Subscription` |
//! | `link_metrics` | `LinkMetrics` |
//! | `work_metrics` | `RequestMetrics`, `StreamMetrics`, `QueueDepths` |
//! | `histogram` | `Histogram` |
//! | `event` | `StateChange`, `Notice`, `Failure`, `Alert` and what else happens to a client |

mod account;
mod bars;
mod contract;
mod depth;
mod event;
mod greeks;
mod health;
mod histogram;
mod link_metrics;
mod market;
mod metrics;
mod order;
mod subscription;
mod text;
mod trade;
mod work_metrics;

use std::hash::{DefaultHasher, Hash, Hasher};

use pyo3::PyClass;
use pyo3::prelude::*;

pub(crate) use account::{AccountSnapshot, Pnl, Position, Told};
pub(crate) use bars::{BarColumns, Bars};
pub(crate) use contract::{Contract, ContractDetails};
pub(crate) use depth::DepthBook;
pub(crate) use event::{Failure, event};
pub(crate) use health::Health;
pub(crate) use market::{Bar, Quote};
pub(crate) use metrics::Metrics;
pub(crate) use order::{Order, RiskLimits};
pub(crate) use subscription::Subscription;
pub(crate) use text::{Repr, Verbatim};
pub(crate) use trade::{Fill, Trade};

/// Adds every class to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Contract>()?;
    module.add_class::<ContractDetails>()?;
    module.add_class::<Quote>()?;
    module.add_class::<greeks::Greeks>()?;
    module.add_class::<DepthBook>()?;
    module.add_class::<depth::DepthLevel>()?;
    module.add_class::<Bar>()?;
    module.add_class::<Bars>()?;
    module.add_class::<account::AccountValue>()?;
    module.add_class::<AccountSnapshot>()?;
    module.add_class::<Pnl>()?;
    module.add_class::<Position>()?;
    module.add_class::<Order>()?;
    module.add_class::<RiskLimits>()?;
    module.add_class::<trade::Execution>()?;
    module.add_class::<trade::Commission>()?;
    module.add_class::<Fill>()?;
    module.add_class::<trade::TradeEvent>()?;
    module.add_class::<Trade>()?;
    module.add_class::<Health>()?;
    module.add_class::<account::Balance>()?;
    module.add_class::<health::CircuitHealth>()?;
    module.add_class::<health::LinkHealth>()?;
    module.add_class::<health::LineUsage>()?;
    module.add_class::<health::PacingUsage>()?;
    module.add_class::<Subscription>()?;
    module.add_class::<histogram::Histogram>()?;
    module.add_class::<link_metrics::LinkMetrics>()?;
    module.add_class::<work_metrics::RequestMetrics>()?;
    module.add_class::<work_metrics::StreamMetrics>()?;
    module.add_class::<work_metrics::QueueDepths>()?;
    module.add_class::<Metrics>()?;
    event::register(module)
}

/// A hash of the parts that identify a value; equal values have equal parts.
fn hash_of(parts: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

/// A Python object of a value.
pub(crate) fn object<T: Into<PyClassInitializer<T>> + PyClass>(
    py: Python<'_>,
    value: T,
) -> PyResult<Py<PyAny>> {
    Ok(Py::new(py, value)?.into_any())
}

/// A Python list of values.
pub(crate) fn list<T, W>(
    py: Python<'_>,
    values: impl IntoIterator<Item = T>,
    wrap: impl Fn(T) -> W,
) -> PyResult<Py<PyAny>>
where
    W: Into<PyClassInitializer<W>> + PyClass,
{
    let objects = values.into_iter().map(|value| Py::new(py, wrap(value)));
    let objects = objects.collect::<PyResult<Vec<_>>>()?;
    Ok(pyo3::types::PyList::new(py, objects)?.into_any().unbind())
}
