//! Made-up fields for property tests: random texts, each tried until one fits where it is read.

/// Most items a made-up count asks for.
pub(super) const MOST_ITEMS: usize = 3;

/// Texts that reach every branch of the layouts and every spelling of values.
const TEXTS: [&str; 34] = [
    "",
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "-1",
    "42",
    "265598",
    "2147483647",
    "190.25",
    "0.01",
    "1E-7",
    "1.7976931348623157E308",
    "Infinity",
    "Infinite",
    "AAPL",
    "BAG",
    "FUND",
    "STK",
    "IBKRATS",
    "PEG BENCH",
    "PEGBENCH",
    "PEG BEST",
    "PEG MID",
    "a",
    "None",
    "tag=value;other=2;",
    "Z\u{fc}rich",
    "20260102 09:30:00 US/Eastern",
    "two words",
];

/// A seeded source of made-up fields.
pub(super) struct Draw {
    state: u64,
}

impl Draw {
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1 }
    }

    /// What a random text means. "Not set" only where writing it reads back as that.
    pub(super) fn fitting<V>(
        &mut self,
        read: impl Fn(&str) -> Result<Option<V>, ()>,
        blank: &str,
    ) -> Option<V> {
        loop {
            match read(TEXTS[self.below(TEXTS.len())]) {
                Ok(Some(value)) => return Some(value),
                Ok(None) if matches!(read(blank), Ok(None)) => return None,
                Ok(None) | Err(()) => {}
            }
        }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 33).unwrap_or(0) % limit
    }
}
