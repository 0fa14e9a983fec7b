//! Orders: one desk owns the book; everybody else sends commands and reads published trades.

mod handle;

pub use handle::TradeHandle;
