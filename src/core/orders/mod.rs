//! Orders: one desk owns the book; everybody else sends commands and reads published trades.

mod book;
mod handle;
mod lifecycle;

pub use handle::TradeHandle;
