//! Market data of the control link: quotes from shared lines, and historical bars.

mod duration;
mod line;
mod policy;
mod registry;

pub(crate) use duration::check as check_duration;
pub(crate) use policy::LinePolicy;
pub(crate) use registry::Lines;
