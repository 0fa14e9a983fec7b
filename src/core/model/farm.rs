//! IB's data farms, as a link was told of them.

use time::OffsetDateTime;

/// How a link stands with one farm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Farm {
    /// IB's name, such as `usfarm`.
    pub name: String,
    /// What it carries.
    pub kind: FarmKind,
    /// How it stands.
    pub state: FarmState,
    /// When the gateway said so.
    pub since: OffsetDateTime,
    /// How often it broke on this link.
    pub outages: u64,
}

/// What a farm carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FarmKind {
    /// Streams (2103, 2104, 2108, 2119).
    MarketData,
    /// Historical data (2105, 2106, 2107).
    History,
    /// Definitions of securities (2157, 2158).
    SecurityDefinition,
}

/// What a gateway says of a farm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FarmState {
    /// Connected (2104, 2106, 2158).
    Ok,
    /// The connection is broken (2103, 2105, 2157).
    Broken,
    /// Asleep, but there on demand (2107, 2108).
    Inactive,
    /// Being connected (2119).
    Connecting,
}

impl FarmState {
    /// The state's name as users see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Broken => "broken",
            Self::Inactive => "inactive",
            Self::Connecting => "connecting",
        }
    }
}
