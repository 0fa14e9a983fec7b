//! What ticks one by one can be asked for.

/// Kind of a tick-by-tick request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TickByTickKind {
    /// `Last`: trades.
    Last,
    /// `AllLast`: trades, with those that are not reported to the tape.
    AllLast,
    /// `BidAsk`: changes of the quote.
    BidAsk,
    /// `MidPoint`: changes of the middle.
    MidPoint,
}

impl TickByTickKind {
    const ALL: [Self; 4] = [Self::Last, Self::AllLast, Self::BidAsk, Self::MidPoint];

    /// Reads IB's name, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(name))
    }

    /// IB's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Last => "Last",
            Self::AllLast => "AllLast",
            Self::BidAsk => "BidAsk",
            Self::MidPoint => "MidPoint",
        }
    }

    /// The names that are understood, for messages.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        Self::ALL.into_iter().map(Self::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for name in TickByTickKind::names() {
            let kind = TickByTickKind::from_name(&name.to_lowercase()).unwrap();
            assert_eq!(kind.as_str(), name);
        }
        assert_eq!(TickByTickKind::from_name("first"), None);
    }
}
