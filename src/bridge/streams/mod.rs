//! Streams as Python reads them: one async iterator over whatever a stream hands out.
//!
//! | file | holds |
//! |---|---|
//! | `notifier` | who waits for a stream, and when they are woken |
//! | `turn` | how long a reader may keep its loop |
//! | `reader` | the async iterator: hands over what is there without suspending |
//! | `opened` | an open stream, whatever its kind |
//! | `latest` | streams of latest values: quotes and books |
//! | `columns` | streams whose items are queued in batches |
//! | `ticks` `tick_by_tick` `bars` | items and batches of those |
//! | `events` | what a client tells of itself |
//! | `contracts` | a stream's contracts, made once |
//! | `opening` | what a client opens, arguments checked |

mod bars;
mod columns;
mod contracts;
mod events;
mod latest;
mod notifier;
mod opened;
mod opening;
mod reader;
mod tick_by_tick;
mod ticks;
mod turn;

use pyo3::prelude::*;

/// Adds the streams to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<reader::_Reader>()?;
    module.add_class::<opened::_Stream>()?;
    module.add_class::<ticks::Tick>()?;
    module.add_class::<ticks::TickBatch>()?;
    module.add_class::<tick_by_tick::TickByTick>()?;
    module.add_class::<tick_by_tick::TickByTickBatch>()?;
    module.add_class::<events::_Events>()?;
    module.add_class::<bars::Gap>()
}
