//! Market data: quotes from shared lines of the control link, historical bars, and the pure folds
//! of what the feed link brings.

#[allow(dead_code, reason = "its callers are the streams of the feed link, which come next")]
mod depth;
mod duration;
#[allow(dead_code, reason = "its callers are the streams of the feed link, which come next")]
mod fold;
mod line;
mod policy;
#[cfg(test)]
mod random;
mod registry;

pub(crate) use duration::check as check_duration;
#[allow(
    unused_imports,
    reason = "its callers are the streams of the feed link, which come next"
)]
pub(crate) use fold::QuoteFold;
pub(crate) use policy::LinePolicy;
pub(crate) use registry::Lines;
