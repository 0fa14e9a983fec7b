//! IB's tick types by name.

/// The field of a quote that a tick type moves, in the words of [`Quote`](crate::model::Quote);
/// `None` for types a quote does not keep.
#[must_use]
pub fn field_name(tick_type: i32) -> Option<&'static str> {
    Some(match tick_type {
        -1 => "gap",
        1 | 66 => "bid",
        2 | 67 => "ask",
        4 | 68 => "last",
        0 | 69 => "bid_size",
        3 | 70 => "ask_size",
        5 | 71 => "last_size",
        6 | 72 => "high",
        7 | 73 => "low",
        8 | 74 => "volume",
        9 | 75 => "close",
        14 | 76 => "open",
        37 => "mark",
        46 => "shortable",
        49 => "halted",
        89 => "shortable_shares",
        _ => return None,
    })
}

/// Whether a tick type carries delayed data.
#[must_use]
pub fn is_delayed(tick_type: i32) -> bool {
    matches!(tick_type, 66..=76 | 80..=83 | 88)
}
