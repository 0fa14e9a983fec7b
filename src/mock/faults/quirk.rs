//! Faults that real gateways were seen with, each by its row of the observed behaviour. They are about
//! one situation each, where the other faults are about messages of any kind.

use std::time::Duration;

/// A way a real gateway went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quirk {
    /// A connection is accepted and ended in order without a version frame, as while a gateway
    /// restarts (S9) or from a host it does not trust (S10). No client is known by then.
    AcceptThenClose,
    /// As [`Self::AcceptThenClose`], with a reset (S9).
    AcceptThenReset,
    /// A connection is ended right after the version frame (S10).
    VersionThenClose,
    /// The farms are told so much later, and a request sent before that is never answered (S12).
    LateFarms(Duration),
    /// A protobuf request about a contract with an explicit strike of 0 is never answered (K6, B1).
    LostZeroStrike,
    /// The first last price of a ticker is the close of the day before; the right one comes so much
    /// later (M11, B9).
    StaleFirstLast(Duration),
    /// Behind a new last price the one before it comes once more (M11, B9).
    OldLast,
    /// The time of the last trade is 0 in the first ticks (M12).
    ZeroLastTime,
    /// Behind the changes of a SMART book comes one of a row the book does not have (D5, B10).
    StrayDepthRow,
    /// A broken farm is told to what hangs on it: before 2103 books are reset (317), before 2105 bars
    /// that keep up to date end (10182) (C9, B10).
    FarmCompanions,
    /// After 2103, 2105 or 1100 ticks and bars stay silent without an error, and so does anything asked
    /// for under their ids; 1100 takes the bars that keep up to date alone, 2103 ticks and all bars
    /// (C6, H18, B2).
    SilentStreams,
    /// After 1102 nothing more is heard of account summaries, though ticks go on (C8).
    ForgottenSummary,
    /// After a second cancel of one account summary the next two requests are misread (320), then the
    /// connection is reset (B4).
    PoisonedCancel,
    /// A session nobody sees has the market data: tickers are told 10197 and stop until the fault is
    /// cleared, new requests for data get 10197 alone (B13).
    CompetingSession,
    /// In extended hours the high of a bar is below its close (H23, B9).
    CrookedBars,
    /// Portfolio rows have no price, value and cost (A17).
    MissingMarks,
}

impl Quirk {
    /// The quirk of this name; those that take a time are given it by `seconds`.
    pub(super) fn named<E>(
        name: &str,
        seconds: impl FnOnce() -> Result<Duration, E>,
    ) -> Option<Result<Self, E>> {
        Some(Ok(match name {
            "AcceptThenClose" => Self::AcceptThenClose,
            "AcceptThenReset" => Self::AcceptThenReset,
            "VersionThenClose" => Self::VersionThenClose,
            "LateFarms" => return Some(seconds().map(Self::LateFarms)),
            "LostZeroStrike" => Self::LostZeroStrike,
            "StaleFirstLast" => return Some(seconds().map(Self::StaleFirstLast)),
            "OldLast" => Self::OldLast,
            "ZeroLastTime" => Self::ZeroLastTime,
            "StrayDepthRow" => Self::StrayDepthRow,
            "FarmCompanions" => Self::FarmCompanions,
            "SilentStreams" => Self::SilentStreams,
            "ForgottenSummary" => Self::ForgottenSummary,
            "PoisonedCancel" => Self::PoisonedCancel,
            "CompetingSession" => Self::CompetingSession,
            "CrookedBars" => Self::CrookedBars,
            "MissingMarks" => Self::MissingMarks,
            _ => return None,
        }))
    }

    /// Whether it strikes before a client has said who it is.
    pub(super) const fn is_at_door(self) -> bool {
        matches!(self, Self::AcceptThenClose | Self::AcceptThenReset | Self::VersionThenClose)
    }

    /// Whether it is so, rather than strikes now and then.
    pub(super) const fn is_state(self) -> bool {
        matches!(self, Self::CompetingSession | Self::MissingMarks)
    }
}
