//! Market data: one-shot quotes and historical bars of the control link, streams of the feed link.
//!
//! | file | holds |
//! |---|---|
//! | `registry` `line` `line_options` | lines of the control link, shared between callers of `quote` |
//! | `duration` | which history durations IB accepts |
//! | `recent` | prices that valued an order a moment ago |
//! | `settling` | when a quote that is just being told can be handed over |
//! | `kept` | quotes kept until they are released, on the feed |
//! | `feed` | streams: opens the feed link, carries out what `desired` decides |
//! | `desired` `asking` `verdict` | which lines streams want, the requests for them, what answers mean |
//! | `stale` | lines that stay silent after an outage of a farm |
//! | `requests` | requests of the feed link that wait for their turn |
//! | `standing` `pulse` | how the lines of one stream stand, and what the link's thread notes of them |
//! | `fanout` `live_line` `outlet` `taps` | on the link's thread: from request to line to stream |
//! | `fold` `depth` `feed_bar` `bar_fold` | ticks into quotes, rows into books, messages into bars, bars across links |
//! | `backfill` | fetches what five-second bars missed |
//! | `queue` `board` `rows` `columns` | what waits for a reader: every item, or the latest |
//! | `streams` | streams as their owners hold them |

mod asking;
mod backfill;
mod bar_fold;
mod board;
mod columns;
mod depth;
mod desired;
mod duration;
mod fanout;
mod feed;
mod feed_bar;
mod fold;
mod kept;
mod line;
mod line_options;
mod live_line;
mod outlet;
mod pulse;
mod queue;
#[cfg(test)]
mod random;
mod recent;
mod registry;
mod requests;
mod rows;
mod settling;
mod stale;
mod standing;
mod streams;
mod tally;
mod taps;
mod verdict;

pub(crate) use desired::FeedOptions;
pub(crate) use duration::check as check_duration;
pub(crate) use feed::{Fanouts, Feed, FeedTold};
pub(crate) use kept::KeptQuotes;
pub(crate) use line_options::LineOptions;
pub(crate) use outlet::Port;
pub(crate) use queue::QueueOptions;
pub(crate) use recent::{Recent, RecentPrices};
pub(crate) use registry::Lines;

pub use board::Board;
pub use columns::{SparseTexts, TickByTickColumns, TickColumns};
pub use queue::{Batch, BatchQueue, Next, Notify};
pub use rows::Rows;
pub use streams::{BarStream, DepthStream, QuoteStream, Stream, TickByTickStream, TickStream};
