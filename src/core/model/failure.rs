//! Failures as a client keeps them, and the classes of what a gateway says.

use time::OffsetDateTime;

use super::LinkName;

/// What a code of the gateway is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeClass {
    /// The gateway's way to IB.
    System,
    /// Something to know; nothing ended.
    Warning,
    /// An order.
    Order,
    /// A request.
    Request,
    /// The connection between program and gateway.
    Connection,
    /// A code that is not in the table.
    Unknown,
}

impl NoticeClass {
    const NAMES: [(Self, &'static str); 6] = [
        (Self::System, "system"),
        (Self::Warning, "warning"),
        (Self::Order, "order"),
        (Self::Request, "request"),
        (Self::Connection, "connection"),
        (Self::Unknown, "unknown"),
    ];

    /// The name as users see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(class, _)| *class == self).map_or("", |(_, name)| name)
    }

    /// Reads a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(class, _)| *class)
    }
}

/// What failed, in the words of those who handle failures by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureCategory {
    /// A link, or what needed one.
    Connection,
    /// An order.
    Order,
    /// Market data.
    MarketData,
    /// Historical data.
    HistoricalData,
    /// The socket, or what came through it.
    Socket,
    /// Something that this login or client is not allowed to do.
    Authorization,
    /// What needs a person: an order of unknown fate, a gateway that is too old.
    Severe,
    /// A warning of the gateway; nothing ended.
    Warning,
    /// Any other request.
    Request,
}

impl FailureCategory {
    /// Every category with the name users give it.
    pub const NAMES: [(Self, &'static str); 9] = [
        (Self::Connection, "connection"),
        (Self::Order, "order"),
        (Self::MarketData, "market_data"),
        (Self::HistoricalData, "historical_data"),
        (Self::Socket, "socket"),
        (Self::Authorization, "authorization"),
        (Self::Severe, "severe"),
        (Self::Warning, "warning"),
        (Self::Request, "request"),
    ];

    /// The name as users see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(category, _)| *category == self).map_or("", |(_, name)| name)
    }

    /// Reads a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(category, _)| *category)
    }
}

/// One failure of a request, an order or a link, or several in a row that say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What failed.
    pub category: FailureCategory,
    /// IB's code, where the gateway gave one.
    pub code: Option<i32>,
    /// What happened, for a person.
    pub message: String,
    /// The link that failed or brought the message; `None` where it is not known.
    pub link: Option<LinkName>,
    /// The order whose fate is unknown, by key or id.
    pub order: Option<String>,
    /// When, the last time.
    pub time: OffsetDateTime,
    /// How often in a row.
    pub count: u64,
}
