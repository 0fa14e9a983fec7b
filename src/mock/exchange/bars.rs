//! Placeholder
#[derive(Clone, Debug, Default)]
pub(crate) struct BarSeries;
