//! What goes wrong around orders: each variant is one way real gateways were seen to misbehave. What a
//! client sees of it is decided where orders are told; this file only names it.

use std::time::Duration;

use super::FaultFields;
use crate::error::Error;

/// A way orders, their reports or their books go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OrderFault {
    /// A query for executions or completed orders that finds none is not answered (B1, E2, P7).
    EmptyWithoutEnd,
    /// A cancel meets a fill: the order is shown as `PendingCancel` and then fills (B5, O42).
    FillOnCancel,
    /// A fill is told by its orderStatus first and by its execution after that (B5, O52).
    StatusBeforeFill,
    /// An order that fills as soon as it is placed has no orderStatus at all (B6, O3).
    MissingStatus,
    /// Cancelling an order that is Inactive brings nothing (B7, O45).
    SilentCancel,
    /// A commission is reported as -1 and so much later as what it is (B14, E9).
    PendingCommission(Duration),
    /// Positions cost the middle of a quote whose missing side counts as -1 (B15).
    HalfQuoteCost,
    /// Open orders carry a volatility nobody set, and a change that carries one is refused (B18, O65).
    EchoedVolatility,
    /// An order changed this soon after it was placed counts as a duplicate: 103 (O63).
    RefuseChange(Duration),
    /// Short sales of shares wait, held for `locate`, until the fault is cleared (O7, O25).
    HeldForLocate,
    /// A stop that is reached while its parent is partly filled is shown with quantity 0 (O73).
    EmptyChild,
    /// A good-till date is shown with the winter name of its zone in summer too (O82).
    WinterZone,
}

impl OrderFault {
    /// The fault of this name; `None` if there is none. What it uses is taken out of the fields.
    pub(super) fn named(name: &str, fields: &mut FaultFields) -> Result<Option<Self>, Error> {
        Ok(Some(match name {
            "EmptyWithoutEnd" => Self::EmptyWithoutEnd,
            "FillOnCancel" => Self::FillOnCancel,
            "StatusBeforeFill" => Self::StatusBeforeFill,
            "MissingStatus" => Self::MissingStatus,
            "SilentCancel" => Self::SilentCancel,
            "PendingCommission" => Self::PendingCommission(seconds(name, fields)?),
            "HalfQuoteCost" => Self::HalfQuoteCost,
            "EchoedVolatility" => Self::EchoedVolatility,
            "RefuseChange" => Self::RefuseChange(seconds(name, fields)?),
            "HeldForLocate" => Self::HeldForLocate,
            "EmptyChild" => Self::EmptyChild,
            "WinterZone" => Self::WinterZone,
            _ => return Ok(None),
        }))
    }

    /// A fault that is so, rather than strikes now and then.
    pub(super) const fn is_state(&self) -> bool {
        matches!(
            self,
            Self::HalfQuoteCost
                | Self::EchoedVolatility
                | Self::HeldForLocate
                | Self::EmptyChild
                | Self::WinterZone
        )
    }
}

fn seconds(name: &str, fields: &mut FaultFields) -> Result<Duration, Error> {
    let lacks = || Error::BadFault(format!("{name} needs seconds"));
    let seconds = fields.seconds.take().ok_or_else(lacks)?;
    Duration::try_from_secs_f64(seconds).map_err(|_| Error::BadNumber("seconds"))
}
